"""When a loaded model has not been used for so long that its memory is better given back."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator

# A wait that took so much longer than it was asked to: the computer slept, or the program was stopped.
_ASLEEP_S = 5.0
# How long `close` waits for what is being unloaded. Ending a process that does not obey takes most of it.
_CLOSE_S = 20.0

_log = logging.getLogger(__name__)


class IdleTimer:
    """Calls `on_idle` in a thread of its own once nothing has been in use for `idle_s` seconds.

    Any thread may call any method. The one thread exists only while there is something to wait for, and
    wakes when that time is over or when something changed. Time in which the computer slept is no idle time:
    by a clock that stands still then it is not seen, and by one that goes on, waiting begins anew. So nothing
    is unloaded at the moment somebody opens the lid.
    """

    def __init__(
        self,
        on_idle: Callable[[], None],
        *,
        idle_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_idle` must look at `due` again under its own locks, and end with `disarm` or leave it to a
        later time."""
        self._on_idle = on_idle
        self._clock = clock
        self._changed = threading.Condition()
        self._idle_s: float | None = None
        self._users = 0
        self._unused_since = 0.0
        self._armed = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self.idle_s = idle_s

    @property
    def idle_s(self) -> float | None:
        """Seconds without any use after which it is time; None: never. Set at any time, it counts from the
        end of the last use. Raises ValueError for what is no length of time."""
        with self._changed:
            return self._idle_s

    @idle_s.setter
    def idle_s(self, seconds: float | None) -> None:
        if seconds is not None and not seconds >= 0:
            raise ValueError(f"not a length of time: {seconds}")
        with self._changed:
            self._idle_s = seconds
            self._look_again()

    @property
    def due(self) -> bool:
        """Whether it is time now."""
        with self._changed:
            return self._armed and self._left() <= 0

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Nothing is idle inside the `with` block, and idle time counts from its end. Any number at once."""
        with self._changed:
            self._users += 1
        try:
            yield
        finally:
            with self._changed:
                self._users -= 1
                self._unused_since = self._clock()
                self._look_again()

    def arm(self) -> None:
        """There is something to unload from now on, and it was used just now."""
        with self._changed:
            self._armed = not self._closed
            self._unused_since = self._clock()
            self._look_again()

    def disarm(self) -> None:
        """There is nothing to unload any more."""
        with self._changed:
            self._armed = False
            self._changed.notify_all()

    def close(self) -> None:
        """Disarm for good, and wait for the thread, except in the thread itself."""
        with self._changed:
            self._closed = True
            self._armed = False
            thread = self._thread
            self._changed.notify_all()
        if thread is not None and thread is not threading.current_thread():
            thread.join(_CLOSE_S)

    def _left(self) -> float:
        """Seconds until it is time; infinite while that is not to be seen."""
        if self._idle_s is None or self._users:
            return float("inf")
        return self._unused_since + self._idle_s - self._clock()

    def _look_again(self) -> None:
        """Called with the lock held."""
        if self._thread is not None:
            self._changed.notify_all()
        elif self._armed and self._idle_s is not None:
            thread = threading.Thread(target=self._watch, name="engine idle timer", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                # The system has no more threads to give: the next use is another occasion.
                _log.warning("nothing is unloaded when idle: %s", error)
                return
            self._thread = thread

    def _watch(self) -> None:
        try:
            while self._wait():
                self._on_idle()
        except BaseException:
            with self._changed:
                self._thread = None
            raise

    def _wait(self) -> bool:
        """Wait until it is time. False: there is nothing to wait for any more, and the thread ends."""
        with self._changed:
            while self._armed and self._idle_s is not None:
                left = self._left()
                if left <= 0:
                    return True
                began = self._clock()
                self._changed.wait(left if left < threading.TIMEOUT_MAX else None)
                if self._clock() - began > left + _ASLEEP_S:
                    self._unused_since = self._clock()
            self._thread = None
            return False
