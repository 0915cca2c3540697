"""Two offers side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from slmdesk.catalogue import Languages, Licence
from slmdesk.fit import SpeedRange, Verdict
from slmdesk.offers.offer import Offer

Aspect: TypeAlias = Literal[
    "verdict",
    "speed",
    "speed_when_full",
    "first_token_s",
    "memory_bytes",
    "resident_bytes",
    "download_bytes",
    "variant",
    "billions",
    "context_length",
    "abilities",
    "languages",
    "licence",
    "released",
    "downloads",
]
Side: TypeAlias = Literal["first", "second", ""]


class Compared(Struct, frozen=True, kw_only=True):
    """One line of the comparison."""

    aspect: Aspect
    first: Any
    """The value as the offer has it: a `Verdict`, a `SpeedRange`, bytes, a `Licence`; None: not known."""
    second: Any
    better: Side
    """"": alike, one of them not known, or a matter of taste."""


class _Line(Struct, frozen=True):
    aspect: Aspect
    value: Callable[[Offer], Any]
    merit: Callable[[Any], float | None] = lambda _: None
    """More is better; None: that cannot be said."""


_VERDICT_MERITS = {Verdict.FITS: 3, Verdict.SLOW: 2, Verdict.TIGHT: 1, Verdict.TOO_BIG: 0}
_WORK_MERITS = {"yes": 2, "limits": 1, "no": 0}


def compare(first: Offer, second: Offer) -> tuple[Compared, ...]:
    """Aspect by aspect, in the order they are shown; those that neither offer knows are left out."""
    lines = []
    for line in _LINES:
        one, other = line.value(first), line.value(second)
        if one is not None or other is not None:
            better = _better(line, one, other)
            lines.append(Compared(aspect=line.aspect, first=one, second=other, better=better))
    return tuple(lines)


def _better(line: _Line, one: Any, other: Any) -> Side:
    merits = [line.merit(value) if value is not None else None for value in (one, other)]
    if merits[0] is None or merits[1] is None or merits[0] == merits[1]:
        return ""
    return "first" if merits[0] > merits[1] else "second"


def _verdict(offer: Offer) -> Verdict | None:
    return offer.verdict if offer.verdict is not Verdict.UNKNOWN else None


def _report(name: str) -> Callable[[Offer], Any]:
    return lambda offer: getattr(offer.report, name) if offer.report is not None else None


def _memory(offer: Offer) -> int | None:
    return offer.report.memory.parts.total if offer.report and offer.report.memory else None


def _resident(offer: Offer) -> int | None:
    return offer.report.memory.resident if offer.report and offer.report.memory else None


def _licence(offer: Offer) -> Licence | None:
    return offer.model.licence if offer.model.licence != Licence() else None


def _languages(offer: Offer) -> Languages | None:
    return offer.model.languages if offer.model.languages != Languages() else None


def _expected(speed: SpeedRange) -> float:
    return speed.expected


def _less(value: float) -> float:
    return -value


_LINES = (
    _Line("verdict", _verdict, _VERDICT_MERITS.__getitem__),
    _Line("speed", _report("speed"), _expected),
    _Line("speed_when_full", _report("speed_when_full"), _expected),
    _Line("first_token_s", _report("first_token_s"), _less),
    _Line("memory_bytes", _memory, _less),
    _Line("resident_bytes", _resident, _less),
    _Line("download_bytes", lambda offer: offer.download_bytes, _less),
    _Line("variant", lambda offer: offer.variant),
    _Line("billions", lambda offer: offer.model.billions),
    _Line("context_length", lambda offer: offer.model.context_length, float),
    _Line("abilities", lambda offer: offer.model.abilities or None),
    _Line("languages", _languages),
    _Line("licence", _licence, lambda licence: _WORK_MERITS.get(licence.commercial_use)),
    _Line("released", lambda offer: offer.model.released or None),
    _Line("downloads", lambda offer: offer.model.downloads),
)
