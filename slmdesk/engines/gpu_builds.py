"""Which build of an engine can use which graphics processor, and how it is installed."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slmdesk.hardware import Computer, GpuVendor


_ALL: tuple[GpuVendor, ...] = ("nvidia", "amd", "intel", "apple", "qualcomm", "other")

SERVES: Mapping[str, tuple[GpuVendor, ...]] = {
    "CUDA": ("nvidia",),
    "TensorRT RTX": ("nvidia",),
    "Metal": ("apple", "amd", "intel"),
    "ROCm": ("amd",),
    "SYCL": ("intel",),
    "MUSA": ("other",),
    "DirectML": ("nvidia", "amd", "intel", "qualcomm"),
    "Vulkan": ("nvidia", "amd", "intel", "qualcomm", "other"),
    "OpenCL": ("intel", "qualcomm"),
    "WebGPU": _ALL,
}
"""Whose graphics processors a backend drives; the order is that of preference."""

BACKEND_ORDER = tuple(SERVES)

ON_CUDA = ("CUDA", "TensorRT RTX")
"""Backends that need what NVIDIA's driver runs of CUDA."""


@dataclass(frozen=True, slots=True)
class CudaNeeds:
    """What a build for CUDA needs of an NVIDIA card."""

    version: tuple[int, ...]
    """Of CUDA, which the driver must run."""
    capability: tuple[int, ...]
    """Compute capability."""


_CUDA_12 = CudaNeeds((12, 0), (5, 0))
_CUDA_13 = CudaNeeds((13, 0), (7, 5))
# As the libraries in its wheel of version 0.18.0 are linked. llama.cpp is built by whoever installs it.
_PACKAGES_OF_CUDA_13 = ("onnxruntime-genai-cuda",)


def cuda_needs(package: str) -> CudaNeeds:
    """What the CUDA build in `package` needs."""
    return _CUDA_13 if package in _PACKAGES_OF_CUDA_13 else _CUDA_12


def version_in(text: str) -> tuple[int, ...]:
    """`12.4` as numbers; what is none of a version counts as 0."""
    return tuple(int(part) if part.isdecimal() else 0 for part in text.split(".")[:2])


def serving_backends(backends: tuple[str, ...], vendor: GpuVendor) -> tuple[str, ...]:
    """Those of `backends` that drive graphics processors of `vendor`."""
    return tuple(name for name in backends if vendor in SERVES.get(name, ()))


def command_for(
    package: str, version: str, computer: Computer, vendor: GpuVendor, python: str | None = None
) -> str:
    """What to type into a shell (on Windows: PowerShell) to have the engine of `package` built for `vendor`.

    "": there is no such build for this system, or nothing can be installed into this program. `version` is
    `EngineFacts.version`: the package's own is in it, and stays as it is. `python` is the interpreter to
    install for; None: the one that runs this.
    """
    if python is None:
        if getattr(sys, "frozen", False):
            return ""
        python = sys.executable
    windows = computer.family == "windows"
    pip = f'& "{python}" -m pip' if windows else f"{shlex.quote(python)} -m pip"
    if package.startswith("onnxruntime-genai"):
        wanted = _onnx_package(computer, vendor)
        if not wanted:
            return ""
        # All of these packages install the same modules.
        removal = f"{pip} uninstall -y {package} onnxruntime"
        return f"{removal}{'; ' if windows else ' && '}{pip} install {wanted}{_pinned(version)}"
    if not package.startswith("llama-cpp-python"):
        return ""
    # Not the build for the processor that pip has kept.
    install = f"{pip} install --force-reinstall --no-deps --no-cache-dir {package}{_pinned(version)}"
    if computer.family == "macos":
        flag = "-DGGML_METAL=on"
    else:
        flag = "-DGGML_CUDA=on" if vendor == "nvidia" else "-DGGML_VULKAN=on"
    if windows:
        return f"$env:CMAKE_ARGS='{flag}'; {install}"
    return f"CMAKE_ARGS={flag} {install}"


def _pinned(version: str) -> str:
    """`==` and the version of the package in `version`: behind its name, or at the beginning."""
    found = re.search(r"llama-cpp-python ([\d.]+)", version) or re.match(r"([\d.]+)", version)
    return f"=={found[1]}" if found else ""


def _onnx_package(computer: Computer, vendor: GpuVendor) -> str:
    """The package of ONNX Runtime GenAI for graphics processors of `vendor`, or ""."""
    arm = computer.machine.lower() in ("arm64", "aarch64")
    if computer.family == "windows" and vendor != "other":
        return "onnxruntime-genai-cuda" if vendor == "nvidia" and not arm else "onnxruntime-genai-winml"
    if computer.family == "linux" and vendor == "nvidia" and not arm:
        return "onnxruntime-genai-cuda"
    return ""
