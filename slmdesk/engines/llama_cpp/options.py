"""Load options, checked before native code sees them. Pure: facts in, a plan or an error out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slmdesk.engines.device_titles import device_title
from slmdesk.engines.limits import LARGEST_BATCH, context_length_for, require_memory, require_within
from slmdesk.engines.protocol import ALL_LAYERS, Device, KvType, LoadOptions
from slmdesk.formats.gguf import GgufHeader, block_of, bytes_of
from slmdesk.messages import ErrorKind, UserError

LARGEST_MICRO_BATCH = 512
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

GPU_KINDS = ("gpu", "integrated gpu")
"""Kinds of devices that layers can be placed on; `accelerator` helps the processor by itself."""

FLASH_ATTENTION = {"auto": -1, "off": 0, "on": 1}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the computer allows, as far as loading depends on it."""

    available_bytes: int
    default_threads: int
    most_threads: int
    devices: Sequence[Device] = ()
    """All that the library sees, where one was asked for."""


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """Load options that were checked and made definite."""

    context_length: int
    threads: int
    batch_size: int
    micro_batch_size: int
    devices: tuple[Device, ...]
    """Those to use besides the processor, the main one first; none where no layers are for them."""
    gpu_layers: int
    """0 also where there are no devices."""
    tensor_split: tuple[float, ...]
    """One share for each of the devices, or nothing."""
    kv_type: KvType
    flash_attention: int
    check_tensors: bool
    weights_bytes: int
    kv_bytes: int


def padded_context(context_length: int) -> int:
    """Tokens that llama.cpp reserves for a context of `context_length`."""
    return -(-context_length // _CONTEXT_STEP) * _CONTEXT_STEP


def plan_load(
    name: str, header: GgufHeader, weights_bytes: int, options: LoadOptions, around: Surroundings
) -> LoadPlan:
    """How to load the model `name`, whose files hold `weights_bytes` of tensors.

    Raises UserError (kind MODEL) for options that cannot be, or more memory than there is.
    """
    context = context_length_for(name, header.context_length, options.context_length)
    threads = around.default_threads if options.threads is None else options.threads
    require_within("threads", threads, 1, around.most_threads)
    require_within("batch-size", options.batch_size, 1, LARGEST_BATCH)
    require_within("gpu-layers", options.gpu_layers, ALL_LAYERS, 10_000)
    if options.flash_attention not in FLASH_ATTENTION:
        raise UserError("flash-attention-unknown", ErrorKind.MODEL, value=str(options.flash_attention))
    _check_kv_type(name, header, options)
    kv_bytes = header.kv_bytes_per_token(options.kv_type) * padded_context(context)
    devices = _chosen_devices(options, around.devices)
    layers = header.layers + 1 if options.gpu_layers == ALL_LAYERS else options.gpu_layers
    gpu_layers = min(layers, header.layers + 1) if devices else 0
    share = 1 - gpu_layers / (header.layers + 1)
    needed = int((weights_bytes + kv_bytes) * share)
    require_memory(name, needed, around.available_bytes, context)
    if gpu_layers:
        _check_device_buffers(name, header, options, context, devices)
    return LoadPlan(
        context_length=context,
        threads=threads,
        batch_size=min(options.batch_size, context),
        micro_batch_size=min(options.batch_size, context, LARGEST_MICRO_BATCH),
        devices=devices,
        gpu_layers=gpu_layers,
        tensor_split=options.tensor_split if devices else (),
        kv_type=options.kv_type,
        flash_attention=FLASH_ATTENTION[options.flash_attention],
        check_tensors=options.check_tensors,
        weights_bytes=weights_bytes,
        kv_bytes=kv_bytes,
    )


def _chosen_devices(options: LoadOptions, known: Sequence[Device]) -> tuple[Device, ...]:
    """The devices that `options` name. Raises UserError for one not there, and for shares that do not fit."""
    if not wants_devices(options):
        return ()
    there = {device.name: device for device in known if device.kind in GPU_KINDS}
    names = tuple(dict.fromkeys(options.devices))
    for name in names:
        if name in there:
            continue
        if there:
            raise UserError("device-unknown", ErrorKind.MODEL, device=name, devices=", ".join(there))
        raise UserError("device-unknown-none", ErrorKind.MODEL, device=name, engine="llama.cpp")
    shares = options.tensor_split
    possible = all(math.isfinite(share) and share >= 0 for share in shares) and any(shares)
    if shares and (len(shares) != len(names) or not possible):
        raise UserError("tensor-split-does-not-fit", ErrorKind.MODEL, count=len(names))
    return tuple(there[name] for name in names)


def wants_devices(options: LoadOptions) -> bool:
    """Whether anything but the processor is to be used."""
    return bool(options.devices) and options.gpu_layers != 0


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
                device=device_title(device),
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
