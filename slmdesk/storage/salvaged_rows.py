"""Rows found in the pages of a damaged database, and whether they are what was written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TypeAlias

from slmdesk.storage.digests import (
    DIGEST_BYTES,
    conversation_digest,
    is_conversation_digest,
    row_digest,
)
from slmdesk.storage.records import Value

_MESSAGE_LAYOUTS: dict[int, tuple[str, ...]] = {
    10: (
        "id", "conversation_id", "role", "text", "state", "end_reason", "model_title", "stats",
        "created_at", "superseded",
    ),
    14: (
        "id", "conversation_id", "parent_id", "role", "text", "reasoning", "reasoning_seconds", "state",
        "end_reason", "model_title", "stats", "created_at", "superseded", "digest",
    ),
}  # fmt: skip
"""Columns of a message in each schema version so far, by their number."""

_CONVERSATION_LAYOUTS: dict[int, tuple[str, ...]] = {
    5: ("id", "title", "system_prompt", "created_at", "updated_at"),
    11: (
        "id", "title", "system_prompt", "created_at", "updated_at", "pinned", "deleted_at", "model",
        "options", "named", "digest",
    ),
}  # fmt: skip

MESSAGE_COLUMNS = _MESSAGE_LAYOUTS[14]
CONVERSATION_COLUMNS = _CONVERSATION_LAYOUTS[11]

_ROLES = ("user", "assistant")
_STATES = ("writing", "complete", "stopped", "failed", "lost")
_Fields: TypeAlias = dict[str, Value]


@dataclass(slots=True)
class FoundMessage:
    """A row of the table `message`; `knows_parent` is False for one from before messages had parents."""

    id: int
    conversation_id: int
    parent_id: int | None
    role: str
    text: str
    reasoning: str
    reasoning_seconds: float
    state: str
    end_reason: str | None
    model_title: str
    stats: str | None
    created_at: float
    superseded: int
    digest: bytes | None
    knows_parent: bool = True

    def digest_now(self) -> bytes:
        """The digest that the row has to have."""
        return row_digest(
            self.id,
            self.conversation_id,
            self.parent_id,
            self.role,
            self.text,
            self.reasoning,
            self.created_at,
        )

    def values(self) -> tuple[Value, ...]:
        """In the order of MESSAGE_COLUMNS."""
        return tuple(getattr(self, name) for name in MESSAGE_COLUMNS)


@dataclass(slots=True)
class FoundConversation:
    """A row of the table `conversation`."""

    id: int
    title: str
    system_prompt: str
    created_at: float
    updated_at: float
    pinned: int
    deleted_at: float | None
    model: str
    options: str
    named: int

    @property
    def digest(self) -> bytes:
        """The digest that the row has to have."""
        return conversation_digest(self.id, self.title, self.system_prompt, self.created_at, self.deleted_at)

    def values(self) -> tuple[Value, ...]:
        """In the order of CONVERSATION_COLUMNS."""
        return tuple(getattr(self, name) for name in CONVERSATION_COLUMNS)


Draft: TypeAlias = tuple[int, str, float]


def as_message(number: int, values: tuple[Value, ...]) -> FoundMessage | None:
    """The message that a row is, or None: it is another row, or not what was written."""
    fields = _fields(_MESSAGE_LAYOUTS, number, values)
    if fields is None:
        return None
    conversation_id, parent_id = fields["conversation_id"], fields.get("parent_id")
    role, text, reasoning = fields["role"], fields["text"], fields.get("reasoning", "")
    created_at, digest = _as_float(fields["created_at"]), fields.get("digest")
    if not (
        isinstance(conversation_id, int)
        and (parent_id is None or isinstance(parent_id, int))
        and isinstance(role, str)
        and role in _ROLES
        and isinstance(text, str)
        and isinstance(reasoning, str)
        and created_at is not None
    ):
        return None
    message = FoundMessage(
        number, conversation_id, parent_id, role, text, reasoning,
        _as_float(fields.get("reasoning_seconds")) or 0.0,
        _one_of(_STATES, fields["state"], "stopped"),
        _as_text(fields["end_reason"]),
        _as_text(fields["model_title"]) or "",
        _as_json(fields["stats"]),
        created_at,
        1 if fields["superseded"] else 0,
        digest if isinstance(digest, bytes) else None,
        "parent_id" in fields,
    )  # fmt: skip
    if digest is None:
        # Written without one, by an older version: it must look right in every respect.
        return message if fields["state"] in _STATES and isinstance(fields["model_title"], str) else None
    return message if message.digest == message.digest_now() else None


def as_conversation(number: int, values: tuple[Value, ...]) -> FoundConversation | None:
    """The conversation that a row is, or None: it is another row, or not what was written."""
    fields = _fields(_CONVERSATION_LAYOUTS, number, values)
    if fields is None:
        return None
    title, system_prompt, digest = fields["title"], fields["system_prompt"], fields.get("digest")
    created_at, updated_at = _as_float(fields["created_at"]), _as_float(fields["updated_at"])
    if not isinstance(title, str) or not isinstance(system_prompt, str) or created_at is None:
        return None
    deleted_at = _as_float(fields.get("deleted_at"))
    if isinstance(digest, bytes):
        texts = (title, system_prompt)
        if deleted_at is not None and not is_conversation_digest(
            digest, number, *texts, created_at, deleted_at
        ):
            # Perhaps nothing else is damaged than that.
            deleted_at = None
        if not is_conversation_digest(digest, number, *texts, created_at, deleted_at):
            return None
    return FoundConversation(
        number,
        title,
        system_prompt,
        created_at,
        created_at if updated_at is None else updated_at,
        1 if fields.get("pinned") else 0,
        deleted_at,
        _as_text(fields.get("model")) or "",
        _as_json(fields.get("options")) or "{}",
        1 if fields.get("named") else 0,
    )


def as_draft(number: int, values: tuple[Value, ...]) -> Draft | None:
    """The draft that a row is, or None."""
    if len(values) != 3 or values[0] is not None or number < 0 or not isinstance(values[1], str):
        return None
    updated_at = _as_float(values[2])
    return None if updated_at is None else (number, values[1], updated_at)


def as_greatest_id(values: tuple[Value, ...]) -> tuple[str, int] | None:
    """The table and the greatest id it ever had that a row of SQLite's own table says, or None."""
    if len(values) == 2:
        table, number = values
        if isinstance(table, str) and table in ("conversation", "message") and isinstance(number, int):
            return table, number
    return None


