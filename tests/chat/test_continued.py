"""Going on with an answer that was cut off."""

from __future__ import annotations

import pytest

from slmdesk.chat import ChatEvent, ChatOptions, Conversation, ConversationStore
from slmdesk.engines import End, Event, Reasoning, Text
from slmdesk.messages import ErrorKind, UserError
from tests.chat.scripted_pool import MODEL, STATS, ScriptedPool, service


def cut_off(store: ConversationStore, *script: Event | Exception) -> tuple[ScriptedPool, Conversation]:
    """A conversation whose answer ended with `script`."""
    pool = ScriptedPool([*script])
    conversation = Conversation(options=ChatOptions(max_tokens=2))
    try:
        service(pool, store).answer(conversation, "Hi", model=MODEL, on_event=lambda _: None)
    except UserError:
        assert isinstance(script[-1], UserError)
    return pool, conversation


def go_on(
    pool: ScriptedPool, conversation: Conversation, store: ConversationStore, *script: Event | Exception
) -> list[ChatEvent]:
    events: list[ChatEvent] = []
    pool.script = [*script]
    service(pool, store).respond(conversation, model=MODEL, on_event=events.append, continued=True)
    return events


CRASH = UserError("engine-crashed", ErrorKind.GENERATION)


@pytest.mark.parametrize(
    "script",
    [
        (Text("Once "), Text("upon"), CRASH),
        (Text("Once "), Text("upon"), STATS, End(reason="length")),
        (Text("Once "), Text("upon"), STATS, End(reason="cancelled")),
    ],
    ids=["crashed", "limit", "stopped"],
)
def test_the_same_answer_goes_on(store: ConversationStore, script: tuple[Event | Exception, ...]) -> None:
    pool, conversation = cut_off(store, *script)
    record = conversation.messages[1]
    number = record.id
    events = go_on(pool, conversation, store, Text(" a time."), STATS, End(reason="stop"))
    assert [event.text for event in events if isinstance(event, Text)] == [" a time."]
    assert conversation.messages[1] is record
    assert (record.id, record.text, record.state, record.end_reason) == (
        number,
        "Once upon a time.",
        "complete",
        "stop",
    )
    assert (record.version, record.versions, record.stats) == (1, 1, STATS)
    request = pool.requests[1]
    assert [one.content for one in request.messages] == ["Hi"]
    assert (request.answer_so_far, request.max_tokens) == ("Once upon", 2)
    assert store.load(conversation.id) == conversation


def test_a_thought_that_was_cut_off_goes_on(store: ConversationStore) -> None:
    pool, conversation = cut_off(store, Reasoning("Let me"), CRASH)
    go_on(pool, conversation, store, Reasoning(" see."), Text("Yes."), STATS, End(reason="stop"))
    assert (pool.requests[1].answer_so_far, pool.requests[1].reasoning_so_far) == ("", "Let me")
    answer = conversation.messages[1]
    assert (answer.reasoning, answer.text) == ("Let me see.", "Yes.")
    assert store.load(conversation.id) == conversation


@pytest.mark.parametrize(
    "script",
    [(CRASH,), (STATS, End(reason="cancelled")), (STATS, End(reason="context_full"))],
    ids=["crashed", "stopped", "full"],
)
def test_nothing_changes_where_nothing_comes(
    store: ConversationStore, script: tuple[Event | Exception, ...]
) -> None:
    pool, conversation = cut_off(store, Text("Once"), STATS, End(reason="length"))
    before = store.load(conversation.id)
    try:
        go_on(pool, conversation, store, *script)
    except UserError as error:
        assert error is CRASH  # noqa: PT017 - one of the scripts
    assert conversation == before
    assert store.load(conversation.id) == before


def test_an_answer_with_nothing_to_add_is_complete(store: ConversationStore) -> None:
    pool, conversation = cut_off(store, Text("Once."), STATS, End(reason="length"))
    go_on(pool, conversation, store, STATS, End(reason="stop"))
    assert (conversation.messages[1].text, conversation.messages[1].state) == ("Once.", "complete")
    assert store.load(conversation.id) == conversation


@pytest.mark.parametrize("text", ["", "Once."])
def test_there_must_be_something_to_go_on_with(store: ConversationStore, text: str) -> None:
    script: list[Event | Exception] = [Text(text), STATS, End(reason="stop")] if text else [CRASH]
    pool, conversation = cut_off(store, *script)
    with pytest.raises(UserError) as caught:
        go_on(pool, conversation, store)
    assert (caught.value.key, caught.value.kind) == ("nothing-to-continue", ErrorKind.USAGE)
    assert store.load(conversation.id) == conversation


def test_another_model_may_go_on(store: ConversationStore) -> None:
    pool, conversation = cut_off(store, Text("Once"), STATS, End(reason="length"))
    conversation.messages[1].model_title = "Another"
    go_on(pool, conversation, store, Text(" more"), STATS, End(reason="length"))
    assert conversation.messages[1].model_title == MODEL.title
    assert conversation.messages[1].state == "stopped"
