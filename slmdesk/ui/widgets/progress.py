"""A thin bar that says how far something is."""

from __future__ import annotations

import enum

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QProgressBar, QSizePolicy, QWidget

from slmdesk.messages import tr
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.painting import draw_box, draw_stripes

_STEPS = 1000


class ProgressState(enum.Enum):
    """What kind of progress it is. Told apart by shape as well as by colour, and by a word beside the bar."""

    PLAIN = enum.auto()
    STRIPED = enum.auto()
    """Something else than the usual: what was fetched is being verified."""
    PAUSED = enum.auto()
    FULL = enum.auto()
    """What fills up has no room left."""


_FILLS = {ProgressState.PAUSED: "border_mark", ProgressState.FULL: "caution"}


class ProgressLine(QProgressBar):
    """Progress from 0 to 1; `name` is what a screen reader calls it."""

    def __init__(self, theme: Theme, name: str, *, thin: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._state = ProgressState.PLAIN
        self.setRange(0, _STEPS)
        self.setTextVisible(False)
        self.setAccessibleName(name)
        self.setFixedHeight(theme.sizes.meter_line if thin else theme.sizes.progress)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    @property
    def fraction(self) -> float:
        """What is shown, 0 to 1."""
        return self.value() / _STEPS

    def set_fraction(self, fraction: float) -> None:
        """Show `fraction`, 0 to 1; anything outside counts as the nearer end."""
        value = round(min(max(fraction, 0.0), 1.0) * _STEPS)
        if value != self.value():
            # Qt's `setValue` draws at once, with all that waits elsewhere in the window to be drawn.
            self.setUpdatesEnabled(False)
            self.setValue(value)
            self.setUpdatesEnabled(True)

    def set_state(self, state: ProgressState) -> None:
        """Show another kind of progress."""
        if state is self._state:
            return
        self._state = state
        self.setAccessibleDescription(tr("Paused") if state is ProgressState.PAUSED else "")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the track, then the part that is done, from where reading begins."""
        painter = QPainter(self)
        box = QRectF(self.rect())
        radius = box.height() / 2
        draw_box(painter, box, radius, self._theme.color("track"))
        if self.value() <= 0:
            return
        # Never narrower than its own rounding, or the first per cent would be a speck.
        width = max(box.height(), box.width() * self.fraction)
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        done = QRectF(box.right() - width if mirrored else 0, 0, width, box.height())
        if self._state is ProgressState.STRIPED:
            stripe = self._theme.sizes.stripe
            draw_stripes(painter, done, radius, self._theme.color("accent"), stripe, mirrored=mirrored)
        else:
            draw_box(painter, done, radius, self._theme.color(_FILLS.get(self._state, "accent")))
