"""One open window per home, without a listening socket."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import fasteners

from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage.folders import make_private_folder


class WindowLock:
    """Held by the one open window. The system drops it when the process ends, however it ends.

    A second start asks the first window to come forward by touching `attention_file`, which that window
    watches. Raises UserError (kind STORAGE) where the home cannot be written.
    """

    def __init__(self, file: Path) -> None:
        self.attention_file = file.with_name("attention")
        self._file = file
        make_private_folder(file.parent)
        self._lock = fasteners.InterProcessLock(file)

    def take(self) -> bool:
        """Whether this process now owns the window. Does not wait."""
        with self._told():
            if not self._lock.acquire(blocking=False):
                return False
            self.attention_file.touch()
        return True

    def ask_for_attention(self) -> None:
        """Ask the window that holds the lock to come forward."""
        with self._told():
            self.attention_file.write_text("")

    def release(self) -> None:
        """Let another start open a window."""
        self._lock.release()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(
                "window-lock-unusable",
                ErrorKind.STORAGE,
                file=str(error.filename or self._file),
                reason=error.strerror or str(error),
                details=repr(error),
            ) from error
