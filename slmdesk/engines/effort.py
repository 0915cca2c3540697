"""How much of its processor time an engine's process really had."""

from __future__ import annotations

import time
from collections.abc import Callable


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


class EffortMeter:
    """Adds up spans during which all threads of a process work all the time.

    Where they had less than all of the time that was theirs, something else was running, or the computer
    slept: a speed that was seen meanwhile is less than the computer's own.
    """

    def __init__(
        self,
        processor_s: Callable[[], float | None],
        clock: Callable[[], float] = time.monotonic,
        *,
        least_s: float = 0.0,
    ) -> None:
        """`processor_s`: processor time that the process has had so far, in seconds; None: not known.
        `least_s`: shorter spans do not count, because beginning and ending is much of them."""
        self._processor_s, self._clock, self._least_s = processor_s, clock, least_s
        self._began: tuple[float, float] | None = None
        self._had_s = self._owed_s = 0.0

    @property
    def running(self) -> bool:
        """Whether a span has begun and not ended."""
        return self._began is not None

    @property
    def share(self) -> float | None:
        """Of the time that the threads could have had; None: not known (yet)."""
        return self._had_s / self._owed_s if self._owed_s > 0 else None

    def begin(self) -> None:
        """A span begins, in place of one that has not ended."""
        self._began = self._look()

    def end(self, threads: int) -> None:
        """The span ends, in which so many threads worked; without one there is no effect."""
        began, self._began = self._began, None
        if began is not None and (now := self._look()) is not None:
            passed, had = (then - first for then, first in zip(now, began, strict=True))
            if passed >= self._least_s:
                self._owed_s += passed * max(1, threads)
                self._had_s += had

    def _look(self) -> tuple[float, float] | None:
        had = self._processor_s()
        return (self._clock(), had) if had is not None else None
