"""The parts of the chat panel and their places: list, conversation, drawer."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from slmdesk.ui.chat.banners import BannerArea
from slmdesk.ui.chat.composer import Composer
from slmdesk.ui.chat.drawer import ChatDrawer
from slmdesk.ui.chat.empty_state import EmptyState, NoModel
from slmdesk.ui.chat.find_bar import FindBar
from slmdesk.ui.chat.head import ChatHead
from slmdesk.ui.chat.sidebar import ConversationList
from slmdesk.ui.theme import Space, Theme
from slmdesk.ui.transcript import Transcript, reading_column
from slmdesk.ui.widgets.focus import holds_focus
from slmdesk.ui.widgets.surface import Surface

# Of the panel, the list takes this part at most.
_LIST_MOST_PART = 3
# Beside an open drawer, a conversation any narrower cannot be read.
_COLUMN_LEAST = 280


class ChatView(Surface):
    """List of conversations | head, find bar, banners, conversation, composer | drawer.

    A narrow panel with an open drawer gives the list's place to the conversation.
    """

    def __init__(
        self,
        theme: Theme,
        open_models_folder: Callable[[], None],
        look_for_models: Callable[[], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(theme, "surface", parent=parent)
        self.list = ConversationList(theme)
        self.head = ChatHead(theme)
        self.find_bar = FindBar(theme)
        self.find_bar.hide()
        self.banners = BannerArea(theme)
        self.empty = EmptyState(theme)
        self.no_model = NoModel(theme, open_models_folder, look_for_models)
        self.transcript = Transcript(theme)
        self.stack = QStackedWidget()
        self.nothing = QWidget()
        """Shown until it is known what there is."""
        for page in (self.nothing, self.empty, self.no_model, self.transcript):
            self.stack.addWidget(page)
        self.composer = Composer(theme)
        self.drawer = ChatDrawer(theme)
        self.drawer.hide()
        self._composer_row = QVBoxLayout()
        self._composer_row.addWidget(self.composer)
        self._middle = middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self.head, self.find_bar, self.banners):
            column.addWidget(part)
        column.addWidget(self.stack, 1)
        column.addLayout(self._composer_row)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.list)
        row.addWidget(middle, 1)
        row.addWidget(self.drawer)
        self._narrow = False
        self.banners.focus_left.connect(self.focus_input)
        find, transcript = self.find_bar, self.transcript
        find.text_changed.connect(transcript.find_text)
        find.next_wanted.connect(transcript.find_next)
        find.previous_wanted.connect(transcript.find_previous)
        find.closed.connect(self.close_find)
        transcript.found.connect(find.set_position)
        self.list.typed.connect(self.type_in)
        transcript.typed.connect(self.type_in)

    @property
    def theme(self) -> Theme:
        """Colours and sizes of everything in it."""
        return self._theme

    def focus_input(self) -> None:
        """Put the keyboard into the input."""
        self.composer.input.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def type_in(self, text: str) -> None:
        """Put the keyboard into the input, with what was typed where nothing takes it."""
        self.focus_input()
        self.composer.input.insertPlainText(text)

    def set_narrow(self, narrow: bool) -> None:
        """The window is narrow: the list is, too, and gives way to the drawer."""
        self._narrow = narrow
        self.list.set_narrow(narrow)
        self._arrange()

    def search_chats(self) -> None:
        """Put the keyboard into the search of the list, which comes back where the drawer has its place."""
        if self.list.isHidden():
            self.show_drawer(False)
        self.list.focus_search()

    def open_find(self) -> None:
        """Search in the conversation that is shown."""
        if self.stack.currentWidget() is not self.transcript:
            return
        self.find_bar.show()
        self.find_bar.focus_field()

    def open_find_for(self, words: str) -> None:
        """Show where `words` stand in the conversation, the first place in view. The keyboard stays."""
        self.find_bar.show()
        self.transcript.verticalScrollBar().setValue(0)
        self.find_bar.look_for(words)

    def close_find(self) -> None:
        """End the search. The keyboard goes from it into the input."""
        if not self.find_bar.isHidden():
            had_focus = holds_focus(self.find_bar)
            self.find_bar.hide()
            self.transcript.close_find()
            if had_focus:
                self.focus_input()

    def show_drawer(self, shown: bool) -> None:
        """Open or close the drawer. The keyboard goes into it, and from it back into the input."""
        had_focus = holds_focus(self.drawer)
        self.drawer.setVisible(shown)
        self.head.set_drawer_open(shown)
        self._arrange()
        if shown:
            self.drawer.focus_first()
        elif had_focus:
            self.focus_input()

    def toggle_drawer(self) -> None:
        """Open the drawer, or close it."""
        self.show_drawer(self.drawer.isHidden())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep banners, conversation and composer in one column."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        drawer_open = not self.drawer.isHidden()
        self.list.setVisible(not (self._narrow and drawer_open))
        # Large text in a small window: a list that still leaves the most to the conversation, and a drawer
        # that takes all of it while it is open.
        sizes = self._theme.sizes
        widest = sizes.chat_list_narrow if self._narrow else sizes.chat_list
        self.list.setFixedWidth(min(widest, self.width() // _LIST_MOST_PART))
        beside = self.width() - sizes.chat_drawer
        has_room = beside >= round(_COLUMN_LEAST * self._theme.text_scale)
        self.drawer.setFixedWidth(sizes.chat_drawer if has_room else self.width())
        self._middle.setVisible(has_room or not drawer_open)
        width = self.width()
        for side in (self.list, self.drawer):
            width -= 0 if side.isHidden() else side.width()
        # The transcript keeps room for its scroll bar.
        room = width - sizes.scroll_bar
        column = reading_column(self._theme, room)
        left = (room - column) // 2
        right = width - left - column
        self._composer_row.setContentsMargins(left, Space.S, right, Space.L)
        self.banners.set_margins(left, right)
