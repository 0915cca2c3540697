"""Plain areas: a colour, and a divider along an edge."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from slmdesk.ui.theme import Radius, Theme
from slmdesk.ui.widgets.painting import draw_box, draw_edge


class Surface(QWidget):
    """An area in one of the theme's colours, with dividers along `edges`."""

    def __init__(
        self, theme: Theme, color: str, edges: tuple[Qt.Edge, ...] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._color = color
        self._edges = edges
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Fill, then divide."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color(self._color))
        for edge in self._edges:
            draw_edge(painter, QRectF(self.rect()), edge, self._theme.color("border"))


class Card(QWidget):
    """A bordered box for rows, with a line between each two."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box, and a line above each row but the first."""
        painter = QPainter(self)
        border = self._theme.color("border")
        draw_box(painter, QRectF(self.rect()), Radius.CARD, self._theme.color("surface"), border)
        layout = self.layout()
        if layout is None:
            return
        for index in range(1, layout.count()):
            row = layout.itemAt(index)
            # One that is hidden has no place.
            if row is not None and not row.isEmpty():
                draw_edge(painter, QRectF(row.geometry()), Qt.Edge.TopEdge, border)
