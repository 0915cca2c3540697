"""Signs of life of a process that cannot answer, as the system sees them from outside."""

from __future__ import annotations

import psutil


class OutsideSigns:
    """Whether a process has worked since it was last looked at: by its processor time, and by what it read.

    What this cannot tell: whether the work leads anywhere. Native code that turns in circles looks alive, and
    on systems that show nobody what a process reads (macOS; Linux, for one that forbids core files), a disk
    that gives a few kilobytes a second looks like one that gives nothing.
    """

    def __init__(self, pid: int) -> None:
        self._process: psutil.Process | None = None
        try:
            self._process = psutil.Process(pid)
        except psutil.Error:
            return
        self._seen = self._look()

    def moved(self) -> bool:
        """Whether it did anything since the last call. A process that has gone does nothing."""
        if self._process is None:
            return False
        before, self._seen = self._seen, self._look()
        return self._seen != before

    def _look(self) -> tuple[float, int]:
        assert self._process is not None
        try:
            times = self._process.cpu_times()
        except psutil.Error:
            return (0.0, 0)
        return (times.user + times.system, self._read_bytes())

    def _read_bytes(self) -> int:
        assert self._process is not None
        counters = getattr(self._process, "io_counters", None)
        if counters is None:
            return 0
        try:
            return int(counters().read_bytes)
        except (psutil.Error, OSError):
            return 0
