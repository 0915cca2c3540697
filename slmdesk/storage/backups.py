"""Copies of the database: one a day, one before each migration."""

from __future__ import annotations

import contextlib
import datetime
import logging
import os
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slmdesk.messages import ErrorKind, UserError
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
# As long as copying a large database may take.
_PATIENCE_S = 60.0


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
        with errors_for_people("backup-cannot-be-made", file), _copying(file, 0) as is_alone:
            if not is_alone:
                # Another process makes it.
                return None
            _remove_parts(backups)
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
    name = f"{file.stem}.before-version-{version + 1}"
    with _copying(file, _PATIENCE_S):
        target, number = backups / f"{name}{file.suffix}", 1
        while target.exists():
            number += 1
            target = backups / f"{name}-{number}{file.suffix}"
        _copy(connection, target, must_be_sound=False)
        # Two processes migrate at once, or a migration was killed: then there is the same copy already.
        content = target.read_bytes()
        if any(
            one != target and one.read_bytes() == content for one in backups.glob(f"{name}*{file.suffix}")
        ):
            target.unlink()


def forget_in_backups(database: Database, conversation_ids: Collection[int]) -> None:
    """Take conversations out of every copy of the database, for good.

    To be called before they are deleted from the database itself: whatever ends the program in between, the
    next try finds them there. A copy that is too damaged to tell what it holds is removed. Blocking, any
    thread. Raises UserError (kind STORAGE) where the disk refuses.
    """
    if not conversation_ids:
        return
    with contextlib.ExitStack() as stack:
        with errors_for_people("backup-cannot-be-changed", database.backups):
            if not stack.enter_context(_copying(database.file, _PATIENCE_S)):
                raise UserError("database-in-use", ErrorKind.STORAGE, file=str(database.file))
            _remove_parts(database.backups)
        for copy in backups_of(database.file, database.backups):
            with errors_for_people("backup-cannot-be-changed", copy):
                _forget_in(copy, conversation_ids)


def remove_unfinished(file: Path, backups: Path) -> None:
    """Remove what a killed program left of a copy of `file`, unless one is being made. Raises OSError."""
    if backups.exists():
        with _copying(file, 0) as is_alone:
            if is_alone:
                _remove_parts(backups)


def _remove_parts(backups: Path) -> None:
    # With what SQLite keeps beside it while it is changed.
    for part in backups.glob(f".*{_PART_SUFFIX}*"):
        part.unlink(missing_ok=True)


def _copying(file: Path, timeout_s: float) -> contextlib.AbstractContextManager[bool]:
    """Be the only one who writes copies of `file`; False: another one did so all the time."""
    return use_lock(file.with_name(f"{file.name}-backups")).alone(timeout_s)


def _forget_in(copy: Path, conversation_ids: Collection[int]) -> None:
    from sqlcipher3 import dbapi2

    try:
        with _connected(copy) as connection:
            held = {row[0] for row in connection.execute("SELECT DISTINCT conversation_id FROM message")}
            held |= {row[0] for row in connection.execute("SELECT id FROM conversation")}
            if held.isdisjoint(conversation_ids) and not _has_drafts(connection):
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


def _has_drafts(connection: Any) -> bool:
    return _has_table(connection, "draft") and bool(connection.execute("SELECT 1 FROM draft").fetchone())


def _has_table(connection: Any, name: str) -> bool:
    rows = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,))
    return rows.fetchone() is not None


def _delete(connection: Any, conversation_ids: Collection[int]) -> None:
    """Take conversations out of a copy that nobody else sees, and all drafts."""
    connection.execute("PRAGMA secure_delete = ON")
    # A kill leaves the whole copy unfinished anyway, and a file would hold what is deleted.
    connection.execute("PRAGMA journal_mode = MEMORY")
    connection.execute("BEGIN")
    for table, column in (("message", "conversation_id"), ("conversation", "id")):
        if _has_table(connection, table):
            connection.executemany(
                f"DELETE FROM {table} WHERE {column} = ?", [(number,) for number in conversation_ids]
            )
    if _has_table(connection, "draft"):
        connection.execute("DELETE FROM draft")
    connection.commit()
    connection.execute("VACUUM")


def _copy(connection: Any, target: Path, *, must_be_sound: bool) -> bool:
    """Write a copy whole but for the drafts, or not at all; False: it would not be sound.

    A draft is what a person has not decided to say yet.
    """
    with _private_part(target) as part:
        connection.execute("VACUUM INTO ?", (str(part),))
        with _connected(part) as copy:
            if _has_drafts(copy):
                _delete(copy, ())
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
