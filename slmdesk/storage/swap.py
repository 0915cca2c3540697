"""Putting a repaired database in the place of a damaged one, so that a kill at any moment leaves one of them.

The database and its write-ahead log are two files, and no system moves two at once: a log that meets the
wrong database would be written into it. So what is to happen is written down first, and whoever finds that
note, now or after a kill, carries it out.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from slmdesk.storage.folders import sync_folder, write_atomically
from slmdesk.storage.pages import log_of


def repaired_of(file: Path) -> Path:
    """Where the repaired database is built."""
    return file.with_name(f"{file.name}-repaired")


def free_name_for_damaged(file: Path) -> Path:
    """A name beside `file` that is not taken: each damaged copy may be the one with a person's work."""
    aside, number = file.with_name(f"{file.stem}.damaged{file.suffix}"), 1
    while aside.exists() or log_of(aside).exists():
        number += 1
        aside = file.with_name(f"{file.stem}.damaged-{number}{file.suffix}")
    return aside


def is_swap_pending(file: Path) -> bool:
    """Whether a swap was begun and not finished."""
    return _note_of(file).exists()


def swap_in_repaired(file: Path, aside: Path) -> None:
    """Move `file` and its log to `aside`, and the repaired database to `file`.

    Nobody may have `file` open. Raises OSError; what was begun then is finished by `finish_swap`.
    """
    write_atomically(_note_of(file), json.dumps({"aside": aside.name}).encode())
    finish_swap(file)


def finish_swap(file: Path) -> None:
    """Carry out what a swap that was begun has left undone. Nobody may have `file` open. Raises OSError."""
    note = _note_of(file)
    repaired = repaired_of(file)
    if repaired.exists():
        aside = _aside(file, note)
        # In this order a kill leaves: both in their places; the log alone; nothing; the repaired one.
        for part, target in ((file, aside), (log_of(file), log_of(aside))):
            with contextlib.suppress(FileNotFoundError):
                part.replace(target)
        file.with_name(f"{file.name}-shm").unlink(missing_ok=True)
        sync_folder(file.parent)
        repaired.replace(file)
        sync_folder(file.parent)
    note.unlink(missing_ok=True)


def _note_of(file: Path) -> Path:
    return file.with_name(f"{file.name}-swap")


def _aside(file: Path, note: Path) -> Path:
    try:
        return file.with_name(Path(json.loads(note.read_bytes())["aside"]).name)
    except (ValueError, KeyError, TypeError):
        return free_name_for_damaged(file)
