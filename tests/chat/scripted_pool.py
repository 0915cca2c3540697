"""A pool whose model says what a test wants, for what is decided between the pool and the database."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from slmdesk.chat import ChatService, ConversationStore
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
    loaded_with: list[LoadOptions] = field(default_factory=list)
    counted: list[tuple[ChatMessage, ...]] = field(default_factory=list)
    at_generate: Callable[[], None] = lambda: None

    @contextlib.contextmanager
    def use(
        self,
        path: str,
        options: LoadOptions,
        on_progress: Callable[[LoadProgress], None],
        *,
        engine: str | None = None,
    ) -> Iterator[ScriptedLease | None]:
        """As the pool: the progress of a load only where nothing is loaded."""
        if self.cancelled_while_loading:
            yield None
            return
        self.loaded_with.append(options)
        loaded_now, self.loaded = not self.loaded, True
        if loaded_now:
            on_progress(LoadProgress(0.5))
        yield ScriptedLease(self, REPORT, loaded_now)

    def count_tokens(self, messages: tuple[ChatMessage, ...]) -> int | None:
        """One for each word, where a model is loaded."""
        self.counted.append(messages)
        return sum(len(one.content.split()) for one in messages) if self.loaded else None

    def generate(self, request: GenerateRequest) -> Iterator[Event]:
        """Play the script; an exception in it is raised."""
        self.requests.append(request)
        self.at_generate()
        for event in self.script:
            if isinstance(event, Exception):
                raise event
            yield event


@dataclass
class ScriptedLease:
    """As `Lease`."""

    process: ScriptedPool
    report: LoadReport
    loaded_now: bool


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
    """The real service over a scripted pool."""
    return ChatService(cast(EnginePool, pool), store)
