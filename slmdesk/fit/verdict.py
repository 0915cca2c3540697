"""The verdict: from what a model takes, what the computer has, and how fast it would be. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from slmdesk.engines import PROCESSOR
from slmdesk.fit.changes import Alternative, change_to
from slmdesk.fit.machine import DeviceFacts, Machine
from slmdesk.fit.speeds import Speeds
from slmdesk.fit.thresholds import THRESHOLDS, Thresholds
from slmdesk.fit.types import DeviceNeed, FitQuestion, FitReport, MemoryNeed, Parts, Verdict
from slmdesk.messages import Fact, Message

_RANK: Mapping[Verdict, int] = {
    Verdict.FITS: 0,
    Verdict.SLOW: 1,
    Verdict.TIGHT: 2,
    Verdict.UNKNOWN: 3,
    Verdict.TOO_BIG: 4,
}


@dataclass(frozen=True, slots=True)
class _Finding:
    """What one resource says."""

    verdict: Verdict
    reason: Message
    missing: int = 0
    """Bytes that have to become free for it to fit, where closing other programs can do that."""


def rank(verdict: Verdict) -> int:
    """0 for the best. What is surely too big is worse than what is not known."""
    return _RANK[verdict]


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
        worst = _Finding(Verdict.SLOW, slow)
    elif worst.verdict is Verdict.FITS and speeds.empty is not None:
        worst = replace(worst, reason=Message(worst.reason.key + "-fast", worst.reason.facts))
    return FitReport(
        verdict=worst.verdict,
        reason=worst.reason,
        change=_change(worst, alternatives, machine, thresholds),
        memory=memory,
        speed=speeds.empty,
        speed_when_full=speeds.full,
        first_token_s=speeds.first_token_s,
    )


def fits_into(memory: MemoryNeed, machine: Machine, question: FitQuestion) -> Verdict:
    """What the memory alone says."""
    return _worst_of_memory(with_machine(memory, machine), machine, question, THRESHOLDS).verdict


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
    # Of equals the device: it is what was chosen.
    return max(reversed(found), key=lambda finding: rank(finding.verdict))


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
        return _Finding(Verdict.FITS, Message("fit-fits", facts))
    missing = int(needed / thresholds.free_share) - free
    if needed > free:
        return _Finding(Verdict.TIGHT, Message("fit-tight-others" + of, facts), missing)
    return _Finding(Verdict.TIGHT, Message("fit-tight", facts), missing)


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
        return _Finding(Verdict.FITS, Message("fit-fits-device", facts))
    key = "fit-tight-others-device" if needed > free else "fit-tight-device"
    return _Finding(Verdict.TIGHT, Message(key, facts), needed + reserve - free)


def _slow(speeds: Speeds, thresholds: Thresholds) -> Message | None:
    """Why it is slow; None: it is not, or nothing is known."""
    rate = speeds.empty
    if rate is not None and rate.expected < thresholds.slow_tokens_per_second:
        key = "fit-slow" if rate.expected >= thresholds.reading_tokens_per_second else "fit-slow-reading"
        return Message(key, {"tokens_per_second": float(rate.expected)})
    if speeds.first_token_s is not None and speeds.first_token_s > thresholds.slow_first_token_s:
        return Message("fit-slow-first-word", {"seconds": float(speeds.first_token_s)})
    return None


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
    )


def _change(
    worst: _Finding, alternatives: Sequence[Alternative], machine: Machine, thresholds: Thresholds
) -> Message | None:
    if worst.verdict in (Verdict.FITS, Verdict.UNKNOWN):
        return None
    judged = [
        (judge(one.memory, one.speeds, machine, one.question, thresholds=thresholds).verdict, one)
        for one in alternatives
    ]
    better = [(verdict, one) for verdict, one in judged if rank(verdict) < rank(worst.verdict)]
    if better:
        # The first that fits, else the first that is better.
        verdict, one = min(better, key=lambda pair: rank(pair[0]))
        return change_to(one, machine, worst.verdict, fits=verdict is Verdict.FITS)
    if worst.verdict is Verdict.SLOW:
        return Message("fit-change-smaller-faster")
    if worst.missing > 0:
        key = "fit-change-close"
        if "device" in worst.reason.facts:
            facts: dict[str, Fact] = {"missing_memory": worst.missing, "device": worst.reason.facts["device"]}
            return Message(key + "-device", facts)
        return Message(key, {"missing_memory": worst.missing})
    return Message("fit-change-smaller")


def verdict_word(verdict: Verdict) -> Message:
    """The verdict in a word or two: Fits, Slow, Tight, Too big, Unknown."""
    return Message(f"verdict-{verdict.value.replace('_', '-')}")


def headline(report: FitReport) -> Message:
    """The verdict as a heading: Fits with room to spare, ..."""
    return Message(f"verdict-headline-{report.verdict.value.replace('_', '-')}")
