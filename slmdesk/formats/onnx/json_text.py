"""JSON as a hostile file may hold it: small enough, not too deep, every key once.

The native library reads the same text with a parser of its own, which merges a key that is written twice,
while Python's keeps the last one: so a key that appears twice is refused, or each would read another file.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from typing import TypeAlias

from slmdesk.formats.onnx.errors import OnnxError
from slmdesk.formats.onnx.limits import Limits
from slmdesk.formats.onnx.places import Place, read_place

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Object: TypeAlias = Mapping[str, Json]

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
BYTE_ORDER_MARK = codecs.BOM_UTF8
"""What some editors write in front of text, of which it is no part."""


def read_object(place: Place, limits: Limits, most_bytes: int) -> Object:
    """The object that the file of at most `most_bytes` holds, behind a byte order mark or without one.

    Raises `bad_json`, `empty`, `lfs_pointer`, `too_large`, `unreadable`.
    """
    data = read_place(place, most_bytes)
    return parse_object(data.removeprefix(BYTE_ORDER_MARK), place.part, limits)


def parse_object(data: bytes, part: str, limits: Limits) -> Object:
    """The same from the content of a file that is called `part`, which begins with no byte order mark."""
    if data.startswith(LFS_POINTER):
        raise OnnxError("lfs_pointer", part=part)
    if not data.strip():
        raise OnnxError("empty", part=part)
    try:
        # Not json.loads on the bytes: it would guess at UTF-16 and UTF-32.
        value: Json = json.loads(data.decode(), object_pairs_hook=_once, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise OnnxError("bad_json", part=part, line=error.lineno) from error
    except (ValueError, RecursionError) as error:
        # ValueError: no UTF-8, a key that appears twice, NaN, a number of thousands of digits.
        raise OnnxError("bad_json", part=part, line=0) from error
    if not isinstance(value, dict):
        raise OnnxError("bad_json", part=part, line=1)
    if _nesting(value, limits.json_nesting) > limits.json_nesting:
        raise OnnxError("too_large", part=part, what="nesting", limit=limits.json_nesting)
    return value


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found


def _refuse(text: str) -> Json:
    raise ValueError(text)


def _nesting(value: Json, most: int) -> int:
    """How deep lists and objects lie in each other; not looked at further than `most` + 1."""
    if most < 0 or not isinstance(value, (dict, list)):
        return 0
    inside = value.values() if isinstance(value, dict) else value
    return 1 + max((_nesting(one, most - 1) for one in inside), default=0)
