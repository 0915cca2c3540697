"""What stands under an answer, and in which line where the room is short."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtGui import QFontMetrics

from slmdesk.messages import format_integer, tr
from slmdesk.ui.theme import Space, TextRole
from slmdesk.ui.transcript.end_marks import mark_of
from slmdesk.ui.transcript.figures import kept_figures
from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.spacing import GUTTER

MARK_START = GUTTER + Space.XS + Space.TINY
"""Free pixels before the icon of an answer's mark."""
# Labels are a little wider than their letters.
_AROUND_LETTERS = 2
_VERSIONS = frozenset(("previous", "next"))


class FootPlan(NamedTuple):
    """Lines are counted from 0. An answer that is complete has one line, but for the largest texts."""

    actions: frozenset[str]
    """The actions that are shown, by their names."""
    kept: str
    """What is left of an answer that broke off, where there is room to say so."""
    actions_line: int
    versions_line: int
    ways_on: bool
    """Whether there are buttons to go on with the answer."""
    ways_on_line: int
    stacked: bool
    """Whether those buttons stand one below the other, so that they take a line more."""

    @property
    def lines(self) -> int:
        """How many there are."""
        return max(self.versions_line, self.ways_on_line) + 1 + int(self.stacked)


def plan_foot(message: Message, page: Page) -> FootPlan:
    """What stands under `message`, an answer, in the column of `page`."""
    room = page.column + GUTTER
    ways_on = message.last and message.cut_off
    actions = _actions(message, ways_on=ways_on)
    mark = _mark_width(message, page)
    icons = len(actions - _VERSIONS) * (page.theme.sizes.button_small + Space.TINY)
    versions = _versions_width(message, page) if actions & _VERSIONS else 0
    actions_line, used = _place(0, mark, icons, room)
    versions_line, used = _place(actions_line, used, versions, room)
    stats = message.stats if page.show_figures and ways_on else None
    kept = kept_figures(stats) if stats is not None else ""
    kept_width = _width(kept, TextRole.SECONDARY, page) + Space.S + Space.XS + Space.TINY if kept else 0
    # It stands behind the mark, in the first line.
    if kept_width + (mark if actions_line else mark + icons if versions_line else used) > room:
        kept, kept_width = "", 0
    if not ways_on:
        return FootPlan(actions, kept, actions_line, versions_line, False, 0, False)
    both = [
        _width(words, TextRole.LABEL, page) + 2 * Space.M
        for words in (tr("Continue the answer"), tr("Try again"))
    ]
    used += 0 if versions_line else kept_width
    ways_on_line, _ = _place(versions_line, used, sum(both) + 2 * Space.S, room)
    stacked = sum(both) + Space.S > page.column
    return FootPlan(actions, kept, actions_line, versions_line, True, ways_on_line, stacked)


def _place(line: int, used: int, width: int, room: int) -> tuple[int, int]:
    """The line of what is `width` pixels wide, and how much of that line is used then."""
    if used and width and used + Space.TINY + width > room:
        return line + 1, width
    return line, used + Space.TINY + width


def _actions(message: Message, *, ways_on: bool) -> frozenset[str]:
    idle, said = not message.writing and not message.editing, bool(message.source)
    shown = {
        "copy": True,
        "again": message.last and not ways_on,
        "edit": message.answered and message.state != "lost",
        "continue": message.last and idle and said and message.may_go_on and not ways_on,
        "previous": message.versions > 1,
        "next": message.versions > 1,
    }
    return frozenset(name for name, is_shown in shown.items() if is_shown)


def _mark_width(message: Message, page: Page) -> int:
    words = mark_of(message).words
    if not words:
        return 0
    letters = _width(words, TextRole.SECONDARY, page)
    return MARK_START + page.theme.sizes.icon_badge + Space.XS + letters + Space.S


def _versions_width(message: Message, page: Page) -> int:
    words = f"{format_integer(message.version)}/{format_integer(message.versions)}"
    arrows = len(_VERSIONS) * (page.theme.sizes.button_small + Space.TINY)
    return arrows + _width(words, TextRole.SECONDARY, page) + Space.TINY


def _width(words: str, role: TextRole, page: Page) -> int:
    return QFontMetrics(page.theme.font(role)).horizontalAdvance(words) + _AROUND_LETTERS
