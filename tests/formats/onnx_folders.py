"""Model folders to take apart: copies of the tiny model in tests/data, whole or changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from slmdesk.formats.onnx import OnnxError, read_folder
from tests.formats import onnx_writer as w

TINY = Path(__file__).parent.parent / "data" / "tiny-onnx"
REAL = Path(__file__).parents[3] / "shared" / "models" / "smollm2-135m-instruct-int4-onnx"

needs_real_model = pytest.mark.skipif(
    not REAL.is_dir(),
    reason=f"the real ONNX model is not in ../shared/models: {REAL.name}",
)


def copy_tiny(folder: Path) -> Path:
    """A whole copy of the tiny model at `folder`, whose files may be changed."""
    shutil.copytree(TINY, folder)
    return folder


def change_config(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """The same folder after `change` was given the "model" object of its config."""
    file = folder / "genai_config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    change(config["model"])
    file.write_text(json.dumps(config), encoding="utf-8")
    return folder


def set_option(folder: Path, options: Mapping[str, object]) -> Path:
    """The same folder with more session options."""
    return change_config(folder, lambda model: model["decoder"]["session_options"].update(options))


def write_graph(folder: Path, graph: w.Message, **more: Any) -> Path:
    """The same folder with another graph."""
    (folder / "model.onnx").write_bytes(w.model(graph, **more))
    return folder


def error_of(folder: Path) -> OnnxError:
    with pytest.raises(OnnxError) as caught:
        read_folder(folder)
    return caught.value


def code_of(folder: Path) -> str:
    return error_of(folder).code
