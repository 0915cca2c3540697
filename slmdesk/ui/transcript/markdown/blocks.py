"""What a Markdown text is made of, as flat blocks that are laid out one below the other.

Lists and quotes are no blocks: each leaf (a paragraph, a code block, a table) carries the containers that it
stands in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

BlockKind: TypeAlias = Literal["paragraph", "heading", "code", "table", "rule"]
Align: TypeAlias = Literal["left", "center", "right"]
Follows: TypeAlias = Literal["apart", "line", "text"]


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style. Line breaks inside a paragraph are the character `\\n`."""

    text: str
    bold: bool = False
    italic: bool = False
    strike: bool = False
    code: bool = False
    href: str = ""
    """Where a link leads: an http, https or mailto address with the host in ASCII, so that no letter that
    looks like another hides in it; empty: no link. `#fn-NAME` leads to the footnote NAME, `#fnref-NAME` back
    to its first use (`find_anchor`). An image is a link to its address whose text is its description."""
    superscript: bool = False
    """A footnote's number."""


@dataclass(frozen=True, slots=True)
class Container:
    """A quote, or the item of a list, that a block stands in."""

    kind: Literal["quote", "item"]
    marker: str = ""
    """What stands before an item: `•`, `1.`, and so on. Empty for a quote, and for every block of an item
    but its first."""
    checked: bool | None = None
    """Of a task: whether it is done; None: no task."""
    loose: bool = False
    """Items with room between them."""
    marker_width: int = 0
    """Characters of the widest marker of this list, so that the text of all its items lines up."""
    opens: bool = False
    """On the first block of this quote or item, so that two quotes in a row are told from one."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table."""

    spans: tuple[Span, ...]

    def words(self) -> str:
        """Its text in one line."""
        return plain_text(self.spans).replace("\n", " ")


@dataclass(frozen=True, slots=True)
class Block:
    """One leaf. Which fields count depends on `kind`."""

    kind: BlockKind
    source: str
    """The Markdown it was read from, without the marks of its containers."""
    containers: tuple[Container, ...] = ()
    """Outermost first."""
    spans: tuple[Span, ...] = ()
    """Of a paragraph or heading."""
    level: int = 0
    """Of a heading: 1 to 6."""
    language: str = ""
    """Of a code block: the first word after the fence, in lower case."""
    code: str = ""
    """Of a code block, without the line break at its end."""
    closed: bool = True
    """Of a code block: False while its fence is open and more may come."""
    aligns: tuple[Align, ...] = ()
    """Of a table, one per column."""
    header: tuple[Cell, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    """Of a table; each row has as many cells as the header."""
    follows: Follows = "apart"
    """How it goes on from the block before. A very long paragraph is given in several blocks, so that only
    its end is laid out again while it grows: `line` begins a new line of that paragraph, `text` goes on in
    the middle of one; neither has room above it. Else `apart`."""
    anchor: str = ""
    """`fn-NAME` where the footnote NAME begins, `fnref-NAME` where it is first used; else empty."""

    def text(self) -> str:
        """The words alone, as they are copied and searched: cells divided by tabs, rows by line breaks.

        A line break inside a cell is a space.
        """
        match self.kind:
            case "code":
                return self.code
            case "table":
                lines = (self.header, *self.rows)
                return "\n".join("\t".join(cell.words() for cell in line) for line in lines)
            case "rule":
                return ""
            case _:
                return plain_text(self.spans)


def find_anchor(blocks: Sequence[Block], href: str) -> int | None:
    """The index of the block to which a footnote's `href` (`#fn-NAME`, `#fnref-NAME`) leads; None: none."""
    name = href.removeprefix("#")
    for index, block in enumerate(blocks):
        if block.anchor == name:
            return index
    if not name.startswith("fnref-"):
        return None
    # A block has one anchor, but more than one footnote can be used in it first.
    use = f"#fn-{name.removeprefix('fnref-')}"
    for index, block in enumerate(blocks):
        cells = (cell for row in (block.header, *block.rows) for cell in row)
        if any(
            span.href == use for spans in (block.spans, *(cell.spans for cell in cells)) for span in spans
        ):
            return index
    return None


def plain_text(spans: tuple[Span, ...]) -> str:
    """The text of `spans` without their styles."""
    return "".join(span.text for span in spans)
