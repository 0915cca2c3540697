"""The one database: opening, migrating, and one transaction at a time."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import migrations
from slmdesk.storage.database_errors import errors_for_people
from slmdesk.storage.folders import make_private_folder
from slmdesk.storage.ledger_keeper import LedgerKeeper, ledger_of
from slmdesk.storage.pages import PageImage
from slmdesk.storage.swap import finish_swap, is_swap_pending
from slmdesk.storage.use_lock import use_lock

Row: TypeAlias = tuple[Any, ...]

_log = logging.getLogger(__name__)

# How long to wait for a process that repairs the file: reading and writing all of it.
_PATIENCE_S = 60.0
_BUSY_S = 5.0


class Database:
    """A SQLite file in WAL mode, opened on first use.

    Blocking; may be used from any thread: one lock serialises the transactions. Every write is on the disk
    when its transaction ends (`synchronous=FULL`), so that no acknowledged message is lost to a power cut.
    What is deleted is overwritten. Copies are kept in the folder `backups`.
    """

    def __init__(self, file: Path, backups: Path | None = None) -> None:
        self.file = file
        self.backups = backups or file.with_name("backups")
        self._lock = threading.RLock()
        self._connection: Any = None
        self._keeper = LedgerKeeper(ledger_of(file))

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        """A cursor inside one transaction: all of it is kept, or on any exception none.

        Raises UserError (kind STORAGE): `database-damaged` where `find_and_repair_damage` is needed first,
        `database-is-newer`, or another where the database cannot be read or written now: the disk is full,
        another process holds it.
        """
        with self._lock:
            connection = self._opened()
            deleted = False
            changes = self._keeper.changes
            try:
                with errors_for_people("database-cannot-be-written", self.file):
                    cursor = connection.cursor()
                    cursor.execute("BEGIN IMMEDIATE")
                    yield cursor
                    self._keeper.before_commit()
                    connection.commit()
            except BaseException:
                # Some errors, a full disk for one, have ended the transaction already.
                if connection.in_transaction:
                    connection.rollback()
                self._keeper.after_rollback(changes)
                raise
            deleted = self._keeper.after_commit()
            if deleted:
                # The log would hold the words of what was deleted until it is written over.
                self._write_log_back(connection)

    def read(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """The rows of a query. Raises UserError (kind STORAGE) as `transaction` does."""
        with self._lock:
            connection = self._opened()
            with errors_for_people("database-cannot-be-opened", self.file):
                return list(connection.execute(sql, tuple(values)).fetchall())

    def data_version(self) -> int:
        """A number that is another one as soon as another connection has written to the file."""
        return int(self.read("PRAGMA data_version")[0][0])

    def surely_deleted(self) -> set[int]:
        """Conversations that a person deleted and did not bring back, and not damage.

        Raises UserError (kind STORAGE) as `transaction` does.
        """
        with self._lock:
            connection = self._opened()
            with errors_for_people("database-cannot-be-opened", self.file):
                from slmdesk.storage.integrity import deletions_of

                return set(deletions_of(connection, ledger_of(self.file).read()))

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                try:
                    self._connection.close()
                finally:
                    self._connection = None
                    use_lock(self.file).unshare()

    @contextlib.contextmanager
    def set_apart(self, timeout_s: float) -> Iterator[bool]:
        """Close the file and keep everyone from opening it; threads that want to wait.

        False: other processes still have it open after `timeout_s`; they go on. Raises UserError.
        """
        with self._lock:
            self.close()
            make_private_folder(self.file.parent)
            with contextlib.ExitStack() as stack:
                with errors_for_people("database-cannot-be-opened", self.file):
                    is_alone = stack.enter_context(use_lock(self.file).alone(timeout_s))
                yield is_alone

    def _opened(self) -> Any:
        if self._connection is None:
            self._connection = self._open()
        return self._connection

    def _open(self) -> Any:
        make_private_folder(self.file.parent)
        lock = use_lock(self.file)
        with errors_for_people("database-cannot-be-opened", self.file):
            if is_swap_pending(self.file):
                with lock.alone(_PATIENCE_S) as is_alone:
                    if is_alone:
                        finish_swap(self.file)
            with lock.alone(0) as is_alone:
                if is_alone:
                    self._look_before_opening(is_alone=True)
            if not lock.share(_PATIENCE_S):
                raise UserError("database-in-use", ErrorKind.STORAGE, file=str(self.file))
            try:
                if not is_alone:
                    self._look_before_opening(is_alone=False)
                return self._connect()
            except BaseException:
                lock.unshare()
                raise

    def _look_before_opening(self, *, is_alone: bool) -> None:
        """Refuse what SQLite would change by opening it.

        `is_alone`: nobody else has it open, so that the log can be judged.
        """
        # Before the file, which another process may be making: the ledger is begun after it.
        ledger = ledger_of(self.file)
        has_ledger, identity = ledger.file.exists(), ledger.identity()
        with PageImage(self.file) as image:
            version = image.schema_version if image.has_header else 0
            if migrations.is_newer(version):
                raise UserError("database-is-newer", ErrorKind.STORAGE, file=str(self.file))
            if is_alone and image.is_log_damaged:
                # SQLite would throw away what it cannot read.
                raise self._damaged("the log is damaged")
            blank = not (image.file_bytes or image.frames)
            if not blank and version == 0 and image.has_header:
                if image.has_tables:
                    raise self._damaged("the version is missing")
                blank = True
            if blank:
                # That is a new database to SQLite. To us it is one that lost everything, if there was
                # anything.
                from slmdesk.storage.backups import backups_of
                from slmdesk.storage.evidence import is_any_message_known

                if is_any_message_known(ledger, backups_of(self.file, self.backups)):
                    raise self._damaged("empty")
            elif has_ledger and image.has_header and image.identity != identity:
                known = ledger.read()
                is_other = known is not None and known.identity not in (None, image.identity)
                if known is not None and known.latest and (is_other or image.identity <= 0):
                    raise self._damaged("it is not the database that was here")

    def _damaged(self, reason: str) -> UserError:
        return UserError("database-damaged", ErrorKind.STORAGE, file=str(self.file), reason=reason)

    def _connect(self) -> Any:
        # 10 ms to import, and a window shows before it needs a conversation.
        from sqlcipher3 import dbapi2

        # Before there is anything in it, so that nobody else can read it at any moment.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        connection = dbapi2.connect(str(self.file), check_same_thread=False, isolation_level=None)
        try:
            connection.execute(f"PRAGMA busy_timeout = {int(_BUSY_S * 1000)}")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            self._set_log_mode(connection)
            version = migrations.version_of(connection)
            if 0 < version < migrations.SCHEMA_VERSION:
                from slmdesk.storage.backups import back_up_before_migration

                self._refuse_wrong_tables(connection)
                _log.info("database: migrating from version %d", version)
                back_up_before_migration(connection, self.file, self.backups, version)
                self._keeper.before_migration(connection)
            migrations.migrate(connection)
            self._keeper.listen(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _refuse_wrong_tables(self, connection: Any) -> None:
        """A version that is not that of the tables is damaged: no migration could succeed."""
        from slmdesk.storage.integrity import has_schema_of

        # In one transaction, because another process may be migrating.
        connection.execute("BEGIN")
        try:
            is_right = has_schema_of(connection, migrations.version_of(connection))
        finally:
            connection.rollback()
        if not is_right:
            raise self._damaged("the tables are not those of its version")

    def _set_log_mode(self, connection: Any) -> None:
        from sqlcipher3 import dbapi2

        deadline = time.monotonic() + _BUSY_S
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except dbapi2.OperationalError as error:
                # Another process opens the new file at the same moment; SQLite does not wait here by itself.
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _write_log_back(self, connection: Any) -> None:
        # Answers with a row that says "busy" where another process reads: its own next deletion, or whoever
        # closes the file last, empties the log.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
