"""The sheet of keyboard shortcuts, over the window."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from slmdesk.messages import tr
from slmdesk.ui.shortcuts.table import ShortcutGroup, shortcut_groups
from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.painting import draw_box

_CLOSING_KEYS = (Qt.Key.Key_Escape, Qt.Key.Key_F1)


class ShortcutSheet(QWidget):
    """Covers its window until Esc, F1, the cross or a click beside it closes it; deletes itself then."""

    closed = Signal()

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._theme = theme
        self._window = window
        self._before: QWidget | None = None
        self.setAccessibleName(tr("Keyboard shortcuts"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.card = _Sheet(theme, self)
        head = QHBoxLayout()
        head.addWidget(Label(theme, tr("Keyboard shortcuts"), TextRole.PAGE_HEAD), 1)
        self.close_button = Button(theme, icon="x", name=tr("Close"))
        self.close_button.clicked.connect(self.leave)
        head.addWidget(self.close_button)
        content = QWidget()
        columns = QHBoxLayout(content)
        columns.setContentsMargins(0, 0, Space.M, 0)
        columns.setSpacing(Space.XXL)
        groups = shortcut_groups()
        for part in (groups[: len(groups) // 2], groups[len(groups) // 2 :]):
            column = QVBoxLayout()
            column.setSpacing(Space.S)
            for group in part:
                self._add_group(column, group)
            column.addStretch(1)
            columns.addLayout(column, 1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.viewport().setAutoFillBackground(False)
        scroll.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        scroll.setWidget(content)
        content.setAutoFillBackground(False)
        self.area = scroll
        box = QVBoxLayout(self.card)
        box.setContentsMargins(Space.XL, Space.L, Space.L, Space.L)
        box.setSpacing(Space.M)
        box.addLayout(head)
        box.addWidget(scroll, 1)
        self._content = content
        window.installEventFilter(self)

    def open(self) -> None:
        """Show it and take the keyboard, which goes back to where it was when it closes."""
        self._before = self.window().focusWidget()
        self._cover()
        self.show()
        self.raise_()
        self.area.setFocus(Qt.FocusReason.PopupFocusReason)

    def leave(self) -> None:
        """Close it."""
        if self.isHidden():
            return
        self.hide()
        if self._before is not None:
            self._before.setFocus(Qt.FocusReason.PopupFocusReason)
        self.closed.emit()
        self.deleteLater()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab stays in the sheet: there are two places."""
        other = self.close_button if self.area.hasFocus() else self.area
        other.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
        return True

    def event(self, event: QEvent) -> bool:
        """As long as it is there, the window's own keys do nothing: nobody sees what they would do."""
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc and F1 close it."""
        if event.key() in _CLOSING_KEYS:
            self.leave()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click beside the sheet closes it."""
        if not self.card.geometry().contains(event.position().toPoint()):
            self.leave()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Go on covering the window."""
        if watched is self._window and event.type() == QEvent.Type.Resize:
            self._cover()
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Shade the window, which stays to be seen."""
        QPainter(self).fillRect(self.rect(), self._theme.color("shade"))

    def _cover(self) -> None:
        self.setGeometry(self._window.rect())
        wide = self._content.sizeHint().width() + 2 * (Space.XL + Space.L)
        high = self._content.sizeHint().height() + self.close_button.sizeHint().height() + 3 * Space.XL
        width = min(wide, self.width() - 2 * Space.XL)
        height = min(high, self.height() - 2 * Space.XL)
        self.card.setGeometry((self.width() - width) // 2, (self.height() - height) // 2, width, height)

    def _add_group(self, column: QVBoxLayout, group: ShortcutGroup) -> None:
        column.addWidget(Label(self._theme, group.title, TextRole.GROUP_HEAD, "text_secondary"))
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, Space.M)
        grid.setHorizontalSpacing(Space.L)
        grid.setVerticalSpacing(Space.XS)
        grid.setColumnStretch(0, 1)
        for row, one in enumerate(group.shortcuts):
            keys = QKeySequence(one.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)
            words = Label(self._theme, one.words, wrap=True)
            words.setAccessibleName(f"{one.words}: {keys}")
            grid.addWidget(words, row, 0)
            grid.addWidget(_Keys(self._theme, keys), row, 1, Qt.AlignmentFlag.AlignRight)
        column.addLayout(grid)


class _Sheet(QWidget):
    """The card."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        color = self._theme.color
        draw_box(painter, QRectF(self.rect()), Radius.CARD, color("surface_raised"), color("border_control"))


class _Keys(Label):
    """Keys in a small box."""

    def __init__(self, theme: Theme, keys: str) -> None:
        super().__init__(theme, keys, TextRole.SECONDARY)
        self._look = theme
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setContentsMargins(Space.S, Space.TINY, Space.S, Space.TINY)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        color = self._look.color
        draw_box(painter, QRectF(self.rect()), Radius.BADGE, color("surface_sunken"), color("border_control"))
        painter.end()
        super().paintEvent(event)
