"""A combo box: a field that shows what is chosen and opens the list of choices."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QComboBox, QSizePolicy, QWidget

from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.focus import FocusRing
from slmdesk.ui.widgets.list_row import draw_line_of_text
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.popup import Choice, ChoicePopup
from slmdesk.ui.widgets.tooltip import set_tooltip

_NO_NOTES: Mapping[str, str] = MappingProxyType({})
# A choice with longer words is shortened; the list shows all of it.
_WIDEST = 1.5
_OPENING_KEYS = (
    Qt.Key.Key_Down,
    Qt.Key.Key_Up,
    Qt.Key.Key_Space,
    Qt.Key.Key_Return,
    Qt.Key.Key_Enter,
    Qt.Key.Key_F4,
)


class ChoiceButton(QComboBox):
    """One of several values. Space, Enter, the arrows or a click open the list.

    To screen readers it is a combo box, which is all that is used of Qt's. One that is fixed by a policy
    keeps the keyboard, so that its reason can be heard, but opens nothing.
    """

    chosen = Signal(str)

    def __init__(
        self, theme: Theme, choices: Sequence[tuple[str, str]], name: str, parent: QWidget | None = None
    ) -> None:
        """`choices` are values with their words; `name` says what is chosen here."""
        super().__init__(parent)
        self._theme = theme
        self._name = name
        self._reason = ""
        self._lock = False
        self._notes = _NO_NOTES
        self._down = False
        self._choices: tuple[tuple[str, str], ...] = ()
        self.setFont(theme.font(TextRole.BASE))
        self.setAccessibleName(name)
        self._describe()
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.focus_ring = FocusRing(theme, self)
        theme.changed.connect(self.update)
        self.set_choices(choices)

    @property
    def value(self) -> str:
        """What is chosen."""
        return self._choices[self.currentIndex()][0]

    @property
    def fixed(self) -> str:
        """Why the value cannot be changed, or empty."""
        return self._reason

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """The values that are offered, with their words."""
        return self._choices

    @property
    def choice_words(self) -> tuple[str, ...]:
        """The words of the values."""
        return tuple(words for _, words in self._choices)

    @property
    def notes(self) -> Mapping[str, str]:
        """What stands beside values in the list."""
        return self._notes

    def set_choices(self, choices: Sequence[tuple[str, str]], notes: Mapping[str, str] = _NO_NOTES) -> None:
        """Offer other values; the first is shown as chosen. `notes` stand beside values in the list."""
        self._choices, self._notes = tuple(choices), notes
        self.clear()
        self.addItems([text for _, text in choices])
        self.updateGeometry()
        self._show_tooltip()
        self.update()

    def set_value(self, value: str) -> None:
        """Show `value` as chosen, without saying `chosen`."""
        self.setCurrentIndex([one for one, _ in self._choices].index(value))
        self._show_tooltip()
        self.update()

    def set_fixed(self, reason: str, *, lock: bool = True) -> None:
        """Keep the value as it is and say why; empty: it can be changed again.

        `lock`: draw the lock, which stands for a policy.
        """
        self._reason = reason
        self._lock = bool(reason) and lock
        self._describe()
        self._show_tooltip()
        self.update()

    def open_list(self) -> ChoicePopup:
        """Open the list over the window."""
        rows = [
            Choice(value, text, note=self._notes.get(value, ""), current=value == self.value)
            for value, text in self._choices
        ]
        width = max(self.width(), self._theme.sizes.menu) if self._notes else self.width()
        popup = ChoicePopup(self._theme, rows, self._name, self, width)
        popup.chosen.connect(self._take)
        return popup

    def showPopup(self) -> None:
        """Open the list: what a screen reader asks for."""
        if not self._reason:
            self.open_list()

    def sizeHint(self) -> QSize:
        """Wide enough for the longest choice, and as wide as other choices of the page."""
        sizes = self._theme.sizes
        wanted = max(sizes.choice, *(self._width_for(text) for _, text in self._choices))
        return QSize(min(wanted, round(_WIDEST * sizes.choice)), sizes.button)

    def minimumSizeHint(self) -> QSize:
        """A choice that is squeezed is shortened."""
        return QSize(self._theme.sizes.meter, self._theme.sizes.button)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open with the keys that open a combo box."""
        if event.key() in _OPENING_KEYS:
            self.showPopup()
        else:
            event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """With less room, more is shortened."""
        super().resizeEvent(event)
        self._show_tooltip()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A page that is scrolled must not change a choice on the way."""
        event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Look pressed."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._down = not self._reason
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open, like a button that is clicked."""
        if self._down:
            self._down = False
            self.update()
            if self.rect().contains(event.position().toPoint()):
                self.showPopup()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the field, the word, and the chevron or the lock."""
        painter = QPainter(self)
        color, sizes = self._theme.color, self._theme.sizes
        usable = self.isEnabled() and not self._reason
        if usable:
            fill = "pressed" if self._down else "hover" if self.underMouse() else "surface_raised"
            border, ink = "border_control", "text"
        else:
            fill, border = "surface_sunken", "border"
            ink = "text_secondary" if self._reason else "text_disabled"
        box = QRectF(self.rect())
        draw_box(painter, box, Radius.BUTTON, color(fill), color(border))
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        side = sizes.icon_button if self._lock else sizes.icon_chevron
        mark = QRectF(Space.M if mirrored else box.right() - Space.M - side, 0, side, box.height())
        mark_ink = color("text_secondary" if usable or self._lock else "text_disabled")
        draw_icon(painter, "lock" if self._lock else "chevron-down", mark, side, mark_ink)
        beside = Space.M + side + Space.S
        words = box.adjusted(beside if mirrored else Space.M, 0, -Space.M if mirrored else -beside, 0)
        draw_line_of_text(painter, words, self.currentText(), self.font(), color(ink), mirrored=mirrored)

    def _show_tooltip(self) -> None:
        """Why it is fixed, or what is chosen where that is shortened."""
        words = self.currentText()
        shown = self.width() >= self._width_for(words)
        set_tooltip(self, self._reason or ("" if shown else words))

    def _width_for(self, words: str) -> int:
        beside = self._theme.sizes.icon_chevron + 2 * Space.M + Space.S
        return QFontMetrics(self.font()).horizontalAdvance(words) + beside

    def _describe(self) -> None:
        # On Linux Qt gives what is chosen as the name of a combo box, so its name goes here.
        names_itself = sys.platform in ("win32", "darwin")
        parts = ("" if names_itself else self._name, self._reason)
        self.setAccessibleDescription(". ".join(part for part in parts if part))

    def _take(self, value: str) -> None:
        if value != self.value:
            self.set_value(value)
            self.chosen.emit(value)
