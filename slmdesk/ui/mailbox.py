"""What one thread has said and another has not taken yet."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

# As many events as the window may lag behind; more, and whoever makes them waits.
_MOST_POSTED = 1000


class Mailbox(Generic[T]):
    """What the inference thread has said and the window has not taken yet, oldest first; never more than
    the window can catch up with.
    """

    def __init__(self, most: int = _MOST_POSTED) -> None:
        self._most = most
        self._posted: deque[tuple[int, T]] = deque()
        self._room = threading.Condition()
        self._let_through: set[int] = set()
        self._released = False

    def __len__(self) -> int:
        return len(self._posted)

    def put(self, ticket: int, posted: T) -> None:
        """Add to the end; waits for room, unless the ticket is let through."""
        with self._room:
            self._room.wait_for(
                lambda: len(self._posted) < self._most or self._released or ticket in self._let_through
            )
            self._posted.append((ticket, posted))

    def take(self) -> tuple[int, T]:
        """The oldest one. There must be one."""
        with self._room:
            taken = self._posted.popleft()
            self._room.notify_all()
            return taken

    def let_through(self, ticket: int) -> None:
        """Nobody waits any more with this ticket: it is cancelled, and is to end."""
        with self._room:
            self._let_through.add(ticket)
            self._room.notify_all()

    def release(self) -> None:
        """Nobody waits any more: nothing will be taken."""
        with self._room:
            self._released = True
            self._room.notify_all()
