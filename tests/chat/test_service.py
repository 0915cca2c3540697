"""Answering with a scripted model: what is stored when, and what happens when it fails."""

from __future__ import annotations

import contextlib

import pytest
from sqlcipher3 import dbapi2

from slmdesk.chat import ChatEvent, ChatOptions, Conversation, ConversationStore, growing_answer
from slmdesk.chat.seen_figures import SeenFigures
from slmdesk.engines import (
    ChatMessage,
    End,
    Event,
    GenerateRequest,
    LoadOptions,
    LoadProgress,
    PromptProgress,
    Reasoning,
    Sampling,
    Text,
)
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Database, Paths
from tests.chat.scripted_pool import ANSWER, MODEL, REPORT, STATS, ScriptedPool, service


def reloaded(store: ConversationStore) -> Conversation:
    conversation = store.latest()
    assert conversation is not None
    return conversation


def test_an_answer_arrives_in_order_and_is_stored(store: ConversationStore) -> None:
    events: list[ChatEvent] = []
    conversation = Conversation(system_prompt="Be brief.")
    end = service(ScriptedPool(ANSWER), store).answer(
        conversation, "Hi there", model=MODEL, on_event=events.append
    )
    assert end == End(reason="stop")
    assert events == [LoadProgress(0.5), REPORT, *ANSWER]
    assert conversation.title == "Hi there"
    answer = conversation.messages[1]
    assert (answer.text, answer.state, answer.model_title, answer.stats) == (
        "Hello",
        "complete",
        "Scripted",
        STATS,
    )
    assert reloaded(store) == conversation


def test_the_question_is_on_the_disk_before_the_model_runs(store: ConversationStore) -> None:
    seen: list[list[tuple[str, str]]] = []
    pool = ScriptedPool(ANSWER)
    pool.at_generate = lambda: seen.append([(one.role, one.text) for one in reloaded(store).messages])
    service(pool, store).answer(Conversation(), "Hi", model=MODEL, on_event=lambda _: None)
    assert seen == [[("user", "Hi")]]


def test_a_growing_answer_is_on_the_disk_before_it_ends(
    store: ConversationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing_answer, "_STORE_EVERY_S", 0.0)
    seen: list[tuple[str, str]] = []

    def look(event: ChatEvent) -> None:
        if isinstance(event, Text):
            answer = reloaded(store).messages[1]
            seen.append((answer.text, answer.state))

    service(ScriptedPool(ANSWER), store).answer(Conversation(), "Hi", model=MODEL, on_event=look)
    assert seen == [("Hel", "stopped"), ("Hello", "stopped")]


def test_the_model_is_shown_what_was_said_before(store: ConversationStore) -> None:
    pool = ScriptedPool(ANSWER)
    chat = service(pool, store)
    conversation = Conversation(system_prompt="Be brief.")
    for text in ("One", "Two"):
        chat.answer(conversation, text, model=MODEL, on_event=lambda _: None)
    assert pool.requests[1].messages == (
        ChatMessage("system", "Be brief."),
        ChatMessage("user", "One"),
        ChatMessage("assistant", "Hello"),
        ChatMessage("user", "Two"),
    )


def test_an_engine_that_dies_keeps_the_text_so_far(store: ConversationStore) -> None:
    died = UserError("engine-crashed", ErrorKind.GENERATION)
    conversation = Conversation()
    with pytest.raises(UserError) as caught:
        service(ScriptedPool([Text("Hel"), died]), store).answer(
            conversation, "Hi", model=MODEL, on_event=lambda _: None
        )
    assert caught.value is died
    assert (conversation.messages[1].text, conversation.messages[1].state) == ("Hel", "failed")
    assert reloaded(store) == conversation


def test_an_engine_that_dies_leaves_figures_as_far_as_they_were_seen(store: ConversationStore) -> None:
    read = (PromptProgress(processed=done, total=30, reused=10) for done in (10, 20, 30))
    died = UserError("engine-crashed", ErrorKind.GENERATION)
    conversation = Conversation()
    with pytest.raises(UserError):
        service(ScriptedPool([*read, Reasoning("Hm"), Text("Hel"), Text("lo"), died]), store).answer(
            conversation, "Hi", model=MODEL, on_event=lambda _: None
        )
    stats = conversation.messages[1].stats
    assert stats is not None
    counts = (stats.prompt_tokens, stats.reused_tokens, stats.generated_tokens, stats.context_tokens)
    assert counts == (30, 10, 3, 33)
    assert min(stats.prompt_tokens_per_second, stats.tokens_per_second, stats.time_to_first_token_s) > 0
    assert reloaded(store) == conversation


