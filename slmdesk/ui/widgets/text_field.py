"""One line of text to fill in, or to search with."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from slmdesk.messages import tr
from slmdesk.ui.theme import TextRole, Theme
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.field import Field
from slmdesk.ui.widgets.labels import Icon
from slmdesk.ui.widgets.text_menu import open_text_menu


class LineEdit(QLineEdit):
    """The editor inside a field: no frame, the program's own context menu."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFrame(False)
        self.setFont(theme.font(TextRole.BASE))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Copy, paste and what else a text can do."""
        open_text_menu(self._theme, self, event)


class _SearchEdit(LineEdit):
    went_down = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc empties a search before it closes anything; Down leaves it for what was found."""
        if event.key() == Qt.Key.Key_Down:
            self.went_down.emit()
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            self.textEdited.emit("")
            return
        super().keyPressEvent(event)


class TextField(Field):
    """A line of text with a `name` for screen readers.

    With `clearable` it is a search field: a button and Esc empty it.
    """

    changed = Signal(str)
    """The person changed the text: each key."""
    submitted = Signal(str)
    """Enter."""
    left = Signal(str)
    """The person is done: Enter, or the keyboard went elsewhere."""
    went_down = Signal()
    """Down in a search field: the person wants to go to what was found."""

    def __init__(
        self,
        theme: Theme,
        name: str,
        *,
        placeholder: str = "",
        icon: str = "",
        clearable: bool = False,
        small: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        self.edit: QLineEdit = _SearchEdit(theme) if clearable else LineEdit(theme)
        super().__init__(theme, self.edit, name, tight=clearable, parent=parent)
        self.edit.setPlaceholderText(placeholder)
        self.box.setFixedHeight(theme.sizes.field_small if small else theme.sizes.field)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        if icon:
            self.row.insertWidget(1, Icon(theme, icon, theme.sizes.icon_button))
        self.clear_button: Button | None = None
        if isinstance(self.edit, _SearchEdit):
            self._add_clear_button(theme)
            self.edit.went_down.connect(self.went_down)
        self.edit.textEdited.connect(self._say_changed)
        self.edit.returnPressed.connect(lambda: self.submitted.emit(self.edit.text()))
        self.edit.editingFinished.connect(lambda: self.left.emit(self.edit.text()))

    @property
    def value(self) -> str:
        """The text."""
        return self.edit.text()

    def set_value(self, value: str) -> None:
        """Show `value`, without saying `changed`. The place in an equal text is kept."""
        if value != self.edit.text():
            self.edit.setText(value)
        self._show_clear_button()

    def select_all(self) -> None:
        """Select the text, as before it is replaced."""
        self.edit.selectAll()

    def _set_read_only(self, read_only: bool) -> None:
        self.edit.setReadOnly(read_only)

    def _say_changed(self, text: str) -> None:
        self._show_clear_button()
        self.changed.emit(text)

    def _add_clear_button(self, theme: Theme) -> None:
        self.clear_button = Button(theme, icon="x", name=tr("Clear"), small=True, parent=self.box)
        self.clear_button.setFixedSize(theme.sizes.badge, theme.sizes.badge)
        self.clear_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.clear_button.clicked.connect(self._clear)
        self.clear_button.hide()
        self._add_at_end(self.clear_button)

    def _show_clear_button(self) -> None:
        if self.clear_button is not None:
            self.clear_button.setVisible(bool(self.edit.text()))

    def _clear(self) -> None:
        self.edit.clear()
        self._say_changed("")
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)
