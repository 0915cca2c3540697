"""The rail of panels, and the buttons that it shares with lists of pages."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QRadioButton, QSizePolicy, QVBoxLayout, QWidget

from slmdesk.messages import tr
from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Line, Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.focus import FocusRing
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.surface import Surface
from slmdesk.ui.widgets.tooltip import set_tooltip


class NavigationButton(QRadioButton):
    """One of several places. A radio button to the keyboard and to screen readers: arrow keys move on."""

    def __init__(
        self, theme: Theme, icon: str, name: str, *, fill: str, height: int, parent: QWidget | None = None
    ) -> None:
        super().__init__(name, parent)
        self._theme = theme
        self._icon = icon
        self._fill = fill
        self._height = height
        self._narrow = False
        self.shortcut_text = ""
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(name)
        self.setFont(theme.font(TextRole.BASE))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.focus_ring = FocusRing(theme, self)
        theme.changed.connect(self.update)

    def set_narrow(self, narrow: bool, height: int) -> None:
        """Show the icon alone; the name is in the tooltip."""
        self._narrow, self._height = narrow, height
        set_tooltip(
            self, " · ".join(part for part in (self.text() if narrow else "", self.shortcut_text) if part)
        )
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As high as its row; the list gives the width."""
        return QSize(self._height, self._height)

    def minimumSizeHint(self) -> QSize:
        """Never lower than its row."""
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        """The whole row can be pressed."""
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the row, a bar of the accent where it is chosen, icon and name."""
        painter = QPainter(self)
        color, sizes = self._theme.color, self._theme.sizes
        box = QRectF(self.rect())
        chosen = self.isChecked()
        if chosen or self.isDown():
            draw_box(painter, box, Radius.BUTTON, color(self._fill))
        elif self.underMouse():
            draw_box(painter, box, Radius.BUTTON, color("hover"))
        if chosen and self._fill == "pressed":
            top = (self.height() - sizes.rail_mark) / 2
            bar = QRectF(0, top, Line.RAIL_MARK, sizes.rail_mark)
            draw_box(painter, bar, Line.RAIL_MARK / 2, color("accent_ink"))
        ink = color("accent_ink" if chosen else "text_secondary")
        if self._narrow:
            draw_icon(painter, self._icon, box, sizes.icon_rail, ink)
            return
        icon = QRectF(Space.S + Space.TINY, 0, sizes.icon_rail, self.height())
        draw_icon(painter, self._icon, icon, sizes.icon_rail, ink)
        painter.setFont(self._theme.font(TextRole.STRONG if chosen else TextRole.BASE))
        painter.setPen(color("text" if chosen else "text_secondary"))
        words = box.adjusted(icon.right() + Space.S + Space.TINY, 0, -Space.S, 0)
        text = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, int(words.width()))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, text)


class Rail(Surface):
    """Panels at the top, settings at the foot; icons alone where the window is narrow."""

    chosen = Signal(int)
    """Index of a panel."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "window", (Qt.Edge.RightEdge,), parent)
        self.setAccessibleName(tr("Panels"))
        self._column = QVBoxLayout(self)
        self._column.setSpacing(Space.TINY)
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self.chosen)
        self.buttons: list[NavigationButton] = []
        for icon, name, shortcut in (
            ("message-square", tr("Chat"), tr("Ctrl+1")),
            ("layout-grid", tr("Models"), tr("Ctrl+2")),
            ("settings", tr("Settings"), tr("Ctrl+,")),
        ):
            button = NavigationButton(theme, icon, name, fill="pressed", height=theme.sizes.rail_item)
            button.shortcut_text = shortcut
            self._group.addButton(button, len(self.buttons))
            self.buttons.append(button)
        for button in self.buttons[:-1]:
            self._column.addWidget(button)
        self._column.addStretch(1)
        self._column.addWidget(self.buttons[-1])
        self.set_narrow(False)

    def choose(self, index: int) -> None:
        """Show the panel as chosen, without saying `chosen`."""
        self.buttons[index].setChecked(True)

    def set_narrow(self, narrow: bool) -> None:
        """Icons alone, or icons with names."""
        sizes = self._theme.sizes
        self.setFixedWidth(sizes.rail_narrow if narrow else sizes.rail)
        self._column.setContentsMargins(Space.S, Space.M, Space.S, Space.M)
        for button in self.buttons:
            button.set_narrow(narrow, sizes.rail_item_narrow if narrow else sizes.rail_item)
