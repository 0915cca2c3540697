"""Budget row 10: the predicted rate of token generation / the measured one, after the probe.

For the starter and for small models with random weights of other architectures, their caches filled up to
nearly 512, 2048 and 8192 tokens, in f16 and in q8_0. How fast a computer is changes from minute to minute, so
each round takes the probe as a person's computer takes it, and then the rates of all models, which have been
loaded and filled before; what counts of each is the median of the rounds. Rates are those of the ordinary
engine process. No run is recorded, so that none corrects the next.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
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
_SECONDS = 0.7
"""Tokens are generated for about so long in each round."""
_LEAST_ANSWERS = 3
# All of the usual samplers, and yet hardly a token that ends the answer.
_SAMPLING = Sampling(temperature=100.0, top_p=1.0, min_p=0.0)


@dataclass
class Filled:
    """One model in a process of its own, its cache filled up to a depth."""

    model: str
    context_length: int
    kv_type: KvType
    work: TokenWork
    process: EngineProcess
    words: int
    """Of the prompt that fills the cache."""
    rates: list[float] = field(default_factory=list)
    """Of each round."""
    ratios: list[float] = field(default_factory=list)
    within: int = 0
    """Rounds in which the measured rate was within the predicted range."""

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)


def measure(
    starter: InstalledModel,
    logs: Path,
    *,
    contexts: Sequence[int] = CONTEXTS,
    kv_types: Sequence[KvType] = KV_TYPES,
    names: Iterable[str] = SMALL_MODELS,
    rounds: int = 5,
) -> Row:
    """Row 10. Takes half an hour, most of it for filling the caches."""
    question = FitQuestion(threads=default_threads())
    with tempfile.TemporaryDirectory(prefix="slmdesk-models-") as folder, contextlib.ExitStack() as processes:
        models = {"starter": starter.path} | small_models(Path(folder), names)
        filled = [
            _fill(name, path, kv_type, length, logs, processes)
            for name, path in models.items()
            for kv_type in kv_types
            for length in contexts
        ]
        for number in range(rounds):
            speed = SpeedModel(Path(folder) / f"speed-{number}")
            speed.probe(question)
            for one in filled:
                _measure(one, speed)
    for one in filled:
        print(
            f"{one.model:28} {one.context_length:6} {one.kv_type:5} {statistics.median(one.rates):7.1f} tok/s"
            f"  predicted / measured {one.ratio:.3f} ({min(one.ratios):.3f} to {max(one.ratios):.3f})",
            flush=True,
        )
    return _row(filled, len(models), rounds)


def _fill(
    name: str, path: Path, kv_type: KvType, length: int, logs: Path, processes: contextlib.ExitStack
) -> Filled:
    process = processes.enter_context(
        contextlib.closing(EngineProcess(LLAMA_CPP, log_file=logs / "engine.log"))
    )
    options = LoadOptions(context_length=length, threads=default_threads(), kv_type=kv_type)
    if process.load(str(path), options) is None:
        raise RuntimeError(f"{path} was not loaded")
    work = work_of_headers([read_header(path)])
    one = Filled(name, length, kv_type, work, process, _words(process, length - _TOKENS - 8))
    _generate(process, one.words)
    return one


def _measure(one: Filled, speed: SpeedModel) -> None:
    rates: list[float] = []
    depth = spent = 0.0
    while spent < _SECONDS or len(rates) < _LEAST_ANSWERS:
        stats = _generate(one.process, one.words)
        if stats.generated_tokens < _LEAST_TOKENS:
            # The model wanted to end; a few tokens say nothing.
            continue
        rates.append(stats.tokens_per_second)
        depth = stats.context_tokens - stats.generated_tokens / 2
        spent += stats.generated_tokens / stats.tokens_per_second
    question = FitQuestion(threads=default_threads(), kv_type=one.kv_type, context_length=one.context_length)
    found = speed.predict(one.work, question, depth=round(depth))
    assert found is not None
    rate = statistics.median(rates)
    one.rates.append(rate)
    one.ratios.append(found.expected / rate)
    one.within += found.low <= rate <= found.high


def _generate(process: EngineProcess, words: int) -> Stats:
    messages = (ChatMessage("user", "a " * words),)
    request = GenerateRequest(messages=messages, max_tokens=_TOKENS, sampling=_SAMPLING)
    (stats,) = (event for event in process.generate(request) if isinstance(event, Stats))
    return stats


def _words(process: EngineProcess, tokens: int) -> int:
    """How many words make a prompt of about so many tokens."""
    few, more = (process.count_tokens((ChatMessage("user", "a " * words),)) for words in (8, 108))
    return max(1, 8 + int((tokens - few) * 100 / (more - few)))


def _row(found: Sequence[Filled], models: int, rounds: int) -> Row:
    worst = max(found, key=lambda one: abs(one.ratio - 1))
    ratios = [one.ratio for one in found]
    within = f"{sum(one.within for one in found)} of {rounds * len(found)} within the range"
    worst_of = f"worst of {len(found)} ({worst.model}, {worst.context_length}, {worst.kv_type})"
    return Row(
        number=10,
        what="predicted / measured token generation, after the probe",
        figure=worst.ratio,
        budget=f"{_LEAST} - {_MOST}",
        holds=min(ratios) >= _LEAST and max(ratios) <= _MOST,
        detail=(
            f"{worst_of}, medians of {rounds}; {min(ratios):.3f} to {max(ratios):.3f}, median"
            f" {statistics.median(ratios):.3f}; {within}; {models} models, {default_threads()} threads"
        ),
        samples={f"{one.model} {one.context_length} {one.kv_type}": one.ratios for one in found},
    )
