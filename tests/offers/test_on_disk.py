"""Which models of the catalogue are recognised on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from slmdesk.library import InstalledModel
from slmdesk.offers import OnDisk
from tests.offers.made import make_model


def _installed(path: str) -> InstalledModel:
    return InstalledModel(
        id=f"id of {path}",
        title="",
        path=Path("/models", path),
        size_bytes=1,
        architecture="",
        parameters=0,
        quantization="",
        trained_context_length=0,
        system_prompt="",
    )


@pytest.mark.parametrize(
    ("path", "model_id"),
    [
        ("Qwen3-4B-Q4_K_M.gguf", "Qwen/Qwen3-4B"),
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "HuggingFaceTB/SmolLM2-135M-Instruct"),
        ("deep/er/qwen3-4b.gguf", "Qwen/Qwen3-4B"),
        ("Qwen3-4B-UD-IQ2_XXS.gguf", "Qwen/Qwen3-4B"),
        ("gpt-oss-20b-MXFP4.gguf", "openai/gpt-oss-20b"),
        ("Phi-4-mini-instruct-onnx", "microsoft/Phi-4-mini-instruct"),
        ("smollm2-135m-instruct-int4-onnx", "HuggingFaceTB/SmolLM2-135M-Instruct"),
        ("gemma-3-1b-it-BF16.gguf", "google/gemma-3-1b-it"),
    ],
)
def test_by_the_name_of_the_file(path: str, model_id: str) -> None:
    assert OnDisk([_installed(path)]).ids_of(make_model(model_id)) == (f"id of {path}",)


@pytest.mark.parametrize(
    ("path", "model_id"),
    [
        ("Qwen3-4B-Instruct-2507-Q4_K_M.gguf", "Qwen/Qwen3-4B"),
        ("Qwen3-4B-Q4_K_M.gguf", "Qwen/Qwen3-4B-Instruct-2507"),
        ("Qwen3-14B-Q4_K_M.gguf", "Qwen/Qwen3-1"),
        ("other.gguf", "Qwen/Qwen3-4B"),
    ],
)
def test_another_model_of_the_family_is_another_model(path: str, model_id: str) -> None:
    assert OnDisk([_installed(path)]).ids_of(make_model(model_id)) == ()


def test_several_files_of_one_model() -> None:
    paths = ("Qwen3-4B-Q4_K_M.gguf", "Qwen3-4B-Q8_0.gguf")
    found = OnDisk(map(_installed, paths)).ids_of(make_model("Qwen/Qwen3-4B"))
    assert found == tuple(f"id of {path}" for path in paths)
    assert OnDisk().ids_of(make_model("Qwen/Qwen3-4B")) == ()
