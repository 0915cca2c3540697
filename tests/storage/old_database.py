"""A database as the first version of SLM Desk wrote it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from sqlcipher3 import dbapi2

from slmdesk.storage.migrations import MIGRATIONS

ROWS = [
    # id, conversation, role, text, superseded
    (1, 1, "user", "a question", 0),
    (2, 1, "assistant", "a first answer", 1),
    (3, 2, "user", "elsewhere", 0),
    (4, 1, "assistant", "a second answer", 0),
    (5, 1, "user", "a question that was taken back", 1),
    (6, 1, "user", "zażółć gęślą jaźń", 0),
    (7, 1, "user", "and this", 0),
    (8, 1, "assistant", "an answer to both " * 400, 0),
]


def make_old_database(file: Path, *, more: int = 0) -> None:
    """Write ROWS, and `more` messages of a third conversation, in version 1."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(dbapi2.connect(str(file), isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN")
        MIGRATIONS[1](connection)
        connection.execute("PRAGMA user_version = 1")
        connection.executemany(
            "INSERT INTO conversation VALUES (?, ?, 'be brief', 1.5, 2.5)", [(1, "one"), (2, "two"), (3, "3")]
        )
        rows = ROWS + [(100 + n, 3, "user", f"message {n} " * 20, 0) for n in range(more)]
        connection.executemany(
            "INSERT INTO message VALUES (?, ?, ?, ?, 'complete', 'stop', 'a model', NULL, 1e9, ?)", rows
        )
        connection.commit()
