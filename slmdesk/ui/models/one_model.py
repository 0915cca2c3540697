"""The model that is shown: which of its variants, with how much context, and what is asked about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from slmdesk.ui.models import worker

if TYPE_CHECKING:
    from slmdesk.catalogue import Variant
    from slmdesk.fit import HeaderSet
    from slmdesk.messages import UserError
    from slmdesk.offers import Offer
    from slmdesk.ui.advice import ModelAdvice
    from slmdesk.ui.models.detail import DetailPane
    from slmdesk.ui.tasks import Tasks

# So long a person rests on a model of the Hub before the Hub is asked for its files.
_PAUSE_MS = 350


class OneModel(QObject):
    """Shows one offer after the other in `detail`; answers about the one before are dropped."""

    learned = Signal(object)
    """An `Offer` of which more is known now: exact sizes, or what its own files say."""

    def __init__(
        self, tasks: Tasks, open_advice: Callable[[], ModelAdvice], detail: DetailPane, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._open_advice = open_advice
        self._detail = detail
        self.offer: Offer | None = None
        self._variant = ""
        self._context: int | None = None
        self._headers: Mapping[str, HeaderSet] = {}
        self._judging = worker.Latest(tasks)
        self._asking = worker.Latest(tasks)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self.ask_sizes)
        detail.context_wanted.connect(self._take_context)
        detail.variant_chosen.connect(self._take_variant)
        detail.sizes_wanted.connect(self.ask_sizes)
        detail.exact_wanted.connect(self._ask_files)

    @property
    def id(self) -> str:
        """Id of the model; empty: none is shown."""
        return self.offer.id if self.offer is not None else ""

    @property
    def headers(self) -> Mapping[str, HeaderSet]:
        """What the files of variants say, by the variant's id: of all models that were looked into. Never
        changed, but replaced."""
        return self._headers

    def show(self, offer: Offer) -> None:
        """Show another model."""
        self._context = None
        self._judging.drop()
        self._asking.drop()
        self._timer.stop()
        self._set_asking(False)
        self.offer = offer
        self._variant = offer.variant.id if offer.variant is not None else ""
        if not self._variant and offer.model.variants:
            self._variant = offer.model.variants[0].id
        self._detail.show_offer(offer, self._variant)
        self.judge()

    def update(self, offer: Offer) -> None:
        """The same model, and more is known of it, or it is judged anew."""
        self.offer = offer
        if self._chosen is None or not self._variant:
            self._variant = offer.variant.id if offer.variant is not None else ""
        self._detail.show_offer(offer, self._variant)
        self.judge()

    def judge(self) -> None:
        """Ask how the variant chosen would run with the context chosen."""
        offer, variant = self.offer, self._chosen
        if offer is None or variant is None:
            return
        model, context, headers = offer.model, self._context, self._headers
        self._judging.ask(
            lambda: worker.judge(self._open_advice(), model, variant, headers, context),
            self._detail.show_judged,
            self._detail.fit.show_error,
        )

    def ask_sizes(self) -> None:
        """Ask the Hub for all variants with exact sizes."""
        if self.offer is None:
            return
        model, headers = self.offer.model, self._headers
        self._begin(exact=False)

        def take(found: Offer) -> None:
            self._set_asking(False)
            self.learned.emit(found)

        self._asking.ask(
            lambda: worker.ask_details(self._open_advice(), model, headers),
            take,
            lambda error: self._take_problem(error, exact=False),
        )

    def ask_sizes_soon(self) -> None:
        """The same, once the person rests on the model."""
        self._timer.start()

    def pause(self) -> None:
        """Nobody sees it: what was to be asked soon is not."""
        self._timer.stop()

    @property
    def _chosen(self) -> Variant | None:
        if self.offer is None:
            return None
        variants = self.offer.model.variants
        return next((one for one in variants if one.id == self._variant), self.offer.variant)

    def _take_variant(self, variant_id: str) -> None:
        self._variant = variant_id
        self._detail.hide_problems()
        self.judge()

    def _take_context(self, tokens: int) -> None:
        self._context = tokens
        self.judge()

    def _ask_files(self) -> None:
        """Ask what the files of the variant chosen say, so that it is judged as exactly as can be."""
        offer, variant = self.offer, self._chosen
        if offer is None or variant is None:
            return
        model, headers = offer.model, self._headers
        self._begin(exact=True)

        def take(found: tuple[Offer, str, HeaderSet]) -> None:
            self._set_asking(False)
            asked, variant_id, read = found
            self._headers = {**self._headers, variant_id: read}
            self.learned.emit(asked)

        self._asking.ask(
            lambda: worker.ask_headers(self._open_advice(), model, variant, headers),
            take,
            lambda error: self._take_problem(error, exact=True),
        )

    def _begin(self, *, exact: bool) -> None:
        # Only the newer of two questions is answered, and what the person wants asked is not to be replaced
        # by what would be asked anyway.
        self._timer.stop()
        self._set_asking(False)
        self._detail.hide_problems()
        self._detail.set_asking(True, exact=exact)

    def _set_asking(self, asking: bool) -> None:
        self._detail.set_asking(asking, exact=False)
        self._detail.set_asking(asking, exact=True)

    def _take_problem(self, error: UserError, *, exact: bool) -> None:
        self._set_asking(False)
        self._detail.show_problem(error, exact=exact)
