"""The table of messages: one row for each version of each message, linked to the one before it.

`parent_id` is the message before it (NULL: it is the first), `superseded` is 0 for the version that was
chosen among those with the same parent. A row is never removed but with its conversation.
"""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import msgspec

from slmdesk.chat.conversation import ChatMessageRecord
from slmdesk.engines import Stats
from slmdesk.storage import Database, row_digest

_log = logging.getLogger(__name__)

_decode_stats = msgspec.json.Decoder(Stats).decode


class Placed(NamedTuple):
    """Where a new message is: its id, its place among its versions, and how many there are."""

    id: int
    version: int
    versions: int


class MessageRow(NamedTuple):
    """A row as it is read."""

    id: int
    parent_id: int | None
    superseded: int
    role: Any
    text: str
    reasoning: str
    reasoning_seconds: float
    state: Any
    end_reason: Any
    model_title: str
    stats: str | None
    created_at: float


def insert(cursor: Any, conversation_id: int, parent_id: int | None, message: ChatMessageRecord) -> Placed:
    """Store `message` behind `parent_id`, as the chosen version there."""
    supersede = "UPDATE message SET superseded = 1 WHERE conversation_id = ?"
    if parent_id is None:
        # The plus keeps the database from the index of parents, where all first messages are together.
        cursor.execute(f"{supersede} AND +parent_id IS NULL", (conversation_id,))
    else:
        cursor.execute(f"{supersede} AND parent_id = ?", (conversation_id, parent_id))
    versions = cursor.rowcount + 1
    cursor.execute(
        "INSERT INTO message (conversation_id, parent_id, role, created_at, text, reasoning,"
        " reasoning_seconds, state, end_reason, model_title, stats) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (conversation_id, parent_id, message.role, message.created_at, *_changing(message)),
    )
    message_id = int(cursor.lastrowid)
    digest = _digest(message, message_id, conversation_id, parent_id)
    cursor.execute("UPDATE message SET digest = ? WHERE id = ?", (digest, message_id))
    return Placed(message_id, versions, versions)


def update(cursor: Any, message: ChatMessageRecord) -> None:
    """Store what `message` is now. Nothing happens where its conversation was removed meanwhile."""
    row = cursor.execute(
        "SELECT conversation_id, parent_id FROM message WHERE id = ?", (message.id,)
    ).fetchone()
    if row is None:
        return
    cursor.execute(
        "UPDATE message SET text = ?, reasoning = ?, reasoning_seconds = ?, state = ?, end_reason = ?,"
        " model_title = ?, stats = ?, digest = ? WHERE id = ?",
        (*_changing(message), _digest(message, message.id, *row), message.id),
    )


def rows_of(database: Database, conversation_id: int) -> list[MessageRow]:
    """Every version of every message, oldest first."""
    rows = database.read(
        f"SELECT {', '.join(MessageRow._fields)} FROM message WHERE conversation_id = ? ORDER BY id",
        (conversation_id,),
    )
    return list(map(MessageRow._make, rows))


def choose(cursor: Any, chosen: int, others: list[int]) -> None:
    """Make the message `chosen` the version that is shown, instead of `others`."""
    cursor.executemany(
        "UPDATE message SET superseded = ? WHERE id = ?",
        [(0, chosen), *((1, other) for other in others)],
    )


def record_of(row: MessageRow, version: int, versions: int) -> ChatMessageRecord:
    """The message that a row holds."""
    return ChatMessageRecord(
        row.id,
        row.role,
        row.text,
        # Nobody is writing it any more: the program ended while it was written.
        "stopped" if row.state == "writing" else row.state,
        row.model_title,
        row.created_at,
        row.end_reason,
        _stats(row.stats) if row.stats else None,
        row.reasoning,
        row.reasoning_seconds,
        version,
        versions,
    )


def _changing(message: ChatMessageRecord) -> tuple[str, str, float, str, str | None, str, str | None]:
    stats = msgspec.json.encode(message.stats).decode() if message.stats else None
    return (
        message.text,
        message.reasoning,
        message.reasoning_seconds,
        message.state,
        message.end_reason,
        message.model_title,
        stats,
    )


def _digest(
    message: ChatMessageRecord, message_id: int, conversation_id: int, parent_id: int | None
) -> bytes:
    return row_digest(
        message_id,
        conversation_id,
        parent_id,
        message.role,
        message.text,
        message.reasoning,
        message.created_at,
    )


def _stats(text: str) -> Stats | None:
    try:
        return _decode_stats(text)
    except msgspec.MsgspecError as error:
        # Figures are no reason to keep a person from what was said.
        _log.warning("the figures of an answer cannot be read: %s", error)
        return None
