"""The devices that the installed llama.cpp sees, and what drives them.

llama-cpp-python binds none of ggml's device functions, so they are called here through ctypes. Only in a
child process: a driver may end it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from functools import cache

from slmdesk.engines.llama_cpp import native
from slmdesk.engines.protocol import Device
from slmdesk.hardware import memory_limits

_KINDS = {0: "cpu", 1: "gpu", 2: "integrated gpu", 3: "accelerator", 4: "other"}
# ggml's own names where people know another.
_TITLES = {"MTL": "Metal", "HTP": "Hexagon", "OPENVINO": "OpenVINO"}
# A build has a library file for each of these that it was made for, also where no device of it is here.
_GPU_LIBRARIES = {
    "cuda": "CUDA",
    "hip": "ROCm",
    "musa": "MUSA",
    "metal": "Metal",
    "sycl": "SYCL",
    "vulkan": "Vulkan",
    "opencl": "OpenCL",
    "webgpu": "WebGPU",
    "cann": "CANN",
    "hexagon": "Hexagon",
}


@cache
def _base() -> ctypes.CDLL:
    """ggml's part with the functions of devices, their signatures set."""
    base = native.open_part("ggml-base")
    pointer, size_pointer = ctypes.c_void_p, ctypes.POINTER(ctypes.c_size_t)
    for function, result in (
        (base.ggml_backend_dev_name, ctypes.c_char_p),
        (base.ggml_backend_dev_description, ctypes.c_char_p),
        (base.ggml_backend_dev_type, ctypes.c_int),
        (base.ggml_backend_dev_buffer_type, pointer),
        (base.ggml_backend_dev_backend_reg, pointer),
        (base.ggml_backend_reg_name, ctypes.c_char_p),
        (base.ggml_backend_buft_name, ctypes.c_char_p),
        (base.ggml_backend_buft_get_max_size, ctypes.c_size_t),
    ):
        function.restype, function.argtypes = result, [pointer]
    base.ggml_backend_dev_memory.restype = None
    base.ggml_backend_dev_memory.argtypes = (pointer, size_pointer, size_pointer)
    ggml = native.ggml
    for count in (ggml.ggml_backend_dev_count, ggml.ggml_backend_reg_count):
        count.restype = ctypes.c_size_t
    for get in (ggml.ggml_backend_dev_get, ggml.ggml_backend_reg_get):
        get.restype, get.argtypes = pointer, [ctypes.c_size_t]
    return base


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")


def _all_pointers() -> Iterator[int]:
    _base()
    native.start_drivers()
    for index in range(native.ggml.ggml_backend_dev_count()):
        yield native.ggml.ggml_backend_dev_get(index)


def list_devices() -> tuple[Device, ...]:
    """Every device of every backend that is built in or lies beside the library. Starts their drivers."""
    return tuple(_device(pointer) for pointer in _all_pointers())


def find_pointers(names: Sequence[str]) -> list[int]:
    """ggml's pointers to the devices called `names`, in that order. Raises KeyError for one not there."""
    base = _base()
    known = {_text(base.ggml_backend_dev_name(pointer)): pointer for pointer in _all_pointers()}
    return [known[name] for name in names]


def buffer_name(pointer: int) -> str:
    """How the log calls memory of the device at `pointer`; what follows it there says which part."""
    base = _base()
    return _text(base.ggml_backend_buft_name(base.ggml_backend_dev_buffer_type(pointer)))


def list_backends() -> tuple[str, ...]:
    """What the library was built for, whether or not there is a device of it. Starts the drivers."""
    base, ggml = _base(), native.ggml
    native.start_drivers()
    started = (ggml.ggml_backend_reg_get(index) for index in range(ggml.ggml_backend_reg_count()))
    names = [_backend_title(base, registry) for registry in started]
    return tuple(dict.fromkeys([*names, *gpu_backends()]))


def gpu_backends() -> tuple[str, ...]:
    """What for graphics processors the library was built for. Looks at its files alone: no driver starts."""
    return tuple(title for name, title in _GPU_LIBRARIES.items() if native.has_library(f"ggml-{name}"))


def _backend_title(base: ctypes.CDLL, registry: int) -> str:
    name = _text(base.ggml_backend_reg_name(registry))
    return _TITLES.get(name, name)


def _device(pointer: int) -> Device:
    base = _base()
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    base.ggml_backend_dev_memory(pointer, ctypes.byref(free), ctypes.byref(total))
    kind = _KINDS.get(base.ggml_backend_dev_type(pointer), "other")
    free_memory = free.value
    if kind == "cpu":
        # ggml counts all of the computer's memory as free.
        free_memory = min(free_memory, memory_limits().available_bytes)
    largest = base.ggml_backend_buft_get_max_size(base.ggml_backend_dev_buffer_type(pointer))
    return Device(
        name=_text(base.ggml_backend_dev_name(pointer)),
        description=_text(base.ggml_backend_dev_description(pointer)),
        kind=kind,
        backend=_backend_title(base, base.ggml_backend_dev_backend_reg(pointer)),
        free_memory=free_memory,
        total_memory=total.value,
        # "No limit" is the largest number there is.
        largest_buffer=largest if largest < 1 << 60 else 0,
    )
