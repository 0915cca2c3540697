"""A mark that turns while something is going on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QRectF, QTimer
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from slmdesk.ui.theme import SPIN_MS, SPIN_STEPS, Theme
from slmdesk.ui.widgets.painting import draw_turned_icon


class Turning(QObject):
    """The angle of a turning mark, and the call that draws it again: a dozen times a second, no more.

    Stands still where the theme reduces motion. Belongs to `parent`; GUI thread.
    """

    def __init__(self, theme: Theme, redraw: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._redraw = redraw
        self._going = False
        self._step = 0
        self._timer = QTimer(self)
        self._timer.setInterval(SPIN_MS // SPIN_STEPS)
        self._timer.timeout.connect(self._turn)
        theme.changed.connect(self._obey)

    @property
    def angle(self) -> float:
        """Degrees, clockwise."""
        return self._step * 360 / SPIN_STEPS

    def run(self, going: bool) -> None:
        """Turn, or stop."""
        self._going = going
        self._obey()

    def _obey(self) -> None:
        if not self._going or self._theme.reduce_motion:
            self._timer.stop()
            self._step = 0
        elif not self._timer.isActive():
            self._timer.start()

    def _turn(self) -> None:
        self._step = (self._step + 1) % SPIN_STEPS
        self._redraw()


class Spinner(QWidget):
    """The mark alone, turning while it is visible. `name` is what a screen reader calls it."""

    def __init__(
        self,
        theme: Theme,
        name: str = "",
        *,
        size: int = 0,
        color: str = "text_secondary",
        parent: QWidget | None = None,
    ) -> None:
        """`size` in pixels; 0 is that of icons in buttons."""
        super().__init__(parent)
        self._theme = theme
        self._size = size or theme.sizes.icon_button
        self._color = color
        self.setAccessibleName(name)
        self.setFixedSize(self._size, self._size)
        self.turning = Turning(theme, self.update, self)
        theme.changed.connect(self.update)

    def showEvent(self, event: QShowEvent) -> None:
        """Turn."""
        super().showEvent(event)
        self.turning.run(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest: what nobody sees costs nothing."""
        super().hideEvent(event)
        self.turning.run(False)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the mark."""
        ink = self._theme.color(self._color)
        box = QRectF(self.rect())
        draw_turned_icon(QPainter(self), "loader-circle", box, self._size, ink, self.turning.angle)
