"""Shapes that several controls draw."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from slmdesk.ui.theme import Line


def draw_box(
    painter: QPainter,
    box: QRectF,
    radius: float,
    fill: QColor | None,
    border: QColor | None = None,
    line: int = 1,
) -> None:
    """A rounded box whose border lies inside `box`."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(fill if fill is not None else Qt.BrushStyle.NoBrush)
    if border is None:
        painter.setPen(Qt.PenStyle.NoPen)
    else:
        painter.setPen(QPen(border, line))
        half = line / 2
        box = box.adjusted(half, half, -half, -half)
        radius -= half
    painter.drawRoundedRect(box, radius, radius)
    painter.restore()


def draw_edge(painter: QPainter, box: QRectF, edge: Qt.Edge, color: QColor) -> None:
    """A divider along one edge of `box`, inside it."""
    match edge:
        case Qt.Edge.TopEdge:
            box = QRectF(box.left(), box.top(), box.width(), Line.BORDER)
        case Qt.Edge.BottomEdge:
            box = QRectF(box.left(), box.bottom() - Line.BORDER, box.width(), Line.BORDER)
        case Qt.Edge.LeftEdge:
            box = QRectF(box.left(), box.top(), Line.BORDER, box.height())
        case Qt.Edge.RightEdge:
            box = QRectF(box.right() - Line.BORDER, box.top(), Line.BORDER, box.height())
    painter.fillRect(box, color)
