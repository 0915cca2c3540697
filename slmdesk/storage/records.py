"""Rows inside the pages of a database file, without SQLite."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from typing import TypeAlias

from slmdesk.storage.pages import PAGE_BYTES, PageImage

Value: TypeAlias = int | float | str | bytes | None

_TABLE_LEAF = 0x0D
_INDEX_LEAF = 0x0A
_INDEX_INNER = 0x02
_TABLE_LOCAL = PAGE_BYTES - 35
_INDEX_LOCAL = (PAGE_BYTES - 12) * 64 // 255 - 23
_LEAST_LOCAL = (PAGE_BYTES - 12) * 32 // 255 - 23
_INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


class _Unreadable(Exception):  # noqa: N818 - never leaves this module
    """What lies here is no row."""


def table_rows(
    image: PageImage, page: bytes, as_of: int | None = None
) -> Iterator[tuple[int, tuple[Value, ...]]]:
    """Number and values of each row on `page`, where it is the leaf of a table.

    A row may go on in other pages: they are taken from `image` as `PageImage.page` does. Rows that cannot be
    read are left out.
    """
    if page[:1] == bytes((_TABLE_LEAF,)):
        for place in _cells(page, 8):
            with contextlib.suppress(_Unreadable):
                length, place = _varint(page, place)
                number, place = _varint(page, place)
                yield number, _decode(_payload(image, page, place, length, as_of))


def index_rows(page: bytes) -> Iterator[tuple[Value, ...]]:
    """The values of each entry on `page`, where it belongs to an index.

    Entries that cannot be read, or go on in other pages, are left out.
    """
    kind = page[0] if page else 0
    if kind in (_INDEX_LEAF, _INDEX_INNER):
        for place in _cells(page, 8 if kind == _INDEX_LEAF else 12):
            with contextlib.suppress(_Unreadable):
                length, place = _varint(page, place if kind == _INDEX_LEAF else place + 4)
                if length <= _INDEX_LOCAL:
                    yield _decode(page[place : place + length])


def _cells(page: bytes, header_bytes: int) -> Iterator[int]:
    if len(page) != PAGE_BYTES:
        return
    count = min(int.from_bytes(page[3:5], "big"), (PAGE_BYTES - header_bytes) // 2)
    yield from struct.unpack_from(f">{count}H", page, header_bytes)


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for index in range(9):
        if place >= len(data):
            raise _Unreadable
        byte = data[place]
        place += 1
        if index == 8:
            value = value << 8 | byte
            break
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return (value - (1 << 64) if value >> 63 else value), place


def _payload(image: PageImage, page: bytes, place: int, length: int, as_of: int | None) -> bytes:
    if not 0 < length <= image.total_bytes:
        raise _Unreadable
    if length <= _TABLE_LOCAL:
        return page[place : place + length]
    local = _LEAST_LOCAL + (length - _LEAST_LOCAL) % (PAGE_BYTES - 4)
    if local > _TABLE_LOCAL:
        local = _LEAST_LOCAL
    parts, got = [page[place : place + local]], local
    number = int.from_bytes(page[place + local : place + local + 4], "big")
    while got < length:
        more = image.page(number, as_of) if number else b""
        if len(more) != PAGE_BYTES:
            raise _Unreadable
        part = more[4 : 4 + length - got]
        parts.append(part)
        got += len(part)
        number = int.from_bytes(more[:4], "big")
    return b"".join(parts)


def _decode(payload: bytes) -> tuple[Value, ...]:
    header_bytes, place = _varint(payload, 0)
    if not place <= header_bytes <= len(payload):
        raise _Unreadable
    kinds: list[int] = []
    while place < header_bytes:
        kind, place = _varint(payload, place)
        kinds.append(kind)
    values: list[Value] = []
    for kind in kinds:
        value, place = _value(payload, place, kind)
        values.append(value)
    if place != len(payload):
        raise _Unreadable
    return tuple(values)


def _value(payload: bytes, place: int, kind: int) -> tuple[Value, int]:
    if kind == 0:
        return None, place
    if kind in (8, 9):
        return kind - 8, place
    if kind < 0 or kind in (10, 11):
        raise _Unreadable
    count = _INTEGER_BYTES.get(kind) or (8 if kind == 7 else (kind - 12) // 2)
    data = payload[place : place + count]
    if len(data) != count:
        raise _Unreadable
    place += count
    if kind in _INTEGER_BYTES:
        return int.from_bytes(data, "big", signed=True), place
    if kind == 7:
        return float(struct.unpack(">d", data)[0]), place
    if kind % 2 == 0:
        return data, place
    try:
        return data.decode(), place
    except UnicodeDecodeError:
        raise _Unreadable from None
