"""Ctrl-C while the model works: it stops the answer, not the program."""

from __future__ import annotations

import contextlib
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Generic, TypeVar

Event = TypeVar("Event")
Result = TypeVar("Result")

# On Windows a wait without a limit keeps Ctrl-C from being noticed.
_WAIT_S = 0.1 if sys.platform == "win32" else None


# Threads whose work may still go on after a second Ctrl-C.
_at_work: set[threading.Thread] = set()


class _Outcome(Generic[Result]):
    """What the worker thread brought back."""

    def __init__(self, result: Result | None, error: BaseException | None) -> None:
        self.result = result
        self.error = error


def run_interruptible(
    work: Callable[[Callable[[Event], None]], Result],
    on_event: Callable[[Event], None],
    cancel: Callable[[], None],
) -> Result:
    """Run `work` in a thread of its own and hand its events to `on_event` in this, the main thread.

    `work` gets the callable that takes its events. The first Ctrl-C calls `cancel`, after which `work` is
    expected to end by itself; the second raises KeyboardInterrupt here. An exception of `work` is raised
    here too; one of `on_event` cancels the work and waits for it first.
    """
    arrived: queue.SimpleQueue[Event | _Outcome[Result]] = queue.SimpleQueue()
    stopping = threading.Event()

    def emit(event: Event) -> None:
        arrived.put(event)
        # A cancel that came before there was anything to cancel had no effect.
        if stopping.is_set():
            cancel()

    def run() -> None:
        try:
            arrived.put(_Outcome(work(emit), None))
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            arrived.put(_Outcome(None, error))
        finally:
            _at_work.discard(threading.current_thread())

    def stop() -> None:
        if stopping.is_set():
            raise KeyboardInterrupt
        stopping.set()
        cancel()

    thread = threading.Thread(target=run, name="answer", daemon=True)
    _at_work.add(thread)
    with _on_interrupt(stop):
        thread.start()
        while True:
            try:
                item = arrived.get(timeout=_WAIT_S)
            except queue.Empty:
                continue
            if isinstance(item, _Outcome):
                thread.join()
                if item.error is not None:
                    raise item.error
                return item.result  # type: ignore[return-value] # set wherever there is no error
            try:
                on_event(item)
            except BaseException as error:
                # The second Ctrl-C may come while an event is shown, and waits for nothing there either.
                if not isinstance(error, KeyboardInterrupt):
                    stopping.set()
                    cancel()
                    thread.join()
                raise


def wait_for_abandoned_work(limit_s: float) -> bool:
    """Wait for work that a second Ctrl-C left behind; whether all of it ended in time.

    What it uses, for example a database, may be closed only afterwards.
    """
    deadline = time.monotonic() + limit_s
    for thread in list(_at_work):
        thread.join(max(0.0, deadline - time.monotonic()))
    return not _at_work


@contextlib.contextmanager
def _on_interrupt(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` in the main thread on Ctrl-C, in place of raising KeyboardInterrupt."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
