"""Versions: messages that were edited, answers that were asked for again, and what followed each of them."""

from __future__ import annotations

import pytest

from slmdesk.chat import ChatMessageRecord, Conversation, ConversationStore
from slmdesk.engines import End, Text
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Database
from tests.chat.scripted_pool import MODEL, STATS, ScriptedPool, service


class Talk:
    """A conversation with a model that answers as it is told."""

    def __init__(self, store: ConversationStore) -> None:
        self.store = store
        self.pool = ScriptedPool([])
        self.chat = service(self.pool, store)
        self.conversation = Conversation()

    def say(self, text: str, answer: str, *, at: int | None = None) -> None:
        self.chat.add_message(self.conversation, text, at=at)
        self.again(answer)

    def again(self, answer: str) -> None:
        self.pool.script = [Text(answer), STATS, End(reason="stop")]
        self.chat.respond(self.conversation, model=MODEL, on_event=lambda _: None)

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.conversation.messages]

    @property
    def places(self) -> list[tuple[int, int]]:
        return [(one.version, one.versions) for one in self.conversation.messages]

    def check(self) -> None:
        """What is in memory is what is stored."""
        assert self.store.load(self.conversation.id) == self.conversation


@pytest.fixture
def talk(store: ConversationStore) -> Talk:
    return Talk(store)


def test_an_answer_asked_for_again_is_a_new_version(talk: Talk) -> None:
    talk.say("Hi", "One")
    talk.again("Two")
    talk.again("Three")
    assert talk.texts == ["Hi", "Three"]
    assert talk.places == [(1, 1), (3, 3)]
    talk.check()
    talk.store.choose_version(talk.conversation, 1, 1)
    assert talk.texts == ["Hi", "One"]
    assert talk.places == [(1, 1), (1, 3)]
    talk.check()


def test_what_followed_a_version_comes_back_with_it(talk: Talk) -> None:
    talk.say("Hi", "One")
    talk.say("Go on", "More of one")
    talk.store.choose_version(talk.conversation, 1, 1)
    talk.conversation.messages[2:] = []
    talk.again("Two")
    talk.say("And then", "More of two")
    talk.check()
    assert talk.texts == ["Hi", "Two", "And then", "More of two"]
    first = talk.conversation.messages[0]
    talk.store.choose_version(talk.conversation, 1, 1)
    assert talk.texts == ["Hi", "One", "Go on", "More of one"]
    assert talk.conversation.messages[0] is first
    talk.check()
    talk.store.choose_version(talk.conversation, 1, 2)
    assert talk.texts == ["Hi", "Two", "And then", "More of two"]
    talk.check()


def test_an_edited_message_is_a_new_version_and_begins_a_branch(talk: Talk) -> None:
    talk.say("Hi", "One")
    talk.say("Tell me about rivers", "Rivers flow")
    talk.say("More", "They end in seas")
    talk.say("Tell me about stones", "Stones lie", at=2)
    assert talk.texts == ["Hi", "One", "Tell me about stones", "Stones lie"]
    assert talk.places == [(1, 1), (1, 1), (2, 2), (1, 1)]
    talk.check()
    assert [one.content for one in talk.pool.requests[-1].messages] == ["Hi", "One", "Tell me about stones"]
    talk.store.choose_version(talk.conversation, 2, 1)
    assert talk.texts == ["Hi", "One", "Tell me about rivers", "Rivers flow", "More", "They end in seas"]
    assert talk.places[2] == (1, 2)
    talk.check()


def test_editing_the_first_message_renames_a_conversation_that_nobody_named(talk: Talk) -> None:
    talk.say("Rivers", "They flow")
    assert talk.conversation.title == "Rivers"
    talk.say("Stones", "They lie", at=0)
    assert talk.conversation.title == "Stones"
    assert talk.places == [(2, 2), (1, 1)]
    talk.check()
    talk.store.rename(talk.conversation.id, "Mine")
    talk.say("Clouds", "They drift", at=0)
    assert talk.conversation.title == "Mine"
    assert [one.title for one in talk.store.summaries()] == ["Mine"]


def test_an_edited_answer_is_a_new_version_and_what_followed_stays_with_the_old_one(talk: Talk) -> None:
    talk.say("Hi", "One")
    talk.say("Go on", "More")
    talk.store.edit_answer(talk.conversation, 1, "Better")
    assert talk.texts == ["Hi", "Better"]
    edited = talk.conversation.messages[1]
    assert (edited.state, edited.model_title, edited.stats) == ("complete", "Scripted", None)
    assert talk.places == [(1, 1), (2, 2)]
    talk.check()
    talk.say("And", "Yes")
    assert [one.content for one in talk.pool.requests[-1].messages] == ["Hi", "Better", "And"]
    talk.store.choose_version(talk.conversation, 1, 1)
    assert talk.texts == ["Hi", "One", "Go on", "More"]
    talk.check()


