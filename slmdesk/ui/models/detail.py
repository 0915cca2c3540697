"""The pane beside the list: one model, how it would run here, and its variants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QVBoxLayout, QWidget

from slmdesk.catalogue import ONNX, description_of, projector_sentence, quality_order
from slmdesk.messages import UserError, format_moment, one_line, say, tr, tr_n
from slmdesk.ui.models.chips import ModelFacts
from slmdesk.ui.models.fit_panel import FitPanel
from slmdesk.ui.models.variant_table import VariantTable
from slmdesk.ui.models.words import about_words
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.button import Button, ButtonKind
from slmdesk.ui.widgets.flow import Flow
from slmdesk.ui.widgets.head_row import HeadRow
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.scroll_page import ScrollPage
from slmdesk.ui.widgets.tooltip import set_tooltip

if TYPE_CHECKING:
    from slmdesk.catalogue import Variant
    from slmdesk.offers import Offer
    from slmdesk.ui.models.worker import Judged

_HUB = "https://huggingface.co"


class DetailPane(ScrollPage):
    """Shows an offer. What has to be asked is asked by the panel."""

    card_wanted = Signal()
    compare_wanted = Signal()
    sizes_wanted = Signal()
    """The person wants the exact sizes of all variants asked of the Hub."""
    exact_wanted = Signal()
    context_wanted = Signal(int)
    variant_chosen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._offer: Offer | None = None
        content = QWidget()
        column = self._column = QVBoxLayout(content)
        column.setContentsMargins(Space.XL, Space.L, Space.M, Space.XL)
        column.setSpacing(Space.S)
        self.name = Label(theme, "", TextRole.PAGE_HEAD, wrap=True)
        self.about = Label(theme, "", color="text_secondary", wrap=True)
        column.addWidget(HeadRow(self.name, self._actions(theme)))
        column.addWidget(self.about)
        self.description = Label(theme, "", wrap=True)
        column.addWidget(self.description)
        self.facts = ModelFacts(theme)
        column.addWidget(self.facts)
        column.addSpacing(Space.XS)
        self.fit = FitPanel(theme)
        self.fit.exact_wanted.connect(self.exact_wanted)
        self.fit.context_wanted.connect(self.context_wanted)
        column.addWidget(self.fit)
        column.addSpacing(Space.S)
        self._add_variants(theme, column)
        column.addStretch(1)
        self.setWidget(content)

    def _actions(self, theme: Theme) -> QWidget:
        self.card_button = Button(theme, tr("Model card"), icon="scroll-text", small=True)
        self.card_button.clicked.connect(self.card_wanted)
        self.compare_button = Button(
            theme, tr("Compare"), icon="columns-2", trailing="chevron-down", small=True
        )
        set_tooltip(self.compare_button, tr("Put another model beside this one"))
        self.compare_button.clicked.connect(self.compare_wanted)
        self.page_button = Button(theme, icon="external-link", name=tr("Open on the Hub"))
        self.page_button.clicked.connect(self._open_page)
        actions = QWidget()
        flow = Flow()
        actions.setLayout(flow)
        for button in (self.card_button, self.compare_button, self.page_button):
            flow.addWidget(button)
        return actions

    def _add_variants(self, theme: Theme, column: QVBoxLayout) -> None:
        self._variants_head = Label(theme, tr("Variants"), TextRole.TITLE, wrap=True)
        self.sizes_button = Button(theme, tr("Ask the Hub for all"), ButtonKind.LINK)
        set_tooltip(
            self.sizes_button, tr("Every variant of its repositories, with exact sizes and checksums.")
        )
        self.sizes_button.clicked.connect(self.sizes_wanted)
        column.addWidget(HeadRow(self._variants_head, self.sizes_button, Space.S))
        self.problem = Label(theme, "", color="negative", wrap=True)
        self.problem.hide()
        column.addWidget(self.problem)
        self.why = Label(theme, "", color="text_secondary", wrap=True)
        column.addWidget(self.why)
        self.table = VariantTable(theme)
        self.table.chosen.connect(self.variant_chosen)
        column.addWidget(self.table)
        self.source = Label(theme, "", TextRole.SECONDARY, "text_secondary", wrap=True)
        column.addWidget(self.source)

    def show_offer(self, offer: Offer, chosen: str) -> None:
        """Show another model, or the same with more known of it; `chosen`: id of the variant."""
        other = self._offer is None or self._offer.id != offer.id
        self._offer = offer
        model = offer.model
        self.name.setText(model.name)
        set_tooltip(self.name, model.id)
        self.about.setText(about_words(model))
        words = description_of(model)
        self.description.setText(words)
        self.description.setVisible(bool(words))
        self.facts.show_offer(offer)
        page = f"{_HUB}/{model.id}"
        set_tooltip(self.page_button, tr("Open on the Hub") + f"\n{page}")
        why = [offer.reason] if offer.reason is not None else []
        if offer.variant is not None and offer.variant.projector is not None:
            why.append(projector_sentence(offer.variant.projector))
        self.why.setText(" ".join(map(say, why)))
        self.why.setVisible(bool(why))
        self.sizes_button.setVisible(not model.variants_known)
        self.hide_problems()
        has_any = bool(model.variants)
        for widget in (self.table, self.fit):
            widget.setVisible(has_any)
        self._variants_head.setText(tr("Variants") if has_any else tr("Its variants are not known yet"))
        self._variants_head.setVisible(not model.is_gone)
        self._show_source(offer, chosen)
        self.fit.show_waiting(model)
        if other:
            self.verticalScrollBar().setValue(0)
            recommended = offer.variant.id if offer.variant is not None else ""
            reports = {recommended: offer.report} if offer.report is not None else {}
            self.table.show_variants(_in_order(model.variants), reports, recommended, chosen)

    def show_judged(self, judged: Judged) -> None:
        """How it would run."""
        offer = self._offer
        if offer is None or offer.id != judged.model.id:
            return
        self.fit.show_judged(judged)
        recommended = offer.variant.id if offer.variant is not None else ""
        self.table.show_variants(
            _in_order(offer.model.variants), judged.reports, recommended, judged.variant.id
        )
        self._show_source(offer, judged.variant.id)

    def show_problem(self, error: UserError, *, exact: bool) -> None:
        """The Hub could not be asked for sizes, or for what the files of the variant say (`exact`): below the
        button that wanted it. What is known already stays."""
        label = self.fit.problem if exact else self.problem
        label.setText(one_line(error))
        label.show()
        # Its place is known once it is laid out.
        self._column.activate()
        self.ensureWidgetVisible(label)

    def hide_problems(self) -> None:
        """Something else is asked now."""
        self.problem.hide()
        self.fit.problem.hide()

    def set_asking(self, asking: bool, *, exact: bool) -> None:
        """The Hub is being asked for sizes, or for what the files of the variant say (`exact`)."""
        self.sizes_button.set_busy(asking and not exact, tr("Asking the Hub"))
        self.fit.source_row.set_asking(asking and exact)

    def _show_source(self, offer: Offer, chosen: str) -> None:
        variant = next((one for one in offer.model.variants if one.id == chosen), None)
        repos = sorted({one.repo for one in offer.model.variants})
        if variant is None or not repos:
            self.source.setText("")
            return
        count = len(variant.files)
        words = tr("{variant} is a file of {repo}")
        if variant.format == ONNX:
            words = tr("{variant} is a folder of {repo}")
        elif count > 1:
            words = tr_n("{variant} is {count} file of {repo}", "{variant} is {count} files of {repo}", count)
        parts = [words.format(variant=variant.label, repo=variant.repo, count=count)]
        others = len(repos) - 1
        if others:
            parts.append(
                tr_n(
                    "{count} other repository has variants",
                    "{count} other repositories have variants",
                    others,
                ).format(count=others)
            )
        if offer.model.asked is not None:
            parts.append(tr("asked {date}").format(date=format_moment(offer.model.asked)))
        self.source.setText(" · ".join(parts))

    def _open_page(self) -> None:
        if self._offer is not None:
            QDesktopServices.openUrl(QUrl(f"{_HUB}/{self._offer.id}"))


def _in_order(variants: Sequence[Variant]) -> list[Variant]:
    """The best first, ONNX folders after files for llama.cpp."""
    return sorted(variants, key=lambda one: (one.format != "gguf", quality_order(one)))
