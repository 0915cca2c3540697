"""How many weights a graph has, of which kind, and what the KV cache takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from slmdesk.formats.onnx.config import MOST_KV_NUMBERS, GenaiConfig
from slmdesk.formats.onnx.errors import OnnxError
from slmdesk.formats.onnx.graph import Graph, Node
from slmdesk.formats.onnx.tensors import (
    BFLOAT16,
    BITS_OF_TYPE,
    FLOAT,
    FLOAT16,
    INT4,
    INT8,
    UINT4,
    UINT8,
    Tensor,
)
from slmdesk.formats.onnx.values import Value

_FLOATS = {FLOAT: "FP32", FLOAT16: "FP16", BFLOAT16: "BF16"}
_INTEGERS = {UINT8: "INT8", INT8: "INT8", UINT4: "INT4", INT4: "INT4"}
_FIRST_EXPERT_WEIGHTS = (2, 5, 8)
_MOST_BITS = 16


def count_weights(graph: Graph) -> tuple[int, str]:
    """The number of weights, and what people call their format: INT4, INT8, FP16, ..., or "" unknown.

    The name is that of the multiplications where they are quantized, also where a larger table of words is
    not.
    """
    kinds: Counter[str] = Counter()
    packed: dict[str, tuple[int, str]] = {}
    others: set[str] = set()
    for node in graph.nodes:
        for name, count, bits in _packed_weights(node, graph):
            packed[name] = (count, f"INT{bits}")
        others.update(_no_weights(node))
    for count, kind in packed.values():
        kinds[kind] += count
    for name, tensor in graph.weights.items():
        if name not in packed and name not in others:
            found = _FLOATS.get(tensor.data_type) or _INTEGERS.get(tensor.data_type)
            if found:
                kinds[found] += tensor.count
    multiplied = Counter(
        {kind: kinds[kind] for kind in {packed[one.inputs[1]][1] for one in _multiplications(graph, packed)}}
    )
    chosen = multiplied or kinds
    return kinds.total(), chosen.most_common(1)[0][0] if chosen else ""


def kv_bytes_per_token(graph: Graph, config: GenaiConfig) -> int:
    """Bytes that one token takes in the KV cache, over all layers that have one.

    Raises OnnxError `too_large` for a graph whose cache no computer could hold.
    """
    total = numbers_in_all = 0
    for layer in range(config.layers):
        for name in config.past_names:
            past = graph.inputs.get(name.replace("%d", str(layer)))
            if past is not None:
                numbers = _numbers_per_token(past, config)
                numbers_in_all += numbers
                total += numbers * BITS_OF_TYPE.get(past.element_type, 0)
    # Keys and values.
    most = 2 * MOST_KV_NUMBERS
    if numbers_in_all > most:
        raise OnnxError("too_large", part=config.decoder_file, what="size of the KV cache", limit=most)
    return total // 8


def _numbers_per_token(past: Value, config: GenaiConfig) -> int:
    """Numbers per token in one input; its dimensions are batch, heads, tokens, head size.

    Keys and values in one input have a dimension more, of two. What the graph fixes, the native library
    takes from there, whatever the config says.
    """
    doubled = 2 if len(past.dims) == 5 else 1
    heads, size = (past.dims[-3], past.dims[-1]) if len(past.dims) >= 4 else (None, None)
    return doubled * (heads or config.kv_heads) * (size or config.head_size)


def _multiplications(graph: Graph, packed: dict[str, tuple[int, str]]) -> Iterator[Node]:
    for node in graph.nodes:
        if node.operator == "MatMulNBits" and len(node.inputs) > 1 and node.inputs[1] in packed:
            yield node


def _packed_weights(node: Node, graph: Graph) -> Iterator[tuple[str, int, int]]:
    """Weights that share bytes: name, how many, bits of each."""
    if node.operator == "MatMulNBits" and len(node.inputs) > 1:
        bits, rows, columns = (node.numbers.get(name, 0) for name in ("bits", "K", "N"))
        bits = bits or 4
        if 0 < bits <= _MOST_BITS and 0 < rows < 1 << 31 and 0 < columns < 1 << 31:
            yield node.inputs[1], rows * columns, bits
    elif node.operator in ("GatherBlockQuantized", "QMoE"):
        is_table = node.operator == "GatherBlockQuantized"
        bits = node.numbers.get("bits" if is_table else "expert_weight_bits", 4)
        for index in (0,) if is_table else _FIRST_EXPERT_WEIGHTS:
            tensor = _input(node, index, graph)
            if tensor is not None and 0 < bits <= _MOST_BITS:
                stored = BITS_OF_TYPE.get(tensor.data_type, bits)
                yield tensor.name, tensor.count * max(1, stored // bits), bits


def _input(node: Node, index: int, graph: Graph) -> Tensor | None:
    return graph.weights.get(node.inputs[index]) if index < len(node.inputs) else None


def _no_weights(node: Node) -> tuple[str, ...]:
    """Names of what belongs to weights, or to positions, but is none."""
    inputs = node.inputs
    if node.operator == "MatMulNBits":
        return inputs[2:5]
    if node.operator == "GatherBlockQuantized":
        return inputs[2:4]
    if node.operator == "Gather":
        return ()
    if node.operator == "DequantizeLinear":
        return inputs[1:3]
    if node.operator == "GroupQueryAttention":
        return inputs[7:9]
    if node.operator == "RotaryEmbedding":
        return inputs[2:4]
    # QMoE: scales and zero points come after the weights they belong to; biases are few.
    return inputs[3:4] + inputs[6:7] + inputs[9:]
