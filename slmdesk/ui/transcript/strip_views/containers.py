"""Draws what blocks stand in: the bars of quotes, the marks and boxes of lists, and cards."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Line, Radius, Space
from slmdesk.ui.transcript.lettering import Lettering
from slmdesk.ui.transcript.markdown import Container
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.spacing import GUTTER, indents
from slmdesk.ui.transcript.strips import Section, Strip
from slmdesk.ui.widgets.painting import draw_box

_BAR = 3
_BULLET = 5
_BOX = 14


def draw_containers(painter: QPainter, strip: Strip, page: Page, width: int, height: int) -> None:
    """Everything that stands beside a block."""
    containers = page.containers(strip)
    if not containers:
        return
    lettering, mirrored, joined = page.lettering, page.mirrored(strip), page.joined(strip)
    at = float(GUTTER)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for depth, (container, room) in enumerate(zip(containers, indents(containers, lettering), strict=False)):
        left = width - at - room if mirrored else at
        if container.kind == "quote":
            top = 0 if depth < joined or not strip.first else strip.gap
            bar = QRectF(width - at - _BAR if mirrored else at, top, _BAR, height - top)
            painter.fillRect(bar, page.theme.color("border_control"))
        elif strip.first and (container.marker or container.checked is not None):
            line = QRectF(left, strip.gap, room, page.first_line(strip))
            _draw_marker(painter, container, line, page, strip)
        at += room
    painter.restore()


def _draw_marker(painter: QPainter, container: Container, line: QRectF, page: Page, strip: Strip) -> None:
    lettering, mirrored = page.lettering, page.mirrored(strip)
    is_reasoning = strip.section is Section.REASONING
    ink = page.theme.color("text_secondary" if is_reasoning else "text")
    middle = line.center().y()
    if container.checked is not None:
        _draw_box(painter, container.checked, line, page, mirrored)
    elif container.marker == "•":
        size = lettering.px(_BULLET)
        beside = lettering.px(Space.S - Space.TINY)
        x = line.right() - beside if mirrored else line.left() + beside
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawEllipse(QPointF(x, middle), size / 2, size / 2)
    else:
        painter.setPen(ink)
        painter.setFont(lettering.base if is_reasoning else lettering.reading)
        gap = lettering.px(Space.S)
        side = Qt.AlignmentFlag.AlignLeft if mirrored else Qt.AlignmentFlag.AlignRight
        box = line.adjusted(gap if mirrored else -room_left(lettering), 0, 0 if mirrored else -gap, 0)
        painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, container.marker)


def room_left(lettering: Lettering) -> int:
    """How far a marker that is wider than its room may reach to the left."""
    return lettering.px(Space.L)


def _draw_box(painter: QPainter, checked: bool, line: QRectF, page: Page, mirrored: bool) -> None:
    size = page.lettering.px(_BOX)
    x = line.right() - size if mirrored else line.left()
    box = QRectF(round(x), round(line.center().y() - size / 2), size, size)
    color = page.theme.color
    if checked:
        draw_box(painter, box, Radius.BADGE, color("accent"))
        draw_icon(painter, "check", box, round(size * 0.8), color("accent_text"))
    else:
        draw_box(painter, box, Radius.BADGE, None, color("border_mark"))


def draw_card_part(
    painter: QPainter, box: QRectF, fill: QColor, border: QColor, *, top: bool, bottom: bool
) -> None:
    """A part of a card, which is round only where the card begins and ends."""
    over = 2 * Radius.CARD
    painter.save()
    painter.setClipRect(box)
    whole = box.adjusted(0, 0 if top else -over, 0, 0 if bottom else over)
    draw_box(painter, whole, Radius.CARD, fill, border)
    painter.restore()


def draw_line(painter: QPainter, left: float, right: float, y: float, color: QColor) -> None:
    """A divider, sharp at every pixel ratio."""
    painter.setPen(QPen(color, Line.BORDER))
    painter.fillRect(QRectF(left, y, right - left, Line.BORDER), color)
