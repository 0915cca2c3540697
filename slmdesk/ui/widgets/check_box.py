"""A box that is ticked or not, with its word beside it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QSizePolicy, QWidget

from slmdesk.ui.theme import HALF_SEEN, Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.focus import FocusRing
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.tooltip import set_tooltip

# A tick in a box of 16 units.
_TICK_GRID = 16
_TICK = ((4.4, 8.2), (7.0, 10.8), (11.6, 5.4))
_TICK_LINE = 1.75


def mark_size(theme: Theme, text: str) -> QSize:
    """The room for a mark with a word beside it."""
    sizes = theme.sizes
    height = max(sizes.mark, theme.line_height(TextRole.BASE))
    if not text:
        return QSize(sizes.mark, height)
    words = QFontMetrics(theme.font(TextRole.BASE)).horizontalAdvance(text)
    return QSize(sizes.mark + Space.S + words + 1, height)


def mark_box(theme: Theme, widget: QWidget) -> QRect:
    """Where the mark is: at the side where the text begins."""
    side = theme.sizes.mark
    mirrored = widget.layoutDirection() == Qt.LayoutDirection.RightToLeft
    return QRect(widget.width() - side if mirrored else 0, (widget.height() - side) // 2, side, side)


def draw_mark_text(painter: QPainter, theme: Theme, widget: QWidget, text: str, ink: QColor) -> None:
    """The word beside the mark."""
    room = theme.sizes.mark + Space.S
    mirrored = widget.layoutDirection() == Qt.LayoutDirection.RightToLeft
    box = widget.rect().adjusted(0 if mirrored else room, 0, -room if mirrored else 0, 0)
    side = Qt.AlignmentFlag.AlignRight if mirrored else Qt.AlignmentFlag.AlignLeft
    painter.setFont(theme.font(TextRole.BASE))
    painter.setPen(ink)
    align = side | Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignVCenter
    painter.drawText(box, align | Qt.TextFlag.TextSingleLine, text)


def _draw_tick(painter: QPainter, box: QRectF, ink: QColor) -> None:
    """Stronger than the icon, whose line is too thin to be seen in so small a box."""
    unit = box.width() / _TICK_GRID
    points = [box.topLeft() + QPointF(x, y) * unit for x, y in _TICK]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(ink, _TICK_LINE * unit)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.drawPolyline(points)
    painter.restore()


class CheckBox(QCheckBox):
    """On or off. Space and a click change it; one that is fixed keeps the keyboard but not the change."""

    changed = Signal(bool)
    """The person changed it."""

    def __init__(
        self, theme: Theme, text: str = "", *, name: str = "", parent: QWidget | None = None
    ) -> None:
        """`name`: what a screen reader calls it where `text` is empty."""
        super().__init__(parent)
        self._theme = theme
        self._reason = ""
        self.setText(text)
        self.setFont(theme.font(TextRole.BASE))
        if name:
            self.setAccessibleName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.focus_ring = FocusRing(theme, self, Radius.BADGE, area=lambda: mark_box(theme, self))
        theme.changed.connect(self.update)

    @property
    def value(self) -> bool:
        """Whether it is ticked."""
        return self.isChecked()

    def set_value(self, value: bool) -> None:
        """Show `value`, without saying `changed`."""
        self.setChecked(value)

    def set_fixed(self, reason: str) -> None:
        """Keep the value as it is and say why; empty: it can be changed again."""
        self._reason = reason
        self.setAccessibleDescription(reason)
        set_tooltip(self, reason)
        self.update()

    def nextCheckState(self) -> None:
        """A click of the person."""
        if not self._reason:
            super().nextCheckState()
            self.changed.emit(self.isChecked())

    def sizeHint(self) -> QSize:
        """The box and its word."""
        return mark_size(self._theme, self.text())

    def minimumSizeHint(self) -> QSize:
        """Never cut."""
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        """The word counts as well."""
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box, its tick, and the word."""
        painter = QPainter(self)
        color = self._theme.color
        usable = self.isEnabled() and not self._reason
        box = QRectF(mark_box(self._theme, self))
        if not usable:
            painter.setOpacity(HALF_SEEN)
        if self.isChecked():
            over = usable and self.underMouse()
            fill = "accent_pressed" if usable and self.isDown() else "accent_hover" if over else "accent"
            draw_box(painter, box, Radius.BADGE, color(fill))
            _draw_tick(painter, box, color("accent_text"))
        else:
            fill = "pressed" if usable and self.isDown() else "surface"
            border = "text_secondary" if usable and self.underMouse() else "border_mark"
            draw_box(painter, box, Radius.BADGE, color(fill), color(border))
        painter.setOpacity(1)
        if self.text():
            ink = color("text" if self.isEnabled() else "text_disabled")
            draw_mark_text(painter, self._theme, self, self.text(), ink)
