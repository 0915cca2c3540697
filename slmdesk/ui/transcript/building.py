"""Makes the strips of a message, and makes those anew that show something else when it changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from slmdesk.ui.theme import Space, TextRole
from slmdesk.ui.transcript.markdown import Block
from slmdesk.ui.transcript.spacing import gap_between, joined_containers
from slmdesk.ui.transcript.strips import (
    Piece,
    Section,
    Strip,
    StripKind,
    block_size,
    count_units,
    pieces_of,
    table_units,
    typed_pieces,
)

if TYPE_CHECKING:
    from slmdesk.ui.transcript.lettering import Lettering
    from slmdesk.ui.transcript.message import Message

_Again: TypeAlias = dict[tuple[StripKind, Section, int, int], Strip]
_EMPTY = Block("paragraph", "")
_USUAL_LETTERS = 80
"""Of a line."""


def rebuild(
    message: Message, strips: list[Strip], lettering: Lettering, section: Section, block: int
) -> None:
    """Bring `strips` and the message's heights up to date, from a block of a section on; -1: all of them.

    Strips that show the same part as before are used again, so that what is on screen stays there.
    """
    keep = 0
    if block >= 0:
        keep = len(strips)
        while keep and _stands_at(strips[keep - 1], section, block):
            keep -= 1
    resumed = _kept_of_block(message, strips, lettering, keep, section, block) if block >= 0 else 0
    old = strips[keep + resumed :]
    del strips[keep + resumed :]
    message.heights.cut(keep + resumed)
    again = {(one.kind, one.section, one.block_index, one.start): one for one in old}
    for strip in _tail(message, lettering, strips[-1] if strips else None, bool(resumed), again):
        if strip.block is None and block < 0:
            strip.measured = -1
        strips.append(strip)
        message.heights.append(strip.height)


def _kept_of_block(
    message: Message, strips: list[Strip], lettering: Lettering, keep: int, section: Section, block: int
) -> int:
    """How many of the strips of a block that has grown show the same as before: of a long one, most."""
    count = 0
    while keep + count < len(strips) and (strips[keep + count].section, strips[keep + count].block_index) == (
        section,
        block,
    ):
        count += 1
    blocks = message.blocks(section)
    if count < 2 or block >= len(blocks):
        return 0
    last, after = strips[keep + count - 1], blocks[block]
    if last.block is None or not _grew(last.block, after, last.start):
        return 0
    # The last one shows more now, which is found out by the block it was made for.
    kept = strips[keep : keep + count - 1]
    shifts = after.kind == "table" and message.table_state(last).shifts(after, lettering)
    for strip in kept:
        strip.block = after
        if shifts:
            strip.measured = -1
    return len(kept)


def _grew(before: Block, after: Block, upto: int) -> bool:
    """Whether `after` is as `before` was, up to a letter of code or a row of a table."""
    if (before.kind, before.containers, before.language) != (after.kind, after.containers, after.language):
        return False
    if after.kind == "code":
        return before.code[:upto] == after.code[:upto]
    if after.kind == "table":
        return before.header == after.header and before.rows[: upto - 1] == after.rows[: upto - 1]
    return False


def _tail(
    message: Message, lettering: Lettering, above: Strip | None, inside: bool, again: _Again
) -> Iterable[Strip]:
    """The strips below `above`; `inside`: its block goes on below it."""
    if above is None and not message.by_person and message.answered and not message.bare:
        yield _plain(message, StripKind.HEAD, lettering.theme.line_height(TextRole.TITLE), again)
    if message.state == "lost":
        yield _plain(message, StripKind.NOTE, lettering.reading_line + Space.S, again)
    elif message.editing:
        yield _plain(message, StripKind.EDITOR, 4 * lettering.reading_line, again)
    else:
        if message.reasoning_source and (above is None or above.kind is StripKind.HEAD):
            yield _plain(message, StripKind.FOLD, lettering.base_line + Space.L, again)
        for section in message.shown_sections():
            blocks, start = _shown_blocks(message, section), 0
            if above is not None and above.block_index >= 0:
                if section < above.section:
                    continue
                if section == above.section:
                    start = above.block_index + 1
                    if inside:
                        yield from _strips_of(message, section, start - 1, blocks, lettering, again, above)
            for index in range(start, len(blocks)):
                yield from _strips_of(message, section, index, blocks, lettering, again, None)
            if not message.by_person and message.section(section).unread:
                yield _rest(message, section, len(blocks), lettering)
    if message.bare:
        return
    foot = StripKind.PERSON_FOOT if message.by_person else StripKind.FOOT
    yield _plain(message, foot, lettering.theme.sizes.stats_row, again)


def _shown_blocks(message: Message, section: Section) -> Sequence[Block]:
    blocks = message.blocks(section)
    if not blocks and section is Section.TEXT and message.writing and not message.reasoning_source:
        # Where the writing cursor stands before the first word.
        return (_EMPTY,)
    return blocks


def _plain(message: Message, kind: StripKind, height: int, again: _Again) -> Strip:
    return again.get((kind, Section.TEXT, -1, 0)) or Strip(kind, message, height=height)


def _rest(message: Message, section: Section, index: int, lettering: Lettering) -> Strip:
    """Stands for what was not read yet, about as high as that will be."""
    text = message.section(section)
    lines = text.unread // _USUAL_LETTERS + text.source.count("\n", len(text.source) - text.unread)
    return Strip(StripKind.REST, message, section, index, height=lines * lettering.reading_line)


def _strips_of(
    message: Message,
    section: Section,
    index: int,
    blocks: Sequence[Block],
    lettering: Lettering,
    again: _Again,
    above: Strip | None,
) -> Iterable[Strip]:
    """The strips of one block, those below `above` where some of them are there already."""
    block = blocks[index]
    previous = blocks[index - 1] if index else None
    gap, joined = _distance(message, section, block, previous, lettering)
    size, begin = block_size(block), above.end if above is not None else 0
    typed = message.by_person
    pieces: Iterable[Piece] = typed_pieces(message.typed) if typed else pieces_of(block, begin)
    unit = above.unit + _units(block, above.kind, above.start, above.end) if above is not None else 0
    for kind, start, end in pieces:
        if above is not None and kind is StripKind.CODE_HEAD:
            # It is there already: `above` is the head itself, or one of the code below it.
            continue
        strip = again.get((kind, section, index, start))
        if strip is None:
            strip = Strip(kind, message, section, index, start=start)
            strip.height = _guess(block, kind, start, end, lettering)
        # The head of code stands before its first lines.
        first = start == 0 and (kind is StripKind.CODE_HEAD or block.kind != "code")
        last = end >= size and kind is not StripKind.CODE_HEAD
        if strip.end != end or strip.last != last or not _shows_same(strip, block):
            strip.measured = -1
        strip.block, strip.end, strip.unit = block, end, unit
        strip.first, strip.last = first, last
        strip.gap, strip.joined = (gap, joined) if first else (0, 0)
        unit += _units(block, kind, start, end)
        yield strip


def _distance(
    message: Message, section: Section, block: Block, previous: Block | None, lettering: Lettering
) -> tuple[int, int]:
    """Free pixels above a block, and how many containers go on through them."""
    if previous is not None:
        return gap_between(previous, block, lettering), joined_containers(previous, block)
    begins_below_fold = section is Section.REASONING or message.reasoning_source
    return (Space.M if begins_below_fold else Space.XS), 0


def _units(block: Block, kind: StripKind, start: int, end: int) -> int:
    """UTF-16 units of a part of a block."""
    match kind:
        case StripKind.TABLE:
            return table_units(block, start, end)
        case StripKind.CODE:
            return count_units(block.code[start:end])
        case StripKind.TEXT | StripKind.TYPED:
            return count_units(block.text()[start:end])
    return 0


def _guess(block: Block, kind: StripKind, start: int, end: int, lettering: Lettering) -> int:
    """A height until it is measured."""
    if kind is StripKind.CODE:
        return lettering.mono_line * (block.code.count("\n", start, end) + 1)
    if kind is StripKind.TABLE:
        return (lettering.base_line + Space.M) * (end - start)
    lines = (end - start) // _USUAL_LETTERS + 1
    if kind is StripKind.TYPED:
        lines += block.source.count("\n", start, end)
    return lettering.reading_line * lines


def _stands_at(strip: Strip, section: Section, block: int) -> bool:
    """Whether `strip` stands at or below a block of a section."""
    if strip.block_index < 0:
        return strip.kind in (StripKind.FOOT, StripKind.PERSON_FOOT)
    return (strip.section, strip.block_index) >= (section, block)


def _shows_same(strip: Strip, block: Block) -> bool:
    """Whether the part that `strip` shows is the same in `block` as it was when the strip was made."""
    before = strip.block
    if before is block:
        return True
    if before is None or (before.kind, before.containers) != (block.kind, block.containers):
        return False
    start, end = strip.start, strip.end
    if block.kind == "code":
        return before.code[start:end] == block.code[start:end]
    if block.kind == "table":
        return before.header == block.header and before.rows[:end] == block.rows[:end]
    return before == block
