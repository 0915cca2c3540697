"""Telling model files apart by their headers, so that an answer about one holds wherever it lies."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from slmdesk.fit.headers import SparseHeader

_PART = re.compile(r"-00001-of-(\d{5})$")
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
    match = _PART.search(path.stem)
    if match is not None:
        stem = path.stem[: match.start()]
        for number in range(2, min(int(match[1]), _MOST_PARTS) + 1):
            part = path.with_name(f"{stem}-{number:05d}-of-{match[1]}{path.suffix}")
            # One that is missing the engine finds missing.
            if part.exists():
                found.append((part, part.stat()))
    return found
