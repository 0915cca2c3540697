"""What the installed llama.cpp is, and which devices it sees.

llama-cpp-python binds none of ggml's device functions, so they are called here through ctypes. Only in a
child process: a driver may end it.
"""

from __future__ import annotations

import ctypes

from slmdesk.engines.protocol import Build, Device

_KINDS = {0: "cpu", 1: "gpu", 2: "integrated gpu", 3: "accelerator", 4: "other"}


def build_info() -> Build:
    """Look at the installed library and its devices. Loads the library; raises what importing it raises."""
    from slmdesk.engines.llama_cpp import native

    return Build(version=engine_version(), library=str(native.library_file("llama")), devices=list_devices())


def engine_version() -> str:
    """The versions of llama.cpp and of the Python package that brings it, for people."""
    from slmdesk.engines.llama_cpp import native

    own = native.lib.llama_version().decode("utf-8", "replace")
    return f"{own} (llama-cpp-python {native.package_version})"


def list_devices() -> tuple[Device, ...]:
    """Every device of every backend that is built in or lies beside the library."""
    from slmdesk.engines.llama_cpp import native

    ggml = native.ggml
    base = ctypes.CDLL(str(native.library_file("ggml-base")))
    ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    ggml.ggml_backend_dev_get.restype = ctypes.c_void_p
    ggml.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    return tuple(
        _device(base, ggml.ggml_backend_dev_get(index)) for index in range(ggml.ggml_backend_dev_count())
    )


def _device(base: ctypes.CDLL, device: int) -> Device:
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    pointer = ctypes.c_void_p
    for function, result in (
        (base.ggml_backend_dev_name, ctypes.c_char_p),
        (base.ggml_backend_dev_description, ctypes.c_char_p),
        (base.ggml_backend_dev_type, ctypes.c_int),
        (base.ggml_backend_dev_buffer_type, pointer),
        (base.ggml_backend_buft_get_max_size, ctypes.c_size_t),
    ):
        function.restype, function.argtypes = result, [pointer]
    base.ggml_backend_dev_memory.restype = None
    size_pointer = ctypes.POINTER(ctypes.c_size_t)
    base.ggml_backend_dev_memory.argtypes = (pointer, size_pointer, size_pointer)
    base.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
    largest = base.ggml_backend_buft_get_max_size(base.ggml_backend_dev_buffer_type(device))
    return Device(
        name=(base.ggml_backend_dev_name(device) or b"").decode("utf-8", "replace"),
        description=(base.ggml_backend_dev_description(device) or b"").decode("utf-8", "replace"),
        kind=_KINDS.get(base.ggml_backend_dev_type(device), "other"),
        free_memory=free.value,
        total_memory=total.value,
        # "No limit" is the largest number there is.
        largest_buffer=largest if largest < 1 << 60 else 0,
    )
