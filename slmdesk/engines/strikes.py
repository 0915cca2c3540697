"""Which models have ended their engine, and how often in a row."""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
import threading
from pathlib import Path
from typing import TypeAlias

ModelIdentity: TypeAlias = tuple[tuple[str, int, int], ...]
"""Names, sizes and times of change of a model's files. What is equal has not been replaced."""

_MOST_STRIKES = 2
# No model has more files beside each other; a folder of something else must not take long.
_MOST_FILES = 1000


class Strikes:
    """Counts how often a model ended its engine without a finished answer in between. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._strikes: dict[ModelIdentity, int] = {}

    def is_out(self, model: ModelIdentity) -> bool:
        """Whether it did so too often to be loaded again by itself."""
        with self._lock:
            return self._strikes.get(model, 0) >= _MOST_STRIKES

    def add(self, model: ModelIdentity) -> None:
        """It ended its engine."""
        with self._lock:
            self._strikes[model] = self._strikes.get(model, 0) + 1

    def clear(self, model: ModelIdentity) -> None:
        """It begins afresh."""
        with self._lock:
            self._strikes.pop(model, None)


def model_identity(path: str) -> ModelIdentity:
    """What makes the model at `path` the same one: replacing it, or a file of its folder, gives it a fresh
    start. Links count as what they lead to."""
    try:
        facts = Path(path).stat()
    except (OSError, ValueError):
        # A path may even have characters that no path has.
        return ((path, 0, 0),)
    if not stat.S_ISDIR(facts.st_mode):
        return ((path, facts.st_size, facts.st_mtime_ns),)
    files: list[tuple[str, int, int]] = []
    # What cannot be looked into is left out.
    with contextlib.suppress(OSError), os.scandir(path) as entries:
        for entry in itertools.islice(entries, _MOST_FILES):
            if entry.is_file():
                inside = entry.stat()
                files.append((entry.name, inside.st_size, inside.st_mtime_ns))
    # The folder's own time changes with every file that comes and goes beside them.
    return ((path, 0, 0), *sorted(files))
