"""The verdict: from what a model takes, what the computer has, and how fast it would be. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import msgspec

from slmdesk.engines import PROCESSOR
from slmdesk.fit.changes import Alternative, change_to
from slmdesk.fit.machine import DeviceFacts, Machine
from slmdesk.fit.speeds import Speeds, about_seconds
from slmdesk.fit.thresholds import THRESHOLDS, Thresholds
from slmdesk.fit.types import DeviceNeed, FitQuestion, FitReport, MemoryNeed, Parts, Room, Verdict
from slmdesk.messages import Fact, Message

_RANK: Mapping[Verdict, int] = {
    Verdict.FITS: 0,
    Verdict.SLOW: 1,
    Verdict.TIGHT: 2,
    Verdict.UNKNOWN: 3,
    Verdict.TOO_BIG: 4,
}
_FILE_REFUSED = "fit-file-refused"
_CANNOT_RUN = ("fit-cannot-run", _FILE_REFUSED)
_ROOMS: tuple[Room, ...] = get_args(Room)


@dataclass(frozen=True, slots=True)
class _Finding:
    """What one resource says."""

    verdict: Verdict
    reason: Message
    room: Room | None = None
    missing: int = 0
    """Bytes that have to become free for it to fit, where closing other programs can do that."""

    @property
    def scarcity(self) -> int:
        """0 where there is most room."""
        return _ROOMS.index(self.room) if self.room is not None else 0

    def badness(self) -> tuple[int, int]:
        """Of two findings the one with more is the limiting one. What fits does so alike."""
        return rank(self.verdict), self.scarcity if self.verdict is Verdict.TIGHT else 0


def rank(verdict: Verdict) -> int:
    """0 for the best. What is surely too big is worse than what is not known."""
    return _RANK[verdict]


def badness(report: FitReport) -> tuple[int, bool]:
    """Of two ways to load a model the one with less is to be preferred: what cannot be loaded now comes after
    what can."""
    return rank(report.verdict), report.room == "none"


def judge(
    memory: MemoryNeed | None,
    speeds: Speeds,
    machine: Machine,
    question: FitQuestion,
    *,
    alternatives: Sequence[Alternative] = (),
    weights_bytes: int | None = None,
    thresholds: Thresholds = THRESHOLDS,
) -> FitReport:
    """The verdict with its reason, and what would change it. Never raises.

    The worst of what the computer's memory, each device and the speed say; what is not known of the speed
    says nothing. `alternatives` are other ways to load it, the ones to prefer first: the first that is better
    is what would change it. `weights_bytes`: the files' size, which can tell `too_big` alone where `memory`
    is not known.
    """
    if memory is None:
        on_device = bool(question.devices) and question.gpu_layers != 0
        return _unknown(machine, speeds, None if on_device else weights_bytes, thresholds)
    memory = with_machine(memory, machine)
    worst = _worst_of_memory(memory, machine, question, thresholds)
    slow = _slow(speeds, thresholds)
    if slow is not None and rank(worst.verdict) < rank(Verdict.SLOW):
        worst = _Finding(Verdict.SLOW, slow, worst.room)
    elif worst.verdict is Verdict.FITS and _is_fast(speeds, thresholds):
        worst = replace(worst, reason=Message(worst.reason.key + "-fast", worst.reason.facts))
    return FitReport(
        verdict=worst.verdict,
        reason=worst.reason,
        change=_change(worst, alternatives, machine, thresholds),
        memory=memory,
        speed=speeds.empty,
        speed_when_full=speeds.full,
        first_token_s=speeds.first_token_s,
        speed_note=speeds.note,
        room=worst.room,
    )


def cannot_run(report: FitReport, why: Message) -> FitReport:
    """The same, estimated, of a model that the installed engine does not take: what is known of its memory
    stays, but fits it does not. `why`: of `CannotSimulate.cannot_run`."""
    return msgspec.structs.replace(
        report,
        verdict=Verdict.UNKNOWN,
        reason=why,
        change=Message("fit-change-update"),
        speed=None,
        speed_when_full=None,
        first_token_s=None,
        speed_note=None,
        room=None,
    )


def file_refused() -> FitReport:
    """Of a file that is damaged, where a list goes on with the others."""
    return FitReport(
        verdict=Verdict.UNKNOWN,
        reason=Message(_FILE_REFUSED),
        change=None,
        memory=None,
        speed=None,
        speed_when_full=None,
        first_token_s=None,
    )


def goes_in_now(memory: MemoryNeed, machine: Machine, question: FitQuestion) -> bool:
    """Whether the memory that is free now suffices, be it only just."""
    found = _worst_of_memory(with_machine(memory, machine), machine, question, THRESHOLDS)
    return found.room not in (None, "none")


def fits_on_devices(memory: MemoryNeed, machine: Machine) -> bool:
    """Whether what lies on each device fits there, whatever the computer's own memory says."""
    needs = [need for need in with_machine(memory, machine).devices if need.name != PROCESSOR]
    return all(
        not need.parts.total or _device(need, machine.device(need.name), THRESHOLDS).verdict is Verdict.FITS
        for need in needs
    )


