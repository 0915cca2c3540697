"""The head of a conversation: its name, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QSizePolicy, QWidget

from slmdesk.messages import tr
from slmdesk.ui.chat.escape import is_escape_claim
from slmdesk.ui.chat.name_editor import NameEditor
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.labels import ElidedLabel
from slmdesk.ui.widgets.menu import Menu
from slmdesk.ui.widgets.surface import Surface
from slmdesk.ui.widgets.tooltip import set_tooltip


class ChatHead(Surface):
    """Name | find, drawer, more. Says what the person wants; the panel does it."""

    renamed = Signal(str)
    """The new name: never empty, never the old one. It is shown already."""
    find_wanted = Signal()
    drawer_toggled = Signal(bool)
    """The person opened or closed the drawer by its button."""
    pin_wanted = Signal(bool)
    copy_wanted = Signal()
    """The conversation as Markdown, into the clipboard."""
    delete_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "surface", (Qt.Edge.BottomEdge,), parent)
        self._stored = False
        self._pinned = False
        self.title = ElidedLabel(theme, tr("New chat"), TextRole.TITLE)
        self.title.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.title.installEventFilter(self)
        self.editor: NameEditor | None = None
        """Where the name is changed, while it is."""
        self.find_button = Button(theme, icon="search", name=tr("Find in this chat"))
        set_tooltip(self.find_button, tr("Find in this chat (Ctrl+F)"))
        self.find_button.clicked.connect(self.find_wanted)
        self.drawer_button = Button(theme, icon="sliders-horizontal", name=tr("Settings of this chat"))
        self.drawer_button.setCheckable(True)
        self.drawer_button.clicked.connect(self.drawer_toggled)
        self.more_button = Button(theme, icon="ellipsis", name=tr("More"))
        self.more_button.clicked.connect(self.open_menu)
        self.setFixedHeight(theme.sizes.chat_head)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L + Space.XS, 0, Space.M + Space.TINY, 0)
        row.setSpacing(Space.S)
        row.addWidget(self.title, 1)
        for button in (self.find_button, self.drawer_button, self.more_button):
            row.addWidget(button)
        self._row = row
        self.set_conversation("", stored=False)

    def set_conversation(self, title: str, *, pinned: bool = False, stored: bool = True) -> None:
        """Show the conversation; `stored` False: a new one, which has no name yet."""
        self._stored, self._pinned = stored, pinned
        if self.title.whole_text != (title or tr("New chat")):
            self._close_editor()
        self.title.set_text(title or tr("New chat"))
        for button in (self.find_button, self.more_button):
            button.setEnabled(stored)
        if not stored:
            self._close_editor()

    def set_drawer_open(self, opened: bool) -> None:
        """Show whether the drawer is open, without saying `drawer_toggled`."""
        self.drawer_button.setChecked(opened)

    def begin_rename(self) -> None:
        """Put an editor in the place of the name. Enter takes the new one, Esc does not."""
        if not self._stored or self.editor is not None:
            return
        self.editor = NameEditor(self._theme, "surface", self)
        self.editor.setFont(self._theme.font(TextRole.TITLE))
        self.editor.setFixedHeight(self._theme.sizes.field)
        self.editor.setText(self.title.whole_text)
        self.editor.installEventFilter(self)
        self._row.replaceWidget(self.title, self.editor)
        self._row.setStretchFactor(self.editor, 1)
        self.title.hide()
        self.editor.show()
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def open_menu(self) -> Menu:
        """What can be done with the conversation."""
        menu = Menu(self._theme, self.more_button)
        menu.add(tr("Rename"), self.begin_rename, icon="pencil")
        menu.add(
            tr("Unpin") if self._pinned else tr("Pin"),
            lambda: self.pin_wanted.emit(not self._pinned),
            icon="pin-off" if self._pinned else "pin",
        )
        menu.add(tr("Copy chat as Markdown"), self.copy_wanted.emit, icon="copy")
        menu.add_divider()
        menu.add(tr("Delete"), self.delete_wanted.emit, icon="trash-2", destructive=True)
        menu.open_below(self.more_button)
        return menu

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A double click on the name renames; the editor ends when the keyboard goes elsewhere."""
        kind = event.type()
        if watched is self.title and kind == QEvent.Type.MouseButtonDblClick:
            if isinstance(event, QMouseEvent) and event.button() == Qt.MouseButton.LeftButton:
                self.begin_rename()
            return True
        if watched is self.editor and self.editor is not None:
            if is_escape_claim(event):
                event.accept()
                return True
            if kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
                if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                    self._take_name()
                    return True
                if event.key() == Qt.Key.Key_Escape:
                    self._close_editor()
                    return True
            elif kind == QEvent.Type.FocusOut and QApplication.activePopupWidget() is None:
                self._take_name()
        return super().eventFilter(watched, event)

    def _take_name(self) -> None:
        if self.editor is None:
            return
        name = " ".join(self.editor.text().split())
        self._close_editor()
        if name and name != self.title.whole_text:
            self.title.set_text(name)
            self.renamed.emit(name)

    def _close_editor(self) -> None:
        if self.editor is None:
            return
        editor, self.editor = self.editor, None
        had_focus = editor.hasFocus()
        self._row.replaceWidget(editor, self.title)
        self._row.setStretchFactor(self.title, 1)
        editor.hide()
        editor.deleteLater()
        self.title.show()
        if had_focus:
            self.more_button.setFocus(Qt.FocusReason.OtherFocusReason)
