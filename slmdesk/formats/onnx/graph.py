"""The structure of a model.onnx: its tensors and where they lie, its inputs and outputs, the nodes
that tell of weights.

Weights are stepped over, never read. Numbers of fields are those of onnx.proto.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from slmdesk.formats.onnx.errors import OnnxError
from slmdesk.formats.onnx.json_text import LFS_POINTER
from slmdesk.formats.onnx.limits import Limits
from slmdesk.formats.onnx.places import Place, open_place
from slmdesk.formats.onnx.protobuf import BYTES, VARINT, Cursor
from slmdesk.formats.onnx.sources import Content, OpenFile, Source
from slmdesk.formats.onnx.tensors import Tensor, read_sparse, read_tensor
from slmdesk.formats.onnx.values import Value, read_value

# Operators whose attributes and inputs tell weights from their scales, and which table holds the words.
WEIGHT_OPERATORS = frozenset(
    {
        "MatMulNBits", "Gather", "GatherBlockQuantized", "QMoE", "DequantizeLinear",
        "GroupQueryAttention", "RotaryEmbedding",
    }
)  # fmt: skip
# Operators that a session runs without a library of their maker's.
_BUILT_IN_DOMAINS = frozenset(
    {
        "", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training",
        "com.microsoft", "com.microsoft.experimental", "com.microsoft.nchwc", "com.microsoft.dml",
        "com.ms.internal.nhwc",
    }
)  # fmt: skip
_KNOWN_FIELDS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26})
_CONTEXT_NODE = "EPContext"


@dataclass(frozen=True, slots=True)
class Node:
    """A node that matters for the count of weights or of words."""

    operator: str
    inputs: tuple[str, ...]
    numbers: Mapping[str, int]
    """Its attributes that are whole numbers."""


@dataclass(slots=True)
class Graph:
    """What was found in one model.onnx."""

    tensors: list[Tensor] = field(default_factory=list)
    """All of them: weights, and those in nodes, in subgraphs and in functions."""
    weights: dict[str, Tensor] = field(default_factory=dict)
    """The initializers of the main graph by name."""
    nodes: list[Node] = field(default_factory=list)
    inputs: dict[str, Value] = field(default_factory=dict)
    outputs: dict[str, Value] = field(default_factory=dict)
    context_files: list[str] = field(default_factory=list)
    """Files with compiled code that nodes name."""


def read_graph(place: Place, limits: Limits) -> Graph:
    """The structure of the ONNX file at `place`.

    Blocking. Raises OnnxError `empty`, `lfs_pointer`, `not_onnx`, `no_graph`, `cut_off`, `damaged`,
    `too_large`, `custom_operator`, `unreadable`.
    """
    descriptor = open_place(place)
    try:
        return _read(OpenFile(descriptor), os.fstat(descriptor).st_size, place.part, limits)
    except OSError as error:
        raise OnnxError("unreadable", part=place.part, reason=error.strerror or str(error)) from error
    finally:
        os.close(descriptor)


def parse_graph(data: bytes, part: str, limits: Limits) -> Graph:
    """The same from the content of a file that is called `part`. Raises all of it but `unreadable`."""
    return _read(Content(data), len(data), part, limits)


def _read(source: Source, size: int, part: str, limits: Limits) -> Graph:
    _check_beginning(source.read_at(0, len(LFS_POINTER)), part)
    return _Reader(Cursor(source, size, part, limits), limits).read()


def _check_beginning(data: bytes, part: str) -> None:
    if not data:
        raise OnnxError("empty", part=part)
    if data == LFS_POINTER:
        raise OnnxError("lfs_pointer", part=part)
    if data[0] >> 3 not in _KNOWN_FIELDS or data[0] & 7 not in (VARINT, BYTES):
        raise OnnxError("not_onnx", part=part)


class _Reader:
    def __init__(self, cursor: Cursor, limits: Limits) -> None:
        self._cursor = cursor
        self._limits = limits
        self._graph = Graph()
        self._nodes = 0
        self._used_domains: set[str] = set()
        self._own_domains: set[str] = set()
        self._imported: set[str] = set()

    def read(self) -> Graph:
        cursor = self._cursor
        has_version = has_graph = False
        for number, wire, value in cursor.fields(cursor.size):
            if number not in _KNOWN_FIELDS and not has_graph:
                raise OnnxError("not_onnx", part=cursor.part)
            if number == 1 and wire == VARINT:
                has_version = value > 0
            elif wire != BYTES:
                continue
            elif number == 7:
                if has_graph:
                    raise cursor.damaged("a second graph")
                has_graph = True
                self._read_graph(value, depth=0)
            elif number == 8:
                self._imported.add(self._read_domain(value, 1))
            elif number == 20:
                self._walk(value, {1: self._read_inner_graph, 2: self._read_inner_graph})
            elif number == 25:
                self._read_function(value)
        if not has_graph or not self._nodes:
            raise OnnxError("no_graph" if has_version else "not_onnx", part=cursor.part)
        self._check_domains(has_version)
        return self._graph

    def _check_domains(self, has_version: bool) -> None:
        """A file that was cut off between two fields is a message still, but names no operators' versions."""
        for domain in sorted(self._used_domains - self._own_domains):
            if domain not in _BUILT_IN_DOMAINS:
                raise OnnxError("custom_operator", part=self._cursor.part, domain=domain[:200])
        imported = {_canonical(domain) for domain in self._imported}
        missing = {_canonical(domain) for domain in self._used_domains} - imported
        if not has_version or not self._imported or missing:
            raise self._cursor.damaged("no version of the operators")

    def _walk(self, length: int, readers: Mapping[int, Callable[[int], None]]) -> None:
        """Give each field of bytes in the message ahead to its reader; the others are stepped over."""
        for number, wire, value in self._cursor.fields(self._cursor.position + length):
            if wire == BYTES and number in readers:
                readers[number](value)

    def _read_inner_graph(self, length: int) -> None:
        self._read_graph(length, depth=1)

    def _read_graph(self, length: int, depth: int) -> None:
        if depth > self._limits.nesting:
            raise OnnxError(
                "too_large", part=self._cursor.part, what="nesting of graphs", limit=self._limits.nesting
            )
        cursor, main = self._cursor, depth == 0
        for number, wire, value in cursor.fields(cursor.position + length):
            if wire != BYTES:
                continue
            if number == 1:
                self._read_node(value, depth)
            elif number == 5:
                tensor = self._add(read_tensor(cursor, value, self._limits))
                if main:
                    self._graph.weights[tensor.name] = tensor
            elif number == 11 and main:
                self._read_named(value, self._graph.inputs, "inputs")
            elif number == 12 and main:
                self._read_named(value, self._graph.outputs, "outputs")
            elif number == 15:
                self._read_sparse(value)

    def _add(self, tensor: Tensor) -> Tensor:
        if len(self._graph.tensors) >= self._limits.tensors:
            raise OnnxError(
                "too_large", part=self._cursor.part, what="number of tensors", limit=self._limits.tensors
            )
        self._cursor.keep(256)
        self._graph.tensors.append(tensor)
        return tensor

    def _read_sparse(self, length: int) -> None:
        for tensor in read_sparse(self._cursor, length, self._limits):
            self._add(tensor)

    def _read_node(self, length: int, depth: int) -> None:
        cursor = self._cursor
        self._nodes += 1
        if self._nodes > self._limits.nodes:
            raise OnnxError("too_large", part=cursor.part, what="number of nodes", limit=self._limits.nodes)
        operator = domain = ""
        inputs: list[str] = []
        numbers: dict[str, int] = {}
        texts: dict[str, str] = {}
        attributes = 0
        for number, wire, value in cursor.fields(cursor.position + length):
            if wire != BYTES:
                continue
            if number == 1:
                if len(inputs) >= self._limits.items:
                    raise self._too_many("inputs of a node")
                inputs.append(cursor.text(value))
            elif number == 4:
                operator = cursor.text(value)
            elif number == 5:
                attributes += 1
                if attributes > self._limits.items:
                    raise self._too_many("attributes of a node")
                self._read_attribute(value, depth, numbers, texts)
            elif number == 7:
                domain = cursor.text(value)
        if not operator:
            raise cursor.damaged("a node without an operator")
        self._used_domains.add(domain)
        if operator == _CONTEXT_NODE and depth:
            # Its attributes may come from the node around it, so what it names cannot be told.
            raise cursor.damaged("compiled code in an inner graph")
        if operator == _CONTEXT_NODE and not numbers.get("embed_mode", 1):
            self._graph.context_files.append(texts.get("ep_cache_context", ""))
        if operator in WEIGHT_OPERATORS and depth == 0:
            cursor.keep(512)
            self._graph.nodes.append(Node(operator, tuple(inputs), numbers))

    def _read_attribute(
        self, length: int, depth: int, numbers: dict[str, int], texts: dict[str, str]
    ) -> None:
        cursor = self._cursor
        name = ""
        whole: int | None = None
        text = ""
        single = 0
        for number, wire, value in cursor.fields(cursor.position + length):
            if number == 3 and wire == VARINT:
                whole = value - (1 << 64) if value >> 63 else value
            elif wire != BYTES:
                continue
            elif number == 1:
                name = cursor.text(value)
            elif number == 4 and value <= self._limits.text_bytes:
                # The text of a context node is the compiled code itself, unless it is the name of a file.
                text = self._text_or_nothing(value)
            elif number in (5, 6, 22):
                # Parts of one value that is written twice are put together by a parser.
                single += 1
                if single > 1:
                    raise cursor.damaged("an attribute with two values")
                self._read_value(number, value, depth)
            elif number in (10, 11, 23):
                self._read_value(number, value, depth)
        if whole is not None:
            numbers[name] = whole
        if name == "ep_cache_context":
            texts[name] = text

    def _read_value(self, number: int, length: int, depth: int) -> None:
        if number in (5, 10):
            self._add(read_tensor(self._cursor, length, self._limits))
        elif number in (6, 11):
            self._read_graph(length, depth + 1)
        else:
            self._read_sparse(length)

    def _text_or_nothing(self, length: int) -> str:
        try:
            return self._cursor.text(length)
        except OnnxError as error:
            if error.code != "damaged":
                raise
            return ""

    def _read_named(self, length: int, values: dict[str, Value], what: str) -> None:
        name, found = read_value(self._cursor, length, self._limits)
        if len(values) >= self._limits.tensors:
            raise self._too_many(what)
        self._cursor.keep(256)
        values[name] = found

    def _read_function(self, length: int) -> None:
        cursor = self._cursor
        for number, wire, value in cursor.fields(cursor.position + length):
            if wire != BYTES:
                continue
            if number == 7:
                self._read_node(value, depth=1)
            elif number == 9:
                self._imported.add(self._read_domain(value, 1))
            elif number == 10:
                self._own_domains.add(cursor.text(value))
            elif number == 11:
                self._read_attribute(value, 1, {}, {})

    def _read_domain(self, length: int, wanted: int) -> str:
        domain = ""
        for number, wire, value in self._cursor.fields(self._cursor.position + length):
            if number == wanted and wire == BYTES:
                domain = self._cursor.text(value)
        return domain

    def _too_many(self, what: str) -> OnnxError:
        return OnnxError("too_large", part=self._cursor.part, what=what, limit=self._limits.items)


def _canonical(domain: str) -> str:
    return "" if domain == "ai.onnx" else domain
