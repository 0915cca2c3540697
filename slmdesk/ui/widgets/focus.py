"""The ring around the control that has the keyboard, and where the keyboard is."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from slmdesk.ui.theme import Line, Radius, Theme
from slmdesk.ui.widgets.painting import draw_box

_BY_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)
_REACH = Line.FOCUS + Line.FOCUS_OFFSET
_MOVES = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show)
_LEAVES = (QEvent.Type.FocusOut, QEvent.Type.MouseButtonPress, QEvent.Type.Hide)


class _Ring(QWidget):
    def __init__(self, theme: Theme, radius: float, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._radius = radius
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ink = self._theme.color("accent_ink")
        draw_box(painter, QRectF(self.rect()), self._radius, None, ink, Line.FOCUS)


class FocusRing(QObject):
    """Shows a ring around `widget` while it has the keyboard and the person got there by keyboard.

    The ring lies outside the widget, on the nearest of the widgets around it that has room for all of it: one
    that is packed tightly inside a larger control gets its ring all the same. What scrolls keeps 4 pixels
    free at its edges. `area` gives the part of the widget to surround, where it is not the whole; call
    `place` when that part moves.
    """

    def __init__(
        self,
        theme: Theme,
        widget: QWidget,
        radius: float = Radius.BUTTON,
        *,
        area: Callable[[], QRect] | None = None,
    ) -> None:
        super().__init__(widget)
        self._theme = theme
        self._widget = widget
        self._area = area or widget.rect
        self._radius = radius + _REACH
        self._ring: _Ring | None = None
        self._holder = widget
        self._between: list[QWidget] = []
        widget.installEventFilter(self)

    @property
    def shown(self) -> bool:
        """Whether the ring is there now."""
        return self._ring is not None

    def place(self) -> None:
        """Put the ring where its widget is now."""
        if self._ring is not None:
            self._ring.setGeometry(self._ring_box(self._holder))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Never swallows an event."""
        kind = event.type()
        if kind in _MOVES:
            self.place()
        elif kind == QEvent.Type.ParentAboutToChange:
            self._hide()
        if watched is not self._widget:
            return False
        if kind == QEvent.Type.FocusIn and isinstance(event, QFocusEvent):
            if event.reason() in _BY_KEYBOARD:
                self._show()
        elif kind == QEvent.Type.KeyPress and self._widget.hasFocus():
            self._show()
        elif kind in _LEAVES:
            self._hide()
        return False

    def _show(self) -> None:
        if self._ring is not None or self._widget.isWindow():
            return
        self._between = []
        holder = self._widget
        while not holder.isWindow() and not isinstance(holder.parentWidget(), QAbstractScrollArea):
            parent = holder.parentWidget()
            if parent is None:
                break
            if holder is not self._widget:
                self._between.append(holder)
                holder.installEventFilter(self)
            holder = parent
            if holder.rect().contains(self._ring_box(holder)):
                break
        if holder is self._widget:
            return
        self._holder = holder
        self._ring = _Ring(self._theme, self._radius, holder)
        self.place()
        self._ring.show()
        self._ring.raise_()

    def _hide(self) -> None:
        if self._ring is not None:
            ring, self._ring = self._ring, None
            for widget in self._between:
                widget.removeEventFilter(self)
            self._between = []
            ring.hide()
            ring.deleteLater()

    def _ring_box(self, holder: QWidget) -> QRect:
        corner = self._widget.mapTo(holder, QPoint(0, 0))
        return self._area().translated(corner).adjusted(-_REACH, -_REACH, _REACH, _REACH)


def holds_focus(widget: QWidget) -> bool:
    """Whether something in `widget` has the keyboard, or gets it when its window does."""
    focused = widget.window().focusWidget()
    return focused is not None and widget.isAncestorOf(focused)
