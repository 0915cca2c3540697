"""Tensors in a model.onnx: what they hold, how large they are, and in which file they lie."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from slmdesk.formats.onnx.errors import OnnxError
from slmdesk.formats.onnx.limits import Limits
from slmdesk.formats.onnx.protobuf import BYTES, VARINT, Cursor

FLOAT, UINT8, INT8, FLOAT16, BFLOAT16, UINT4, INT4 = 1, 2, 3, 10, 16, 21, 22

# TensorProto.DataType without the texts, which have no size of their own.
BITS_OF_TYPE = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128,
    16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2,
}  # fmt: skip
_LARGEST_SIZE = 1 << 50
_LONGEST_NUMBER = 18
# Content inside the graph: as raw bytes, or as numbers of several kinds.
_CONTENT = frozenset({4, 5, 6, 7, 9, 10, 11})


@dataclass(frozen=True, slots=True)
class External:
    """A range of a file beside the graph."""

    file: str
    """As the graph names it, unchecked."""
    offset: int
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor without its content."""

    name: str
    data_type: int
    """TensorProto.DataType."""
    rows: int
    """Its first dimension; 1 without one."""
    count: int
    """Numbers in it."""
    size: int
    """Bytes, wherever they lie."""
    external: External | None
    """None: inside the graph."""


def read_tensor(cursor: Cursor, length: int, limits: Limits) -> Tensor:
    """The tensor in the TensorProto of `length` bytes ahead. Raises `damaged`, `too_large`."""
    name = ""
    data_type = 0
    dims: list[int] = []
    entries: list[tuple[str, str]] = []
    inside = 0
    is_external = False
    for number, wire, value in cursor.fields(cursor.position + length):
        if number == 1:
            dims.extend(_dims(cursor, wire, value, limits.items))
        elif number == 2 and wire == VARINT:
            data_type = value
        elif number == 8 and wire == BYTES:
            name = cursor.text(value)
        elif number == 13 and wire == BYTES:
            entries.append(_entry(cursor, value))
        elif number == 14 and wire == VARINT:
            is_external = value == 1
        elif number in _CONTENT and wire == BYTES:
            inside += value
        if len(dims) > limits.items or len(entries) > limits.items:
            raise OnnxError("too_large", part=cursor.part, what="parts of a tensor", limit=limits.items)
    count = math.prod(dims)
    size = -(-count * BITS_OF_TYPE.get(data_type, 0) // 8)
    if count > _LARGEST_SIZE:
        raise cursor.damaged("a tensor of impossible size")
    # Entries alone are taken as seriously as the mark: what cannot be told apart is checked.
    external = _external(cursor, entries, size) if entries or is_external else None
    stored = external.size if external else size or inside
    return Tensor(name, data_type, dims[0] if dims else 1, count, stored, external)


def read_sparse(cursor: Cursor, length: int, limits: Limits) -> Iterator[Tensor]:
    """The tensors with the values and the places of a SparseTensorProto."""
    seen: set[int] = set()
    for number, wire, value in cursor.fields(cursor.position + length):
        if wire == BYTES and number in (1, 2):
            if number in seen:
                raise cursor.damaged("a sparse tensor with two contents")
            seen.add(number)
            yield read_tensor(cursor, value, limits)


def _dims(cursor: Cursor, wire: int, value: int, most: int) -> Iterator[int]:
    if wire == VARINT:
        numbers: Iterator[int] = iter((value,))
    elif wire == BYTES:
        numbers = cursor.varints(value)
    else:
        return
    for index, number in enumerate(numbers):
        if number >> 63 or index > most:
            raise cursor.damaged("a dimension of impossible size")
        yield min(number, _LARGEST_SIZE + 1)


def _entry(cursor: Cursor, length: int) -> tuple[str, str]:
    key = text = ""
    for number, wire, value in cursor.fields(cursor.position + length):
        if wire == BYTES and number == 1:
            key = cursor.text(value)
        elif wire == BYTES and number == 2:
            text = cursor.text(value)
    return key, text


def _external(cursor: Cursor, entries: list[tuple[str, str]], size: int) -> External:
    values = dict(entries)
    if len(values) != len(entries) or not values.get("location"):
        raise cursor.damaged("a tensor that does not say where it lies")
    length = _number(cursor, values.get("length", "0"))
    return External(values["location"], _number(cursor, values.get("offset", "0")), max(length, size))


def _number(cursor: Cursor, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise cursor.damaged("a place in a file that is no number")
    return int(text)
