"""A chat service that answers from a script, so that the window can be tested and drawn without a model."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slmdesk.chat import ChatEvent, ChatMessageRecord, Conversation, make_title
from slmdesk.engines import End, LoadProgress, LoadReport, PromptProgress, Stats, Text
from slmdesk.library import InstalledModel
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Paths, Settings, SettingsStore, log_file
from slmdesk.ui import Services

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


class ScriptedPool:
    """The part of `EnginePool` that the window touches."""

    def __init__(self) -> None:
        self.loaded: _Loaded | None = None
        self.forgiven: list[str] = []
        self.closed = False

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


class ScriptedChat:
    """Plays `scripts` one after the other, for each answer one; loads with `loading`."""

    def __init__(
        self,
        scripts: Sequence[Sequence[Step]] = (),
        loading: Sequence[Step] = (LoadProgress(0.5), make_report()),
        latest: Conversation | None = None,
    ) -> None:
        self.pool = ScriptedPool()
        self.scripts = [list(script) for script in scripts]
        self.loading = list(loading)
        self.latest = latest
        self.conversations: list[Conversation] = []
        self.asked: list[str] = []
        self.refusals: list[Exception] = []
        self.cancels = 0
        self.threads: set[str] = set()
        self._stop = threading.Event()

    @property
    def holds(self) -> bool:
        """Whether loading waits at a gate."""
        return any(isinstance(step, Gate) for step in self.loading)

    def release(self) -> None:
        """Open every gate, so that nothing waits when the test is over."""
        self._stop.set()

    def latest_conversation(self) -> Conversation | None:
        """As given."""
        return self.latest

    def load(self, model: InstalledModel, options: object, on_event: Callable[[ChatEvent], None]) -> object:
        """Play `loading`, once per model."""
        self._stop.clear()
        return self._ensure_loaded(model, on_event)

    def add_message(self, conversation: Conversation, text: str) -> None:
        """Keep it, unless `refusals` has an error for it."""
        if self.refusals:
            raise self.refusals.pop(0)
        self.asked.append(text)
        self.conversations.append(conversation)
        if not conversation.messages:
            conversation.title = make_title(text)
        conversation.messages.append(ChatMessageRecord(0, "user", text, "complete", "", time.time()))

    def answer(
        self,
        conversation: Conversation,
        text: str,
        *,
        model: InstalledModel,
        on_event: Callable[[ChatEvent], None],
        **_: object,
    ) -> End | None:
        """`add_message`, then `respond`."""
        self.add_message(conversation, text)
        return self.respond(conversation, model=model, on_event=on_event)

    def respond(
        self,
        conversation: Conversation,
        *,
        model: InstalledModel,
        on_event: Callable[[ChatEvent], None],
        **_: object,
    ) -> End | None:
        """Play the next script, in place of the last answer where there is one."""
        self._stop.clear()
        if conversation.messages[-1].role == "assistant":
            conversation.messages.pop()
        return self._answer(conversation, model, on_event)

    def cancel(self) -> None:
        """End the script that is playing."""
        self.cancels += 1
        self._stop.set()

    def _ensure_loaded(self, model: InstalledModel, on_event: Callable[[ChatEvent], None]) -> bool:
        self.threads.add(threading.current_thread().name)
        if self.pool.loaded == _Loaded(str(model.path)):
            return True
        for step in self.loading:
            if not self._play(step, on_event):
                return False
        self.pool.loaded = _Loaded(str(model.path))
        return True

    def _answer(
        self, conversation: Conversation, model: InstalledModel, on_event: Callable[[ChatEvent], None]
    ) -> End | None:
        if not self._ensure_loaded(model, on_event):
            return None
        record = ChatMessageRecord(0, "assistant", "", "writing", model.title, time.time())
        conversation.messages.append(record)
        for step in self.scripts.pop(0):
            if isinstance(step, Exception):
                self.pool.loaded = None
            if isinstance(step, Text):
                record.text += step.text
            if not self._play(step, on_event):
                on_event(make_stats())
                on_event(End(reason="cancelled"))
                break
        return None

    def _play(self, step: Step, on_event: Callable[[ChatEvent], None]) -> bool:
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
) -> Services:
    """Services around a scripted chat."""
    return Services(
        paths=paths,
        log_file=log_file(paths),
        settings=settings or Settings(theme="light"),
        settings_store=SettingsStore(paths.settings_file),
        list_models=lambda: list(models),
        open_chat=lambda: chat,  # type: ignore[arg-type, return-value]
        engine_versions=lambda: [("llama.cpp", "0.3.36")],
    )
