"""Answering with a scripted engine process: what is stored when, and what happens when it fails."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from sqlcipher3 import dbapi2

from slmdesk.chat import ChatEvent, ChatService, Conversation, ConversationStore, growing_answer
from slmdesk.engines import (
    ChatMessage,
    End,
    EnginePool,
    Event,
    GenerateRequest,
    LoadOptions,
    LoadProgress,
    LoadReport,
    PromptProgress,
    Stats,
    Text,
)
from slmdesk.library import InstalledModel
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Database, Paths

REPORT = LoadReport(
    engine="scripted",
    model_name="Scripted",
    architecture="none",
    parameters=1,
    quantization="",
    context_length=64,
    trained_context_length=64,
    threads=1,
    device="CPU",
    gpu_layers=0,
    weights_bytes=1,
    kv_bytes=1,
    load_seconds=0.0,
    has_chat_template=True,
)
STATS = Stats(
    prompt_tokens=3,
    reused_tokens=0,
    prompt_tokens_per_second=1.0,
    time_to_first_token_s=0.1,
    generated_tokens=2,
    tokens_per_second=1.0,
    seed=1,
    context_tokens=5,
)
ANSWER: list[Event | Exception] = [
    PromptProgress(processed=3, total=3, reused=0),
    Text("Hel"),
    Text("lo"),
    STATS,
    End(reason="stop"),
]


@dataclass
class ScriptedPool:
    """Stands in for the pool: a model that is loaded, and answers that are written down."""

    script: list[Event | Exception]
    cancelled_while_loading: bool = False
    loaded: bool = False
    requests: list[GenerateRequest] = field(default_factory=list)
    at_generate: Callable[[], None] = lambda: None

    @contextlib.contextmanager
    def use(
        self, path: str, options: LoadOptions, on_progress: Callable[[LoadProgress], None]
    ) -> Iterator[ScriptedLease | None]:
        if self.cancelled_while_loading:
            yield None
            return
        loaded_now, self.loaded = not self.loaded, True
        if loaded_now:
            on_progress(LoadProgress(0.5))
        yield ScriptedLease(self, REPORT, loaded_now)

    def generate(self, request: GenerateRequest) -> Iterator[Event]:
        self.requests.append(request)
        self.at_generate()
        for event in self.script:
            if isinstance(event, Exception):
                raise event
            yield event


@dataclass
class ScriptedLease:
    process: ScriptedPool
    report: LoadReport
    loaded_now: bool


@pytest.fixture
def store(paths: Paths) -> Iterator[ConversationStore]:
    database = Database(paths.database_file)
    yield ConversationStore(database)
    database.close()


MODEL = InstalledModel(
    id="scripted",
    title="Scripted",
    path=Path("scripted.gguf"),
    size_bytes=1,
    architecture="none",
    parameters=1,
    quantization="",
    trained_context_length=64,
    system_prompt="",
    problem=None,
)


def service(pool: ScriptedPool, store: ConversationStore | None) -> ChatService:
    return ChatService(cast(EnginePool, pool), store)


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
    pool = ScriptedPool(ANSWER)
    conversation = Conversation()
    database.read("SELECT 1")
    other = dbapi2.connect(str(paths.database_file), isolation_level=None)

    def hold() -> None:
        database.read("PRAGMA busy_timeout = 0")
        other.execute("BEGIN IMMEDIATE")

    pool.at_generate = hold
    with pytest.raises(UserError) as caught:
        service(pool, ConversationStore(database)).answer(
            conversation, "Hi", model=MODEL, on_event=lambda _: None
        )
    other.close()
    database.close()
    assert caught.value.key == "database-cannot-be-written"
    assert conversation.messages[1].text == "Hello"


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
