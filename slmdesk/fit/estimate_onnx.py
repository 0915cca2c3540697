"""The memory an ONNX model takes in ONNX Runtime GenAI, by formulas: it cannot simulate a load. Pure.

The factors were measured on Linux with an int4 model of 135 million weights and one of 130 thousand: loading,
filling the context, and what was resident at most. docs/fit.md has the figures.
"""

from __future__ import annotations

from collections.abc import Sequence

from slmdesk.engines import PROCESSOR
from slmdesk.fit.caches import caches_of
from slmdesk.fit.estimate import sum_parts
from slmdesk.fit.machine import DeviceFacts
from slmdesk.fit.types import DeviceNeed, Dimensions, FitQuestion, MemoryNeed, Parts
from slmdesk.formats.onnx import GenaiConfig

RUNTIME_BYTES = 60 * 2**20
"""Python with ONNX Runtime and a model of next to nothing."""

_PACKED_SHARE = 0.6
"""Of the weights' size: the runtime arranges quantized weights anew and keeps both."""
_TOKEN_BYTES = 430
"""Of each token in the vocabulary: the tokenizer with its indexes."""
_LARGEST_CHUNK = 64
"""Tokens of a prompt that our engine gives to the processor at once."""
_NUMBER_BYTES = 4
_NUMBER_BYTES_ON_DEVICE = 2
"""Graphs that are made for a graphics processor compute in half precision as a rule."""
_RESULTS = 8
"""Results of the model's width that are alive at once, about."""
_USUAL_VOCABULARY = 262_144


def dimensions_of_config(config: GenaiConfig) -> Dimensions:
    """What a genai_config.json says."""
    return Dimensions(
        architecture=config.model_type,
        layers=config.layers or None,
        heads=config.heads or None,
        kv_heads=config.kv_heads or None,
        head_dim=config.head_size or None,
        hidden_size=config.hidden_size or None,
        vocab_size=config.vocab_size or None,
        sliding_window=config.sliding_window or None,
        trained_context_length=config.context_length or None,
    )


def estimate_onnx(
    dimensions: Dimensions,
    files_bytes: int,
    question: FitQuestion,
    devices: Sequence[DeviceFacts] = (),
    *,
    kv_bytes_per_token: int | None = None,
) -> MemoryNeed | None:
    """What a folder with files of `files_bytes` takes; None: not enough is known.

    The KV cache is made for the whole context at once, in the type that the graph has: `kv_bytes_per_token`
    where the graph was read, else 4 bytes a number on the processor and 2 on a device. A device gets all of
    the model or nothing.
    """
    used = devices[0] if devices and question.devices and question.gpu_layers else None
    numbers = sum(cache.key_values + cache.value_values for cache in caches_of(dimensions) or ())
    if kv_bytes_per_token is None:
        if not numbers:
            return None
        kv_bytes_per_token = numbers * (_NUMBER_BYTES_ON_DEVICE if used else _NUMBER_BYTES)
    files_bytes = max(0, files_bytes)
    kv = max(0, kv_bytes_per_token) * max(1, question.context_length)
    vocabulary = dimensions.vocab_size or _USUAL_VOCABULARY
    batch = max(1, min(question.batch_size, question.context_length))
    chunk = batch if used else min(batch, _LARGEST_CHUNK)
    width = dimensions.hidden_size or 0
    working = chunk * (vocabulary + _RESULTS * width) * _NUMBER_BYTES
    if used is None:
        working += int(files_bytes * _PACKED_SHARE)
    parts = Parts(weights=files_bytes, kv=kv, compute=working, output=vocabulary * _NUMBER_BYTES)
    beside = Parts(runtime=RUNTIME_BYTES + vocabulary * _TOKEN_BYTES)
    if used is None:
        needs = [DeviceNeed(name=PROCESSOR, parts=sum_parts([parts, beside]), free=None)]
    else:
        needs = [
            DeviceNeed(name=PROCESSOR, parts=beside, free=None),
            DeviceNeed(name=used.name, parts=parts, free=used.free_memory, total=used.total_memory),
        ]
    return MemoryNeed(
        parts=sum_parts([need.parts for need in needs]),
        resident=needs[0].parts.total,
        devices=tuple(needs),
        context_length=question.context_length,
        # The graph decides, whatever is asked for.
        kv_type="f32" if kv_bytes_per_token >= numbers * _NUMBER_BYTES > 0 else "f16",
        gpu_layers=(dimensions.layers or 0) + 1 if used else 0,
        source="estimated",
    )
