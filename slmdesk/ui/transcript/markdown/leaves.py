"""From the parser's tokens to leaves: what is drawn as a block, and the containers that it stands in.

The text that is read may be the rest of a longer one. What is known of the containers that are open where it
begins is handed in as `Carried`; a reading hands out the same for any later leaf.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from slmdesk.ui.transcript.markdown.blocks import Align, BlockKind, Follows
from slmdesk.ui.transcript.markdown.cuts import blocks_of
from slmdesk.ui.transcript.markdown.grammar import Environment, block_tokens

if TYPE_CHECKING:
    from markdown_it.token import Token

PlaceKind = Literal["quote", "item", "note"]
_DONE = {"[ ]": False, "[x]": True, "[X]": True}
_ALIGNS: dict[str, Align] = {"text-align:center": "center", "text-align:right": "right"}


@dataclass(frozen=True, slots=True)
class ListFacts:
    """A list as far as it was read."""

    ordered: bool
    start: int
    delimiter: str
    count: int = 0
    """Items, the open one included."""
    loose: bool = False
    width: int = 0
    """Characters of the widest marker."""

    def next_marker(self) -> str:
        """What stands before the item that would come next."""
        return f"{self.start + self.count}{self.delimiter}" if self.ordered else "•"


@dataclass(frozen=True, slots=True)
class Place:
    """One container of a leaf."""

    kind: PlaceKind
    key: int = field(default=-1, compare=False)
    """Of an item: the list it belongs to; it has another in every reading that does not know the list."""
    marker: str = ""
    """Of an item: its marker; of a footnote: its label."""
    checked: bool | None = None
    opens: bool = False
    """Whether the leaf is the first in it."""
    line: int = field(default=0, compare=False)
    """Of the text that was read: where the container begins."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """What becomes one block."""

    kind: BlockKind
    texts: tuple[str, ...] = ()
    """What is to be read for spans: one text, or of a table every cell, row by row."""
    level: int = 0
    info: str = ""
    markup: str = ""
    """Of a code block: its fence; empty where it is indented."""
    code: str = ""
    closed: bool = True
    aligns: tuple[Align, ...] = ()
    follows: Follows = "apart"
    places: tuple[Place, ...] = ()
    lists: tuple[tuple[int, ListFacts], ...] = field(default=(), compare=False)
    """The lists it stands in, by key, outermost first, as far as they were read where it begins."""
    line: int = field(default=0, compare=False)
    """Of the text that was read: where it begins; not known where a paragraph goes on (`follows`)."""
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Carried:
    """The containers that are open where a text begins, outermost first."""

    places: tuple[Place, ...] = ()
    """`opens` is False for one that something was read in before."""
    lists: tuple[tuple[int, ListFacts], ...] = ()
    """The lists of the items; `count` does not count an item that is still to be opened."""
    next_key: int = 0
    filler: str = ""
    """Stands in the text for the beginning of a long paragraph that was taken out of it."""
    follows: Follows = "apart"
    """How what comes after `filler` goes on from there."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text was read as."""

    leaves: list[Leaf]
    lists: dict[int, ListFacts]
    """Every list in it at its end, by key."""
    next_key: int


def read_leaves(text: str, environment: Environment, carried: Carried) -> Reading:
    """Read the blocks of `text`, whose lines end in `\\n`; link definitions are added to `environment`."""
    reader = _Reader(text.split("\n"), carried)
    return reader.read(block_tokens(text, environment))


def is_blank(line: str) -> bool:
    """Whether nothing but marks of quotes stands in `line`."""
    return not line.strip(" \t>")


@dataclass(slots=True)
class _Open:
    """A container, or a list (whose place is None), that the reader is in."""

    place: Place | None
    key: int = -1
    children: int = 0
    leaves: int = 0


