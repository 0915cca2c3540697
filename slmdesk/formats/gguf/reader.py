"""Reading a header from any source, within limits."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from slmdesk.formats.gguf import types
from slmdesk.formats.gguf.errors import GgufError
from slmdesk.formats.gguf.header import GgufHeader, SkippedArray, TensorInfo, Value
from slmdesk.formats.gguf.limits import Limits
from slmdesk.formats.gguf.source import Cursor, RangeSource, open_source

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_MOST_DIMENSIONS = 4
_DEFAULT_ALIGNMENT = 32
_LARGEST_ALIGNMENT = 1 << 20
# ggml counts values and bytes in signed 64-bit numbers.
_LARGEST_NUMBER = (1 << 63) - 1

_KINDS = frozenset(types.ValueType)

# What Python keeps for one object of each kind, roughly and on the safe side.
_COST_OF_TEXT = 96
_COST_OF_ITEM = 40
_COST_OF_TENSOR = 320


def read_header(source: Path | bytes | RangeSource, *, limits: Limits | None = None) -> GgufHeader:
    """The header of the GGUF file in `source`: a path, bytes that begin with it, or an object with `read_at`.

    Blocking; callable from any thread. Reads no tensor data, so a file may be cut off behind its header:
    `GgufHeader.require_complete` finds that out. Raises GgufError for everything else, within `limits`.
    """
    with open_source(source) as opened:
        return _read(Cursor(opened, limits or Limits()), limits or Limits())


def read_texts(source: Path, header: GgufHeader, key: str) -> Iterator[bytes]:
    """The texts in the array at `key` of `header`, which was read from `source`; none where it has no such.

    Those of a long array, which the header does not keep, are read again. Blocking; raises GgufError.
    """
    array = header.metadata.get(key)
    if isinstance(array, tuple):
        yield from (item.encode() for item in array if isinstance(item, str))
    elif isinstance(array, SkippedArray) and array.element_type == types.ValueType.STRING:
        yield from _texts(source, array, ">" if header.byte_order == "big" else "<")


def _texts(source: Path, array: SkippedArray, order: str) -> Iterator[bytes]:
    with open_source(source) as opened:
        data = opened.read_at(array.offset, array.size_bytes)
    unpack = struct.Struct(order + "Q").unpack_from
    at = 0
    while at + 8 <= len(data):
        length = unpack(data, at)[0]
        yield data[at + 8 : at + 8 + length]
        at += 8 + length


def _read(cursor: Cursor, limits: Limits) -> GgufHeader:
    version = _begin(cursor)
    tensor_count, metadata_count = cursor.uint64(), cursor.uint64()
    _within(tensor_count, limits.tensor_count, "tensor count")
    _within(metadata_count, limits.metadata_count, "metadata count")
    metadata: dict[str, Value] = {}
    for _ in range(metadata_count):
        cursor.check_time()
        key = _text(cursor, limits)
        if key in metadata:
            raise GgufError("damaged", what=f"metadata key {key[:64]!r} appears twice")
        metadata[key] = _value(cursor, limits, cursor.uint32(), nesting=0)
    alignment = _alignment(metadata)
    tensors = []
    names: set[str] = set()
    for index in range(tensor_count):
        if index % 256 == 0:
            cursor.check_time()
        tensor = _tensor(cursor, limits, alignment)
        if tensor.name in names:
            raise GgufError("damaged", what=f"tensor {tensor.name!r} appears twice")
        names.add(tensor.name)
        tensors.append(tensor)
    end = cursor.position
    return GgufHeader(
        version=version,
        byte_order="big" if cursor.order == ">" else "little",
        metadata=metadata,
        tensors=tuple(tensors),
        alignment=alignment,
        header_bytes=end,
        data_offset=-(-end // alignment) * alignment,
        file_bytes=cursor.size,
    )


def _begin(cursor: Cursor) -> int:
    size = cursor.size
    if size == 0:
        raise GgufError("empty")
    if size is not None and size < len(_MAGIC):
        start = cursor.read(size)
        if not _MAGIC.startswith(start):
            raise GgufError("not_gguf")
        raise GgufError("header_cut_off", have_bytes=size)
    if cursor.read(len(_MAGIC)) != _MAGIC:
        raise GgufError("not_gguf")
    raw = cursor.read(4)
    version = int.from_bytes(raw, "little")
    if version & 0xFFFF == 0:
        # No version has as many digits; written by a machine of the other byte order it looks like this.
        cursor.order = ">"
        version = int.from_bytes(raw, "big")
    if version not in _VERSIONS:
        raise GgufError("unsupported_version", version=version)
    return version


def _within(count: int, limit: int, what: str) -> None:
    if count > limit:
        raise GgufError("too_large", what=what, limit=limit)


def _text(cursor: Cursor, limits: Limits) -> str:
    length = cursor.uint64()
    _within(length, limits.string_bytes, "string")
    cursor.keep(length * 2 + _COST_OF_TEXT)
    return cursor.read(length).decode("utf-8", "replace")


def _value(cursor: Cursor, limits: Limits, kind: int, nesting: int) -> Value:
    if kind == types.ValueType.STRING:
        return _text(cursor, limits)
    if kind == types.ValueType.ARRAY:
        return _array(cursor, limits, nesting)
    code = types.NUMBER_CODES.get(kind)
    if code is None:
        raise GgufError("damaged", what=f"value type {kind}")
    cursor.keep(_COST_OF_ITEM)
    number = cursor.unpack(code)
    return bool(number) if kind == types.ValueType.BOOL else number


def _array(cursor: Cursor, limits: Limits, nesting: int) -> Value:
    kind, count = cursor.uint32(), cursor.uint64()
    _check_array(limits, kind, count, nesting)
    if count <= limits.kept_items:
        cursor.keep(count * _COST_OF_ITEM + _COST_OF_TEXT)
        cursor.check_time()
        return tuple(_value(cursor, limits, kind, nesting + 1) for _ in range(count))
    start = cursor.position
    _skip_items(cursor, limits, kind, count, nesting)
    return SkippedArray(kind, count, start, cursor.position - start)


def _check_array(limits: Limits, kind: int, count: int, nesting: int) -> None:
    _within(count, limits.header_bytes, "array")
    if kind not in _KINDS:
        raise GgufError("damaged", what=f"value type {kind}")
    if kind == types.ValueType.ARRAY:
        _within(nesting + 2, limits.nesting, "nesting of arrays")


def _skip_items(cursor: Cursor, limits: Limits, kind: int, count: int, nesting: int) -> None:
    if kind == types.ValueType.STRING:
        cursor.skip_strings(count)
    elif kind == types.ValueType.ARRAY:
        for index in range(count):
            if index % 256 == 0:
                cursor.check_time()
            inner, length = cursor.uint32(), cursor.uint64()
            _check_array(limits, inner, length, nesting + 1)
            _skip_items(cursor, limits, inner, length, nesting + 1)
    else:
        cursor.skip(count * struct.calcsize(types.NUMBER_CODES[kind]))


def _alignment(metadata: dict[str, Value]) -> int:
    value = metadata.get("general.alignment", _DEFAULT_ALIGNMENT)
    if not isinstance(value, int) or not 0 < value <= _LARGEST_ALIGNMENT or value & (value - 1):
        raise GgufError("damaged", what="alignment is no power of two")
    return value


def _tensor(cursor: Cursor, limits: Limits, alignment: int) -> TensorInfo:
    length = cursor.uint64()
    _within(length, limits.tensor_name_bytes, "tensor name")
    cursor.keep(length + _COST_OF_TENSOR)
    name = cursor.read(length).decode("utf-8", "replace")
    dimensions = cursor.uint32()
    if dimensions > _MOST_DIMENSIONS:
        raise GgufError("damaged", what=f"tensor {name!r} has {dimensions} dimensions")
    shape = tuple(cursor.uint64() for _ in range(dimensions))
    kind, offset = cursor.uint32(), cursor.uint64()
    values = 1
    for length in shape:
        values *= length
    if values > _LARGEST_NUMBER or any(length > _LARGEST_NUMBER for length in shape):
        raise GgufError("damaged", what=f"tensor {name!r} has {values} values")
    size: int | None = None
    known = types.TENSOR_TYPES.get(kind)
    if known:
        _, block, block_bytes = known
        if (shape[0] if shape else 1) % block:
            raise GgufError("damaged", what=f"rows of tensor {name!r} are no whole blocks")
        size = values // block * block_bytes
    if offset % alignment or offset + (size or 0) > _LARGEST_NUMBER:
        raise GgufError("damaged", what=f"tensor {name!r} lies at {offset}")
    return TensorInfo(name, shape, kind, offset, values, size)
