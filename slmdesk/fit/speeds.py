"""What is asked about the speed of a model, and what is answered: between `check` and `speed`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from slmdesk.fit.types import FitQuestion, SpeedRange
from slmdesk.fit.work import TokenWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Speeds:
    """How fast a model would be; None: not known."""

    empty: SpeedRange | None = None
    """Token generation with an empty context."""
    full: SpeedRange | None = None
    """With the context filled."""
    first_token_s: float | None = None
    """Seconds from a question of 130 tokens to the first token of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedQuestion:
    """A model, and how it would be loaded."""

    work: TokenWork
    engine: str
    """Name of the engine, as the registry has it."""
    placed_share: float
    """Of the layers, those that are on the devices of `question`; 0: the processor alone."""
    question: FitQuestion


class PredictsSpeed(Protocol):
    """Predicts how fast models are here. Usable from any thread; never blocks for long, never raises."""

    def speeds(self, question: SpeedQuestion) -> Speeds:
        """What is expected, with nothing known where nothing is."""
        ...
