"""A chat service that answers from a script, so that the window can be tested and drawn without a model."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from slmdesk.chat import ChatEvent, ChatMessageRecord, ChatService, Conversation, ConversationStore
from slmdesk.engines import (
    ENGINES,
    ChatMessage,
    End,
    Event,
    GenerateRequest,
    Lease,
    LoadOptions,
    LoadProgress,
    LoadReport,
    PromptProgress,
    Stats,
    Text,
)
from slmdesk.fit import Step as LadderStep
from slmdesk.library import InstalledModel
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Database, Paths, RepairReport, Settings, SettingsStore, log_file
from slmdesk.ui import ModelAdvice, Services
from tests.ui.machines import FIRST, Machine

CONTEXT_LENGTH = 4096
RESIDENT_BYTES = 262 * 2**20


def make_model(model_id: str = "starter", title: str = "SmolLM2 135M", **changes: object) -> InstalledModel:
    """A model that exists nowhere."""
    facts: dict[str, object] = {
        "id": model_id,
        "title": title,
        "path": Path(f"{model_id}.gguf"),
        "size_bytes": 98_362_432,
        "architecture": "llama",
        "parameters": 134_515_008,
        "quantization": "Q4_1",
        "trained_context_length": 8192,
        "system_prompt": "You are a helpful assistant.",
        "engine": FIRST,
        "engine_title": ENGINES[FIRST].title,
    }
    return InstalledModel(**{**facts, **changes})  # type: ignore[arg-type]


BROKEN_MODEL = make_model(
    "cut-off",
    "A model that was cut off",
    quantization="",
    problem=UserError(
        "model-cut-off",
        ErrorKind.MODEL,
        file="cut-off.gguf",
        have_bytes=1_200_000_000,
        need_bytes=2_500_000_000,
    ),
)


def make_report(**changes: object) -> LoadReport:
    """What loading the starter model reports."""
    facts: dict[str, object] = {
        "engine": "llama.cpp",
        "model_name": "SmolLM2 135M Instruct",
        "architecture": "llama",
        "parameters": 134_515_008,
        "quantization": "Q4_1",
        "context_length": CONTEXT_LENGTH,
        "trained_context_length": 8192,
        "threads": 2,
        "device": "CPU",
        "gpu_layers": 0,
        "weights_bytes": 96_000_000,
        "kv_bytes": 94_371_840,
        "load_seconds": 0.3,
        "has_chat_template": True,
    }
    return LoadReport(**{**facts, **changes})  # type: ignore[arg-type]


def make_stats(**changes: object) -> Stats:
    """What a middling answer took."""
    facts: dict[str, object] = {
        "prompt_tokens": 174,
        "reused_tokens": 120,
        "prompt_tokens_per_second": 410.0,
        "time_to_first_token_s": 0.5,
        "generated_tokens": 312,
        "tokens_per_second": 123.4,
        "seed": 7,
        "context_tokens": 486,
    }
    return Stats(**{**facts, **changes})  # type: ignore[arg-type]


@dataclass
class Gate:
    """A place in a script at which the answer waits until the test opens it, or cancels."""

    opened: threading.Event = field(default_factory=threading.Event)


Step = ChatEvent | Gate | Exception


@dataclass(frozen=True)
class _Loaded:
    path: str
    options: LoadOptions
    engine: str


class ScriptedPool:
    """The part of `EnginePool` that chat and window touch; plays `scripts` one after the other."""

    def __init__(self, scripts: Sequence[Sequence[Step]], loading: Sequence[Step]) -> None:
        self.scripts = [list(script) for script in scripts]
        self.loading = list(loading)
        self.loaded: _Loaded | None = None
        self.requests: list[GenerateRequest] = []
        self.forgiven: list[str] = []
        self.cancels = 0
        self.closed = False
        self.threads: set[str] = set()
        self.loads: list[LoadOptions] = []
        self.busy: UserError | None = None
        self.on_idle_unload: Callable[[object], None] | None = None
        self._stop = threading.Event()

    @contextmanager
    def use(
        self,
        path: str,
        options: LoadOptions,
        on_progress: Callable[[LoadProgress], None] | None = None,
        *,
        engine: str | None = None,
    ) -> Iterator[Lease | None]:
        """Play `loading`, unless that model is loaded that way."""
        if self.busy is not None:
            raise self.busy
        self._stop.clear()
        self.threads.add(threading.current_thread().name)
        wanted, report, loaded_now = _Loaded(path, options, engine or FIRST), make_report(), False
        if self.loaded != wanted:
            loaded_now = True
            self.loaded = None
            self.loads.append(options)
            for step in self.loading:
                if isinstance(step, LoadReport):
                    report = step
                elif not self._play(step, on_progress or (lambda _: None)):
                    yield None
                    return
            self.loaded = wanted
        if options.context_length is not None:
            report = msgspec.structs.replace(report, context_length=options.context_length)
        # The one method of the process that the chat calls is the pool's own.
        yield Lease(process=self, report=report, loaded_now=loaded_now)  # type: ignore[arg-type]

    def generate(self, request: GenerateRequest) -> Iterator[Event]:
        """Play the next script."""
        self.requests.append(request)
        for step in self.scripts.pop(0):
            if isinstance(step, Exception):
                self.loaded = None
            if not isinstance(step, Exception | Gate):
                yield step  # type: ignore[misc]
            if self._stop.is_set() or (isinstance(step, Exception | Gate) and not self._play(step)):
                yield make_stats()
                yield End(reason="cancelled")
                return

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int | None:
        """One token a word."""
        return sum(len(one.content.split()) for one in messages) if self.loaded else None

    def cancel(self) -> None:
        """End the script that is playing."""
        self.cancels += 1
        self._stop.set()

    def unload_idle(self) -> None:
        """As the pool does when nobody has used the model for a while."""
        gone, self.loaded = self.loaded, None
        if self.on_idle_unload is not None:
            self.on_idle_unload(gone)

    def unload(self) -> None:
        """Give back what is loaded."""
        self.threads.add(threading.current_thread().name)
        self.loaded = None

    def release(self) -> None:
        """Open every gate."""
        self._stop.set()

    def resident_bytes(self) -> int:
        """As measured with the starter model."""
        return RESIDENT_BYTES if self.loaded else 0

    def forgive(self, path: str) -> None:
        """Remember which model got another chance."""
        self.forgiven.append(path)

    def close(self) -> None:
        """Remember that the window ended the engine."""
        self.closed = True
        self.loaded = None

    def _play(self, step: Step, on_event: Callable[[Any], None] = lambda _: None) -> bool:
        """Whether the script goes on."""
        if isinstance(step, Exception):
            raise step
        if isinstance(step, Gate):
            # A poll, because either of two events ends the wait.
            while not step.opened.wait(0.002):
                if self._stop.is_set():
                    return False
            return True
        on_event(step)
        return not self._stop.is_set()


class ScriptedChat:
    """What a test says about the chat behind a window: the scripts, and afterwards what was asked.

    Conversations are really stored, in the database of the test's home.
    """

    def __init__(
        self,
        scripts: Sequence[Sequence[Step]] = (),
        loading: Sequence[Step] = (LoadProgress(0.5), make_report()),
        stored: Sequence[Conversation] = (),
        machine: Machine | None = None,
    ) -> None:
        """`stored`: conversations that are there already; they get their ids. `machine`: loads are planned
        for this computer.
        """
        self.machine = machine
        self.pool = ScriptedPool(scripts, loading)
        self.stored = list(stored)
        self.asked: list[str] = []
        self.refusals: list[Exception] = []
        self.service: ChatService | None = None
        self._database: Database | None = None

    @property
    def holds(self) -> bool:
        """Whether loading waits at a gate."""
        return any(isinstance(step, Gate) for step in self.pool.loading)

    def open(self, database: Database) -> ChatService:
        """The chat service itself, over the scripted pool."""
        store = ConversationStore(database)
        self._database = database
        for conversation in self.stored:
            keep(database, conversation)
        self.service = _RecordingChat(self, self.pool, store)
        return self.service

    @property
    def store(self) -> ConversationStore:
        """What the window keeps its conversations in."""
        assert self.service is not None
        assert self.service.store is not None
        return self.service.store

    def close(self) -> None:
        """Close the database, where one was opened."""
        if self._database is not None:
            self._database.close()


class _RecordingChat(ChatService):
    """Remembers what the person said, and refuses to keep it where the test says so."""

    def __init__(self, script: ScriptedChat, pool: ScriptedPool, store: ConversationStore) -> None:
        planner = script.machine.planner if script.machine is not None else None
        super().__init__(pool, store, planner=planner)  # type: ignore[arg-type]
        self._script = script

    def add_message(self, conversation: Conversation, text: str, *, at: int | None = None) -> None:
        if self._script.refusals:
            raise self._script.refusals.pop(0)
        self._script.asked.append(text)
        super().add_message(conversation, text, at=at)


# When messages were written that are there already, in the order in which they are made.
_moments = itertools.count(1_790_000_000.0)


def make_conversation(*texts: str, **changes: object) -> Conversation:
    """What was said and answered in turn; its title is what was said first. Not stored."""
    messages = [
        ChatMessageRecord(0, "user", text, "complete", "", next(_moments))
        if index % 2 == 0
        else ChatMessageRecord(
            0, "assistant", text, "complete", "SmolLM2 135M", next(_moments), "stop", make_stats()
        )
        for index, text in enumerate(texts)
    ]
    return Conversation(messages=messages, title=texts[0], **changes)  # type: ignore[arg-type]


def keep(database: Database, conversation: Conversation) -> None:
    """Store `conversation` as if it had been held when its messages say; it and they get their ids."""
    messages, conversation.messages = conversation.messages, []
    store = ConversationStore(database, now=lambda: messages[-1].created_at)
    conversation.id = 0
    for message in messages:
        message.id = 0
        store.add_message(conversation, message, at=len(conversation.messages))
        conversation.messages.append(message)
    title = conversation.title
    if conversation.named:
        store.rename(conversation.id, title)
    if conversation.pinned:
        store.set_pinned(conversation.id, True)
    store.save_options(conversation)


def answer_script(text: str = "Hello there.", **stats: object) -> list[Step]:
    """A whole answer, in pieces of about a token."""
    pieces = [text[start : start + 4] for start in range(0, len(text), 4)]
    return [
        PromptProgress(processed=54, total=54, reused=0),
        *(Text(piece) for piece in pieces),
        make_stats(**stats),
        End(reason="stop"),
    ]


def make_services(
    paths: Paths,
    chat: ScriptedChat,
    models: Sequence[InstalledModel] = (make_model(),),
    settings: Settings | None = None,
    fixed: Mapping[str, str] | None = None,
    check: Callable[[Database], RepairReport | None] = lambda _: None,
    machine: Machine | None = None,
    open_advice: Callable[[], ModelAdvice] | None = None,
    find_steps: Callable[[InstalledModel, int | None], Sequence[LadderStep]] | None = None,
) -> Services:
    """Services around a scripted chat, on `machine`. Who made `chat` closes it."""
    database = Database(paths.database_file)
    return Services(
        paths=paths,
        log_file=log_file(paths),
        settings=settings or Settings(theme="light"),
        settings_store=SettingsStore(paths.settings_file),
        list_models=lambda: list(models),
        open_chat=lambda: chat.open(database),
        check_conversations=lambda: check(database),
        engine_versions=lambda: [("llama.cpp", "0.3.36")],
        fixed=fixed or {},
        look_around=machine.look_around if machine is not None else None,
        plan=machine.plan if machine is not None else None,
        settings_changed=machine.settings_changed if machine is not None else lambda _: None,
        open_advice=open_advice,
        find_steps=find_steps,
    )
