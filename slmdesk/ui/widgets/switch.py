"""On or off, at once."""

from __future__ import annotations

from PySide6.QtCore import QEasingCurve, QPoint, QRect, QRectF, QSize, Qt, QVariantAnimation, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QSizePolicy, QWidget

from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import HALF_SEEN, Space, Theme
from slmdesk.ui.widgets.focus import FocusRing
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.tooltip import set_tooltip


class Switch(QCheckBox):
    """A switch called `name` by screen readers. Space and a click change it.

    One that is fixed by a policy keeps the keyboard, so that its reason can be heard, but not the change.
    """

    changed = Signal(bool)
    """The person changed it."""

    def __init__(
        self, theme: Theme, name: str, *, value: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._reason = ""
        self._lock = False
        self._place = 1.0 if value else 0.0
        self._slide = QVariantAnimation(self)
        self._slide.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._slide.valueChanged.connect(self._move)
        self.setChecked(value)
        self.setAccessibleName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.focus_ring = FocusRing(theme, self, theme.sizes.switch / 2, area=self._track)
        theme.changed.connect(self.update)

    @property
    def value(self) -> bool:
        """Whether it is on."""
        return self.isChecked()

    @property
    def fixed(self) -> str:
        """Why the value cannot be changed, or empty."""
        return self._reason

    def set_value(self, value: bool) -> None:
        """Show `value` at once, without saying `changed`."""
        self.setChecked(value)
        self._slide.stop()
        self._move(1.0 if value else 0.0)

    def set_fixed(self, reason: str, *, lock: bool = True) -> None:
        """Keep the value as it is and say why; empty: it can be changed again.

        `lock`: draw the lock beside the switch, where nothing else near it does.
        """
        self._reason = reason
        self._lock = bool(reason) and lock
        self.setAccessibleDescription(reason)
        set_tooltip(self, reason)
        self.updateGeometry()
        self.update()

    def nextCheckState(self) -> None:
        """A click of the person."""
        if self._reason:
            return
        super().nextCheckState()
        end = 1.0 if self.isChecked() else 0.0
        if self._theme.motion_ms and self.isVisible():
            self._slide.stop()
            self._slide.setDuration(self._theme.motion_ms)
            self._slide.setStartValue(self._place)
            self._slide.setEndValue(end)
            self._slide.start()
        else:
            self._move(end)
        self.changed.emit(self.isChecked())

    def sizeHint(self) -> QSize:
        """The switch, and its lock."""
        sizes = self._theme.sizes
        lock = sizes.icon_button + Space.XS if self._lock else 0
        return QSize(sizes.switch_width + lock, sizes.switch)

    def minimumSizeHint(self) -> QSize:
        """Never cut."""
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        """All of it."""
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the track, the knob on its way, and the lock."""
        painter = QPainter(self)
        color, sizes = self._theme.color, self._theme.sizes
        usable = self.isEnabled() and not self._reason
        over, track = usable and self.underMouse(), QRectF(self._track())
        round_ends = track.height() / 2
        knob: QColor
        if self.isChecked():
            fill = "accent_pressed" if usable and self.isDown() else "accent_hover" if over else "accent"
            if not usable:
                painter.setOpacity(HALF_SEEN)
            draw_box(painter, track, round_ends, color(fill))
            knob = color("accent_text")
        else:
            line = "border_control" if not usable else "text_secondary" if over else "border_mark"
            fill = "pressed" if usable and self.isDown() else "surface"
            draw_box(painter, track, round_ends, color(fill), color(line))
            knob = color(line)
        edge = (track.height() - sizes.switch_knob) / 2
        way = track.width() - sizes.switch_knob - 2 * edge
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = track.left() + edge + way * (1 - self._place if mirrored else self._place)
        box = QRectF(left, track.top() + edge, sizes.switch_knob, sizes.switch_knob)
        draw_box(painter, box, sizes.switch_knob / 2, knob)
        painter.setOpacity(1)
        if self._lock:
            start = 0 if mirrored else self.width() - sizes.icon_button
            lock = QRectF(start, 0, sizes.icon_button, self.height())
            draw_icon(painter, "lock", lock, sizes.icon_button, color("text_secondary"))

    def _track(self) -> QRect:
        sizes = self._theme.sizes
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = self.width() - sizes.switch_width if mirrored else 0
        return QRect(left, (self.height() - sizes.switch) // 2, sizes.switch_width, sizes.switch)

    def _move(self, place: object) -> None:
        assert isinstance(place, float)
        self._place = place
        self.update()
