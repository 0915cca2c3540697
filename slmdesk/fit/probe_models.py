"""Small models of a known shape, made only to be timed: every weight is zero.

How fast an engine computes depends on types and shapes, not on values. The weights are a hole in a sparse
file, so that one of half a gigabyte takes no time to write and no room on the disk.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slmdesk.formats.gguf import TENSOR_TYPES, ValueType, bytes_of

ENDLESS = "a"
"""A text that is one token long, and as many as it is repeated."""

_ALIGNMENT = 32
_KERNEL = 4
_TYPE_NUMBERS = {name: number for number, (name, _, _) in TENSOR_TYPES.items()}
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6
_TEMPLATE = "{% for message in messages %}{{ message.content }}{% endfor %}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeModel:
    """A decoder, in whose layers are attention and a gated feed-forward network, or a recurrent state."""

    type: str
    """ggml's name of the type of all matrices. Rows are whole blocks of it: widths are multiples of 256."""
    layers: int = 2
    width: int = 1024
    forward_width: int = 4096
    heads: int = 16
    kv_heads: int = 4
    head_length: int = 64
    vocabulary: int = 512
    state_length: int = 0
    """Above 0: layers have a recurrent state of so many numbers for each of `forward_width` channels, and
    neither attention nor a feed-forward network."""
    own_decays: bool = False
    """Whether each number of the state decays by itself (Mamba), not each head's as one (Mamba 2)."""

    def write(self, path: Path) -> None:
        """Write it to `path`. Raises OSError."""
        tensors = list(self._tensors())
        infos, offset = [], 0
        for name, shape, kind in tensors:
            infos.append(
                _text(name)
                + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, _TYPE_NUMBERS[kind], offset)
            )
            rows = 1
            for size in shape[1:]:
                rows *= size
            offset += _aligned(bytes_of(kind, shape[0]) * rows)
        metadata = [_text(key) + _typed(value) for key, value in self._metadata().items()]
        header = b"".join([b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(metadata)), *metadata, *infos])
        with path.open("wb") as file:
            file.write(header)
            file.truncate(_aligned(len(header)) + offset)

    def _tensors(self) -> Iterator[tuple[str, tuple[int, ...], str]]:
        yield "token_embd.weight", (self.width, self.vocabulary), self.type
        yield "output_norm.weight", (self.width,), "F32"
        yield "output.weight", (self.width, self.vocabulary), self.type
        for layer in range(self.layers):
            for name, shape, kind in self._layer():
                yield f"blk.{layer}.{name}", shape, kind

    def _layer(self) -> Iterator[tuple[str, tuple[int, ...], str]]:
        if self.own_decays:
            return self._decaying()
        return self._recurrent() if self.state_length else self._attending()

    def _attending(self) -> Iterator[tuple[str, tuple[int, ...], str]]:
        width, forward = self.width, self.forward_width
        queries, keys = self.heads * self.head_length, self.kv_heads * self.head_length
        yield "attn_norm.weight", (width,), "F32"
        yield "attn_q.weight", (width, queries), self.type
        yield "attn_k.weight", (width, keys), self.type
        yield "attn_v.weight", (width, keys), self.type
        yield "attn_output.weight", (queries, width), self.type
        yield "ffn_norm.weight", (width,), "F32"
        yield "ffn_gate.weight", (width, forward), self.type
        yield "ffn_up.weight", (width, forward), self.type
        yield "ffn_down.weight", (forward, width), self.type

    def _decaying(self) -> Iterator[tuple[str, tuple[int, ...], str]]:
        width, inner, rank, state = self.width, self.forward_width, self.heads, self.state_length
        yield "attn_norm.weight", (width,), "F32"
        yield "ssm_in.weight", (width, 2 * inner), self.type
        yield "ssm_conv1d.weight", (_KERNEL, inner), "F32"
        yield "ssm_conv1d.bias", (inner,), "F32"
        yield "ssm_x.weight", (inner, rank + 2 * state), self.type
        yield "ssm_dt.weight", (rank, inner), "F32"
        yield "ssm_dt.bias", (inner,), "F32"
        yield "ssm_a", (state, inner), "F32"
        yield "ssm_d", (inner,), "F32"
        yield "ssm_out.weight", (inner, width), self.type

    def _recurrent(self) -> Iterator[tuple[str, tuple[int, ...], str]]:
        width, inner, heads = self.width, self.forward_width, self.heads
        mixed = inner + 2 * self.state_length
        yield "attn_norm.weight", (width,), "F32"
        yield "ssm_in.weight", (width, inner + mixed + heads), self.type
        yield "ssm_conv1d.weight", (_KERNEL, mixed), "F32"
        yield "ssm_conv1d.bias", (mixed,), "F32"
        yield "ssm_dt.bias", (heads,), "F32"
        yield "ssm_a", (1, heads), "F32"
        yield "ssm_d", (1, heads), "F32"
        yield "ssm_norm.weight", (inner, 1), "F32"
        yield "ssm_out.weight", (inner, width), self.type

    def _metadata(self) -> Mapping[str, Any]:
        tokens = ["<unk>", "<s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", ENDLESS]
        types = [_UNKNOWN, _CONTROL, *[_BYTE] * 256, _NORMAL, _NORMAL]
        further = self.vocabulary - len(tokens) - 1
        tokens += [f"({number})" for number in range(further)] + ["</s>"]
        types += [_NORMAL] * further + [_CONTROL]
        return {
            **self._shape(),
            "tokenizer.ggml.model": "llama",
            "tokenizer.ggml.tokens": tokens,
            "tokenizer.ggml.scores": [0.0] * self.vocabulary,
            "tokenizer.ggml.token_type": types,
            "tokenizer.ggml.bos_token_id": 1,
            # Far behind the tokens that are drawn where all are equally probable.
            "tokenizer.ggml.eos_token_id": self.vocabulary - 1,
            "tokenizer.ggml.unknown_token_id": 0,
            "tokenizer.ggml.add_bos_token": False,
            "tokenizer.ggml.add_space_prefix": False,
            "tokenizer.chat_template": _TEMPLATE,
        }

    def _shape(self) -> Mapping[str, Any]:
        architecture = ("mamba" if self.own_decays else "mamba2") if self.state_length else "llama"
        own = {
            "block_count": self.layers,
            "context_length": 1 << 17,
            "embedding_length": self.width,
            "attention.layer_norm_rms_epsilon": 1e-5,
            "vocab_size": self.vocabulary,
        }
        if self.state_length:
            own |= {
                "feed_forward_length": 0,
                "attention.head_count": 0,
                "ssm.conv_kernel": _KERNEL,
                "ssm.inner_size": self.forward_width,
                "ssm.state_size": self.state_length,
                "ssm.time_step_rank": self.heads,
                "ssm.group_count": 1,
            }
        else:
            own |= {
                "feed_forward_length": self.forward_width,
                "attention.head_count": self.heads,
                "attention.head_count_kv": self.kv_heads,
                "attention.key_length": self.head_length,
                "attention.value_length": self.head_length,
                "rope.dimension_count": self.head_length,
            }
        shape = {f"{architecture}.{key}": value for key, value in own.items()}
        return {"general.architecture": architecture, "general.name": "probe", **shape}


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _typed(value: Any) -> bytes:
    """A metadata value with its type before it."""
    kind, content = _plain(value)
    return struct.pack("<I", kind) + content


def _plain(value: Any) -> tuple[ValueType, bytes]:
    match value:
        case bool():
            return ValueType.BOOL, struct.pack("<B", value)
        case int():
            return ValueType.UINT32, struct.pack("<I", value)
        case float():
            return ValueType.FLOAT32, struct.pack("<f", value)
        case str():
            return ValueType.STRING, _text(value)
        case _:
            return ValueType.ARRAY, _array(value)


def _array(items: Sequence[Any]) -> bytes:
    kind, _ = _plain(items[0])
    if kind is ValueType.UINT32:
        # The format has token types signed.
        return struct.pack(f"<IQ{len(items)}i", ValueType.INT32, len(items), *items)
    return struct.pack("<IQ", kind, len(items)) + b"".join(_plain(item)[1] for item in items)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
