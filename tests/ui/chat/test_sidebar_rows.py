"""Groups and words of dates, and the steps from one list to another."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slmdesk.chat import ConversationSummary
from slmdesk.ui.chat.sidebar.dates import Calendar
from slmdesk.ui.chat.sidebar.rows import NEW_CHAT, Insert, Key, Move, Remove, Row, make_rows, plan_steps


def moment(text: str) -> float:
    """A local time, such as "2025-09-30 15:04", in seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


NOW = moment("2025-09-30 15:04")


def summary(number: int, when: str, *, pinned: bool = False) -> ConversationSummary:
    return ConversationSummary(
        id=number, title=f"Chat {number}", model_title="Qwen3 4B", updated_at=moment(when), pinned=pinned
    )


@pytest.mark.parametrize(
    ("when", "group"),
    [
        ("2025-09-30 15:04", "Today"),
        ("2025-09-30 00:00", "Today"),
        ("2025-10-03 00:00", "Today"),
        ("2025-09-29 23:59", "Yesterday"),
        ("2025-09-29 00:00", "Yesterday"),
        ("2025-09-28 23:59", "Previous 7 days"),
        ("2025-09-23 00:00", "Previous 7 days"),
        ("2025-09-22 23:59", "Previous 30 days"),
        ("2025-08-31 00:00", "Previous 30 days"),
        ("2025-08-30 23:59", "August"),
        ("2025-08-01 00:00", "August"),
        ("2025-07-31 23:59", "July"),
        ("2025-01-01 00:00", "January"),
        ("2024-12-31 23:59", "December 2024"),
        ("2019-02-28 12:00", "February 2019"),
    ],
)
def test_groups_go_by_days_and_then_by_months(when: str, group: str) -> None:
    assert Calendar(NOW).group_of(moment(when)).title == group


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("2025-09-30 15:04", "now"),
        ("2025-09-30 15:03", "15:03"),
        ("2025-09-30 09:47", "09:47"),
        ("2025-09-30 23:00", "23:00"),
        ("2025-09-29 23:59", "Mon"),
        ("2025-09-24 00:00", "Wed"),
        ("2025-09-23 12:00", "23 Sep"),
        ("2025-01-05 12:00", "5 Jan"),
        ("2024-12-31 12:00", "31 Dec 2024"),
    ],
)
def test_times_are_said_shorter_the_nearer_they_are(when: str, words: str) -> None:
    assert Calendar(NOW).words(moment(when), NOW) == words


def test_pinned_conversations_come_first_and_the_newest_first_in_each_group() -> None:
    rows = make_rows(
        [
            summary(1, "2025-09-29 10:00"),
            summary(2, "2025-09-30 10:00"),
            summary(3, "2025-03-01 10:00", pinned=True),
            summary(4, "2025-09-30 12:00"),
        ],
        Calendar(NOW),
    )
    assert [row.title for row in rows] == [
        "Pinned", "Chat 3", "Today", "Chat 4", "Chat 2", "Yesterday", "Chat 1",
    ]  # fmt: skip
    assert [row.is_head for row in rows] == [True, False, True, False, False, True, False]


def test_a_new_chat_stands_first_of_today() -> None:
    new = Row(NEW_CHAT, "New chat", "Qwen3 4B", NOW)
    rows = make_rows([summary(1, "2025-09-30 10:00")], Calendar(NOW), new_chat=new)
    assert [row.title for row in rows] == ["Today", "New chat", "Chat 1"]
    assert [row.title for row in make_rows([], Calendar(NOW), new_chat=new)] == ["Today", "New chat"]
    assert not new.is_stored


def test_a_draft_is_marked_except_in_the_chat_that_is_open() -> None:
    days = {1: "2025-09-30 10:00", 2: "2025-09-30 09:00"}
    summaries = [dataclasses.replace(summary(number, day), draft=True) for number, day in days.items()]
    drafts = {row.key: row.draft for row in make_rows(summaries, Calendar(NOW), current=1)}
    assert (drafts[1], drafts[2]) == (False, True)


def test_only_what_was_found_is_listed_and_no_head_without_a_row() -> None:
    summaries = [summary(1, "2025-09-30 10:00"), summary(2, "2025-09-29 10:00")]
    assert [row.key for row in make_rows(summaries, Calendar(NOW), matches={2})] == ["yesterday", 2]
    assert make_rows(summaries, Calendar(NOW), matches=()) == []


def follow(old: Sequence[Key], new: Sequence[Key], most: int = 1000) -> list[Key]:
    """What comes of `old` when the steps are taken."""
    steps = plan_steps(old, new, most)
    assert steps is not None
    rows = list(old)
    for step in steps:
        match step:
            case Remove(first, last):
                del rows[first : last + 1]
            case Insert(first, last):
                rows[first:first] = new[first : last + 1]
            case Move(start, end):
                rows.insert(end, rows.pop(start))
    return rows


keys = st.lists(st.integers(1, 12), unique=True)


@given(keys, keys)
def test_the_steps_lead_from_any_list_to_any_other(old: list[int], new: list[int]) -> None:
    assert follow(old, new) == new


def test_a_conversation_that_moves_is_one_step_in_either_direction() -> None:
    many = list(range(1, 200))
    assert plan_steps(many, [150, *many[:149], *many[150:]], 5) == [Move(149, 0)]
    assert plan_steps(many, [*many[1:100], 1, *many[100:]], 5) == [Move(0, 99)]


def test_what_would_take_too_many_steps_has_no_plan() -> None:
    many = list(range(1, 200))
    assert plan_steps(many, many[::-1], 64) is None
    assert plan_steps(many, many[::2], 64) is None
