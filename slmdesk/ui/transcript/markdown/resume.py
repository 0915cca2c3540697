"""The rest of a text from one leaf on, changed so that reading can begin there.

Everything before the leaf is taken away, and with it the marks of the items that it stands in: they are put
in the place of its indentation. `  two` in an item that began with `- one` becomes `- two`. A long paragraph
is cut within; a filler stands for its beginning, so that what follows still goes on with a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from slmdesk.ui.transcript.markdown.grammar import LONGEST_TABLE_HEADER, may_be_definition
from slmdesk.ui.transcript.markdown.leaves import Carried, Leaf, Place

QUOTE = re.compile(r" {0,3}> ?")
_MARKER = re.compile(r"( {0,3}(?:[-+*]|[0-9]{1,9}[.)]))( *)([^\n]*)")
_MOST_SPACES = 4
"""Between the mark of an item and its content; more are the content's."""
_FILLER_LINE = "x\n"
_FILLER = "x" * LONGEST_TABLE_HEADER + " "
"""Too long for the head of a table, as was the line that it stands for (`cuts.LONG_LINE`)."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """What stands before a leaf on its first line."""

    text: str
    """To be put before the leaf."""
    length: int
    """Characters it stands for."""
    steps: tuple[int, ...]
    """Per container the columns by which its content is moved in; 0 for a quote."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A place at which a text can be cut in two that are read one after the other."""

    offset: int
    line: int
    """The line that the offset is in."""
    prefix: str
    """To be put before what follows `offset`."""
    carried: Carried


def cut_before(index: int, leaves: Sequence[Leaf], text: str, before: Carried, next_key: int) -> Cut | None:
    """Where to cut `text`, which was read as `leaves` after `before`, so that `leaves[index]` comes first.

    None where that is not possible, or where what comes may still change what stands before.
    """
    leaf = leaves[index]
    lines = text.split("\n")
    if any(place.kind == "note" for place in leaf.places):
        return _cut_before_note(index, leaves, lines, next_key)
    if leaf.follows != "apart":
        return _cut_within(index, leaves, lines, before, next_key)
    line = leaf.line
    if leaves[index - 1].line >= line or not (_is_blank(lines[line - 1]) or _are_complete(line, lines)):
        return None
    if _may_be_title(lines, line):
        return None
    prefix = prefix_of(lines, leaf)
    if prefix is None:
        return None
    return Cut(_offset(lines, line) + prefix.length, line, prefix.text, carried_from(leaf, next_key))


def _cut_before_note(index: int, leaves: Sequence[Leaf], lines: list[str], next_key: int) -> Cut | None:
    """A cut where a footnote begins that stands in nothing."""
    line = leaves[index].line
    opens = all(place.opens and place.line == line for place in leaves[index].places)
    if leaves[index].places[0].kind != "note" or not opens or leaves[index - 1].line >= line:
        return None
    return Cut(_offset(lines, line), line, "", Carried(next_key=next_key))


def _cut_within(
    index: int, leaves: Sequence[Leaf], lines: list[str], before: Carried, next_key: int
) -> Cut | None:
    """A cut within the paragraph that `leaves[index]` goes on with."""
    first = index
    while first and leaves[first].follows != "apart":
        first -= 1
    leaf = leaves[index]
    filler = before.filler if leaves[first].follows != "apart" else ""
    if not filler and (may_be_definition(leaves[first].texts[0]) or _may_be_title(lines, leaf.line)):
        return None  # The whole of it may become a definition.
    read = filler + "".join(text for part in leaves[first:index] for text in part.texts)
    line = leaf.line + read.count("\n")
    prefix = prefix_of(lines, leaf)
    if prefix is None:
        return None
    carried = carried_from(leaf, next_key)
    if leaf.follows == "line":
        if not _are_complete(line, lines):
            return None  # It may become the head of a table.
        carried = replace(carried, filler=_FILLER_LINE, follows="line")
        return Cut(_offset(lines, line), line, prefix.text + _FILLER_LINE, carried)
    rest = "".join(text for part in leaves[index:] if part.line == leaf.line for text in part.texts)
    rest = rest.partition("\n")[0].rstrip(" \t")
    visible = lines[line].rstrip(" \t")
    if not visible.endswith(rest):
        return None
    carried = replace(carried, filler=_FILLER, follows="text")
    return Cut(_offset(lines, line) + len(visible) - len(rest), line, prefix.text + _FILLER, carried)


