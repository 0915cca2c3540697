"""What goes into a graph and comes out of it: names, types and sizes, as ValueInfoProto has them."""

from __future__ import annotations

from dataclasses import dataclass

from slmdesk.formats.onnx.errors import OnnxError
from slmdesk.formats.onnx.limits import Limits
from slmdesk.formats.onnx.protobuf import BYTES, VARINT, Cursor


@dataclass(frozen=True, slots=True)
class Value:
    """An input or an output of the whole graph."""

    element_type: int
    """TensorProto.DataType; 0 where it is no tensor."""
    dims: tuple[int | None, ...]
    """None: not fixed."""


def read_value(cursor: Cursor, length: int, limits: Limits) -> tuple[str, Value]:
    """The name and the type in the ValueInfoProto of `length` bytes ahead. Raises `damaged`, `too_large`."""
    name = ""
    found = Value(0, ())
    for number, wire, value in cursor.fields(cursor.position + length):
        if wire == BYTES and number == 1:
            name = cursor.text(value)
        elif wire == BYTES and number == 2:
            for inner, inner_wire, inner_length in cursor.fields(cursor.position + value):
                if inner == 1 and inner_wire == BYTES:
                    found = _read_tensor_type(cursor, inner_length, limits)
    return name, found


def _read_tensor_type(cursor: Cursor, length: int, limits: Limits) -> Value:
    element_type = 0
    dims: list[int | None] = []
    for number, wire, value in cursor.fields(cursor.position + length):
        if number == 1 and wire == VARINT:
            element_type = value
        elif number == 2 and wire == BYTES:
            for inner, inner_wire, inner_length in cursor.fields(cursor.position + value):
                if inner == 1 and inner_wire == BYTES:
                    if len(dims) >= limits.items:
                        raise OnnxError("too_large", part=cursor.part, what="dimensions", limit=limits.items)
                    dims.append(_read_dimension(cursor, inner_length))
    return Value(element_type, tuple(dims))


def _read_dimension(cursor: Cursor, length: int) -> int | None:
    size: int | None = None
    for number, wire, value in cursor.fields(cursor.position + length):
        if number == 1 and wire == VARINT and value < 1 << 31:
            size = value
    return size