def as_index_entry(values: tuple[Value, ...]) -> tuple[int, int] | None:
    """The conversation and the message that an entry of the index by conversation names, or None."""
    if len(values) == 3:
        conversation_id, number, again = values
        # The index ends with the number of the row, which is the id again.
        if isinstance(conversation_id, int) and isinstance(number, int) and number == again and number > 0:
            return conversation_id, number
    return None


def _fields(layouts: dict[int, tuple[str, ...]], number: int, values: tuple[Value, ...]) -> _Fields | None:
    names = layouts.get(len(values))
    # The id is the number of the row, and stored as nothing.
    if names is None or values[0] is not None or number <= 0:
        return None
    fields = dict(zip(names, values, strict=True))
    digest = fields.get("digest")
    if digest is not None and not (isinstance(digest, bytes) and len(digest) == DIGEST_BYTES):
        return None
    return fields


def _as_float(value: Value) -> float | None:
    # SQLite stores a whole number in a REAL column as an integer.
    return float(value) if isinstance(value, int | float) and abs(value) < 1e300 else None


def _as_text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _as_json(value: Value) -> str | None:
    try:
        return value if isinstance(value, str) and isinstance(json.loads(value), dict) else None
    except (ValueError, RecursionError):
        return None


def _one_of(choices: tuple[str, ...], value: Value, otherwise: str) -> str:
    return value if isinstance(value, str) and value in choices else otherwise
