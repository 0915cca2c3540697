"""Which version of an engine's package is installed, without loading anything of it."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

from slmdesk.engines.registry import LLAMA_CPP, ONNX

_PACKAGES = {
    LLAMA_CPP: ("llama-cpp-python",),
    # All of them bring the same module; a computer has one.
    ONNX: (
        "onnxruntime-genai",
        "onnxruntime-genai-cuda",
        "onnxruntime-genai-directml",
        "onnxruntime-genai-winml",
    ),
}


# Looking for a package takes 30 ms, and none is installed while the program runs.
@cache
def installed_version(engine: str) -> str:
    """Name and version of the package behind `engine`; "" where it is not installed, or does not say."""
    for package in _PACKAGES.get(engine, ()):
        try:
            return f"{package} {version(package)}"
        except PackageNotFoundError:
            continue
    return ""
