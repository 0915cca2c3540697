"""What was read, and the facts that follow from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from slmdesk.formats.gguf import types
from slmdesk.formats.gguf.errors import GgufError

_MOST_PADDING = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SkippedArray:
    """An array that was stepped over: what it is and where, but not what is in it."""

    element_type: int
    """Of `types.ValueType`."""
    length: int
    offset: int
    """Where its items begin, in bytes from the beginning of the source."""
    size_bytes: int


Value: TypeAlias = "str | int | float | bool | tuple[Value, ...] | SkippedArray"


_MOST_LAYERS = 4096


class TensorInfo(NamedTuple):
    """One row of the tensor table."""

    name: str
    shape: tuple[int, ...]
    """Values along each dimension, the fastest first."""
    type: int
    """ggml's number for the type."""
    offset: int
    """Bytes from the beginning of the tensor data."""
    values: int
    size_bytes: int | None
    """None: a type that is not known here."""

    @property
    def type_name(self) -> str:
        """ggml's name for the type, or its number."""
        known = types.TENSOR_TYPES.get(self.type)
        return known[0] if known else f"type {self.type}"


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """The header of one GGUF file (of a split set: of one part)."""

    version: int
    byte_order: Literal["little", "big"]
    metadata: Mapping[str, Value]
    tensors: Sequence[TensorInfo]
    alignment: int
    header_bytes: int
    """Bytes before the tensor data, padding not included."""
    data_offset: int
    """Where the tensor data begins."""
    file_bytes: int | None
    """Size of the source it was read from, where known."""

    @property
    def needed_bytes(self) -> int:
        """The least size of the file that holds every tensor."""
        ends = [self.header_bytes]
        for tensor in self.tensors:
            ends.append(self.data_offset + tensor.offset + (tensor.size_bytes or 0))
        return max(ends)

    def require_complete(self) -> None:
        """Raise GgufError where the source is known to be shorter than its tensors need, or far longer.

        A file that is mapped into memory is read ahead whole, so one that goes on for a terabyte behind its
        tensors keeps the system busy for minutes. Some files are padded, so a little more is accepted.
        """
        if self.file_bytes is not None and self.file_bytes < self.needed_bytes:
            raise GgufError("cut_off", have_bytes=self.file_bytes, need_bytes=self.needed_bytes)
        if self.file_bytes is not None and self.file_bytes > 2 * self.needed_bytes + _MOST_PADDING:
            raise GgufError("damaged", what=f"{self.file_bytes} bytes, of which {self.needed_bytes} are used")

    def text(self, key: str) -> str:
        """The string at `key`, or "" where there is none."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int | None:
        """The whole number at `key`, or None."""
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def of_architecture(self, key: str) -> int | None:
        """The whole number at `ARCHITECTURE.key`, or None."""
        return self.number(f"{self.architecture}.{key}")

    @property
    def architecture(self) -> str:
        """For example `llama`; "" where the file does not say."""
        return self.text("general.architecture")

    @property
    def name(self) -> str:
        """The model's own name; "" where the file does not say."""
        return self.text("general.name").strip()

    @property
    def parameters(self) -> int:
        """Number of weights, from the tensor table."""
        return sum(tensor.values for tensor in self.tensors)

    @property
    def weights_bytes(self) -> int:
        """Bytes of all tensors whose type is known."""
        return sum(tensor.size_bytes or 0 for tensor in self.tensors)

    @property
    def quantization(self) -> str:
        """The usual label, for example `Q4_K_M`: what the file says, else the type that most weights have."""
        stated = self.number("general.file_type")
        if stated is not None:
            # 1024 marks a type that the writer guessed.
            label = types.FILE_TYPES.get(stated & ~1024)
            if label:
                return label
        weights: Counter[str] = Counter()
        for tensor in self.tensors:
            weights[tensor.type_name] += tensor.values
        return weights.most_common(1)[0][0] if weights else ""

    @property
    def context_length(self) -> int:
        """Tokens the model was trained to handle; 0 where the file does not say."""
        return max(0, self.of_architecture("context_length") or 0)

    @property
    def chat_template(self) -> str | None:
        """The template's source, or None where the file brings none."""
        return self.text("tokenizer.chat_template") or None

    @property
    def layers(self) -> int:
        """Number of blocks; 0 where the file does not say."""
        return max(0, self.of_architecture("block_count") or 0)

    @property
    def vocabulary(self) -> int:
        """Number of tokens; 0 where the file does not say."""
        tokens = self.metadata.get("tokenizer.ggml.tokens")
        if isinstance(tokens, SkippedArray):
            return tokens.length
        return len(tokens) if isinstance(tokens, tuple) else 0

    @property
    def split_count(self) -> int:
        """Files that make up the model; 1 for a whole one."""
        return max(1, self.number("split.count") or 1)

    @property
    def split_index(self) -> int:
        """Which of them this is, from 0."""
        return max(0, self.number("split.no") or 0)

    def per_layer(self, key: str, default: int) -> tuple[int, ...]:
        """The number at `ARCHITECTURE.key` for each layer: files give one for all, or one each.

        For 4096 layers at most: a damaged file may claim billions, and no model has so many.
        """
        value = self.metadata.get(f"{self.architecture}.{key}")
        layers = min(self.layers, _MOST_LAYERS)
        if isinstance(value, tuple):
            each = [item if isinstance(item, int) else default for item in value[:layers]]
            return tuple(each + [default] * (layers - len(each)))
        one = value if isinstance(value, int) and not isinstance(value, bool) else default
        return (one,) * layers

    @property
    def key_length(self) -> int:
        """Values in the key of one attention head."""
        return self._head_length("attention.key_length")

    @property
    def value_length(self) -> int:
        """Values in the value of one attention head."""
        return self._head_length("attention.value_length")

    def _head_length(self, key: str) -> int:
        # Some models have smaller heads in their layers with a sliding window.
        stated = [self.of_architecture(name) or 0 for name in (key, f"{key}_swa")]
        lengths = [length for length in stated if length > 0]
        if lengths:
            return min(lengths)
        heads = max(self.per_layer("attention.head_count", 0), default=0)
        embedding = self.of_architecture("embedding_length") or 0
        return max(0, embedding // heads) if heads > 0 else 0

    def kv_bytes_per_token(self, kv_type: str) -> int:
        """Bytes of KV cache that each token of context takes at least, keys and values of `kv_type`.

        Exact for attention in every layer with a full-size cache. A lower bound for latent attention, for
        layers that share a cache or have smaller heads, and for models whose layers are partly recurrent.
        KeyError for an unknown type.
        """
        kv_heads = self._kv_heads()
        latent = self.of_architecture("attention.kv_lora_rank") or 0
        if latent > 0:
            rotated = self.of_architecture("rope.dimension_count") or 0
            return types.bytes_of(kv_type, latent + max(0, rotated)) * len(kv_heads)
        total = 0
        for count in kv_heads:
            total += types.bytes_of(kv_type, count * self.key_length)
            total += types.bytes_of(kv_type, count * self.value_length)
        return total

    def _kv_heads(self) -> list[int]:
        """Attention heads with a cache of their own, for each layer that has one for sure."""
        heads = self.per_layer("attention.head_count", 0)
        stated = self.per_layer("attention.head_count_kv", -1)
        counts = [max(0, one if kv < 0 else kv) for one, kv in zip(heads, stated, strict=True)]
        shared = self.of_architecture("attention.shared_kv_layers") or 0
        if 0 < shared < len(counts):
            del counts[-shared:]
        interval = self.of_architecture("full_attention_interval") or 0
        if interval > 1:
            return counts[interval - 1 :: interval]
        recurrent = any(key.startswith(f"{self.architecture}.ssm.") for key in self.metadata)
        if recurrent and not isinstance(
            self.metadata.get(f"{self.architecture}.attention.head_count_kv"), tuple
        ):
            # Which of the layers have attention is known to the engine alone.
            return []
        return counts
