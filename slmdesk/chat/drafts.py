"""The table of drafts: what is written and not sent, for each conversation; 0 is the new chat."""

from __future__ import annotations

from typing import Any

from slmdesk.storage import Database


def load(database: Database, conversation_id: int) -> str:
    """The draft, or nothing."""
    rows = database.read("SELECT text FROM draft WHERE conversation_id = ?", (conversation_id,))
    return str(rows[0][0]) if rows else ""


def save(cursor: Any, conversation_id: int, text: str, now: float) -> None:
    """Keep `text` in place of the draft there is; without a character there is none any more.

    Nothing happens where its conversation was removed meanwhile.
    """
    if not text:
        cursor.execute("DELETE FROM draft WHERE conversation_id = ?", (conversation_id,))
        return
    cursor.execute(
        "INSERT INTO draft (conversation_id, text, updated_at) SELECT ?, ?, ?"
        " WHERE ? = 0 OR EXISTS (SELECT 1 FROM conversation WHERE id = ?)"
        " ON CONFLICT (conversation_id) DO UPDATE SET text = excluded.text, updated_at = excluded.updated_at",
        (conversation_id, text, now, conversation_id, conversation_id),
    )
