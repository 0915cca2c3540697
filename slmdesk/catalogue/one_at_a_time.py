"""Several threads that want the same thing: one fetches it, the others wait and find it kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class OneAtATime:
    """A lock for each key that somebody holds or waits for. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, threading.Lock] = {}

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Wait until nobody else is in here with this `key`."""
        with self._lock:
            lock = self._held.setdefault(key, threading.Lock())
        try:
            with lock:
                yield
        finally:
            with self._lock:
                # One that still waits finds what was kept, under whichever lock.
                if not lock.locked():
                    self._held.pop(key, None)
