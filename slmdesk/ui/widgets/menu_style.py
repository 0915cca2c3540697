"""How the rows of a menu are measured and drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QProxyStyle, QStyle, QStyleOption, QStyleOptionMenuItem, QWidget

from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Line, Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.painting import draw_box, draw_raised_box

if TYPE_CHECKING:
    from slmdesk.ui.widgets.menu import Menu

ICON = "slmdesk-icon"
DESTRUCTIVE = "slmdesk-destructive"
HEAD = "slmdesk-head"
"""Names of properties of actions: what Qt's own options of a row cannot say."""

_ItemType = QStyleOptionMenuItem.MenuItemType
_PRIMITIVES = (QStyle.PrimitiveElement.PE_PanelMenu, QStyle.PrimitiveElement.PE_FrameMenu)
_METRICS = {
    QStyle.PixelMetric.PM_MenuPanelWidth: Line.BORDER,
    QStyle.PixelMetric.PM_MenuHMargin: Space.XS,
    QStyle.PixelMetric.PM_MenuVMargin: Space.XS,
}


class MenuStyle(QProxyStyle):
    """The look of one menu, which keeps room around itself for its shadow."""

    def __init__(self, theme: Theme, menu: Menu) -> None:
        super().__init__("fusion")
        self.setParent(menu)
        self._theme = theme
        self._menu = menu

    def pixelMetric(
        self,
        metric: QStyle.PixelMetric,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
    ) -> int:
        """The room between the rows and the border."""
        if metric in _METRICS:
            return int(_METRICS[metric])
        return super().pixelMetric(metric, option, widget)

    def sizeFromContents(
        self,
        kind: QStyle.ContentsType,
        option: QStyleOption,
        size: QSize,
        widget: QWidget | None = None,
    ) -> QSize:
        """The place of a row. Qt adds the width of the widest shortcut to all."""
        if kind != QStyle.ContentsType.CT_MenuItem or not isinstance(option, QStyleOptionMenuItem):
            return super().sizeFromContents(kind, option, size, widget)  # type: ignore[arg-type]
        sizes = self._theme.sizes
        if option.menuItemType == _ItemType.Separator:
            return QSize(Space.XL, 2 * Space.XS + Line.BORDER)
        text = option.text.split("\t")[0]
        width = QFontMetrics(self._theme.font(TextRole.BASE)).horizontalAdvance(text) + 2 * Space.M
        width += self._indent() + Space.XL
        if option.menuItemType == _ItemType.SubMenu:
            width += sizes.icon_chevron + Space.M
        # A head is the one row that is not enabled and says so in its weight.
        return QSize(width, sizes.group_head if self._is_head(text) else sizes.menu_row)

    def drawPrimitive(
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        """The box and its shadow."""
        if element not in _PRIMITIVES:
            super().drawPrimitive(element, option, painter, widget)
        elif element == QStyle.PrimitiveElement.PE_PanelMenu:
            edge = self._menu.edge
            draw_raised_box(
                self._theme, painter, QRectF(self._menu.rect()).adjusted(edge, edge, -edge, -edge)
            )

    def drawControl(
        self,
        element: QStyle.ControlElement,
        option: QStyleOption,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        """A row."""
        if element == QStyle.ControlElement.CE_MenuItem and isinstance(option, QStyleOptionMenuItem):
            self._draw_row(option, painter)
        elif element != QStyle.ControlElement.CE_MenuEmptyArea:
            super().drawControl(element, option, painter, widget)

    def _draw_row(self, option: QStyleOptionMenuItem, painter: QPainter) -> None:
        color, sizes = self._theme.color, self._theme.sizes
        box = QRectF(option.rect)
        if option.menuItemType == _ItemType.Separator:
            across = box.adjusted(-Space.XS, 0, Space.XS, 0)
            # As the border of the box: a fainter line is lost on a raised surface.
            painter.fillRect(
                QRectF(across.left(), box.top() + Space.XS, across.width(), Line.BORDER),
                color("border_control"),
            )
            return
        action = self._menu.actionAt(option.rect.center())
        icon, destructive, head = (
            action.property(name) if action else None for name in (ICON, DESTRUCTIVE, HEAD)
        )
        enabled = bool(option.state & QStyle.StateFlag.State_Enabled)
        over = enabled and bool(option.state & QStyle.StateFlag.State_Selected)
        if over:
            draw_box(painter, box, Radius.BUTTON, color("negative_soft" if destructive else "hover"))
        ink = color("negative" if destructive else "text") if enabled else color("text_disabled")
        mirrored = option.direction == Qt.LayoutDirection.RightToLeft
        text, _, shortcut = option.text.partition("\t")
        mark_size = sizes.icon_button

        def place(start: float, width: float) -> QRectF:
            left = box.right() - start - width if mirrored else box.left() + start
            return QRectF(left, box.top(), width, box.height())

        mark = place(Space.M, mark_size)
        if option.checked:
            draw_icon(painter, "check", mark, mark_size, color("accent_ink") if enabled else ink)
        elif icon:
            quiet = color("text_secondary") if enabled and not destructive else ink
            draw_icon(painter, icon, mark, mark_size, quiet)
        start = Space.M + (0 if head else self._indent())
        end = box.width() - Space.M
        side = Qt.AlignmentFlag.AlignRight if mirrored else Qt.AlignmentFlag.AlignLeft
        other = Qt.AlignmentFlag.AlignLeft if mirrored else Qt.AlignmentFlag.AlignRight
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute | Qt.TextFlag.TextSingleLine
        painter.setFont(self._theme.font(TextRole.GROUP_HEAD if head else TextRole.BASE))
        painter.setPen(color("text_secondary") if head else ink)
        painter.drawText(place(start, end - start), middle | side | Qt.TextFlag.TextShowMnemonic, text)
        if option.menuItemType == _ItemType.SubMenu:
            arrow = "chevron-left" if mirrored else "chevron-right"
            draw_icon(
                painter, arrow, place(end - sizes.icon_chevron, sizes.icon_chevron), sizes.icon_chevron, ink
            )
        elif shortcut:
            painter.setFont(self._theme.font(TextRole.SECONDARY))
            painter.setPen(color("text_secondary") if enabled else ink)
            painter.drawText(place(start, end - start), middle | other, shortcut)

    def _indent(self) -> int:
        """The room for marks before the text, where any row has one."""
        if any(action.property(ICON) or action.isCheckable() for action in self._menu.actions()):
            return self._theme.sizes.icon_button + Space.M
        return 0

    def _is_head(self, text: str) -> bool:
        return any(action.property(HEAD) and action.text() == text for action in self._menu.actions())
