"""Which messages there are, written down outside of the database.

When a page of the database is destroyed, this file still knows what was on it. It holds numbers, times and
digests, never a word of a conversation. Each record stands by itself and carries its place in the file and a
check, so that damage to the file costs the records it hits and no others, and does not go unnoticed.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slmdesk.storage.digests import DIGEST_BYTES
from slmdesk.storage.folders import write_atomically

_MAGIC = b"SLM1"
_BODY = struct.Struct("<4sBBHqqqd16s")
_PLACE = slice(6, 8)
_CHECK_BYTES = 8
_RECORD_BYTES = _BODY.size + _CHECK_BYTES
_HEADER, _EXISTS, _GONE, _CONVERSATION = 0, 1, 2, 3
_ANSWER, _SUPERSEDED = 1, 2
_DELETED = 1
_NO_DIGEST = bytes(DIGEST_BYTES)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What is known of a message besides its words."""

    id: int
    conversation_id: int
    parent_id: int | None
    role: str
    superseded: bool
    created_at: float
    digest: bytes | None


@dataclass(slots=True)
class LedgerContent:
    """What a ledger says."""

    identity: int | None = None
    """Of the database it belongs to; None: unknown."""
    schema_version: int | None = None
    """That the database has, or is about to have; None: unknown."""
    latest: dict[int, bytes] = field(default_factory=dict)
    """Packed, because there may be a million: see `entry`."""
    earlier: dict[int, set[bytes]] = field(default_factory=dict)
    """Digests that a message had before."""
    gone: set[int] = field(default_factory=set)
    """Messages that were deleted on purpose."""
    deleted: dict[int, float] = field(default_factory=dict)
    """When a person deleted conversations that can still be brought back, by id."""
    is_damaged: bool = False

    def is_deletion_certain(self, conversation_id: int, deleted_at: float) -> bool:
        """Whether a person deleted the conversation then and did not bring it back since."""
        return not self.is_damaged and self.deleted.get(conversation_id) == deleted_at

    def entry(self, number: int) -> LedgerEntry | None:
        """What is known of the message `number`, unless it is gone."""
        body = self.latest.get(number)
        if body is None:
            return None
        _, _, flags, _, _, conversation_id, parent_id, created_at, digest = _BODY.unpack(body)
        return LedgerEntry(
            number,
            conversation_id,
            parent_id or None,
            "assistant" if flags & _ANSWER else "user",
            bool(flags & _SUPERSEDED),
            created_at,
            None if digest == _NO_DIGEST else digest,
        )

    def digest(self, number: int) -> bytes | None:
        """The digest that the message `number` had last."""
        body = self.latest.get(number)
        return None if body is None or body[-DIGEST_BYTES:] == _NO_DIGEST else body[-DIGEST_BYTES:]

    @property
    def greatest_id(self) -> int:
        """The greatest id that is known to have been given to a message; 0: none."""
        return max(max(self.latest, default=0), max(self.gone, default=0))


