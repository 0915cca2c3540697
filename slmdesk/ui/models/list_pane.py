"""The list of models with what stands over it, and what stands in its place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QListView,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from slmdesk.messages import format_integer, tr, tr_n
from slmdesk.offers import SORTS, OfferList, Shown, SortBy
from slmdesk.ui.models.delegate import OfferDelegate
from slmdesk.ui.models.model import OfferModel
from slmdesk.ui.theme import Line, Space, TextRole, Theme
from slmdesk.ui.widgets.banner import BannerAction
from slmdesk.ui.widgets.button import Button, ButtonKind
from slmdesk.ui.widgets.empty_list import EmptyList
from slmdesk.ui.widgets.labels import Icon, Label
from slmdesk.ui.widgets.menu import Menu
from slmdesk.ui.widgets.spinner import Spinner
from slmdesk.ui.widgets.surface import Surface


class OfferView(QListView):
    """The rows. Enter goes on to the pane beside it."""

    entered_by_key = Signal()

    def __init__(self, theme: Theme, model: OfferModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setItemDelegate(OfferDelegate(theme, model, self))
        self.setAccessibleName(tr("Models"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # A bar with nothing to scroll draws nothing, and rows keep their width when there is something.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setMinimumHeight(theme.sizes.row_model)
        self.viewport().setAutoFillBackground(False)
        theme.changed.connect(self.viewport().update)

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Where a key leads. The heads of groups are stepped over, in the direction of the key."""
        to = super().moveCursor(action, modifiers)
        if action == QAbstractItemView.CursorAction.MoveHome:
            to = self.model().index(0, 0)
        step = -1 if action == QAbstractItemView.CursorAction.MoveUp else 1
        while to.isValid() and not to.flags() & Qt.ItemFlag.ItemIsEnabled:
            to = to.siblingAtRow(to.row() + step)
        return to

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes to what is shown of the model."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.entered_by_key.emit()
        else:
            super().keyPressEvent(event)


