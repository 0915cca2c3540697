"""Keeps the ledger in step with what transactions do to messages."""

from __future__ import annotations

import contextlib
import itertools
import logging
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage.digests import conversation_digest
from slmdesk.storage.ledger import (
    Ledger,
    record_of,
    record_of_conversation,
    record_of_database,
    record_of_deletion,
)
from slmdesk.storage.migrations import SCHEMA_VERSION

_log = logging.getLogger(__name__)

_COLUMNS = ("id", "conversation_id", "parent_id", "role", "superseded", "created_at", "digest")


def ledger_of(database_file: Path) -> Ledger:
    """The ledger beside a database."""
    return Ledger(database_file.with_suffix(".ledger"))


def identity_of(connection: Any) -> int:
    """A number that tells this database from any other, whatever its name; 0: it has none yet."""
    return int(connection.execute("PRAGMA application_id").fetchone()[0])


def new_identity() -> int:
    """A number for a new database."""
    return secrets.randbelow(2**31 - 1) + 1


def records_of(connection: Any, deleted: Mapping[int, float]) -> Iterator[bytes]:
    """A record for each message of the database, and for each of the conversations that are `deleted`."""
    yield from itertools.starmap(record_of_conversation, deleted.items())
    for row in connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM message ORDER BY id"):
        yield record_of(*row)


class LedgerKeeper:
    """Listens to one connection. Used under the lock of the database that owns the connection.

    A deletion is written down before its transaction is committed and a message after it: a killed program
    then leaves a message that the ledger does not know, which the next check adds, but never one that only
    the ledger knows, which would look like a loss.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._changes: list[bytes] = []
        self._has_new = False
        self._deletions: list[bytes] = []
        self._deleted: list[bytes] = []
        self._conversations: list[bytes] = []

    def listen(self, connection: Any) -> None:
        """Begin the ledger where there is none of this database, and follow `connection` from now on.

        Raises OSError, what the driver raises, and UserError `database-damaged` where the ledger knows
        messages of a database that this one is not.
        """
        identity = identity_of(connection)
        known = self._ledger.identity() if identity else None
        if not identity or not self._ledger.file.exists() or known not in (identity, None):
            self._begin(connection)
        connection.create_function("note_new", len(_COLUMNS), self._note_new)
        connection.create_function("note_change", len(_COLUMNS), self._note_change)
        connection.create_function("note_deletion", len(_COLUMNS), self._note_deletion)
        connection.create_function("note_conversation", 2, self._note_conversation)
        connection.create_function("conversation_digest", 5, _conversation_digest, deterministic=True)
        new, old = (", ".join(f"{row}.{column}" for column in _COLUMNS) for row in ("new", "old"))
        digest = (
            # As bytes: a text would end at its first NUL.
            "UPDATE conversation SET digest = conversation_digest(id, CAST(title AS BLOB),"
            " CAST(system_prompt AS BLOB), created_at, deleted_at) WHERE id = new.id"
        )
        # Temporary ones belong to this connection: other tools can write the file without our functions.
        for name, event, statement in (
            ("message_added", "INSERT ON main.message", f"SELECT note_new({new})"),
            (
                "message_changed",
                "UPDATE OF digest, superseded, parent_id, conversation_id ON main.message",
                f"SELECT note_change({new})",
            ),
            ("message_deleted", "DELETE ON main.message", f"SELECT note_deletion({old})"),
            ("conversation_added", "INSERT ON main.conversation", digest),
            (
                "conversation_changed",
                # Where nothing changed, the digest would only hide damage that was done meanwhile.
                "UPDATE OF title, system_prompt, deleted_at ON main.conversation WHEN"
                " new.title IS NOT old.title OR new.system_prompt IS NOT old.system_prompt"
                " OR new.deleted_at IS NOT old.deleted_at",
                digest,
            ),
            (
                "conversation_deleted_or_restored",
                "UPDATE OF deleted_at ON main.conversation WHEN new.deleted_at IS NOT old.deleted_at",
                "SELECT note_conversation(new.id, new.deleted_at)",
            ),
        ):
            connection.execute(f"CREATE TEMP TRIGGER {name} AFTER {event} BEGIN {statement}; END")

    def before_migration(self, connection: Any) -> None:
        """Write down which version the database is to have from now on. Raises OSError."""
        identity = identity_of(connection)
        if identity and self._ledger.file.exists():
            self._ledger.append([record_of_database(identity, SCHEMA_VERSION)], at_once=True)

    def before_commit(self) -> None:
        """Write down what the transaction deleted, and brought back. Raises OSError."""
        if self._deletions or self._conversations:
            self._ledger.append([*self._deletions, *self._conversations], at_once=True)

    def after_commit(self) -> bool:
        """Write down what the transaction added and changed; whether it deleted anything."""
        deleted = bool(self._deletions)
        self._forget_deletions()
        if self._changes:
            try:
                self._ledger.append(self._changes, at_once=self._has_new)
            except OSError as error:
                # The messages themselves are stored; the next transaction tries again.
                _log.warning("the ledger cannot be written: %r", error)
            else:
                self._changes.clear()
                self._has_new = False
        return deleted

    def after_rollback(self, kept_changes: int) -> None:
        """Forget what the transaction did: all but the first `kept_changes`."""
        del self._changes[kept_changes:]
        deleted = list(self._deleted)
        self._forget_deletions()
        if deleted:
            try:
                self._ledger.append(deleted, at_once=True)
            except OSError as error:
                _log.warning("the ledger cannot be written: %r", error)

    @property
    def changes(self) -> int:
        """How many changes are to be written down still."""
        return len(self._changes)

    def _begin(self, connection: Any) -> None:
        # The identity first: after a kill, a ledger of a database without one would look like a loss.
        with _writing(connection):
            self._refuse_ledger_of_another(identity_of(connection))
            if not identity_of(connection):
                connection.execute(f"PRAGMA application_id = {new_identity()}")
        # Under the write lock, so that no other process adds a message meanwhile.
        with _writing(connection):
            identity = identity_of(connection)
            if self._ledger.identity() != identity:
                self._refuse_ledger_of_another(identity)
                self._ledger.rewrite(identity, SCHEMA_VERSION, records_of(connection, {}))

    def _refuse_ledger_of_another(self, identity: int) -> None:
        known = self._ledger.read()
        if known is not None and known.latest and (not identity or known.identity not in (None, identity)):
            raise UserError(
                "database-damaged",
                ErrorKind.STORAGE,
                file=str(self._ledger.file.with_suffix(".db")),
                reason="the ledger knows other messages",
            )

    def _forget_deletions(self) -> None:
        self._deletions.clear()
        self._deleted.clear()
        self._conversations.clear()

    def _note_new(self, *values: Any) -> None:
        self._has_new = True
        self._changes.append(record_of(*values))

    def _note_change(self, *values: Any) -> None:
        self._changes.append(record_of(*values))

    def _note_deletion(self, *values: Any) -> None:
        self._deletions.append(record_of_deletion(values[0]))
        self._deleted.append(record_of(*values))

    def _note_conversation(self, number: int, deleted_at: float | None) -> None:
        self._conversations.append(record_of_conversation(number, deleted_at))


def _conversation_digest(
    number: int, title: bytes, system_prompt: bytes, created_at: float, deleted_at: float | None
) -> bytes:
    title_text, prompt_text = (text.decode(errors="replace") for text in (title, system_prompt))
    return conversation_digest(number, title_text, prompt_text, created_at, deleted_at)


@contextlib.contextmanager
def _writing(connection: Any) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.commit()
    except BaseException:
        if connection.in_transaction:
            connection.rollback()
        raise
