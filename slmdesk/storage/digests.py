"""A short proof that a stored row is as it was written."""

from __future__ import annotations

import hashlib

DIGEST_BYTES = 16

# A whole number of this size or more is not exact as a float.
_EXACT = 2**53


def row_digest(*fields: str | int | float | None) -> bytes:
    """16 bytes that change when any of `fields`, their number or their order does.

    A whole number has the same digest as an int and as a float, because a REAL column returns the one where
    the other was written.
    """
    parts: list[bytes] = []
    for field in fields:
        if field is None:
            parts.append(b"-")
            continue
        if isinstance(field, str):
            kind, data = b"t", field.encode("utf-8", "surrogatepass")
        elif isinstance(field, float) and not (field.is_integer() and abs(field) < _EXACT):
            kind, data = b"n", repr(field).encode()
        else:
            kind, data = b"n", str(int(field)).encode()
        parts += (kind, len(data).to_bytes(8, "little"), data)
    return hashlib.blake2b(b"".join(parts), digest_size=DIGEST_BYTES).digest()


def conversation_digest(
    number: int, title: str, system_prompt: str, created_at: float, deleted_at: float | None
) -> bytes:
    """The digest of a conversation. That it is deleted counts: damage must not say so."""
    fields = (number, title, system_prompt, created_at)
    return row_digest(*fields) if deleted_at is None else row_digest(*fields, deleted_at)


def is_conversation_digest(
    digest: bytes,
    number: int,
    title: str,
    system_prompt: str,
    created_at: float,
    deleted_at: float | None,
) -> bool:
    """Whether `digest` is, or was in an earlier version, that of this conversation."""
    if digest == conversation_digest(number, title, system_prompt, created_at, deleted_at):
        return True
    # It was made inside of SQL once, where a text ended at its first NUL.
    title, system_prompt = (text.partition("\0")[0] for text in (title, system_prompt))
    return digest == conversation_digest(number, title, system_prompt, created_at, deleted_at)
