"""Conversations in the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from slmdesk.chat.conversation import ChatMessageRecord, Conversation
from slmdesk.engines import Stats
from slmdesk.storage import Database


class ConversationStore:
    """Keeps conversations. Blocking; may be called from any thread. Raises what `Database` raises.

    A message is on the disk when the call that adds it returns.
    """

    def __init__(self, database: Database, *, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    def add_conversation(self, conversation: Conversation) -> None:
        """Store a new conversation without its messages, and give it its `id`."""
        now = self._now()
        with self._database.transaction() as cursor:
            cursor.execute(
                "INSERT INTO conversation (title, system_prompt, created_at, updated_at) VALUES (?, ?, ?, ?)",
                (conversation.title, conversation.system_prompt, now, now),
            )
            conversation.id = cursor.lastrowid

    def add_message(self, conversation: Conversation, message: ChatMessageRecord) -> None:
        """Store a new message at the end of a stored conversation, and give it its `id`."""
        with self._database.transaction() as cursor:
            self._insert(cursor, conversation, message)

    def update_message(self, message: ChatMessageRecord) -> None:
        """Store the text, state and figures that `message` has now."""
        with self._database.transaction() as cursor:
            cursor.execute(
                "UPDATE message SET text = ?, state = ?, end_reason = ?, model_title = ?, stats = ?"
                " WHERE id = ?",
                (*self._changing(message), message.id),
            )

    def add_answer(
        self,
        conversation: Conversation,
        answer: ChatMessageRecord,
        replaced: Sequence[ChatMessageRecord] = (),
    ) -> None:
        """As `add_message`, and in the same transaction take the answers `replaced` out of the conversation.

        Their text stays in the database.
        """
        with self._database.transaction() as cursor:
            for old in replaced:
                cursor.execute("UPDATE message SET superseded = 1 WHERE id = ?", (old.id,))
            self._insert(cursor, conversation, answer)

    def supersede(self, message: ChatMessageRecord) -> None:
        """Take `message` out of its conversation. Its text stays in the database."""
        with self._database.transaction() as cursor:
            cursor.execute("UPDATE message SET superseded = 1 WHERE id = ?", (message.id,))

    def latest(self) -> Conversation | None:
        """The conversation that was last written in, or None where there is none."""
        rows = self._database.read("SELECT id FROM conversation ORDER BY updated_at DESC, id DESC LIMIT 1")
        return self.load(rows[0][0]) if rows else None

    def load(self, conversation_id: int) -> Conversation | None:
        """A stored conversation with its messages, or None where there is none of that id."""
        rows = self._database.read(
            "SELECT id, title, system_prompt FROM conversation WHERE id = ?", (conversation_id,)
        )
        if not rows:
            return None
        messages = self._database.read(
            "SELECT id, role, text, state, end_reason, model_title, stats, created_at FROM message"
            " WHERE conversation_id = ? AND NOT superseded ORDER BY id",
            (conversation_id,),
        )
        number, title, system_prompt = rows[0]
        return Conversation(
            id=number,
            title=title,
            system_prompt=system_prompt,
            messages=[
                ChatMessageRecord(
                    id=message_id,
                    role=role,
                    text=text,
                    # Nobody is writing it any more: the program ended while it was written.
                    state="stopped" if state == "writing" else state,
                    end_reason=end_reason,
                    model_title=model_title,
                    stats=msgspec.json.decode(stats, type=Stats) if stats else None,
                    created_at=created_at,
                )
                for message_id, role, text, state, end_reason, model_title, stats, created_at in messages
            ],
        )

    def _insert(self, cursor: Any, conversation: Conversation, message: ChatMessageRecord) -> None:
        cursor.execute(
            "INSERT INTO message (conversation_id, role, text, state, end_reason, model_title, stats,"
            " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (conversation.id, message.role, *self._changing(message), message.created_at),
        )
        message.id = cursor.lastrowid
        cursor.execute("UPDATE conversation SET updated_at = ? WHERE id = ?", (self._now(), conversation.id))

    @staticmethod
    def _changing(message: ChatMessageRecord) -> tuple[str, str, str | None, str, str | None]:
        stats = msgspec.json.encode(message.stats).decode() if message.stats else None
        return message.text, message.state, message.end_reason, message.model_title, stats
