"""The table of conversations: everything about one but its messages.

Functions take a cursor inside a transaction, or the database where they only read.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

import msgspec

from slmdesk.chat.conversation import Conversation, ConversationSummary
from slmdesk.chat.options import ChatOptions
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Database

_log = logging.getLogger(__name__)

_SUMMARIES = """
    SELECT id, title, updated_at, pinned,
        coalesce((
            SELECT model_title FROM message
            WHERE conversation_id = conversation.id AND role = 'assistant' ORDER BY message.id DESC LIMIT 1
        ), ''),
        EXISTS (SELECT 1 FROM draft WHERE draft.conversation_id = conversation.id AND trim(draft.text) != ''),
        model
    FROM conversation WHERE (deleted_at IS NOT NULL) = ? ORDER BY updated_at DESC, id DESC
"""


def insert(cursor: Any, conversation: Conversation, now: float) -> int:
    """A new row; returns its id."""
    cursor.execute(
        "INSERT INTO conversation (title, system_prompt, created_at, updated_at, pinned, model, options,"
        " named) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            conversation.title,
            conversation.system_prompt,
            now,
            now,
            conversation.pinned,
            conversation.model,
            _encoded(conversation.options),
            conversation.named,
        ),
    )
    return int(cursor.lastrowid)


def note_writing(cursor: Any, conversation_id: int, now: float, *, by_person: bool, title: str | None) -> str:
    """Something was written in it, which brings it back where a person wrote. Returns the title it has now.

    `title` takes the place of one that nobody gave it; None: it stays. Raises UserError (kind STORAGE) where
    it is gone for good.
    """
    cursor.execute(
        "UPDATE conversation SET updated_at = ?1,"
        " deleted_at = CASE WHEN ?2 THEN NULL ELSE deleted_at END,"
        " title = CASE WHEN named OR ?3 IS NULL THEN title ELSE ?3 END WHERE id = ?4",
        (now, by_person, title, conversation_id),
    )
    row = cursor.execute("SELECT title FROM conversation WHERE id = ?", (conversation_id,)).fetchone()
    if row is None:
        raise UserError("conversation-gone", ErrorKind.STORAGE)
    return str(row[0])


def load(database: Database, conversation_id: int) -> Conversation | None:
    """It without its messages, or None where there is none of that id."""
    rows = database.read(
        "SELECT title, system_prompt, pinned, model, options, named, updated_at FROM conversation"
        " WHERE id = ?",
        (conversation_id,),
    )
    if not rows:
        return None
    title, system_prompt, pinned, model, options, named, updated_at = rows[0]
    return Conversation(
        id=conversation_id,
        title=title,
        system_prompt=system_prompt,
        pinned=bool(pinned),
        model=model,
        options=_decoded(options),
        named=bool(named),
        updated_at=updated_at,
    )


def latest_id(database: Database) -> int | None:
    """The one that was last written in."""
    rows = database.read(
        "SELECT id FROM conversation WHERE deleted_at IS NULL ORDER BY updated_at DESC, id DESC LIMIT 1"
    )
    return int(rows[0][0]) if rows else None


def summaries(database: Database, *, deleted: bool = False) -> list[ConversationSummary]:
    """All that are not deleted, or all that are and can still be brought back; newest first."""
    return [
        ConversationSummary(
            id=number,
            title=title,
            model_title=model_title,
            updated_at=updated_at,
            pinned=bool(pinned),
            draft=bool(draft),
            model=model,
        )
        for number, title, updated_at, pinned, model_title, draft, model in database.read(
            _SUMMARIES, (deleted,)
        )
    ]


def save_options(cursor: Any, conversation: Conversation) -> None:
    """Its instructions, options and model as they are now."""
    cursor.execute(
        "UPDATE conversation SET system_prompt = ?, options = ?, model = ? WHERE id = ?",
        (conversation.system_prompt, _encoded(conversation.options), conversation.model, conversation.id),
    )


def rename(cursor: Any, conversation_id: int, title: str) -> None:
    """The title that a person gave it."""
    cursor.execute("UPDATE conversation SET title = ?, named = 1 WHERE id = ?", (title, conversation_id))


def set_pinned(cursor: Any, conversation_id: int, pinned: bool) -> None:
    """Whether it stays at the top of the list."""
    cursor.execute("UPDATE conversation SET pinned = ? WHERE id = ?", (pinned, conversation_id))


def set_deleted(cursor: Any, ids: Collection[int], deleted_at: float | None) -> None:
    """Since when they are deleted; None: they are not."""
    cursor.executemany(
        "UPDATE conversation SET deleted_at = ? WHERE id = ?", [(deleted_at, number) for number in ids]
    )


def deleted_ids(database: Database) -> list[int]:
    """Those that are deleted and can still be brought back."""
    return [row[0] for row in database.read("SELECT id FROM conversation WHERE deleted_at IS NOT NULL")]


def purge(cursor: Any, ids: Collection[int]) -> None:
    """Remove those of `ids` that are deleted, with their messages and drafts."""
    cursor.executemany(
        "DELETE FROM conversation WHERE id = ? AND deleted_at IS NOT NULL", [(number,) for number in ids]
    )


def _encoded(options: ChatOptions) -> str:
    return msgspec.json.encode(options).decode()


def _decoded(text: str) -> ChatOptions:
    try:
        return msgspec.json.decode(text, type=ChatOptions)
    except msgspec.MsgspecError as error:
        # No reason to keep a person from what was said.
        _log.warning("the options of a conversation cannot be read, the defaults are used: %s", error)
        return ChatOptions()
