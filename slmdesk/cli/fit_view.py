"""How a fit is shown: as the one JSON object, and for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from slmdesk.cli.table import align
from slmdesk.fit import FitQuestion, FitReport, MemoryNeed, Parts, SpeedRange, about_seconds, headline
from slmdesk.messages import format_bytes, format_integer, format_number, format_seconds, say, tr


@dataclass(frozen=True, slots=True)
class Fit:
    """What was asked, and the answer."""

    title: str
    """Of the model, with its variant."""
    place: str
    """Where its file is: a path, or a place on the Hub."""
    question: FitQuestion
    report: FitReport


def fit_as_json(fit: Fit) -> dict[str, Any]:
    """What `slmdesk fit --json` prints. Sizes are in bytes, rates in tokens per second; where the memory or
    the speed is not known, its figures are null; `speed_note` says why it is not, or may be more."""
    report, memory = fit.report, fit.report.memory
    parts = memory.parts if memory is not None else None
    return {
        **{
            name: getattr(parts, name) if parts is not None else None
            for name in (*Parts.__struct_fields__, "total")
        },
        "resident": memory.resident if memory is not None else None,
        "devices": [
            {"name": device.name, "bytes": device.parts.total, "free": device.free}
            for device in (memory.devices if memory is not None else ())
        ],
        "context_length": fit.question.context_length,
        # The graph of a folder decides, whatever is asked for.
        "kv_type": memory.kv_type if memory is not None else fit.question.kv_type,
        "source": memory.source if memory is not None else "estimated",
        "verdict": report.verdict.value,
        "reason": say(report.reason),
        "tokens_per_second": speed_as_json(report.speed),
        "speed_note": say(report.speed_note) if report.speed_note is not None else None,
    }


def speed_as_json(speed: SpeedRange | None) -> dict[str, Any]:
    """A rate of token generation."""
    if speed is None:
        return {"low": None, "expected": None, "high": None, "measured": False}
    return {
        "low": round(speed.low, 2),
        "expected": round(speed.expected, 2),
        "high": round(speed.high, 2),
        "measured": speed.measured,
    }


def fit_lines(fit: Fit) -> Iterator[str]:
    """The fit for people."""
    report, memory = fit.report, fit.report.memory
    yield fit.title
    yield fit.place
    yield ""
    yield say(headline(report))
    yield f"  {say(report.reason)}"
    if report.change is not None:
        yield f"  {say(report.change)}"
    if memory is not None:
        yield from _memory_lines(memory)
    yield from _speed_lines(report)
    if memory is not None:
        yield ""
        yield (
            tr("The engine laid this out from the file's header.")
            if memory.source == "simulated"
            else tr("Estimated by formulas.")
        )


def speed_in_words(speed: SpeedRange) -> str:
    """A rate in tokens per second: a range where it is predicted, one number where it was measured."""
    if speed.measured:
        return _rate(speed.expected)
    low, high = _rate(speed.low), _rate(speed.high)
    return low if low == high else f"{low}–{high}"


def _memory_lines(memory: MemoryNeed) -> Iterator[str]:
    parts = memory.parts
    sizes = (
        (tr("Weights"), parts.weights),
        (tr("KV cache"), parts.kv),
        (tr("Compute"), parts.compute),
        (tr("Output"), parts.output),
        (tr("Runtime"), parts.runtime),
        (tr("Reserved in all"), parts.total),
        (tr("In use at most"), memory.resident),
    )
    yield ""
    yield tr("Memory with {context_length} tokens of context and a KV cache in {kv_type}").format(
        context_length=format_integer(memory.context_length), kv_type=memory.kv_type
    )
    for line in align([(name, _memory(size)) for name, size in sizes], right=(1,)):
        yield f"  {line}"
    yield ""
    yield tr("Devices")
    rows = [
        (
            device.name,
            _memory(device.parts.total),
            tr("of {size} free").format(size=_memory(device.free)) if device.free is not None else "",
        )
        for device in memory.devices
    ]
    for line in align(rows, right=(1,)):
        yield f"  {line}"


def _speed_lines(report: FitReport) -> Iterator[str]:
    rows = []
    if report.speed is not None:
        rows.append((tr("Token generation"), _told(report.speed)))
        if report.speed_when_full is not None:
            rows.append((tr("With the context full"), _told(report.speed_when_full)))
        if report.first_token_s is not None:
            seconds = format_seconds(about_seconds(report.first_token_s))
            rows.append((tr("Time to first token"), tr("{seconds} after 130 tokens").format(seconds=seconds)))
    notes = [say(report.speed_note)] if report.speed_note is not None else []
    if rows or notes:
        yield ""
        yield tr("Speed")
        for line in (*align(rows), *notes):
            yield f"  {line}"


def _told(speed: SpeedRange) -> str:
    rate = tr("{rate} tokens per second").format(rate=speed_in_words(speed))
    return f"{rate}, {tr('measured here') if speed.measured else tr('predicted')}"


def _rate(rate: float) -> str:
    return format_number(rate, decimals=1 if rate < 10 else 0)


def _memory(size: int) -> str:
    return format_bytes(size, binary=True)
