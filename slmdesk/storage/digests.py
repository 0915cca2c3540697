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
