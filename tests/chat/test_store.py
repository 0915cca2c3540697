"""Messages in a real database."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from sqlcipher3 import dbapi2

from slmdesk.chat import ChatMessageRecord, ChatOptions, Conversation, ConversationStore
from slmdesk.engines import Sampling
from slmdesk.messages import UserError
from slmdesk.storage import Database, Paths, row_digest
from tests.chat.scripted_pool import STATS
from tests.long_conversations import make_messages, store_long_conversation


def stored(store: ConversationStore, title: str = "One") -> Conversation:
    conversation = Conversation(title=title, system_prompt="Be brief.", named=True)
    question = ChatMessageRecord(0, "user", "שלום 👩‍👩‍👧 \x00 zażółć", "complete", "", 5.0)
    answer = ChatMessageRecord(0, "assistant", "", "writing", "SmolLM2 135M", 6.0)
    for message in (question, answer):
        store.add_message(conversation, message)
        conversation.messages.append(message)
    return conversation


def reloaded(store: ConversationStore, conversation: Conversation) -> Conversation:
    loaded = store.load(conversation.id)
    assert loaded is not None
    return loaded


def test_what_is_stored_is_loaded_word_for_word(store: ConversationStore) -> None:
    conversation = stored(store)
    answer = conversation.messages[1]
    answer.text, answer.state, answer.end_reason, answer.stats = "Hi", "complete", "stop", STATS
    answer.reasoning, answer.reasoning_seconds = "Somebody greets me.\n\n", 1.25
    store.update_message(answer)
    assert reloaded(store, conversation) == conversation


def test_a_conversation_is_stored_with_all_that_was_set_before_its_first_message(
    store: ConversationStore,
) -> None:
    options = ChatOptions(
        sampling=Sampling(temperature=0.25, seed=7),
        stop=("###",),
        max_tokens=99,
        context_length=2048,
        thinking=False,
    )
    conversation = Conversation(
        title="Mine", system_prompt="Be kind.", pinned=True, model="starter", options=options, named=True
    )
    message = ChatMessageRecord(0, "user", "Hello", "complete", "", 5.0)
    store.add_message(conversation, message)
    conversation.messages.append(message)
    assert reloaded(store, conversation) == conversation
    assert conversation.title == "Mine"


def test_halves_of_characters_are_replaced_wherever_they_come_from(store: ConversationStore) -> None:
    conversation = Conversation(title="a\ud83d", system_prompt="b\ud83d", model="c\ud83d", named=True)
    answer = ChatMessageRecord(0, "assistant", "d\ud83d", "writing", "e\ud83d", 5.0, reasoning="f\ud83d")
    store.add_message(conversation, answer)
    conversation.messages.append(answer)
    assert reloaded(store, conversation).messages[0].text == "d\N{REPLACEMENT CHARACTER}"
    answer.text = "g\ud83d\ude00\ud83d"
    store.update_message(answer)
    conversation.system_prompt += "\udc00"
    store.save_options(conversation)
    answer.state = "stopped"
    assert reloaded(store, conversation) == conversation
    assert answer.text == "g\N{GRINNING FACE}\N{REPLACEMENT CHARACTER}"


def test_an_answer_that_was_being_written_when_the_program_ended_is_a_stopped_one(
    store: ConversationStore,
) -> None:
    conversation = stored(store)
    conversation.messages[1].text = "so far"
    store.update_message(conversation.messages[1])
    loaded = reloaded(store, conversation)
    assert (loaded.messages[1].text, loaded.messages[1].state) == ("so far", "stopped")


def test_the_latest_is_the_one_last_written_in(store: ConversationStore) -> None:
    first, second = stored(store, "One"), stored(store, "Two")
    latest = store.latest()
    assert latest is not None
    assert latest.id == second.id
    store.add_message(first, ChatMessageRecord(0, "user", "again", "complete", "", 7.0))
    latest = store.latest()
    assert latest is not None
    assert (latest.id, latest.updated_at) == (first.id, first.updated_at)


def test_nothing_there_is_none_not_an_error(store: ConversationStore) -> None:
    assert store.latest() is None
    assert store.load(7) is None


def test_each_row_has_a_digest_of_what_it_holds(store: ConversationStore, database: Database) -> None:
    conversation = stored(store)
    answer = conversation.messages[1]
    answer.text, answer.reasoning = "Hi", "Hm."
    store.update_message(answer)
    store.rename(conversation.id, "Another")
    conversation.system_prompt = "Be kind."
    store.save_options(conversation)
    messages = database.read(
        "SELECT digest, id, conversation_id, parent_id, role, text, reasoning, created_at FROM message"
    )
    conversations = database.read("SELECT digest, id, title, system_prompt, created_at FROM conversation")
    assert len(messages) == 2
    assert [row_digest(*fields) for _, *fields in messages] == [digest for digest, *_ in messages]
    assert [row_digest(*fields) for _, *fields in conversations] == [digest for digest, *_ in conversations]


def test_half_a_character_does_not_cost_the_message(store: ConversationStore) -> None:
    store.save_draft(0, "half a smile \ud83d, a whole one \ud83d\ude00")
    assert store.draft(0) == "half a smile �, a whole one 😀"


def test_a_conversation_that_is_gone_gets_no_draft(store: ConversationStore) -> None:
    store.save_draft(7, "of a conversation that never was")
    assert store.draft(7) == ""


def test_damaged_figures_and_options_do_not_hide_what_was_said(
    store: ConversationStore, database: Database
) -> None:
    conversation = stored(store)
    with database.transaction() as cursor:
        cursor.execute("UPDATE message SET stats = '{\"seed\": ' WHERE role = 'assistant'")
        cursor.execute('UPDATE conversation SET options = \'{"max_tokens": "many"}\'')
    loaded = reloaded(store, conversation)
    assert loaded.messages[0].text == conversation.messages[0].text
    assert loaded.messages[1].stats is None
    assert loaded.options == ChatOptions()


def test_a_message_that_could_not_be_stored_is_stored_with_the_next_one(paths: Paths) -> None:
    database = Database(paths.database_file)
    store = ConversationStore(database)
    conversation = stored(store)
    database.read("PRAGMA busy_timeout = 0")
    other = dbapi2.connect(str(paths.database_file), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    conversation.messages[1].text = "grown"
    late = ChatMessageRecord(0, "user", "late", "complete", "", 7.0)
    with pytest.raises(UserError):
        store.update_message(conversation.messages[1])
    with pytest.raises(UserError):
        store.add_message(conversation, late)
    assert late.id == 0
    for message in (conversation.messages[1], late):
        message.unsaved = True
    conversation.messages.append(late)
    other.execute("ROLLBACK")
    other.close()
    last = ChatMessageRecord(0, "assistant", "last", "complete", "", 8.0)
    store.add_message(conversation, last)
    conversation.messages.append(last)
    conversation.messages[1].state = "stopped"
    assert [one.unsaved for one in conversation.messages] == [False] * 4
    assert reloaded(store, conversation) == conversation
    assert [one.text for one in conversation.messages][1:] == ["grown", "late", "last"]
    database.close()


def test_writing_in_a_conversation_that_is_gone_is_told(store: ConversationStore) -> None:
    conversation = stored(store)
    store.delete([conversation.id])
    store.purge_deleted()
    with pytest.raises(UserError) as caught:
        store.add_message(conversation, ChatMessageRecord(0, "user", "again", "complete", "", 7.0))
    assert caught.value.key == "conversation-gone"
    # The end of an answer that was being written is no reason to disturb the person.
    store.update_message(conversation.messages[1])


def test_threads_may_use_the_store_while_an_answer_is_being_stored(store: ConversationStore) -> None:
    conversation = stored(store)
    answer = conversation.messages[1]
    others = [stored(store, f"Other {number}") for number in range(3)]
    errors: list[BaseException] = []
    done = threading.Event()

    def use(other: Conversation) -> None:
        try:
            while not done.is_set():
                store.save_draft(other.id, "draft")
                store.summaries()
                store.search("zażółć")
                store.load(conversation.id)
                store.set_pinned(other.id, True)
        except BaseException as error:  # noqa: BLE001 - looked at below
            errors.append(error)

    threads = [threading.Thread(target=use, args=(other,)) for other in others]
    for thread in threads:
        thread.start()
    for number in range(100):
        answer.text = "word " * number
        store.update_message(answer)
    done.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert reloaded(store, conversation).messages[1].text == answer.text
    assert {one.id for one in store.summaries() if one.pinned and one.draft} == {one.id for one in others}


def test_a_long_conversation_is_loaded_whole_in_two_reads(
    store: ConversationStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = store_long_conversation(database, 5_000)
    reads: list[str] = []
    read = database.read

    def count(sql: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        reads.append(sql)
        return read(sql, values)

    monkeypatch.setattr(database, "read", count)
    loaded = store.load(number)
    assert loaded is not None
    assert [(one.role, one.text) for one in loaded.messages] == [
        (one.role, one.text) for one in make_messages(5_000)
    ]
    assert len(reads) == 2
