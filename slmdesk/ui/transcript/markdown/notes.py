"""Footnotes: moved to the end of the text and numbered in the order in which they are first used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from slmdesk.ui.transcript.markdown.blocks import Block, Cell, Container, Span
from slmdesk.ui.transcript.markdown.leaves import Leaf

_BACK = "\u21a9\ufe0e"
"""An arrow, and the wish not to draw it as an emoji."""
_BEFORE_BACK = "\N{NO-BREAK SPACE}"
_LINK = "#fn-"
_FIRST_USE = "fnref-"


def with_notes(leaves: Sequence[Leaf], blocks: Sequence[Block]) -> list[Block]:
    """`blocks`, which are those of `leaves`, as they stand in a finished text.

    A note that is never used comes last: nothing that was written is left out.
    """
    body: list[Block] = []
    notes: dict[str, list[Block]] = {}
    for leaf, block in zip(leaves, blocks, strict=True):
        places = [place.kind for place in leaf.places]
        if "note" not in places:
            body.append(block)
            continue
        depth = len(places) - places[::-1].index("note")
        inner = replace(block, containers=block.containers[depth - 1 :])
        notes.setdefault(leaf.places[depth - 1].marker, []).append(inner)
    if not notes:
        return body
    numbering = _Numbering()
    result = [numbering.numbered(block) for block in body]
    result.append(Block("rule", "---"))
    width = len(f"{len(notes)}.")
    while (label := numbering.next_label(notes)) is not None:
        placed = [
            numbering.numbered(block) for block in _placed(notes.pop(label), numbering.marker(label), width)
        ]
        result += _with_way_back(placed, label) if numbering.is_used(label) else placed
    return result


def way_back_units(block: Block) -> int:
    """UTF-16 units at the end of `block` that only lead back from a footnote: nobody wrote them."""
    leads_back = bool(block.spans) and block.spans[-1].href.startswith(f"#{_FIRST_USE}")
    return len(_BEFORE_BACK + _BACK) if leads_back else 0


class _Numbering:
    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._labels: list[str] = []
        """In the order of their numbers."""
        self._placed = 0
        self._used: set[str] = set()

    def next_label(self, left: Mapping[str, Sequence[Block]]) -> str | None:
        """The note to be placed next: the next number, or of those that are `left` and not used the first."""
        if self._placed == len(self._labels):
            if not left:
                return None
            self._number_of(next(iter(left)))
        self._placed += 1
        return self._labels[self._placed - 1]

    def marker(self, label: str) -> str:
        return f"{self._numbers[label]}."

    def is_used(self, label: str) -> bool:
        return label in self._used

    def numbered(self, block: Block) -> Block:
        """`block` with the numbers of the notes used in it, and as anchor the first that was not before."""
        if "[^" not in block.source:
            return block
        before = len(self._used)
        anchors: list[str] = []
        if block.kind == "table":
            numbered = replace(
                block,
                header=tuple(Cell(self._spans(cell.spans, anchors)) for cell in block.header),
                rows=tuple(
                    tuple(Cell(self._spans(cell.spans, anchors)) for cell in row) for row in block.rows
                ),
            )
        else:
            numbered = replace(block, spans=self._spans(block.spans, anchors))
        if len(self._used) > before and not block.anchor:
            return replace(numbered, anchor=anchors[0])
        return numbered

    def _spans(self, spans: tuple[Span, ...], anchors: list[str]) -> tuple[Span, ...]:
        return tuple(self._span(span, anchors) if span.superscript else span for span in spans)

    def _span(self, span: Span, anchors: list[str]) -> Span:
        label = span.href.removeprefix(_LINK)
        number = self._number_of(label)
        if label not in self._used:
            self._used.add(label)
            anchors.append(f"{_FIRST_USE}{label}")
        return replace(span, text=str(number))

    def _number_of(self, label: str) -> int:
        if label not in self._numbers:
            self._labels.append(label)
            self._numbers[label] = len(self._labels)
        return self._numbers[label]


def _placed(blocks: Sequence[Block], marker: str, width: int) -> list[Block]:
    """The blocks of a note as the item of a list."""
    placed = []
    for block in blocks:
        outer, *inner = block.containers
        item = Container("item", marker if outer.opens else "", marker_width=width, opens=outer.opens)
        placed.append(replace(block, containers=(item, *inner)))
    return placed


def _with_way_back(blocks: list[Block], label: str) -> list[Block]:
    *others, last = blocks
    if last.kind != "paragraph":
        return blocks
    way_back = (Span(_BEFORE_BACK), Span(_BACK, href=f"#{_FIRST_USE}{label}"))
    return [*others, replace(last, spans=(*last.spans, *way_back))]
