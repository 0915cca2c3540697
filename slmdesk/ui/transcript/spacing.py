"""Distances between the blocks of a message, and how far lists and quotes move them in."""

from __future__ import annotations

from slmdesk.ui.theme import Space, Theme
from slmdesk.ui.transcript.lettering import Lettering
from slmdesk.ui.transcript.markdown import Block, Container

GUTTER = Space.S
"""Free pixels left and right of the column, for focus rings and the boxes around action icons."""
TOP = Space.L + Space.TINY
"""Free pixels above the first message."""

_PARAGRAPH = 10
_CARD = 12
_TIGHT_ITEM = 6
_ABOVE_HEADING = 18
_ABOVE_SMALL_HEADING = 14
_BELOW_HEADING = 8
_RULE = 14
_QUOTE = 16
_BULLET = 18
_MARKER_LETTER = 8
_MARKER_GAP = 8
_CARDS = ("code", "table")
_MOST_DEEP = 12


def gap_between(above: Block, below: Block, lettering: Lettering) -> int:
    """Free pixels between two blocks of one text."""
    if below.follows != "apart":
        return 0
    if "rule" in (above.kind, below.kind):
        pixels = _RULE
    elif below.kind == "heading":
        pixels = _ABOVE_HEADING if below.level <= 2 else _ABOVE_SMALL_HEADING
    elif above.kind == "heading":
        pixels = _BELOW_HEADING
    elif above.kind in _CARDS:
        pixels = _CARD
    elif below.kind not in _CARDS and _same_list(above.containers, below.containers):
        pixels = _TIGHT_ITEM
    else:
        pixels = _PARAGRAPH
    return lettering.px(pixels)


def joined_containers(above: Block, below: Block) -> int:
    """How many containers, from the outermost, both blocks stand in."""
    count = 0
    for one, other in zip(above.containers, below.containers, strict=False):
        if one.kind != other.kind or other.opens:
            break
        count += 1
    return count


def indents(containers: tuple[Container, ...], lettering: Lettering) -> list[int]:
    """How far each container moves its content in, outermost first; no more of them than have room."""
    widths = []
    for container in containers[:_MOST_DEEP]:
        if container.kind == "quote":
            widths.append(lettering.px(_QUOTE))
        else:
            letters = max(container.marker_width, len(container.marker))
            numbered = letters * _MARKER_LETTER + _MARKER_GAP
            widths.append(lettering.px(max(_BULLET, numbered) if letters > 1 else _BULLET))
    return widths


def _same_list(above: tuple[Container, ...], below: tuple[Container, ...]) -> bool:
    """Whether `below` begins or goes on with an item of a list without room between its items."""
    inner = next((one for one in reversed(below) if one.kind == "item"), None)
    if inner is None or inner.loose:
        return False
    return any(one.kind == "item" for one in above)


def reading_column(theme: Theme, room: int) -> int:
    """Width of the column that text is read in, for a panel that is `room` pixels wide."""
    sizes = theme.sizes
    widest = sizes.reading if room >= sizes.reading + 2 * Space.XXL else sizes.reading_narrow
    return max(min(widest, room - 2 * Space.L), 0)
