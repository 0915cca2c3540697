"""What the installed ONNX Runtime GenAI is, and which devices it can use. Only in a child process."""

from __future__ import annotations

import ctypes
import functools
import importlib.metadata
import sys
from collections.abc import Iterator
from typing import Any

from slmdesk.engines.onnx_genai.providers import CPU, PROVIDERS, Provider, backends_of
from slmdesk.engines.onnx_genai.windows_catalogue import installed_providers, register_providers
from slmdesk.engines.protocol import Build, Device
from slmdesk.hardware import cpu_name, memory_limits

_NO_ROOM_FOR_MORE = 16
"""Most devices of one kind that are listed."""


def build_info() -> Build:
    """Look at the installed library and its devices. Loads it; raises what importing it raises."""
    from slmdesk.engines.onnx_genai import native

    return Build(
        version=engine_version(),
        library=native.library_folder,
        devices=list_devices(),
        package=native.package_name,
        backends=list_backends(),
    )


def engine_version() -> str:
    """The library's version and the package that brings it, for people."""
    from slmdesk.engines.onnx_genai import native

    try:
        runtime = importlib.metadata.version("onnxruntime")
    except importlib.metadata.PackageNotFoundError:
        # It comes under other names as well: onnxruntime-gpu, -directml, -windowsml.
        runtime = ""
    beside = f", onnxruntime {runtime}" if runtime else ""
    return f"{native.package_version} ({native.package_name}{beside})"


def built_in_backends() -> tuple[str, ...]:
    """What the installed libraries were built for, the processor first."""
    return backends_of(_built_in_providers())


def list_backends() -> tuple[str, ...]:
    """The same with what else this computer has for them, which opens it; see `windows_catalogue`."""
    return backends_of(_usable_providers())


def list_devices() -> tuple[Device, ...]:
    """The processor, and every other device that can be used now."""
    memory = memory_limits()
    devices = [
        Device(
            name=CPU,
            description=cpu_name(),
            kind="cpu",
            backend=CPU,
            free_memory=memory.available_bytes,
            total_memory=memory.total_bytes,
        )
    ]
    providers = _usable_providers()
    for provider in PROVIDERS:
        if provider.runtime_name in providers:
            devices += _devices_of(provider)
    return tuple(devices)


def _built_in_providers() -> tuple[str, ...]:
    from slmdesk.engines.onnx_genai import native

    return tuple(native.runtime.get_available_providers())


@functools.cache
def _usable_providers() -> tuple[str, ...]:
    """Names of the runtime for all that can be used in this process; registers what Windows has beside."""
    # First: Windows has an onnxruntime.dll of its own, which the catalogue would load otherwise.
    from slmdesk.engines.onnx_genai import native

    built_in = _built_in_providers()
    libraries = (native.runtime, native.og)
    if not all(hasattr(one, "register_execution_provider_library") for one in libraries):
        return built_in
    registers = [one.register_execution_provider_library for one in libraries]
    found = installed_providers()
    return (*built_in, *register_providers(found, built_in, registers, native.RUNTIME_ERRORS))


def _devices_of(provider: Provider) -> list[Device]:
    if provider.option == "device_id":
        return [
            _device(provider, str(index), name, total) for index, (name, total) in enumerate(nvidia_devices())
        ]
    if provider.option == "device_type":
        return [_device(provider, name, f"OpenVINO {name}", 0) for name in _openvino_devices()]
    adapters = _adapters(provider)
    if provider.option:
        return [_device(provider, str(i), name, 0) for i, name in enumerate(adapters)]
    return [_device(provider, "0", adapters[0], 0)]


def _device(provider: Provider, index: str, description: str, total: int) -> Device:
    kind = "gpu"
    if provider.hardware == "npu" or index.startswith("NPU"):
        kind = "accelerator"
    elif index.startswith("CPU"):
        kind = "cpu"
    return Device(
        name=f"{provider.device_prefix}{index}",
        description=description,
        kind=kind,
        backend=provider.backend,
        free_memory=0,
        total_memory=total,
    )


def nvidia_devices(library: Any = None) -> list[tuple[str, int]]:
    """Name and memory in bytes of each device that NVIDIA's driver shows; empty without a driver.

    `library` is the driver's, for tests.
    """
    if library is None:
        try:
            library = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        except OSError:
            return []
    count = ctypes.c_int()
    if library.cuInit(0) != 0 or library.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return []
    return list(_nvidia_devices(library, min(count.value, _NO_ROOM_FOR_MORE)))


def _nvidia_devices(library: Any, count: int) -> Iterator[tuple[str, int]]:
    for index in range(count):
        device, name, total = ctypes.c_int(), ctypes.create_string_buffer(256), ctypes.c_size_t()
        if library.cuDeviceGet(ctypes.byref(device), index) != 0:
            return
        library.cuDeviceGetName(name, len(name), device)
        library.cuDeviceTotalMem_v2(ctypes.byref(total), device)
        yield name.value.decode("utf-8", "replace"), total.value


def _openvino_devices() -> list[str]:
    from slmdesk.engines.onnx_genai import native

    registered = {
        metadata["ov_device"]
        for listed in _listed("OpenVINOExecutionProvider")
        if "ov_device" in (metadata := dict(listed.ep_metadata))
    }
    if registered:
        return sorted(registered)[:_NO_ROOM_FOR_MORE]
    ask = getattr(native.runtime.capi._pybind_state, "get_available_openvino_device_ids", None)
    return sorted(ask())[:_NO_ROOM_FOR_MORE] if ask is not None else ["CPU"]


def _adapters(provider: Provider) -> list[str]:
    """Descriptions of the devices that ONNX Runtime lists for a provider; never empty."""
    found = []
    for listed in _listed(provider.runtime_name):
        kind, wanted = str(listed.device.type).lower(), provider.hardware
        if wanted and not kind.endswith(wanted):
            # The same provider can do with other devices, too.
            continue
        vendor, metadata = listed.device.vendor, dict(listed.device.metadata)
        found.append(metadata.get("Description") or vendor or provider.backend)
    return found[:_NO_ROOM_FOR_MORE] or [provider.backend]


def _listed(runtime_name: str) -> list[Any]:
    """What ONNX Runtime lists as devices of a provider."""
    from slmdesk.engines.onnx_genai import native

    ask = getattr(native.runtime, "get_ep_devices", None)
    return [listed for listed in ask() if listed.ep_name == runtime_name] if ask is not None else []
