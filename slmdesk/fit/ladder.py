"""Smaller ways to load a model: which there are, in which order they hurt, and which would do. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from slmdesk.engines import ALL_LAYERS, PROCESSOR, KvType
from slmdesk.fit.changes import Alternative, Change, facts_of, limiting_bytes
from slmdesk.fit.machine import Machine
from slmdesk.fit.types import FitQuestion, MemoryNeed
from slmdesk.fit.verdict import fits_on_devices, with_machine
from slmdesk.messages import Message

COMFORTABLE_CONTEXT = 4096
"""Tokens that a conversation can be held with. A shorter context is only offered after everything else."""

SMALLEST_CONTEXT = 1024
_LONGEST_CONTEXT = 2**20
KV_TYPES: tuple[KvType, ...] = ("q8_0", "q4_0")
"""What is offered in place of a larger type, the better one first."""

_KV_SIZES: dict[KvType, float] = {
    "f32": 32, "f16": 16, "bf16": 16, "q8_0": 8.5, "q5_1": 6, "q5_0": 5.5, "q4_1": 5, "q4_0": 4.5,
}  # fmt: skip
"""Bits of a number."""

MemoryOf = Callable[[FitQuestion], MemoryNeed | None]
"""What a model takes, loaded in some way; None: not known, or it cannot be loaded so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to offer where the memory did not suffice for loading."""

    change: Change
    question: FitQuestion
    """How to load it then."""
    variant: str = ""
    """Key of the smaller variant, where that is the change; "": the same file."""
    memory: MemoryNeed
    message: Message
    """What to do, with what it takes."""


def smaller_contexts(context_length: int) -> list[int]:
    """Usual context lengths below it, the longest first."""
    found = []
    length = _LONGEST_CONTEXT
    while length >= SMALLEST_CONTEXT:
        if length < context_length:
            found.append(length)
        length //= 2
    return found


def smaller_kv_types(kv_type: KvType, taken: Sequence[KvType]) -> list[KvType]:
    """Types of KV cache that take less than `kv_type`, of those that an engine takes."""
    return [one for one in KV_TYPES if one in taken and _KV_SIZES[one] < _KV_SIZES[kv_type]]


def fewer_layers(
    question: FitQuestion, placed: int, memory_of: MemoryOf, machine: Machine
) -> FitQuestion | None:
    """The same with as many layers as fit on the devices, fewer than the `placed` ones; None: not one does.

    The others may still be too many for the computer's own memory. Asks `memory_of` about log2(placed) times.
    """
    least, most = 0, placed - 1
    found = None
    while least < most:
        middle = (least + most + 1) // 2
        asked = msgspec.structs.replace(question, gpu_layers=middle)
        need = memory_of(asked)
        if need is not None and fits_on_devices(need, machine):
            least, found = middle, asked
        else:
            most = middle - 1
    return found


def on_processor(question: FitQuestion) -> FitQuestion:
    """The same on the processor alone."""
    return msgspec.structs.replace(question, devices=(), gpu_layers=ALL_LAYERS)


def changes_below(
    question: FitQuestion, placed: int, kv_types: Sequence[KvType], memory_of: MemoryOf, machine: Machine
) -> Iterator[tuple[Change, FitQuestion]]:
    """Ways to load a model that take less, those that cost least first: a context that is still comfortable,
    fewer layers on the device, a smaller variant, a smaller KV cache, a short context, the processor.

    `placed` layers are on devices now. Only the search for a number of layers asks `memory_of`.
    """
    contexts = smaller_contexts(question.context_length)
    for length in contexts:
        if length >= COMFORTABLE_CONTEXT:
            yield "context", msgspec.structs.replace(question, context_length=length)
    if placed > 1:
        fewer = fewer_layers(question, placed, memory_of, machine)
        if fewer is not None:
            yield "gpu_layers", fewer
    yield "variant", question
    for kv_type in smaller_kv_types(question.kv_type, kv_types):
        yield "kv_type", msgspec.structs.replace(question, kv_type=kv_type)
    for length in contexts:
        if length < COMFORTABLE_CONTEXT:
            yield "context", msgspec.structs.replace(question, context_length=length)
    if placed > 0:
        yield "processor", on_processor(question)


def ladder(
    failed: MemoryNeed | None, alternatives: Sequence[Alternative], machine: Machine
) -> tuple[Step, ...]:
    """The steps to offer, of each kind of change the first of `alternatives` that can be loaded now and takes
    less than what `failed`; where that is not known, less is not asked for."""
    steps: dict[Change, Step] = {}
    for one in alternatives:
        if one.change in steps or not can_be_loaded(one.memory, machine):
            continue
        if failed is not None and one.change != "processor" and not _takes_less(one.memory, failed):
            continue
        steps[one.change] = Step(
            change=one.change,
            question=one.question,
            variant=one.key,
            memory=one.memory,
            message=Message(f"ladder-{one.change.replace('_', '-')}", facts_of(one, machine)),
        )
    return tuple(steps.values())


def can_be_loaded(memory: MemoryNeed, machine: Machine) -> bool:
    """Whether it goes into what is free now, with nothing to spare."""
    shared = 0
    for need in with_machine(memory, machine).devices:
        facts = machine.device(need.name)
        if need.name == PROCESSOR or not need.parts.total:
            continue
        if facts is None or need.free is None or need.parts.total > need.free:
            return False
        shared += need.parts.total if facts.shared else 0
    return memory.resident + shared <= machine.available_memory


def _takes_less(memory: MemoryNeed, failed: MemoryNeed) -> bool:
    return limiting_bytes(memory) < limiting_bytes(failed)
