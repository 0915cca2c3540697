"""The field in which a conversation is renamed in its place."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QWidget

from slmdesk.messages import tr
from slmdesk.ui.theme import Line, Radius, Space, Theme
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.text_field import LineEdit

LONGEST_NAME = 200
"""Characters. A name is read in a list."""


class NameEditor(LineEdit):
    """A field that fills the place it is put in. Whoever puts it there listens to Enter and Esc."""

    def __init__(self, theme: Theme, ground: str, parent: QWidget | None = None) -> None:
        """`ground`: the colour of what lies around it."""
        super().__init__(theme, parent)
        self._ground = ground
        self.setMaxLength(LONGEST_NAME)
        self.setAccessibleName(tr("Name of the chat"))
        self.setTextMargins(Space.S, 0, Space.S, 0)
        self._ink()
        theme.changed.connect(self._ink)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """All of the name is selected, and its beginning can be seen."""
        super().focusInEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.end(False)
            self.home(True)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box of a field that has the keyboard, then the text."""
        color = self._theme.color
        painter = QPainter(self)
        # Painted whole: it covers the row that it renames.
        painter.fillRect(self.rect(), color(self._ground))
        draw_box(
            painter, QRectF(self.rect()), Radius.BUTTON, color("surface"), color("accent_ink"), Line.FOCUS
        )
        painter.end()
        super().paintEvent(event)

    def _ink(self) -> None:
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        self.setPalette(palette)
        self.update()