def test_figures_are_what_the_clock_says() -> None:
    clock = iter((0.0, 1.0, 3.0, 3.5, 4.5, 5.5))
    seen = SeenFigures(clock=lambda: next(clock))
    assert seen.stats() is None
    for done in (100, 300):
        seen.take(PromptProgress(processed=done, total=300, reused=100))
    assert seen.stats() is None
    for text in ("a", "b", "c"):
        seen.take(Text(text))
    stats = seen.stats()
    assert stats is not None
    rates = (stats.prompt_tokens_per_second, stats.time_to_first_token_s, stats.tokens_per_second)
    assert rates == (100.0, 3.5, 1.0)


def test_why_a_question_was_not_answered_is_kept_until_it_is_asked_again(store: ConversationStore) -> None:
    full = End(reason="context_full", needed_tokens=9, context_length=4)
    pool = ScriptedPool([STATS, full])
    chat = service(pool, store)
    conversation = Conversation()
    chat.answer(conversation, "Hi", model=MODEL, on_event=lambda _: None)
    assert [one.end_reason for one in conversation.messages] == ["context_full"]
    assert reloaded(store) == conversation
    pool.script = [UserError("engine-crashed", ErrorKind.GENERATION)]
    with contextlib.suppress(UserError):
        chat.respond(conversation, model=MODEL, on_event=lambda _: None)
    assert [one.end_reason for one in reloaded(store).messages] == [None]
    pool.script = [STATS, full]
    chat.respond(conversation, model=MODEL, on_event=lambda _: None)
    pool.script = ANSWER
    chat.respond(conversation, model=MODEL, on_event=lambda _: None)
    assert [one.end_reason for one in reloaded(store).messages] == [None, "stop"]
    pool.script = [STATS, full]
    chat.respond(conversation, model=MODEL, on_event=lambda _: None)
    assert [one.end_reason for one in reloaded(store).messages] == [None, "stop"]


def test_an_engine_that_dies_before_a_word_leaves_no_empty_answer(store: ConversationStore) -> None:
    conversation = Conversation()
    with pytest.raises(UserError):
        service(ScriptedPool([UserError("engine-crashed", ErrorKind.GENERATION)]), store).answer(
            conversation, "Hi", model=MODEL, on_event=lambda _: None
        )
    assert [one.role for one in conversation.messages] == ["user"]
    assert reloaded(store) == conversation


def test_a_stop_keeps_what_was_written(store: ConversationStore) -> None:
    conversation = Conversation()
    end = service(ScriptedPool([Text("Hel"), STATS, End(reason="cancelled")]), store).answer(
        conversation, "Hi", model=MODEL, on_event=lambda _: None
    )
    assert end == End(reason="cancelled")
    assert (conversation.messages[1].text, conversation.messages[1].state) == ("Hel", "stopped")


def test_cancelled_while_loading_leaves_the_question(store: ConversationStore) -> None:
    conversation = Conversation()
    pool = ScriptedPool(ANSWER, cancelled_while_loading=True)
    assert service(pool, store).answer(conversation, "Hi", model=MODEL, on_event=lambda _: None) is None
    assert [one.text for one in reloaded(store).messages] == ["Hi"]


def test_responding_again_puts_the_new_answer_in_place_of_the_old_one(store: ConversationStore) -> None:
    pool = ScriptedPool(ANSWER)
    chat = service(pool, store)
    conversation = Conversation()
    chat.answer(conversation, "Hi", model=MODEL, on_event=lambda _: None)
    pool.script = [Text("Other"), STATS, End(reason="stop")]
    chat.respond(conversation, model=MODEL, on_event=lambda _: None)
    assert pool.requests[0] == pool.requests[1]
    assert [one.text for one in conversation.messages] == ["Hi", "Other"]
    assert reloaded(store) == conversation


@pytest.mark.parametrize(
    "script",
    [
        [UserError("engine-crashed", ErrorKind.GENERATION)],
        [STATS, End(reason="cancelled")],
        [STATS, End(reason="context_full", needed_tokens=9, context_length=4)],
    ],
)
def test_an_answer_is_only_replaced_by_one_that_has_text(
    store: ConversationStore, script: list[Event | Exception]
) -> None:
    pool = ScriptedPool(ANSWER)
    chat = service(pool, store)
    conversation = Conversation()
    chat.answer(conversation, "Hi", model=MODEL, on_event=lambda _: None)
    pool.script = script
    with contextlib.suppress(UserError):
        chat.respond(conversation, model=MODEL, on_event=lambda _: None)
    assert [one.text for one in conversation.messages] == ["Hi", "Hello"]
    assert reloaded(store) == conversation


