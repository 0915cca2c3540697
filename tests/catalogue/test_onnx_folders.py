"""Which folders of an ONNX repository can be loaded, and what they are made for."""

from __future__ import annotations

import pytest

from slmdesk.catalogue import ModelFile, Variant, group_variants
from slmdesk.catalogue.onnx_folders import onnx_variant, provider_in

REPO = "microsoft/Some-Model-onnx"


def group(*paths: str, repo: str = REPO) -> tuple[Variant, ...]:
    return group_variants(repo, [ModelFile(repo=repo, path=path, size_bytes=10) for path in paths])


def test_a_folder_with_a_config_is_a_variant() -> None:
    folder = "cpu_and_mobile/cpu-int4-rtn-block-32-acc-level-4"
    (found,) = group(
        f"{folder}/genai_config.json",
        f"{folder}/model.onnx",
        f"{folder}/model.onnx.data",
        f"{folder}/tokenizer.json",
        "onnx/model_q4.onnx",  # for transformers.js: no config
        "config.json",
    )
    assert (found.id, found.folder) == (f"{REPO}/{folder}", folder)
    assert (found.label, found.quantization, found.execution_provider) == ("int4, CPU", "INT4", "CPU")
    assert [file.path.rpartition("/")[2] for file in found.files] == [
        "genai_config.json",
        "model.onnx",
        "model.onnx.data",
        "tokenizer.json",
    ]
    assert found.size_bytes == 40


def test_a_repository_may_be_the_folder() -> None:
    repo = "amd/Qwen2.5-0.5B-Instruct-quantized_int4-float16-cpu-onnx"
    (found,) = group("genai_config.json", "model.onnx", "onnx/model.onnx", repo=repo)
    assert (found.id, found.folder, found.label) == (repo, "", "int4, CPU")
    assert len(found.files) == 2


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "LICENSE",
        "NOTICE.txt",
        ".gitattributes",
        ".azDownload-7-model.onnx.data",
        "custom_ops.so",
        "ops.dll",
        "modeling.py",
        "model.safetensors",
        "chart.png",
        "model.onnx.data.incomplete",
    ],
)
def test_what_is_not_fetched_with_it(name: str) -> None:
    (found,) = group("genai_config.json", "model.onnx", name)
    assert [file.path for file in found.files] == ["genai_config.json", "model.onnx"]


@pytest.mark.parametrize(
    "name", ["merges.txt", "vocab.txt", "model.onnx_data_1", "weights.bin", "layers.0.mlp.weight"]
)
def test_what_a_model_may_need(name: str) -> None:
    (found,) = group("genai_config.json", name)
    assert name in [file.path for file in found.files]


@pytest.mark.parametrize(
    ("folder", "provider"),
    [
        ("cpu_and_mobile/cpu-int4-awq-block-128-acc-level-4", "CPU"),
        ("gpu/gpu-int4-rtn-block-32", "GPU"),
        ("cuda/cuda-fp16", "CUDA"),
        ("directml/directml-int4-awq-block-128", "DirectML"),
        ("onnx/directml/mistralai_Mistral-7B-Instruct-v0.2", "DirectML"),
        ("onnx/cpu_and_mobile/mistral-7b-instruct-v0.2-cpu-int4-rtn-block-32", "CPU"),
        ("npu/qnn-int4", "QNN"),
        ("webgpu/webgpu-int4", "WebGPU"),
        ("openvino/ov-int4", "OpenVINO"),
        ("nvtensorrtrtx/trt-rtx-int4", "TensorRT RTX"),
        ("v1/int4", ""),
        ("occupied/groups", ""),
    ],
)
def test_what_the_names_say_it_runs_on(folder: str, provider: str) -> None:
    assert onnx_variant("a/b", folder).execution_provider == provider


def test_a_word_that_only_contains_one_says_nothing() -> None:
    assert [provider_in(name) for name in ("gpupper", "mycpus", "barracuda", "oven")] == [""] * 4


def test_what_is_known_wins_over_names() -> None:
    known = onnx_variant(
        "a/b-onnx", "gpu/gpu-int4-rtn-block-32", execution_provider="CUDA or DirectML", about_bytes=5
    )
    assert known.execution_provider == "CUDA or DirectML"
    assert (known.size_bytes, known.about_bytes) == (None, 5)
    assert onnx_variant("a/b", "x", size_bytes=7).size_bytes == 7
    assert onnx_variant("a/b", "x").about_bytes is None


@pytest.mark.parametrize(
    ("folder", "quality"),
    [
        ("cpu-int4-rtn-block-32-acc-level-4", 3),
        ("cpu-int4-awq-block-128-acc-level-4", None),  # larger blocks than were measured
        ("cuda-fp16", 5),
        ("cpu-int8", 5),
        ("cpu", None),
    ],
)
def test_how_good_it_is(folder: str, quality: int | None) -> None:
    assert onnx_variant("a/b", folder).quality == quality


def test_labels_tell_folders_apart() -> None:
    found = group(
        "cpu/cpu-int4-a/genai_config.json", "cpu/cpu-int4-b/genai_config.json", "gpu/int4/genai_config.json"
    )
    assert [one.label for one in found] == ["int4, CPU (cpu-int4-a)", "int4, CPU (cpu-int4-b)", "int4, GPU"]
