"""What passes between the pool and those who use it: what is wanted, what is loaded, the right to use it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from slmdesk.engines.process import EngineProcess
from slmdesk.engines.protocol import Capabilities, LoadOptions, LoadProgress, LoadReport
from slmdesk.engines.turns import Turn

OnProgress: TypeAlias = Callable[[LoadProgress], None]


class StartProcess(Protocol):
    """Makes the engine process for a model; `EngineProcess` itself is one."""

    def __call__(self, engine: str, *, log_file: Path) -> EngineProcess:
        """A process that has not started yet."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model that is loaded now."""

    path: str
    options: LoadOptions
    report: LoadReport
    engine: str
    """Its name in `ENGINES`."""
    capabilities: Capabilities
    """What the engine can do; what holds for this model of it is in `report`."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to use the loaded model for a while."""

    process: EngineProcess
    report: LoadReport
    loaded_now: bool
    """Whether it had to be loaded for this lease."""


@dataclass(slots=True)
class Use:
    """A `use` in progress."""

    turn: Turn
    process: EngineProcess | None = None
    leased: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to be loaded."""

    path: str
    options: LoadOptions
    engine: str

    def is_met_by(self, loaded: Loaded | None) -> bool:
        """Whether that is what is loaded."""
        return loaded is not None and self == Wish(loaded.path, loaded.options, loaded.engine)
