"""What llama.cpp is told about loading, and which models are not run: made in one place, so that a simulated
load and a real one agree.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

from slmdesk.engines.llama_cpp import devices, native
from slmdesk.engines.llama_cpp.native import lib
from slmdesk.engines.llama_cpp.options import KV_TYPES, LoadPlan
from slmdesk.messages import ErrorKind, UserError


@dataclass(frozen=True, slots=True)
class ModelParameters:
    """Parameters of a model, with the memory they point to: keep this for as long as the model is there."""

    native: Any
    """llama_model_params."""
    pointers: tuple[int, ...]
    """ggml's pointers to the plan's devices, in its order."""
    memory: tuple[Any, ...]
    """What `native` points to."""


def model_parameters(plan: LoadPlan) -> ModelParameters:
    """Parameters for the model of `plan`, without how its file is read. Starts the drivers of its devices.

    Raises KeyError for a device that is not there.
    """
    parameters = lib.llama_model_default_params()
    # A list that ends with NULL. Where nothing is before it, nothing is reserved on a GPU.
    pointers = devices.find_pointers([device.name for device in plan.devices]) if plan.devices else []
    listed = (ctypes.c_void_p * (len(pointers) + 1))(*pointers, None)
    parameters.devices = ctypes.cast(listed, ctypes.c_void_p)
    parameters.n_gpu_layers = plan.gpu_layers
    parameters.split_mode = lib.LLAMA_SPLIT_MODE_LAYER
    parameters.main_gpu = 0
    shares = (ctypes.c_float * int(lib.llama_max_devices()))(*plan.tensor_split)
    if plan.tensor_split:
        parameters.tensor_split = shares
    parameters.check_tensors = plan.check_tensors
    # AMX is one of these extra buffers; there is no switch for it alone.
    parameters.use_extra_bufts = not native.amx_is_left_alone()
    return ModelParameters(parameters, tuple(pointers), (listed, shares))


def context_parameters(plan: LoadPlan) -> Any:
    """Parameters (llama_context_params) for the context of `plan`."""
    parameters = lib.llama_context_default_params()
    parameters.n_ctx = plan.context_length
    parameters.n_batch = plan.batch_size
    parameters.n_ubatch = plan.micro_batch_size
    parameters.n_seq_max = 1
    # Only the last token's logits are ever asked for. Room for those of a whole batch would be most of what
    # is reserved for computing: batch x vocabulary x 4 bytes.
    parameters.n_outputs_max = 1
    parameters.n_threads = parameters.n_threads_batch = plan.threads
    parameters.type_k = parameters.type_v = KV_TYPES[plan.kv_type]
    parameters.flash_attn_type = plan.flash_attention
    # A full-size cache also for models with sliding windows: it takes more memory, and earlier turns can be
    # gone back to.
    parameters.swa_full = True
    parameters.no_perf = True
    # With 0 GPU layers a GPU build would still move long prompts to the device.
    parameters.op_offload = parameters.offload_kqv = plan.gpu_layers > 0
    return parameters


def require_for_chat(model: Any, path: str) -> None:
    """Raise UserError (kind MODEL) where llama.cpp's `model`, read from `path`, is none that can chat."""
    has_other_parts = lib.llama_model_has_encoder(model) or not lib.llama_model_has_decoder(model)
    if has_other_parts or lib.llama_model_is_diffusion(model):
        raise UserError("model-not-for-chat", ErrorKind.MODEL, file=path)
