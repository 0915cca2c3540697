"""A line around the transcript while it has the keyboard, where the person got there by keyboard."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from slmdesk.ui.theme import Line, Radius, Space, Theme
from slmdesk.ui.widgets.painting import draw_box


class FocusEdge(QWidget):
    """Lies over what it frames, inside it: there is no room around a panel's content."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        theme.changed.connect(self.update)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the line."""
        painter = QPainter(self)
        box = QRectF(self.rect()).adjusted(Space.TINY, Space.TINY, -Space.TINY, -Space.TINY)
        draw_box(painter, box, Radius.BUTTON, None, self._theme.color("accent_ink"), Line.FOCUS)
