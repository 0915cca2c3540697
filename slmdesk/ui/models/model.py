"""The list of models as Qt asks for it: heads of groups and offers, a plain list below."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from slmdesk.offers import Offer, OfferGroup, OfferList, Shown
from slmdesk.ui.models.words import group_title, row_in_words

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


class Row(NamedTuple):
    """A head over a group (`row` is -1), or an offer by its row in the `OfferList`."""

    group: OfferGroup
    row: int = -1

    @property
    def is_head(self) -> bool:
        """Whether it names the group below it."""
        return self.row < 0


class OfferModel(QAbstractListModel):
    """Adapts what an `OfferList` shows. Filtering and sorting happen there."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._offers = OfferList()
        self.rows: list[Row] = []

    def show_offers(self, offers: OfferList, shown: Shown) -> None:
        """Show these, group after group."""
        rows = [
            row
            for group in shown.groups
            for row in (Row(group.key), *(Row(group.key, number) for number in group.rows))
        ]
        if offers is self._offers and rows == self.rows:
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self._offers, self.rows = offers, rows
        self.endResetModel()

    def title_of_group(self, index: Index) -> str:
        """The words of the head that stands there or would stand over it."""
        group = self.rows[index.row()].group
        return group_title(group, speeds_known=self._offers.speed_note is None)

    def offer_at(self, index: Index) -> Offer | None:
        """The offer of a row; None for a head."""
        if not index.isValid() or self.rows[index.row()].is_head:
            return None
        return self._offers.offer(self.rows[index.row()].row)

    def index_of(self, model_id: str) -> QModelIndex:
        """Where a model is shown; an invalid index: it is not."""
        row = self._offers.row_of(model_id)
        for number, one in enumerate(self.rows):
            if row is not None and one.row == row:
                return self.index(number)
        return QModelIndex()

    def first_offer(self) -> QModelIndex:
        """The first row that is no head; an invalid index: there is none."""
        return self.index(1) if len(self.rows) > 1 else QModelIndex()

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        """How many rows, heads among them."""
        return 0 if parent.isValid() else len(self.rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Heads cannot be chosen."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if self.rows[index.row()].is_head:
            return Qt.ItemFlag.ItemNeverHasChildren
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The name, and what a screen reader says."""
        if not index.isValid() or role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
        ):
            return None
        offer = self.offer_at(index)
        if offer is None:
            return self.title_of_group(index)
        return offer.model.name if role == Qt.ItemDataRole.DisplayRole else row_in_words(offer)
