"""Several lines of text to fill in."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QWidget

from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.field import Field
from slmdesk.ui.widgets.raw_text import raw_text
from slmdesk.ui.widgets.text_menu import open_text_menu


class _Edit(QPlainTextEdit):
    left = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(theme.font(TextRole.BASE))
        # Tab goes on to the next control; a text for a model rarely needs one.
        self.setTabChangesFocus(True)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        open_text_menu(self._theme, self, event)


class TextArea(Field):
    """A text of several lines, `lines` of them in view; longer ones scroll."""

    changed = Signal(str)
    """The person changed the text: each key."""
    left = Signal(str)
    """The keyboard went elsewhere."""

    def __init__(
        self,
        theme: Theme,
        name: str,
        *,
        placeholder: str = "",
        lines: int = 4,
        parent: QWidget | None = None,
    ) -> None:
        self.edit = _Edit(theme)
        super().__init__(theme, self.edit, name, tight=True, parent=parent)
        self.edit.setPlaceholderText(placeholder)
        self.row.setContentsMargins(Space.XS, Space.S, Space.XS, Space.S)
        height = lines * theme.line_height(TextRole.BASE) + 2 * Space.S
        self.box.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._quiet = False
        self.edit.textChanged.connect(self._say_changed)
        self.edit.left.connect(lambda: self.left.emit(self.value))

    @property
    def value(self) -> str:
        """The text."""
        return raw_text(self.edit.document())

    def set_value(self, value: str) -> None:
        """Show `value`, without saying `changed`. The place in an equal text is kept."""
        if value == self.value:
            return
        self._quiet = True
        self.edit.setPlainText(value)
        self._quiet = False

    def _set_read_only(self, read_only: bool) -> None:
        self.edit.setReadOnly(read_only)

    def _say_changed(self) -> None:
        if not self._quiet:
            self.changed.emit(self.value)
