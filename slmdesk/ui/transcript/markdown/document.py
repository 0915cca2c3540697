"""A Markdown text that grows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from slmdesk.ui.transcript.markdown.assembly import containers_of, make_block, source_of, source_of_rows
from slmdesk.ui.transcript.markdown.blocks import Block, Cell
from slmdesk.ui.transcript.markdown.fence import OpenFence
from slmdesk.ui.transcript.markdown.grammar import Environment
from slmdesk.ui.transcript.markdown.held import held_back, shown_leaves
from slmdesk.ui.transcript.markdown.late import late_meanings
from slmdesk.ui.transcript.markdown.leaves import Carried, Leaf, ListFacts, Reading, read_leaves
from slmdesk.ui.transcript.markdown.notes import with_notes
from slmdesk.ui.transcript.markdown.resume import Cut, cut_before
from slmdesk.ui.transcript.markdown.spans import SpanReader

_LINE_ENDS = re.compile("\r\n?")
_ROWS_KEPT = 12
"""Of a table that grows: rows that are read again."""
_LARGE = 8_000
"""Characters. A rest that is larger is read again only when it has grown by a twentieth."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """What was read of the first leaf of the rest and taken out of its text."""

    code: str = ""
    texts: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    source: str = ""
    """Of the rows."""


@dataclass(slots=True)
class _ReadAhead:
    """What was read of the rest and is not settled yet."""

    reading: Reading
    environment: Environment
    text: str
    is_shown: bool = False


class Markdown:
    """Reads a text as it is written.

    Its blocks are at all times those that the text so far has, but that marks at its end wait until they can
    be told (`-` may become a list or a rule) and that what is open is shown closed (`**bo` is bold). Links
    and footnotes that are defined after they are used are found at the end. Belongs to one thread at a time.

    Only the rest of the text is parsed again when it grows: from the last block, item, or part of a long
    paragraph on; of a table the last rows, of an open code block nothing.
    """

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._leaves: list[Leaf] = []
        """Those that are finished, one for each of the first blocks."""
        self._lists: dict[int, ListFacts] = {}
        """Lists that the rest may go on with, as the finished blocks show them."""
        self._environment = _copied({})
        """Of what is finished."""
        self._carried = Carried()
        self._rest = ""
        self._taken = _Taken()
        self._fence: OpenFence | None = None
        self._more_code: str | None = None
        """Of an open code block: what stands behind its finished lines, and is not shown yet."""
        self._read_ahead: _ReadAhead | None = None
        self._shown: list[tuple[Leaf, Leaf]] = []
        """For each block that is not finished: its leaf as it is shown, and as it is written."""
        self._definitions = 0
        self._spans = SpanReader(notes_to_come=True)
        self._size_when_read = 0
        self._half_line_end = ""
        self._is_finished = False

    @property
    def blocks(self) -> Sequence[Block]:
        """Not to be changed; the same object for as long as this lives."""
        return self._blocks

    @classmethod
    def parse(cls, text: str) -> list[Block]:
        """The blocks of a whole text."""
        markdown = cls()
        markdown._append(text)
        markdown.finish()
        return markdown._blocks

    def feed(self, text: str) -> int:
        """Go on with `text`. Returns the index of the first block that is new or changed or gone.

        Where nothing is, that is the number of blocks. Raises ValueError where the text was finished.
        Takes `take`, `show` and `settle` in one; who has other things to do calls them one by one.
        """
        self.take(text)
        changed = self.show()
        self.settle()
        return changed

    def take(self, text: str) -> None:
        """Read on with `text`; the blocks stay as they are. Raises ValueError as `feed` does."""
        if self._is_finished:
            raise ValueError("a text that was finished does not go on")
        self.settle()
        self._more_code = self._read_ahead = None
        self._append(text)
        if self._fence is not None and (more := self._take_lines(self._fence)) is not None:
            self._more_code = more
            return
        self._fence = None
        if _LARGE < len(self._rest) < self._size_when_read * 1.05:
            return
        self._size_when_read = len(self._rest)
        shown = self._rest[: len(self._rest) - held_back(self._rest)]
        environment = _copied(self._environment)
        self._read_ahead = _ReadAhead(self._read(shown, environment), environment, shown)

    def show(self) -> int:
        """Bring the blocks up to what was taken. Returns as `feed` does."""
        if self._more_code is not None:
            more, self._more_code = self._more_code, None
            return self._grow_code(more)
        ahead = self._read_ahead
        if ahead is None or ahead.is_shown:
            return len(self._blocks)
        ahead.is_shown = True
        return self._show(ahead.reading, ahead.environment, ahead.text)

    def settle(self) -> None:
        """Let go of what will not change any more of what was shown. The blocks stay as they are."""
        ahead = self._read_ahead
        if ahead is not None and ahead.is_shown:
            self._read_ahead = None
            self._cut(ahead.reading, ahead.environment, ahead.text)

    def finish(self) -> int:
        """There will be no more. Returns the index of the first block that changed, as `feed` does."""
        if self._is_finished:
            return len(self._blocks)
        self._more_code = self._read_ahead = None
        self._append("")
        self._is_finished = True
        before = list(self._blocks)
        environment = _copied(self._environment)
        reading = self._read(self._rest, environment)
        self._adopt_lists(reading)
        spans = SpanReader()
        blocks = self._blocks[: len(self._leaves)]
        means_something_else = late_meanings(environment)
        for index, leaf in enumerate(self._leaves):
            if any(means_something_else(text) for text in leaf.texts):
                blocks[index] = make_block(leaf, blocks[index].containers, environment, spans)
        for index, leaf in enumerate(reading.leaves):
            leaf = reading.leaves[index] = replace(leaf, closed=True)
            block = make_block(leaf, containers_of(leaf, reading.lists), environment, spans)
            blocks.append(self._with_taken(block) if index == 0 else block)
        self._blocks[:] = _kept(before, with_notes([*self._leaves, *reading.leaves], blocks))
        return _first_difference(before, self._blocks)

    def _append(self, text: str) -> None:
        text = self._half_line_end + text
        self._half_line_end = "\r" if text.endswith("\r") and not self._is_finished else ""
        self._rest += _LINE_ENDS.sub("\n", text.removesuffix(self._half_line_end)).replace("\0", "\ufffd")

    def _read(self, text: str, environment: Environment) -> Reading:
        reading = read_leaves(text, environment, self._carried)
        if self._taken.code:
            leaf = reading.leaves[0]
            reading.leaves[0] = replace(leaf, code=self._taken.code + leaf.code)
        return reading

    # What is shown

    def _show(self, reading: Reading, environment: Environment, text: str) -> int:
        """Make blocks of what was read."""
        changed = self._adopt_lists(reading)
        definitions = len(environment["references"]) + len(environment["footnotes"]["refs"])
        if definitions != self._definitions:
            self._definitions = definitions
            self._spans.forget()
            self._shown.clear()
        first = len(self._leaves)
        before = self._blocks[first:]
        after: list[Block] = []
        leaves = shown_leaves(reading.leaves, text)
        for index, leaf in enumerate(leaves):
            containers = containers_of(leaf, reading.lists)
            written = reading.leaves[index]
            if index < len(self._shown) and (leaf, written) == self._shown[index]:
                old = before[index]
                after.append(old if old.containers == containers else replace(old, containers=containers))
                continue
            block = make_block(leaf, containers, environment, self._spans)
            if leaf is not written:
                block = replace(block, source=source_of(written))
            after.append(self._with_taken(block) if index == 0 else block)
        self._shown = list(zip(leaves, reading.leaves, strict=False))
        after = _kept(before, after)
        self._blocks[first:] = after
        return changed if changed < first else first + _first_difference(before, after)

    def _adopt_lists(self, reading: Reading) -> int:
        """Show in finished blocks what has become known of their lists. Returns the first that changed,
        or as many as there are."""
        new = {
            key: facts
            for key, old in self._lists.items()
            if (facts := reading.lists[key]).loose != old.loose or facts.width != old.width
        }
        self._lists.update(new)
        changed = len(self._leaves)
        for index in range(changed - 1, -1, -1) if new else ():
            places = self._leaves[index].places
            if any(place.key in new for place in places):
                block = self._blocks[index]
                containers = tuple(
                    replace(container, loose=new[place.key].loose, marker_width=new[place.key].width)
                    if place.key in new
                    else container
                    for place, container in zip(places, block.containers, strict=True)
                )
                self._blocks[index] = replace(block, containers=containers)
                changed = index
        return changed

    def _with_taken(self, block: Block) -> Block:
        """The first block of the rest with the rows of a table that were taken out of it."""
        if not self._taken.rows:
            return block
        head, rule, *rows = block.source.split("\n")
        source = "\n".join([head, rule, self._taken.source, *rows])
        return replace(block, rows=self._taken.rows + block.rows, source=source)

    def _whole(self, leaf: Leaf) -> Leaf:
        """The first leaf of the rest with what was taken out of it."""
        columns = len(leaf.aligns)
        return replace(leaf, texts=leaf.texts[:columns] + self._taken.texts + leaf.texts[columns:])

    # What is finished

    def _cut(self, reading: Reading, environment: Environment, text: str) -> None:
        """Let go of the text whose blocks will not change."""
        for index in range(len(reading.leaves) - 1, 0, -1):
            cut = cut_before(index, reading.leaves, text, self._carried, reading.next_key)
            if cut is not None and (rest := self._read_from(cut, text, reading.leaves[index:])) is not None:
                self._finish_until(index, cut, reading, environment)
                reading, text = rest, cut.prefix + text[cut.offset :]
                break
        if len(reading.leaves) == 1:
            if reading.leaves[0].kind == "table":
                self._take_rows(reading.leaves[0])
            elif reading.leaves[0].markup and not reading.leaves[0].closed:
                self._take_code(reading.leaves[0])

    def _read_from(self, cut: Cut, text: str, leaves: Sequence[Leaf]) -> Reading | None:
        """What is read behind `cut`; None where that is not what was read there before."""
        reading = read_leaves(cut.prefix + text[cut.offset :], _copied(self._environment), cut.carried)
        return reading if reading.leaves == leaves else None

    def _finish_until(self, index: int, cut: Cut, reading: Reading, environment: Environment) -> None:
        finished = [self._whole(reading.leaves[0]), *reading.leaves[1:index]]
        self._leaves += finished
        self._lists = {key: reading.lists[key] for key, _ in cut.carried.lists}
        known = self._environment["references"]
        for label, definition in environment["references"].items():
            if label not in known and definition["map"][0] < cut.line:
                known[label] = definition
        for place in (place for leaf in finished for place in leaf.places if place.kind == "note"):
            self._environment["footnotes"]["refs"][f":{place.marker}"] = -1
        self._rest = cut.prefix + self._rest[cut.offset :]
        self._carried = cut.carried
        self._shown = self._shown[index:]
        self._taken = _Taken()
        self._spans.forget()

    def _take_rows(self, leaf: Leaf) -> None:
        """Take the rows of a table that grows out of the rest, but the last."""
        columns = len(leaf.aligns)
        count = len(leaf.texts) // columns - 1 - _ROWS_KEPT
        if count < _ROWS_KEPT:
            return
        texts = leaf.texts[columns : columns * (count + 1)]
        taken = self._taken
        before = len(taken.rows)
        source = "\n".join(([taken.source] if taken.rows else []) + source_of_rows(texts, columns))
        rows = self._blocks[-1].rows[: before + count]
        self._spans.forget()
        self._taken = _Taken(texts=taken.texts + texts, rows=rows, source=source)
        lines = self._rest.split("\n")
        head = leaf.line + 2
        self._rest = "\n".join(lines[:head] + lines[head + count :])
        self._shown.clear()

    def _take_code(self, leaf: Leaf) -> None:
        """Take the lines of an open code block out of the rest and have no more of it parsed."""
        fence = OpenFence.begun_by(leaf, self._rest)
        if fence is not None and self._take_lines(fence) is not None:
            self._fence = fence

    def _take_lines(self, fence: OpenFence) -> str | None:
        """Take what is certain to be code out of the rest. Returns what else of the rest is code so far."""
        lines = fence.take(self._rest)
        self._rest = lines.rest
        if lines.code:
            self._taken = _Taken(code=self._taken.code + lines.code)
        return lines.more

    def _grow_code(self, more: str) -> int:
        """Show that an open code block goes on. Returns as `feed` does."""
        leaf = replace(self._shown[0][0], code=self._taken.code + more)
        self._shown = [(leaf, leaf)]
        before = self._blocks[-1]
        self._blocks[-1] = make_block(leaf, before.containers, self._environment, self._spans)
        return len(self._blocks) - (1 if self._blocks[-1] != before else 0)


def _copied(environment: Environment) -> Environment:
    """What a text may add its definitions to."""
    return {
        "references": dict(environment.get("references", {})),
        "footnotes": {"refs": dict(environment.get("footnotes", {}).get("refs", {})), "list": {}},
    }


def _kept(before: Sequence[Block], after: Sequence[Block]) -> list[Block]:
    """`after` with the old object wherever its block is the same as before."""
    count = min(len(before), len(after))
    same = [old if old == new else new for old, new in zip(before, after, strict=False)]
    return [*same, *after[count:]]


def _first_difference(before: Sequence[Block], after: Sequence[Block]) -> int:
    for index, (old, new) in enumerate(zip(before, after, strict=False)):
        if old is not new:
            return index
    return min(len(before), len(after))
