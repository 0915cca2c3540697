"""Copies of the database: one a day, one before each migration."""

from __future__ import annotations

import contextlib
import datetime
import logging
import os
import tempfile
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slmdesk.storage.database_errors import errors_for_people, is_damage
from slmdesk.storage.folders import make_private_folder, sync_folder
from slmdesk.storage.migrations import SCHEMA_VERSION, version_of
from slmdesk.storage.row_checks import find_row_damage
from slmdesk.storage.use_lock import use_lock

if TYPE_CHECKING:
    from slmdesk.storage.database import Database

_log = logging.getLogger(__name__)

KEPT_BACKUPS = 3
_DAY_PATTERN = "????-??-??"
_PART_SUFFIX = ".part"
_ABANDONED_AFTER_S = 3600


def backups_of(file: Path, backups: Path) -> list[Path]:
    """All copies of the database `file` in the folder `backups`, newest first."""
    found = [*backups.glob(f"{file.stem}.*{file.suffix}")]
    return sorted(found, key=lambda one: (one.stat().st_mtime_ns, one.name), reverse=True)


def back_up(database: Database, backups: Path, *, today: datetime.date | None = None) -> Path | None:
    """Copy the database into `backups`, unless that was done today, and keep the newest three days.

    Only a sound database with something in it is copied. Blocking, any thread; others may use the database
    meanwhile. The new copy, or None. Raises UserError (kind STORAGE) where the disk refuses.
    """
    file = database.file
    day = today or datetime.date.today()
    target = backups / f"{file.stem}.{day.isoformat()}{file.suffix}"
    if target.exists() or not file.exists() or not use_lock(file).share(0):
        return None
    try:
        with errors_for_people("backup-cannot-be-made", file):
            remove_unfinished(backups)
            return _copy_of_the_day(file, target)
    finally:
        use_lock(file).unshare()


def _copy_of_the_day(file: Path, target: Path) -> Path | None:
    with _connected(file, writable=False) as connection:
        if version_of(connection) != SCHEMA_VERSION:
            return None
        if not connection.execute("SELECT EXISTS (SELECT 1 FROM conversation)").fetchone()[0]:
            # Three days of an empty database would push out what was in it before.
            return None
        if not _copy(connection, target, must_be_sound=True):
            return None
    for old in sorted(target.parent.glob(f"{file.stem}.{_DAY_PATTERN}{file.suffix}"))[:-KEPT_BACKUPS]:
        if old != target:
            old.unlink(missing_ok=True)
    return target


def back_up_before_migration(connection: Any, file: Path, backups: Path, version: int) -> None:
    """Copy a database of `version` before it becomes the next. Raises OSError and what the driver raises."""
    target = backups / f"{file.stem}.before-version-{version + 1}{file.suffix}"
    if target.exists():
        # Two processes migrate at once, or a migration was killed: the first copy is the one to keep.
        return
    _copy(connection, target, must_be_sound=False)


def forget_in_backups(database: Database, conversation_ids: Collection[int]) -> None:
    """Take conversations out of every copy of the database, for good.

    To be called before they are deleted from the database itself: whatever ends the program in between, the
    next try finds them there. A copy that is too damaged to tell what it holds is removed. Blocking, any
    thread. Raises UserError (kind STORAGE) where the disk refuses.
    """
    if not conversation_ids:
        return
    with errors_for_people("backup-cannot-be-changed", database.backups):
        remove_unfinished(database.backups)
    for copy in backups_of(database.file, database.backups):
        with errors_for_people("backup-cannot-be-changed", copy):
            _forget_in(copy, conversation_ids)


def remove_unfinished(backups: Path) -> None:
    """Remove what a killed program left of a copy. Raises OSError."""
    for part in backups.glob(f".*{_PART_SUFFIX}"):
        # A younger one may be at work in another process.
        if time.time() - part.stat().st_mtime > _ABANDONED_AFTER_S:
            part.unlink(missing_ok=True)


def _forget_in(copy: Path, conversation_ids: Collection[int]) -> None:
    from sqlcipher3 import dbapi2

    try:
        with _connected(copy) as connection:
            held = {row[0] for row in connection.execute("SELECT DISTINCT conversation_id FROM message")}
            held |= {row[0] for row in connection.execute("SELECT id FROM conversation")}
            if held.isdisjoint(conversation_ids):
                return
            with _private_part(copy) as part:
                connection.execute("VACUUM INTO ?", (str(part),))
                with _connected(part) as changed:
                    _delete(changed, conversation_ids)
    except dbapi2.DatabaseError as error:
        if not is_damage(error):
            raise
        _log.warning("a damaged backup is removed: %r", error)
        copy.unlink()


def _delete(connection: Any, conversation_ids: Collection[int]) -> None:
    connection.execute("PRAGMA secure_delete = ON")
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.execute("BEGIN")
    for table, column in (
        ("message", "conversation_id"),
        ("draft", "conversation_id"),
        ("conversation", "id"),
    ):
        if table in tables:
            connection.executemany(
                f"DELETE FROM {table} WHERE {column} = ?", [(number,) for number in conversation_ids]
            )
    connection.commit()
    connection.execute("VACUUM")


def _copy(connection: Any, target: Path, *, must_be_sound: bool) -> bool:
    """Write a copy whole, or not at all; False: it would not be sound."""
    with _private_part(target) as part:
        connection.execute("VACUUM INTO ?", (str(part),))
        if must_be_sound:
            with _connected(part) as copy:
                damage = find_row_damage(copy)
            if damage:
                _log.warning("no backup is made: %s", damage[0])
                part.unlink()
                return False
    return True


@contextlib.contextmanager
def _private_part(target: Path) -> Iterator[Path]:
    """An empty file that takes the name `target` at the end, on the disk with all that was written to it.

    On any exception it is removed, as is one that the body has removed.
    """
    make_private_folder(target.parent)
    # mkstemp makes the file readable by its owner alone.
    handle, name = tempfile.mkstemp(_PART_SUFFIX, f".{target.name}.", target.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        if part.exists():
            with part.open("rb+") as stream:
                os.fsync(stream.fileno())
            part.replace(target)
            sync_folder(target.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _connected(file: Path, *, writable: bool = True) -> Iterator[Any]:
    from sqlcipher3 import dbapi2

    uri = f"{file.absolute().as_uri()}?mode={'rw' if writable else 'ro'}"
    connection = dbapi2.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
    try:
        connection.execute("PRAGMA busy_timeout = 5000")
        yield connection
    finally:
        connection.close()
