"""What lies in a folder, as far as models may be among it. Raises OSError where a disk refuses."""

from __future__ import annotations

import os
from pathlib import Path


def visible_entries(folder: Path) -> list[os.DirEntry[str]]:
    """By name. Hidden ones are left out: downloaders and macOS keep helper files there."""
    with os.scandir(folder) as entries:
        return sorted((one for one in entries if not one.name.startswith(".")), key=lambda one: one.name)


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is one, or leads to one. Never raises: a link that leads to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def identity_of(folder: Path) -> tuple[int, int]:
    """What tells one folder from another however it was reached, so that a loop of links ends."""
    status = folder.stat()
    return status.st_dev, status.st_ino