class _Reader:
    def __init__(self, lines: Sequence[str], carried: Carried) -> None:
        self._lines = lines
        self._lists = dict(carried.lists)
        self._next_key = carried.next_key
        self._open: list[_Open] = []
        self._leaves: list[Leaf] = []
        # Containers on the way to the first leaf are those that were open before.
        self._spine = list(carried.places)
        self._spine_keys = [key for key, _ in carried.lists]
        self._filler = carried.filler
        self._follows = carried.follows

    def read(self, tokens: Sequence[Token]) -> Reading:
        position = 0
        while position < len(tokens):
            position = self._read_token(tokens, position)
        return Reading(self._leaves, self._lists, self._next_key)

    def _read_token(self, tokens: Sequence[Token], position: int) -> int:
        token = tokens[position]
        match token.type:
            case "blockquote_open":
                self._begin_child(token)
                self._enter(Place("quote", opens=True, line=_line(token)))
            case "bullet_list_open" | "ordered_list_open":
                self._begin_child(token)
                self._enter_list(token)
            case "list_item_open":
                self._enter_item(token, tokens[position + 1 : position + 3])
            case "footnote_reference_open":
                self._begin_child(token)
                self._enter(Place("note", marker=token.meta["label"], opens=True, line=_line(token)))
            case "list_item_close" | "footnote_reference_close":
                place = self._open[-1].place
                if place is not None and place.opens and not self._open[-1].leaves:
                    # An item is there even if nothing stands in it.
                    self._add_paragraph("", 0, place.line, place.line + 1)
                self._open.pop()
            case "blockquote_close" | "bullet_list_close" | "ordered_list_close":
                self._open.pop()
            case "paragraph_open":
                self._begin_child(token)
                text = self._without_box(tokens[position + 1].content)
                self._add_paragraph(text, 0, *_lines(token))
                return position + 3
            case "heading_open":
                self._begin_child(token)
                self._add_paragraph(tokens[position + 1].content, int(token.tag[1]), *_lines(token))
                return position + 3
            case "fence" | "code_block":
                self._begin_child(token)
                self._add_code(token)
            case "hr":
                self._begin_child(token)
                line, end = _lines(token)
                self._add(Leaf("rule", line=line, end=end))
            case "table_open":
                self._begin_child(token)
                return self._add_table(tokens, position)
        return position + 1

    # Containers

    def _enter(self, place: Place) -> None:
        if self._spine:
            # What was read before stood in the same one.
            place = replace(place, opens=self._spine.pop(0).opens)
        self._open.append(_Open(place))

    def _enter_list(self, token: Token) -> None:
        if self._spine_keys:
            key = self._spine_keys.pop(0)
        else:
            key = self._next_key
            self._next_key += 1
            start = token.attrs.get("start", 1)
            ordered = token.type == "ordered_list_open"
            self._lists[key] = ListFacts(ordered, int(start), token.markup if ordered else "")
        self._open.append(_Open(None, key))

    def _enter_item(self, token: Token, following: Sequence[Token]) -> None:
        key = self._open[-1].key
        line = _line(token)
        facts = self._lists[key]
        before = self._spine.pop(0) if self._spine else None
        if before is not None and not before.opens:
            self._open.append(_Open(replace(before, line=line), key))
            return
        marker = facts.next_marker()
        loose = facts.loose or (facts.count > 0 and self._is_blank(line - 1))
        self._lists[key] = replace(
            facts, count=facts.count + 1, loose=loose, width=max(facts.width, len(marker))
        )
        checked = None
        if len(following) == 2 and following[0].type == "paragraph_open":
            checked = _box(following[1].content)
        self._open.append(_Open(Place("item", key, marker, checked, True, line), key))

    def _without_box(self, text: str) -> str:
        """The text of a paragraph without the box of the task that it begins."""
        item = self._open[-1] if self._open else None
        if item and item.place and item.place.opens and not item.leaves and item.place.checked is not None:
            return text[3:].lstrip(" \t\n")
        return text

    def _begin_child(self, token: Token) -> None:
        if not self._open:
            return
        parent = self._open[-1]
        parent.children += 1
        if parent.place is not None and parent.place.kind == "item" and parent.children > 1:
            facts = self._lists[parent.key]
            if not facts.loose and self._is_blank(_line(token) - 1):
                self._lists[parent.key] = replace(facts, loose=True)

    def _is_blank(self, line: int) -> bool:
        return 0 <= line < len(self._lines) and is_blank(self._lines[line])

    # Leaves

    def _add(self, leaf: Leaf) -> None:
        places = []
        lists = []
        for container in self._open:
            if container.place is None:
                lists.append((container.key, self._lists[container.key]))
                continue
            place = container.place
            places.append(replace(place, opens=False) if container.leaves and place.opens else place)
        self._leaves.append(replace(leaf, places=tuple(places), lists=tuple(lists)))
        for container in self._open:
            container.leaves += 1
        # What comes after the first leaf opens containers of its own.
        self._spine.clear()
        self._spine_keys.clear()

    def _add_paragraph(self, text: str, level: int, line: int, end: int) -> None:
        follows: Follows = "apart"
        if self._filler and text.startswith(self._filler):
            text, follows = text[len(self._filler) :].lstrip(" \t"), self._follows
        self._filler = ""
        *parts, (last, follows) = blocks_of(text, follows)
        for part, how in parts:
            self._add(Leaf("paragraph", (part,), follows=how, line=line, end=end))
        kind: BlockKind = "heading" if level else "paragraph"
        self._add(Leaf(kind, (last,), level=level, follows=follows, line=line, end=end))

    def _add_code(self, token: Token) -> None:
        line, end = _lines(token)
        code = token.content
        lines = code.count("\n") + (1 if code and not code.endswith("\n") else 0)
        # One that ends with its item or quote gets no more either.
        last = len(self._lines) - (0 if self._lines[-1].strip(" \t") else 1)
        closed = token.type == "code_block" or end - line == lines + 2 or end < last
        self._add(
            Leaf(
                "code",
                info=token.info.strip(),
                markup=token.markup,
                code=code,
                closed=closed,
                line=line,
                end=end,
            )
        )

    def _add_table(self, tokens: Sequence[Token], position: int) -> int:
        line, end = _lines(tokens[position])
        texts = []
        aligns: list[Align] = []
        while tokens[position].type != "table_close":
            token = tokens[position]
            if token.type == "inline":
                texts.append(token.content)
            elif token.type == "th_open":
                aligns.append(_ALIGNS.get(str(token.attrs.get("style", "")), "left"))
            position += 1
        self._add(Leaf("table", tuple(texts), aligns=tuple(aligns), line=line, end=end))
        return position + 1


def _lines(token: Token) -> tuple[int, int]:
    assert token.map is not None, token
    return token.map[0], token.map[1]


def _line(token: Token) -> int:
    return _lines(token)[0]


def _box(text: str) -> bool | None:
    """Whether the task that `text` begins is done; None: it begins none."""
    return _DONE.get(text[:3]) if text[3:4] in (" ", "\t", "\n") and text[4:].strip() else None
