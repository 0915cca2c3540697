"""A choice among a few words side by side."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QRadioButton, QSizePolicy, QWidget

from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.focus import FocusRing
from slmdesk.ui.widgets.painting import draw_box


class _Segment(QRadioButton):
    """A radio button to the keyboard and to screen readers, drawn as a segment."""

    def __init__(self, theme: Theme, text: str, parent: QWidget) -> None:
        super().__init__(text, parent)
        self._theme = theme
        self.setFont(theme.font(TextRole.LABEL))
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.focus_ring = FocusRing(theme, self)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        width = QFontMetrics(self.font()).horizontalAdvance(self.text()) + 2 * Space.M
        return QSize(width, self._theme.sizes.button_small - 2 * Space.TINY)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        color = self._theme.color
        box = QRectF(self.rect())
        if self.isChecked():
            draw_box(painter, box, Radius.BADGE, color("surface_raised"), color("border_mark"))
        elif self.underMouse():
            draw_box(painter, box, Radius.BADGE, color("pressed"))
        painter.setFont(self.font())
        painter.setPen(color("text" if self.isChecked() else "text_secondary"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.text())


class Segmented(QWidget):
    """One of a few values. Arrow keys move the choice."""

    chosen = Signal(str)

    def __init__(
        self, theme: Theme, choices: Sequence[tuple[str, str]], name: str, parent: QWidget | None = None
    ) -> None:
        """`choices` are values with their words."""
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.TINY, Space.TINY, Space.TINY, Space.TINY)
        row.setSpacing(Space.TINY)
        self.segments = {value: _Segment(theme, text, self) for value, text in choices}
        for value, segment in self.segments.items():
            segment.setAccessibleDescription(name)
            segment.clicked.connect(lambda _=False, value=value: self.chosen.emit(value))
            row.addWidget(segment)
        theme.changed.connect(self.update)

    def set_value(self, value: str) -> None:
        """Show `value` as chosen, without saying `chosen`."""
        self.segments[value].setChecked(True)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the trough."""
        painter = QPainter(self)
        color = self._theme.color
        draw_box(painter, QRectF(self.rect()), Radius.BUTTON, color("hover"), color("border_control"))
