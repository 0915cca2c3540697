"""Telling model files apart by their headers, so that an answer about one holds wherever it lies."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from slmdesk.fit.headers import SparseHeader
from slmdesk.formats.gguf import find_part

_MOST_PARTS = 1000


def digest_of_headers(parts: Sequence[SparseHeader]) -> bytes:
    """The same for the same headers of files of the same sizes, in the same order."""
    return hashlib.sha256(b"".join(part.digest for part in parts)).digest()


def digest_of_file(path: Path) -> bytes:
    """The same for a file that is here, and the other parts of a split set beside it. Raises GgufError."""
    try:
        states = tuple((str(part), facts.st_size, facts.st_mtime_ns) for part, facts in _stats(path))
    except (OSError, ValueError):
        # What is wrong with it the reader says.
        return digest_of_headers([SparseHeader.read(path)])
    return _digest(states)


@lru_cache(maxsize=64)
def _digest(states: tuple[tuple[str, int, int], ...]) -> bytes:
    return digest_of_headers([SparseHeader.read(Path(path)) for path, _, _ in states])


def _stats(path: Path) -> list[tuple[Path, os.stat_result]]:
    found = [(path, path.stat())]
    named = find_part(path.stem)
    if named is not None and named.number == 1:
        for number in range(2, min(named.parts, _MOST_PARTS) + 1):
            part = named.file(number, path)
            # One that is missing the engine finds missing.
            if part.exists():
                found.append((part, part.stat()))
    return found
