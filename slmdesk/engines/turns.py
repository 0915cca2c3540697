"""Whose turn it is: one at a time has the engines, in the order they asked."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from slmdesk.messages import ErrorKind, UserError


@dataclass(eq=False, slots=True)
class Turn:
    """One who has the engines, or waits for them."""

    thread: int
    name: str = ""
    """Of one who keeps all others out, for people; empty: an ordinary use."""
    cancelled: bool = False
    """Set by any thread, once; whoever has the turn looks at it before each thing that takes long."""


class Turns:
    """The queue of those who want the engines. Thread-safe.

    While somebody who keeps others out has the turn or waits for it, nobody else is let in: who asked
    before them is served before them, and who asks afterwards is told at once.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        # The first has its turn.
        self._queue: deque[Turn] = deque()

    @property
    def exclusive_name(self) -> str | None:
        """Who keeps all others out, or waits to. None: nobody."""
        with self._changed:
            return next((turn.name for turn in self._queue if turn.name), None)

    @property
    def is_exclusive(self) -> bool:
        """Whether who has the turn keeps all others out."""
        with self._changed:
            return bool(self._queue and self._queue[0].name)

    @contextlib.contextmanager
    def turn(self, name: str = "") -> Iterator[Turn | None]:
        """Wait for a turn and have it inside the `with` block. None: cancelled while it waited.

        Raises UserError `engine-busy` (kind GENERATION) where an ordinary use is kept out, and RuntimeError
        in a thread that has a turn already.
        """
        turn = Turn(threading.get_ident(), name)
        with self._changed:
            self._check(turn)
            self._queue.append(turn)
        try:
            with self._changed:
                self._changed.wait_for(lambda: turn.cancelled or self._queue[0] is turn)
            if turn.cancelled:
                self._leave(turn)
                yield None
            else:
                yield turn
        finally:
            self._leave(turn)

    @contextlib.contextmanager
    def turn_if_free(self) -> Iterator[Turn | None]:
        """A turn that waits for nobody. None: somebody has it or waits for it."""
        turn = None
        with self._changed:
            if not self._queue:
                turn = Turn(threading.get_ident())
                self._queue.append(turn)
        try:
            yield turn
        finally:
            if turn is not None:
                self._leave(turn)

    def cancel(self, name: str | None = "") -> None:
        """Cancel the turns called `name`, whether they wait or have come; None: all turns."""
        with self._changed:
            for turn in self._queue:
                if name is None or turn.name == name:
                    turn.cancelled = True
            self._changed.notify_all()

    def _check(self, turn: Turn) -> None:
        if any(other.thread == turn.thread for other in self._queue):
            raise RuntimeError("use() or exclusive() inside one of them in the same thread")
        if turn.name:
            return
        for other in self._queue:
            if other.name:
                raise UserError("engine-busy", ErrorKind.GENERATION, name=other.name)

    def _leave(self, turn: Turn) -> None:
        with self._changed:
            if turn in self._queue:
                self._queue.remove(turn)
                self._changed.notify_all()
