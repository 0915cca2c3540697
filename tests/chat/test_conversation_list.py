"""The list of conversations: what it says, and what a person does in it."""

from __future__ import annotations

import pytest

from slmdesk.chat import (
    ChatMessageRecord,
    ChatOptions,
    Conversation,
    ConversationStore,
    ConversationSummary,
)
from slmdesk.engines import Sampling
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Database, Paths, back_up
from tests.long_conversations import store_many_conversations


def stored(store: ConversationStore, text: str, *models: str) -> Conversation:
    conversation = Conversation()
    for message in (
        ChatMessageRecord(0, "user", text, "complete", "", 5.0),
        *(ChatMessageRecord(0, "assistant", f"From {one}", "complete", one, 6.0) for one in models),
    ):
        store.add_message(conversation, message)
        conversation.messages.append(message)
    return conversation


def titles(store: ConversationStore) -> list[str]:
    return [one.title for one in store.summaries()]


def test_the_list_says_what_there_is_and_the_newest_comes_first(store: ConversationStore) -> None:
    first = stored(store, "Rivers", "Little Model", "SmolLM2 135M")
    second = stored(store, "Stones")
    store.set_pinned(first.id, True)
    store.save_draft(second.id, "And the")
    assert store.summaries() == [
        ConversationSummary(
            id=second.id, title="Stones", model_title="", updated_at=second.updated_at, draft=True
        ),
        ConversationSummary(
            id=first.id, title="Rivers", model_title="SmolLM2 135M", updated_at=first.updated_at, pinned=True
        ),
    ]
    message = ChatMessageRecord(0, "user", "More", "complete", "", 9.0)
    store.add_message(first, message)
    assert titles(store) == ["Rivers", "Stones"]


def test_ten_thousand_conversations_are_listed(database: Database, store: ConversationStore) -> None:
    store_many_conversations(database, 10_000)
    listed = store.summaries()
    assert len(listed) == 10_000
    assert [one.updated_at for one in listed] == sorted((one.updated_at for one in listed), reverse=True)


@pytest.mark.parametrize(
    ("name", "kept"),
    [("Mine", "Mine"), ("  two\nlines\t and  blanks ", "two lines and blanks"), ("x" * 300, "x" * 200)],
)
def test_a_conversation_is_renamed(store: ConversationStore, name: str, kept: str) -> None:
    conversation = stored(store, "Rivers")
    store.rename(conversation.id, name)
    loaded = store.load(conversation.id)
    assert loaded is not None
    assert (loaded.title, loaded.named) == (kept, True)
    assert loaded.updated_at == conversation.updated_at


@pytest.mark.parametrize("name", ["", " \n\t"])
def test_a_name_has_something_in_it(store: ConversationStore, name: str) -> None:
    conversation = stored(store, "Rivers")
    with pytest.raises(UserError) as caught:
        store.rename(conversation.id, name)
    assert (caught.value.key, caught.value.kind) == ("conversation-title-empty", ErrorKind.USAGE)
    assert titles(store) == ["Rivers"]


def test_pinned_and_not_any_more(store: ConversationStore) -> None:
    conversation = stored(store, "Rivers")
    for pinned in (True, False):
        store.set_pinned(conversation.id, pinned)
        loaded = store.load(conversation.id)
        assert loaded is not None
        assert loaded.pinned is pinned


def test_deleted_conversations_come_back_until_they_are_purged(store: ConversationStore) -> None:
    rivers, stones, clouds = (stored(store, text) for text in ("Rivers", "Stones", "Clouds"))
    store.delete((rivers.id, stones.id))
    assert titles(store) == ["Clouds"]
    assert store.search("rivers") == []
    store.restore([rivers.id])
    assert titles(store) == ["Clouds", "Rivers"]
    store.purge_deleted()
    store.restore([stones.id])
    assert titles(store) == ["Clouds", "Rivers"]
    assert store.load(stones.id) is None
    latest = store.latest()
    assert latest is not None
    assert latest.id == clouds.id


def test_what_is_deleted_and_not_purged_is_told(store: ConversationStore) -> None:
    rivers, stones, _ = (stored(store, text) for text in ("Rivers", "Stones", "Clouds"))
    assert store.deleted() == []
    store.delete([rivers.id])
    store.delete([stones.id])
    assert [(one.id, one.title) for one in store.deleted()] == [(stones.id, "Stones"), (rivers.id, "Rivers")]
    store.restore([stones.id])
    store.purge_deleted()
    assert store.deleted() == []
    assert titles(store) == ["Clouds", "Stones"]


def test_the_list_says_which_model_was_chosen(store: ConversationStore) -> None:
    conversation = stored(store, "Rivers")
    conversation.model = "starter"
    store.save_options(conversation)
    assert [one.model for one in store.summaries()] == ["starter"]


