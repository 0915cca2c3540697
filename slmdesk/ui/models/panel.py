"""The panel Models: what a click or a key in it means."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from slmdesk.fit import Verdict
from slmdesk.messages import tr, tr_n
from slmdesk.offers import Offer, OfferList
from slmdesk.ui.models import worker
from slmdesk.ui.models.card import CardPage
from slmdesk.ui.models.compare import ComparePage
from slmdesk.ui.models.detail import DetailPane
from slmdesk.ui.models.filter_bar import FilterBar
from slmdesk.ui.models.hub_search import Found, HubSearch
from slmdesk.ui.models.list_pane import ListPane
from slmdesk.ui.models.one_model import OneModel
from slmdesk.ui.models.panes import Panes
from slmdesk.ui.models.source_note import curated_note, hub_note, with_speeds
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.focus import holds_focus
from slmdesk.ui.widgets.popup import Choice, ChoicePopup
from slmdesk.ui.widgets.surface import Surface
from slmdesk.ui.widgets.verdict import badge_of

if TYPE_CHECKING:
    from slmdesk.catalogue import CatalogueModel
    from slmdesk.ui.advice import ModelAdvice
    from slmdesk.ui.tasks import Tasks

_MOST_COMPARED = 200


class ModelsPanel(Surface):
    """Made when it is first opened. Everything that may block is asked through `tasks`; of what comes too
    late, nothing is shown.

    Nothing is asked of the Hub unless the person chose the whole Hub or pressed a button that says so.
    """

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
        self._measured = False
        self._wanted_model = ""
        self._reading = worker.Latest(tasks)
        self.bar = FilterBar(theme)
        self.list = ListPane(theme, self.bar.clear)
        self.detail = DetailPane(theme)
        self.card = CardPage(theme)
        self.comparison = ComparePage(theme)
        self.stack = QStackedWidget()
        self._nothing = QWidget()
        for page in (self._nothing, self.detail, self.card, self.comparison):
            self.stack.addWidget(page)
        self.panes = Panes(theme, self.bar, self.list, self.stack, self.detail)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.panes)
        self.search = HubSearch(tasks, self._make_search, self)
        self._one = OneModel(tasks, open_advice, self.detail, self)
        self._connect()
        self.list.show_busy(tr("Looking at what runs here"))
        self.reload()

    @property
    def selected(self) -> Offer | None:
        """The offer that is shown beside the list."""
        row = self._offers.row_of(self._one.id)
        return self._offers.offer(row) if row is not None else None

    def _connect(self) -> None:
        bar, pane, detail, search = self.bar, self.list, self.detail, self.search
        bar.changed.connect(self._take_filter)
        bar.scope_changed.connect(self._take_scope)
        bar.list_wanted.connect(pane.focus_list)
        pane.chosen.connect(self._select)
        pane.sort_chosen.connect(self._take_filter)
        pane.more_wanted.connect(search.more)
        pane.again_wanted.connect(search.start)
        pane.detail_wanted.connect(self._enter_detail)
        pane.clicked.connect(self.panes.open_model)
        self.panes.list_wanted.connect(self._show_list)
        search.found.connect(self._take_page)
        search.changed.connect(self._take_search)
        self._one.learned.connect(self._take_offer)
        detail.card_wanted.connect(self._show_card)
        detail.compare_wanted.connect(self.open_comparisons)
        self.card.closed.connect(self._show_detail)
        self.comparison.closed.connect(self._show_detail)
        for keys, run in (("Ctrl+F", self._go_to_search), ("Ctrl+D", self.open_comparisons)):
            shortcut = QShortcut(QKeySequence(keys), self, run)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    # The list

    def reload(self) -> None:
        """Look again at what runs here: at first, after speeds were measured, with other models installed."""
        if self._listed is None:
            self._tasks.run(lambda: worker.load_list(self._open_advice()), self._take_list)
            return
        models, headers = self._models, self._one.headers
        self._tasks.run(lambda: worker.advise_again(self._open_advice(), models, headers), self._take_advice)

    def focus_first(self) -> None:
        """Put the keyboard on the list, or into the search where there is nothing to list."""
        if self.panes.shows_model:
            self.panes.back_button.setFocus(Qt.FocusReason.ShortcutFocusReason)
        elif self.list.model.rowCount():
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
        self._show_list()
        self.bar.show_only(verdicts=frozenset({Verdict.FITS}))

    def _take_list(self, listed: worker.Listed) -> None:
        self._listed, self._models, self._offers = listed, listed.models, listed.offers
        self._filter()
        self._go_to_wanted()
        if not self._one.id and not self._wanted_model:
            first = self.list.model.offer_at(self.list.model.first_offer())
            if first is not None:
                self._select(first.id)
                self._filter()
        self._measure()

    def _take_advice(self, offers: OfferList) -> None:
        """The same models, judged anew. Of what came meanwhile more is known than was asked about."""
        asked = {offers.offer(row).id: offers.offer(row).model for row in range(len(offers))}
        for model in self._models:
            row = self._offers.row_of(model.id)
            if row is not None and asked.get(model.id) is not model:
                offers.put((self._offers.offer(row),))
        self._offers = offers
        self._filter()
        offer = self.selected
        if offer is not None:
            self._one.update(offer)

    def _go_to_wanted(self) -> None:
        row = self._offers.row_of(self._wanted_model) if self._wanted_model else None
        if row is not None:
            self._wanted_model = ""
            self._show_offer(self._offers.offer(row))
            self._filter()
            self.panes.open_model()

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
        self.list.show_offers(self._offers, shown, self._one.id)
        if not shown.count:
            self._say_nothing(shown.total)
        self._say_source()

    def _take_filter(self) -> None:
        self._filter()
        if self.bar.hub:
            self.search.start_soon()

    def _say_nothing(self, total: int) -> None:
        """What hides the models, or that they are on their way."""
        if self.bar.hub and self.search.searching:
            self.list.show_busy(tr("Asking the Hub"))
            return
        hidden = tr_n("{count} is hidden by them.", "{count} are hidden by them.", total)
        self.list.show_nothing(tr("No model matches these filters"), hidden.format(count=total))

    def _say_source(self) -> None:
        """Where the list comes from, and how old it is."""
        if self._listed is None:
            return
        if self.bar.hub:
            search = self.search
            note = hub_note(
                self._listed,
                offline=self._offline,
                searching=search.searching,
                problem=search.problem,
                page_date=search.page_date,
                has_answered=any(not model.curated for model in self._models),
            )
        else:
            note = curated_note(self._listed, offline=self._offline)
        note = with_speeds(note, self._offers.speed_note)
        self.list.note.say(note.icon, note.words, again=note.again)

    # The Hub

    def _take_scope(self, scope: str) -> None:
        self.search.give_up()
        self.search.forget_problem()
        self._take_search()
        if scope == "hub":
            self.search.start()

    def _make_search(self, cursor: str, stop: threading.Event) -> Callable[[], Found | None]:
        wanted, known, headers = self.bar.wanted, self._models, self._one.headers
        query = worker.query_of(wanted.text, self.list.sort, frozenset(wanted.formats))
        return lambda: worker.search_hub(self._open_advice(), known, query, cursor, stop, headers)

    def _take_page(self, models: tuple[CatalogueModel, ...], offers: list[Offer]) -> None:
        self._models = models
        self._offers.put(offers)

    def _take_search(self) -> None:
        self.list.set_more(self.search.has_more, busy=self.search.asking_more)
        self._filter()

    # One model

    def _select(self, model_id: str) -> None:
        row = self._offers.row_of(model_id)
        is_shown = model_id == self._one.id and self.stack.currentWidget() is not self._nothing
        if row is not None and not is_shown:
            self._show_offer(self._offers.offer(row))

    def _show_offer(self, offer: Offer) -> None:
        self._show_detail()
        self._one.show(offer)
        if self.bar.hub and not offer.model.curated and not offer.model.variants_known:
            self._one.ask_sizes_soon()

    def _show_detail(self) -> None:
        had_focus = holds_focus(self.stack)
        self.stack.setCurrentWidget(self.detail)
        if had_focus:
            self.focus_first()

    def _show_list(self) -> None:
        """Back from a model that has taken the place of the list."""
        self.panes.open_model(False)
        self.list.focus_list()

    def _go_to_search(self) -> None:
        self.panes.open_model(False)
        self.bar.focus_search()

    def _enter_detail(self) -> None:
        if self.panes.single:
            self.panes.open_model()
        elif self.selected is not None and self.detail.table.isVisible():
            self.detail.table.setFocus(Qt.FocusReason.TabFocusReason)
        else:
            self.detail.card_button.setFocus(Qt.FocusReason.TabFocusReason)

    def _take_offer(self, offer: Offer) -> None:
        """More is known of a model: its row follows, too."""
        self._offers.put((offer,))
        self._models = worker.with_offer(self._models, offer)
        self._filter()
        if offer.id == self._one.id:
            self._one.update(offer)

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
        self.panes.open_model()
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
            self.panes.open_model()
            self.comparison.close_button.setFocus(Qt.FocusReason.OtherFocusReason)

    # The window

    def escape(self) -> bool:
        """Close what is open over the model, or the model over the list, or go back to the list. False: there
        is nothing to leave."""
        if self.stack.currentWidget() is self.card and self.card.escape():
            return True
        if self.stack.currentWidget() in (self.card, self.comparison):
            self._show_detail()
            return True
        if self.panes.shows_model:
            self._show_list()
            return True
        focus = self.focusWidget()
        if focus is not None and self.detail.isAncestorOf(focus) and self.list.model.rowCount():
            # The way back from where Enter led.
            self.list.focus_list()
            return True
        return False

    def set_offline(self, offline: bool) -> None:
        """Whether nothing is asked of the network now."""
        if offline == self._offline:
            return
        self._offline = offline
        self._say_source()
        if not offline and self.bar.hub:
            self.search.start()

    def rest(self) -> None:
        """The window is about to go: no timer goes on, and nothing is asked any more."""
        self.search.rest()
        self._one.pause()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing is asked that nobody sees."""
        super().hideEvent(event)
        self.search.pause()
        self._one.pause()
