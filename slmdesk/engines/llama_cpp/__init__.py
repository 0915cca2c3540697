"""The llama.cpp engine: GGUF models on the processor or a GPU.

Importing this package imports no native code; using what it exports does, and belongs into a child process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slmdesk.engines.llama_cpp.build import build_info

if TYPE_CHECKING:
    from slmdesk.engines.llama_cpp.engine import LlamaCppEngine

__all__ = ["LlamaCppEngine", "build_info"]


def __getattr__(name: str) -> Any:
    # Loading the native library takes 0.2 s and 40 MiB, so it waits until the engine is really wanted.
    if name == "LlamaCppEngine":
        from slmdesk.engines.llama_cpp.engine import LlamaCppEngine

        return LlamaCppEngine
    raise AttributeError(name)
