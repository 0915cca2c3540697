"""How much a header may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on reading one header. Real headers stay far below all of them.

    The largest known headers (a vocabulary of 262,144 tokens with merges) hold about 16 MB, 60 metadata
    values and 2,000 tensors.
    """

    header_bytes: int = 64 * 1024 * 1024
    """The header may reach this far into the file."""
    kept_bytes: int = 32 * 1024 * 1024
    """Memory for everything that is kept: keys, values, tensor table."""
    metadata_count: int = 16_384
    tensor_count: int = 65_536
    string_bytes: int = 8 * 1024 * 1024
    """The longest single string that is kept, a chat template for example."""
    tensor_name_bytes: int = 256
    """llama.cpp itself takes no more than 63."""
    kept_items: int = 4_096
    """Arrays up to this long are kept, longer ones (the vocabulary) are skipped and counted."""
    nesting: int = 4
    """How deep arrays may lie in arrays. llama.cpp writes none at all."""
    cpu_seconds: float = 1.0
    """Processor time of the reading thread; waiting for a slow disk or network is not counted."""
