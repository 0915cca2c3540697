"""Load options and sampling, checked before native code sees them. Pure: facts in, a plan or an error out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slmdesk.engines.protocol import (
    ALL_LAYERS,
    USUAL_CONTEXT_LENGTH,
    Device,
    GenerateRequest,
    KvType,
    LoadOptions,
    Sampling,
)
from slmdesk.formats.gguf import GgufHeader, block_of, bytes_of
from slmdesk.messages import ErrorKind, UserError

SMALLEST_CONTEXT = 16
LARGEST_BATCH = 4096
LARGEST_MICRO_BATCH = 512
MOST_STOP_STRINGS = 64
LONGEST_STOP_STRING = 1024
LARGEST_SEED = 2**32 - 2
# llama.cpp rounds the context up to this.
_CONTEXT_STEP = 256

KV_TYPES: Mapping[KvType, int] = {
    "f32": 0,
    "f16": 1,
    "bf16": 30,
    "q8_0": 8,
    "q5_1": 7,
    "q5_0": 6,
    "q4_1": 3,
    "q4_0": 2,
}
"""ggml's number for each KV cache type. Any other number ends the process."""

FLASH_ATTENTION = {"auto": -1, "off": 0, "on": 1}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the computer allows, as far as loading depends on it."""

    available_bytes: int
    default_threads: int
    most_threads: int
    devices: Sequence[Device] = ()


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """Load options that were checked and made definite."""

    context_length: int
    threads: int
    batch_size: int
    micro_batch_size: int
    gpu_layers: int
    """0 also where no GPU is there."""
    kv_type: KvType
    flash_attention: int
    check_tensors: bool
    weights_bytes: int
    kv_bytes: int


def most_threads(logical_cores: int) -> int:
    """The most threads that make sense: thousands of them take a minute to start and never finish."""
    return min(512, max(8, 2 * logical_cores))


def padded_context(context_length: int) -> int:
    """Tokens that llama.cpp reserves for a context of `context_length`."""
    return -(-context_length // _CONTEXT_STEP) * _CONTEXT_STEP


def plan_load(
    name: str, header: GgufHeader, weights_bytes: int, options: LoadOptions, around: Surroundings
) -> LoadPlan:
    """How to load the model `name`, whose files hold `weights_bytes` of tensors.

    Raises UserError (kind MODEL) for options that cannot be, or more memory than there is.
    """
    context = _context_length(name, header, options.context_length)
    threads = around.default_threads if options.threads is None else options.threads
    _within("threads", threads, 1, around.most_threads)
    _within("batch-size", options.batch_size, 1, LARGEST_BATCH)
    _within("gpu-layers", options.gpu_layers, ALL_LAYERS, 10_000)
    if options.flash_attention not in FLASH_ATTENTION:
        raise UserError("flash-attention-unknown", ErrorKind.MODEL, value=str(options.flash_attention))
    _check_kv_type(name, header, options)
    kv_bytes = header.kv_bytes_per_token(options.kv_type) * padded_context(context)
    gpus = [device for device in around.devices if device.kind in ("gpu", "integrated gpu")]
    layers = header.layers + 1 if options.gpu_layers == ALL_LAYERS else options.gpu_layers
    gpu_layers = min(layers, header.layers + 1) if gpus else 0
    share = 1 - gpu_layers / (header.layers + 1)
    needed = int((weights_bytes + kv_bytes) * share)
    if needed > around.available_bytes:
        raise UserError(
            "memory-too-small",
            ErrorKind.MODEL,
            name=name,
            needed_memory=needed,
            available_memory=around.available_bytes,
            context_length=context,
        )
    if gpu_layers:
        _check_device_buffers(name, header, options, context, gpus)
    return LoadPlan(
        context_length=context,
        threads=threads,
        batch_size=min(options.batch_size, context),
        micro_batch_size=min(options.batch_size, context, LARGEST_MICRO_BATCH),
        gpu_layers=gpu_layers,
        kv_type=options.kv_type,
        flash_attention=FLASH_ATTENTION[options.flash_attention],
        check_tensors=options.check_tensors,
        weights_bytes=weights_bytes,
        kv_bytes=kv_bytes,
    )


def _context_length(name: str, header: GgufHeader, wanted: int | None) -> int:
    trained = header.context_length
    if wanted is None:
        return min(USUAL_CONTEXT_LENGTH, trained) if trained else USUAL_CONTEXT_LENGTH
    if wanted < SMALLEST_CONTEXT:
        raise UserError(
            "context-too-short", ErrorKind.MODEL, context_length=wanted, smallest=SMALLEST_CONTEXT
        )
    if trained and wanted > trained:
        raise UserError(
            "context-too-long", ErrorKind.MODEL, name=name, context_length=wanted, trained=trained
        )
    return wanted


def _check_kv_type(name: str, header: GgufHeader, options: LoadOptions) -> None:
    kind = options.kv_type
    if kind not in KV_TYPES:
        raise UserError("kv-type-unknown", ErrorKind.MODEL, kv_type=str(kind))
    quantized = block_of(kind) > 1
    if quantized and options.flash_attention == "off":
        raise UserError("kv-type-needs-flash-attention", ErrorKind.MODEL, kv_type=kind)
    if quantized and any(length % block_of(kind) for length in (header.key_length, header.value_length)):
        raise UserError("kv-type-does-not-fit", ErrorKind.MODEL, name=name, kv_type=kind)


def _check_device_buffers(
    name: str, header: GgufHeader, options: LoadOptions, context: int, gpus: Sequence[Device]
) -> None:
    """One tensor of the KV cache larger than a device's largest buffer ends the process."""
    largest = _largest_kv_row(header, options.kv_type) * padded_context(context)
    for device in gpus:
        if device.largest_buffer and largest > device.largest_buffer:
            raise UserError(
                "context-too-long-for-device",
                ErrorKind.MODEL,
                name=name,
                context_length=context,
                device=device.description or device.name,
                limit_memory=device.largest_buffer,
            )


