"""Budget rows 8 and 9: what the fit says a model takes, over what the engine reports and over what it used.

For the starter and for small models with random weights of other architectures: contexts of 512 to 8192
tokens, KV caches of f16 and q8_0. Each is simulated in one process; then loaded in another, its context
filled with one long prompt, and the most memory that process ever had in RAM is read from the system. Linux
only: other systems count shared pages differently.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slmdesk.engines import (
    LLAMA_CPP,
    ChatMessage,
    EngineProcess,
    GenerateRequest,
    KvType,
    Stats,
)
from slmdesk.fit import FitQuestion, MemoryNeed, MemorySimulator
from slmdesk.fit.memory import load_options
from slmdesk.library import InstalledModel
from tests.benchmarks.budget import Row
from tests.fit.small_models import SMALL_MODELS, small_models

CONTEXTS = (512, 1024, 2048, 4096, 8192)
KV_TYPES: tuple[KvType, ...] = ("f16", "q8_0")
_RESERVED, _RESIDENT = (0.99, 1.01), (0.93, 1.07)


@dataclass(frozen=True)
class Measured:
    """One model, loaded once and filled."""

    model: str
    context_length: int
    kv_type: str
    need: MemoryNeed
    reserved_bytes: int
    """As the engine reports it."""
    peak_bytes: int
    """Of the engine's process in RAM, its context filled."""
    filled: float
    """The share of the context that was filled."""

    @property
    def reserved_ratio(self) -> float:
        return (self.need.parts.total - self.need.parts.runtime) / self.reserved_bytes

    @property
    def resident_ratio(self) -> float:
        return self.need.resident / self.peak_bytes


def measure(
    starter: InstalledModel, logs: Path, *, contexts: Sequence[int] = CONTEXTS, fill: bool = True
) -> list[Row]:
    """Rows 8 and 9. Takes half an hour: every context is filled. `fill` False: row 8 alone, in a minute."""
    with tempfile.TemporaryDirectory(prefix="slmdesk-models-") as folder:
        models = {"starter": starter.path} | small_models(Path(folder))
        found = [one for name, path in models.items() for one in _model(name, path, logs, contexts, fill)]
    rows = [_row(8, "predicted reserved memory / what the engine reports", found, _RESERVED)]
    if fill:
        rows.append(_row(9, "predicted resident peak / measured, context filled", found, _RESIDENT))
    return rows


def _model(name: str, path: Path, logs: Path, contexts: Sequence[int], fill: bool) -> list[Measured]:
    found = []
    with MemorySimulator() as simulator:
        for length in contexts:
            for kv_type in KV_TYPES:
                question = FitQuestion(context_length=length, kv_type=kv_type)
                need = simulator.memory(path, question)
                one = _load(name, path, question, need, logs, fill)
                found.append(one)
                print(
                    f"{name:28} {length:5} {kv_type:5} reserved {one.reserved_ratio:.4f}"
                    f"  resident {one.resident_ratio:.3f} of {one.peak_bytes / 2**20:.0f} MiB"
                    f"  filled {one.filled:.2f}",
                    flush=True,
                )
    return found


def _load(name: str, path: Path, question: FitQuestion, need: MemoryNeed, logs: Path, fill: bool) -> Measured:
    process = EngineProcess(LLAMA_CPP, log_file=logs / "engine.log")
    try:
        report = process.load(str(path), load_options(question))
        assert report is not None
        filled = _fill(process, question.context_length) if fill else 0.0
        return Measured(
            name,
            question.context_length,
            question.kv_type,
            need,
            sum(one.total for one in report.reserved),
            peak_bytes(process),
            filled,
        )
    finally:
        process.close()


def _fill(process: EngineProcess, context_length: int) -> float:
    """Fill the context with one prompt; returns the share of it that is filled."""

    def messages(words: int) -> tuple[ChatMessage, ...]:
        return (ChatMessage("user", "a " * words),)

    few, more = process.count_tokens(messages(8)), process.count_tokens(messages(108))
    words = 8 + int((context_length - 2 - few) * 100 / (more - few))
    while process.count_tokens(messages(words)) > context_length - 2:
        words -= 1
    request = GenerateRequest(messages=messages(words), max_tokens=4)
    stats = next(event for event in process.generate(request) if isinstance(event, Stats))
    return stats.context_tokens / context_length


def peak_bytes(process: EngineProcess) -> int:
    """The most memory that `process` ever had in RAM, as Linux counts it."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii", errors="replace")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def _row(number: int, what: str, found: Sequence[Measured], bounds: tuple[float, float]) -> Row:
    def ratio(one: Measured) -> float:
        return one.reserved_ratio if number == 8 else one.resident_ratio

    worst = max(found, key=lambda one: abs(ratio(one) - 1))
    least, most = bounds
    ratios = [ratio(one) for one in found]
    return Row(
        number=number,
        what=what,
        figure=ratio(worst),
        budget=f"{least} - {most}",
        holds=least <= min(ratios) and max(ratios) <= most,
        detail=(
            f"worst of {len(found)} ({worst.model}, {worst.context_length}, {worst.kv_type});"
            f" {min(ratios):.3f} to {max(ratios):.3f}, median {statistics.median(ratios):.3f},"
            f" {1 + len(SMALL_MODELS)} models"
        ),
        samples={f"{one.model} {one.context_length} {one.kv_type}": [ratio(one)] for one in found},
    )
