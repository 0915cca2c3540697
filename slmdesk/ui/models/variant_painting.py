"""How the rows and the heads of the table of variants look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from slmdesk.messages import tr
from slmdesk.ui.models.variant_columns import best_size, name_inset
from slmdesk.ui.models.variant_model import FIT, QUALITY, VARIANT, Index, heads
from slmdesk.ui.theme import Line, Space, TextRole, Theme
from slmdesk.ui.widgets.badge import BadgeKind, badge_size, draw_badge
from slmdesk.ui.widgets.list_row import draw_line_of_text
from slmdesk.ui.widgets.painting import draw_box, draw_edge
from slmdesk.ui.widgets.tooltip import plain_tooltip
from slmdesk.ui.widgets.verdict import badge_of

if TYPE_CHECKING:
    from slmdesk.ui.models.variant_table import VariantTable


class VariantHead(QHeaderView):
    """The heads of the columns, with a line below."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme = theme
        self.setSectionsClickable(False)
        self.setHighlightSections(False)
        self.viewport().setAutoFillBackground(False)
        theme.changed.connect(self.viewport().update)

    def paintSection(self, painter: QPainter, rect: object, section: int) -> None:
        """Draw a head over its figures."""
        box = QRectF(rect)  # type: ignore[call-overload]
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        at_end = section not in (VARIANT, QUALITY)
        font, ink = self._theme.font(TextRole.GROUP_HEAD), self._theme.color("text_secondary")
        inset = name_inset(self._theme) if section == VARIANT else 0
        words = box.adjusted(0 if mirrored else inset, 0, -inset if mirrored else 0, 0)
        if at_end:
            words.adjust(Space.S if mirrored else 0, 0, 0 if mirrored else -Space.S, 0)
        draw_line_of_text(painter, words, heads()[section], font, ink, mirrored=mirrored, at_end=at_end)
        draw_edge(painter, box, Qt.Edge.BottomEdge, self._theme.color("border"))