class _Note(QWidget):
    """A line over the list that says where it comes from, with something to do about it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L + Space.TINY, 0, Space.M, Space.XS)
        row.setSpacing(Space.S)
        self._icon = Icon(theme, "info", theme.sizes.icon_chevron)
        # In the middle of the first line.
        icon = QVBoxLayout()
        icon.setContentsMargins(0, (theme.line_height(TextRole.SECONDARY) - self._icon.height()) // 2, 0, 0)
        icon.addWidget(self._icon)
        icon.addStretch(1)
        row.addLayout(icon)
        words = QVBoxLayout()
        words.setSpacing(0)
        self.label = Label(theme, "", TextRole.SECONDARY, "text_secondary", wrap=True)
        words.addWidget(self.label)
        self.button = Button(theme, tr("Try again"), ButtonKind.LINK)
        # Its words begin where the sentence does.
        below = QHBoxLayout()
        below.setContentsMargins(0, 0, 0, 0)
        below.addSpacing(-Space.S)
        below.addWidget(self.button)
        below.addStretch(1)
        words.addLayout(below)
        row.addLayout(words, 1)

    def say(self, icon: str, words: str, *, again: bool) -> None:
        """Empty words: nothing is shown."""
        self._icon.set_icon(icon, "text_secondary")
        self.label.setText(words)
        self.button.setVisible(again)
        self.setVisible(bool(words))


class ListPane(Surface):
    """Shows what an `OfferList` lets through. Says what the person chose; asking is for others."""

    chosen = Signal(str)
    """Id of the model that the person went to."""
    sort_chosen = Signal()
    more_wanted = Signal()
    again_wanted = Signal()
    detail_wanted = Signal()
    clicked = Signal()
    """The person clicked a model, chosen or not."""

    def __init__(self, theme: Theme, clear: Callable[[], None], parent: QWidget | None = None) -> None:
        """`clear` lets every model through."""
        super().__init__(theme, "surface_sunken", (Qt.Edge.RightEdge,), parent)
        self.sort: SortBy = "best"
        self.model = OfferModel(self)
        self.view = OfferView(theme, self.model)
        self.count = Label(theme, "", TextRole.SECONDARY, "text_secondary")
        self.sort_button = Button(
            theme, _sorts()["best"], ButtonKind.QUIET, trailing="chevron-down", small=True
        )
        self.sort_button.clicked.connect(self.open_sorts)
        self.note = _Note(theme)
        self.note.button.clicked.connect(self.again_wanted)
        self.empty = EmptyList(
            theme, tr("No model matches these filters"), " ", BannerAction(tr("Show all"), clear)
        )
        self.busy = QWidget()
        waiting = QVBoxLayout(self.busy)
        waiting.addStretch(1)
        waiting.addWidget(Spinner(theme, tr("Loading")), 0, Qt.AlignmentFlag.AlignHCenter)
        self.busy_words = Label(theme, tr("Looking at what runs here"), color="text_secondary", wrap=True)
        self.busy_words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        waiting.addWidget(self.busy_words)
        waiting.addStretch(2)
        self.more_button = Button(theme, tr("Show more from the Hub"))
        self.more_button.clicked.connect(self.more_wanted)
        self.stack = QStackedWidget()
        for widget in (self.busy, self.view, self.empty):
            self.stack.addWidget(widget)
        head = QHBoxLayout()
        head.setContentsMargins(Space.L + Space.TINY, Space.XS, Space.S, 0)
        head.addWidget(self.count, 1)
        head.addWidget(self.sort_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, Space.XS, Line.BORDER, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.note)
        rows = QHBoxLayout()
        rows.setContentsMargins(Space.S, 0, 0, 0)
        rows.addWidget(self.stack)
        column.addLayout(rows, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        foot.addWidget(self.more_button)
        foot.addStretch(1)
        self._foot = QWidget()
        self._foot.setLayout(foot)
        self._foot.hide()
        column.addWidget(self._foot)
        self.note.say("info", "", again=False)
        self.view.selectionModel().currentChanged.connect(self._take_current)
        self.view.entered_by_key.connect(self.detail_wanted)
        self.view.clicked.connect(self._take_click)
        self._wanted = ""
        self._shown_id = ""

    def show_offers(self, offers: OfferList, shown: Shown, select: str) -> None:
        """Show these; `select`: id of the model that is shown beside, where it is among them."""
        self._wanted = select
        self.model.show_offers(offers, shown)
        count, total = format_integer(shown.count), format_integer(shown.total)
        if shown.count == shown.total:
            words = tr_n("{count} model", "{count} models", shown.count).format(count=count)
        else:
            words = tr("{count} of {total} models").format(count=count, total=total)
        self.count.setText(words)
        if shown.count:
            self.stack.setCurrentWidget(self.view)
            index = self.model.index_of(select)
            if index.isValid() and index != self.view.currentIndex():
                self._shown_id = select
                self.view.setCurrentIndex(index)
            elif not self.view.currentIndex().isValid() and not index.isValid():
                self.view.clearSelection()
        else:
            self.stack.setCurrentWidget(self.empty)

    def show_nothing(self, what: str, why: str) -> None:
        """Say why there is nothing; `show_offers` chose the place."""
        self.empty.set_text(what, why)

    def show_busy(self, words: str) -> None:
        """Something is on its way, and there is nothing to show yet."""
        self.busy_words.setText(words)
        self.stack.setCurrentWidget(self.busy)
        self.count.setText("")

    def set_more(self, there_is: bool, *, busy: bool) -> None:
        """Whether the Hub has more, and whether it is being asked."""
        self._foot.setVisible(there_is or busy)
        self.more_button.set_busy(busy, tr("Asking the Hub"))

    def focus_list(self) -> None:
        """Put the keyboard on the list, at a model."""
        if not self.view.currentIndex().isValid():
            self.view.setCurrentIndex(self.model.first_offer())
        self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def open_sorts(self) -> Menu:
        """Choose the order."""
        menu = Menu(self._theme, self.sort_button)
        for sort, words in _sorts().items():
            menu.add(words, partial(self.set_sort, sort), checked=sort == self.sort)
        menu.open_below(self.sort_button)
        return menu

    def set_sort(self, sort: SortBy) -> None:
        """Order the list in another way."""
        self.sort = sort
        self.sort_button.setText(_sorts()[sort])
        self.sort_button.updateGeometry()
        self.sort_chosen.emit()

    def _take_click(self, index: QModelIndex) -> None:
        if self.model.offer_at(index) is not None:
            self.clicked.emit()

    def _take_current(self, index: QModelIndex) -> None:
        offer = self.model.offer_at(index)
        if offer is not None and offer.id != self._shown_id:
            self._shown_id = offer.id
            self.chosen.emit(offer.id)


def _sorts() -> dict[SortBy, str]:
    words: dict[SortBy, str] = {
        "best": tr("Best for this computer"),
        "name": tr("By name"),
        "size": tr("Smallest download first"),
        "speed": tr("Fastest first"),
        "downloads": tr("Most downloaded first"),
        "newest": tr("Newest first"),
    }
    return {sort: words[sort] for sort in SORTS}
