"""One open window per home, without a listening socket."""

from __future__ import annotations

from pathlib import Path

import fasteners

from slmdesk.storage.folders import make_private_folder


class WindowLock:
    """Held by the one open window. The system drops it when the process ends, however it ends.

    A second start asks the first window to come forward by touching `attention_file`, which that window
    watches.
    """

    def __init__(self, file: Path) -> None:
        self.attention_file = file.with_name("attention")
        make_private_folder(file.parent)
        self._lock = fasteners.InterProcessLock(file)

    def take(self) -> bool:
        """Whether this process now owns the window. Does not wait."""
        if not self._lock.acquire(blocking=False):
            return False
        self.attention_file.touch()
        return True

    def ask_for_attention(self) -> None:
        """Ask the window that holds the lock to come forward."""
        self.attention_file.write_text("")

    def release(self) -> None:
        """Let another start open a window."""
        self._lock.release()
