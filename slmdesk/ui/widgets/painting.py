"""Shapes that several controls draw."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Line, Radius, Space, Theme


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


def draw_shadow(theme: Theme, painter: QPainter, box: QRectF) -> None:
    """The shadow around a box that floats: `sizes.shadow` wide."""
    spread = theme.sizes.shadow
    shadow = theme.color("shadow")
    # A soft edge out of a few transparent boxes: a blur effect would redraw the list through a pixmap.
    shadow.setAlphaF(shadow.alphaF() / spread)
    for step in range(spread):
        reach = spread - step - Space.XS
        around = box.adjusted(-reach, -reach + Space.XS, reach, reach + Space.XS)
        draw_box(painter, around, Radius.CARD + max(reach, 0), shadow)


def draw_raised_box(theme: Theme, painter: QPainter, box: QRectF) -> None:
    """The box of a menu, and around it the shadow that it casts."""
    draw_shadow(theme, painter, box)
    draw_box(painter, box, Radius.CARD, theme.color("surface_raised"), theme.color("border_control"))


def draw_stripes(
    painter: QPainter, box: QRectF, radius: float, color: QColor, stripe: int, *, mirrored: bool = False
) -> None:
    """A rounded bar in upright stripes, half as far apart as they are wide, from where reading begins."""
    bar, stripes = QPainterPath(), QPainterPath()
    bar.addRoundedRect(box, radius, radius)
    start = 0.0
    while start < box.width():
        left = box.right() - start - stripe if mirrored else box.left() + start
        stripes.addRect(QRectF(left, box.top(), stripe, box.height()))
        start += stripe * 1.5
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillPath(bar.intersected(stripes), color)
    painter.restore()


def draw_turned_icon(
    painter: QPainter, name: str, box: QRectF, size: int, color: QColor, angle: float
) -> None:
    """An icon in the middle of `box`, turned clockwise by `angle` degrees."""
    if not angle:
        draw_icon(painter, name, box, size, color)
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.translate(box.center())
    painter.rotate(angle)
    half = size / 2
    draw_icon(painter, name, QRectF(-half, -half, size, size), size, color)
    painter.restore()