def _largest_kv_row(header: GgufHeader, kv_type: KvType) -> int:
    """Most bytes a token takes in one tensor of the KV cache: a layer's keys and its values have one each."""
    latent = header.of_architecture("attention.kv_lora_rank") or 0
    if latent > 0:
        rotated = header.of_architecture("rope.dimension_count") or 0
        return bytes_of(kv_type, latent + max(0, rotated))
    heads = header.per_layer("attention.head_count", 0)
    stated = header.per_layer("attention.head_count_kv", -1)
    most = max((one if kv < 0 else kv for one, kv in zip(heads, stated, strict=True)), default=0)
    return bytes_of(kv_type, max(0, most) * max(header.key_length, header.value_length))


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise UserError(f"{name}-out-of-range", ErrorKind.MODEL, value=value, least=least, most=most)


_SAMPLING_RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0.0, 100.0),
    "top_k": (0, 2**31 - 1),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 1.0),
    "repeat_penalty": (0.01, 100.0),
    "presence_penalty": (-100.0, 100.0),
    "frequency_penalty": (-100.0, 100.0),
    "penalty_window": (-1, 2**31 - 1),
}


def check_request(request: GenerateRequest) -> None:
    """Raise UserError (kind GENERATION) for a request that cannot be."""
    _check_sampling(request.sampling)
    if request.max_tokens is not None and request.max_tokens < 1:
        raise UserError("max-tokens-out-of-range", ErrorKind.GENERATION, value=request.max_tokens)
    if len(request.stop) > MOST_STOP_STRINGS:
        raise UserError("stop-too-many", ErrorKind.GENERATION, most=MOST_STOP_STRINGS)
    if any(not 0 < len(stop) <= LONGEST_STOP_STRING for stop in request.stop):
        raise UserError("stop-length", ErrorKind.GENERATION, most=LONGEST_STOP_STRING)
    if not request.messages:
        raise UserError("no-message", ErrorKind.GENERATION)


def _check_sampling(sampling: Sampling) -> None:
    for name, (least, most) in _SAMPLING_RANGES.items():
        value = getattr(sampling, name)
        if not math.isfinite(value) or not least <= value <= most:
            raise UserError(
                "sampling-out-of-range", ErrorKind.GENERATION,
                setting=name, value=str(value), least=str(least), most=str(most),
            )  # fmt: skip
    if sampling.seed is not None and not 0 <= sampling.seed <= LARGEST_SEED:
        raise UserError(
            "sampling-out-of-range", ErrorKind.GENERATION,
            setting="seed", value=str(sampling.seed), least="0", most=str(LARGEST_SEED),
        )  # fmt: skip
