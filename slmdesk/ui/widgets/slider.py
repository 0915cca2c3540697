"""A value along a line: in equal steps, or each twice the one before."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QSlider, QWidget

from slmdesk.messages import format_number
from slmdesk.ui.theme import HALF_SEEN, Line, Theme
from slmdesk.ui.widgets.focus import FocusRing
from slmdesk.ui.widgets.painting import draw_box, draw_stripes
from slmdesk.ui.widgets.speech import announce
from slmdesk.ui.widgets.tooltip import set_tooltip

_PAGES = 10
_PARTS = 100
_WHEEL_STEP = 120


def equal_steps(least: float, most: float, step: float) -> tuple[float, ...]:
    """`least`, `least + step` and so on to `most`, which always is the last."""
    count = round((most - least) / step)
    # Rounded, or the tenth step of 0.1 would not be 1.
    values = [round(least + step * index, 6) for index in range(count + 1)]
    return (*(value for value in values if value < most), most)


def doubling_steps(least: float, most: float) -> tuple[float, ...]:
    """`least`, twice that and so on below `most`, then `most` itself."""
    values, value = [], least
    while value < most:
        values.append(value)
        value *= 2
    return (*values, most)


class Slider(QSlider):
    """One of `values`, which rise; the handle moves by equal distances from each to the next.

    The arrow keys go one step, Page Up and Page Down a tenth of the way, Home and End to the ends; the wheel
    steps while the slider has the keyboard. `words` says a value to a screen reader. From the value
    `striped_from` on, the line is striped: what can be chosen but will not do well.

    Qt's own value is the number itself, or a hundred times it where numbers have decimals: what a screen
    reader is told. Ours is `number`.
    """

    changed = Signal(float)
    """The person moved the handle: each step."""
    settled = Signal(float)
    """The person let go, or pressed a key: what is costly is done now."""

    def __init__(
        self,
        theme: Theme,
        name: str,
        values: Sequence[float],
        *,
        value: float | None = None,
        words: Callable[[float], str] = format_number,
        striped_from: float | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme = theme
        self._values: tuple[float, ...] = ()
        self._words = words
        self._striped_from = striped_from
        self._number = values[0] if value is None else value
        self._reason = ""
        self._wheel = 0
        self.setAccessibleName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        ring = theme.sizes.slider_handle / 2
        self.focus_ring = FocusRing(theme, self, ring, area=lambda: self._handle().toRect())
        self.valueChanged.connect(self._follow)
        theme.changed.connect(self.update)
        self.set_values(values)

    @property
    def number(self) -> float:
        """The value shown."""
        return self._number

    def set_values(self, values: Sequence[float]) -> None:
        """Offer other values; the one shown stays, or becomes the end that is nearer."""
        if tuple(values) == self._values:
            return
        self._values = tuple(values)
        self._scale = 1 if all(float(value).is_integer() for value in values) else _PARTS
        blocked = self.blockSignals(True)
        self.setRange(round(values[0] * self._scale), round(values[-1] * self._scale))
        self.blockSignals(blocked)
        self.set_value(self._number)

    def set_value(self, value: float) -> None:
        """Show `value`, without saying `changed`. One between two steps is shown between them."""
        self._number = min(max(value, self._values[0]), self._values[-1])
        blocked = self.blockSignals(True)
        self.setValue(round(self._number * self._scale))
        self.blockSignals(blocked)
        self._show()

    def set_striped_from(self, value: float | None) -> None:
        """Stripe the line from `value` on; None: nowhere."""
        self._striped_from = value
        self.update()

    @property
    def fixed(self) -> str:
        """Why the value cannot be changed, or empty."""
        return self._reason

    def set_fixed(self, reason: str) -> None:
        """Keep the value as it is and say why; empty: it can be changed again."""
        self._reason = reason
        set_tooltip(self, reason)
        self._show()

    def sizeHint(self) -> QSize:
        """Room for the handle and its ring."""
        return QSize(self._theme.sizes.choice, self._theme.sizes.slider)

    def minimumSizeHint(self) -> QSize:
        """Short, but still to be moved."""
        return QSize(self._theme.sizes.meter, self._theme.sizes.slider)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move by steps, not by Qt's units."""
        page = max(1, len(self._values) // _PAGES)
        sideways = -1 if self._mirrored else 1
        steps = {
            Qt.Key.Key_Right: sideways,
            Qt.Key.Key_Left: -sideways,
            Qt.Key.Key_Up: 1,
            Qt.Key.Key_Down: -1,
            Qt.Key.Key_PageUp: page,
            Qt.Key.Key_PageDown: -page,
            Qt.Key.Key_Home: -len(self._values),
            Qt.Key.Key_End: len(self._values),
        }.get(Qt.Key(event.key()))
        if steps is None:
            event.ignore()
            return
        self._step(steps)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A page that is scrolled must not move a handle on the way."""
        if not self.hasFocus():
            event.ignore()
            return
        self._wheel += event.angleDelta().y()
        steps = int(self._wheel / _WHEEL_STEP)
        if steps:
            self._wheel -= steps * _WHEEL_STEP
            self._step(steps)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go where the press is."""
        if event.button() == Qt.MouseButton.LeftButton and not self._reason:
            self.setSliderDown(True)
            self._drag(event.position().x())
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go along."""
        if self.isSliderDown():
            self._drag(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Stay there."""
        if self.isSliderDown():
            self.setSliderDown(False)
            self.update()
            self.settled.emit(self._number)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the line, the part below the value, and the handle."""
        painter = QPainter(self)
        color, sizes = self._theme.color, self._theme.sizes
        usable = self.isEnabled() and not self._reason
        over = usable and (self.underMouse() or self.isSliderDown())
        if not usable:
            painter.setOpacity(HALF_SEEN)
        top = (self.height() - sizes.slider_track) / 2
        line = QRectF(0, top, self.width(), sizes.slider_track)
        handle = self._handle()
        # Only beside the handle: nothing of the line shows through one that is half seen.
        for clip in (
            QRectF(0, 0, handle.left() + Line.HANDLE, self.height()),
            QRectF(handle.right() - Line.HANDLE, 0, self.width(), self.height()),
        ):
            painter.save()
            painter.setClipRect(clip)
            self._draw_line(painter, line, color("track"), color("border_mark"))
            before = clip.left() == 0
            if before is not self._mirrored:
                self._draw_line(painter, line, color("accent"), color("accent"))
            painter.restore()
        edge = color("accent_pressed" if self.isSliderDown() else "accent_hover" if over else "accent")
        width = Line.HANDLE + (Line.BORDER if over else 0)
        draw_box(painter, handle, handle.width() / 2, color("accent_text"), edge, width)

    @property
    def _mirrored(self) -> bool:
        return self.layoutDirection() == Qt.LayoutDirection.RightToLeft

    def _draw_line(self, painter: QPainter, line: QRectF, color: QColor, striped: QColor) -> None:
        """The whole line, its end striped where `striped_from` says so."""
        radius = line.height() / 2
        if self._striped_from is None or self._striped_from > self._values[-1]:
            draw_box(painter, line, radius, color)
            return
        side = self._theme.sizes.slider_handle / 2
        start = side + self._fraction(self._striped_from) * (line.width() - 2 * side)
        # Stripes begin right after the last value that will do.
        whole, rest = QRectF(line), QRectF(line)
        if self._mirrored:
            whole.setLeft(line.right() - start)
            rest.setRight(line.right() - start)
        else:
            whole.setRight(line.left() + start)
            rest.setLeft(line.left() + start)
        draw_box(painter, whole, radius, color)
        draw_stripes(painter, rest, radius, striped, self._theme.sizes.stripe, mirrored=self._mirrored)

    def _fraction(self, value: float) -> float:
        """How far along the line a value is, 0 to 1."""
        values = self._values
        if value >= values[-1] or len(values) == 1:
            return 1.0
        index = max(bisect.bisect_right(values, value) - 1, 0)
        within = (value - values[index]) / (values[index + 1] - values[index])
        return (index + max(within, 0.0)) / (len(values) - 1)

    def _handle(self) -> QRectF:
        side = self._theme.sizes.slider_handle
        fraction = self._fraction(self._number)
        left = (1 - fraction if self._mirrored else fraction) * (self.width() - side)
        return QRectF(round(left), (self.height() - side) // 2, side, side)

    def _nearest(self, value: float) -> int:
        return min(range(len(self._values)), key=lambda index: abs(self._values[index] - value))

    def _drag(self, x: float) -> None:
        side = self._theme.sizes.slider_handle
        fraction = (x - side / 2) / max(self.width() - side, 1)
        fraction = min(max(1 - fraction if self._mirrored else fraction, 0.0), 1.0)
        self._go(self._values[round(fraction * (len(self._values) - 1))])

    def _step(self, steps: int) -> None:
        if self._reason:
            return
        index = self._nearest(self._number)
        # From between two steps, the first one goes to the next step that way.
        if (self._values[index] - self._number) * steps > 0:
            steps -= 1 if steps > 0 else -1
        index = min(max(index + steps, 0), len(self._values) - 1)
        if self._go(self._values[index]):
            self.settled.emit(self._number)

    def _go(self, value: float) -> bool:
        if value == self._number:
            return False
        self.set_value(value)
        self.changed.emit(self._number)
        if self.hasFocus():
            announce(self, self._words(self._number))
        return True

    def _follow(self, qt_value: int) -> None:
        """Something other than a key or the pointer moved it: a screen reader."""
        value = self._values[self._nearest(qt_value / self._scale)]
        if self._reason or not self._go(value):
            self.set_value(self._number)
        else:
            self.settled.emit(self._number)

    def _show(self) -> None:
        words = self._words(self._number)
        self.setAccessibleDescription(f"{words}. {self._reason}" if self._reason else words)
        self.focus_ring.place()
        self.update()