def test_only_what_another_connection_wrote_is_a_change_from_elsewhere(
    store: ConversationStore, database: Database
) -> None:
    assert store.changed_elsewhere()
    stored(store, "Rivers")
    assert not store.changed_elsewhere()
    other = Database(database.file, database.backups)
    stored(ConversationStore(other), "Stones")
    other.close()
    assert store.changed_elsewhere()
    assert not store.changed_elsewhere()
    assert titles(store) == ["Stones", "Rivers"]


def test_the_latest_conversation_is_not_a_deleted_one(store: ConversationStore) -> None:
    conversation = stored(store, "Rivers")
    store.delete([conversation.id])
    assert store.latest() is None


def test_what_is_purged_is_gone_with_all_its_versions_and_its_draft(
    store: ConversationStore, database: Database
) -> None:
    conversation = stored(store, "Rivers are a secret", "A", "B")
    kept = stored(store, "Stones", "A")
    for one in (conversation, kept):
        store.save_draft(one.id, "draft")
    store.delete([conversation.id])
    store.purge_deleted([kept.id])
    assert store.load(conversation.id) is not None
    store.purge_deleted([conversation.id])
    assert database.read("SELECT DISTINCT conversation_id FROM message") == [(kept.id,)]
    assert database.read("SELECT conversation_id FROM draft") == [(kept.id,)]
    assert database.read("SELECT id FROM conversation") == [(kept.id,)]


def test_the_words_of_what_is_purged_are_nowhere_any_more(
    store: ConversationStore, database: Database, paths: Paths
) -> None:
    conversation = stored(store, "My secret is Xyzzy4711. " * 500)
    kept = stored(store, "Rivers are no secret.")
    back_up(database, database.backups)
    store.delete([conversation.id])
    store.purge_deleted()
    database.close()
    holders = [
        file.name for file in paths.data.rglob("*") if file.is_file() and b"Xyzzy4711" in file.read_bytes()
    ]
    assert holders == []
    # The rest of the backup stays.
    (backup,) = database.backups.glob("*")
    assert b"Rivers are no secret." in backup.read_bytes()
    assert [one.id for one in store.summaries()] == [kept.id]


def test_the_number_of_a_purged_conversation_is_not_given_again(store: ConversationStore) -> None:
    """Whoever still holds one must not write into another."""
    conversation = stored(store, "Rivers")
    store.delete([conversation.id])
    store.purge_deleted()
    assert stored(store, "Stones").id != conversation.id


def test_a_message_brings_a_deleted_conversation_back_and_an_answer_does_not(
    store: ConversationStore,
) -> None:
    conversation = stored(store, "Rivers")
    store.delete([conversation.id])
    answer = ChatMessageRecord(0, "assistant", "They flow", "complete", "", 7.0)
    store.add_message(conversation, answer)
    conversation.messages.append(answer)
    assert titles(store) == []
    store.add_message(conversation, ChatMessageRecord(0, "user", "More", "complete", "", 8.0))
    assert titles(store) == ["Rivers"]


def test_options_are_kept_for_each_conversation(store: ConversationStore) -> None:
    conversation, other = stored(store, "Rivers"), stored(store, "Stones")
    conversation.system_prompt, conversation.model = "Be kind.", "starter"
    conversation.options = ChatOptions(
        sampling=Sampling(temperature=0, top_k=1), stop=("a", "b"), thinking=True
    )
    store.save_options(conversation)
    assert store.load(conversation.id) == conversation
    assert store.load(other.id) == other


def test_options_of_a_conversation_without_a_message_are_kept_with_its_first(
    store: ConversationStore,
) -> None:
    conversation = Conversation(options=ChatOptions(max_tokens=5))
    store.save_options(conversation)
    assert store.summaries() == []
    store.add_message(conversation, ChatMessageRecord(0, "user", "Hi", "complete", "", 8.0))
    loaded = store.load(conversation.id)
    assert loaded is not None
    assert loaded.options.max_tokens == 5


def test_drafts_are_kept_until_they_are_empty(store: ConversationStore) -> None:
    conversation = stored(store, "Rivers")
    assert store.draft(conversation.id) == ""
    text = "One line\n\tand another 👩‍👩‍👧 "
    store.save_draft(conversation.id, text)
    store.save_draft(0, "for the new one")
    assert (store.draft(conversation.id), store.draft(0)) == (text, "for the new one")
    store.save_draft(conversation.id, "changed")
    assert store.draft(conversation.id) == "changed"
    store.save_draft(conversation.id, "")
    assert (store.draft(conversation.id), store.draft(0)) == ("", "for the new one")
    assert [one.draft for one in store.summaries()] == [False]
