"""Who has the database open: any number of processes may, or one that is about to replace the file."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from fasteners import InterProcessReaderWriterLock


class UseLock:
    """A lock file beside the database, shared by whoever has it open.

    SQLite's own locks do not suffice to swap a file: a process that closes the old one deletes the log of
    the new one, because it knows it by its name. The system drops the lock when a process ends, however it
    ends. From any thread.
    """

    def __init__(self, file: Path) -> None:
        self._lock = InterProcessReaderWriterLock(str(file))
        self._condition = threading.Condition()
        self._sharers = 0
        self._is_alone = False

    def share(self, timeout_s: float) -> bool:
        """Keep others from replacing the file until `unshare`. False: somebody is doing it still.

        Raises OSError where the lock file cannot be made.
        """
        deadline = time.monotonic() + timeout_s
        with self._condition:
            if not self._condition.wait_for(lambda: not self._is_alone, timeout_s):
                return False
            if not self._sharers and not self._lock.acquire_read_lock(timeout=_left(deadline)):
                return False
            self._sharers += 1
            return True

    def unshare(self) -> None:
        """Undo one `share`."""
        with self._condition:
            self._sharers -= 1
            if not self._sharers:
                self._lock.release_read_lock()
            self._condition.notify_all()

    @contextlib.contextmanager
    def alone(self, timeout_s: float) -> Iterator[bool]:
        """Be the only one who uses the file. False: others still have it open after `timeout_s`.

        Raises OSError where the lock file cannot be made.
        """
        deadline = time.monotonic() + timeout_s
        with self._condition:
            free = self._condition.wait_for(lambda: not (self._sharers or self._is_alone), timeout_s)
            taken = free and self._lock.acquire_write_lock(timeout=_left(deadline))
            # Where it is not taken, another thread may have it.
            self._is_alone = self._is_alone or taken
        try:
            yield taken
        finally:
            if taken:
                with self._condition:
                    self._lock.release_write_lock()
                    self._is_alone = False
                    self._condition.notify_all()


# The system's locks belong to a process, not to an object: closing the lock file anywhere in the process
# would drop them all, so that all users of a file in this process must share one.
_locks: dict[Path, UseLock] = {}
_locks_guard = threading.Lock()


def use_lock(database_file: Path) -> UseLock:
    """The lock of `database_file` in this process."""
    file = database_file.absolute()
    lock_file = file.with_name(f"{file.name}-lock")
    with _locks_guard:
        if lock_file not in _locks:
            _locks[lock_file] = UseLock(lock_file)
        return _locks[lock_file]


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())
