"""Memory as a bar of parts: what others take, what a model would, and what stays free."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from slmdesk.messages import format_number, tr
from slmdesk.ui.theme import Line, Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.flow import Flow
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.painting import draw_box

_GIB = 2**30
_MARKS = 4
_LEAST_GIB = 0.01


@dataclass(frozen=True, slots=True)
class MemoryPart:
    """One part of the bar."""

    name: str
    size_bytes: int
    color: str
    """By its name in the theme."""


class MemoryBar(QWidget):
    """Parts side by side, from 0 to `total`, with an axis in GiB and a legend. One text to a screen reader.

    Where the parts are more than there is, the bar ends at what is needed, and a line shows where the memory
    ends.
    """

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = _Bar(theme)
        self._legend = QWidget()
        self._flow = Flow(Space.M)
        self._legend.setLayout(self._flow)
        self._theme = theme
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self.bar)
        column.addWidget(self._legend)
        self._entries: list[_Entry] = []
        self.setAccessibleName(name)

    def set_parts(self, parts: Sequence[MemoryPart], total: int) -> None:
        """Show `parts`, of `total` bytes; what they leave is free."""
        used = sum(part.size_bytes for part in parts)
        shown = [part for part in parts if part.size_bytes > 0]
        self.bar.set_parts(shown, total)
        free = MemoryPart(tr("Free"), max(total - used, 0), "")
        entries = [*shown, free]
        while len(self._entries) > len(entries):
            entry = self._entries.pop()
            self._flow.removeWidget(entry)
            entry.hide()
            entry.deleteLater()
        while len(self._entries) < len(entries):
            entry = _Entry(self._theme)
            self._entries.append(entry)
            self._flow.addWidget(entry)
            entry.show()
        for entry, part in zip(self._entries, entries, strict=True):
            entry.show_part(part)
        words = [f"{part.name} {_gib(part.size_bytes)} GiB" for part in entries]
        self.setAccessibleDescription(
            ", ".join(words) + ". " + tr("{total} GiB in all").format(total=_gib(total))
        )


class _Bar(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._parts: tuple[MemoryPart, ...] = ()
        self._total = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def set_parts(self, parts: Sequence[MemoryPart], total: int) -> None:
        self._parts, self._total = tuple(parts), total
        self.update()

    def sizeHint(self) -> QSize:
        """The bar, and the axis below it."""
        axis = self._theme.line_height(TextRole.SECONDARY)
        return QSize(4 * self._theme.sizes.meter, self._theme.sizes.memory_bar + Space.XS + axis)

    def minimumSizeHint(self) -> QSize:
        """Of any width."""
        return QSize(self._theme.sizes.meter, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the parts, the end of the memory where they exceed it, and the axis."""
        painter = QPainter(self)
        color, sizes = self._theme.color, self._theme.sizes
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        box = QRectF(0, 0, self.width(), sizes.memory_bar)
        used = sum(part.size_bytes for part in self._parts)
        whole = max(self._total, used, 1)

        def place(start: float, end: float) -> QRectF:
            left, right = box.width() * start / whole, box.width() * end / whole
            if mirrored:
                left, right = box.width() - right, box.width() - left
            return QRectF(left, box.top(), right - left, box.height())

        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QPainterPath()
        shape.addRoundedRect(box, Radius.BADGE, Radius.BADGE)
        painter.setClipPath(shape)
        painter.fillRect(box, color("track"))
        at = 0
        for part in self._parts:
            piece = place(at, at + part.size_bytes)
            at += part.size_bytes
            # A part that is too small to be seen is seen as a line; a gap parts each two.
            gap = Line.BORDER if piece.width() > 2 * Line.BORDER else 0
            piece.setWidth(max(piece.width() - gap, Line.BORDER))
            painter.fillRect(piece, color(part.color))
        painter.restore()
        if used > self._total > 0:
            end = place(0, self._total)
            x = end.left() if mirrored else end.right()
            painter.fillRect(QRectF(x - 1, 0, Line.FOCUS, box.height()), color("negative"))
        self._draw_axis(painter, box, whole, mirrored=mirrored)

    def _draw_axis(self, painter: QPainter, box: QRectF, whole: int, *, mirrored: bool) -> None:
        font = self._theme.font(TextRole.SECONDARY)
        metrics = QFontMetrics(font)
        painter.setFont(font)
        painter.setPen(self._theme.color("text_secondary"))
        top = box.bottom() + Space.XS
        height = self._theme.line_height(TextRole.SECONDARY)
        last = tr("{amount} GiB").format(amount=_gib(whole))
        taken = metrics.horizontalAdvance(last) + Space.S
        side = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
        end = Qt.AlignmentFlag.AlignLeft if mirrored else Qt.AlignmentFlag.AlignRight
        painter.drawText(QRectF(0, top, box.width(), height), side | end, last)
        step = _nice_step(whole / _GIB / _MARKS)
        mark = 0.0
        while mark * _GIB < whole:
            x = box.width() * mark * _GIB / whole
            text = format_number(mark)
            width = metrics.horizontalAdvance(text) + Line.FOCUS
            left = min(max(x - width / 2, 0.0), box.width() - width)
            if left + width < box.width() - taken:
                shown = box.width() - left - width if mirrored else left
                place = QRectF(shown, top, width, height)
                painter.drawText(place, side | Qt.AlignmentFlag.AlignHCenter, text)
            mark += step


class _Entry(QWidget):
    """A square in the part's colour, its name and its size."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._part = MemoryPart("", 0, "")
        self._label = Label(theme, "", TextRole.SECONDARY, "text_secondary", parent=self)
        theme.changed.connect(self.update)

    def show_part(self, part: MemoryPart) -> None:
        self._part = part
        self._label.setText(f"{part.name} {_gib(part.size_bytes)}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        hint = self._label.sizeHint()
        return QSize(hint.width() + self._theme.sizes.legend + Space.S, hint.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def resizeEvent(self, event: object) -> None:
        side = self._theme.sizes.legend + Space.S
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        self._label.setGeometry(0 if mirrored else side, 0, max(self.width() - side, 0), self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        side = self._theme.sizes.legend
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        box = QRectF(self.width() - side if mirrored else 0, (self.height() - side) // 2, side, side)
        color = self._theme.color
        free = not self._part.color
        fill = color("track" if free else self._part.color)
        draw_box(QPainter(self), box, Line.FOCUS, fill, color("border_mark") if free else None)


def _gib(size_bytes: int) -> str:
    gib = size_bytes / _GIB
    if 0 < gib < _LEAST_GIB:
        # What is there is never nothing.
        return f"< {format_number(_LEAST_GIB, decimals=2)}"
    return format_number(gib, decimals=2 if gib < _MARKS else 1)


def _nice_step(least: float) -> float:
    """1, 2 or 5 times a power of ten, `least` or more; also 4, as memory is counted."""
    power = 10.0 ** math.floor(math.log10(max(least, 0.1)))
    return next((factor * power for factor in (1, 2, 4, 5) if factor * power >= least), 10 * power)
