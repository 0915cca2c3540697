"""Buttons: primary, standard, quiet and icon only."""

from __future__ import annotations

import enum

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QEnterEvent, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.focus import FocusRing
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.tooltip import set_tooltip


class ButtonKind(enum.Enum):
    """How much a button asks for attention."""

    PRIMARY = enum.auto()
    STANDARD = enum.auto()
    QUIET = enum.auto()
    """Text without a box until the pointer is over it."""


class Button(QAbstractButton):
    """A button with a text, an icon, or both. `name`: accessible name and tooltip where an icon is alone."""

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
        self._had_focus = False
        self._faint = False
        self._height = theme.sizes.button_small if small or not text else theme.sizes.button
        self.setText(text)
        self.setFont(theme.font(TextRole.LABEL))
        if name:
            self.setAccessibleName(name)
            set_tooltip(self, name)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.focus_ring = FocusRing(theme, self)
        theme.changed.connect(self.update)

    def set_busy(self, busy: bool) -> None:
        """Show that what the button started is going on; it cannot be pressed meanwhile."""
        if busy == self._busy:
            return
        # A control that is disabled loses the keyboard, and gets it back when it can be pressed again.
        self._busy, had_focus = busy, self._had_focus
        self._had_focus = busy and self.hasFocus()
        self.setEnabled(not busy)
        if had_focus:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.updateGeometry()
        self.update()

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
        side = Space.S if self._kind is ButtonKind.QUIET else Space.M
        width = QFontMetrics(self.font()).horizontalAdvance(self.text()) + 2 * side
        if self._leading:
            width += self._theme.sizes.icon_button + Space.S
        if self._trailing:
            width += self._theme.sizes.icon_chevron + Space.S
        return QSize(width, self._height)

    def minimumSizeHint(self) -> QSize:
        """A button is never cut."""
        return self.sizeHint()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Redraw with the pointer over it."""
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Redraw without the pointer."""
        super().leaveEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box, then icon, text and trailing icon in the middle."""
        if self._faint:
            return
        painter = QPainter(self)
        fill, border, ink = self._colors()
        draw_box(painter, QRectF(self.rect()), Radius.BUTTON, fill, border)
        sizes = self._theme.sizes
        if not self.text():
            draw_icon(painter, self._leading, QRectF(self.rect()), sizes.icon_button, ink)
            return
        text_width = QFontMetrics(self.font()).horizontalAdvance(self.text())
        content = text_width
        content += sizes.icon_button + Space.S if self._leading else 0
        content += sizes.icon_chevron + Space.S if self._trailing else 0
        left = (self.width() - content) / 2
        if self._leading:
            box = QRectF(left, 0, sizes.icon_button, self.height())
            draw_icon(painter, self._leading, box, sizes.icon_button, ink)
            left += sizes.icon_button + Space.S
        painter.setFont(self.font())
        painter.setPen(ink)
        painter.drawText(
            QRectF(left, 0, text_width + 1, self.height()),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            self.text(),
        )
        if self._trailing:
            box = QRectF(left + text_width + Space.S, 0, sizes.icon_chevron, self.height())
            draw_icon(painter, self._trailing, box, sizes.icon_chevron, ink)

    @property
    def _leading(self) -> str:
        return "loader-circle" if self._busy else self._icon

    def _colors(self) -> tuple[QColor | None, QColor | None, QColor]:
        """Fill, border and ink for the state the button is in."""
        color = self._theme.color
        over, down = self.underMouse() and self.isEnabled(), self.isDown()
        if not self.isEnabled():
            ink = color("text_secondary" if self._busy else "text_disabled")
            if self._kind is ButtonKind.QUIET or not self.text():
                return None, None, ink
            return color("surface_sunken"), color("border"), ink
        if self._kind is ButtonKind.PRIMARY:
            fill = "accent_pressed" if down else "accent_hover" if over else "accent"
            return color(fill), None, color("accent_text")
        fill = "pressed" if down else "hover" if over else ""
        if self._kind is ButtonKind.STANDARD and self.text():
            return color(fill or "surface_raised"), color("border_control"), color("text")
        ink = color("text" if over or down or self.text() else "text_secondary")
        return color(fill) if fill else None, None, ink
