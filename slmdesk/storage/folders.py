"""Folders and files that only this person may read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from slmdesk.messages import ErrorKind, UserError

_PRIVATE_FOLDER = 0o700


def make_private_folder(folder: Path) -> Path:
    """Create `folder` and its parents, readable by this person alone, and return it.

    Raises UserError (kind STORAGE) where the system refuses.
    """
    try:
        folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            "folder-cannot-be-made",
            ErrorKind.STORAGE,
            folder=str(folder),
            reason=error.strerror or str(error),
            details=repr(error),
        ) from error
    return folder


def sync_folder(folder: Path) -> None:
    """Have the names in `folder` on the disk, so that a power cut does not undo a rename. Raises OSError."""
    if os.name == "nt":
        # There a folder cannot be opened as a file, and its journal keeps renames.
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(file: Path, content: bytes) -> None:
    """Replace `file` by `content`: a reader, or a power cut, meets the old or the new, never a mixture.

    Raises OSError where the disk is full or the folder cannot be written.
    """
    make_private_folder(file.parent)
    # mkstemp makes the file readable by its owner alone.
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
        sync_folder(file.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
