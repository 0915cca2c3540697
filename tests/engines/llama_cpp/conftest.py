"""A real engine with the real starter model, in this process: what is tested here does not end it.

| fixture  | what it is                                                                        |
|----------|-----------------------------------------------------------------------------------|
| `engine` | the starter loaded with one thread and 2048 tokens of context, shared by a module  |
| `ask`    | asks `engine` and collects the answer                                              |
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3]))

from slmdesk.engines.llama_cpp import LlamaCppEngine
from slmdesk.engines.protocol import ChatMessage, Event, GenerateRequest, LoadOptions, Sampling
from tests.engines.answers import GREEDY, SYSTEM, Answer, assistant, collect, user

__all__ = ["GREEDY", "OPTIONS", "SYSTEM", "Answer", "Ask", "assistant", "collect", "user"]

OPTIONS = LoadOptions(threads=1, context_length=2048)

Ask = Callable[..., Answer]


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
