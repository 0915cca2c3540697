"""What a measurement says: a figure, the budget it is held against, and how it was taken."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """One line of the table. A ratio (no `unit`) is the median of the ratios of runs taken alternately."""

    number: int
    what: str
    figure: float
    budget: str
    holds: bool | None
    """None: reported, not held against a budget."""
    detail: str
    samples: dict[str, list[float]] = field(default_factory=dict)
    unit: str = ""


def median_ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """The median of the ratios of runs taken in turn: what slows the machine slows both of a pair."""
    return statistics.median(a / b for a, b in zip(over, under, strict=True))
