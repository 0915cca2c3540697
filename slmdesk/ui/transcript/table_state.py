"""How wide the columns of a table are, and how far it is scrolled to the side."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from PySide6.QtGui import QFont, QFontMetricsF

from slmdesk.ui.transcript.lettering import Lettering
from slmdesk.ui.transcript.markdown import Block, Cell, plain_text

CELL_PADDING = 6
"""Pixels around the text of a cell."""
_BETWEEN = 12
_SPARE = 24
# A column that wants as much gets it, even where the table has to be scrolled to the side for it.
_LEAST = 72
_ROOMY = 160
# A longer word is broken rather than that a column gets any wider for it.
_LONGEST_WORD = 200
# Letters of a cell that are looked at: a longer text is wrapped in any case.
_LETTERS = 200
_HEADER_WEIGHT = 600
_WIDE_LETTER = "W"
# What is not broken between lines. Chinese and Japanese are, anywhere.
_WORD = re.compile(r"[^\s\u2e80-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]+")


class TableState:
    """Widths that the columns of one table would like to have. Rows are counted once, as they come."""

    __slots__ = ("_block", "_counted", "_natural", "_room", "_widths", "_words", "offset")

    def __init__(self) -> None:
        self.offset = 0
        """Pixels it is scrolled to the side."""
        self._widths: list[int] = []
        self._room = 0
        self._natural: list[float] = []
        self._words: list[float] = []
        """Pixels of the longest word of each column."""
        self._counted = 0
        self._block: Block | None = None

    def widths(self, block: Block, room: int, lettering: Lettering) -> list[int]:
        """A width for each column: `room` pixels in all, or more where that would break words."""
        if self._block is not block:
            self._count(block, lettering)
            self._block = block
        self._widths, self._room = share(self._natural, self._words, room, lettering), room
        return self._widths

    @property
    def width(self) -> int:
        """Pixels of all columns, as they were shared out last."""
        return sum(self._widths)

    def shifts(self, block: Block, lettering: Lettering) -> bool:
        """Whether columns have other widths for `block`, which the table has become, than they had so far."""
        before = self._widths
        return bool(before) and self.widths(block, self._room, lettering) != before

    def _count(self, block: Block, lettering: Lettering) -> None:
        same = (
            self._block is not None
            and self._block.header == block.header
            and len(block.rows) >= self._counted
        )
        if not same or not self._natural:
            self._natural = [0.0] * max(len(block.header), 1)
            self._words = list(self._natural)
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
            text = plain_text(cell.spans)[:_LETTERS]
            code = sum(len(span.text) for span in cell.spans if span.code)
            words = "".join(span.text for span in cell.spans if not span.code)[:_LETTERS] if code else text
            width = max(metrics.horizontalAdvance(line) for line in words.split("\n"))
            width += code * lettering.mono_advance
            self._natural[column] = max(self._natural[column], width)
            if width > self._words[column]:
                self._take_words(column, text, metrics, lettering, has_code=code > 0)

    def _take_words(
        self, column: int, text: str, metrics: QFontMetricsF, lettering: Lettering, *, has_code: bool
    ) -> None:
        """Measure the words of a cell that may be longer than those of its column are so far."""
        letter = lettering.mono_advance if has_code else 0
        widest = max(metrics.horizontalAdvance(_WIDE_LETTER), letter)
        longest, most = self._words[column], lettering.px(_LONGEST_WORD)
        for word in _WORD.findall(text):
            if longest < most and len(word) * widest > longest:
                longest = max(longest, metrics.horizontalAdvance(word), len(word) * letter)
        self._words[column] = min(longest, most)


def share(natural: Sequence[float], words: Sequence[float], room: int, lettering: Lettering) -> list[int]:
    """Divide `room` among columns that would like `natural` pixels for their text.

    `words`: pixels of the longest word of each column, which has room for it even where all of them together
    take more than `room`.
    """
    padding = 2 * CELL_PADDING + lettering.px(_BETWEEN)
    wanted = [width + padding for width in natural]
    if sum(wanted) <= room:
        spare = min((room - sum(wanted)) / len(wanted), lettering.px(_SPARE))
        widths = [int(width + spare) for width in wanted]
    else:
        most = [math.ceil(width) for width in wanted]
        least = [
            min(whole, max(math.ceil(word) + padding, lettering.px(_LEAST)))
            for whole, word in zip(most, words, strict=True)
        ]
        if sum(least) > room:
            # It has to be scrolled in any case, so that nothing needs to be narrow.
            widths = _widths(most, least, lettering.px(_ROOMY))
        else:
            widths = _squeeze(most, least, room)
    widths[-1] += max(room - sum(widths), 0)
    return widths


def _squeeze(wanted: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Columns that want little get it; the others share what is left alike, none with less than `least`."""
    low, high = 0, max(wanted)
    while low < high:
        alike = (low + high + 1) // 2
        if sum(_widths(wanted, least, alike)) <= room:
            low = alike
        else:
            high = alike - 1
    return _widths(wanted, least, low)


def _widths(wanted: Sequence[int], least: Sequence[int], alike: int) -> list[int]:
    return [max(min(whole, alike), few) for whole, few in zip(wanted, least, strict=True)]
