"""How much room a disk has."""

from __future__ import annotations

import shutil
from pathlib import Path


def disk_free_bytes(folder: Path) -> int:
    """Bytes that may still be written into `folder`, or into what will hold it where it does not exist yet.

    Raises OSError where the disk does not answer. Blocking: a disk of the network may be slow.
    """
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free
