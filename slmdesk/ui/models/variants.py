"""The table of variants: what each takes and how it would run here, one of them recommended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolTip,
    QWidget,
)

from slmdesk.catalogue import quality_words
from slmdesk.fit import Verdict
from slmdesk.messages import format_number, say, tr
from slmdesk.ui.models.words import memory_words, speed_range, variant_size
from slmdesk.ui.theme import Line, Space, TextRole, Theme
from slmdesk.ui.widgets.badge import BadgeKind, badge_size, draw_badge
from slmdesk.ui.widgets.list_row import draw_line_of_text
from slmdesk.ui.widgets.painting import draw_box, draw_edge
from slmdesk.ui.widgets.tooltip import plain_tooltip
from slmdesk.ui.widgets.verdict import badge_of, widest_badge

if TYPE_CHECKING:
    from slmdesk.catalogue import Variant
    from slmdesk.fit import FitReport

_MOVING_KEYS = (
    *(Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End),
    *(Qt.Key.Key_PageUp, Qt.Key.Key_PageDown),
)
Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()
VARIANT, QUALITY, DOWNLOAD, MEMORY, SPEED, FIT = range(6)
_BY_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


def _heads() -> tuple[str, ...]:
    return (tr("Variant"), tr("Quality"), tr("Download"), tr("Memory"), tr("tok/s"), tr("Fit"))


class VariantModel(QAbstractTableModel):
    """Adapts the variants of one model, with what is known of each."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.variants: tuple[Variant, ...] = ()
        self._reports: Mapping[str, FitReport] = {}
        self._labels: Counter[str] = Counter()
        self.recommended = ""
        """Id of the variant that suits this computer best."""

    def show_variants(
        self, variants: Sequence[Variant], reports: Mapping[str, FitReport], recommended: str
    ) -> None:
        """Show these. The same ones with other reports are no others."""
        self._reports, self.recommended = dict(reports), recommended
        self._labels = Counter(one.label for one in variants)
        if [one.id for one in variants] != [one.id for one in self.variants]:
            self.beginResetModel()
            self.variants = tuple(variants)
            self.endResetModel()
        elif variants:
            self.variants = tuple(variants)
            self.dataChanged.emit(self.index(0, 0), self.index(len(variants) - 1, FIT))

    def row_of(self, variant_id: str) -> int:
        """Where a variant stands, or -1."""
        return next((row for row, one in enumerate(self.variants) if one.id == variant_id), -1)

    def verdict(self, row: int) -> Verdict:
        """How the variant of a row would run."""
        report = self._reports.get(self.variants[row].id)
        return report.verdict if report is not None else Verdict.UNKNOWN

    def is_best(self, row: int) -> bool:
        """Whether the variant of a row is the one to take here: of those that do not run, none is."""
        runs = self.verdict(row) not in (Verdict.TOO_BIG, Verdict.UNKNOWN)
        return runs and self.variants[row].id == self.recommended

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        """How many variants."""
        return 0 if parent.isValid() else len(self.variants)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        """As many as there are heads."""
        return 0 if parent.isValid() else FIT + 1

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """The heads of the columns."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _heads()[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The words of a cell."""
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == VARIANT:
            row = index.row()
            best = [tr("best here")] if self.is_best(row) else []
            return ", ".join([self._words(row, VARIANT), *best])
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(index.row(), index.column())
        return None

    def tip(self, row: int) -> str:
        """Where a variant comes from, and what else is known of it."""
        variant = self.variants[row]
        parts = [variant.label, variant.repo, *(file.path for file in variant.all_files[:4])]
        if variant.bits_per_weight is not None:
            bits = format_number(variant.bits_per_weight, 2)
            parts.append(tr("{bits} bits per weight").format(bits=bits))
        if len(variant.all_files) > 4:
            parts.append("…")
        if not variant.loadable:
            parts.append(tr("No engine here loads this quantization."))
        return "\n".join(parts)

    def _words(self, row: int, column: int) -> str:
        variant = self.variants[row]
        report = self._reports.get(variant.id)
        match column:
            case 0:
                if self._labels.get(variant.label, 0) < 2:
                    return variant.label
                # Another repository has one that is called so, too.
                return f"{variant.label} · {variant.repo.partition('/')[0]}"
            case 1:
                return say(quality_words(variant))
            case 2:
                return variant_size(variant)
            case 3:
                return memory_words(report)
            case 4:
                return speed_range(report.speed if report is not None else None)
            case _:
                return badge_of(self.verdict(row))[0]


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
        self.setAccessibleName(tr("Variants"))
        self.setModel(self.variants)
        self.setItemDelegate(_Delegate(theme, self))
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
        head = _Head(theme, self)
        self.setHorizontalHeader(head)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setColumnHidden(QUALITY, False)
        self.selectionModel().currentRowChanged.connect(self._take_row)
        self._chosen = ""
        self._narrow = False

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

    def set_narrow(self, narrow: bool) -> None:
        """Without the column Quality."""
        self._narrow = narrow
        self.setColumnHidden(QUALITY, narrow)
        self._fit()

    def sizeHint(self) -> QSize:
        """Room for every row."""
        rows = self.variants.rowCount() * self._theme.sizes.row_variant
        return QSize(super().sizeHint().width(), rows + self.horizontalHeader().height())

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
        """Figures get what they need, names the rest."""
        metrics = QFontMetrics(self._theme.font(TextRole.BASE))
        heads = QFontMetrics(self._theme.font(TextRole.GROUP_HEAD))
        widths = {}
        for column in range(FIT + 1):
            words = [
                str(self.variants.data(self.variants.index(row, column)))
                for row in range(self.variants.rowCount())
            ]
            lengths = [metrics.horizontalAdvance(one) for one in words]
            best = self.variants.row_of(self.variants.recommended)
            if column == VARIANT and best >= 0:
                badge = badge_size(self._theme, tr("Best here"), "star").width()
                # A chosen name is stronger.
                lengths[best] += badge + Space.L + Space.S
            widest = max(lengths, default=0)
            widths[column] = max(widest, heads.horizontalAdvance(_heads()[column])) + Space.L
        sizes = self._theme.sizes
        widths[FIT] = widest_badge(self._theme) + Space.S
        widths[VARIANT] += sizes.mark + Space.L
        shown = [column for column in widths if not (self._narrow and column == QUALITY)]
        spare = self.viewport().width() - sum(widths[column] for column in shown)
        stretched = QUALITY if QUALITY in shown else VARIANT
        if spare >= 0:
            widths[stretched] += spare
        else:
            # Names give way, and are whole in the tooltip.
            least = sizes.mark + Space.L + sizes.meter
            for column in (QUALITY, VARIANT):
                if column in shown:
                    given = min(-spare, max(widths[column] - least, 0))
                    widths[column] -= given
                    spare += given
        for column, width in widths.items():
            self.setColumnWidth(column, width)
        self.horizontalHeader().setFixedHeight(sizes.row_variant)
        self.setFixedHeight(self.sizeHint().height())


