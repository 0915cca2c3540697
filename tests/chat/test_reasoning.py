"""What a model thinks before it answers: kept like its text, timed, and not shown to it again."""

from __future__ import annotations

import pytest

from slmdesk.chat import (
    ChatEvent,
    ChatMessageRecord,
    ChatOptions,
    Conversation,
    ConversationStore,
    growing_answer,
)
from slmdesk.chat.growing_answer import GrowingAnswer
from slmdesk.engines import End, Event, Reasoning, Text
from slmdesk.messages import ErrorKind, UserError
from tests.chat.scripted_pool import MODEL, STATS, ScriptedPool, service

THOUGHT: list[Event | Exception] = [
    Reasoning("Let me "),
    Reasoning("see."),
    Text("Yes."),
    STATS,
    End(reason="stop"),
]


def test_reasoning_is_passed_on_kept_and_not_shown_to_the_model(store: ConversationStore) -> None:
    pool = ScriptedPool(THOUGHT)
    chat, conversation, events = service(pool, store), Conversation(), list[ChatEvent]()
    conversation.options = ChatOptions(thinking=True)
    chat.answer(conversation, "Hi", model=MODEL, on_event=events.append)
    assert [event.text for event in events if isinstance(event, Reasoning)] == ["Let me ", "see."]
    answer = conversation.messages[1]
    assert (answer.reasoning, answer.text) == ("Let me see.", "Yes.")
    assert store.load(conversation.id) == conversation
    chat.answer(conversation, "And?", model=MODEL, on_event=lambda _: None)
    assert [one.content for one in pool.requests[1].messages] == ["Hi", "Yes.", "And?"]
    assert [request.thinking for request in pool.requests] == [True, True]


def test_reasoning_is_on_the_disk_while_it_grows(
    store: ConversationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing_answer, "_STORE_EVERY_S", 0.0)
    seen: list[tuple[str, str, str]] = []

    def look(event: ChatEvent) -> None:
        if isinstance(event, Text | Reasoning):
            loaded = store.latest()
            assert loaded is not None
            answer = loaded.messages[1]
            seen.append((answer.reasoning, answer.text, answer.state))

    service(ScriptedPool(THOUGHT), store).answer(Conversation(), "Hi", model=MODEL, on_event=look)
    assert seen == [
        ("Let me ", "", "stopped"),
        ("Let me see.", "", "stopped"),
        ("Let me see.", "Yes.", "stopped"),
    ]


@pytest.mark.parametrize(
    ("last", "state"),
    [(End(reason="cancelled"), "stopped"), (UserError("engine-crashed", ErrorKind.GENERATION), "failed")],
    ids=["stopped", "crashed"],
)
def test_thoughts_without_an_answer_are_kept(
    store: ConversationStore, last: Event | Exception, state: str
) -> None:
    conversation = Conversation()
    try:
        service(ScriptedPool([Reasoning("Let me"), last]), store).answer(
            conversation, "Hi", model=MODEL, on_event=lambda _: None
        )
    except UserError as error:
        assert error is last  # noqa: PT017 - one of the parameters
    answer = conversation.messages[1]
    assert (answer.reasoning, answer.text, answer.state) == ("Let me", "", state)
    assert answer.can_be_continued
    assert store.load(conversation.id) == conversation
    # An answer without a word is nothing to show a model.
    assert [one.content for one in conversation.prompt("And?")] == ["Hi\n\nAnd?"]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_time_is_that_from_the_first_thought_to_the_first_word() -> None:
    clock, conversation = Clock(), Conversation()
    record = ChatMessageRecord(0, "assistant", "", "writing", "", 0.0)
    answer = GrowingAnswer(conversation, record, 0, None, model_title="", clock=clock)
    clock.now += 7  # reading the prompt
    answer.think("Let me ")
    clock.now += 2
    answer.think("see.")
    clock.now += 1.5
    answer.grow("Yes.")
    clock.now += 10
    answer.grow(" I do.")
    answer.finish("complete", "stop")
    assert record.reasoning_seconds == 3.5


def test_the_time_of_a_thought_that_ends_the_answer_and_is_continued_adds_up() -> None:
    clock, conversation = Clock(), Conversation()
    record = ChatMessageRecord(0, "assistant", "", "writing", "", 0.0)
    for seconds in (2, 3):
        answer = GrowingAnswer(conversation, record, 0, None, model_title="", clock=clock)
        answer.think("Hm. ")
        clock.now += seconds
        answer.finish("stopped", "length")
        clock.now += 50
    assert (record.reasoning, record.reasoning_seconds) == ("Hm. Hm. ", 5)
