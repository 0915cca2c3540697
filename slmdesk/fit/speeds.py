"""What is asked about the speed of a model, and what is answered: between `check` and `speed`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from slmdesk.fit.types import FitQuestion, SpeedRange
from slmdesk.fit.work import TokenWork
from slmdesk.messages import Message

_STEPS_S = ((600, 60), (60, 10), (10, 1), (0, 0.1))
"""From so many seconds on, the steps in which they are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speeds:
    """How fast a model would be; None: not known."""

    empty: SpeedRange | None = None
    """Token generation with an empty context."""
    full: SpeedRange | None = None
    """With the context filled."""
    first_token_s: float | None = None
    """Seconds from a question of 130 tokens to the first token of the answer."""
    note: Message | None = None
    """Why they are not known, or may be more; None: there is nothing to say."""
    slack: float = 1.0
    """How many times as fast it may be: other programs kept the computer busy when it was measured."""


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


def about_seconds(seconds: float) -> float:
    """A predicted time with no more figures than are known of it: two or so, and above a minute whole tens of
    seconds or whole minutes."""
    step = next(step for least, step in _STEPS_S if seconds >= least)
    return round(seconds / step) * step
