"""The one database: opening, migrating, and one transaction at a time."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage.folders import make_private_folder

_log = logging.getLogger(__name__)

Row: TypeAlias = tuple[Any, ...]

# The number of a migration is the schema version it leads to (PRAGMA user_version). Never edit one that has
# been released: add the next.
MIGRATIONS: dict[int, str] = {
    1: """
        CREATE TABLE conversation (
            id INTEGER PRIMARY KEY,
            title TEXT NOT NULL,
            system_prompt TEXT NOT NULL,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL
        ) STRICT;
        CREATE TABLE message (
            id INTEGER PRIMARY KEY,
            conversation_id INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
            role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
            text TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('writing', 'complete', 'stopped', 'failed')),
            end_reason TEXT,
            model_title TEXT NOT NULL,
            stats TEXT,
            created_at REAL NOT NULL,
            superseded INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX message_of_conversation ON message (conversation_id, id);
    """,
}

SCHEMA_VERSION = max(MIGRATIONS)


class Database:
    """A SQLite file in WAL mode, opened on first use.

    Blocking; may be used from any thread: one lock serialises the transactions. Every write is on the disk
    when its transaction ends (`synchronous=FULL`), so that no acknowledged message is lost to a power cut.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.RLock()
        self._connection: Any = None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        """A cursor inside one transaction: all of it is kept, or on any exception none.

        Raises UserError (kind STORAGE) where the database cannot be opened (damaged, of a newer version), or
        cannot be read or written now: the disk is full, another process holds it.
        """
        with self._lock:
            connection = self._opened()
            try:
                with self._told("database-cannot-be-written"):
                    cursor = connection.cursor()
                    cursor.execute("BEGIN IMMEDIATE")
                    yield cursor
                    connection.commit()
            except BaseException:
                # Some errors, a full disk for one, have ended the transaction already.
                if connection.in_transaction:
                    connection.rollback()
                raise

    def read(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """The rows of a query. Raises UserError (kind STORAGE) as `transaction` does."""
        with self._lock:
            connection = self._opened()
            with self._told("database-cannot-be-opened"):
                return list(connection.execute(sql, tuple(values)).fetchall())

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _opened(self) -> Any:
        if self._connection is None:
            self._connection = self._open()
        return self._connection

    def _open(self) -> Any:
        # 10 ms to import, and a window shows before it needs a conversation.
        from sqlcipher3 import dbapi2

        make_private_folder(self.file.parent)
        is_new = not self.file.exists()
        try:
            connection = dbapi2.connect(str(self.file), check_same_thread=False, isolation_level=None)
        except dbapi2.Error as error:
            raise self._problem("database-cannot-be-opened", error) from error
        try:
            connection.execute("PRAGMA busy_timeout = 5000")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA journal_mode = WAL")
            if is_new:
                self.file.chmod(0o600)
            self._migrate(connection)
        except dbapi2.DatabaseError as error:
            connection.close()
            raise self._problem("database-cannot-be-opened", error) from error
        except BaseException:
            connection.close()
            raise
        return connection

    @contextlib.contextmanager
    def _told(self, key: str) -> Iterator[None]:
        """Whatever the database says, as an error for people."""
        from sqlcipher3 import dbapi2

        try:
            yield
        except dbapi2.ProgrammingError:
            # Wrong SQL is a bug of ours.
            raise
        except dbapi2.Error as error:
            raise self._problem(key, error) from error

    def _problem(self, key: str, error: Exception) -> UserError:
        return UserError(key, ErrorKind.STORAGE, file=str(self.file), reason=str(error), details=repr(error))

    def _migrate(self, connection: Any) -> None:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > SCHEMA_VERSION:
            raise UserError("database-is-newer", ErrorKind.STORAGE, file=str(self.file))
        if 0 < version < SCHEMA_VERSION:
            self._back_up(connection, version)
        for number in range(version + 1, SCHEMA_VERSION + 1):
            _log.info("database: migrating to version %d", number)
            # Another process may have migrated meanwhile; the version is read again under the write lock.
            script = f"BEGIN IMMEDIATE; {MIGRATIONS[number]}; PRAGMA user_version = {number}; COMMIT;"
            try:
                connection.executescript(script)
            except Exception:
                if connection.in_transaction:
                    connection.rollback()
                if int(connection.execute("PRAGMA user_version").fetchone()[0]) >= number:
                    continue
                raise

    def _back_up(self, connection: Any, version: int) -> None:
        copy = self.file.with_name(f"{self.file.stem}.before-version-{version + 1}{self.file.suffix}")
        copy.unlink(missing_ok=True)
        connection.execute("VACUUM INTO ?", (str(copy),))
        copy.chmod(0o600)
