"""Strips: the parts of a message that are shown or not as a whole, and how a block is divided into them.

Most blocks are one strip. A long paragraph, a long program and a long table are many, so that what is laid
out and shown at once stays small however long they are.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from slmdesk.ui.transcript.markdown import Block, plain_text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from slmdesk.ui.transcript.contents import Content
    from slmdesk.ui.transcript.message import Message

# A paragraph of up to this many letters is laid out as one, in about a millisecond.
_TEXT_LETTERS = 6000
# Where a longer one is divided, a space is looked for among this many last letters.
_SPACE_WITHIN = 400
# What a person typed or pasted is divided between lines.
_TYPED_LINES = 60
_CODE_LINES = 25
_CODE_LETTERS = 4000
_TABLE_ROWS = 10
LONGEST_CODE_LINE = 2000
"""Letters of a line of code above which its block is always wrapped: Qt lays a line out as a whole."""


class StripKind(enum.Enum):
    """What a strip shows."""

    HEAD = enum.auto()
    FOLD = enum.auto()
    TEXT = enum.auto()
    TYPED = enum.auto()
    CODE_HEAD = enum.auto()
    CODE = enum.auto()
    TABLE = enum.auto()
    RULE = enum.auto()
    REST = enum.auto()
    NOTE = enum.auto()
    FOOT = enum.auto()
    PERSON_FOOT = enum.auto()
    EDITOR = enum.auto()


class Section(enum.IntEnum):
    """Which text of a message a block belongs to, in the order they are shown."""

    REASONING = 0
    TEXT = 1


Piece: TypeAlias = tuple[StripKind, int, int]
"""What a strip shows, and which part of the block: letters, or rows of a table, the header being row 0."""

SELECTABLE_KINDS = frozenset((StripKind.TEXT, StripKind.TYPED, StripKind.CODE, StripKind.TABLE))


@dataclass(slots=True, eq=False)
class Strip:
    """A part of a message, with its height as far as it is known."""

    kind: StripKind
    message: Message
    section: Section = Section.TEXT
    block_index: int = -1
    """Which block of the section; -1: none."""
    block: Block | None = None
    start: int = 0
    end: int = 0
    unit: int = 0
    """UTF-16 units of the block's text before this strip. Places in a text are counted in them."""
    first: bool = True
    last: bool = True
    """Whether it begins and ends its block."""
    gap: int = 0
    """Free pixels above the content, part of the height."""
    joined: int = 0
    """How many containers, from the outermost, go on from the strip above through the gap."""
    height: int = 0
    measured: int = -1
    """For which layout `height` was measured; any other: it is estimated."""
    content: Content | None = None
    """The text laid out; dropped when it has not been seen for long."""
    widget: QWidget | None = None
    """What shows it, while it is on screen."""

    @property
    def selectable(self) -> bool:
        """Whether text in it can be selected."""
        return self.kind in SELECTABLE_KINDS


def count_units(text: str) -> int:
    """How many UTF-16 units `text` has: what Qt counts in."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut_units(text: str, start: int, end: int | None = None) -> str:
    """The part of `text` between two places counted in UTF-16 units. Half a letter is left out."""
    if text.isascii():
        return text[start:end]
    units = text.encode("utf-16-le", "surrogatepass")
    part = units[2 * start : None if end is None else 2 * end]
    return part.decode("utf-16-le", "ignore")


def pieces_of(block: Block, start: int = 0) -> Iterator[Piece]:
    """The strips of a block, from the one that begins at `start` on."""
    match block.kind:
        case "code":
            if start == 0:
                yield StripKind.CODE_HEAD, 0, 0
            yield from _code_pieces(block.code, start)
        case "table":
            yield from _table_pieces(len(block.rows) + 1, start)
        case "rule":
            yield StripKind.RULE, 0, 0
        case _:
            yield from _text_pieces(block.text(), start)


def typed_pieces(text: str) -> Iterator[Piece]:
    """The strips of what a person typed: divided between lines, or inside one that is too long."""
    start, length = 0, len(text)
    while True:
        end = start
        for _ in range(_TYPED_LINES):
            line_end = text.find("\n", end)
            end = length if line_end < 0 else line_end + 1
            if end >= length or end - start >= _TEXT_LETTERS:
                break
        if end - start > 2 * _TEXT_LETTERS:
            end = _cut_at_space(text, start, start + _TEXT_LETTERS)
        yield StripKind.TYPED, start, end
        if end >= length:
            return
        start = end


def block_size(block: Block) -> int:
    """How many letters, or rows with the header, the pieces of a block are counted in."""
    match block.kind:
        case "code":
            return len(block.code)
        case "table":
            return len(block.rows) + 1
        case "rule":
            return 0
        case _:
            return len(block.text())


def table_units(block: Block, start: int, end: int) -> int:
    """UTF-16 units of the rows `start` to `end` of a table in its text, row 0 being the header."""
    rows = ((block.header,) if start == 0 else ()) + block.rows[max(start - 1, 0) : max(end - 1, 0)]
    return sum(count_units(plain_text(cell.spans)) + 1 for row in rows for cell in row)


def _text_pieces(text: str, start: int) -> Iterator[Piece]:
    length = len(text)
    while length - start > 2 * _TEXT_LETTERS:
        end = _cut_at_space(text, start, start + _TEXT_LETTERS)
        yield StripKind.TEXT, start, end
        start = end
    yield StripKind.TEXT, start, length


def _cut_at_space(text: str, start: int, near: int) -> int:
    space = max(text.rfind(" ", near - _SPACE_WITHIN, near), text.rfind("\n", near - _SPACE_WITHIN, near))
    return space + 1 if space > start else near


def _code_pieces(code: str, start: int) -> Iterator[Piece]:
    length = len(code)
    while True:
        end = start
        for _ in range(_CODE_LINES):
            line_end = code.find("\n", end)
            line_end = length if line_end < 0 else line_end + 1
            if line_end - start > 2 * _CODE_LETTERS:
                # A very long line: what is before it, or a part of it that fills lines when wrapped.
                end = end if end > start else start + _CODE_LETTERS
                break
            end = line_end
            if end >= length or end - start >= _CODE_LETTERS:
                break
        yield StripKind.CODE, start, end
        if end >= length:
            return
        start = end


def _table_pieces(rows: int, start: int) -> Iterator[Piece]:
    while rows - start > _TABLE_ROWS:
        yield StripKind.TABLE, start, start + _TABLE_ROWS
        start += _TABLE_ROWS
    yield StripKind.TABLE, start, rows