def prefix_of(lines: Sequence[str], leaf: Leaf) -> Prefix | None:
    """The marks of the containers of `leaf` on its first line; None where that cannot be said."""
    fills: list[str] = []
    for index, place in enumerate(leaf.places):
        fill = _opening(lines, leaf.places[:index], fills, place)
        if fill is None:
            return None
        fills.append(fill)
    line = lines[leaf.line]
    parts: list[str] = []
    position = 0
    for place, fill in zip(leaf.places, fills, strict=True):
        if place.kind == "quote":
            match = QUOTE.match(line, position)
            if match is None:
                return None
            parts.append(match[0])
            position = match.end()
            continue
        here = line[position : position + len(fill)]
        if here.rstrip() != fill.rstrip() if place.line == leaf.line else here != " " * len(fill):
            return None
        parts.append(fill)
        position += len(fill)
    text = _joined(leaf, [*parts, line[position:]])
    steps = tuple(len(fill) for fill in fills)
    return None if text is None else Prefix(text, min(position, len(line)), steps)


def _joined(leaf: Leaf, parts: Sequence[str]) -> str | None:
    """The marks of the containers of `leaf`, all but the last of `parts`, so that they mean what they meant.

    Where white space follows the mark of an item that was put in, it would belong to it, and all lines of the
    item would have to be indented by more. There the mark gets a line of its own; None where it has more room
    behind it than that line would give it.
    """
    text = indent = ""
    for place, part, following in zip(leaf.places, parts, parts[1:], strict=False):
        text += part
        indent += part if place.kind == "quote" else " " * len(part)
        if place.kind == "item" and place.line < leaf.line and following.startswith((" ", "\t")):
            if part[-2:-1] == " ":
                return None
            text = f"{text.rstrip()}\n{indent}"
    return text


def carried_from(leaf: Leaf, next_key: int) -> Carried:
    """What is to be known of the containers of `leaf` where a text begins with it."""
    opening = {place.key for place in leaf.places if place.kind == "item" and place.opens}
    lists = tuple(
        (key, replace(facts, count=facts.count - 1) if key in opening else facts) for key, facts in leaf.lists
    )
    return Carried(leaf.places, lists, next_key)


def _opening(lines: Sequence[str], outer: Sequence[Place], fills: Sequence[str], place: Place) -> str | None:
    """The marks of an item on the line where it begins; empty for a quote."""
    if place.kind != "item":
        return ""
    line = lines[place.line]
    position = 0
    for container, fill in zip(outer, fills, strict=True):
        if container.kind == "quote":
            match = QUOTE.match(line, position)
            if match is None:
                return None
            position = match.end()
        else:
            position += len(fill)
    match = _MARKER.match(line, position)
    if match is None:
        return None
    mark, spaces, content = match.groups()
    if content.startswith("\t"):
        return None
    if not content or len(spaces) > _MOST_SPACES:
        return f"{mark} "
    return f"{mark}{spaces}" if spaces else None


def _may_be_title(lines: Sequence[str], line: int) -> bool:
    """Whether what begins at `line` may turn out to be the title of the link that is defined above it."""
    return line > 0 and not _is_blank(lines[line - 1]) and lines[line].lstrip(" \t>")[:1] in ("'", '"', "(")


def _are_complete(line: int, lines: Sequence[str]) -> bool:
    """Whether `line` and the next are: then what they end or begin is decided."""
    return line + 2 < len(lines)


def _is_blank(line: str) -> bool:
    return not line.strip(" \t")


def _offset(lines: Sequence[str], line: int) -> int:
    return sum(len(before) + 1 for before in lines[:line])