def test_a_message_that_cannot_be_stored_changes_nothing(paths: Paths) -> None:
    database = Database(paths.database_file)
    store = ConversationStore(database)
    pool = ScriptedPool(ANSWER)
    chat = service(pool, store)
    conversation = Conversation()
    chat.answer(conversation, "Hi", model=MODEL, on_event=lambda _: None)
    other = dbapi2.connect(str(paths.database_file), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    database.read("PRAGMA busy_timeout = 0")
    with pytest.raises(UserError) as caught:
        chat.answer(conversation, "Again", model=MODEL, on_event=lambda _: None)
    assert caught.value.key == "database-cannot-be-written"
    assert [one.text for one in conversation.messages] == ["Hi", "Hello"]
    other.execute("ROLLBACK")
    other.close()
    chat.answer(conversation, "Again", model=MODEL, on_event=lambda _: None)
    assert [one.text for one in reloaded(store).messages] == ["Hi", "Hello", "Again", "Hello"]
    database.close()


def test_an_answer_that_cannot_be_stored_is_told_and_still_shown(paths: Paths) -> None:
    database = Database(paths.database_file)
    store = ConversationStore(database)
    pool = ScriptedPool(ANSWER)
    conversation = Conversation()
    database.read("SELECT 1")
    other = dbapi2.connect(str(paths.database_file), isolation_level=None)

    def hold() -> None:
        database.read("PRAGMA busy_timeout = 0")
        other.execute("BEGIN IMMEDIATE")

    pool.at_generate = hold
    with pytest.raises(UserError) as caught:
        service(pool, store).answer(conversation, "Hi", model=MODEL, on_event=lambda _: None)
    other.close()
    assert caught.value.key == "database-cannot-be-written"
    assert conversation.messages[1].text == "Hello"
    # The next message takes it along.
    pool.at_generate = lambda: None
    service(pool, store).answer(conversation, "Again", model=MODEL, on_event=lambda _: None)
    assert [one.text for one in conversation.messages] == ["Hi", "Hello", "Again", "Hello"]
    assert store.load(conversation.id) == conversation
    database.close()


def test_without_a_store_nothing_is_written(paths: Paths) -> None:
    conversation = Conversation()
    service(ScriptedPool(ANSWER), None).answer(conversation, "Hi", model=MODEL, on_event=lambda _: None)
    assert conversation.messages[1].text == "Hello"
    assert not paths.data.exists()


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_an_empty_message_is_refused(text: str) -> None:
    conversation = Conversation()
    with pytest.raises(UserError) as caught:
        service(ScriptedPool(ANSWER), None).answer(conversation, text, model=MODEL, on_event=lambda _: None)
    assert caught.value.kind is ErrorKind.USAGE
    assert conversation.messages == []


def test_the_options_of_a_conversation_are_those_of_its_answers(store: ConversationStore) -> None:
    pool = ScriptedPool(ANSWER)
    conversation = Conversation(
        options=ChatOptions(
            sampling=Sampling(temperature=0), stop=("###",), max_tokens=7, context_length=128, thinking=False
        )
    )
    load_options = LoadOptions(context_length=4096, threads=2)
    chat = service(pool, store)
    chat.answer(conversation, "Hi", model=MODEL, load_options=load_options, on_event=lambda _: None)
    assert pool.requests == [
        GenerateRequest(
            messages=(ChatMessage("user", "Hi"),),
            sampling=Sampling(temperature=0),
            stop=("###",),
            max_tokens=7,
            thinking=False,
        )
    ]
    chat.answer(Conversation(), "Hi", model=MODEL, load_options=load_options, on_event=lambda _: None)
    assert pool.loaded_with == [LoadOptions(context_length=128, threads=2), load_options]


def test_the_draft_is_counted_with_what_is_before_it(store: ConversationStore) -> None:
    pool = ScriptedPool(ANSWER)
    chat = service(pool, store)
    conversation = Conversation(system_prompt="Be brief.")
    assert chat.count_tokens(conversation, "two words") is None
    chat.answer(conversation, "Hi", model=MODEL, on_event=lambda _: None)
    assert chat.count_tokens(conversation, "two words") == 6
    assert [one.content for one in pool.counted[-1]] == ["Be brief.", "Hi", "Hello", "two words"]
    assert chat.count_tokens(Conversation(system_prompt="Be brief."), "") == 0


def test_a_prompt_that_the_model_cannot_read_has_no_count(
    store: ConversationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = ScriptedPool(ANSWER, loaded=True)

    def refuse(messages: tuple[ChatMessage, ...]) -> int:
        raise UserError("template-refused", ErrorKind.GENERATION, name="m", reason="no")

    monkeypatch.setattr(pool, "count_tokens", refuse)
    assert service(pool, store).count_tokens(Conversation(), "Hi") is None
