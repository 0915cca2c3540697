"""Which weights llama.cpp keeps a second time, in a form that computes faster on this processor.

A tensor goes into the first of the processor's extra kinds of memory that can multiply with it. llama.cpp
finds that out by asking ggml about an operation that is never carried out, and so does this. No weights are
needed for it. The file stays mapped beside the copies, so they add to it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from slmdesk.engines.llama_cpp import native
from slmdesk.formats.gguf import GgufHeader, TensorInfo

_CPU = 0
_TYPE_F32, _TYPE_I32 = 0, 26
_BATCH = 512
"""Columns of the operation that llama.cpp asks about."""
# ggml.h: `type` and `buffer` come before the shape in a tensor.
_BUFFER_AT, _SHAPE_AT = 8, 16
_MEMORY_BYTES = 1 << 16
_EXTRA_KINDS = b"ggml_backend_dev_get_extra_bufts"


class _InitParameters(ctypes.Structure):
    """ggml_init_params."""

    _fields_ = (("size", ctypes.c_size_t), ("memory", ctypes.c_void_p), ("no_alloc", ctypes.c_bool))


@cache
def _base() -> ctypes.CDLL:
    """ggml's part with tensors and buffers, its signatures set."""
    base = native.open_part("ggml-base")
    pointer = ctypes.c_void_p
    shape = ctypes.POINTER(ctypes.c_int64)
    for function, result, arguments in (
        (base.ggml_init, pointer, (_InitParameters,)),
        (base.ggml_free, None, (pointer,)),
        (base.ggml_new_tensor, pointer, (pointer, ctypes.c_int, ctypes.c_int, shape)),
        (base.ggml_mul_mat, pointer, (pointer,) * 3),
        (base.ggml_mul_mat_id, pointer, (pointer,) * 4),
        (base.ggml_backend_dev_supports_op, ctypes.c_bool, (pointer, pointer)),
        (base.ggml_backend_dev_backend_reg, pointer, (pointer,)),
        (base.ggml_backend_reg_get_proc_address, pointer, (pointer, ctypes.c_char_p)),
        (base.ggml_backend_buft_alloc_buffer, pointer, (pointer, ctypes.c_size_t)),
        (base.ggml_backend_buft_get_alloc_size, ctypes.c_size_t, (pointer, pointer)),
        (base.ggml_backend_buft_get_alignment, ctypes.c_size_t, (pointer,)),
        (base.ggml_backend_buffer_free, None, (pointer,)),
    ):
        function.restype, function.argtypes = result, arguments
    find = native.ggml.ggml_backend_dev_by_type
    find.restype, find.argtypes = pointer, (ctypes.c_int,)
    return base


def repacked_tensors(headers: Sequence[GgufHeader]) -> dict[str, int]:
    """Bytes of the copies that are made of tensors on the processor, by the tensors' names.

    Where an output layer uses the input's tensor, the copy stands under the name of the input's.
    """
    experts = max(headers[0].per_layer("expert_used_count", 1), default=1)
    names = {tensor.name for header in headers for tensor in header.tensors}
    sizes: dict[str, int] = {}
    known: dict[tuple[tuple[int, ...], int, bool], int] = {}
    with _extra_kinds() as kinds:
        if not kinds:
            return {}
        for tensor in (tensor for header in headers for tensor in header.tensors):
            if not _is_multiplied(tensor, names):
                continue
            chosen = "_exps." in tensor.name
            key = (tensor.shape, tensor.type, chosen)
            if key not in known:
                known[key] = _copy_bytes(kinds, tensor, experts if chosen else 0)
            if known[key]:
                sizes[tensor.name] = known[key]
    return sizes


def _is_multiplied(tensor: TensorInfo, names: set[str]) -> bool:
    if tensor.name == "token_embd.weight":
        return "output.weight" not in names
    repeating = tensor.name.startswith("blk.") and len(tensor.shape) > 1
    return tensor.name.endswith(".weight") and (repeating or tensor.name == "output.weight")


@contextmanager
def _extra_kinds() -> Iterator[list[tuple[int, int]]]:
    """The processor's extra kinds of memory, with an empty buffer of each."""
    base = _base()
    device = native.ggml.ggml_backend_dev_by_type(_CPU)
    address = device and base.ggml_backend_reg_get_proc_address(
        base.ggml_backend_dev_backend_reg(device), _EXTRA_KINDS
    )
    kinds: list[tuple[int, int]] = []
    if address:
        listed = ctypes.CFUNCTYPE(ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p)(address)(device)
        index = 0
        while listed and listed[index]:
            kinds.append((listed[index] or 0, base.ggml_backend_buft_alloc_buffer(listed[index], 0)))
            index += 1
    try:
        yield kinds
    finally:
        for _, buffer in kinds:
            base.ggml_backend_buffer_free(buffer)


def _copy_bytes(kinds: Sequence[tuple[int, int]], tensor: TensorInfo, experts: int) -> int:
    """Bytes of the copy of `tensor` in the first of `kinds` that can multiply with it; 0: in none.

    `experts`: how many matrices of it are used at a time; 0: it is one matrix.
    """
    base = _base()
    memory = base.ggml_init(_InitParameters(_MEMORY_BYTES, None, True))
    if not memory:
        return 0
    try:
        weight = _new(memory, tensor.type, tensor.shape)
        stated = (ctypes.c_int64 * len(tensor.shape)).from_address(weight + _SHAPE_AT)
        if tuple(stated) != tensor.shape:
            # A ggml whose tensors are laid out in another way: nothing is to be written into them.
            return 0
        if experts:
            columns = _new(memory, _TYPE_F32, (tensor.shape[0], experts, _BATCH))
            ids = _new(memory, _TYPE_I32, (experts, _BATCH))
            operation = base.ggml_mul_mat_id(memory, weight, columns, ids)
        else:
            columns = _new(memory, _TYPE_F32, (tensor.shape[0], _BATCH, *tensor.shape[2:]))
            operation = base.ggml_mul_mat(memory, weight, columns)
        device = native.ggml.ggml_backend_dev_by_type(_CPU)
        for kind, buffer in kinds:
            ctypes.c_void_p.from_address(weight + _BUFFER_AT).value = buffer
            if base.ggml_backend_dev_supports_op(device, operation):
                step = int(base.ggml_backend_buft_get_alignment(kind))
                return -(-int(base.ggml_backend_buft_get_alloc_size(kind, weight)) // step) * step
        return 0
    finally:
        base.ggml_free(memory)


def _new(memory: int, kind: int, shape: Sequence[int]) -> int:
    lengths = (ctypes.c_int64 * len(shape))(*shape)
    return int(_base().ggml_new_tensor(memory, kind, len(shape), lengths))
