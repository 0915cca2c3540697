"""Conversations in a real database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from slmdesk.chat import ChatMessageRecord, Conversation, ConversationStore
from slmdesk.engines import Stats
from slmdesk.storage import Database, Paths

STATS = Stats(
    prompt_tokens=30,
    reused_tokens=20,
    prompt_tokens_per_second=100.5,
    time_to_first_token_s=0.25,
    generated_tokens=12,
    tokens_per_second=50.25,
    seed=4_294_967_294,
    context_tokens=42,
)


@pytest.fixture
def database(paths: Paths) -> Iterator[Database]:
    database = Database(paths.database_file)
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> ConversationStore:
    clock = iter(range(1_000, 10_000))
    return ConversationStore(database, now=lambda: float(next(clock)))


def stored(store: ConversationStore, title: str) -> Conversation:
    conversation = Conversation(title=title, system_prompt="Be brief.")
    store.add_conversation(conversation)
    question = ChatMessageRecord(0, "user", "שלום 👩‍👩‍👧 \x00 zażółć", "complete", "", 5.0)
    answer = ChatMessageRecord(0, "assistant", "", "writing", "SmolLM2 135M", 6.0)
    for message in (question, answer):
        store.add_message(conversation, message)
        conversation.messages.append(message)
    return conversation


def test_what_is_stored_is_loaded_word_for_word(store: ConversationStore) -> None:
    conversation = stored(store, "One")
    answer = conversation.messages[1]
    answer.text, answer.state, answer.end_reason, answer.stats = "Hi", "complete", "stop", STATS
    store.update_message(answer)
    assert store.load(conversation.id) == conversation


def test_an_answer_that_was_being_written_when_the_program_ended_is_a_stopped_one(
    store: ConversationStore,
) -> None:
    conversation = stored(store, "One")
    conversation.messages[1].text = "so far"
    store.update_message(conversation.messages[1])
    loaded = store.load(conversation.id)
    assert loaded is not None
    assert (loaded.messages[1].text, loaded.messages[1].state) == ("so far", "stopped")


def test_the_latest_is_the_one_last_written_in(store: ConversationStore) -> None:
    first, second = stored(store, "One"), stored(store, "Two")
    latest = store.latest()
    assert latest is not None
    assert latest.id == second.id
    store.add_message(first, ChatMessageRecord(0, "user", "again", "complete", "", 7.0))
    latest = store.latest()
    assert latest is not None
    assert latest.id == first.id


def test_a_superseded_answer_is_not_shown_but_kept(store: ConversationStore, database: Database) -> None:
    conversation = stored(store, "One")
    store.supersede(conversation.messages[1])
    loaded = store.load(conversation.id)
    assert loaded is not None
    assert [one.role for one in loaded.messages] == ["user"]
    assert database.read("SELECT count(*) FROM message") == [(2,)]


def test_nothing_there_is_none_not_an_error(store: ConversationStore) -> None:
    assert store.latest() is None
    assert store.load(7) is None