class VariantDelegate(QStyledItemDelegate):
    """A cell; or, where there is one column, a whole row in two lines."""

    def __init__(self, theme: Theme, table: VariantTable) -> None:
        super().__init__(table)
        self._theme = theme
        self._table = table

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """As high as the table has its rows."""
        return QSize(0, self._table.rowHeight(index.row()))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a cell on the ground of its row."""
        theme, color, row = self._theme, self._theme.color, index.row()
        box = QRectF(option.rect)
        mirrored = option.direction == Qt.LayoutDirection.RightToLeft
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(box, color("selection"))
        elif row == self._table.hovered:
            painter.fillRect(box, color("hover"))
        draw_edge(painter, box, Qt.Edge.BottomEdge, color("border"))
        in_one = self._table.columns.in_one
        # Beside a mark below the name, everything else is level with the name.
        below = self._table.columns.best_below and self._table.variants.is_best(row)
        upper = box.adjusted(0, 0, 0, -(theme.sizes.badge + Space.XS) if below else 0)
        if in_one:
            self._draw_row(painter, upper, row, selected=selected, mirrored=mirrored)
        elif index.column() == VARIANT:
            self._draw_name(painter, upper, row, selected=selected, mirrored=mirrored)
        elif index.column() == FIT:
            self._draw_verdict(painter, upper, row, mirrored=mirrored)
        else:
            at_end = index.column() != QUALITY
            inside = upper.adjusted(0, 0, -Space.S, 0) if not mirrored else upper.adjusted(Space.S, 0, 0, 0)
            font, words = theme.font(TextRole.BASE), str(index.data())
            draw_line_of_text(painter, inside, words, font, color("text"), mirrored=mirrored, at_end=at_end)
        if below and index.column() == VARIANT:
            self._draw_best_below(painter, box, mirrored=mirrored)
        if selected and self._table.hasFocus() and self._table.by_keyboard:
            self._draw_ring(painter, box, index.column(), mirrored=mirrored)

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        """Where the variant comes from."""
        if event.type() != QEvent.Type.ToolTip or not index.isValid():
            return super().helpEvent(event, view, option, index)
        tip = self._table.variants.tip(index.row())
        QToolTip.showText(event.globalPos(), plain_tooltip(tip), view, view.visualRect(index))
        return True

    def _draw_row(self, painter: QPainter, box: QRectF, row: int, *, selected: bool, mirrored: bool) -> None:
        """Name and verdict, below them the figures."""
        theme, inset = self._theme, name_inset(self._theme)
        middle = box.top() + (box.height() + theme.sizes.badge - theme.line_height(TextRole.SECONDARY)) / 2
        first, second = QRectF(box), QRectF(box)
        first.setBottom(middle)
        second.setTop(middle)
        second.setBottom(middle + theme.line_height(TextRole.SECONDARY))
        taken = self._draw_verdict(painter, first, row, mirrored=mirrored) + Space.S
        name = first.adjusted(taken if mirrored else 0, 0, 0 if mirrored else -taken, 0)
        self._draw_name(painter, name, row, selected=selected, mirrored=mirrored)
        figures = second.adjusted(Space.S if mirrored else inset, 0, -inset if mirrored else -Space.S, 0)
        font, ink = theme.font(TextRole.SECONDARY), theme.color("text_secondary")
        words = self._table.variants.figures(row)
        draw_line_of_text(painter, figures, words, font, ink, mirrored=mirrored)

    def _draw_verdict(self, painter: QPainter, box: QRectF, row: int, *, mirrored: bool) -> float:
        """Returns the width that it takes."""
        word, kind, icon = badge_of(self._table.variants.verdict(row))
        size = badge_size(self._theme, word, icon)
        place = QRectF(0, 0, size.width(), size.height())
        place.moveCenter(box.center())
        # Room for the ring of the row.
        edge = Line.FOCUS
        place.moveLeft(box.left() + edge if mirrored else box.right() - size.width() - edge)
        draw_badge(painter, self._theme, place, word, kind, icon, mirrored=mirrored)
        return size.width() + edge

    def _draw_name(self, painter: QPainter, box: QRectF, row: int, *, selected: bool, mirrored: bool) -> None:
        """The mark of the chosen one, the name, and the mark of the best one where it is beside the name."""
        theme, color, sizes = self._theme, self._theme.color, self._theme.sizes
        mark = QRectF(0, 0, sizes.mark, sizes.mark)
        mark.moveCenter(box.center())
        # Room for the ring of the row.
        ring = 2 * Line.FOCUS
        mark.moveLeft(box.right() - sizes.mark - ring if mirrored else box.left() + ring)
        if selected:
            draw_box(painter, mark, sizes.mark / 2, color("accent"))
            edge = (sizes.mark - sizes.mark_dot) / 2
            dot = mark.adjusted(edge, edge, -edge, -edge)
            draw_box(painter, dot, sizes.mark_dot / 2, color("accent_text"))
        else:
            draw_box(painter, mark, sizes.mark / 2, color("surface"), color("border_mark"))
        inset = name_inset(theme)
        text = box.adjusted(0 if mirrored else inset, 0, -inset if mirrored else 0, 0)
        beside = self._table.variants.is_best(row) and not self._table.columns.best_below
        room = best_size(theme) if beside else 0
        text.adjust(room if mirrored else 0, 0, 0 if mirrored else -room, 0)
        font = theme.font(TextRole.STRONG if selected else TextRole.BASE)
        parts, ink = self._table.variants.name_parts(row), color("text")
        # Of whose it is the end gives way, never the name.
        mode = Qt.TextElideMode.ElideMiddle if len(parts) == 1 else Qt.TextElideMode.ElideRight
        words = " · ".join(parts)
        width = draw_line_of_text(painter, text, words, font, ink, mirrored=mirrored, elide=mode)
        if beside:
            start = text.right() - width - Space.S if mirrored else text.left() + width + Space.S
            self._draw_best(painter, start, box.center().y(), mirrored=mirrored)

    def _draw_best_below(self, painter: QPainter, box: QRectF, *, mirrored: bool) -> None:
        inset = name_inset(self._theme)
        start = box.right() - inset if mirrored else box.left() + inset
        middle = box.bottom() - Space.XS - Space.TINY - self._theme.sizes.badge / 2
        self._draw_best(painter, start, middle, mirrored=mirrored)

    def _draw_best(self, painter: QPainter, start: float, middle: float, *, mirrored: bool) -> None:
        """From `start` on, in the direction of reading."""
        size = badge_size(self._theme, tr("Best here"), "star")
        left = start - size.width() if mirrored else start
        place = QRectF(left, middle - size.height() / 2, size.width(), size.height())
        draw_box(painter, place, Space.XS, self._theme.color("surface"))
        words, kind = tr("Best here"), BadgeKind.ACCENT
        draw_badge(painter, self._theme, place, words, kind, "star", mirrored=mirrored)

    def _draw_ring(self, painter: QPainter, box: QRectF, column: int, *, mirrored: bool) -> None:
        """The part of the row's ring that is in a cell: above and below, and where the row ends."""
        shown = self._table.columns.widths
        first, last = column == min(shown), column == max(shown)
        if mirrored:
            first, last = last, first
        width, ink = Line.FOCUS, self._theme.color("accent_ink")
        painter.fillRect(QRectF(box.left(), box.top(), box.width(), width), ink)
        painter.fillRect(QRectF(box.left(), box.bottom() - width, box.width(), width), ink)
        if first:
            painter.fillRect(QRectF(box.left(), box.top(), width, box.height()), ink)
        if last:
            painter.fillRect(QRectF(box.right() - width, box.top(), width, box.height()), ink)
