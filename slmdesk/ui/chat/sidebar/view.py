"""The list on the screen: where each row is, and what keys and pointer do to it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHoverEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyleOptionViewItem,
    QWidget,
)

from slmdesk.ui.chat.escape import is_escape_claim
from slmdesk.ui.chat.sidebar.model import ConversationModel, Index
from slmdesk.ui.theme import Space, Theme
from slmdesk.ui.widgets.typed import typed_text

_BY_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)
_Move = QAbstractItemView.CursorAction


class ConversationView(QListView):
    """Rows of two heights, placed by counting the heads above them.

    A `QListView` of its own asks for the height of every row whenever one changes; here 10,000 rows cost as
    much as ten. It says what the person wants; opening and deleting are for others.
    """

    moved = Signal(QModelIndex)
    """A key went to another row."""
    entered_by_key = Signal(QModelIndex)
    delete_wanted = Signal()
    typed = Signal(str)
    """A key that writes: it is meant for who reads what is written."""
    left = Signal()
    """Esc: the selection is to be what it was."""
    menu_wanted = Signal(QModelIndex, QPoint)
    """A menu for a row, at a place of the viewport."""

    def __init__(self, theme: Theme, model: ConversationModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._model = model
        self._heads: list[int] = []
        self._pointer: QPoint | None = None
        self._menu_row = QModelIndex()
        self._by_keyboard = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # A bar with nothing to scroll draws nothing, and rows keep their width when there is something.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setModel(model)
        for changed in (model.modelReset, model.rowsInserted, model.rowsRemoved, model.rowsMoved):
            changed.connect(self._take_rows)
        theme.changed.connect(self.viewport().update)

    # --- where things are

    @property
    def hovered(self) -> QModelIndex:
        """The row under the pointer, or the one whose menu is open."""
        if self._menu_row.isValid():
            return self._menu_row
        return QModelIndex() if self._pointer is None else self.indexAt(self._pointer)

    def set_menu_row(self, index: QModelIndex) -> None:
        """Show that a menu is about this row; an invalid one: the menu is closed."""
        self._menu_row = index
        self.viewport().update()

    def redraw_writing(self) -> None:
        """Draw the conversations again that are being answered, as far as they can be seen."""
        for row in self._rows_within(self.viewport().rect()):
            if self._model.rows[row].writing:
                self.viewport().update(self.visualRect(self._model.index(row)))

    def visualRect(self, index: Index) -> QRect:
        """Where a row is in the viewport."""
        if not index.isValid():
            return QRect()
        row = index.row()
        top = self._top(row) - self.verticalOffset()
        return QRect(Space.S, top, self.viewport().width() - Space.S, self._height(row))

    def indexAt(self, place: QPoint) -> QModelIndex:
        """The row at a place of the viewport."""
        y = place.y() + self.verticalOffset()
        if not 0 <= y < self._top(self._model.rowCount()):
            return QModelIndex()
        return self._model.index(self._row_at(y))

    def verticalOffset(self) -> int:
        """How far it is scrolled, in pixels."""
        return self.verticalScrollBar().value()

    def horizontalOffset(self) -> int:
        """Nothing scrolls sideways."""
        return 0

    def scrollTo(
        self,
        index: Index,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        """Scroll no further than needed; the head of a group comes along with its first row."""
        if not index.isValid():
            return
        row = index.row()
        first = row - 1 if row and self._model.rows[row - 1].is_head else row
        top, bottom = self._top(first), self._top(row) + self._height(row)
        bar = self.verticalScrollBar()
        if top < bar.value():
            bar.setValue(top)
        elif bottom > bar.value() + self.viewport().height():
            bar.setValue(bottom - self.viewport().height())

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """Select the rows that a rectangle of the viewport meets."""
        if not self._model.rowCount():
            return
        offset = self.verticalOffset()
        total = self._top(self._model.rowCount())
        if rect.bottom() + offset < 0 or rect.top() + offset >= total:
            self.selectionModel().select(QItemSelection(), command)
            return
        first = self._row_at(max(0, rect.top() + offset))
        last = self._row_at(min(total - 1, rect.bottom() + offset))
        self.selectionModel().select(
            QItemSelection(self._model.index(first), self._model.index(last)), command
        )

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        """Where the selected rows are, as far as they can be seen."""
        region = QRegion()
        for number in range(selection.size()):
            part = selection.at(number)
            region += self.visualRect(part.topLeft()).united(self.visualRect(part.bottomRight()))
        return region & QRegion(self.viewport().rect())

    def doItemsLayout(self) -> None:
        """Nothing is laid out: the places follow from the rows."""
        QAbstractItemView.doItemsLayout(self)

    def updateGeometries(self) -> None:
        """Fit the scroll bar."""
        bar = self.verticalScrollBar()
        page = self.viewport().height()
        bar.setRange(0, max(0, self._top(self._model.rowCount()) + Space.S - page))
        bar.setPageStep(page)
        bar.setSingleStep(self._theme.sizes.row_chat)
        QAbstractItemView.updateGeometries(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width elides in other places."""
        QAbstractItemView.resizeEvent(self, event)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Move what is there, an editor included."""
        self.viewport().scroll(dx, dy)

    # --- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows that can be seen."""
        painter = QPainter(self.viewport())
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        hovered, current = self.hovered.row(), self.currentIndex().row()
        selection, focused = self.selectionModel(), self.hasFocus() and self._by_keyboard
        flag = QStyle.StateFlag
        for row in self._rows_within(event.rect()):
            index = self._model.index(row)
            state = flag.State_Enabled
            if selection.isSelected(index):
                state |= flag.State_Selected
            if row == hovered:
                state |= flag.State_MouseOver
            if focused and row == current:
                state |= flag.State_HasFocus
            if self.indexWidget(index) is not None:
                state |= flag.State_Editing
            option.state = state
            option.rect = self.visualRect(index)
            self.itemDelegate().paint(painter, option, index)

    # --- keys

    def moveCursor(self, action: QAbstractItemView.CursorAction, keys: Qt.KeyboardModifier) -> QModelIndex:
        """The row a key goes to: never a head."""
        last = self._model.rowCount() - 1
        current = self.currentIndex().row()
        if last < 0 or (current < 0 and action != _Move.MoveEnd):
            return self._model.index(self._chat_at(0, 1))
        page = max(self._theme.sizes.row_chat, self.viewport().height() - self._theme.sizes.row_chat)
        match action:
            case _Move.MoveUp | _Move.MovePrevious:
                row = self._chat_at(current - 1, -1)
            case _Move.MoveDown | _Move.MoveNext:
                row = self._chat_at(current + 1, 1)
            case _Move.MoveHome:
                row = self._chat_at(0, 1)
            case _Move.MoveEnd:
                row = self._chat_at(last, -1)
            case _Move.MovePageUp:
                row = self._chat_at(self._row_at(self._top(current) - page), 1)
            case _Move.MovePageDown:
                row = self._chat_at(min(last, self._row_at(self._top(current) + page)), -1)
            case _:
                row = current
        return self._model.index(row) if row >= 0 else self.currentIndex()

    def event(self, event: QEvent) -> bool:
        """With several rows selected, Esc is about them."""
        if is_escape_claim(event) and self._several_selected():
            event.accept()
            return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Who came by keyboard sees where the keyboard is."""
        self._by_keyboard = event.reason() in _BY_KEYBOARD
        super().focusInEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Never go to a conversation by letters: whoever writes them means the message."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open, rename, delete, menu, writing; the rest moves and selects.

        Backspace does nothing: it is for letters.
        """
        self._by_keyboard = True
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        current = self.currentIndex()
        if self.state() == QAbstractItemView.State.EditingState:
            # The field of a name passes Enter on although it has taken it.
            super().keyPressEvent(event)
            return
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if plain and current.isValid():
                self.entered_by_key.emit(current)
            case Qt.Key.Key_F2 if plain and current.isValid():
                self.rename(current)
            case Qt.Key.Key_Delete if not shift:
                self.delete_wanted.emit()
            case Qt.Key.Key_Menu:
                self._ask_for_menu(current)
            case Qt.Key.Key_F10 if shift:
                self._ask_for_menu(current)
            case Qt.Key.Key_Escape if self._several_selected():
                self.left.emit()
            case _ if text := typed_text(event):
                self.typed.emit(text)
            case _:
                super().keyPressEvent(event)
                if plain and self.currentIndex() != current:
                    self.moved.emit(self.currentIndex())

    def _several_selected(self) -> bool:
        return len(self.selectionModel().selectedIndexes()) > 1

    def rename(self, index: QModelIndex) -> None:
        """Put an editor in the place of a title, where there is something to rename."""
        if self._model.flags(index) & Qt.ItemFlag.ItemIsEditable:
            self.scrollTo(index)
            self.edit(index)
            self.viewport().update()

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        """Tab and Enter end the editor; neither opens another."""
        super().closeEditor(editor, QAbstractItemDelegate.EndEditHint.NoHint)
        self.viewport().update()

    # --- pointer

    def viewportEvent(self, event: QEvent) -> bool:
        """Follow the pointer."""
        kind = event.type()
        if kind in (QEvent.Type.HoverEnter, QEvent.Type.HoverMove) and isinstance(event, QHoverEvent):
            self._point_at(event.position().toPoint())
        elif kind in (QEvent.Type.HoverLeave, QEvent.Type.Leave, QEvent.Type.Hide):
            self._point_at(None)
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The right button leaves the selection alone: its menu is about the row under it."""
        self._by_keyboard = False
        if event.button() == Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
        else:
            event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """A pointer that slips while it clicks selects nothing more."""
        if not event.buttons():
            super().mouseMoveEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """An open menu is over a row that must not move."""
        if self._menu_row.isValid():
            event.accept()
        else:
            super().wheelEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """A menu by pointer or by key."""
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self._ask_for_menu(self.currentIndex())
        else:
            index = self.indexAt(event.pos())
            if index.isValid() and not self._model.at(index).is_head:
                self.menu_wanted.emit(index, event.pos())
        event.accept()

    def _ask_for_menu(self, index: QModelIndex) -> None:
        # Some systems turn the menu key into an event of its own as well: one menu is enough.
        if index.isValid() and not self._menu_row.isValid():
            self.scrollTo(index)
            box = self.visualRect(index)
            self.menu_wanted.emit(index, QPoint(box.left() + Space.L, box.center().y()))

    def _point_at(self, place: QPoint | None) -> None:
        before = self.hovered.row()
        self._pointer = place
        if self.hovered.row() != before:
            self.viewport().update()

    # --- places

    def _take_rows(self, *_: object) -> None:
        """Qt would wait for the next turn of the loop, and leave an editor where its row was."""
        self._heads = [number for number, row in enumerate(self._model.rows) if row.is_head]
        self.updateGeometries()
        self.viewport().update()

    def _height(self, row: int) -> int:
        sizes = self._theme.sizes
        return sizes.group_head if self._model.rows[row].is_head else sizes.row_chat

    def _top(self, row: int) -> int:
        """Pixels from the top of the list to a row; of the number of rows: the whole height."""
        sizes = self._theme.sizes
        heads = bisect_left(self._heads, row)
        return Space.XS + heads * sizes.group_head + (row - heads) * sizes.row_chat

    def _chat_at(self, row: int, step: int) -> int:
        """The first row from `row` on in a direction that is no head, or -1."""
        while 0 <= row < self._model.rowCount() and self._model.rows[row].is_head:
            row += step
        return row if 0 <= row < self._model.rowCount() else -1

    def _rows_within(self, box: QRect) -> range:
        """The rows that a rectangle of the viewport meets."""
        last = self._model.rowCount() - 1
        if last < 0:
            return range(0)
        offset = self.verticalOffset()
        return range(self._row_at(box.top() + offset), min(last, self._row_at(box.bottom() + offset)) + 1)

    def _row_at(self, y: int) -> int:
        rows = range(self._model.rowCount())
        return max(0, bisect_right(rows, y, key=self._top) - 1)
