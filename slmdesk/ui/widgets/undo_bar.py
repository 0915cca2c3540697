"""What was done, with a way back: in place of asking before."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QFont, QKeyEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QHBoxLayout, QSizePolicy, QWidget

from slmdesk.messages import tr
from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Line, Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.labels import ElidedLabel
from slmdesk.ui.widgets.painting import draw_box, draw_shadow
from slmdesk.ui.widgets.speech import announce
from slmdesk.ui.widgets.tooltip import set_tooltip

UNDO_MS = 20_000
"""How long a way back is offered, unless the person is at it."""


# How much of the bar's ink lies over a button under the pointer, and over a pressed one.
_HOVER_VEIL = 0.12
_PRESSED_VEIL = 0.24


class _BarButton(QAbstractButton):
    """A button on the dark bar: an underlined word, or an icon. Its ring lies inside, in the bar's ink."""

    def __init__(self, theme: Theme, text: str, icon: str, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon = icon
        self.setText(text)
        font = QFont(theme.font(TextRole.STRONG))
        font.setUnderline(True)
        self.setFont(font)
        if name:
            self.setAccessibleName(name)
            set_tooltip(self, name)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._focused = False

    def sizeHint(self) -> QSize:
        side = self._theme.sizes.button_small
        if self._icon:
            return QSize(side, side)
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 2 * Space.S, side)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._focused = event.type() == QEvent.Type.FocusIn
            self.update()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ink = self._theme.color("tooltip_text")
        box = QRectF(self.rect())
        if self.underMouse() or self.isDown():
            veil = self._theme.color("tooltip_text")
            veil.setAlphaF(_PRESSED_VEIL if self.isDown() else _HOVER_VEIL)
            draw_box(painter, box, Radius.BUTTON, veil)
        if self._focused:
            draw_box(painter, box, Radius.BUTTON, None, ink, Line.FOCUS)
        if self._icon:
            draw_icon(painter, self._icon, box, self._theme.sizes.icon_button, ink)
        else:
            painter.setFont(self.font())
            painter.setPen(ink)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.text())


class UndoBar(QWidget):
    """Says what was done and offers to undo it, for `timeout_ms` of the person's not being at it.

    Over the foot of its parent, in the middle. The time stands still while the pointer is over it or the
    keyboard in it, and while the window is not the active one. A screen reader is told at once. Exactly one
    of `undone` and `ended` is said; then the bar deletes itself.
    """

    undone = Signal()
    """The person wants it back."""
    ended = Signal()
    """The time ran out, or the person closed the bar: what was done is final."""

    def __init__(self, theme: Theme, text: str, parent: QWidget, *, timeout_ms: int = UNDO_MS) -> None:
        super().__init__(parent)
        self._theme = theme
        self._over = False
        self._done = False
        self._spoken = False
        self.had_focus = False
        """Whether the keyboard was in it when it went."""
        self.label = ElidedLabel(theme, text, color="tooltip_text", parent=self)
        self.undo_button = _BarButton(theme, tr("Undo"), "", "", self)
        self.close_button = _BarButton(theme, "", "x", tr("Close"), self)
        self.setAccessibleName(text)
        self.undo_button.setAccessibleDescription(text)
        edge = theme.sizes.shadow
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(edge + Space.S, edge, edge + Space.S, edge)
        row.setSpacing(Space.M)
        # Margins are not mirrored; spaces are.
        row.addSpacing(Space.S)
        row.addWidget(self.label, 1)
        row.addWidget(self.undo_button)
        row.addWidget(self.close_button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(timeout_ms)
        self._timer.timeout.connect(self.end)
        self.undo_button.clicked.connect(self.undo)
        self.close_button.clicked.connect(self.end)
        self.setFixedHeight(theme.sizes.undo_bar + 2 * edge)
        parent.installEventFilter(self)
        for button in (self.undo_button, self.close_button):
            button.installEventFilter(self)
        theme.changed.connect(self.update)
        self._place()

    @property
    def paused(self) -> bool:
        """Whether the time stands still."""
        return not self._timer.isActive()

    def undo(self) -> None:
        """Bring back what was done away with, as its button does."""
        if not self._done:
            self._leave()
            self.undone.emit()

    def end(self) -> None:
        """Make what was done final now."""
        if not self._done:
            self._leave()
            self.ended.emit()

    def showEvent(self, event: QShowEvent) -> None:
        """Speak, and let the time run."""
        super().showEvent(event)
        self.raise_()
        if not self._spoken:
            self._spoken = True
            announce(self, tr("{what}. Undo is available.").format(what=self.label.whole_text))
        self._pause_or_run()

    def enterEvent(self, event: QEnterEvent) -> None:
        """The person is at it."""
        super().enterEvent(event)
        self._over = True
        self._pause_or_run()

    def leaveEvent(self, event: QEvent) -> None:
        """The person has left."""
        super().leaveEvent(event)
        self._over = False
        self._pause_or_run()

    def event(self, event: QEvent) -> bool:
        """The window became active, or another did."""
        if event.type() in (QEvent.Type.WindowActivate, QEvent.Type.WindowDeactivate):
            self._pause_or_run()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes the bar."""
        if event.key() == Qt.Key.Key_Escape:
            self.end()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the foot of the parent, and see where the keyboard is. Never swallows an event."""
        kind = event.type()
        if watched is self.parent():
            if kind == QEvent.Type.Resize:
                self._place()
        elif kind in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            # Where the keyboard goes is known after the event.
            QTimer.singleShot(0, self, self._pause_or_run)
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bar and its shadow."""
        painter = QPainter(self)
        edge = self._theme.sizes.shadow
        box = QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)
        draw_shadow(self._theme, painter, box)
        draw_box(painter, box, Radius.CARD, self._theme.color("tooltip"))

    def _leave(self) -> None:
        self._done = True
        self.had_focus = self._has_focus()
        self._timer.stop()
        self.hide()
        self.deleteLater()

    def _pause_or_run(self) -> None:
        if self._done:
            return
        if self._over or self._has_focus() or not self.isVisible() or not self.isActiveWindow():
            self._timer.stop()
        elif not self._timer.isActive():
            # From the start: who looked at the bar gets the whole time again.
            self._timer.start()

    def _has_focus(self) -> bool:
        focus = QApplication.focusWidget()
        return focus is not None and self.isAncestorOf(focus)

    def _place(self) -> None:
        parent = self.parentWidget()
        assert parent is not None
        edge = self._theme.sizes.shadow
        wanted = max(self._theme.sizes.undo_bar_width, self._row.sizeHint().width() - 2 * edge)
        width = min(wanted, parent.width() - 2 * Space.L)
        left = (parent.width() - width) // 2 - edge
        top = parent.height() - self._theme.sizes.undo_bar - Space.L - edge
        self.setGeometry(left, top, width + 2 * edge, self.height())
