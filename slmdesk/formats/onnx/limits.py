"""How much reading one model folder may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on reading one folder. Real models stay far below all of them.

    A model of 4 billion weights has about 1,500 nodes, 1,000 tensors and 2 MB of graph; the largest known
    tokenizer.json has 35 MB.
    """

    config_bytes: int = 1024 * 1024
    """Of genai_config.json."""
    tokenizer_config_bytes: int = 4 * 1024 * 1024
    """Of tokenizer_config.json; one that lists thousands of unused tokens has 1.2 MB."""
    json_nesting: int = 24
    template_bytes: int = 1024 * 1024
    tokenizer_bytes: int = 64 * 1024 * 1024
    added_tokens_letters: int = 4 * 1024 * 1024
    """Of the list of added tokens in tokenizer.json."""
    control_tokens: int = 65_536
    folder_entries: int = 16_384
    nodes: int = 500_000
    """Of the graph, its subgraphs and functions together."""
    tensors: int = 200_000
    items: int = 4_096
    """Inputs of one node, attributes of one node, dimensions of one tensor, entries about one file."""
    data_files: int = 4_096
    nesting: int = 12
    """How deep graphs may lie in nodes of graphs."""
    text_bytes: int = 4_096
    """The longest name that is kept."""
    kept_bytes: int = 64 * 1024 * 1024
    """Memory for the names that are kept."""
    cpu_seconds: float = 5.0
    """Processor time of the reading thread for model.onnx, and again for the tokenizer.

    Waiting for a slow disk is not counted.
    """
