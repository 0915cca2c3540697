"""A combo box: a field that shows what is chosen and opens the list of choices."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.focus import FocusRing
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.popup import Choice, ChoicePopup


class ChoiceButton(QAbstractButton):
    """One of several values. Space, Enter, Down or a click opens the list."""

    chosen = Signal(str)

    def __init__(
        self, theme: Theme, choices: Sequence[tuple[str, str]], name: str, parent: QWidget | None = None
    ) -> None:
        """`choices` are values with their words; `name` says what is chosen here."""
        super().__init__(parent)
        self._theme = theme
        self._choices = tuple(choices)
        self._name = name
        self._value = choices[0][0]
        self.setFont(theme.font(TextRole.BASE))
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.focus_ring = FocusRing(theme, self)
        self.clicked.connect(self.open_list)
        theme.changed.connect(self.update)
        self.set_value(self._value)

    @property
    def value(self) -> str:
        """What is chosen."""
        return self._value

    def set_value(self, value: str) -> None:
        """Show `value` as chosen, without saying `chosen`."""
        self._value = value
        self.setText(dict(self._choices)[value])
        self.setAccessibleName(self._name)
        self.setAccessibleDescription(self.text())
        self.update()

    def open_list(self) -> ChoicePopup:
        """Open the list over the window."""
        rows = [Choice(value, text, current=value == self._value) for value, text in self._choices]
        popup = ChoicePopup(self._theme, rows, self._name, self, self.width())
        popup.chosen.connect(self._take)
        return popup

    def sizeHint(self) -> QSize:
        """Wide enough for the longest choice, and as wide as other choices of the page."""
        metrics = QFontMetrics(self.font())
        longest = max(metrics.horizontalAdvance(text) for _, text in self._choices)
        sizes = self._theme.sizes
        return QSize(max(sizes.choice, longest + sizes.icon_chevron + 2 * Space.M + Space.S), sizes.button)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open with the keys that open a combo box."""
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open_list()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the field, the word and the chevron."""
        painter = QPainter(self)
        color, sizes = self._theme.color, self._theme.sizes
        fill = color("pressed" if self.isDown() else "hover" if self.underMouse() else "surface_raised")
        box = QRectF(self.rect())
        draw_box(painter, box, Radius.BUTTON, fill, color("border_control"))
        chevron = QRectF(box.right() - Space.M - sizes.icon_chevron, 0, sizes.icon_chevron, box.height())
        draw_icon(painter, "chevron-down", chevron, sizes.icon_chevron, color("text_secondary"))
        painter.setFont(self.font())
        painter.setPen(color("text"))
        painter.drawText(box.adjusted(Space.M, 0, -Space.XL, 0), Qt.AlignmentFlag.AlignVCenter, self.text())

    def _take(self, value: str) -> None:
        if value != self._value:
            self.set_value(value)
            self.chosen.emit(value)
