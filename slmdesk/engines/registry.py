"""The engines there are: a static table, so that no foreign code is ever loaded."""

from __future__ import annotations

import importlib.util
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from slmdesk.formats.onnx import is_genai_folder
from slmdesk.messages import ErrorKind, Message, UserError

if TYPE_CHECKING:
    from slmdesk.engines.engine import Engine, Simulator
    from slmdesk.engines.protocol import Build


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """One engine. `create` and `describe` import native code, so they are called in a child process only."""

    name: str
    title: str
    """Its name for people."""
    create: Callable[[], Engine]
    describe: Callable[[], Build]
    accepts: Callable[[str], bool]
    """Whether it may be able to load this path. Reads a few bytes at most."""
    models: Message
    """What it loads, for people: `GGUF files`."""
    create_simulator: Callable[[], Simulator] | None = None
    """None: it cannot say what a load takes without loading. Native code, as `create`."""


def _create_llama_cpp() -> Engine:
    from slmdesk.engines.llama_cpp import LlamaCppEngine

    return LlamaCppEngine()


def _describe_llama_cpp() -> Build:
    from slmdesk.engines.llama_cpp import build_info

    return build_info()


def _simulate_llama_cpp() -> Simulator:
    from slmdesk.engines.llama_cpp.simulation import LoadSimulator

    return LoadSimulator()


def _create_onnx_genai() -> Engine:
    _require_onnx_genai()
    from slmdesk.engines.onnx_genai import OnnxGenaiEngine

    return OnnxGenaiEngine()


def _describe_onnx_genai() -> Build:
    from slmdesk.engines.onnx_genai import build_info

    return build_info()


def _require_onnx_genai() -> None:
    """Raise UserError (kind MODEL) where the engine's package is not installed, with why."""
    if importlib.util.find_spec("onnxruntime_genai") is not None:
        return
    if sys.platform == "darwin" and platform.machine() == "x86_64":
        raise UserError("engine-not-for-this-system", ErrorKind.MODEL, engine=ONNX_TITLE)
    raise UserError("engine-not-installed", ErrorKind.MODEL, engine=ONNX_TITLE, package="onnxruntime-genai")


def _is_gguf(path: str) -> bool:
    if path.lower().endswith(".gguf"):
        return True
    try:
        with Path(path).open("rb") as file:
            return file.read(4) == b"GGUF"
    except OSError:
        return False


ModelFormat: TypeAlias = Literal["gguf", "onnx"]

LLAMA_CPP = "llama.cpp"
ONNX = "onnx"
ONNX_TITLE = "ONNX Runtime GenAI"

ENGINES: dict[str, EngineEntry] = {
    LLAMA_CPP: EngineEntry(
        LLAMA_CPP,
        "llama.cpp",
        _create_llama_cpp,
        _describe_llama_cpp,
        _is_gguf,
        Message("engine-models-gguf"),
        _simulate_llama_cpp,
    ),
    ONNX: EngineEntry(
        ONNX,
        ONNX_TITLE,
        _create_onnx_genai,
        _describe_onnx_genai,
        is_genai_folder,
        Message("engine-models-onnx"),
    ),
}


def engine_names() -> tuple[str, ...]:
    """Names of all engines, the usual one first."""
    return tuple(ENGINES)


def engine_of_format(model_format: ModelFormat) -> str:
    """The engine that loads models of that format."""
    return LLAMA_CPP if model_format == "gguf" else ONNX


def engine_for(path: str) -> str:
    """The engine to load `path` with. Where none knows it, the usual one: its `load` says what is wrong."""
    return next((name for name, entry in ENGINES.items() if entry.accepts(path)), LLAMA_CPP)
