"""Whatever a person does with a conversation, in any order: memory and disk agree, and no word is lost."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.strategies import integers

from slmdesk.chat import Conversation, ConversationStore
from slmdesk.engines import End, Event, Reasoning, Text
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Database
from tests.chat.scripted_pool import MODEL, STATS, ScriptedPool, service

CRASH = UserError("engine-crashed", ErrorKind.GENERATION)
places = integers(0, 1_000)


class Chatting(RuleBasedStateMachine):
    """A person, a model that may crash, and a disk that may be full for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.database = Database(Path(self.folder.name) / "slmdesk.sqlite3")
        self.store = ConversationStore(self.database)
        self.pool = ScriptedPool([])
        self.chat = service(self.pool, self.store)
        self.conversation = Conversation()
        self.words = (f"word{number}" for number in itertools.count())
        self.shown: set[str] = set()
        """Every text that a person has seen in the conversation and was told is kept."""

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()

    def word(self) -> str:
        return next(self.words)

    def play(self, *script: Event | Exception, continued: bool = False) -> None:
        self.pool.script = [*script]
        try:
            self.chat.respond(self.conversation, model=MODEL, on_event=lambda _: None, continued=continued)
        except UserError as error:
            assert error is CRASH  # noqa: PT017 - the only one that a script raises

    def see(self) -> None:
        self.shown |= {one.text for one in self.conversation.messages if one.text}
        self.shown |= {one.reasoning for one in self.conversation.messages if one.reasoning}

    @rule()
    def say(self) -> None:
        self.chat.add_message(self.conversation, self.word())
        self.see()

    @precondition(lambda self: self.conversation.messages)
    @rule()
    def answer(self) -> None:
        self.play(Text(self.word()), STATS, End(reason="stop"))
        self.see()

    @precondition(lambda self: self.conversation.messages)
    @rule()
    def answer_with_a_thought_and_be_cut_off(self) -> None:
        self.play(Reasoning(self.word()), Text(self.word()), STATS, End(reason="length"))
        self.see()

    @precondition(lambda self: self.conversation.messages)
    @rule()
    def crash_in_an_answer(self) -> None:
        self.play(Text(self.word()), CRASH)
        self.see()

    @precondition(lambda self: self.conversation.messages)
    @rule()
    def crash_before_a_word(self) -> None:
        before = list(self.conversation.messages)
        self.play(CRASH)
        assert self.conversation.messages == before

    @precondition(lambda self: self.conversation.messages and self.conversation.messages[-1].can_be_continued)
    @rule()
    def go_on(self) -> None:
        self.shown.discard(self.conversation.messages[-1].text)
        self.play(Text(self.word()), STATS, End(reason="stop"), continued=True)
        self.see()

    @precondition(lambda self: self.conversation.messages)
    @rule(place=places)
    def edit(self, place: int) -> None:
        index = place % len(self.conversation.messages)
        if self.conversation.messages[index].role == "user":
            self.chat.add_message(self.conversation, self.word(), at=index)
        else:
            self.store.edit_answer(self.conversation, index, self.word())
        self.see()

    @precondition(lambda self: self.conversation.messages)
    @rule(place=places, version=places)
    def choose_a_version(self, place: int, version: int) -> None:
        index = place % len(self.conversation.messages)
        versions = self.conversation.messages[index].versions
        self.store.choose_version(self.conversation, index, version % versions + 1)
        assert self.conversation.messages[index].version == version % versions + 1

    @precondition(lambda self: self.conversation.messages)
    @rule(thinks=integers(0, 1), again=integers(0, 1))
    def answer_while_the_disk_is_full(self, thinks: int, again: int) -> None:
        """What could not be stored is stored with what comes next."""
        self.pool.script = [*[Reasoning(self.word())] * thinks, Text(self.word()), STATS, End(reason="stop")]
        self.pool.at_generate = lambda: self.fill_the_disk(True)
        try:
            self.chat.respond(self.conversation, model=MODEL, on_event=lambda _: None)
        except UserError as error:
            assert error.kind is ErrorKind.STORAGE  # noqa: PT017
        finally:
            self.fill_the_disk(False)
            self.pool.at_generate = lambda: None
        assert self.conversation.messages[-1].unsaved
        self.see()
        if again:
            self.answer()
        else:
            self.say()

    def fill_the_disk(self, full: bool) -> None:
        self.database.read(f"PRAGMA query_only = {int(full)}")

    @invariant()
    def memory_is_what_is_stored(self) -> None:
        if self.conversation.id:
            assert self.store.load(self.conversation.id) == self.conversation
            assert self.store.search(self.conversation.messages[0].text) == [self.conversation.id]

    @invariant()
    def every_word_can_be_reached(self) -> None:
        if self.conversation.id:
            assert self.shown <= set(self.reachable())

    def reachable(self) -> Iterator[str]:
        """Everything that choosing versions brings to light; the conversation is as it was afterwards."""
        chosen = [one.id for one in self.conversation.messages]
        other = self.store.load(self.conversation.id)
        assert other is not None
        yield from self.reachable_from(other, 0)
        for index, number in enumerate(chosen):
            for version in range(1, other.messages[index].versions + 1):
                self.store.choose_version(other, index, version)
                if other.messages[index].id == number:
                    break
        assert [one.id for one in other.messages] == chosen

    def reachable_from(self, other: Conversation, index: int) -> Iterator[str]:
        if index == len(other.messages):
            return
        for version in range(1, other.messages[index].versions + 1):
            self.store.choose_version(other, index, version)
            message = other.messages[index]
            yield from (message.text, message.reasoning)
            yield from self.reachable_from(other, index + 1)


Chatting.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestChatting = Chatting.TestCase
