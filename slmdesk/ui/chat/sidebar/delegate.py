"""How a row of the list looks, and the field in which a conversation is renamed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QAbstractItemModel, QEvent, QObject, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from slmdesk.messages import tr
from slmdesk.ui.chat.name_editor import NameEditor
from slmdesk.ui.chat.sidebar.model import ConversationModel, Index
from slmdesk.ui.chat.sidebar.rows import Key, Row
from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.list_row import RowState, draw_row
from slmdesk.ui.widgets.painting import draw_turned_icon
from slmdesk.ui.widgets.spinner import Turning
from slmdesk.ui.widgets.tooltip import plain_tooltip

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
_ONE_LINE = int(Qt.TextFlag.TextSingleLine)


class ConversationDelegate(QStyledItemDelegate):
    """Two lines: the name, and under it the model and when it was written in."""

    def __init__(
        self,
        theme: Theme,
        model: ConversationModel,
        say_time: Callable[[Row], str],
        turning: Turning,
        parent: QObject,
    ) -> None:
        """`say_time`: when a conversation was last written in; `turning`: the mark while it is answered."""
        super().__init__(parent)
        self._theme = theme
        self._model = model
        self._say_time = say_time
        self._turning = turning
        self.open_key: Key | None = None
        """The conversation that is shown beside the list."""
        self._fonts = {
            role: theme.font(role)
            for role in (TextRole.BASE, TextRole.STRONG, TextRole.SECONDARY, TextRole.GROUP_HEAD)
        }
        self._metrics = {role: QFontMetrics(font) for role, font in self._fonts.items()}

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Two lines and their padding; a head is lower."""
        sizes = self._theme.sizes
        return QSize(0, sizes.group_head if self._model.at(index).is_head else sizes.row_chat)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the row in the state that `option` tells."""
        row = self._model.at(index)
        box = QRectF(option.rect)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        if row.is_head:
            self._draw_head(painter, box, row)
        else:
            self._draw_box(painter, box, row, option.state)
            # A name that is being changed is in its field.
            if not option.state & QStyle.StateFlag.State_Editing:
                self._draw_lines(painter, box, row)

    def _draw_head(self, painter: QPainter, box: QRectF, row: Row) -> None:
        painter.setFont(self._fonts[TextRole.GROUP_HEAD])
        painter.setPen(self._theme.color("text_secondary"))
        line = self._theme.line_height(TextRole.GROUP_HEAD)
        words = QRectF(box.left() + Space.S, box.bottom() - line - Space.XS, box.width() - Space.L, line)
        painter.drawText(words, int(_LEFT) | _ONE_LINE, row.title)

    def _draw_box(self, painter: QPainter, box: QRectF, row: Row, state: QStyle.StateFlag) -> None:
        flag = QStyle.StateFlag
        # What is open stands beside the list: it never looks inactive.
        shown = RowState(
            hover=bool(state & flag.State_MouseOver),
            selected=bool(state & flag.State_Selected) or row.key == self.open_key,
            focus=bool(state & flag.State_HasFocus),
        )
        draw_row(painter, self._theme, box, shown)

    def _draw_lines(self, painter: QPainter, box: QRectF, row: Row) -> None:
        color, sizes = self._theme.color, self._theme.sizes
        first, second = self._line_boxes(box)
        if row.pinned:
            mark = QRectF(first.right() - sizes.icon_badge, first.top(), sizes.icon_badge, first.height())
            draw_icon(painter, "pin", mark, sizes.icon_badge, color("text_secondary"))
        self._draw(painter, first, self._title_role(row), color("text"), self._shown_title(box, row))
        end = color("accent_ink") if row.writing else color("text_secondary")
        words = tr("Writing") if row.writing else tr("Waiting") if row.waiting else self._say_time(row)
        taken = self._advance(TextRole.SECONDARY, words)
        place = QRectF(second.right() - taken, second.top(), taken, second.height())
        self._draw(painter, place, TextRole.SECONDARY, end, words)
        if row.writing:
            taken += sizes.icon_badge + Space.XS
            mark = QRectF(second.right() - taken, second.top(), sizes.icon_badge, second.height())
            draw_turned_icon(painter, "loader-circle", mark, sizes.icon_badge, end, self._turning.angle)
        detail = " · ".join(part for part in (tr("Draft") if row.draft else "", row.model_title) if part)
        room = second.adjusted(0, 0, -taken - Space.S, 0)
        if detail:
            detail = self._metrics[TextRole.SECONDARY].elidedText(
                detail, Qt.TextElideMode.ElideMiddle, int(room.width())
            )
            self._draw(painter, room, TextRole.SECONDARY, color("text_secondary"), detail)

    def _draw(self, painter: QPainter, box: QRectF, role: TextRole, ink: QColor, text: str) -> None:
        painter.setFont(self._fonts[role])
        painter.setPen(ink)
        painter.drawText(box, int(_LEFT) | _ONE_LINE, text)

    def _line_boxes(self, box: QRectF) -> tuple[QRectF, QRectF]:
        """The two lines of a row, in the middle of its height."""
        upper = self._theme.line_height(TextRole.BASE)
        lower = self._theme.line_height(TextRole.SECONDARY)
        left, width = box.left() + Space.S + Space.TINY, box.width() - 2 * Space.S - Space.TINY
        top = box.top() + (box.height() - upper - lower) / 2
        return QRectF(left, top, width, upper), QRectF(left, top + upper, width, lower)

    def _title_role(self, row: Row) -> TextRole:
        return TextRole.STRONG if row.key == self.open_key else TextRole.BASE

    def _shown_title(self, box: QRectF, row: Row) -> str:
        """The name as far as there is room."""
        room = self._line_boxes(box)[0].width()
        if row.pinned:
            room -= self._theme.sizes.icon_badge + Space.S
        metrics = self._metrics[self._title_role(row)]
        return metrics.elidedText(row.title, Qt.TextElideMode.ElideMiddle, int(room))

    def _advance(self, role: TextRole, text: str) -> int:
        return self._metrics[role].horizontalAdvance(text) + 1

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        """A name that gave way is whole in the tooltip."""
        if event.type() != QEvent.Type.ToolTip or not index.isValid():
            return super().helpEvent(event, view, option, index)
        row, box = self._model.at(index), view.visualRect(index)
        cut = not row.is_head and self._shown_title(QRectF(box), row) != row.title
        QToolTip.showText(event.globalPos(), plain_tooltip(row.title) if cut else "", view, box)
        return True

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """A field for the name, all of it selected."""
        return NameEditor(self._theme, "surface_sunken", parent)

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Begin with the name there is."""
        if isinstance(editor, NameEditor) and not editor.text():
            editor.setText(self._model.at(index).title)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """Take the name."""
        if isinstance(editor, NameEditor):
            model.setData(index, editor.text(), Qt.ItemDataRole.EditRole)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        """In the middle of its row, as wide as the row."""
        box: QRect = option.rect
        height = min(self._theme.sizes.field, box.height())
        editor.setGeometry(box.left(), box.center().y() - height // 2, box.width(), height)
