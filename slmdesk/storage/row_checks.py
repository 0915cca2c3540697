"""Whether the rows of an open database are what was written."""

from __future__ import annotations

from typing import Any

from slmdesk.storage.digests import is_conversation_digest, row_digest


def find_row_damage(connection: Any) -> list[str]:
    """What is wrong with an open database of the newest version, for the log; empty: it is sound.

    Blocking: reads everything. Raises what the driver raises.
    """
    # The first few suffice: what was damaged is found out again when it is repaired.
    answers = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
    damage = [] if answers == ["ok"] else [str(answer) for answer in answers]
    if damage:
        return damage
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        return ["a message belongs to no conversation"]
    orphan = connection.execute(
        "SELECT id FROM message AS child WHERE parent_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM message WHERE id = child.parent_id)"
    ).fetchone()
    if orphan is not None:
        return [f"the message before message {orphan[0]} is missing"]
    for row in connection.execute(
        "SELECT id, conversation_id, parent_id, role, text, reasoning, created_at, digest FROM message"
    ):
        # What was written without a digest cannot be checked.
        if row[7] is not None and row_digest(*row[:7]) != row[7]:
            return [f"message {row[0]} is not what was written"]
    for digest, *row in connection.execute(
        "SELECT digest, id, title, system_prompt, created_at, deleted_at FROM conversation"
    ):
        if digest is not None and not is_conversation_digest(digest, *row):
            return [f"conversation {row[0]} is not what was written"]
    return []