def test_an_answer_edited_to_what_it_is_stays_as_it_is(talk: Talk) -> None:
    talk.say("Hi", "One")
    talk.store.edit_answer(talk.conversation, 1, "One")
    assert talk.places == [(1, 1), (1, 1)]
    talk.check()


def test_an_answer_is_not_edited_away(talk: Talk) -> None:
    talk.say("Hi", "One")
    with pytest.raises(UserError) as caught:
        talk.store.edit_answer(talk.conversation, 1, " \n")
    assert (caught.value.key, caught.value.kind) == ("answer-empty", ErrorKind.USAGE)
    talk.check()


@pytest.mark.parametrize("version", [0, 3])
def test_a_version_that_there_is_not(talk: Talk, version: int) -> None:
    talk.say("Hi", "One")
    talk.again("Two")
    with pytest.raises(IndexError):
        talk.store.choose_version(talk.conversation, 1, version)
    talk.check()


def test_conversations_do_not_mix_their_versions(talk: Talk, store: ConversationStore) -> None:
    """First messages have no message before them: all of them together are not versions of each other."""
    other = Talk(store)
    talk.say("Hi", "One")
    other.say("Hello", "Two")
    talk.say("Hi there", "Three", at=0)
    assert talk.places[0] == (2, 2)
    assert other.store.load(other.conversation.id) == other.conversation
    assert other.places[0] == (1, 1)


def test_nothing_of_a_damaged_conversation_is_hidden(talk: Talk, database: Database) -> None:
    talk.say("Hi", "One")
    talk.say("Go on", "More")
    talk.say("And", "Yes")
    first, _, _, fourth, *_ = (one.id for one in talk.conversation.messages)
    with database.transaction() as cursor:
        # A message is gone whose successor names it, and another has a successor before itself.
        cursor.execute("DELETE FROM message WHERE text = 'Go on'")
        cursor.execute("UPDATE message SET parent_id = ? WHERE id = ?", (fourth, first))
    loaded = talk.store.load(talk.conversation.id)
    assert loaded is not None
    assert [one.text for one in loaded.messages] == ["Hi", "One", "More", "And", "Yes"]


@pytest.mark.parametrize("superseded", [0, 1])
def test_of_versions_that_are_all_chosen_or_none_the_newest_is_shown(
    talk: Talk, database: Database, superseded: int
) -> None:
    talk.say("Hi", "One")
    talk.again("Two")
    with database.transaction() as cursor:
        cursor.execute("UPDATE message SET superseded = ? WHERE role = 'assistant'", (superseded,))
    talk.check()
    assert talk.texts == ["Hi", "Two"]


def test_a_lost_message_can_be_written_again(talk: Talk, database: Database) -> None:
    talk.say("Hi", "One")
    with database.transaction() as cursor:
        cursor.execute("UPDATE message SET state = 'lost', text = '' WHERE role = 'user'")
    loaded = talk.store.load(talk.conversation.id)
    assert loaded is not None
    talk.conversation = loaded
    with pytest.raises(UserError) as caught:
        talk.again("Two")
    assert caught.value.key == "question-lost"
    talk.say("Hello", "Three", at=0)
    assert [(one.text, one.state) for one in talk.conversation.messages] == [
        ("Hello", "complete"),
        ("Three", "complete"),
    ]
    talk.check()


def test_a_lost_answer_can_be_asked_for_again(talk: Talk) -> None:
    talk.say("Hi", "One")
    lost = talk.conversation.messages[1]
    lost.state, lost.text = "lost", ""
    talk.store.update_message(lost)
    talk.again("Two")
    assert talk.texts == ["Hi", "Two"]
    assert talk.places[1] == (2, 2)


def test_a_message_typed_after_one_that_was_dropped_replaces_it(talk: Talk) -> None:
    """As the command line does with a message that got no answer: it is kept, and not shown again."""
    talk.say("Hi", "One")
    talk.chat.add_message(talk.conversation, "Too long")
    talk.conversation.messages.pop()
    talk.say("Short", "Two")
    talk.check()
    assert talk.texts == ["Hi", "One", "Short", "Two"]
    assert talk.places[2] == (2, 2)
    talk.store.choose_version(talk.conversation, 2, 1)
    assert talk.texts == ["Hi", "One", "Too long"]


def test_a_message_without_an_answer_is_followed_by_the_next(talk: Talk) -> None:
    talk.chat.add_message(talk.conversation, "One")
    talk.say("Two", "Yes")
    talk.check()
    assert talk.places == [(1, 1)] * 3
    record: ChatMessageRecord = talk.conversation.messages[0]
    assert record.text == "One"
