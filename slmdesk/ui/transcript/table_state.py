"""How wide the columns of a table are."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QFont, QFontMetricsF

from slmdesk.ui.transcript.lettering import Lettering
from slmdesk.ui.transcript.markdown import Block, Cell, plain_text

CELL_PADDING = 6
"""Pixels around the text of a cell."""
_BETWEEN = 12
_SPARE = 24
_LEAST = 48
_HEADER_WEIGHT = 600


class TableState:
    """Widths that the columns of one table would like to have. Rows are counted once, as they come."""

    __slots__ = ("_block", "_counted", "_natural")

    def __init__(self) -> None:
        self._natural: list[float] = []
        self._counted = 0
        self._block: Block | None = None

    def widths(self, block: Block, room: int, lettering: Lettering) -> list[int]:
        """A width for each column, `room` pixels in all."""
        if self._block is not block:
            self._count(block, lettering)
            self._block = block
        return share(self._natural, room, lettering)

    def _count(self, block: Block, lettering: Lettering) -> None:
        same = (
            self._block is not None
            and self._block.header == block.header
            and len(block.rows) >= self._counted
        )
        if not same or not self._natural:
            self._natural = [0.0] * max(len(block.header), 1)
            self._counted = 0
            bold = QFont(lettering.base)
            bold.setWeight(QFont.Weight(_HEADER_WEIGHT))
            self._take(block.header, QFontMetricsF(bold), lettering)
        metrics = QFontMetricsF(lettering.base)
        # The last row may have been there only in part.
        for row in block.rows[max(self._counted - 1, 0) :]:
            self._take(row, metrics, lettering)
        self._counted = len(block.rows)

    def _take(self, row: Sequence[Cell], metrics: QFontMetricsF, lettering: Lettering) -> None:
        for column, cell in enumerate(row[: len(self._natural)]):
            width = metrics.horizontalAdvance(plain_text(cell.spans)[:200])
            width += sum(len(span.text) for span in cell.spans if span.code) * lettering.px(1)
            self._natural[column] = max(self._natural[column], width)


def share(natural: Sequence[float], room: int, lettering: Lettering) -> list[int]:
    """Divide `room` among columns that would like `natural` pixels for their text."""
    padding = 2 * CELL_PADDING + lettering.px(_BETWEEN)
    wanted = [width + padding for width in natural]
    if sum(wanted) <= room:
        spare = min((room - sum(wanted)) / len(wanted), lettering.px(_SPARE))
        widths = [int(width + spare) for width in wanted]
    else:
        widths = _squeeze(wanted, room, min(lettering.px(_LEAST), room // len(wanted)))
    widths[-1] += room - sum(widths)
    return widths


def _squeeze(wanted: Sequence[float], room: int, least: int) -> list[int]:
    """Columns that want little get it; the others share what is left alike."""
    widths = [0] * len(wanted)
    left, waiting = room, sorted(range(len(wanted)), key=lambda column: wanted[column])
    for done, column in enumerate(waiting):
        alike = left // (len(waiting) - done)
        widths[column] = max(min(int(wanted[column]), alike), least)
        left -= widths[column]
    return widths
