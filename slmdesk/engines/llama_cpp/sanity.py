"""Files that llama.cpp must not be shown: it ends its process over them instead of refusing them. Pure."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from slmdesk.formats.gguf import GgufError, GgufHeader, SkippedArray

MOST_LAYERS = 512
"""llama.cpp's LLAMA_MAX_LAYERS; more end the process."""
MOST_EXPERTS = 1024
_BYTE_FALLBACK = "llama"
"""`tokenizer.ggml.model` of vocabularies that write unknown characters as bytes."""
_LEAST_ALIGNMENT = 32
_LARGEST_WIDTH = 1 << 24
_MOST_HEADS = 1 << 16

# Numbers that llama.cpp divides by, sizes arrays with, or asserts on.
_RANGES = {
    "block_count": (1, MOST_LAYERS),
    "embedding_length": (1, _LARGEST_WIDTH),
    "feed_forward_length": (0, _LARGEST_WIDTH),
    "attention.head_count": (0, _MOST_HEADS),
    "attention.head_count_kv": (0, _MOST_HEADS),
    "attention.key_length": (1, 1 << 16),
    "attention.value_length": (1, 1 << 16),
    "rope.dimension_count": (0, 1 << 16),
    "expert_count": (0, MOST_EXPERTS),
    "expert_used_count": (0, MOST_EXPERTS),
    "expert_group_count": (0, MOST_EXPERTS),
    "expert_group_used_count": (0, MOST_EXPERTS),
    "nextn_predict_layers": (0, MOST_LAYERS),
    "context_length": (1, 1 << 30),
    "vocab_size": (1, 1 << 24),
    "attention.sliding_window": (0, 1 << 30),
}


def check_header(header: GgufHeader) -> None:
    """Raise GgufError `damaged` where a number in the header is none that a model can have.

    Also where the header belongs to another kind of machine, or has no architecture or no tensors at all.
    """
    if header.byte_order != sys.byteorder:
        raise GgufError("damaged", what=f"byte order is {header.byte_order}-endian")
    if not header.architecture:
        raise GgufError("damaged", what="no architecture")
    if not header.tensors:
        raise GgufError("damaged", what="no tensors")
    for key, (least, most) in _RANGES.items():
        name = f"{header.architecture}.{key}"
        value = header.metadata.get(name)
        for number in value if isinstance(value, tuple) else (value,):
            if number is None:
                continue
            if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
                raise GgufError("damaged", what=f"{name} is {str(number)[:40]}")
    if (header.of_architecture("nextn_predict_layers") or 0) > header.layers:
        raise GgufError("damaged", what="more predicting layers than layers")
    if header.alignment < _LEAST_ALIGNMENT:
        raise GgufError("damaged", what=f"alignment is {header.alignment}")
    _check_experts(header)
    _check_epsilons(header)
    _check_lengths(header)


@dataclass(frozen=True, slots=True)
class Alphabet:
    """What a vocabulary can write that does not have a token for every byte.

    llama.cpp looks the bytes of unknown characters up without a check, and ends the process.
    """

    characters: frozenset[str]
    """Those with a token of their own."""
    bytes: frozenset[int]
    """Those with a token, for all other characters."""

    def first_unknown(self, text: str) -> str | None:
        """A character of `text` that cannot be put into tokens, or None."""
        for character in sorted(set(text) - self.characters):
            if not self.bytes.issuperset(character.encode("utf-8", "replace")):
                return character
        return None


def check_vocabulary(tokenizer: str, tokens: Iterable[bytes]) -> Alphabet | None:
    """What the vocabulary can write; None: everything.

    Raises GgufError `damaged` for a token that appears twice, which ends the process while loading.
    """
    seen: set[bytes] = set()
    for token in tokens:
        # llama.cpp gives empty ones a name each.
        if token and token in seen:
            raise GgufError("damaged", what=f"token {token[:40]!r} appears twice")
        seen.add(token)
    if tokenizer != _BYTE_FALLBACK:
        return None
    known = frozenset(byte for byte in range(256) if b"<0x%02X>" % byte in seen or bytes([byte]) in seen)
    if len(known) == 256:
        return None
    texts = (token.decode("utf-8", "replace") for token in seen if len(token) <= 4)
    characters = {text for text in texts if len(text) == 1}
    # Such vocabularies write a blank as this sign.
    if "▁" in characters:
        characters.add(" ")
    return Alphabet(frozenset(characters), known)


def _check_experts(header: GgufHeader) -> None:
    """llama.cpp asserts each of these."""
    experts = header.of_architecture("expert_count") or 0
    used = max(header.per_layer("expert_used_count", 0), default=0)
    groups = header.of_architecture("expert_group_count") or 0
    groups_used = header.of_architecture("expert_group_used_count") or 0
    if used > experts or (experts and not used):
        raise GgufError("damaged", what=f"{used} of {experts} experts are used")
    if groups and not experts:
        raise GgufError("damaged", what="groups of experts without experts")
    if groups > 1 and (experts % groups or not 0 < groups_used < groups):
        raise GgufError("damaged", what=f"{groups_used} of {groups} groups for {experts} experts")


def _check_epsilons(header: GgufHeader) -> None:
    """A norm with such a number ends the process at the first token."""
    for key in (
        "attention.layer_norm_epsilon",
        "attention.layer_norm_rms_epsilon",
        "attention.group_norm_epsilon",
    ):
        value = header.metadata.get(f"{header.architecture}.{key}", 0.0)
        if not isinstance(value, float) or not math.isfinite(value) or value < 0:
            raise GgufError("damaged", what=f"{key} is {str(value)[:40]}")


def _check_lengths(header: GgufHeader) -> None:
    """Arrays that belong to each other have the same length."""
    tokens = header.vocabulary
    for key in ("tokenizer.ggml.token_type", "tokenizer.ggml.scores"):
        value = header.metadata.get(key)
        if isinstance(value, (tuple, SkippedArray)):
            length = value.length if isinstance(value, SkippedArray) else len(value)
            if length < tokens:
                raise GgufError("damaged", what=f"{key} has {length} items for {tokens} tokens")
