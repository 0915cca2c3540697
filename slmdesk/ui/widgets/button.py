"""Buttons: primary, standard, destructive, filter, quiet, link and icon only."""

from __future__ import annotations

import enum

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QToolTip, QWidget

from slmdesk.messages import tr
from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.focus import FocusRing
from slmdesk.ui.widgets.painting import draw_box, draw_turned_icon
from slmdesk.ui.widgets.speech import announce
from slmdesk.ui.widgets.spinner import Turning
from slmdesk.ui.widgets.tooltip import plain_tooltip, set_tooltip

DONE_MS = 2000
"""How long a button says that what it did is done."""


class ButtonKind(enum.Enum):
    """How much a button asks for attention."""

    PRIMARY = enum.auto()
    STANDARD = enum.auto()
    QUIET = enum.auto()
    """Text without a box until the pointer is over it."""
    DESTRUCTIVE = enum.auto()
    """Something goes away."""
    FILTER = enum.auto()
    """Stays on when it is pressed, and off when it is pressed again."""
    LINK = enum.auto()
    """A small text in the accent's ink, at the end of a row or a head."""


class Button(QAbstractButton):
    """A button with a text, an icon, or both. `name`: accessible name and tooltip where an icon is alone.

    Space and Enter press it. One that is checkable shows while it is checked that it is.
    """

    def __init__(
        self,
        theme: Theme,
        text: str = "",
        kind: ButtonKind = ButtonKind.STANDARD,
        *,
        icon: str = "",
        trailing: str = "",
        name: str = "",
        small: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._kind = kind
        self._icon = icon
        self._trailing = trailing
        self._busy = False
        self._idle_text = text
        self._had_focus = False
        self._faint = False
        self._spinning: Turning | None = None
        self._done: QTimer | None = None
        small = small or kind is ButtonKind.LINK or not text
        self._height = theme.sizes.button_small if small else theme.sizes.button
        self.setText(text)
        self.setCheckable(kind is ButtonKind.FILTER)
        self.setFont(theme.font(TextRole.GROUP_HEAD if kind is ButtonKind.LINK else TextRole.LABEL))
        if name:
            self.set_name(name)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.focus_ring = FocusRing(theme, self)
        theme.changed.connect(self.update)

    def set_name(self, name: str) -> None:
        """Call it something else: accessible name and tooltip."""
        self.setAccessibleName(name)
        set_tooltip(self, name)

    def set_busy(self, busy: bool, text: str = "") -> None:
        """Show that what the button started is going on; it cannot be pressed meanwhile.

        `text` is what it says while it is busy: "Starting" in place of "Start".
        """
        if busy == self._busy:
            return
        # A control that is disabled loses the keyboard, and gets it back when it can be pressed again.
        self._busy, had_focus = busy, self._had_focus
        self._had_focus = busy and self.hasFocus()
        if busy:
            self._idle_text = self.text()
            self.setText(text or self.text())
        else:
            self.setText(self._idle_text)
        self.setAccessibleDescription(tr("Busy") if busy else "")
        self.setEnabled(not busy)
        if had_focus:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        self._turn()
        self.updateGeometry()
        self.update()

    def show_done(self, sentence: str) -> None:
        """Show a tick in place of the icon for two seconds, and have a screen reader say `sentence`."""
        if self._done is None:
            self._done = QTimer(self)
            self._done.setSingleShot(True)
            self._done.setInterval(DONE_MS)
            self._done.timeout.connect(self.update)
        self._done.start()
        self.update()
        announce(self, sentence)

    @property
    def faint(self) -> bool:
        """Whether nothing is drawn."""
        return self._faint

    def set_faint(self, faint: bool) -> None:
        """Keep the place but draw nothing: an action that shows on hover and focus."""
        if faint != self._faint:
            self._faint = faint
            self.update()

    def set_icon(self, icon: str) -> None:
        """Show another icon of the same size."""
        self._icon = icon
        self.update()

    def set_trailing(self, icon: str) -> None:
        """Show another icon behind the text."""
        self._trailing = icon
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as the content and its padding."""
        if not self.text():
            return QSize(self._height, self._height)
        side = Space.S if self._kind in (ButtonKind.QUIET, ButtonKind.LINK) else Space.M
        return QSize(self._content_width() + 2 * side, self._height)

    def minimumSizeHint(self) -> QSize:
        """No layout cuts a button but a `Flow`, where the line is shorter than the button alone."""
        return self.sizeHint()

    @property
    def is_shortened(self) -> bool:
        """Whether there is no room for all of its words, even without the icon."""
        icon = self._theme.sizes.icon_button + Space.S if self._leading else 0
        return bool(self.text()) and self._lacking() > icon

    def event(self, event: QEvent) -> bool:
        """The tooltip of a button that is shortened says all of it."""
        asked = isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip
        if asked and self.is_shortened and not self.toolTip():
            assert isinstance(event, QHelpEvent)
            QToolTip.showText(event.globalPos(), plain_tooltip(self.text()), self)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses it as Space does."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.click()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Turn again, where it is busy."""
        super().showEvent(event)
        self._turn()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest: what nobody sees costs nothing."""
        super().hideEvent(event)
        if self._done is not None:
            self._done.stop()
        self._turn()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box, then icon, text and trailing icon in the middle."""
        if self._faint:
            return
        painter = QPainter(self)
        fill, border, ink = self._colors()
        draw_box(painter, QRectF(self.rect()), Radius.BUTTON, fill, border)
        sizes = self._theme.sizes
        if not self.text():
            self._draw_leading(painter, QRectF(self.rect()), ink)
            return
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        metrics, text = QFontMetrics(self.font()), self.text()
        text_width = metrics.horizontalAdvance(text)
        content, leading, lacking = self._content_width(), self._leading, self._lacking()
        if lacking > 0 and leading:
            # Wider than the window is for large text: the words say more than the icon.
            icon = sizes.icon_button + Space.S
            content, leading, lacking = content - icon, "", lacking - icon
        if lacking > 0:
            text_width = max(text_width - lacking, 0)
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, text_width)
        start = (self.width() - content + max(lacking, 0)) / 2

        def take(width: int) -> QRectF:
            """The next part of the content, from where reading begins."""
            nonlocal start
            left = self.width() - start - width if mirrored else start
            start += width + Space.S
            return QRectF(left, 0, width, self.height())

        if leading:
            self._draw_leading(painter, take(sizes.icon_button), ink)
        painter.setFont(self.font())
        painter.setPen(ink)
        align = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
        # A pixel more on each side: fonts may draw past what they measure.
        painter.drawText(take(text_width).adjusted(-1, 0, 1, 0), align, text)
        if self._trailing:
            if self.isChecked() and self.isEnabled():
                ink = self._theme.color("accent_ink")
            draw_icon(painter, self._trailing, take(sizes.icon_chevron), sizes.icon_chevron, ink)

    @property
    def _leading(self) -> str:
        if self._busy:
            return "loader-circle"
        return "check" if self._icon and self._is_done else self._icon

    @property
    def _is_done(self) -> bool:
        return self._done is not None and self._done.isActive()

    def _lacking(self) -> int:
        """Pixels that there are too few for all of it; none or less: there is room."""
        return self._content_width() + 2 * Space.XS - self.width()

    def _content_width(self) -> int:
        sizes = self._theme.sizes
        width = QFontMetrics(self.font()).horizontalAdvance(self.text())
        width += sizes.icon_button + Space.S if self._leading else 0
        return width + (sizes.icon_chevron + Space.S if self._trailing else 0)

    def _draw_leading(self, painter: QPainter, box: QRectF, ink: QColor) -> None:
        if self._is_done and not self._busy:
            ink = self._theme.color("positive")
        angle = self._spinning.angle if self._spinning is not None else 0.0
        draw_turned_icon(painter, self._leading, box, self._theme.sizes.icon_button, ink, angle)

    def _turn(self) -> None:
        """A button that was never busy has no timer to turn with."""
        if self._busy and self._spinning is None:
            self._spinning = Turning(self._theme, self.update, self)
        if self._spinning is not None:
            self._spinning.run(self._busy and self.isVisible())

    def _colors(self) -> tuple[QColor | None, QColor | None, QColor]:
        """Fill, border and ink for the state the button is in."""
        color = self._theme.color
        over, down = self.underMouse() and self.isEnabled(), self.isDown()
        boxed = bool(self.text()) and self._kind not in (ButtonKind.QUIET, ButtonKind.LINK)
        if not self.isEnabled():
            ink = color("text_secondary" if self._busy else "text_disabled")
            return (color("surface_sunken"), color("border"), ink) if boxed else (None, None, ink)
        if self._kind is ButtonKind.PRIMARY:
            fill = "accent_pressed" if down else "accent_hover" if over else "accent"
            return color(fill), None, color("accent_text")
        if self._kind is ButtonKind.DESTRUCTIVE and boxed:
            fill = "negative_soft" if over or down else "surface_raised"
            return color(fill), color("negative" if down else "border_control"), color("negative")
        fill = "pressed" if down else "hover" if over else ""
        if self._kind is ButtonKind.LINK:
            return color(fill) if fill else None, None, color("accent_ink")
        if self.isChecked():
            on = color(fill or "selection")
            return (on, color("accent_ink"), color("text")) if boxed else (on, None, color("accent_ink"))
        if boxed:
            return color(fill or "surface_raised"), color("border_control"), color("text")
        if self._kind is ButtonKind.DESTRUCTIVE:
            return color("negative_soft") if fill else None, None, color("negative")
        ink = color("text" if over or down or self.text() else "text_secondary")
        return color(fill) if fill else None, None, ink
