"""Where a text was found: kept so that hundreds of thousands are cheap to count and to go through."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from slmdesk.ui.transcript.selection import Place
from slmdesk.ui.transcript.strips import count_units

if TYPE_CHECKING:
    from slmdesk.ui.transcript.message import Message

# Letters of a block that are searched in one go, in a few milliseconds even if every letter is a hit.
_LETTERS_AT_ONCE = 8000


class Hit(NamedTuple):
    """One place where the text was found."""

    message: int
    section: int
    block: int
    start: int
    end: int

    @property
    def place(self) -> Place:
        """Where it begins."""
        return Place(self.message, self.section, self.block, self.start)


class BlockHits:
    """The hits in one block, in UTF-16 units of its text; they follow each other and do not overlap."""

    __slots__ = ("before", "ends", "key", "starts")

    def __init__(self, key: tuple[int, int], before: int) -> None:
        self.key = key
        """The section and the block."""
        self.before = before
        """Hits of the message that stand before this block."""
        self.starts = array("Q")
        self.ends = array("Q")


class MessageHits:
    """The hits in one message. They are found in their order, a slice at a time."""

    def __init__(self, message: int) -> None:
        self.message = message
        self.count = 0
        self._blocks: list[BlockHits] = []

    def __getitem__(self, number: int) -> Hit:
        """The hit of a number, from 0."""
        block = self._blocks[bisect_right(self._blocks, number, key=lambda one: one.before) - 1]
        at = number - block.before
        return Hit(self.message, *block.key, block.starts[at], block.ends[at])

    def number_from(self, place: Place) -> int:
        """The number of the first hit that does not begin before `place`; `count`: there is none."""
        if place.message != self.message:
            return 0 if place.message < self.message else self.count
        at = self._block_from(place)
        if at == len(self._blocks):
            return self.count
        block = self._blocks[at]
        if block.key > place[1:3]:
            return block.before
        return block.before + bisect_left(block.starts, place.unit)

    def between(self, place: Place, units: int) -> Iterator[tuple[int, int]]:
        """From where to where the hits reach that touch the `units` units of a block from `place` on."""
        at = self._block_from(place)
        if at < len(self._blocks) and self._blocks[at].key == place[1:3]:
            block = self._blocks[at]
            first = bisect_right(block.ends, place.unit)
            last = bisect_left(block.starts, place.unit + units)
            yield from zip(block.starts[first:last], block.ends[first:last], strict=True)

    def search(self, message: Message, text: str) -> Iterator[None]:
        """Find `text` in the texts of a message, folded ones too. Rests after each slice."""
        wanted = text.casefold()
        if not wanted or message.state == "lost":
            return
        for section in message.sections():
            for number, block in enumerate(message.blocks(section)):
                yield from self._search_block((int(section), number), block.text(), wanted)

    def _search_block(self, key: tuple[int, int], plain: str, wanted: str) -> Iterator[None]:
        found = BlockHits(key, self.count)
        begin, unit, counted = 0, 0, 0
        while begin < len(plain):
            limit = begin + _LETTERS_AT_ONCE
            # A hit may begin in this part and end in the next.
            part = plain[begin : limit + len(wanted)]
            free = begin
            for first, last in _find_all(part, wanted):
                first, last = begin + first, begin + last
                if first >= limit:
                    break
                unit += count_units(plain[counted:first])
                found.starts.append(unit)
                unit += count_units(plain[first:last])
                found.ends.append(unit)
                counted = free = last
            begin = max(limit, free)
            if len(found.starts) + found.before > self.count:
                if self.count == found.before:
                    self._blocks.append(found)
                self.count = found.before + len(found.starts)
            yield

    def _block_from(self, place: Place) -> int:
        return bisect_left(self._blocks, place[1:3], key=lambda one: one.key)


def _find_all(plain: str, wanted: str) -> Iterator[tuple[int, int]]:
    """Where `wanted`, which is folded, begins and ends in `plain`, whatever its case."""
    folded = plain.casefold()
    at = folded.find(wanted)
    places = None if at < 0 or len(folded) == len(plain) else _places(plain)
    free = 0
    while at >= 0:
        end = at + len(wanted)
        first, last = (at, end) if places is None else (places[at], places[end - 1] + 1)
        # A letter that folds to two is one hit, even if both are what is looked for.
        if first >= free:
            yield first, last
            free = last
        at = folded.find(wanted, end)


def _places(text: str) -> list[int]:
    """For each letter of the folded text, which letter of `text` it came from."""
    places: list[int] = []
    for number, letter in enumerate(text):
        places.extend([number] * len(letter.casefold()))
    return places
