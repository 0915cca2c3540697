"""What is selected: a range from one place in the conversation to another, whether it is on screen or not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from slmdesk.ui.transcript.markdown import way_back_units
from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.strips import Section, Strip, cut_units

if TYPE_CHECKING:
    from slmdesk.ui.transcript.markdown import Block

_BEYOND = 1 << 60


class Place(NamedTuple):
    """Between two letters of a conversation; places compare as they follow each other."""

    message: int
    section: int
    block: int
    unit: int
    """UTF-16 units from the beginning of the block's text."""


START = Place(0, 0, 0, 0)


def end_of(message: int) -> Place:
    """Behind everything in a message, whatever there is in it."""
    return Place(message, Section.TEXT, _BEYOND, _BEYOND)


class Selection:
    """From `anchor`, where it was begun, to `head`, where it is being moved."""

    def __init__(self) -> None:
        self.anchor: Place | None = None
        self.head: Place | None = None
        self.least: tuple[Place, Place] | None = None
        """What stays selected while the head moves: the word or the block that was clicked."""

    def __bool__(self) -> bool:
        return self.anchor is not None and self.head is not None and self.anchor != self.head

    def clear(self) -> None:
        """Select nothing."""
        self.anchor = self.head = self.least = None

    def begin(self, start: Place, end: Place) -> None:
        """Select from `start` to `end`, which stays selected when it is extended."""
        self.anchor, self.head, self.least = start, end, (start, end)

    def extend(self, start: Place, end: Place | None = None) -> None:
        """Move the head to `start`, or to whichever of the two is further from where it was begun."""
        end = start if end is None else end
        if self.least is None:
            self.begin(start, end)
            return
        first, last = self.least
        if start < first:
            self.anchor, self.head = last, start
        else:
            self.anchor, self.head = first, max(end, last)

    @property
    def ends(self) -> tuple[Place, Place]:
        """Its two ends in reading order. Not to be asked of an empty one."""
        assert self.anchor is not None
        assert self.head is not None
        return min(self.anchor, self.head), max(self.anchor, self.head)

    def part_in(self, strip: Strip, units: int) -> tuple[int, int] | None:
        """Which of a strip's `units` UTF-16 units are selected, counted from its beginning."""
        if not self:
            return None
        start, end = self.ends
        own = (strip.message.index, int(strip.section), strip.block_index)
        if own < start[:3] or own > end[:3]:
            return None
        first = max(start.unit - strip.unit, 0) if own == start[:3] else 0
        last = min(end.unit - strip.unit, units) if own == end[:3] else units
        return (first, last) if first < last else None

    def text(self, messages: Sequence[Message]) -> str:
        """What is selected. Messages that are selected as a whole, among others, are given as written."""
        if not self:
            return ""
        start, end = self.ends
        parts = []
        for index in range(start.message, min(end.message + 1, len(messages))):
            message = messages[index]
            among_others = start.message != end.message
            if among_others and _covers(start, end, message):
                parts.append(message.source)
            else:
                parts.append(_part(message, start, end))
        return "\n\n".join(part for part in parts if part)


def _covers(start: Place, end: Place, message: Message) -> bool:
    """Whether a selection over several messages holds all of one."""
    index = message.index
    if start.message < index < end.message:
        return True
    if index == start.message and start > Place(index, Section.TEXT, 0, 0):
        return False
    if index == end.message and end.block < _BEYOND:
        message.read_on(math.inf)
        blocks = message.blocks(Section.TEXT)
        return not blocks or end >= Place(index, Section.TEXT, len(blocks) - 1, _units(blocks[-1]))
    return True


def _part(message: Message, start: Place, end: Place) -> str:
    message.read_on(math.inf)
    lines: list[str] = []
    above: Block | None = None
    for section in message.shown_sections():
        for number, block in enumerate(message.blocks(section)):
            own = (message.index, int(section), number)
            if own < start[:3] or own > end[:3]:
                continue
            first = start.unit if own == start[:3] else 0
            last = end.unit if own == end[:3] else None
            text = _cut(block, first, last)
            if first == 0 and start[:3] != end[:3]:
                text = _mark(block) + text
            if not text:
                continue
            if above is not None:
                lines.append(_between(above, block))
            lines.append(text)
            above = block
    return "".join(lines)


def _cut(block: Block, first: int, last: int | None) -> str:
    """The words of a block between two places. What leads back from a footnote is none of them."""
    unwritten = way_back_units(block)
    if unwritten:
        end = _units(block) - unwritten
        last = end if last is None else min(last, end)
    return cut_units(block.text(), first, last)


def _between(above: Block, below: Block) -> str:
    if below.follows != "apart":
        return "\n" if below.follows == "line" else ""
    return "\n" if _is_item(above) and _is_item(below) else "\n\n"


def _mark(block: Block) -> str:
    """What stands before the item of a list."""
    items = [one for one in block.containers if one.kind == "item"]
    if not items or not items[-1].marker:
        return ""
    return "  " * (len(items) - 1) + items[-1].marker + " "


def _is_item(block: Block) -> bool:
    return any(one.kind == "item" and not one.loose for one in block.containers)


def _units(block: Block) -> int:
    text = block.text()
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