def with_machine(memory: MemoryNeed, machine: Machine) -> MemoryNeed:
    """The same with what is free on each device now. The computer's own memory is the first of them."""
    needs = {need.name: need for need in memory.devices}
    own = needs.pop(PROCESSOR, DeviceNeed(name=PROCESSOR, parts=Parts(), free=None))
    told = [
        msgspec.structs.replace(own, free=machine.available_memory, total=machine.total_memory),
    ]
    for need in needs.values():
        facts = machine.device(need.name)
        if facts is not None and facts.free_memory is not None:
            need = msgspec.structs.replace(need, free=facts.free_memory, total=facts.total_memory)
        told.append(need)
    return msgspec.structs.replace(memory, devices=tuple(told))


def _worst_of_memory(
    memory: MemoryNeed, machine: Machine, question: FitQuestion, thresholds: Thresholds
) -> _Finding:
    gone = [name for name in question.devices if machine.device(name) is None]
    if gone and question.gpu_layers:
        return _Finding(Verdict.UNKNOWN, Message("fit-unknown-device", {"device": gone[0]}))
    needs = [need for need in memory.devices if need.name != PROCESSOR]
    shared = sum(need.parts.total for need in needs if _is_shared(machine, need.name))
    found = [_own_memory(max(0, memory.resident) + shared, machine, thresholds)]
    found += [_device(need, machine.device(need.name), thresholds) for need in needs if need.parts.total > 0]
    # Of equals the one that leaves less, and then the device: it is what was chosen.
    worst = max(reversed(found), key=_Finding.badness)
    scarcest = max(found, key=lambda finding: finding.scarcity)
    return replace(worst, room=scarcest.room) if worst.room is not None else worst


def _is_shared(machine: Machine, name: str) -> bool:
    facts = machine.device(name)
    return facts is not None and facts.shared


def _own_memory(needed: int, machine: Machine, thresholds: Thresholds) -> _Finding:
    total, free = machine.total_memory, machine.available_memory
    facts: dict[str, Fact] = {"needed_memory": needed, "free_memory": free, "total_memory": total}
    of = "-limited" if machine.limited else ""
    if needed > total - thresholds.system_reserve(total, limited=machine.limited):
        return _Finding(Verdict.TOO_BIG, Message("fit-too-big" + of, facts))
    if needed <= free * thresholds.free_share:
        room: Room = "spare" if needed <= free * thresholds.spare_share else "enough"
        return _Finding(Verdict.FITS, Message("fit-fits", facts), room)
    missing = max(1, math.ceil(needed / thresholds.free_share) - free)
    facts["missing_memory"] = missing
    if needed > free:
        return _Finding(Verdict.TIGHT, Message("fit-tight-others" + of, facts), "none", missing)
    return _Finding(Verdict.TIGHT, Message("fit-tight", facts), "little", missing)


def _device(need: DeviceNeed, device: DeviceFacts | None, thresholds: Thresholds) -> _Finding:
    title = (device.title if device is not None else "") or need.name
    if need.free is None:
        return _Finding(Verdict.UNKNOWN, Message("fit-unknown-device-memory", {"device": title}))
    needed, free = need.parts.total, need.free
    # What is free now is there, whatever else is told.
    total = max(free, need.total or 0)
    facts: dict[str, Fact] = {
        "needed_memory": needed, "free_memory": free, "total_memory": total, "device": title,
    }  # fmt: skip
    reserve = thresholds.device_reserve(total)
    if needed > total - reserve:
        return _Finding(Verdict.TOO_BIG, Message("fit-too-big-device", facts))
    if needed <= free - reserve:
        room: Room = "spare" if needed <= free * thresholds.spare_share else "enough"
        return _Finding(Verdict.FITS, Message("fit-fits-device", facts), room)
    missing = facts["missing_memory"] = needed + reserve - free
    if needed > free:
        return _Finding(Verdict.TIGHT, Message("fit-tight-others-device", facts), "none", missing)
    return _Finding(Verdict.TIGHT, Message("fit-tight-device", facts), "little", missing)


