"""A real engine with the real starter model, in this process: what is tested here does not end it.

| fixture  | what it is                                                                        |
|----------|-----------------------------------------------------------------------------------|
| `engine` | the starter loaded with one thread and 2048 tokens of context, shared by a module  |
| `ask`    | asks `engine` and collects the answer                                              |
| `speak`  | makes the model write a given text, token by token, through the real decode loop   |
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3]))

from slmdesk.engines.llama_cpp import LlamaCppEngine
from slmdesk.engines.llama_cpp.native import lib
from slmdesk.engines.protocol import (
    ChatMessage,
    End,
    Event,
    GenerateRequest,
    LoadOptions,
    PromptProgress,
    Reasoning,
    Sampling,
    Stats,
    Text,
)

SYSTEM = ChatMessage("system", "You are a helpful assistant.")
GREEDY = Sampling(temperature=0)
OPTIONS = LoadOptions(threads=1, context_length=2048)


@dataclass
class Answer:
    """Everything that one answer was."""

    text: str
    stats: Stats
    end: End
    pieces: list[str] = field(default_factory=list)
    reasoning: str = ""
    progress: list[PromptProgress] = field(default_factory=list)


def collect(events: Iterator[Event], on_event: Callable[[Event], None] = lambda event: None) -> Answer:
    pieces, thoughts, progress, stats, end = [], [], [], None, None
    for event in events:
        assert end is None, "nothing comes after End"
        on_event(event)
        if isinstance(event, Text):
            assert event.text
            pieces.append(event.text)
        elif isinstance(event, Reasoning):
            assert event.text
            thoughts.append(event.text)
        elif isinstance(event, PromptProgress):
            progress.append(event)
        elif isinstance(event, Stats):
            stats = event
        else:
            assert stats is not None, "Stats comes before End"
            end = event
    assert stats is not None
    assert end is not None
    return Answer("".join(pieces), stats, end, pieces, "".join(thoughts), progress)


Ask = Callable[..., Answer]
Speak = Callable[[str], None]


@pytest.fixture(scope="module")
def engine(starter_file: Path) -> Iterator[LlamaCppEngine]:
    engine = LlamaCppEngine()
    engine.load(str(starter_file), OPTIONS, lambda progress: None)
    yield engine
    engine.unload()


@pytest.fixture
def ask(engine: LlamaCppEngine) -> Ask:
    def ask(
        *messages: ChatMessage,
        sampling: Sampling = GREEDY,
        max_tokens: int | None = 24,
        stop: tuple[str, ...] = (),
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> Answer:
        request = GenerateRequest(messages=messages, sampling=sampling, max_tokens=max_tokens, stop=stop)
        return collect(engine.generate(request), on_event)

    return ask


@pytest.fixture
def speak(engine: LlamaCppEngine, monkeypatch: pytest.MonkeyPatch) -> Speak:
    def speak(text: str) -> None:
        model, _ = engine._loaded()
        tokens = iter([*model.tokenize(text.encode(), begins=False), model.eos])
        monkeypatch.setattr(lib, "llama_sampler_sample", lambda chain, context, index: next(tokens))

    return speak


def user(text: str) -> ChatMessage:
    return ChatMessage("user", text)


def assistant(text: str) -> ChatMessage:
    return ChatMessage("assistant", text)
