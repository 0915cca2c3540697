"""How much of its processor time an engine really had while it wrote an answer."""

from __future__ import annotations

import time
from collections.abc import Callable

from slmdesk.engines import Event, Reasoning, Stats, Text


class EffortWatch:
    """Watches one answer from its first words to its figures.

    An engine's threads work all the time, so where they had less than all of it, something else was running,
    or the computer slept: then its speed is none to remember.
    """

    def __init__(
        self,
        processor_s: Callable[[], float | None],
        threads: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`processor_s`: processor time that the engine has had so far, in seconds; None: not known."""
        self._processor_s, self._threads, self._clock = processor_s, max(1, threads), clock
        self._began: tuple[float, float] | None = None
        self.share: float | None = None
        """Of the time that all its threads could have had; None: not known (yet)."""

    def take(self, event: Event) -> None:
        """What just happened."""
        if isinstance(event, Text | Reasoning):
            if self._began is None:
                self._began = self._look()
        elif isinstance(event, Stats) and self._began is not None and (now := self._look()) is not None:
            passed, had = (then - first for then, first in zip(now, self._began, strict=True))
            self.share = had / (passed * self._threads) if passed > 0 else None

    def _look(self) -> tuple[float, float] | None:
        had = self._processor_s()
        return (self._clock(), had) if had is not None else None


def processor_seconds(pid: int | None) -> float | None:
    """Processor time that the process `pid` has had, in seconds; None: it cannot be asked."""
    if pid is None:
        return None
    # Not at the top: a window starts without it.
    import psutil

    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)
