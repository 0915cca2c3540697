"""One of several, each with its word beside a round mark."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QRadioButton, QSizePolicy, QWidget

from slmdesk.ui.theme import HALF_SEEN, TextRole, Theme
from slmdesk.ui.widgets.check_box import draw_mark_text, mark_box, mark_size
from slmdesk.ui.widgets.focus import FocusRing
from slmdesk.ui.widgets.painting import draw_box


class Radio(QRadioButton):
    """One of those with the same parent. Arrow keys move the choice, Tab goes to the chosen one."""

    chosen = Signal()
    """The person chose it."""

    def __init__(
        self, theme: Theme, text: str = "", *, name: str = "", parent: QWidget | None = None
    ) -> None:
        """`name`: what a screen reader calls it where `text` is empty."""
        super().__init__(parent)
        self._theme = theme
        self.setText(text)
        self.setFont(theme.font(TextRole.BASE))
        if name:
            self.setAccessibleName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        radius = theme.sizes.mark / 2
        self.focus_ring = FocusRing(theme, self, radius, area=lambda: mark_box(theme, self))
        theme.changed.connect(self.update)

    def nextCheckState(self) -> None:
        """The person chose it, by a click or by moving here with the arrows."""
        # The chosen one is asked as well when it is clicked again.
        was_chosen = self.isChecked()
        super().nextCheckState()
        if not was_chosen:
            self.chosen.emit()

    def sizeHint(self) -> QSize:
        """The mark and its word."""
        return mark_size(self._theme, self.text())

    def minimumSizeHint(self) -> QSize:
        """Never cut."""
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        """The word counts as well."""
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the mark and the word."""
        painter = QPainter(self)
        color, sizes = self._theme.color, self._theme.sizes
        box = QRectF(mark_box(self._theme, self))
        over = self.isEnabled() and self.underMouse()
        if not self.isEnabled():
            painter.setOpacity(HALF_SEEN)
        if self.isChecked():
            draw_box(painter, box, box.width() / 2, color("accent_hover" if over else "accent"))
            edge = (box.width() - sizes.mark_dot) / 2
            dot = box.adjusted(edge, edge, -edge, -edge)
            draw_box(painter, dot, sizes.mark_dot / 2, color("accent_text"))
        else:
            border = "text_secondary" if over else "border_mark"
            draw_box(painter, box, box.width() / 2, color("surface"), color(border))
        painter.setOpacity(1)
        if self.text():
            ink = color("text" if self.isEnabled() else "text_disabled")
            draw_mark_text(painter, self._theme, self, self.text(), ink)
