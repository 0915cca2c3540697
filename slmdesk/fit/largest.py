"""The largest context and the most layers elsewhere that fit, found by asking what each would take."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from slmdesk.engines import gguf_problem
from slmdesk.fit.memory import MemorySimulator, Model, simulate_memory
from slmdesk.fit.types import CannotSimulate, FitQuestion, MemoryNeed
from slmdesk.formats.gguf import GgufError, GgufHeader, read_header
from slmdesk.messages import UserError

Simulates: TypeAlias = Callable[[Model, FitQuestion], MemoryNeed]
"""`MemorySimulator.memory`, so that all questions of a search go to one process."""
LayersThatFit: TypeAlias = Callable[[Path, FitQuestion, Mapping[str, int]], int | None]
"""See `layers_that_fit`."""
Fits: TypeAlias = Callable[[MemoryNeed], bool]
"""Whether so much memory is there. Never more of it for a larger context or fewer layers elsewhere."""

_log = logging.getLogger(__name__)

CONTEXT_STEP = 256
"""llama.cpp rounds contexts up to it."""


def largest_context(
    model: Model,
    question: FitQuestion,
    fits: Fits,
    *,
    most: int | None = None,
    simulate: Simulates = simulate_memory,
) -> MemoryNeed | None:
    """What the longest context takes of which `fits` is true; its length is the answer's `context_length`.

    In steps of `CONTEXT_STEP`, up to what the model was trained for, and to `most` where that is less. None:
    not even one step fits. Asks about ten times. Raises as `MemorySimulator.memory` does.
    """
    trained = _header(model).context_length or question.context_length
    limit = min(trained, most) if most is not None else trained
    whole, rest = divmod(limit, CONTEXT_STEP)
    lengths = [*range(CONTEXT_STEP, whole * CONTEXT_STEP + 1, CONTEXT_STEP), *([limit] if rest else [])]
    return _last_that_fits(
        lengths,
        lambda length: simulate(model, msgspec.structs.replace(question, context_length=length)),
        fits,
    )


def most_gpu_layers(
    model: Model,
    question: FitQuestion,
    fits: Fits,
    *,
    simulate: Simulates = simulate_memory,
) -> MemoryNeed | None:
    """What the most layers on `question.devices` take of which `fits` is true; see its `gpu_layers`.

    The output layer is one of them. None: not a single one fits, or the question names no devices. Asks about
    six times. Raises as `MemorySimulator.memory` does.
    """
    if not question.devices:
        return None
    layers = range(1, _header(model).layers + 2)
    return _last_that_fits(
        layers, lambda count: simulate(model, msgspec.structs.replace(question, gpu_layers=count)), fits
    )


def layers_that_fit(
    model: Model,
    question: FitQuestion,
    free: Mapping[str, int],
    *,
    simulate: Simulates | None = None,
) -> int | None:
    """How many layers of `model` fit on devices with so many bytes `free`; None: cannot be told.

    For `engines.ModelNeeds`. `simulate` None: asked of a process of its own. Blocks for a second or two;
    never raises.
    """

    def fits(need: MemoryNeed) -> bool:
        return all(one.parts.total <= free[one.name] for one in need.devices if one.name in free)

    try:
        asked = msgspec.structs.replace(question, devices=tuple(free))
        with contextlib.ExitStack() as stack:
            if simulate is None:
                simulate = stack.enter_context(MemorySimulator()).memory
            need = most_gpu_layers(model, asked, fits, simulate=simulate)
    except (CannotSimulate, UserError) as reason:
        _log.info("layers are estimated: %s", reason)
        return None
    return need.gpu_layers if need is not None else 0


def _last_that_fits(
    candidates: range | list[int], ask: Callable[[int], MemoryNeed], fits: Fits
) -> MemoryNeed | None:
    """The last of `candidates` that fits, the largest tried first: often everything does."""
    best: MemoryNeed | None = None
    low, high = 0, len(candidates)
    middle = high - 1
    while low < high:
        need = ask(candidates[middle])
        if fits(need):
            best, low = need, middle + 1
        else:
            high = middle
        middle = (low + high) // 2
    return best


def _header(model: Model) -> GgufHeader:
    if not isinstance(model, Path):
        return model[0].header
    try:
        return read_header(model)
    except GgufError as error:
        raise gguf_problem(model, error) from error
