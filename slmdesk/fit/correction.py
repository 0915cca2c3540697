"""How measured runs correct what was predicted. Pure.

A run of the same model with the same settings replaces the prediction: what is predicted gives only how the
speed falls with the tokens in the cache. Runs of other models move everything a little: a computer that was
slower than predicted with all of them will be so with the next.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

LEAST_TOKENS = 32
"""Answers of fewer tokens are no measurement."""
LEAST_SECONDS = 1.0
"""Nor are those that took less time."""
LEAST_SHARE = 0.85
"""Nor those during which the engine's threads had less than this part of the processor time they can use:
something else was running, or the computer slept."""
USEFUL_SHARE = 0.8
"""Of a probe during which they had less than this part, no range can be told that is both true and of use:
the computer may be three times as fast with this share, and thirty times with half."""
LEAST_READ_TOKENS = 64
"""Tokens of a prompt from which on its reading is a measurement."""

_NEWEST = 7
_STRONGEST = (0.6, 1.6)
"""A general factor beyond these is a sign that something else is wrong."""
_SPREAD = 0.06
"""Least distance of low and high from what was measured: the same model is that much different each time."""
_WIDEST = 0.3


class Correction(Struct, frozen=True):
    """What a predicted rate is multiplied by."""

    factor: float = 1.0
    spread: float = 0.0
    """How far off it may be, as a part of it; 0: nothing was measured."""


def is_measurement(tokens: int, tokens_per_second: float, share: float | None) -> bool:
    """Whether an answer of so many tokens says how fast the model is.

    `share`: of the processor time that the engine's threads could have used; None: not known, or they mostly
    wait for a device.
    """
    if tokens < LEAST_TOKENS or not tokens_per_second > 0:
        return False
    if tokens / tokens_per_second < LEAST_SECONDS:
        return False
    return share is None or share >= LEAST_SHARE


def of_same(ratios: Sequence[float]) -> Correction:
    """From runs of the same model with the same settings, measured over predicted, the oldest first."""
    newest = ratios[-_NEWEST:]
    if not newest:
        return Correction()
    middle = statistics.median(newest)
    off = statistics.median(abs(one / middle - 1) for one in newest) if len(newest) > 2 else 0.0
    # A single run may have been a bad one.
    few = _SPREAD if len(newest) < 3 else 0.0
    return Correction(middle, min(_WIDEST, _SPREAD + few + 1.5 * off))


def of_others(ratios: Iterable[tuple[str, float]]) -> Correction:
    """From runs of whatever models, each with its model's key: the median of the models, drawn towards 1 the
    more the fewer they are, and bounded."""
    by_model: dict[str, list[float]] = defaultdict(list)
    for key, ratio in ratios:
        by_model[key].append(ratio)
    if not by_model:
        return Correction()
    middle = statistics.median(statistics.median(found[-_NEWEST:]) for found in by_model.values())
    weight = len(by_model) / (len(by_model) + 1)
    least, most = _STRONGEST
    return Correction(min(most, max(least, middle**weight)), 0.0)
