"""What loading a model would take, by having llama.cpp lay out every buffer without allocating it.

`no_alloc` makes it read a model's header alone, so a file that is cut off behind it, or is sparse there, will
do. Twice it would end its process: where the file is mapped into memory (so the load mode is NONE), and when
anything is decoded in such a context (so nothing ever is). Tests hold it to both.
"""

from __future__ import annotations

from typing import Any

import psutil

from slmdesk import hardware
from slmdesk.engines.device_titles import PROCESSOR
from slmdesk.engines.limits import most_threads
from slmdesk.engines.llama_cpp import devices, native
from slmdesk.engines.llama_cpp.buffers import layer_places, simulated_buffers, wanted_line
from slmdesk.engines.llama_cpp.files import ModelFiles, inspect_files
from slmdesk.engines.llama_cpp.native import lib
from slmdesk.engines.llama_cpp.options import LoadPlan, Surroundings, plan_load, wants_devices
from slmdesk.engines.llama_cpp.parameters import (
    ModelParameters,
    context_parameters,
    model_parameters,
    require_for_chat,
)
from slmdesk.engines.llama_cpp.repacking import repacked_tensors
from slmdesk.engines.llama_cpp.tensors import weights_by_device
from slmdesk.engines.memory import give_heap_back
from slmdesk.engines.protocol import Device, LoadOptions, SimulatedLoad
from slmdesk.messages import ErrorKind, UserError

_NAME = "llama.cpp"
_ANY_AMOUNT = 1 << 62

# How llama.cpp refuses a file, beside the reason (src/llama.cpp, src/llama-model-loader.cpp).
_UNKNOWN_KIND = "unknown model architecture"
_ONLY_A_PROJECTOR = "CLIP cannot be used as main model"
_CONTRADICTIONS = (
    "error loading model hyperparameters",
    "error loading model vocabulary",
    "check_tensor_dims",
    "missing tensor",
    "wrong number of tensors",
    "key not found in model",
)
"""The file lacks what its kind of model has, or has it otherwise than its header says."""


class LoadSimulator:
    """Keeps the last model, so that further questions about it take a few milliseconds each. One thread."""

    def __init__(self) -> None:
        self._model: _SimulatedModel | None = None
        self._path = ""
        self._files: ModelFiles | None = None
        self._devices: tuple[Device, ...] | None = None

    def simulate(self, path: str, options: LoadOptions) -> SimulatedLoad:
        """See `engine.Simulator`."""
        if self._files is None or path != self._path:
            self._close()
            self._files, self._path = inspect_files(path), path
        files = self._files
        if any(tensor.size_bytes is None for header in files.headers for tensor in header.tensors):
            raise _unknown("a tensor of a type that is not known here", files.header.architecture)
        if wants_devices(options) and self._devices is None:
            self._devices = devices.list_devices()
        around = Surroundings(
            # Whether it is enough is for others to say.
            available_bytes=_ANY_AMOUNT,
            default_threads=hardware.default_threads(),
            most_threads=most_threads(hardware.logical_cores()),
            devices=self._devices or (),
        )
        plan = plan_load(path, files.header, files.weights_bytes, options, around)
        if self._model is None or not self._model.serves(plan):
            self._close()
            self._model = _SimulatedModel(path, plan, files.header.architecture)
        return self._model.lay_out(files, plan)

    def _close(self) -> None:
        if self._model is not None:
            self._model.close()
            self._model = None


class _SimulatedModel:
    """A model without its weights."""

    def __init__(self, path: str, plan: LoadPlan, architecture: str) -> None:
        self._path = path
        self._copies: dict[str, int] | None = None
        self._placing = (plan.devices, plan.gpu_layers, plan.tensor_split)
        self._parameters: ModelParameters = model_parameters(plan)
        parameters = self._parameters.native
        parameters.no_alloc = True
        parameters.load_mode = lib.LLAMA_LOAD_MODE_NONE
        # It would have to read the weights.
        parameters.check_tensors = False
        native.clear_log()
        with native.listening(wanted_line) as self._lines:
            self._native: Any = lib.llama_model_load_from_file(native.path_bytes(path), parameters)
        if not self._native:
            self._native = None
            raise _meaning_of(native.log_tail(), path, architecture)
        try:
            require_for_chat(self._native, path)
        except UserError:
            self.close()
            raise

    def serves(self, plan: LoadPlan) -> bool:
        """Whether `plan` differs from this model's in its context alone."""
        return self._placing == (plan.devices, plan.gpu_layers, plan.tensor_split)

    def lay_out(self, files: ModelFiles, plan: LoadPlan) -> SimulatedLoad:
        """Make the context of `plan` without allocating it, and read what it would be."""
        native.clear_log()
        with native.listening(wanted_line) as lines:
            context = lib.llama_init_from_model(self._native, context_parameters(plan))
        if not context:
            raise UserError("simulation-failed", ErrorKind.MODEL, details=native.log_tail(), engine=_NAME)
        try:
            runtime = int(psutil.Process().memory_info().rss)
            memory = lib.llama_get_memory(context)
            length = min(plan.context_length, int(lib.llama_n_ctx_seq(context)))
        finally:
            lib.llama_free(context)
        if not memory:
            raise UserError("model-not-for-chat", ErrorKind.MODEL, file=self._path)
        names = {device.name for device in plan.devices}
        places = {
            layer: place if place in names else PROCESSOR
            for layer, place in layer_places(self._lines).items()
        }
        buffers = zip(self._parameters.pointers, plan.devices, strict=True)
        header = files.header
        heads = header.per_layer("attention.head_count_kv", 0)
        return SimulatedLoad(
            reserved=simulated_buffers(
                lines,
                {devices.buffer_name(pointer): device.name for pointer, device in buffers},
                weights_by_device(files.headers, places, self._copied(files)),
                heads,
            ),
            runtime_bytes=runtime,
            context_length=length,
            gpu_layers=sum(place in names for place in places.values()),
            layers=len(places),
        )

    def _copied(self, files: ModelFiles) -> dict[str, int]:
        # With a device, memory that it can reach comes first.
        if self._parameters.pointers or not self._parameters.native.use_extra_bufts:
            return {}
        if self._copies is None:
            self._copies = repacked_tensors(files.headers)
        return self._copies

    def close(self) -> None:
        """Give it back."""
        if self._native is not None:
            lib.llama_model_free(self._native)
            self._native = None
            give_heap_back()


def _meaning_of(log: str, path: str, architecture: str) -> UserError:
    """Why a model was not read, from what llama.cpp said of it."""
    if _UNKNOWN_KIND in log:
        return _unknown(log, architecture)
    if _ONLY_A_PROJECTOR in log:
        return UserError("model-not-for-chat", ErrorKind.MODEL, details=log, file=path)
    if any(one in log for one in _CONTRADICTIONS):
        return UserError("model-refused", ErrorKind.MODEL, details=log, file=path, engine=_NAME)
    # A device that fails says nothing of the file.
    return UserError("simulation-failed", ErrorKind.MODEL, details=log, engine=_NAME)


def _unknown(details: str, architecture: str) -> UserError:
    return UserError(
        "simulation-refused", ErrorKind.MODEL, details=details, engine=_NAME, architecture=architecture
    )
