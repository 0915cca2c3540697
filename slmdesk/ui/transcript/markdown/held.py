"""What of a text that is still being written is not shown yet, or shown as it will most likely become.

`-` may become a heading's line, a list or a rule; `**bo` will be bold. Without this, words jump and change
their size while they are written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from slmdesk.ui.transcript.markdown.leaves import Leaf

_LONGEST_MARKS = 200
_MARKS = re.compile(
    r"[ \t>]*(?:(?:[-+*]|[0-9]{1,9}[.)])[ \t]+)*"
    r"(?:[-+*_=#|:~` \t]*|[0-9]{1,9}[.)]?|\[[ xX]?\]?|`{3,}[^`]*|~{3,}.*|\[\^?[^\]\n]*\]?:?[ \t]*)"
)
_BLANK_END = re.compile(r"\n[ \t>]*\n[ \t>]*\Z")
_TABLE_HEAD = re.compile(r"(?:\A|\n)\| [^\n]{0,200}\Z")
_OPEN_BREAK = re.compile(r"<(?:b(?:r[ \t]*/?)?)?\Z", re.IGNORECASE)
_OPEN_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\Z")
_MARK = re.compile(r"\\.|(`+)|(\*\*|__|~~|\*|_)", re.DOTALL)


def held_back(text: str) -> int:
    """Characters at the end of `text` that are not shown yet: a last line of nothing but marks."""
    line = text[text.rfind("\n") + 1 :]
    if not line or len(line) > _LONGEST_MARKS:
        return 0
    return len(line) if _MARKS.fullmatch(line) else 0


def shown_leaves(leaves: Sequence[Leaf], text: str) -> list[Leaf]:
    """`leaves`, which `text` was read as, as they are shown while it is written: the last may be another."""
    if not leaves or _BLANK_END.search(text):
        return list(leaves)
    *others, last = leaves
    # Of a table it is the last cell with anything in it that is being written.
    index = max((at for at, cell in enumerate(last.texts) if cell), default=None)
    if index is None:
        return list(leaves)
    shown = mended(last.texts[index], may_be_table=last.kind == "paragraph")
    if shown == last.texts[index]:
        return list(leaves)
    if not shown and last.kind == "paragraph" and not any(place.opens for place in last.places):
        return others
    return [*others, replace(last, texts=(*last.texts[:index], shown, *last.texts[index + 1 :]))]


def mended(text: str, *, may_be_table: bool) -> str:
    """The text of a paragraph that is being written, as it can be shown: what is open in it closed.

    Empty where all of it may become the head of a table.
    """
    head = _TABLE_HEAD.search(text) if may_be_table else None
    if head:
        return text[: head.start()]
    text = _OPEN_LINK.sub(r"\1", _OPEN_BREAK.sub("", text).rstrip("*_~`\\"))
    open_marks: list[str] = []
    position = 0
    while match := _MARK.search(text, position):
        position = match.end()
        ticks, mark = match.groups()
        if ticks:
            end = _end_of_code(text, position, ticks)
            if end is None:
                open_marks.append(ticks)
                break
            position = end
        elif mark:
            _meet(text, match, mark, open_marks)
    # Behind white space a mark closes nothing.
    return text.rstrip() + "".join(reversed(open_marks)) if open_marks else text


def _end_of_code(text: str, position: int, ticks: str) -> int | None:
    while (start := text.find(ticks, position)) >= 0:
        position = start
        while position < len(text) and text[position] == "`":
            position += 1
        if position - start == len(ticks):
            return position
    return None


def _meet(text: str, match: re.Match[str], mark: str, open_marks: list[str]) -> None:
    before = text[match.start() - 1] if match.start() else " "
    after = text[match.end()] if match.end() < len(text) else " "
    if mark in open_marks and not before.isspace():
        del open_marks[open_marks.index(mark) :]
    elif not after.isspace() and not before.isalnum():
        open_marks.append(mark)
