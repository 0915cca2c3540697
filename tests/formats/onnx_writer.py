"""Writes ONNX models byte by byte: right ones, and ones that no library would write.

ModelProto and its parts, as far as the tests need them; numbers of fields are those of onnx.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

FLOAT, UINT8, INT8, INT32, INT64, FLOAT16, BFLOAT16, UINT4, INT4 = 1, 2, 3, 6, 7, 10, 16, 21, 22

_VARINT, _BYTES, _FIXED32 = 0, 2, 5
_EXTERNAL = 1

MICROSOFT = "com.microsoft"

Message: TypeAlias = bytes
Attribute: TypeAlias = int | float | str | Message


def varint(number: int) -> bytes:
    """`number` as protobuf writes whole numbers; a negative one takes ten bytes."""
    number &= (1 << 64) - 1
    data = bytearray()
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    data.append(number)
    return bytes(data)


def field(number: int, value: int | float | str | bytes) -> bytes:
    """One field of a message: a whole number, a float of 32 bits, a text or the bytes of another message."""
    if isinstance(value, int):
        return varint(number << 3 | _VARINT) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | _FIXED32) + struct.pack("<f", value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | _BYTES) + varint(len(data)) + data


def fields(number: int, values: Iterable[int | float | str | bytes]) -> bytes:
    """A field that is repeated."""
    return b"".join(field(number, value) for value in values)


def entry(key: str, value: str) -> Message:
    """A StringStringEntryProto."""
    return field(1, key) + field(2, value)


def tensor(
    name: str,
    dims: Sequence[int],
    data_type: int = FLOAT,
    *,
    raw: bytes | None = None,
    external: Mapping[str, str] | None = None,
) -> Message:
    """A TensorProto whose content is `raw`, or in another file as the entries in `external` say."""
    data = fields(1, dims) + field(2, data_type) + field(8, name)
    if raw is not None:
        data += field(9, raw)
    if external is not None:
        data += fields(13, (entry(key, value) for key, value in external.items())) + field(14, _EXTERNAL)
    return data


def sparse_tensor(values: Message, indices: Message, dims: Sequence[int]) -> Message:
    """A SparseTensorProto."""
    return field(1, values) + field(2, indices) + fields(3, dims)


def attribute(name: str, value: Attribute, *, kind: str = "") -> Message:
    """An AttributeProto; bytes are a message of the `kind` tensor, graph, sparse, or a plural."""
    if isinstance(value, bytes):
        number, code = {
            "tensor": (5, 4), "graph": (6, 5), "tensors": (10, 9), "graphs": (11, 10),
            "sparse": (22, 11), "sparses": (23, 12),
        }[kind]  # fmt: skip
    elif isinstance(value, int):
        number, code = 3, 2
    elif isinstance(value, float):
        number, code = 2, 1
    else:
        number, code = 4, 3
    return field(1, name) + field(number, value) + field(20, code)


def node(
    operator: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    domain: str = "",
    name: str = "",
    attributes: Mapping[str, Attribute] | None = None,
    more: Sequence[Message] = (),
) -> Message:
    """A NodeProto; `more` are attributes that are written already."""
    data = fields(1, inputs) + fields(2, outputs) + field(3, name) + field(4, operator)
    data += fields(5, [*(attribute(key, value) for key, value in (attributes or {}).items()), *more])
    return data + (field(7, domain) if domain else b"")


def value_info(name: str, data_type: int, dims: Sequence[int | str]) -> Message:
    """A ValueInfoProto of a tensor; a dimension that is a text has that name."""
    shape = fields(1, (field(1 if isinstance(dim, int) else 2, dim) for dim in dims))
    return field(1, name) + field(2, field(1, field(1, data_type) + field(2, shape)))


def graph(
    nodes: Sequence[Message] = (),
    *,
    initializers: Sequence[Message] = (),
    sparse: Sequence[Message] = (),
    inputs: Sequence[Message] = (),
    outputs: Sequence[Message] = (),
    name: str = "main_graph",
) -> Message:
    """A GraphProto."""
    data = fields(1, nodes) + field(2, name) + fields(5, initializers)
    return data + fields(11, inputs) + fields(12, outputs) + fields(15, sparse)


def function(name: str, nodes: Sequence[Message], *, domain: str = "test") -> Message:
    """A FunctionProto."""
    return field(1, name) + fields(7, nodes) + field(10, domain)


def model(
    content: Message | None,
    *,
    ir_version: int = 10,
    opsets: Mapping[str, int] | None = None,
    functions: Sequence[Message] = (),
    producer: str = "slmdesk-tests",
) -> bytes:
    """A ModelProto, the content of a model.onnx; None: one without a graph."""
    data = field(1, ir_version) + field(2, producer)
    if content is not None:
        data += field(7, content)
    for domain, version in ({"": 21, MICROSOFT: 1} if opsets is None else opsets).items():
        data += field(8, field(1, domain) + field(2, version))
    return data + fields(25, functions)
