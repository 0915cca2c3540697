"""The list as plain rows, and the steps from one list to another. Knows nothing of the view."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from slmdesk.messages import tr
from slmdesk.ui.chat.sidebar.dates import Calendar

if TYPE_CHECKING:
    from slmdesk.chat import ConversationSummary

NEW_CHAT = 0
"""The key of the chat that has no message yet: no stored conversation has this id."""

Key: TypeAlias = int | str
"""The id of a conversation, or the name of a group."""


class Row(NamedTuple):
    """A head, or a conversation."""

    key: Key
    title: str
    model_title: str = ""
    updated_at: float = 0.0
    pinned: bool = False
    draft: bool = False
    """Something is written in it that was not sent."""
    writing: bool = False
    """It is being answered."""
    waiting: bool = False
    """It will be answered when another answer is done."""

    @property
    def is_head(self) -> bool:
        """Whether it names the group below it."""
        return isinstance(self.key, str)

    @property
    def is_stored(self) -> bool:
        """Whether it can be renamed, pinned and deleted."""
        return isinstance(self.key, int) and self.key != NEW_CHAT


def make_rows(
    summaries: Sequence[ConversationSummary],
    calendar: Calendar,
    *,
    writing: Collection[int] = (),
    waiting: Collection[int] = (),
    matches: Collection[int] | None = None,
    new_chat: Row | None = None,
    current: int | None = None,
    model_titles: Mapping[str, str] = MappingProxyType({}),
) -> list[Row]:
    """Heads and conversations: pinned ones first, then newest first. `matches`: only these, None: all.

    The draft of the one that is open (`current`) is seen where it is written. One without an answer names
    the model that was chosen for it: its title in `model_titles`, by ids, or else its id.
    """
    shown = [
        Row(
            one.id,
            one.title,
            one.model_title or model_titles.get(one.model, one.model),
            one.updated_at,
            one.pinned,
            one.draft and one.id != current,
            one.id in writing,
            one.id in waiting,
        )
        for one in sorted(summaries, key=lambda one: one.updated_at, reverse=True)
        if matches is None or one.id in matches
    ]
    pinned = [row for row in shown if row.pinned]
    rows = [Row("pinned", tr("Pinned")), *pinned] if pinned else []
    group = ""
    if new_chat is not None:
        today = calendar.group_of(new_chat.updated_at)
        group = today.key
        rows += (Row(today.key, today.title), new_chat)
    for row in shown:
        if row.pinned:
            continue
        its = calendar.group_of(row.updated_at)
        if its.key != group:
            group = its.key
            rows.append(Row(its.key, its.title))
        rows.append(row)
    return rows


class Remove(NamedTuple):
    """Rows `first` to `last` go."""

    first: int
    last: int


class Insert(NamedTuple):
    """Rows `first` to `last` are new."""

    first: int
    last: int


class Move(NamedTuple):
    """The row at `start` ends up at `end`."""

    start: int
    end: int


Step: TypeAlias = Remove | Insert | Move


def plan_steps(old: Sequence[Key], new: Sequence[Key], most: int) -> list[Step] | None:
    """How `old` becomes `new`, step after step; None where it takes more than `most` steps."""
    steps: list[Step] = []
    kept = set(new)
    now = list(old)
    row = len(now) - 1
    while row >= 0 and len(steps) <= most:
        if now[row] not in kept:
            last = row
            while row and now[row - 1] not in kept:
                row -= 1
            steps.append(Remove(row, last))
            del now[row : last + 1]
        row -= 1
    there = set(now)
    place = {key: index for index, key in enumerate(new)}
    row = 0
    while row < len(new) and len(steps) <= most:
        if row < len(now) and now[row] == new[row]:
            row += 1
        elif new[row] not in there:
            last = row
            while last + 1 < len(new) and new[last + 1] not in there:
                last += 1
            steps.append(Insert(row, last))
            now[row:row] = new[row : last + 1]
            row = last + 1
        elif row + 1 < len(now) and now[row + 1] == new[row]:
            # One row went down; moving all those below it up would say the same in a hundred steps.
            end = min(place[now[row]], len(now) - 1)
            steps.append(Move(row, end))
            now.insert(end, now.pop(row))
        else:
            start = now.index(new[row], row)
            steps.append(Move(start, row))
            now.insert(row, now.pop(start))
            row += 1
    return steps if len(steps) <= most else None
