"""Menus of things to do: context menus, and what a "more" button opens."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QPainterPath, QRegion, QResizeEvent
from PySide6.QtWidgets import QMenu, QWidget

from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.menu_style import DESTRUCTIVE, HEAD, ICON, MenuStyle
from slmdesk.ui.widgets.tooltip import set_tooltip


class Menu(QMenu):
    """A menu that is filled, opened once, and deletes itself when it closes.

    Arrows, Enter, Esc and the first letters of the rows work; the keyboard
    goes back to where it was. Shortcuts are shown, not made: who owns the action listens for its keys.
    `edge` is the room that the menu keeps around its box for the shadow, which it draws itself.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.setWindowFlag(Qt.WindowType.NoDropShadowWindowHint)
        # On X11 nothing says whether transparent windows work, and where they do not they are black.
        self._transparent = QGuiApplication.platformName() != "xcb"
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground, self._transparent)
        self.setToolTipsVisible(True)
        self.setFont(theme.font(TextRole.BASE))
        self.setStyle(MenuStyle(theme, self))
        self.edge = edge = theme.sizes.shadow if self._transparent else 0
        self.setContentsMargins(edge, edge, edge, edge)
        self.aboutToHide.connect(self.deleteLater)

    def add(
        self,
        text: str,
        run: Callable[[], object],
        *,
        icon: str = "",
        shortcut: str = "",
        destructive: bool = False,
        checked: bool | None = None,
        enabled: bool = True,
        reason: str = "",
    ) -> QAction:
        """A row that calls `run`.

        `shortcut` in Qt's portable words ("Ctrl+Shift+C"), shown as the system writes it. `checked`: the row
        is one that can be on or off. `reason`: why it cannot be chosen now, as its tooltip.
        """
        # An ampersand in a name is no mnemonic.
        action = QAction(text.replace("&", "&&"), self)
        action.setProperty(ICON, icon)
        action.setProperty(DESTRUCTIVE, destructive)
        if shortcut:
            action.setShortcut(QKeySequence(shortcut))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.setShortcutVisibleInContextMenu(True)
        if checked is not None:
            action.setCheckable(True)
            action.setChecked(checked)
        action.setEnabled(enabled)
        set_tooltip(action, reason)
        action.triggered.connect(lambda _checked=False: run())
        self.addAction(action)
        return action

    def add_divider(self) -> None:
        """A line between groups of rows."""
        self.addSeparator()

    def add_head(self, text: str) -> None:
        """A small head over the rows that follow."""
        action = QAction(text.replace("&", "&&"), self)
        action.setProperty(HEAD, True)
        action.setEnabled(False)
        self.addAction(action)

    def open_at(self, where: QPoint) -> None:
        """Open with its corner at a point of the screen."""
        edge = self.edge
        self.popup(where - QPoint(edge, edge))

    def open_below(self, opener: QWidget) -> None:
        """Open under `opener`, edge to edge: the left ones, or the right ones where text runs that way."""
        edge = self.edge
        corner = opener.mapToGlobal(QPoint(0, opener.height() + Space.XS))
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            corner += QPoint(opener.width() - self.sizeHint().width() + 2 * edge, 0)
        self.popup(corner - QPoint(edge, edge))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut the corners off where they cannot be transparent."""
        super().resizeEvent(event)
        if not self._transparent:
            shape = QPainterPath()
            shape.addRoundedRect(QRectF(self.rect()), Radius.CARD, Radius.CARD)
            self.setMask(QRegion(shape.toFillPolygon().toPolygon()))
