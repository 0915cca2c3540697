"""The table of variants: what a click or a key in it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from slmdesk.messages import tr
from slmdesk.ui.models.variant_columns import Columns, share_out
from slmdesk.ui.models.variant_model import FIT, VariantModel
from slmdesk.ui.models.variant_painting import VariantDelegate, VariantHead
from slmdesk.ui.theme import Space, Theme

if TYPE_CHECKING:
    from slmdesk.catalogue import Variant
    from slmdesk.fit import FitReport

_MOVING_KEYS = (
    *(Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End),
    *(Qt.Key.Key_PageUp, Qt.Key.Key_PageDown),
)
_BY_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


class VariantTable(QTableView):
    """One row is chosen: by click, or with the arrow keys. As high as its rows: what is around it scrolls."""

    chosen = Signal(str)
    """The person chose the variant with this id."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.variants = VariantModel(self)
        self.by_keyboard = False
        self.hovered = -1
        self.columns = Columns({}, best_below=False)
        self.setAccessibleName(tr("Variants"))
        self.setModel(self.variants)
        self.setItemDelegate(VariantDelegate(theme, self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(theme.sizes.row_variant)
        self.verticalHeader().setMinimumSectionSize(theme.sizes.row_variant)
        head = VariantHead(theme, self)
        self.setHorizontalHeader(head)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.selectionModel().currentRowChanged.connect(self._take_row)
        self._chosen = ""

    def show_variants(
        self, variants: Sequence[Variant], reports: Mapping[str, FitReport], recommended: str, chosen: str
    ) -> None:
        """Show these, `chosen` by its id, without saying so."""
        self._chosen = chosen
        self.variants.show_variants(variants, reports, recommended)
        row = self.variants.row_of(chosen)
        if row >= 0 and self.currentIndex().row() != row:
            flags = QItemSelectionModel.SelectionFlag
            self.selectionModel().setCurrentIndex(
                self.variants.index(row, 0), flags.ClearAndSelect | flags.Rows
            )
        self._fit()

    def sizeHint(self) -> QSize:
        """Room for every row."""
        rows = sum(self.rowHeight(row) for row in range(self.variants.rowCount()))
        head = 0 if self.columns.in_one else self.horizontalHeader().height()
        return QSize(super().sizeHint().width(), rows + head)

    def minimumSizeHint(self) -> QSize:
        """Every row, however narrow."""
        return QSize(0, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Columns share the width."""
        super().resizeEvent(event)
        self._fit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Who came by keyboard sees where the keyboard is."""
        self.by_keyboard = event.reason() in _BY_KEYBOARD
        super().focusInEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The arrows choose; the rest is the window's."""
        self.by_keyboard = True
        if event.key() in _MOVING_KEYS:
            super().keyPressEvent(event)
        else:
            event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click needs no ring."""
        self.by_keyboard = False
        super().mousePressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Follow the pointer: whole rows show that it is over them."""
        if event.type() in (QEvent.Type.HoverMove, QEvent.Type.HoverEnter, QEvent.Type.MouseMove):
            place = getattr(event, "position", None)
            row = self.indexAt(place().toPoint()).row() if place is not None else -1
            self._hover(row)
        elif event.type() in (QEvent.Type.Leave, QEvent.Type.HoverLeave):
            self._hover(-1)
        return super().viewportEvent(event)

    def _hover(self, row: int) -> None:
        if row != self.hovered:
            self.hovered = row
            self.viewport().update()

    def _take_row(self, index: QModelIndex) -> None:
        if index.isValid():
            variant = self.variants.variants[index.row()].id
            if variant != self._chosen:
                self._chosen = variant
                self.chosen.emit(variant)

    def _fit(self) -> None:
        """Show the columns that there is room for; a row is as high as what it says takes."""
        self.columns = columns = share_out(self._theme, self.variants, self.viewport().width())
        self.variants.in_one = columns.in_one
        for column in range(FIT + 1):
            self.setColumnHidden(column, column not in columns.widths)
            if column in columns.widths:
                self.setColumnWidth(column, columns.widths[column])
        sizes = self._theme.sizes
        usual = sizes.row_model if columns.in_one else sizes.row_variant
        for row in range(self.variants.rowCount()):
            below = columns.best_below and self.variants.is_best(row)
            self.setRowHeight(row, usual + (sizes.badge + Space.XS if below else 0))
        self.horizontalHeader().setFixedHeight(sizes.row_variant)
        self.horizontalHeader().setHidden(columns.in_one)
        self.setFixedHeight(self.sizeHint().height())
        self.viewport().update()
