"""What the model is shown, and what a conversation is called."""

from __future__ import annotations

from typing import Literal

import pytest

from slmdesk.chat import ChatMessageRecord, Conversation, make_title


def record(role: Literal["user", "assistant"], text: str) -> ChatMessageRecord:
    return ChatMessageRecord(0, role, text, "complete", "", 0.0)


def shown(conversation: Conversation) -> list[tuple[str, str]]:
    return [(one.role, one.content) for one in conversation.prompt()]


def test_the_instructions_come_first() -> None:
    conversation = Conversation(system_prompt="Be brief.", messages=[record("user", "Hi")])
    assert shown(conversation) == [("system", "Be brief."), ("user", "Hi")]


def test_without_instructions_there_is_no_system_message() -> None:
    assert shown(Conversation(messages=[record("user", "Hi")])) == [("user", "Hi")]


def test_unanswered_messages_are_joined_because_templates_refuse_two_in_a_row() -> None:
    conversation = Conversation(
        messages=[
            record("user", "One"),
            record("assistant", ""),
            record("user", "Two"),
            record("assistant", "3"),
        ]
    )
    assert shown(conversation) == [("user", "One\n\nTwo"), ("assistant", "3")]


def test_a_draft_is_as_if_it_had_been_sent() -> None:
    conversation = Conversation(messages=[record("user", "One"), record("assistant", "1")])
    assert [one.content for one in conversation.prompt("Two")] == ["One", "1", "Two"]
    conversation.messages.pop()
    assert [one.content for one in conversation.prompt("Two")] == ["One\n\nTwo"]


def test_lost_messages_are_left_out_and_answers_whose_question_was_lost() -> None:
    def lost(role: Literal["user", "assistant"]) -> ChatMessageRecord:
        return ChatMessageRecord(0, role, "", "lost", "", 0.0)

    first = Conversation(messages=[lost("user"), record("assistant", "1"), record("user", "Two")])
    assert shown(first) == [("user", "Two")]
    later = Conversation(
        messages=[
            record("user", "One"),
            record("assistant", "1"),
            lost("user"),
            record("assistant", "2"),
            record("user", "Three"),
            lost("assistant"),
            record("user", "Four"),
        ]
    )
    assert shown(later) == [("user", "One"), ("assistant", "1"), ("user", "Three\n\nFour")]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hello", "Hello"),
        ("\n\n  First line \nsecond", "First line"),
        ("word " * 30, "word word word word word word word word word word word word…"),
        ("x" * 100, "x" * 60 + "…"),
        ("مرحبا بالعالم", "مرحبا بالعالم"),
        ("   ", ""),
        ("\t\n name\tvalue\t\t 2 ", "name value 2"),
    ],
)
def test_the_title_is_the_first_line_cut_at_a_word(text: str, title: str) -> None:
    assert make_title(text) == title
