"""The models that the probe times, where, and in which order. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from slmdesk.engines import KvType
from slmdesk.fit.probe_models import ProbeModel
from slmdesk.fit.roofline import ATTENDED_TYPES
from slmdesk.fit.solving import MEMORY
from slmdesk.formats.gguf import block_of

_TOKENS = 10
_ROUNDS = 3
_SHALLOW = 8
_READ = 256
_DEEP = 496
_LARGE_LAYER_BYTES = 16_700_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeStep:
    """One model to be timed, and where."""

    role: str
    model: ProbeModel
    kv_type: KvType = "f16"
    depth: int = _SHALLOW
    """Tokens of the prompt."""
    read: int = 0
    """Tokens of another prompt, of which only the reading is timed; 0: none."""
    rounds: int = _ROUNDS
    tokens: int = _TOKENS
    """Tokens of each answer."""


_SMALL = ProbeModel(type="Q8_0", layers=2, width=256, forward_width=512, heads=4, kv_heads=2)
_RECURRENT = replace(_SMALL, layers=8, forward_width=1024)
_ATTENDING = ProbeModel(type="Q8_0", layers=2, width=256, forward_width=256, heads=8, kv_heads=2)
_TYPES = {
    "Q8_0": 3, "Q4_K": 5, "Q6_K": 4, "Q5_K": 4, "Q4_0": 5, "Q4_1": 5, "F16": 2, "F32": 1, "BF16": 2,
    "Q3_K": 6, "Q2_K": 8, "Q5_0": 4, "Q5_1": 4, "IQ4_NL": 5, "IQ4_XS": 5, "IQ3_S": 6,
    "IQ2_S": 8, "TQ2_0": 8, "MXFP4": 5,
}  # fmt: skip
"""Layers that make some 9 MB of each type: what fits into a cache fits for all of them, or for none."""
_HEAD_LENGTHS = (64, 80, 96, 128, 256)
_USUAL_TYPES = ("Q8_0", "Q4_K", "Q6_K")
_USUAL_HEADS = (64, 128)
_MEMORY_STEPS = (("Q8_0", 2), ("Q8_0", 4), ("Q8_0", 9), ("Q8_0", 32), ("Q4_K", 18))
"""Layers of 16 MB in Q8_0: from what larger caches hold to what none does."""


def probe_steps(largest_bytes: int) -> tuple[ProbeStep, ...]:
    """The models, in the order in which they are timed; none of more than `largest_bytes`.

    What few real models have comes last, for where there is no time for all.
    """
    found = [
        *(ProbeStep(role="layers", model=replace(_SMALL, layers=layers)) for layers in (1, 2, 8, 24)),
        ProbeStep(role="words", model=replace(_SMALL, vocabulary=1 << 15)),
        ProbeStep(role="wide", model=ProbeModel(type="Q8_0", layers=1)),
        ProbeStep(role="state", model=replace(_RECURRENT, heads=16, state_length=64)),
        # The engine takes such a state only of twice the width.
        ProbeStep(
            role="state", model=replace(_RECURRENT, width=512, heads=32, state_length=16, own_decays=True)
        ),
    ]
    for kind, layers in _MEMORY_STEPS:
        if layers * _LARGE_LAYER_BYTES <= largest_bytes:
            model = ProbeModel(type=kind, layers=layers)
            found.append(ProbeStep(role=MEMORY, model=model, tokens=4))
    for kind, layers in _TYPES.items():
        model = ProbeModel(type=kind, layers=layers, width=512, forward_width=1536, heads=8, kv_heads=2)
        found.append(ProbeStep(role="type", model=model, read=_READ))
    for kv_type in ATTENDED_TYPES:
        for length in _HEAD_LENGTHS:
            if length % block_of(kv_type) == 0:
                model = replace(_ATTENDING, head_length=length)
                found.append(ProbeStep(role="attending", model=model, kv_type=kv_type, depth=_DEEP))
    return tuple(sorted(found, key=_is_seldom))


def _is_seldom(step: ProbeStep) -> bool:
    match step.role:
        case "state":
            return True
        case "type":
            return step.model.type not in _USUAL_TYPES
        case "attending":
            return step.model.head_length not in _USUAL_HEADS
        case _:
            return False
