"""An engine that streams a Markdown corpus at a fixed rate: in the real child, through the real pipe.

What draws an answer is measured with it, at a rate that no small model holds for 20,000 tokens. A "model" is
a JSON file that `write_model` writes. `start_streaming` starts its process, as the `start` of an EnginePool:

    pool = EnginePool(folder, start=start_streaming)
    with pool.use(str(write_model(folder / "corpus.gguf")), LOAD_OPTIONS) as lease: ...
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from slmdesk.engines import (
    Capabilities,
    ChatMessage,
    End,
    EngineProcess,
    Event,
    GenerateRequest,
    LoadOptions,
    LoadProgress,
    LoadReport,
    PromptProgress,
    Reasoning,
    Text,
)
from slmdesk.engines.child import serve
from tests.benchmarks.markdown_corpus import make_pieces
from tests.engines.reports import make_report, make_stats

LOAD_OPTIONS = LoadOptions(context_length=65_536)
"""Room for the longest answer: the parent ends a child that says more than its context can hold."""


def write_model(
    file: Path, *, tokens: int = 20_000, rate: float = 200.0, reasoning_tokens: int = 0, seed: int = 0
) -> Path:
    """Write the model to `file`: `tokens` of the corpus at `rate` tokens per second, after reasoning."""
    script = {"tokens": tokens, "rate": rate, "reasoning_tokens": reasoning_tokens, "seed": seed}
    file.write_text(json.dumps(script))
    return file


def start_streaming(engine: str, *, log_file: Path) -> EngineProcess:
    """A process that runs a `StreamingEngine`, not started yet."""
    return EngineProcess(engine, log_file=log_file, entry=streaming_entry)


def streaming_entry(connection: Any, _engine: str, log_path: str) -> None:
    """The entry of its process."""
    serve(connection, StreamingEngine, log_path, title="streaming")


class StreamingEngine:
    """See the top of this file."""

    def __init__(self) -> None:
        self.activity = 0
        self._cancelled = threading.Event()
        self._rate = 1.0
        self._reasoning: list[str] = []
        self._answer: list[str] = []

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(gpu_offload=False, kv_types=("f16",), samplers=())

    def load(
        self, path: str, options: LoadOptions, on_progress: Callable[[LoadProgress], None]
    ) -> LoadReport | None:
        self._cancelled.clear()
        script = json.loads(Path(path).read_text())
        self._rate = script["rate"]
        self._answer = make_pieces(script["tokens"], script["seed"])
        self._reasoning = make_pieces(script["reasoning_tokens"], script["seed"] + 1)
        on_progress(LoadProgress(1.0))
        context = options.context_length or 4096
        return make_report(
            model_name=Path(path).stem,
            context_length=context,
            trained_context_length=context,
            thinking="always" if self._reasoning else "no",
        )

    def generate(self, request: GenerateRequest) -> Iterator[Event]:
        self._cancelled.clear()
        yield PromptProgress(processed=1, total=1, reused=0)
        pieces: list[Reasoning | Text] = [Reasoning(piece) for piece in self._reasoning]
        pieces += [Text(piece) for piece in self._answer]
        began = time.perf_counter()
        count = 0
        for count, event in enumerate(pieces, start=1):
            # By the clock and not from one token to the next, so that a late one does not delay all others.
            if self._cancelled.wait(max(0.0, began + count / self._rate - time.perf_counter())):
                break
            self.activity += 1
            yield event
        took = time.perf_counter() - began
        yield make_stats(
            prompt_tokens=1,
            generated_tokens=count,
            tokens_per_second=count / took if took > 0 else 0.0,
            context_tokens=count + 1,
        )
        yield End(reason="cancelled" if self._cancelled.is_set() else "stop")

    def count_tokens(self, messages: tuple[ChatMessage, ...]) -> int:
        return sum(len(message.content.split()) for message in messages)

    def cancel(self) -> None:
        self._cancelled.set()

    def unload(self) -> None:
        self._answer, self._reasoning = [], []
