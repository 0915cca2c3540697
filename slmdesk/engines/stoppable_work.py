"""The load or answer that an engine works on, as other threads see it: signs of life, and stopping it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Stop(Protocol):
    """Says that the work in progress is to end. Any thread."""

    def __bool__(self) -> bool:
        """Whether it is to end."""

    def set(self) -> None:
        """Stop."""

    def clear(self) -> None:
        """Go on."""


StopT = TypeVar("StopT", bound=Stop)


class StoppableWork(Generic[StopT]):
    """What the engine's one thread does, one thing at a time."""

    def __init__(self, stop: StopT) -> None:
        """`stop` is what the engine's own code looks at."""
        self.stop = stop
        # Guards `_going_on` and the stop flag together: a late cancel must not end the next answer.
        self._state = threading.Lock()
        self._going_on = False
        self.activity = 0
        """A number that changes with each sign of life."""

    @contextlib.contextmanager
    def going_on(self) -> Iterator[None]:
        """The block is the work: only inside it does `cancel` have an effect."""
        with self._state:
            self.stop.clear()
            self._going_on = True
        try:
            yield
        finally:
            with self._state:
                self._going_on = False
                self.stop.clear()

    def cancel(self) -> None:
        """End the work in progress. Any thread; idle: no effect."""
        with self._state:
            if self._going_on:
                self.stop.set()

    def show_life(self) -> None:
        """The native code has done something. The engine's thread, and callbacks in it."""
        self.activity += 1
