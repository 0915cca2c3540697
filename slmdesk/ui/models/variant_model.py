"""The table of variants as Qt asks for it: what each takes and how it would run here, one recommended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from slmdesk.catalogue import quality_words
from slmdesk.fit import Verdict
from slmdesk.messages import format_number, say, tr
from slmdesk.ui.download_size import NOTHING
from slmdesk.ui.models.words import memory_words, speed_range, variant_size
from slmdesk.ui.widgets.verdict import badge_of

if TYPE_CHECKING:
    from slmdesk.catalogue import Variant
    from slmdesk.fit import FitReport

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()
VARIANT, QUALITY, DOWNLOAD, MEMORY, SPEED, FIT = range(6)


def heads() -> tuple[str, ...]:
    """The words over the columns."""
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
        self.in_one = False
        """Whether the first column is the only one that is seen: it stands for all of them."""

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
        report = self._reports.get(self.variants[row].id)
        runs = self.verdict(row) not in (Verdict.TOO_BIG, Verdict.UNKNOWN)
        # Nor of those for which other programs leave no room.
        now = report is not None and report.room != "none"
        return runs and now and self.variants[row].id == self.recommended

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
            return heads()[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The words of a cell."""
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == VARIANT:
            row = index.row()
            best = [tr("best here")] if self.is_best(row) else []
            others = [self.verdict_word(row), self.figures(row)] if self.in_one else []
            return ", ".join([self._words(row, VARIANT), *best, *others])
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(index.row(), index.column())
        return None

    def name_parts(self, row: int) -> tuple[str, ...]:
        """The name, and whose it is where another repository has one that is called so, too."""
        variant = self.variants[row]
        if self._labels.get(variant.label, 0) < 2:
            return (variant.label,)
        return variant.label, variant.repo.partition("/")[0]

    def verdict_word(self, row: int) -> str:
        """The verdict in a word."""
        return self._words(row, FIT)

    def figures(self, row: int) -> str:
        """What the columns of figures say, in one line, as far as it is known."""
        speed = self._words(row, SPEED)
        rate = tr("{rate} tok/s").format(rate=speed) if speed != NOTHING else NOTHING
        words = (self._words(row, DOWNLOAD), self._words(row, MEMORY), rate)
        return " · ".join(one for one in words if one != NOTHING)

    def tip(self, row: int) -> str:
        """Where a variant comes from, and what else is known of it."""
        variant = self.variants[row]
        parts = [
            variant.label,
            say(quality_words(variant)),
            variant.repo,
            *(file.path for file in variant.all_files[:4]),
        ]
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
                return " · ".join(self.name_parts(row))
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
