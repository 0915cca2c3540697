"""The panel Models: what a click or a key means, and what is asked in the background for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from slmdesk.fit import HeaderSet, Verdict
from slmdesk.messages import UserError, format_moment, one_line, tr, tr_n
from slmdesk.offers import Offer, OfferList
from slmdesk.ui.models import worker
from slmdesk.ui.models.card import CardPage
from slmdesk.ui.models.compare import ComparePage
from slmdesk.ui.models.detail import DetailPane
from slmdesk.ui.models.filter_bar import FilterBar
from slmdesk.ui.models.list_pane import ListPane
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.focus import holds_focus
from slmdesk.ui.widgets.popup import Choice, ChoicePopup
from slmdesk.ui.widgets.surface import Surface
from slmdesk.ui.widgets.verdict import badge_of

if TYPE_CHECKING:
    from slmdesk.catalogue import CatalogueModel, HubPage, Variant
    from slmdesk.ui.advice import ModelAdvice
    from slmdesk.ui.tasks import Tasks

# So long nobody types on before the Hub is asked, and rests on a model of the Hub before it is asked for it.
_PAUSE_MS = 350
_MOST_COMPARED = 200


class ModelsPanel(Surface):
    """Made when it is first opened. Everything that may block is asked through `tasks`; of what comes too
    late, nothing is shown.

    Nothing is asked of the Hub unless the person chose the whole Hub or pressed a button that says so.
    """

    left = Signal()
    """Esc with nothing to close."""

    def __init__(
        self,
        theme: Theme,
        tasks: Tasks,
        open_advice: Callable[[], ModelAdvice],
        offline: bool,
        may_measure: Callable[[], bool] = lambda: True,
        parent: QWidget | None = None,
    ) -> None:
        """`open_advice` blocks, and gives the same each time. `may_measure`: whether nothing decodes now."""
        super().__init__(theme, "surface", parent=parent)
        self._tasks = tasks
        self._open_advice = open_advice
        self._offline = offline
        self._may_measure = may_measure
        self._listed: worker.Listed | None = None
        self._models: tuple[CatalogueModel, ...] = ()
        self._offers = OfferList()
        self._selected = ""
        self._variant = ""
        self._context: int | None = None
        self._headers: dict[str, HeaderSet] = {}
        self._next = ""
        self._stop = threading.Event()
        self._searching = 0
        self._problem: UserError | None = None
        self._page_date: float | None = None
        self._measured = False
        self._judging = worker.Latest(tasks)
        self._asking = worker.Latest(tasks)
        self._reading = worker.Latest(tasks)
        self._wanted_model = ""
        self.bar = FilterBar(theme)
        self.list = ListPane(theme, self.bar.clear)
        self.detail = DetailPane(theme)
        self.card = CardPage(theme)
        self.comparison = ComparePage(theme)
        self.stack = QStackedWidget()
        self._nothing = QWidget()
        for page in (self._nothing, self.detail, self.card, self.comparison):
            self.stack.addWidget(page)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self.list)
        row.addWidget(self.stack, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addLayout(row, 1)
        self._search_timer = self._make_timer(self._search)
        self._detail_timer = self._make_timer(self._ask_of_hub)
        self._connect()
        self.list.show_busy(tr("Looking at what runs here"))
        self.reload()

    @property
    def selected(self) -> Offer | None:
        """The offer that is shown beside the list."""
        row = self._offers.row_of(self._selected)
        return self._offers.offer(row) if row is not None else None

    def _make_timer(self, run: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(_PAUSE_MS)
        timer.timeout.connect(run)
        return timer

    def _connect(self) -> None:
        bar, pane, detail = self.bar, self.list, self.detail
        bar.changed.connect(self._take_filter)
        bar.scope_changed.connect(self._take_scope)
        bar.list_wanted.connect(pane.focus_list)
        pane.chosen.connect(self._select)
        pane.sort_chosen.connect(self._take_sort)
        pane.more_wanted.connect(self._more)
        pane.again_wanted.connect(self._search)
        pane.detail_wanted.connect(self._enter_detail)
        detail.context_wanted.connect(self._take_context)
        detail.variant_chosen.connect(self._take_variant)
        detail.sizes_wanted.connect(self._ask_of_hub)
        detail.exact_wanted.connect(self._ask_headers)
        detail.card_wanted.connect(self._show_card)
        detail.compare_wanted.connect(self.open_comparisons)
        self.card.closed.connect(self._show_detail)
        self.comparison.closed.connect(self._show_detail)
        for keys, run in (("Ctrl+F", bar.focus_search), ("Ctrl+D", self.open_comparisons)):
            shortcut = QShortcut(QKeySequence(keys), self, run)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    # The list

    def reload(self) -> None:
        """Look again at what runs here: at first, after speeds were measured, with other models installed."""
        self._tasks.run(lambda: worker.load_list(self._open_advice()), self._take_list)

    def focus_first(self) -> None:
        """Put the keyboard on the list, or into the search where there is nothing to list."""
        if self.list.model.rowCount():
            self.list.focus_list()
        else:
            self.bar.focus_search()

    def show_model(self, model_id: str) -> None:
        """Show this model, with nothing filtered away."""
        self._wanted_model = model_id
        self.bar.clear()
        self._go_to_wanted()

    def show_fitting(self) -> None:
        """Show all models that run well here."""
        self.bar.show_only(verdicts=frozenset({Verdict.FITS}))

    def _take_list(self, listed: worker.Listed) -> None:
        self._listed, self._models, self._offers = listed, listed.models, listed.offers
        self._filter()
        self._go_to_wanted()
        if not self._selected and not self._wanted_model:
            first = self.list.model.offer_at(self.list.model.first_offer())
            if first is not None:
                self._select(first.id)
                self._filter()
        elif self._selected:
            self._judge()
        self._measure()

    def _go_to_wanted(self) -> None:
        if self._wanted_model and self._offers.row_of(self._wanted_model) is not None:
            self._selected, wanted = "", self._wanted_model
            self._wanted_model = ""
            self._select(wanted)
            self._filter()

    def _measure(self) -> None:
        if self._measured or not self._may_measure():
            return
        self._measured = True

        def work() -> bool:
            measure = self._open_advice().measure_speed
            return measure() if measure is not None else False

        def take(is_new: bool) -> None:
            if is_new:
                self.reload()

        # Without speeds there are still sizes: this is in the log.
        self._tasks.run(work, take, lambda _: None)

    def _filter(self) -> None:
        if self._listed is None:
            return
        shown = self._offers.show(self.bar.wanted, self.list.sort)
        self.list.show_offers(self._offers, shown, self._selected)
        if not shown.count:
            self._say_nothing(shown.total)
        self._say_source()

    def _take_filter(self) -> None:
        self._filter()
        if self.bar.hub:
            self._search_timer.start()

    def _say_nothing(self, total: int) -> None:
        """What hides the models, or that they are on their way."""
        if self.bar.hub and self._searching:
            self.list.show_busy(tr("Asking the Hub"))
            return
        hidden = tr_n("{count} is hidden by them.", "{count} are hidden by them.", total)
        self.list.show_nothing(tr("No model matches these filters"), hidden.format(count=total))

    def _say_source(self) -> None:
        """Where the list comes from, and how old it is."""
        listed = self._listed
        if listed is None:
            return
        note = self.list.note
        curated = tr("Curated list of {date}").format(date=listed.date)
        if listed.refreshed is not None:
            when = format_moment(listed.refreshed)
            curated = tr("Curated list of {date}, checked with the Hub on {when}").format(
                date=listed.date, when=when
            )
        if not self.bar.hub:
            words = tr("Offline. {list}.").format(list=curated) if self._offline else curated + "."
            note.say("cloud-off" if self._offline else "info", words, again=False)
        elif self._problem is not None and self._page_date is not None:
            when = format_moment(self._page_date)
            said = tr("{problem} What the Hub had on {when} is shown.")
            note.say("cloud-off", said.format(problem=one_line(self._problem), when=when), again=True)
        elif self._problem is not None:
            said = tr("{problem} {list} is shown.").format(problem=one_line(self._problem), list=curated)
            note.say("cloud-off", said, again=True)
        elif self._searching:
            note.say("globe", tr("Asking the Hub"), again=False)
        else:
            note.say("globe", tr("The Hub and the curated list together."), again=False)

    # The Hub

    def _take_scope(self, scope: str) -> None:
        self._stop_search()
        self._problem = None
        if scope == "hub":
            self._search()

    def _take_sort(self) -> None:
        self._filter()
        if self.bar.hub:
            self._search_timer.start()

    def _search(self) -> None:
        """Ask for what is typed. A search that goes on is stopped, and nothing of it is shown."""
        self._stop_search()
        if self.bar.hub:
            self._ask_page("")

    def _more(self) -> None:
        if self._next:
            self._ask_page(self._next)

    def _stop_search(self) -> None:
        self._search_timer.stop()
        self._stop.set()
        self._stop = threading.Event()
        self._searching = 0
        self._next = ""
        self.list.set_more(False, busy=False)

    def _ask_page(self, cursor: str) -> None:
        wanted, stop, known = self.bar.wanted, self._stop, self._models
        query = worker.query_of(wanted.text, self.list.sort, frozenset(wanted.formats))
        self._searching += 1
        self.list.set_more(bool(cursor), busy=bool(cursor))

        def take(found: tuple[HubPage, tuple[CatalogueModel, ...], list[Offer]] | None) -> None:
            if stop.is_set() or found is None:
                return
            page, self._models, offers = found
            self._offers.put(offers)
            self._next, self._problem = page.next, page.problem
            self._page_date = page.date if page.stale else None
            self._end_search()

        def failed(error: UserError) -> None:
            if not stop.is_set():
                self._problem, self._page_date = error, None
                self._end_search()

        self._tasks.run(
            lambda: worker.search_hub(self._open_advice(), known, query, cursor, stop), take, failed
        )
        self._filter()

    def _end_search(self) -> None:
        self._searching = 0
        self.list.set_more(bool(self._next), busy=False)
        self._filter()

    # One model

    def _select(self, model_id: str) -> None:
        if model_id == self._selected and self.stack.currentWidget() is not self._nothing:
            return
        self._selected, self._context = model_id, None
        self._judging.drop()
        self._asking.drop()
        self._detail_timer.stop()
        self.detail.set_asking(False, exact=False)
        self.detail.set_asking(False, exact=True)
        offer = self.selected
        if offer is None:
            return
        self._variant = offer.variant.id if offer.variant is not None else ""
        if not self._variant and offer.model.variants:
            self._variant = offer.model.variants[0].id
        self._show_detail()
        self.detail.show_offer(offer, self._variant)
        self._judge()
        if self.bar.hub and not offer.model.curated and not offer.model.variants_known:
            self._detail_timer.start()

    def _show_detail(self) -> None:
        had_focus = holds_focus(self.stack)
        self.stack.setCurrentWidget(self.detail)
        if had_focus:
            self.list.focus_list()

    def _enter_detail(self) -> None:
        if self.selected is not None and self.detail.table.isVisible():
            self.detail.table.setFocus(Qt.FocusReason.TabFocusReason)
        else:
            self.detail.card_button.setFocus(Qt.FocusReason.TabFocusReason)

    def _chosen_variant(self, offer: Offer) -> Variant | None:
        return next((one for one in offer.model.variants if one.id == self._variant), offer.variant)

    def _take_variant(self, variant_id: str) -> None:
        self._variant = variant_id
        self._judge()

    def _take_context(self, tokens: int) -> None:
        self._context = tokens
        self._judge()

    def _judge(self) -> None:
        """Ask how the variant chosen would run with the context chosen."""
        offer = self.selected
        variant = self._chosen_variant(offer) if offer is not None else None
        if offer is None or variant is None:
            return
        model, context = offer.model, self._context
        headers = self._headers.get(variant.id, ())
        self._judging.ask(
            lambda: worker.judge(self._open_advice(), model, variant, headers, context),
            self.detail.show_judged,
            self.detail.fit.show_error,
        )

    def _take_offer(self, offer: Offer) -> None:
        """More is known of a model."""
        self._offers.put((offer,))
        self._models = worker.with_offer(self._models, offer)
        self._filter()
        if offer.id == self._selected:
            if self._chosen_variant(offer) is None or not self._variant:
                self._variant = offer.variant.id if offer.variant is not None else ""
            self.detail.show_offer(offer, self._variant)
            self._judge()

    def _ask_of_hub(self) -> None:
        """All variants with exact sizes."""
        offer = self.selected
        if offer is None:
            return
        model = offer.model
        self.detail.set_asking(True, exact=False)

        def take(found: Offer) -> None:
            self.detail.set_asking(False, exact=False)
            self._take_offer(found)

        self._asking.ask(lambda: worker.ask_details(self._open_advice(), model), take, self._take_problem)

    def _ask_headers(self) -> None:
        """What the files of the variant chosen say, so that it is judged as exactly as can be."""
        offer = self.selected
        variant = self._chosen_variant(offer) if offer is not None else None
        if offer is None or variant is None:
            return
        model = offer.model
        self.detail.set_asking(True, exact=True)

        def take(found: tuple[Offer, str, HeaderSet]) -> None:
            self.detail.set_asking(False, exact=True)
            asked, variant_id, headers = found
            self._headers[variant_id] = headers
            self._take_offer(asked)

        self._asking.ask(
            lambda: worker.ask_headers(self._open_advice(), model, variant), take, self._take_problem
        )

    def _take_problem(self, error: UserError) -> None:
        self.detail.set_asking(False, exact=False)
        self.detail.set_asking(False, exact=True)
        self.detail.show_problem(error)

    def _show_card(self) -> None:
        offer = self.selected
        if offer is None:
            return
        model = offer.model
        self.card.show_waiting(model.name, model.id)
        self.stack.setCurrentWidget(self.card)
        self.card.close_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self._reading.ask(
            lambda: self._open_advice().hub.card(model), self.card.show_card, self.card.show_error
        )

    def open_comparisons(self) -> ChoicePopup | None:
        """Choose a model to put beside the one that is shown."""
        offer = self.selected
        if offer is None:
            return None
        shown = [
            self.list.model.offer_at(self.list.model.index(row)) for row in range(self.list.model.rowCount())
        ]
        others = [one for one in shown if one is not None and one.id != offer.id]
        choices = [
            Choice(one.id, one.model.name, note=badge_of(one.verdict)[0]) for one in others[:_MOST_COMPARED]
        ]
        if not choices:
            return None
        button = self.detail.compare_button
        width = self._theme.sizes.menu
        popup = ChoicePopup(
            self._theme, choices, tr("Compare with"), button, width, find=tr("Find a model to compare with")
        )
        popup.chosen.connect(self.compare_with)
        return popup

    def compare_with(self, model_id: str) -> None:
        """Show a model beside the one that is shown."""
        offer, row = self.selected, self._offers.row_of(model_id)
        if offer is not None and row is not None:
            self.comparison.show_pair(offer, self._offers.offer(row))
            self.stack.setCurrentWidget(self.comparison)
            self.comparison.close_button.setFocus(Qt.FocusReason.OtherFocusReason)

    # The window

    def escape(self) -> bool:
        """Close what is open over the model. False: nothing is."""
        if self.stack.currentWidget() is self.card and self.card.escape():
            return True
        if self.stack.currentWidget() in (self.card, self.comparison):
            self._show_detail()
            return True
        return False

    def set_offline(self, offline: bool) -> None:
        """Whether nothing is asked of the network now."""
        if offline == self._offline:
            return
        self._offline = offline
        self._say_source()
        if not offline and self.bar.hub:
            self._search()

    def rest(self) -> None:
        """The window is about to go: no timer goes on, and nothing is asked any more."""
        self._search_timer.stop()
        self._detail_timer.stop()
        self._stop.set()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing is asked that nobody sees."""
        super().hideEvent(event)
        self._search_timer.stop()
        self._detail_timer.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow window has a narrow list, and a table without a column."""
        super().resizeEvent(event)
        sizes = self._theme.sizes
        narrow = self.width() + sizes.rail_narrow < sizes.rail_collapses_below
        widest = sizes.models_list_narrow if narrow else sizes.models_list
        self.list.setFixedWidth(min(widest, round(self.width() * 0.42)))
        self.detail.set_narrow(narrow)
