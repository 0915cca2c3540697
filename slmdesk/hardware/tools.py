"""Asking the system's own tools and slow files: bounded in time, no shell, no window, by trusted paths."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from slmdesk.messages import Message

PROBE_S = 5.0
"""The longest that one look at the hardware may take, in seconds."""

# Windows only.
_NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)

_Found = TypeVar("_Found")


def run_tool(command: Sequence[str]) -> str:
    """All that the tool prints, errors after the rest, whatever its exit code: a failure is told in words.

    In English, and killed after `PROBE_S`. The first word must be an absolute path. Raises OSError where the
    tool cannot be started and subprocess.TimeoutExpired.
    """
    answer = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=PROBE_S,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
        creationflags=_NO_WINDOW,
    )
    return answer.stdout + answer.stderr


def find_tool(name: str, *folders: Path) -> str | None:
    """The absolute path of a program: in `folders`, then (not on Windows) in those of PATH.

    Never in the working folder, where anybody may have put a file of that name.
    """
    places = [str(folder) for folder in folders]
    if sys.platform != "win32":
        places += os.environ.get("PATH", "").split(os.pathsep)
    trusted = [place for place in places if Path(place).is_absolute()]
    # With `path` given, Windows would still look in the working folder first for a name without a folder.
    found = (shutil.which(str(Path(place) / name)) for place in trusted)
    return next((path for path in found if path), None)


class Look(Generic[_Found]):
    """One probe, running in a thread of its own.

    A thread, not only a time limit for the tool: reading from a driver that hangs cannot be interrupted.
    The thread of such a probe stays behind and ends with the program.
    """

    def __init__(self, name: str, probe: Callable[[], _Found]) -> None:
        self._name = name
        self._probe = probe
        self._found: list[_Found] = []
        self._failure = ""
        self._thread = threading.Thread(target=self._look, name=f"look-{name}", daemon=True)
        self._thread.start()

    def _look(self) -> None:
        try:
            self._found.append(self._probe())
        except (OSError, subprocess.SubprocessError, ValueError) as problem:
            self._failure = str(problem) or type(problem).__name__

    def wait(self, default: _Found, until: float, notes: list[Message]) -> _Found:
        """What it found; `default` and one more of `notes` where it failed or is not done by then.

        `until` is a time of `time.monotonic`.
        """
        self._thread.join(max(0.0, until - time.monotonic()))
        if self._found:
            return self._found[0]
        if self._thread.is_alive():
            notes.append(Message("hardware-probe-late", {"probe": self._name}))
        else:
            notes.append(Message("hardware-probe-failed", {"probe": self._name, "reason": self._failure}))
        return default
