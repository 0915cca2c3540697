"""The ring around the control that has the keyboard."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFocusFrame, QWidget

from slmdesk.ui.theme import Line, Radius, Theme

_BY_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


class _Ring(QFocusFrame):
    def __init__(self, theme: Theme, owner: QWidget, radius: float) -> None:
        super().__init__(owner)
        self._theme = theme
        self._radius = radius

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("accent_ink"), Line.FOCUS))
        half = Line.FOCUS / 2
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(half, half, -half, -half), self._radius, self._radius
        )


class FocusRing(QObject):
    """Shows a ring around `widget` while it has the keyboard and the person got there by keyboard.

    The ring lies outside the widget: its parent keeps 4 pixels free around it.
    """

    def __init__(self, theme: Theme, widget: QWidget, radius: float = Radius.BUTTON) -> None:
        super().__init__(widget)
        self._theme = theme
        self._widget = widget
        self._radius = radius + Line.FOCUS_OFFSET
        self._ring: _Ring | None = None
        widget.installEventFilter(self)

    @property
    def shown(self) -> bool:
        """Whether the ring is there now."""
        return self._ring is not None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Never swallows an event."""
        kind = event.type()
        if kind == QEvent.Type.FocusIn and isinstance(event, QFocusEvent):
            if event.reason() in _BY_KEYBOARD:
                self._show()
        elif kind == QEvent.Type.KeyPress and self._widget.hasFocus():
            self._show()
        elif kind in (QEvent.Type.FocusOut, QEvent.Type.MouseButtonPress, QEvent.Type.Hide):
            self._hide()
        return False

    def _show(self) -> None:
        if self._ring is None:
            self._ring = _Ring(self._theme, self._widget, self._radius)
            self._ring.setWidget(self._widget)

    def _hide(self) -> None:
        if self._ring is not None:
            ring, self._ring = self._ring, None
            ring.hide()
            ring.deleteLater()
