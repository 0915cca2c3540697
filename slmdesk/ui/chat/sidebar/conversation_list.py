"""The list of conversations: a search field, and the conversations in groups of their dates."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from slmdesk.messages import format_integer, tr, tr_n
from slmdesk.ui.chat.escape import is_escape_claim
from slmdesk.ui.chat.sidebar.dates import Calendar
from slmdesk.ui.chat.sidebar.delegate import ConversationDelegate
from slmdesk.ui.chat.sidebar.model import ConversationModel
from slmdesk.ui.chat.sidebar.pages import ListPages
from slmdesk.ui.chat.sidebar.row_menu import RowActions, fill_row_menu
from slmdesk.ui.chat.sidebar.rows import NEW_CHAT, Key, Row, make_rows
from slmdesk.ui.chat.sidebar.view import ConversationView
from slmdesk.ui.theme import Line, Space, TextRole, Theme
from slmdesk.ui.widgets.banner import BannerAction
from slmdesk.ui.widgets.button import Button, ButtonKind
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.menu import Menu
from slmdesk.ui.widgets.speech import announce
from slmdesk.ui.widgets.spinner import Turning
from slmdesk.ui.widgets.surface import Surface
from slmdesk.ui.widgets.text_field import TextField
from slmdesk.ui.widgets.tooltip import set_tooltip

if TYPE_CHECKING:
    from slmdesk.chat import ConversationSummary

_SEARCH_MS = 120
_OPEN_MS = 150
_CLOCK_MS = 20_000
_Flag = QItemSelectionModel.SelectionFlag


class ConversationList(Surface):
    """Shows what it is given and says what the person wants; others open, rename and delete.

    `chosen` leaves the keyboard in the list, so that arrow keys can go on to the next conversation.
    """

    chosen = Signal(int)
    """The conversation with this id is to be opened."""
    new_chat_chosen = Signal()
    """The chat that has no message yet is to be opened."""
    found_chosen = Signal(int, str)
    """The conversation with this id was picked among those found for these words; `chosen` follows, unless
    it is open already.
    """
    new_wanted = Signal()
    search_changed = Signal(str)
    """What the person looks for, a moment after the last key; empty: nothing. Answered by `set_matches`."""
    renamed = Signal(int, str)
    pin_wanted = Signal(int, bool)
    delete_wanted = Signal(tuple)
    """The ids of the conversations to delete, in the order of the list."""
    input_wanted = Signal()
    """Enter: the keyboard is to go to the input of the conversation that is open."""
    typed = Signal(str)
    """This was typed in the list: it is meant for the input."""

    def __init__(
        self, theme: Theme, parent: QWidget | None = None, *, now: Callable[[], float] = time.time
    ) -> None:
        """`now`: the clock, in seconds since 1970."""
        super().__init__(theme, "surface_sunken", (Qt.Edge.RightEdge,), parent)
        self._now = now
        self._summaries: tuple[ConversationSummary, ...] | None = None
        self._current: int | None = None
        self._writing: frozenset[int] = frozenset()
        self._waiting: frozenset[int] = frozenset()
        self._matches: frozenset[int] | None = None
        self._next_model = ""
        self._new_draft = False
        self._model_titles: Mapping[str, str] = {}
        self._new_since = now()
        self._calendar = Calendar(now())
        self.model = ConversationModel(self._say_time, self)
        self.model.renamed.connect(self.renamed)
        self._turning = Turning(theme, self._redraw_writing, self)
        self._delegate = ConversationDelegate(theme, self.model, self._say_time, self._turning, self)
        self._build()
        self._search_timer = self._timer(_SEARCH_MS, self._say_search)
        self._open_timer = self._timer(_OPEN_MS, self._open_current)
        # The time of day is in the rows, and a computer that slept wakes up on another day.
        self._clock = QTimer(self)
        self._clock.setInterval(_CLOCK_MS)
        self._clock.timeout.connect(self.look_at_the_clock)
        self.set_narrow(False)
        self._refresh()

    def _build(self) -> None:
        theme = self._theme
        self.title = Label(theme, tr("Chats"), TextRole.TITLE)
        self.new_button = Button(theme, kind=ButtonKind.LINK, icon="square-pen", name=tr("New chat"))
        set_tooltip(self.new_button, tr("New chat (Ctrl+N)"))
        self.new_button.clicked.connect(self.new_wanted)
        self.search = TextField(
            theme,
            tr("Search chats"),
            placeholder=tr("Search chats"),
            icon="search",
            clearable=True,
            small=True,
        )
        self.search.changed.connect(self._take_search)
        self.search.edit.installEventFilter(self)
        self.view = ConversationView(theme, self.model)
        self.view.setAccessibleName(tr("Chats"))
        self.view.setItemDelegate(self._delegate)
        self.view.clicked.connect(self._take_click)
        self.view.moved.connect(lambda _: self._open_timer.start())
        self.view.entered_by_key.connect(self._take_enter)
        self.view.delete_wanted.connect(self._delete_selected)
        self.view.typed.connect(self._take_typing)
        self.view.left.connect(self._select_current)
        self.view.menu_wanted.connect(self.open_menu)
        action = BannerAction(tr("Show all chats"), self.clear_search)
        self.pages = ListPages(theme, self.view, action)
        self.nothing = self.pages.nothing
        head = QHBoxLayout()
        head.setContentsMargins(Space.L, 0, Space.M, 0)
        head.addWidget(self.title, 1)
        head.addWidget(self.new_button)
        head_box = QWidget()
        head_box.setFixedHeight(theme.sizes.chat_head)
        head_box.setLayout(head)
        search_row = QHBoxLayout()
        search_row.setContentsMargins(Space.M, 0, Space.M, 0)
        search_row.addWidget(self.search)
        column = QVBoxLayout(self)
        # The divider is drawn along the right edge.
        column.setContentsMargins(0, 0, Line.BORDER, 0)
        column.setSpacing(0)
        column.addWidget(head_box)
        column.addLayout(search_row)
        column.addWidget(self.pages, 1)

    # --- what is shown

    @property
    def current(self) -> int | None:
        """The conversation that is open; None: the new chat."""
        return self._current

    @property
    def selected(self) -> tuple[int, ...]:
        """Ids of the selected conversations, from top to bottom."""
        rows = sorted(index.row() for index in self.view.selectionModel().selectedIndexes())
        return tuple(row.key for row in map(self.model.rows.__getitem__, rows) if isinstance(row.key, int))

    def neighbour(self, step: int) -> int | None:
        """Id of the conversation `step` rows below the one that is open, among those shown; None: there is
        none. From a new chat, that is the first.
        """
        shown = [row.key for row in self.model.rows if row.is_stored and isinstance(row.key, int)]
        if self._current not in shown:
            return shown[0] if shown and step > 0 else None
        place = shown.index(self._current) + step
        return shown[place] if 0 <= place < len(shown) else None

    def set_narrow(self, narrow: bool) -> None:
        """Take less room in a narrow window."""
        sizes = self._theme.sizes
        self.setFixedWidth(sizes.chat_list_narrow if narrow else sizes.chat_list)

    def set_summaries(self, summaries: Sequence[ConversationSummary]) -> None:
        """Show these conversations. What is selected and still there stays selected."""
        self._summaries = tuple(summaries)
        self._refresh()

    def set_unreadable(self) -> None:
        """Say that nobody knows which conversations there are, where none are shown."""
        if self._summaries is None:
            self.pages.say_unreadable()

    def set_new_draft(self, draft: bool) -> None:
        """Whether something is written in the new chat and not sent: then it keeps its row."""
        if draft != self._new_draft:
            self._new_draft = draft
            self._refresh()

    def set_model_titles(self, titles: Mapping[str, str]) -> None:
        """How models are called, by their ids."""
        if titles != self._model_titles:
            self._model_titles = titles
            self._refresh()

    def set_current(self, conversation: int | None) -> None:
        """Show which conversation is open; None: a chat that has no message yet."""
        if conversation != self._current:
            if None in (conversation, self._current):
                self._new_since = self._now()
            self._current = conversation
            self._open_timer.stop()
            self._refresh()
            self._select_current()

    def set_next_model(self, title: str) -> None:
        """Name the model under a new chat."""
        if title != self._next_model:
            self._next_model = title
            self._refresh()

    def set_writing(self, conversations: Collection[int], waiting: Collection[int] = ()) -> None:
        """Mark the conversations that are being answered, and those that wait for their turn."""
        marked = (frozenset(conversations), frozenset(waiting))
        if marked != (self._writing, self._waiting):
            self._writing, self._waiting = marked
            self._refresh()
            self._turning.run(bool(self._writing) and self.isVisible())

    def set_matches(self, conversations: Collection[int] | None) -> None:
        """Show only these conversations, found for the newest `search_changed`; None: all."""
        looking = bool(self.search.value.strip())
        self._matches = frozenset(conversations) if conversations is not None and looking else None
        self._refresh()
        if self._matches is not None:
            self._say_matches(self.search.value.strip())

    def focus_search(self) -> None:
        """Put the keyboard into the search field."""
        self.search.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.select_all()

    def focus_list(self) -> None:
        """Put the keyboard on the conversation that is open."""
        self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def clear_search(self) -> None:
        """Show all conversations again."""
        self.search.set_value("")
        self._take_search("")
        self.search.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def begin_rename(self, conversation: int) -> None:
        """Rename a conversation in the list."""
        row = self.model.row_of(conversation)
        if row >= 0:
            self.view.selectionModel().setCurrentIndex(self.model.index(row), _Flag.NoUpdate)
            self.view.rename(self.model.index(row))

    def look_at_the_clock(self) -> None:
        """Say times and groups as they are now. Called now and then while the list is shown."""
        if Calendar(self._now()).today != self._calendar.today:
            self._calendar = Calendar(self._now())
            self._refresh()
        self.view.viewport().update()

    # --- events

    def showEvent(self, event: QShowEvent) -> None:
        """The clock runs only for somebody."""
        super().showEvent(event)
        self.look_at_the_clock()
        self._clock.start()
        self._turning.run(bool(self._writing))

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing is to happen behind the person's back."""
        super().hideEvent(event)
        self._turning.run(False)
        for timer in (self._clock, self._open_timer, self._search_timer):
            timer.stop()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """From the search field, arrows and Enter go to what was found; Esc empties it first."""
        if is_escape_claim(event) and self.search.value:
            event.accept()
            return True
        if (
            watched is self.search.edit
            and event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
        ):
            key = event.key()
            if key in (Qt.Key.Key_Down, Qt.Key.Key_Up) and not event.modifiers() & ~_KEYPAD:
                self._go_to_found()
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._say_search()
                if self._matches is not None and self._go_to_found():
                    self._open_current()
                return True
        return super().eventFilter(watched, event)

    def _timer(self, interval: int, call: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval)
        timer.timeout.connect(call)
        return timer

    # --- rows

    def _redraw_writing(self) -> None:
        self.view.redraw_writing()

    def _say_time(self, row: Row) -> str:
        return self._calendar.words(row.updated_at, self._now())

    def _refresh(self) -> None:
        """Make the rows again; the model says what that changes."""
        if self._summaries is None:
            # Without a row: a new chat alone would look as if all others were gone.
            return
        new_chat = None
        if (self._current is None or self._new_draft) and self._matches is None:
            draft = self._new_draft and self._current is not None
            new_chat = Row(NEW_CHAT, tr("New chat"), self._next_model, self._new_since, draft=draft)
        rows = make_rows(
            self._summaries,
            self._calendar,
            writing=self._writing,
            waiting=self._waiting,
            matches=self._matches,
            new_chat=new_chat,
            current=self._current,
            model_titles=self._model_titles,
        )
        selected, current = self.selected, self.view.currentIndex()
        kept: Key | None = self.model.at(current).key if current.isValid() else None
        self._delegate.open_key = NEW_CHAT if self._current is None else self._current
        self.model.set_rows(rows)
        if rows or self._matches is None:
            self.pages.show_rows()
        else:
            self.pages.show_nothing()
        self._keep_selection(selected, kept)
        self.view.viewport().update()

    def _keep_selection(self, selected: tuple[int, ...], current: Key | None) -> None:
        """A reset of the model forgets what was selected; and something always is, if it is there."""
        selection = self.view.selectionModel()
        if not selection.hasSelection():
            for key in selected:
                row = self.model.row_of(key)
                if row >= 0:
                    selection.select(self.model.index(row), _Flag.Select)
        if not selection.currentIndex().isValid() and current is not None:
            row = self.model.row_of(current)
            if row >= 0:
                selection.setCurrentIndex(self.model.index(row), _Flag.NoUpdate)
        if not selection.hasSelection():
            self._select_current()

    def _select_current(self) -> None:
        """Select the open conversation alone."""
        row = self.model.row_of(self._delegate.open_key) if self._delegate.open_key is not None else -1
        selection = self.view.selectionModel()
        if row < 0:
            selection.clearSelection()
            return
        selection.setCurrentIndex(self.model.index(row), _Flag.ClearAndSelect)
        self.view.scrollTo(self.model.index(row))

    # --- what the person does

    def _take_click(self, index: QModelIndex) -> None:
        if not QApplication.keyboardModifiers() & (_CONTROL | _SHIFT) and not self.model.at(index).is_head:
            self._open_timer.stop()
            self._open(index)

    def _take_enter(self, index: QModelIndex) -> None:
        self._open_timer.stop()
        self._open(index)
        self.input_wanted.emit()

    def _open_current(self) -> None:
        self._open_timer.stop()
        # Opening may take the keyboard away from a name that is being written.
        if self.view.state() != QAbstractItemView.State.EditingState:
            self._open(self.view.currentIndex())

    def _open(self, index: QModelIndex) -> None:
        if not index.isValid():
            return
        key = self.model.at(index).key
        if key == NEW_CHAT and self._current is not None:
            self.new_chat_chosen.emit()
        if not isinstance(key, int) or key == NEW_CHAT:
            return
        if self._matches is not None:
            self.found_chosen.emit(key, self.search.value.strip())
        if key != self._current:
            self.chosen.emit(key)

    def _take_typing(self, text: str) -> None:
        if self._open_timer.isActive():
            self._open_current()
        self.typed.emit(text)

    def _delete_selected(self) -> None:
        self._delete(self.selected)

    def _delete(self, conversations: tuple[int, ...]) -> None:
        stored = tuple(one for one in conversations if one != NEW_CHAT)
        if stored:
            self.delete_wanted.emit(stored)

    def _take_search(self, text: str) -> None:
        if text.strip():
            self._search_timer.start()
        else:
            self._say_search()
            self.set_matches(None)

    def _say_search(self) -> None:
        self._search_timer.stop()
        self.search_changed.emit(self.search.value.strip())

    def _say_matches(self, search: str) -> None:
        """Tell what came of the search to who does not see the list, and where it is empty, to all."""
        found = sum(not row.is_head for row in self.model.rows)
        if found:
            words = tr_n("{count} chat found", "{count} chats found", found)
            announce(self.search.edit, words.format(count=format_integer(found)))
            return
        what = tr("No chat matches “{search}”.").format(search=search)
        if what != self.nothing.what.text():
            self.nothing.set_text(what, tr("Names and messages were searched."))
        announce(self.search.edit, what)

    def _go_to_found(self) -> bool:
        """Put the keyboard on the first row, or on the selected one."""
        if not any(not row.is_head for row in self.model.rows):
            return False
        self.view.setFocus(Qt.FocusReason.TabFocusReason)
        if not self.view.selectionModel().hasSelection():
            first = next(number for number, row in enumerate(self.model.rows) if not row.is_head)
            self.view.setCurrentIndex(self.model.index(first))
        return True

    def open_menu(self, index: QModelIndex, place: QPoint) -> Menu | None:
        """The menu of a row, or of all that are selected where the row is one of them."""
        row = self.model.at(index)
        if not row.is_stored or not isinstance(row.key, int):
            return None
        chosen = self.selected if row.key in self.selected else (row.key,)
        several = tuple(one for one in chosen if one != NEW_CHAT)
        menu = Menu(self._theme, self.view)
        actions = RowActions(self.begin_rename, self.pin_wanted.emit, self._delete)
        fill_row_menu(menu, row.key, several, actions, pinned=row.pinned)
        self.view.set_menu_row(index)
        menu.aboutToHide.connect(lambda: self.view.set_menu_row(QModelIndex()))
        menu.open_at(self.view.viewport().mapToGlobal(place))
        return menu


_KEYPAD = Qt.KeyboardModifier.KeypadModifier
_CONTROL = Qt.KeyboardModifier.ControlModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier
