"""Making one database of the rows that were saved: parents, versions, conversations, and what is lost."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from slmdesk.storage.digests import row_digest
from slmdesk.storage.salvage import Salvage, Source, insert_conversation, insert_message
from slmdesk.storage.salvaged_rows import FoundConversation, FoundMessage

_TITLE_LENGTH = 60
# A longer one comes from a damaged number.
_LONGEST_GAP = 10_000


@dataclass(frozen=True, slots=True)
class LostMessage:
    """A message whose last text could not be restored.

    Its row is in its conversation still, in the state `lost` and empty; with `earlier_text` it has an earlier
    text of the message instead, in the state `stopped`: the beginning of an answer that was being written.
    """

    conversation_title: str
    role: Literal["user", "assistant"]
    created_at: float | None
    """Seconds since 1970, UTC; None: unknown."""
    id: int
    earlier_text: bool = False


def mend(connection: Any, salvage: Salvage) -> tuple[LostMessage, ...]:
    """Complete the new database of `salvage`, and return what is lost. In the caller's transaction."""
    lost = _insert_lost(connection, salvage)
    _give_parents(connection, salvage)
    _stop_earlier_texts(connection, salvage)
    _choose_one_version(connection, salvage)
    _insert_conversations(connection, salvage)
    for number, text, updated_at in salvage.drafts.values():
        if number == 0 or number in salvage.conversations:
            connection.execute("INSERT INTO draft VALUES (?, ?, ?)", (number, text, updated_at))
    for table in ("conversation", "message"):
        connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        connection.execute(
            f"INSERT INTO sqlite_sequence SELECT ?, max(?, ifnull((SELECT max(id) FROM {table}), 0))",
            (table, salvage.greatest_id(table)),
        )
    return tuple(_told(connection, salvage, lost))


def _insert_lost(connection: Any, salvage: Salvage) -> dict[int, float | None]:
    """A row for each message that existed and was not found; their times, as far as known, by id."""
    conversation_of = {number: salvage.named_by_index.get(number, 0) for number in salvage.wanting()}
    # The parent of a message existed as well.
    for number, conversation_id in connection.execute(
        "SELECT DISTINCT parent_id, conversation_id FROM message AS child WHERE parent_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM message WHERE id = child.parent_id)"
    ):
        if not salvage.is_gone(number):
            conversation_of.setdefault(number, conversation_id)
    for number, conversation_id in _gaps(connection, salvage):
        conversation_of.setdefault(number, conversation_id)
    lost: dict[int, float | None] = {}
    for number in sorted(conversation_of.keys() - salvage.kept.keys()):
        entry = salvage.entry(number)
        before = connection.execute(
            "SELECT role, created_at FROM message WHERE conversation_id = ? AND id < ? ORDER BY id DESC",
            (conversation_of[number], number),
        ).fetchone()
        role = "assistant" if before and before[0] == "user" else "user"
        lost[number] = entry.created_at if entry else None
        insert_message(
            connection,
            FoundMessage(
                id=number,
                conversation_id=entry.conversation_id if entry else conversation_of[number],
                parent_id=entry.parent_id if entry else None,
                role=entry.role if entry else role,
                text="",
                reasoning="",
                reasoning_seconds=0.0,
                state="lost",
                end_reason=None,
                model_title="",
                stats=None,
                created_at=entry.created_at if entry else before[1] if before else 0.0,
                superseded=int(entry.superseded) if entry else 0,
                digest=None,
            ),
        )
        if entry is None:
            salvage.without_parent.add(number)
    return lost


def _gaps(connection: Any, salvage: Salvage) -> Iterator[tuple[int, int]]:
    """Ids that no message has any more, where they are certain or likely to be those of lost ones.

    Messages are removed with their conversation only: where no conversation was ever removed, each gap is a
    loss, and one in the middle of a conversation most likely is. With the conversation they were most likely
    in.
    """
    if salvage.knows_all:
        return
    rows = connection.execute("SELECT id, conversation_id FROM message ORDER BY id").fetchall()
    conversations = salvage.conversations.keys() | {row[1] for row in rows}
    greatest = max(salvage.greatest_id("conversation"), max(conversations, default=0))
    was_none_removed = len(conversations) == greatest
    end = (salvage.greatest_id("message") + 1, None)
    for (number, conversation_id), (following, other) in itertools.pairwise([*rows, end]):
        if following - number <= _LONGEST_GAP and (was_none_removed or other == conversation_id):
            for missing in range(number + 1, following):
                if not salvage.is_gone(missing):
                    yield missing, conversation_id


