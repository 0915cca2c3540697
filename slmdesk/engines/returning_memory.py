"""Memory on its way back from a process that ended, which the next one is about to ask for."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Other programs take and give memory meanwhile.
_ENOUGH = 0.9
_STEP_S = 0.02
# No rise for so long: nothing more comes.
_STILL_S = 0.3
_MOST_S = 5.0
# So long after a process ended, nothing is on its way any more.
_STALE_S = 30.0
_LEAST_RISE_BYTES = 1024 * 1024

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Expected:
    noted_at: float
    available_before: int
    held_bytes: int


class ReturningMemory:
    """Waits until what an ended process held can be had again. Thread-safe.

    What is waited for is the system's count of available memory: a large process is gone before all of
    its pages are counted as free, and a model that is loaded then is refused its memory, or pushes other
    programs out. The wait ends when most of what the process held is back, when the count has stopped
    rising (somebody else took it, or it was never counted as used: weights that are mapped from their file
    are not), or after a few seconds. It never fails a load: whether there is enough, loading finds out.

    Memory of a graphics card is not waited for: its driver takes it back while the process is being ended,
    so before `wait` begins.
    """

    def __init__(
        self, available: Callable[[], int] | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`available` tells the bytes that this program may still take; None: nothing is waited for."""
        self._available = available
        self._clock = clock
        self._expected: _Expected | None = None

    def expect(self, pid: int) -> None:
        """The process is about to be ended, so what it holds will come back."""
        if self._available is None:
            return
        import psutil

        try:
            held = private_bytes(psutil.Process(pid).memory_info())
        except psutil.Error:
            return
        before = self._count()
        if before is not None:
            self._expected = _Expected(self._clock(), before, held)

    def wait(self, wanted: Callable[[], bool]) -> None:
        """Wait as the class says, and no longer than `wanted` is true."""
        expected, self._expected = self._expected, None
        began = last_rise = self._clock()
        if expected is None or began - expected.noted_at > _STALE_S:
            return
        enough = expected.available_before + _ENOUGH * expected.held_bytes
        step = max(_LEAST_RISE_BYTES, expected.held_bytes // 100)
        most: int | None = None
        while wanted():
            now, available = self._clock(), self._count()
            if available is None or available >= enough:
                return
            if most is None or available >= most + step:
                most, last_rise = available, now
            if now - last_rise >= _STILL_S or now - began >= _MOST_S:
                _log.info("%d bytes of an ended engine are not seen to be back", int(enough - available))
                return
            time.sleep(_STEP_S)

    def _count(self) -> int | None:
        assert self._available is not None
        try:
            return self._available()
        except Exception as error:  # noqa: BLE001 - a figure that cannot be had fails no load
            _log.warning("the available memory cannot be read: %s", error)
            return None


def private_bytes(info: Any) -> int:
    """Of a process's resident memory (psutil's `memory_info`) what comes back when it ends.

    Not what it shares with files: pages of a mapped model file are counted as available all along. Where the
    system does not tell these apart, everything that is resident.
    """
    resident = int(info.rss)
    shared = getattr(info, "shared", None)
    if shared is not None:
        return max(0, resident - int(shared))
    private = getattr(info, "private", None)
    return resident if private is None else min(resident, int(private))
