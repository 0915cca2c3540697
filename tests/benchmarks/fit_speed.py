"""Budget row 10: the predicted rate of token generation / the measured one, after the probe.

For the starter and for small models with random weights of other architectures, their caches filled up to
nearly 512, 2048 and 8192 tokens, in f16 and in q8_0. The probe is taken first, as a person's computer takes
it; then each rate is the median of some answers of the ordinary engine process. No run is recorded, so that
none corrects the next.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from slmdesk.engines import (
    LLAMA_CPP,
    ChatMessage,
    EngineProcess,
    GenerateRequest,
    KvType,
    LoadOptions,
    Sampling,
    Stats,
)
from slmdesk.fit import FitQuestion, SpeedModel
from slmdesk.fit.work import TokenWork, work_of_headers
from slmdesk.formats.gguf import read_header
from slmdesk.hardware import default_threads
from slmdesk.library import InstalledModel
from tests.benchmarks.budget import Row
from tests.fit.small_models import SMALL_MODELS, small_models

CONTEXTS = (512, 2048, 8192)
KV_TYPES: tuple[KvType, ...] = ("f16", "q8_0")
_LEAST, _MOST = 0.85, 1.15
_TOKENS = 32
_LEAST_TOKENS = 16
_SECONDS = 1.5
"""Tokens are generated for about so long at each depth."""
# All of the usual samplers, and yet hardly a token that ends the answer.
_SAMPLING = Sampling(temperature=100.0, top_p=1.0, min_p=0.0)


@dataclass(frozen=True)
class Measured:
    """One model at one depth."""

    model: str
    context_length: int
    kv_type: str
    predicted: float
    low: float
    high: float
    rates: tuple[float, ...]

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    @property
    def ratio(self) -> float:
        return self.predicted / self.rate


def measure(
    starter: InstalledModel,
    logs: Path,
    *,
    contexts: Sequence[int] = CONTEXTS,
    kv_types: Sequence[KvType] = KV_TYPES,
    names: Iterable[str] = SMALL_MODELS,
) -> Row:
    """Row 10. Takes ten minutes, most of them for filling the starter's context."""
    question = FitQuestion(threads=default_threads())
    with tempfile.TemporaryDirectory(prefix="slmdesk-models-") as folder:
        models = {"starter": starter.path} | small_models(Path(folder), names)
        speed = SpeedModel(Path(folder) / "speed")
        speed.probe(question)
        found = [
            one
            for name, path in models.items()
            for kv_type in kv_types
            for one in _model(name, path, kv_type, speed, logs, contexts)
        ]
    return _row(found, len(models))


def _model(
    name: str, path: Path, kv_type: KvType, speed: SpeedModel, logs: Path, contexts: Sequence[int]
) -> list[Measured]:
    work = work_of_headers([read_header(path)])
    process = EngineProcess(LLAMA_CPP, log_file=logs / "engine.log")
    try:
        options = LoadOptions(context_length=max(contexts), threads=default_threads(), kv_type=kv_type)
        if process.load(str(path), options) is None:
            raise RuntimeError(f"{path} was not loaded")
        return [_at(name, work, kv_type, speed, process, length) for length in contexts]
    finally:
        process.close()


def _at(
    name: str, work: TokenWork, kv_type: KvType, speed: SpeedModel, process: EngineProcess, length: int
) -> Measured:
    words = _words(process, length - _TOKENS - 8)
    rates: list[float] = []
    depth = spent = 0.0
    _generate(process, words)
    while spent < _SECONDS or len(rates) < 3:
        stats = _generate(process, words)
        if stats.generated_tokens < _LEAST_TOKENS:
            # The model wanted to end; a few tokens say nothing.
            continue
        rates.append(stats.tokens_per_second)
        depth = stats.context_tokens - stats.generated_tokens / 2
        spent += stats.generated_tokens / stats.tokens_per_second
    question = FitQuestion(threads=default_threads(), kv_type=kv_type, context_length=length)
    found = speed.predict(work, question, depth=round(depth))
    assert found is not None
    one = Measured(name, length, kv_type, found.expected, found.low, found.high, tuple(rates))
    print(
        f"{name:28} {depth:6.0f} {kv_type:5} {one.rate:7.1f} tok/s ({min(rates):.1f} to {max(rates):.1f})"
        f"  predicted {one.predicted:7.1f}  ratio {one.ratio:.3f}",
        flush=True,
    )
    return one


def _generate(process: EngineProcess, words: int) -> Stats:
    messages = (ChatMessage("user", "a " * words),)
    request = GenerateRequest(messages=messages, max_tokens=_TOKENS, sampling=_SAMPLING)
    (stats,) = (event for event in process.generate(request) if isinstance(event, Stats))
    return stats


def _words(process: EngineProcess, tokens: int) -> int:
    """How many words make a prompt of about so many tokens."""
    few, more = (process.count_tokens((ChatMessage("user", "a " * words),)) for words in (8, 108))
    return max(1, 8 + int((tokens - few) * 100 / (more - few)))


def _row(found: Sequence[Measured], models: int) -> Row:
    worst = max(found, key=lambda one: abs(one.ratio - 1))
    ratios = [one.ratio for one in found]
    within = sum(one.low <= one.rate <= one.high for one in found)
    return Row(
        number=10,
        what="predicted / measured token generation, after the probe",
        figure=worst.ratio,
        budget=f"{_LEAST} - {_MOST}",
        holds=min(ratios) >= _LEAST and max(ratios) <= _MOST,
        detail=(
            f"worst of {len(found)} ({worst.model}, {worst.context_length}, {worst.kv_type});"
            f" {min(ratios):.3f} to {max(ratios):.3f}, median {statistics.median(ratios):.3f};"
            f" {within} within the range; {models} models, {default_threads()} threads"
        ),
        samples={f"{one.model} {one.context_length} {one.kv_type}": list(one.rates) for one in found},
    )
