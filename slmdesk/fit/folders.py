"""A model folder of ONNX Runtime GenAI that need not be here: all that is fetched to know what it takes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from slmdesk.fit.headers import SparseHeader
from slmdesk.formats.onnx import (
    CONFIG,
    ENDINGS_OF_TEXTS,
    GenaiConfig,
    GenaiOutline,
    Limits,
    OnnxError,
    find_graph,
    parse_config,
    read_outline,
)

MOST_GRAPH_BYTES = 16 * 2**20
"""A graph of more is not fetched: it has the weights inside. Of 4 billion weights elsewhere one has 2 MB."""


@dataclass(frozen=True)
class SparseFolder:
    """The config and the graph of a folder, without its weights and its tokenizer."""

    config: bytes
    """Content of genai_config.json."""
    graph: bytes | None
    """Content of the graph; None: it is too large to be fetched."""
    sizes: tuple[tuple[str, int], ...]
    """Each file of the folder: its name in it, and its bytes."""

    @classmethod
    def read(cls, sizes: Mapping[str, int], fetch: Callable[[str], bytes]) -> SparseFolder:
        """Have the small files of a folder fetched by their names, and look whether they make sense.

        `sizes` are those of all its files. What is too large is refused before it is fetched. Blocking.
        Raises OnnxError as `formats.onnx.read_folder` does, and what `fetch` raises.
        """
        limit = Limits().config_bytes
        if CONFIG not in sizes:
            raise OnnxError("missing", part=CONFIG)
        if sizes[CONFIG] > limit:
            raise OnnxError("too_large", part=CONFIG, what="size of the file", limit=limit)
        config = fetch(CONFIG)
        graph = find_graph(parse_config(config), sizes)
        content = fetch(graph) if sizes[graph] <= MOST_GRAPH_BYTES else None
        found = cls(config, content, tuple(sorted(sizes.items())))
        # Only what can be read is worth keeping.
        _ = found.outline
        return found

    @cached_property
    def facts(self) -> GenaiConfig:
        """What genai_config.json says. Raises OnnxError."""
        return parse_config(self.config)

    @cached_property
    def outline(self) -> GenaiOutline | None:
        """What config and graph say; None: the graph was not fetched. Raises OnnxError."""
        if self.graph is None:
            return None
        return read_outline(self.facts, self.graph, dict(self.sizes))

    @property
    def data_bytes(self) -> int:
        """Of the graph and the files with weights; the texts beside them are of no weight."""
        return sum(size for name, size in self.sizes if not name.lower().endswith(ENDINGS_OF_TEXTS))

    @cached_property
    def digest(self) -> bytes:
        """The same for the same small files beside files of the same sizes (SHA-256)."""
        whole = hashlib.sha256(repr(self.sizes).encode())
        for content in (self.config, self.graph or b""):
            whole.update(hashlib.sha256(content).digest())
        return whole.digest()


HeaderSet: TypeAlias = tuple[SparseHeader, ...] | SparseFolder
"""What was fetched of a model that is elsewhere: the header of each of its files in their order, or what its
folder says. Empty: nothing was."""