class _Head(QHeaderView):
    """The heads of the columns, with a line below."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme = theme
        self.setSectionsClickable(False)
        self.setHighlightSections(False)
        theme.changed.connect(self.viewport().update)

    def paintSection(self, painter: QPainter, rect: object, section: int) -> None:
        """Draw a head over its figures."""
        box = QRectF(rect)  # type: ignore[call-overload]
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        at_end = section not in (VARIANT, QUALITY)
        font, ink = self._theme.font(TextRole.GROUP_HEAD), self._theme.color("text_secondary")
        inset = self._theme.sizes.mark + Space.S + Space.XS if section == VARIANT else 0
        words = box.adjusted(0 if mirrored else inset, 0, -inset if mirrored else 0, 0)
        if at_end:
            words.adjust(Space.S if mirrored else 0, 0, 0 if mirrored else -Space.S, 0)
        draw_line_of_text(painter, words, _heads()[section], font, ink, mirrored=mirrored, at_end=at_end)
        draw_edge(painter, box, Qt.Edge.BottomEdge, self._theme.color("border"))


class _Delegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, table: VariantTable) -> None:
        super().__init__(table)
        self._theme = theme
        self._table = table

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """A row."""
        return QSize(0, self._theme.sizes.row_variant)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a cell on the ground of its row."""
        theme, color = self._theme, self._theme.color
        box = QRectF(option.rect)
        mirrored = option.direction == Qt.LayoutDirection.RightToLeft
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(box, color("selection"))
        elif index.row() == self._table.hovered:
            painter.fillRect(box, color("hover"))
        draw_edge(painter, box, Qt.Edge.BottomEdge, color("border"))
        if selected and self._table.hasFocus() and self._table.by_keyboard:
            for edge in (Qt.Edge.TopEdge, Qt.Edge.BottomEdge):
                line = QRectF(box)
                if edge == Qt.Edge.TopEdge:
                    line.setHeight(Line.FOCUS)
                else:
                    line.setTop(box.bottom() - Line.FOCUS)
                painter.fillRect(line, color("accent_ink"))
        words = str(index.data())
        if index.column() == VARIANT:
            self._draw_name(painter, box, index.row(), words, selected=selected, mirrored=mirrored)
        elif index.column() == FIT:
            word, kind, icon = badge_of(self._table.variants.verdict(index.row()))
            size = badge_size(theme, word, icon)
            place = QRectF(0, 0, size.width(), size.height())
            place.moveCenter(box.center())
            place.moveLeft(box.left() if mirrored else box.right() - size.width())
            draw_badge(painter, theme, place, word, kind, icon, mirrored=mirrored)
        else:
            at_end = index.column() != QUALITY
            inside = box.adjusted(0, 0, -Space.S, 0) if not mirrored else box.adjusted(Space.S, 0, 0, 0)
            font = theme.font(TextRole.BASE)
            draw_line_of_text(painter, inside, words, font, color("text"), mirrored=mirrored, at_end=at_end)

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        """Where the variant comes from."""
        if event.type() != QEvent.Type.ToolTip or not index.isValid():
            return super().helpEvent(event, view, option, index)
        tip = self._table.variants.tip(index.row())
        QToolTip.showText(event.globalPos(), plain_tooltip(tip), view, view.visualRect(index))
        return True

    def _draw_name(
        self, painter: QPainter, box: QRectF, row: int, words: str, *, selected: bool, mirrored: bool
    ) -> None:
        theme, color, sizes = self._theme, self._theme.color, self._theme.sizes
        mark = QRectF(0, 0, sizes.mark, sizes.mark)
        mark.moveCenter(box.center())
        mark.moveLeft(box.right() - sizes.mark - Line.FOCUS if mirrored else box.left() + Line.FOCUS)
        if selected:
            draw_box(painter, mark, sizes.mark / 2, color("accent"))
            edge = (sizes.mark - sizes.mark_dot) / 2
            dot = mark.adjusted(edge, edge, -edge, -edge)
            draw_box(painter, dot, sizes.mark_dot / 2, color("accent_text"))
        else:
            draw_box(painter, mark, sizes.mark / 2, color("surface"), color("border_mark"))
        inset = sizes.mark + Space.S + Space.XS
        name = box.adjusted(Space.S if mirrored else inset, 0, -inset if mirrored else -Space.S, 0)
        best = self._table.variants.is_best(row)
        badge = badge_size(theme, tr("Best here"), "star")
        room = badge.width() + Space.S if best else 0
        text = name.adjusted(room if mirrored else 0, 0, 0 if mirrored else -room, 0)
        font = theme.font(TextRole.STRONG if selected else TextRole.BASE)
        width = draw_line_of_text(
            painter,
            text,
            words,
            font,
            color("text"),
            mirrored=mirrored,
            elide=Qt.TextElideMode.ElideMiddle,
        )
        if best:
            place = QRectF(0, 0, badge.width(), badge.height())
            place.moveCenter(box.center())
            beside = text.right() - width - Space.S - badge.width()
            place.moveLeft(beside if mirrored else text.left() + width + Space.S)
            draw_box(painter, place, Space.XS, color("surface"))
            draw_badge(painter, theme, place, tr("Best here"), BadgeKind.ACCENT, "star", mirrored=mirrored)
