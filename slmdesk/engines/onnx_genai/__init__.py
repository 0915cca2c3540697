"""The ONNX Runtime GenAI engine: folders with a genai_config.json, on the processor or an accelerator.

Importing this package imports no native code; using what it exports does, and belongs into a child process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slmdesk.engines.onnx_genai.build import build_info

if TYPE_CHECKING:
    from slmdesk.engines.onnx_genai.engine import OnnxGenaiEngine

__all__ = ["OnnxGenaiEngine", "build_info"]


def __getattr__(name: str) -> Any:
    # Loading the native libraries takes time and memory, so it waits until the engine is really wanted.
    if name == "OnnxGenaiEngine":
        from slmdesk.engines.onnx_genai.engine import OnnxGenaiEngine

        return OnnxGenaiEngine
    raise AttributeError(name)
