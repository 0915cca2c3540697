"""The shape of the database, and each step that led to it.

The number of a migration is the schema version it leads to (PRAGMA user_version). Never edit one that has
been released: add the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from slmdesk.storage.digests import row_digest

Migration: TypeAlias = Callable[[Any], None]
"""Called with a connection inside a transaction, foreign keys off; must not commit."""


def _make_first_tables(connection: Any) -> None:
    connection.execute("""
        CREATE TABLE conversation (
            id INTEGER PRIMARY KEY,
            title TEXT NOT NULL,
            system_prompt TEXT NOT NULL,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL
        ) STRICT""")
    connection.execute("""
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
        ) STRICT""")
    connection.execute("CREATE INDEX message_of_conversation ON message (conversation_id, id)")


def _add_versions_and_digests(connection: Any) -> None:
    """Answers get a parent, so that each message can have several versions; rows get a digest."""
    # AUTOINCREMENT: the id of a message that is gone must never name another one.
    connection.execute("""
        CREATE TABLE new_conversation (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            title TEXT NOT NULL,
            system_prompt TEXT NOT NULL,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL,
            pinned INTEGER NOT NULL DEFAULT 0,
            deleted_at REAL,
            model TEXT NOT NULL DEFAULT '',
            options TEXT NOT NULL DEFAULT '{}',
            named INTEGER NOT NULL DEFAULT 0,
            digest BLOB
        ) STRICT""")
    # No foreign key to the parent: a chain of thousands would overrun the depth of triggers.
    connection.execute("""
        CREATE TABLE new_message (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation_id INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
            parent_id INTEGER,
            role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
            text TEXT NOT NULL,
            reasoning TEXT NOT NULL DEFAULT '',
            reasoning_seconds REAL NOT NULL DEFAULT 0,
            state TEXT NOT NULL CHECK (state IN ('writing', 'complete', 'stopped', 'failed', 'lost')),
            end_reason TEXT,
            model_title TEXT NOT NULL,
            stats TEXT,
            created_at REAL NOT NULL,
            superseded INTEGER NOT NULL DEFAULT 0,
            digest BLOB
        ) STRICT""")
    for row in connection.execute(
        "SELECT id, title, system_prompt, created_at, updated_at FROM conversation"
    ):
        number, title, system_prompt, created_at, _ = row
        connection.execute(
            "INSERT INTO new_conversation (id, title, system_prompt, created_at, updated_at, digest)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (*row, row_digest(number, title, system_prompt, created_at)),
        )
    _copy_messages_with_parents(connection)
    for table in ("message", "conversation"):
        connection.execute(f"DROP TABLE {table}")
        connection.execute(f"ALTER TABLE new_{table} RENAME TO {table}")
    connection.execute("CREATE INDEX message_of_conversation ON message (conversation_id, id)")
    connection.execute("CREATE INDEX message_of_parent ON message (parent_id)")
    # 0: the chat that is not begun yet, so there is no row to refer to.
    connection.execute("""
        CREATE TABLE draft (
            conversation_id INTEGER PRIMARY KEY,
            text TEXT NOT NULL,
            updated_at REAL NOT NULL
        ) STRICT""")
    connection.execute("""
        CREATE TRIGGER draft_goes_with_conversation AFTER DELETE ON conversation BEGIN
            DELETE FROM draft WHERE conversation_id = old.id;
        END""")


def _copy_messages_with_parents(connection: Any) -> None:
    """An answer belongs to the last question before it, a question to what was last said before it."""
    conversation: int | None = None
    question: int | None = None
    said: int | None = None
    for row in connection.execute(
        "SELECT id, conversation_id, role, text, state, end_reason, model_title, stats, created_at,"
        " superseded FROM message ORDER BY conversation_id, id"
    ):
        number, conversation_id, role, text, *_, created_at, superseded = row
        if conversation_id != conversation:
            conversation, question, said = conversation_id, None, None
        parent = question if role == "assistant" else said
        connection.execute(
            "INSERT INTO new_message (id, conversation_id, role, text, state, end_reason, model_title, stats,"
            " created_at, superseded, parent_id, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, parent, row_digest(number, conversation_id, parent, role, text, "", created_at)),
        )
        if role == "user":
            question = number
        if not superseded:
            said = number


MIGRATIONS: dict[int, Migration] = {
    1: _make_first_tables,
    2: _add_versions_and_digests,
}

SCHEMA_VERSION = max(MIGRATIONS)


# Nobody will ever get there: a number beyond it comes from damage, not from a newer SLM Desk.
_GREATEST_PLAUSIBLE_VERSION = 10_000


def is_newer(version: int) -> bool:
    """Whether a newer SLM Desk has written a database of this `version`."""
    return SCHEMA_VERSION < version <= _GREATEST_PLAUSIBLE_VERSION


def version_of(connection: Any) -> int:
    """The schema version of an open database; 0: it is empty."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: Any, target: int | None = None) -> None:
    """Bring an open database of an older version to `target` (None: SCHEMA_VERSION), step by step.

    Each step is done whole or not at all.

    Blocking. Other processes may do the same at the same time. Raises what the driver raises.
    """
    target = SCHEMA_VERSION if target is None else target
    # Dropping a table whose rows others refer to would take those along; it cannot be set in a transaction.
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        while version_of(connection) < target:
            connection.execute("BEGIN IMMEDIATE")
            try:
                # Another process may have migrated since: only under the write lock is it known.
                number = version_of(connection) + 1
                if number <= target:
                    MIGRATIONS[number](connection)
                    connection.execute(f"PRAGMA user_version = {number}")
                connection.commit()
            except BaseException:
                if connection.in_transaction:
                    connection.rollback()
                raise
    finally:
        connection.execute("PRAGMA foreign_keys = ON")
