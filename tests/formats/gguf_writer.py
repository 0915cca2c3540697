"""Writes small GGUF files, right ones and wrong ones, for tests of readers and loaders."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)

_CODES = {
    U8: "B",
    I8: "b",
    U16: "H",
    I16: "h",
    U32: "I",
    I32: "i",
    F32: "f",
    BOOL: "?",
    U64: "Q",
    I64: "q",
    F64: "d",
}

Typed = tuple[int, Any]
"""A value with its type; of an array the value is (element type, items)."""


def text(value: str | bytes, order: str = "<") -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(order + "Q", len(data)) + data


def value(kind: int, content: Any, order: str = "<") -> bytes:
    if kind == STRING:
        return text(content, order)
    if kind == ARRAY:
        inner, items = content
        head = struct.pack(order + "IQ", inner, len(items))
        return head + b"".join(value(inner, item, order) for item in items)
    return struct.pack(order + _CODES[kind], content)


def header(
    metadata: Mapping[str, Typed] | Sequence[tuple[str, Typed]],
    tensors: Sequence[tuple[str, Sequence[int], int, int]] = (),
    *,
    version: int = 3,
    order: str = "<",
    counts: tuple[int | None, int | None] = (None, None),
) -> bytes:
    """A header. Tensors are (name, shape, type, offset); `counts` overrides (tensors, metadata)."""
    pairs = list(metadata.items()) if isinstance(metadata, Mapping) else list(metadata)
    tensor_count = len(tensors) if counts[0] is None else counts[0]
    metadata_count = len(pairs) if counts[1] is None else counts[1]
    parts = [b"GGUF", struct.pack(order + "IQQ", version, tensor_count, metadata_count)]
    for key, (kind, content) in pairs:
        parts += [text(key, order), struct.pack(order + "I", kind), value(kind, content, order)]
    for name, shape, kind, offset in tensors:
        parts += [text(name, order), struct.pack(order + "I", len(shape))]
        parts += [struct.pack(order + "Q", length) for length in shape]
        parts.append(struct.pack(order + "IQ", kind, offset))
    return b"".join(parts)


def padded(data: bytes, alignment: int = 32) -> bytes:
    return data + bytes(-len(data) % alignment)


TOKENS = ["<unk>", "<s>", "</s>", *[f"<0x{byte:02X}>" for byte in range(256)], "▁", "a", "b", "▁a", "▁b"]


def tiny_model(
    changes: Mapping[str, Typed | None] | None = None,
    *,
    width: int = 64,
    layers: int = 1,
    heads: int = 2,
    seed: int | None = 0,
    architecture: str = "llama",
) -> bytes:
    """A complete llama with random F32 weights and 264 tokens, which llama.cpp loads.

    `changes` replaces metadata, or removes it (None). `seed` None: all weights are NaN.
    """
    import random

    count = len(TOKENS)
    metadata: dict[str, Typed] = {
        "general.architecture": (STRING, architecture),
        "general.name": (STRING, "tiny"),
        f"{architecture}.block_count": (U32, layers),
        f"{architecture}.context_length": (U32, 512),
        f"{architecture}.embedding_length": (U32, width),
        f"{architecture}.feed_forward_length": (U32, width),
        f"{architecture}.attention.head_count": (U32, heads),
        f"{architecture}.attention.head_count_kv": (U32, heads),
        f"{architecture}.attention.layer_norm_rms_epsilon": (F32, 1e-5),
        f"{architecture}.rope.dimension_count": (U32, width // heads),
        "tokenizer.ggml.model": (STRING, "llama"),
        "tokenizer.ggml.tokens": (ARRAY, (STRING, TOKENS)),
        "tokenizer.ggml.scores": (ARRAY, (F32, [-float(i) for i in range(count)])),
        "tokenizer.ggml.token_type": (ARRAY, (I32, [2, 3, 3] + [6] * 256 + [1] * (count - 259))),
        "tokenizer.ggml.bos_token_id": (U32, 1),
        "tokenizer.ggml.eos_token_id": (U32, 2),
    }
    for key, change in (changes or {}).items():
        if change is None:
            metadata.pop(key, None)
        else:
            metadata[key] = change
    shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (width, count), "output_norm.weight": (width,)}
    shapes["output.weight"] = (width, count)
    for layer in range(layers):
        block: tuple[tuple[str, tuple[int, ...]], ...] = (
            ("attn_norm", (width,)), ("attn_q", (width, width)), ("attn_k", (width, width)),
            ("attn_v", (width, width)), ("attn_output", (width, width)), ("ffn_norm", (width,)),
            ("ffn_gate", (width, width)), ("ffn_up", (width, width)), ("ffn_down", (width, width)),
        )  # fmt: skip
        for name, shape in block:
            shapes[f"blk.{layer}.{name}.weight"] = shape
    tensors, data = [], b""
    numbers = random.Random(seed)
    for name, shape in shapes.items():
        size = 1
        for length in shape:
            size *= length
        tensors.append((name, shape, 0, len(data)))
        weights = [numbers.gauss(0, 0.1) if seed is not None else float("nan") for _ in range(size)]
        data += padded(struct.pack(f"<{size}f", *weights))
    return padded(header(metadata, tensors)) + data