class Ledger:
    """The file beside the database. Blocking; any thread. Raises OSError where the disk refuses."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def append(self, records: Sequence[bytes], *, at_once: bool) -> None:
        """Add records; `at_once`: they are on the disk when this returns."""
        handle = os.open(
            self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600
        )
        try:
            # In one call, so that records of another process come before or after, not in between.
            data = _placed(records, os.fstat(handle).st_size // _RECORD_BYTES)
            if os.write(handle, data) != len(data):
                raise OSError(f"the ledger took only a part of {len(data)} bytes")
            if at_once:
                os.fsync(handle)
        finally:
            os.close(handle)

    def rewrite(self, identity: int, schema_version: int, records: Iterable[bytes]) -> None:
        """Begin anew, for the database `identity`, with `records`. Nobody may be appending meanwhile."""
        write_atomically(self.file, _placed([record_of_database(identity, schema_version), *records], 0))

    def put_aside(self) -> None:
        """Keep what it says of another database under another name."""
        self.file.replace(self.file.with_name(f"{self.file.stem}.replaced{self.file.suffix}"))

    def read(self) -> LedgerContent | None:
        """All that can be read, or None where there is no such file."""
        try:
            data = self.file.read_bytes()
        except FileNotFoundError:
            return None
        content = LedgerContent()
        place = 0
        while place < len(data):
            body = data[place : place + _BODY.size]
            if not _is_record(body, data[place + _BODY.size : place + _RECORD_BYTES]):
                content.is_damaged = True
                place = data.find(_MAGIC, place + 1)
                if place < 0:
                    break
                continue
            if body[_PLACE] != _place_bytes(place // _RECORD_BYTES):
                content.is_damaged = True
            place += _RECORD_BYTES
            _add(content, body)
        return content

    def identity(self) -> int | None:
        """The database that the ledger belongs to; None: there is no ledger, or its beginning is damaged."""
        try:
            with self.file.open("rb") as stream:
                data = stream.read(_RECORD_BYTES)
        except FileNotFoundError:
            return None
        body = data[: _BODY.size]
        if not _is_record(body, data[_BODY.size :]) or body[4] != _HEADER:
            return None
        return int(_BODY.unpack(body)[4])


def record_of_database(identity: int, schema_version: int) -> bytes:
    """A record that says which database this is the ledger of, and its version from now on."""
    return _pack(_HEADER, 0, identity, schema_version, 0, 0.0, _NO_DIGEST)


def record_of(
    number: int,
    conversation_id: int,
    parent_id: int | None,
    role: str,
    superseded: int,
    created_at: float,
    digest: bytes | None,
) -> bytes:
    """A record that says: this message exists, and this is its digest now."""
    flags = (_ANSWER if role == "assistant" else 0) | (_SUPERSEDED if superseded else 0)
    return _pack(_EXISTS, flags, number, conversation_id, parent_id or 0, created_at, digest or _NO_DIGEST)


def record_of_deletion(number: int) -> bytes:
    """A record that says: this message was deleted on purpose."""
    return _pack(_GONE, 0, number, 0, 0, 0.0, _NO_DIGEST)


def record_of_conversation(number: int, deleted_at: float | None) -> bytes:
    """A record that says: a person deleted this conversation then, or (None) has it back."""
    flags = 0 if deleted_at is None else _DELETED
    return _pack(_CONVERSATION, flags, number, 0, 0, deleted_at or 0.0, _NO_DIGEST)


def _pack(
    kind: int, flags: int, number: int, conversation_id: int, parent_id: int, created_at: float, digest: bytes
) -> bytes:
    return _BODY.pack(_MAGIC, kind, flags, 0, number, conversation_id, parent_id, created_at, digest)


def _placed(records: Sequence[bytes], first: int) -> bytes:
    parts: list[bytes] = []
    for place, record in enumerate(records, first):
        body = record[: _PLACE.start] + _place_bytes(place) + record[_PLACE.stop :]
        parts += (body, _check(body))
    return b"".join(parts)


def _place_bytes(place: int) -> bytes:
    return (place & 0xFFFF).to_bytes(2, "little")


def _check(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECK_BYTES).digest()


def _is_record(body: bytes, check: bytes) -> bool:
    return len(body) == _BODY.size and body[:4] == _MAGIC and _check(body) == check


def _add(content: LedgerContent, body: bytes) -> None:
    _, kind, flags, _, number, second, _, seconds, _ = _BODY.unpack(body)
    if kind == _HEADER:
        content.identity, content.schema_version = number, second
    elif kind == _GONE:
        content.latest.pop(number, None)
        content.gone.add(number)
    elif kind == _CONVERSATION:
        content.deleted.pop(number, None)
        if flags & _DELETED:
            content.deleted[number] = seconds
    else:
        before = content.latest.get(number)
        if before is not None and before[-DIGEST_BYTES:] != body[-DIGEST_BYTES:]:
            content.earlier.setdefault(number, set()).add(before[-DIGEST_BYTES:])
        content.latest[number] = body
        content.gone.discard(number)
