"""Whether genai_config.json tells of the graph beside it: what the native library finds out only in use."""

from __future__ import annotations

from collections.abc import Iterable

from slmdesk.formats.onnx.config import GenaiConfig
from slmdesk.formats.onnx.errors import OnnxError
from slmdesk.formats.onnx.graph import Graph
from slmdesk.formats.onnx.options import CONFIG

_LOOK_UPS = ("Gather", "GatherBlockQuantized")


def check_agreement(config: GenaiConfig, graph: Graph) -> None:
    """Raise OnnxError `contradicts_graph` or `name_not_in_graph` where the config cannot be of this graph.

    What the graph does not say is not checked.
    """
    _check_name("model.decoder.inputs.input_ids", config.tokens_name, graph.inputs.keys())
    _check_name("model.decoder.outputs.logits", config.logits_name, graph.outputs.keys())
    _check_vocabulary(config, graph)


def _check_name(setting: str, name: str, present: Iterable[str]) -> None:
    names = set(present)
    if names and name not in names:
        raise OnnxError("name_not_in_graph", part=CONFIG, setting=setting, name=name)


def _check_vocabulary(config: GenaiConfig, graph: Graph) -> None:
    """The logits have one number for each token. Where their size is left open, the table that tokens are
    looked up in has at least a row for each."""
    logits = graph.outputs.get(config.logits_name)
    size = logits.dims[-1] if logits is not None and logits.dims else None
    if size is None:
        rows = _rows_of_words(config, graph)
        size = rows if rows is not None and config.vocab_size > rows else config.vocab_size
    if config.vocab_size != size:
        raise OnnxError(
            "contradicts_graph",
            part=CONFIG,
            setting="model.vocab_size",
            value=config.vocab_size,
            graph_value=size,
        )


def _rows_of_words(config: GenaiConfig, graph: Graph) -> int | None:
    """How many tokens the graph has words for; None: it cannot be told."""
    for node in graph.nodes:
        if node.operator in _LOOK_UPS and node.inputs[1:2] == (config.tokens_name,):
            table = graph.weights.get(node.inputs[0])
            if table is not None:
                return table.rows
    return None
