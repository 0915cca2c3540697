"""What the engine is doing, as the window shows it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slmdesk.engines import LoadReport, Placement
    from slmdesk.library import InstalledModel


class Phase(enum.Enum):
    """What the engine is doing, as far as a person cares."""

    UNLOADED = enum.auto()
    LOADING = enum.auto()
    READY = enum.auto()
    READING = enum.auto()
    """Processing the prompt."""
    THINKING = enum.auto()
    """Writing what comes before the answer."""
    WRITING = enum.auto()
    FAILED = enum.auto()
    """The engine ended or refused; the next request starts another."""


@dataclass(frozen=True, slots=True)
class EngineState:
    """Everything the status bar tells."""

    phase: Phase = Phase.UNLOADED
    model: InstalledModel | None = None
    """The one loaded, or being loaded."""
    report: LoadReport | None = None
    placement: Placement | None = None
    """What was decided about where it runs, and why; None: nobody decided."""
    freed: bool = False
    """With `UNLOADED`: its memory was given back because nobody used it. The next request loads it again."""
    fraction: float = 0.0
    """Of loading or of the prompt, 0 to 1."""
    memory_bytes: int = 0
    tokens_per_second: float = 0.0
    """Of the last answer; 0: none yet."""
    given_up: bool = False
    """After `FAILED`: the model is not loaded again until the person asks for it by hand."""

    @property
    def busy(self) -> bool:
        """Whether there is something to stop."""
        return self.phase in (Phase.LOADING, Phase.READING, Phase.THINKING, Phase.WRITING)
