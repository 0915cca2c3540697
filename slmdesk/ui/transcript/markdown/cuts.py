"""Where a long paragraph is cut, so that what was read of it is not read again while it grows.

Both cuts are decided by the text before them alone: a paragraph that is read at once is cut where one that
grew was. A cut stands where no markup can reach across it, and only where there is no such place within
`LONGEST_PIECE` characters anywhere else; bold text that long is not recognised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from slmdesk.ui.transcript.markdown.blocks import Follows

PIECE = 250
"""Characters after which a paragraph is cut for reading at the first good place."""
LONGEST_PIECE = 1_000
LONG_PARAGRAPH = 2_000
"""Characters after which a paragraph is given in more than one block."""
LONG_LINE = 1_002
"""Characters of a line within which a block may end and the next begin."""

_END = re.compile(r"[.!?…]['\")\]*_»”’]*[ \t]*[ \t\n][ \t]*(?=[^ \t\n])|\n[ \t]*(?=[^ \t\n])")

_ESCAPED = re.compile(r"\\[!-/:-@\[-`{-~]")
_CODE = re.compile(r"(?<!`)`[^`]+`(?!`)")
_CODE_IN_ADDRESS = re.compile(r"<[A-Za-z][A-Za-z0-9+.@-]*[:@][^<> \n]*`")
_LINK = re.compile(r"!?\[[^\[\]]*\]\([^()\s\"'<>\\]*\)")
_BRACKETS = re.compile(r"!?(?:\[[^\[\]*_~`]*\]){1,2}(?![\[(])")
_EMPHASIS = [
    re.compile(
        rf"(?<![^ \t\n(\"'])({mark})(?=[^ \t\n*_~])[^*_~`\[\]]*(?<=[^ \t\n*_~]){mark}(?=[ \t\n.,:;!?)\"']|$)"
    )
    for mark in (r"\*\*", "__", "~~", r"\*", "_")
]
_HARMLESS = re.compile(
    r"(?<![^ \t\n])\*+(?![^ \t\n])"  # times
    r"|(?<=[A-Za-z0-9])_+(?=[A-Za-z0-9])"  # snake_case
    r"|(?<!~)~(?!~)"
)
_SPECIAL = re.compile(r"[*_~`\[\]]")
_NEUTRAL = "\0"


def pieces(text: str) -> Iterator[str]:
    """`text` in the pieces in which it is read; joined they are `text`."""
    start = 0
    while (end := _piece_end(text, start)) is not None:
        yield text[start:end]
        start = end
    yield text[start:]


def blocks_of(text: str, follows: Follows = "apart") -> Iterator[tuple[str, Follows]]:
    """`text` in the parts that are given as blocks of their own, and how each goes on from the one before.

    `follows` is how the first does.
    """
    start = position = 0
    while (end := _piece_end(text, position)) is not None:
        position = end
        if end - start < LONG_PARAGRAPH:
            continue
        part = text[start:end]
        words = len(part.rstrip(" \t\n"))
        ends_line = "\n" in part[words:]
        if ends_line or len(part) - part.rfind("\n", 0, words) > LONG_LINE:
            yield part, follows
            follows = "line" if ends_line else "text"
            start = end
    yield text[start:], follows


def _piece_end(text: str, start: int) -> int | None:
    limit = start + LONGEST_PIECE
    if len(text) - start <= PIECE:
        return None
    for least in (PIECE, 2 * PIECE):
        end = _sentence_end(text, start, start + least, limit)
        if end is None:
            break
        if is_self_contained(text[start:end]):
            return end
    if len(text) <= limit:
        return None
    for space in ("\n", " "):
        end = text.rfind(space, start + 1, limit) + 1
        while 0 < end < limit and text[end] in " \t\n":
            end += 1
        if 0 < end < limit:
            return end
    return limit


def _sentence_end(text: str, start: int, least: int, limit: int) -> int | None:
    for match in _END.finditer(text, least, limit):
        end = match.end()
        if "\n" in match[0] or end - max(start, text.rfind("\n", start, match.start()) + 1) >= PIECE:
            return end
    return None


@lru_cache(maxsize=256)
def is_self_contained(text: str) -> bool:
    """Whether nothing that follows `text` after white space can change what its markup means.

    Judged by patterns that know only plain cases; False where in doubt.
    """
    if _SPECIAL.search(text) is None:
        return True
    if "\\`" in text or _CODE_IN_ADDRESS.search(text):
        return False
    for pattern in (_ESCAPED, _CODE, _LINK, _BRACKETS, *_EMPHASIS):
        text = pattern.sub(_NEUTRAL, text)
    return _SPECIAL.search(_HARMLESS.sub("", text)) is None