def _slow(speeds: Speeds, thresholds: Thresholds) -> Message | None:
    """Why it is slow; None: it may not be, or nothing is known."""
    rate, slack = speeds.empty, max(1.0, speeds.slack)
    if rate is not None and rate.expected * slack < thresholds.slow_tokens_per_second:
        if slack > 1:
            return Message("fit-slow-at-most", {"tokens_per_second": float(rate.expected * slack)})
        key = "fit-slow" if rate.expected >= thresholds.reading_tokens_per_second else "fit-slow-reading"
        return Message(key, {"tokens_per_second": float(rate.expected)})
    first_s = speeds.first_token_s
    if first_s is not None and first_s / slack > thresholds.slow_first_token_s:
        return Message("fit-slow-first-word", {"seconds": float(about_seconds(first_s / slack))})
    return None


def _is_fast(speeds: Speeds, thresholds: Thresholds) -> bool:
    """Whether it writes faster than people read, whatever the range comes to."""
    rate = speeds.empty
    return (
        rate is not None
        and rate.expected >= thresholds.slow_tokens_per_second
        and rate.low >= thresholds.reading_tokens_per_second
    )


def _unknown(
    machine: Machine, speeds: Speeds, weights_bytes: int | None, thresholds: Thresholds
) -> FitReport:
    verdict, reason = Verdict.UNKNOWN, Message("fit-unknown")
    change = None
    total = machine.total_memory
    most = total - thresholds.system_reserve(total, limited=machine.limited)
    if weights_bytes is not None and weights_bytes > most:
        of = "-limited" if machine.limited else ""
        facts: dict[str, Fact] = {"needed_memory": weights_bytes, "total_memory": total}
        verdict, reason = Verdict.TOO_BIG, Message("fit-too-big-weights" + of, facts)
        change = Message("fit-change-smaller")
    return FitReport(
        verdict=verdict,
        reason=reason,
        change=change,
        memory=None,
        speed=speeds.empty,
        speed_when_full=speeds.full,
        first_token_s=speeds.first_token_s,
        speed_note=speeds.note,
    )


def _change(
    worst: _Finding, alternatives: Sequence[Alternative], machine: Machine, thresholds: Thresholds
) -> Message | None:
    if worst.verdict in (Verdict.FITS, Verdict.UNKNOWN):
        return None
    judged = [
        (judge(one.memory, one.speeds, machine, one.question, thresholds=thresholds), one)
        for one in alternatives
    ]
    better = [(report, one) for report, one in judged if rank(report.verdict) < rank(worst.verdict)]
    if better:
        # The first that fits, else the first of the best.
        report, one = min(better, key=lambda pair: badness(pair[0]))
        return change_to(one, machine, worst.verdict, fits=report.verdict in (Verdict.FITS, Verdict.SLOW))
    if worst.verdict is Verdict.SLOW:
        return Message("fit-change-smaller-faster")
    if worst.missing > 0:
        # How much more has to be free is said by the reason.
        if "device" in worst.reason.facts:
            return Message("fit-change-close-device", {"device": worst.reason.facts["device"]})
        return Message("fit-change-close")
    return Message("fit-change-smaller")


def verdict_word(verdict: Verdict) -> Message:
    """The verdict in a word or two: Fits, Slow, Tight, Too big, Unknown."""
    return Message(f"verdict-{verdict.value.replace('_', '-')}")


def headline(report: FitReport) -> Message:
    """The verdict as a heading: Fits with room to spare, ..."""
    if report.reason.key in _CANNOT_RUN:
        return Message("verdict-headline-cannot-run")
    key = f"verdict-headline-{report.verdict.value.replace('_', '-')}"
    if report.verdict is Verdict.FITS and report.room == "enough":
        key += "-enough"
    if report.verdict is Verdict.TIGHT and report.room == "none":
        key += "-others"
    return Message(key)


def explained(report: FitReport) -> tuple[Message, ...]:
    """Why, in a sentence or two: the reason, and what is not known of the speed where that matters."""
    if report.speed_note is None or report.verdict is Verdict.TOO_BIG:
        return (report.reason,)
    return report.reason, report.speed_note
