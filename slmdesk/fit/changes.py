"""Other ways to load a model, and how to say that one of them would do. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from slmdesk.engines import PROCESSOR
from slmdesk.fit.machine import Machine
from slmdesk.fit.speeds import Speeds
from slmdesk.fit.types import FitQuestion, MemoryNeed, Verdict
from slmdesk.messages import Fact, Message

Change: TypeAlias = Literal["context", "kv_type", "gpu_layers", "processor", "variant"]
"""What is different: a shorter context, a smaller KV cache, fewer layers on the device, none there, another
file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One other way to load a model, or one of its variants."""

    change: Change
    question: FitQuestion
    memory: MemoryNeed
    speeds: Speeds
    key: str = ""
    """Of the variant, where that is the change; "": the same file."""
    label: str = ""
    """That variant for people."""


_KEYS: Mapping[Change, str] = {
    "context": "fit-change-context",
    "kv_type": "fit-change-kv-type",
    "gpu_layers": "fit-change-gpu-layers",
    "processor": "fit-change-processor",
    "variant": "fit-change-variant",
}


def change_to(one: Alternative, machine: Machine, now: Verdict, *, fits: bool) -> Message:
    """That `one` would change the verdict, which is `now`: it would fit, or at least be better."""
    if one.change == "variant" and now is Verdict.SLOW and one.speeds.empty is not None:
        rate: dict[str, Fact] = {"label": one.label, "tokens_per_second": float(one.speeds.empty.expected)}
        return Message("fit-change-variant-faster", rate)
    return Message(_KEYS[one.change] + ("" if fits else "-nearly"), facts_of(one, machine))


def facts_of(one: Alternative, machine: Machine) -> dict[str, Fact]:
    """What sentences about it mention."""
    names = [need.name for need in one.memory.devices if need.name != PROCESSOR and need.parts.total]
    titles = [facts.title or name for name in names if (facts := machine.device(name)) is not None]
    return {
        "context_length": one.question.context_length,
        "kv_type": one.question.kv_type,
        "layers": one.memory.gpu_layers,
        "device": ", ".join(titles),
        "label": one.label,
        "needed_memory": limiting_bytes(one.memory),
    }


def limiting_bytes(memory: MemoryNeed) -> int:
    """What it takes in one figure: on the devices where it is on some, in the computer's memory elsewhere."""
    placed = sum(need.parts.total for need in memory.devices if need.name != PROCESSOR)
    return placed or memory.resident