def _give_parents(connection: Any, salvage: Salvage) -> None:
    """Give a parent to each message that has lost its own, by the rule of the migration; and all digests."""
    conversation: int | None = None
    question: int | None = None
    said: int | None = None
    ids = {row[0] for row in connection.execute("SELECT id FROM message")}
    rows = connection.execute(
        "SELECT id, conversation_id, parent_id, role, superseded, digest FROM message"
        " ORDER BY conversation_id, id"
    ).fetchall()
    for number, conversation_id, parent, role, superseded, digest in rows:
        if conversation_id != conversation:
            conversation, question, said = conversation_id, None, None
        if number in salvage.without_parent or (parent is not None and parent not in ids):
            parent = question if role == "assistant" else said
            digest = None
        if digest is None:
            _set_parent(connection, number, parent)
        if role == "user":
            question = number
        if not superseded:
            said = number


def _set_parent(connection: Any, number: int, parent: int | None) -> None:
    connection.execute("UPDATE message SET parent_id = ? WHERE id = ?", (parent, number))
    row = connection.execute(
        "SELECT id, conversation_id, parent_id, role, text, reasoning, created_at FROM message WHERE id = ?",
        (number,),
    ).fetchone()
    connection.execute("UPDATE message SET digest = ? WHERE id = ?", (row_digest(*row), number))


def _stop_earlier_texts(connection: Any, salvage: Salvage) -> None:
    for number in salvage.kept:
        if salvage.is_old(number):
            connection.execute("UPDATE message SET state = 'stopped' WHERE id = ?", (number,))


def _choose_one_version(connection: Any, salvage: Salvage) -> None:
    """Of messages with the same parent only one is shown: rows of different ages may disagree which."""
    groups = connection.execute(
        "SELECT conversation_id, parent_id FROM message WHERE NOT superseded"
        " GROUP BY conversation_id, parent_id HAVING count(*) > 1"
    ).fetchall()
    for group in groups:
        rivals = [
            row[0]
            for row in connection.execute(
                "SELECT id FROM message WHERE conversation_id = ? AND parent_id IS ? AND NOT superseded",
                group,
            )
        ]
        chosen = max(rivals, key=lambda number: (_is_as_last_written(salvage, number), number))
        for number in rivals:
            if number != chosen:
                connection.execute("UPDATE message SET superseded = 1 WHERE id = ?", (number,))


def _is_as_last_written(salvage: Salvage, number: int) -> bool:
    kept = salvage.kept.get(number)
    return kept is not None and kept.source is Source.NOW


def _insert_conversations(connection: Any, salvage: Salvage) -> None:
    for number in salvage.missing_conversations():
        salvage.conversations[number] = _conversation_of_messages(connection, number)
    for conversation in salvage.conversations.values():
        if not salvage.is_deletion_certain(conversation):
            conversation.deleted_at = None
        insert_conversation(connection, conversation)


def _conversation_of_messages(connection: Any, number: int) -> FoundConversation:
    first, last = connection.execute(
        "SELECT min(created_at), max(created_at) FROM message WHERE conversation_id = ?", (number,)
    ).fetchone()
    row = connection.execute(
        "SELECT text FROM message WHERE conversation_id = ? AND role = 'user' AND text <> '' ORDER BY id",
        (number,),
    ).fetchone()
    title = next((line.strip() for line in (row[0] if row else "").splitlines() if line.strip()), "")
    if len(title) > _TITLE_LENGTH:
        title = title[: _TITLE_LENGTH - 1].rstrip() + "…"
    return FoundConversation(number, title, "", first, last, 0, None, "", "{}", 0)


def _told(connection: Any, salvage: Salvage, lost: dict[int, float | None]) -> Iterator[LostMessage]:
    old = [number for number in salvage.kept if salvage.is_old(number)]
    for number in sorted([*lost, *old]):
        title, role, created_at = connection.execute(
            "SELECT title, role, message.created_at FROM message JOIN conversation"
            " ON conversation.id = conversation_id WHERE message.id = ?",
            (number,),
        ).fetchone()
        yield LostMessage(title, role, lost.get(number, created_at), number, number not in lost)
