"""A thin bar that says how far something is."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QProgressBar, QSizePolicy, QWidget

from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.painting import draw_box

_STEPS = 1000


class ProgressLine(QProgressBar):
    """Progress from 0 to 1; `name` is what a screen reader calls it."""

    def __init__(self, theme: Theme, name: str, *, thin: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
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
        self.setValue(round(min(max(fraction, 0.0), 1.0) * _STEPS))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the track, then the part that is done."""
        painter = QPainter(self)
        box = QRectF(self.rect())
        radius = box.height() / 2
        draw_box(painter, box, radius, self._theme.color("track"))
        if self.value() > 0:
            # Never narrower than its own rounding, or the first per cent would be a speck.
            width = max(box.height(), box.width() * self.fraction)
            draw_box(painter, QRectF(0, 0, width, box.height()), radius, self._theme.color("accent"))
