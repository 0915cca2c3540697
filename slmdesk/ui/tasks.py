"""Blocking work of the window, done in a thread and awaited on the GUI thread."""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from slmdesk.messages import UserError

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Tasks:
    """Runs blocking calls in threads; their results come back on the GUI thread, unless closed meanwhile.

    Used on the GUI thread, under a running asyncio loop that Qt drives.
    """

    def __init__(self, failed: Callable[[UserError], None], crashed: Callable[[str], None]) -> None:
        """`failed` gets errors for people; `crashed` gets the traceback of a bug, which is logged already."""
        self._failed = failed
        self._crashed = crashed
        # asyncio itself keeps only weak references to tasks.
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def running(self) -> int:
        """How many are not done yet."""
        return len(self._running)

    def run(
        self,
        work: Callable[[], T],
        then: Callable[[T], None] = lambda _: None,
        failed: Callable[[UserError], None] | None = None,
    ) -> None:
        """Call `work` in a thread, then `then` with its result, or `failed` with its error for people."""
        if self._closed:
            return
        task = asyncio.get_running_loop().create_task(self._carry(work, then, failed or self._failed))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def close(self) -> None:
        """Forget all results. Work that has begun in a thread still ends there."""
        self._closed = True
        for task in tuple(self._running):
            task.cancel()

    async def _carry(
        self, work: Callable[[], T], then: Callable[[T], None], failed: Callable[[UserError], None]
    ) -> None:
        try:
            result = await asyncio.to_thread(work)
            if not self._closed:
                then(result)
        except UserError as error:
            failed(error)
        except Exception:  # noqa: BLE001 - shown to the person, with its traceback
            _log.exception("a bug in the window's background work")
            self._crashed(traceback.format_exc())


class Lane:
    """Blocking work that is done in the order it is asked for, one after the other, and never forgotten.

    `run` is called on the GUI thread; the work runs in the threads of `tasks`.
    """

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._waiting: deque[_Job[Any]] = deque()
        # Held by the thread that works off what waits.
        self._turn = threading.Lock()

    def run(
        self,
        work: Callable[[], T],
        then: Callable[[T], None] = lambda _: None,
        failed: Callable[[UserError], None] | None = None,
    ) -> None:
        """As `Tasks.run`, after everything asked for before."""
        job: _Job[T] = _Job(work)
        self._waiting.append(job)

        def reach() -> T:
            # Whoever comes first does the oldest work, until its own is done.
            with self._turn:
                while not job.done:
                    self._waiting.popleft().do()
            return job.result()

        self._tasks.run(reach, then, failed)

    def finish(self, patience_s: float = 10.0) -> bool:
        """Do everything that still waits, here and now. Called when the window has gone.

        False: a thread is stuck in something for longer than `patience_s`, and nothing was done.
        """
        if not self._turn.acquire(timeout=patience_s):
            _log.error("work in the background does not end and is left behind")
            return False
        try:
            while self._waiting:
                job = self._waiting.popleft()
                job.do()
                if job.error is not None:
                    # There is no window left to show it in.
                    _log.warning("work left at the end failed", exc_info=job.error)
        finally:
            self._turn.release()
        return True


class _Job(Generic[T]):
    """A piece of work and how it went."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self.done = False
        self._results: list[T] = []
        self.error: Exception | None = None

    def do(self) -> None:
        """Do it. Raises nothing."""
        try:
            self._results.append(self._work())
        except Exception as error:  # noqa: BLE001 - raised where the result is taken
            self.error = error
        finally:
            self.done = True

    def result(self) -> T:
        """What it returned. Raises what it raised."""
        if self.error is not None:
            raise self.error
        return self._results[0]


def once(make: Callable[[], T]) -> Callable[[], T]:
    """`make`, called once successfully, by whichever thread comes first; the others get its result."""
    lock = threading.Lock()
    made: list[T] = []

    def get() -> T:
        with lock:
            if not made:
                made.append(make())
            return made[0]

    return get
