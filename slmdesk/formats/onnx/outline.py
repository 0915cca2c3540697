"""What the small files of a model folder say about the large ones: all that a fit needs to know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from slmdesk.formats.onnx.agreement import check_agreement
from slmdesk.formats.onnx.config import GenaiConfig
from slmdesk.formats.onnx.errors import OnnxError
from slmdesk.formats.onnx.graph import Graph
from slmdesk.formats.onnx.limits import Limits
from slmdesk.formats.onnx.options import CONFIG
from slmdesk.formats.onnx.tensors import External
from slmdesk.formats.onnx.weights import count_weights, kv_bytes_per_token

GRAPH_ENDING = ".onnx"


@dataclass(frozen=True, slots=True, kw_only=True)
class GenaiOutline:
    """A model as its config and its graph describe it."""

    config: GenaiConfig
    weights_bytes: int
    """Of all tensors, those in other files among them."""
    parameters: int
    """Number of weights."""
    quantization: str
    """INT4, INT8, FP16, BF16, FP32, or "" where it is not known."""
    kv_bytes_per_token: int
    """Of the KV cache, in the type that the graph has for it."""


def outline_of(config: GenaiConfig, graph: Graph) -> GenaiOutline:
    """Put together what was read.

    Raises OnnxError `contradicts_graph`, `name_not_in_graph`, `too_large` where the two cannot belong
    together.
    """
    check_agreement(config, graph)
    parameters, quantization = count_weights(graph)
    return GenaiOutline(
        config=config,
        weights_bytes=_weights_bytes(graph),
        parameters=parameters,
        quantization=quantization,
        kv_bytes_per_token=kv_bytes_per_token(graph, config),
    )


def check_graph_name(part: str) -> None:
    """Raise `not_onnx` where the runtime would take the graph `part` for another format by its ending, which
    nothing here can check."""
    if not part.lower().endswith(GRAPH_ENDING):
        raise OnnxError("not_onnx", part=part)


def needed_data(
    graph: Graph, config: GenaiConfig, graph_part: str, limits: Limits
) -> dict[tuple[str, str], int]:
    """The files beside the graph by who names them (`graph_part` or the config) and how, with the bytes that
    each must have at least.

    What the graph names is relative to its own folder, what the config names to the model's. Raises
    `too_large`.
    """
    needed: dict[tuple[str, str], int] = {}
    for external in _externals(graph):
        key = (graph_part, external.file)
        needed[key] = max(needed.get(key, 0), external.offset + external.size)
    for file in graph.context_files:
        needed.setdefault((graph_part, file), 0)
    for shared in config.shared_data:
        key = (CONFIG, shared.file)
        needed[key] = max(needed.get(key, 0), shared.offset + shared.size)
    if len(needed) > limits.data_files:
        raise OnnxError("too_large", part=graph_part, what="number of data files", limit=limits.data_files)
    return needed


def _externals(graph: Graph) -> Iterable[External]:
    return (tensor.external for tensor in graph.tensors if tensor.external is not None)


def _weights_bytes(graph: Graph) -> int:
    """Of all tensors; a range of a file that several use is counted once."""
    ranges = {(one.file, one.offset, one.size) for one in _externals(graph)}
    inside = sum(tensor.size for tensor in graph.tensors if tensor.external is None)
    return inside + sum(size for _, _, size in ranges)
