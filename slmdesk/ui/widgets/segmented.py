"""A choice among a few words side by side."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QRadioButton, QSizePolicy, QWidget

from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.focus import FocusRing
from slmdesk.ui.widgets.labels import Icon
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.tooltip import set_tooltip


class _Segment(QRadioButton):
    """A radio button to the keyboard and to screen readers, drawn as a segment."""

    picked = Signal()

    def __init__(self, theme: Theme, text: str, parent: Segmented) -> None:
        super().__init__(text, parent)
        self._theme = theme
        self._control = parent
        self.setFont(theme.font(TextRole.LABEL))
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.focus_ring = FocusRing(theme, self, Radius.BADGE)
        theme.changed.connect(self.update)

    def nextCheckState(self) -> None:
        # The chosen one is asked as well when it is clicked again.
        if not self._control.fixed and not self.isChecked():
            super().nextCheckState()
            self.picked.emit()

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
        usable = self.isEnabled() and not self._control.fixed
        if self.isChecked():
            fill = color("surface_raised" if usable else "surface_sunken")
            draw_box(painter, box, Radius.BADGE, fill, color("border_mark" if usable else "border_control"))
        elif usable and (self.underMouse() or self.isDown()):
            draw_box(painter, box, Radius.BADGE, color("pressed"))
        ink = "text" if self.isChecked() else "text_secondary"
        if not self.isEnabled():
            ink = "text_disabled"
        elif not usable:
            ink = "text_secondary"
        painter.setFont(self.font())
        painter.setPen(color(ink))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.text())


class Segmented(QWidget):
    """One of a few values. Tab enters at the chosen one, arrow keys move the choice.

    One that is fixed by a policy keeps the keyboard, so that its reason can be heard, but not the change.
    """

    chosen = Signal(str)

    def __init__(
        self, theme: Theme, choices: Sequence[tuple[str, str]], name: str, parent: QWidget | None = None
    ) -> None:
        """`choices` are values with their words."""
        super().__init__(parent)
        self._theme = theme
        self._name = name
        self._reason = ""
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.TINY, Space.TINY, Space.TINY, Space.TINY)
        row.setSpacing(Space.TINY)
        self.segments = {value: _Segment(theme, text, self) for value, text in choices}
        for value, segment in self.segments.items():
            segment.setAccessibleDescription(name)
            segment.picked.connect(lambda value=value: self._pick(value))
            row.addWidget(segment)
        self._lock = Icon(theme, "lock", theme.sizes.icon_button, parent=self)
        self._lock.setFixedWidth(theme.sizes.icon_button + Space.S)
        self._lock.hide()
        row.addWidget(self._lock)
        self._let_tab_enter(choices[0][0])
        theme.changed.connect(self.update)

    @property
    def value(self) -> str:
        """What is chosen; empty before anything is."""
        return next((value for value, segment in self.segments.items() if segment.isChecked()), "")

    @property
    def choice_words(self) -> tuple[str, ...]:
        """The words of the values."""
        return tuple(segment.text() for segment in self.segments.values())

    @property
    def fixed(self) -> str:
        """Why the value cannot be changed, or empty."""
        return self._reason

    def set_value(self, value: str) -> None:
        """Show `value` as chosen, without saying `chosen`."""
        self.segments[value].setChecked(True)
        self._let_tab_enter(value)

    def set_fixed(self, reason: str, *, lock: bool = True) -> None:
        """Keep the value as it is and say why; empty: it can be changed again.

        `lock`: draw the lock in the control, where nothing else near it does.
        """
        self._reason = reason
        self._lock.setVisible(bool(reason) and lock)
        set_tooltip(self, reason)
        for segment in self.segments.values():
            segment.setAccessibleDescription(f"{self._name}. {reason}" if reason else self._name)
            set_tooltip(segment, reason)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the trough."""
        painter = QPainter(self)
        color = self._theme.color
        usable = self.isEnabled() and not self._reason
        fill, border = ("hover", "border_control") if usable else ("surface_sunken", "border")
        draw_box(painter, QRectF(self.rect()), Radius.BUTTON, color(fill), color(border))

    def _pick(self, value: str) -> None:
        self._let_tab_enter(value)
        self.chosen.emit(value)

    def _let_tab_enter(self, value: str) -> None:
        """Only one segment is a stop of the Tab key. Qt sees to this for choices of the person alone."""
        for other, segment in self.segments.items():
            here = other == value
            segment.setFocusPolicy(Qt.FocusPolicy.StrongFocus if here else Qt.FocusPolicy.ClickFocus)
        self.setFocusProxy(self.segments[value])
