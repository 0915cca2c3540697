"""The rows of the list as Qt asks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from slmdesk.messages import tr
from slmdesk.ui.chat.sidebar.rows import Insert, Key, Move, Remove, Row, plan_steps

Index = QModelIndex | QPersistentModelIndex

_MOST_STEPS = 64
_NO_PARENT = QModelIndex()


class ConversationModel(QAbstractListModel):
    """Adapts a list of rows. Changes are said row by row, so that selection and editor stay."""

    renamed = Signal(int, str)
    """The person gave a conversation another name in the list. It is shown already."""

    def __init__(self, say_time: Callable[[Row], str], parent: QObject | None = None) -> None:
        """`say_time`: when a conversation was last written in, as the list says it."""
        super().__init__(parent)
        self._say_time = say_time
        self.rows: list[Row] = []

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show `rows`. Many changes at once, as a search makes them, are said as one reset."""
        steps = plan_steps([row.key for row in self.rows], [row.key for row in rows], _MOST_STEPS)
        if steps is None:
            self.beginResetModel()
            self.rows = list(rows)
            self.endResetModel()
            return
        for step in steps:
            match step:
                case Remove(first, last):
                    self.beginRemoveRows(_NO_PARENT, first, last)
                    del self.rows[first : last + 1]
                    self.endRemoveRows()
                case Insert(first, last):
                    self.beginInsertRows(_NO_PARENT, first, last)
                    self.rows[first:first] = rows[first : last + 1]
                    self.endInsertRows()
                case Move(start, end):
                    # Qt names the row before which it is put, counted before the move.
                    before = end + 1 if end > start else end
                    self.beginMoveRows(_NO_PARENT, start, start, _NO_PARENT, before)
                    self.rows.insert(end, self.rows.pop(start))
                    self.endMoveRows()
        for number, row in enumerate(rows):
            if self.rows[number] != row:
                self.rows[number] = row
                self.dataChanged.emit(self.index(number), self.index(number))

    def row_of(self, key: Key) -> int:
        """Where the row is, or -1."""
        return next((number for number, row in enumerate(self.rows) if row.key == key), -1)

    def at(self, index: Index) -> Row:
        """The row of a valid index."""
        return self.rows[index.row()]

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        """How many rows, heads among them."""
        return 0 if parent.isValid() else len(self.rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """A head cannot be chosen."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        row = self.at(index)
        if row.is_head:
            return Qt.ItemFlag.ItemNeverHasChildren
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
        return flags | Qt.ItemFlag.ItemIsEditable if row.is_stored else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The title, and what a screen reader says."""
        if not index.isValid():
            return None
        row = self.at(index)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return row.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._in_words(row)
        return None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Rename. A name of nothing but spaces leaves the old one."""
        if not index.isValid() or role != Qt.ItemDataRole.EditRole:
            return False
        row = self.at(index)
        title = " ".join(str(value).split())
        if not row.is_stored or not title or title == row.title:
            return False
        self.rows[index.row()] = row._replace(title=title)
        self.dataChanged.emit(index, index)
        self.renamed.emit(row.key, title)
        return True

    def _in_words(self, row: Row) -> str:
        if row.is_head:
            return row.title
        parts = [
            row.title,
            row.model_title,
            tr("being answered") if row.writing else tr("Waiting") if row.waiting else self._say_time(row),
            tr("pinned") if row.pinned else "",
            tr("with a draft") if row.draft else "",
        ]
        return ", ".join(part for part in parts if part)
