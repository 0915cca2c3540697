"""Whether what is kept on this computer can be read and written now."""

from __future__ import annotations

import tempfile
from pathlib import Path

from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage.database import Database
from slmdesk.storage.folders import make_private_folder
from slmdesk.storage.paths import Paths

# A conversation is small, but SQLite needs room for its journal.
_SAMPLE = b"\0" * 1_000_000


def storage_problems(paths: Paths) -> list[UserError]:
    """What would fail when something is stored, found out by trying: folders, free space, the database.

    Blocking. Makes the folders that are missing, as storing would.
    """
    problems = []
    for folder in (paths.config, paths.data, paths.state):
        try:
            _try_to_write(make_private_folder(folder))
        except UserError as error:
            problems.append(error)
    if paths.database_file.exists():
        database = Database(paths.database_file)
        try:
            database.read("SELECT count(*) FROM conversation")
        except UserError as error:
            problems.append(error)
        finally:
            database.close()
    return problems


def _try_to_write(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(_SAMPLE)
            file.flush()
    except OSError as error:
        raise UserError(
            "folder-cannot-be-written",
            ErrorKind.STORAGE,
            folder=str(folder),
            reason=error.strerror or str(error),
            details=repr(error),
        ) from error
