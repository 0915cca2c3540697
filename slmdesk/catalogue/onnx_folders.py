"""The variants of an ONNX Runtime GenAI repository: each folder with a `genai_config.json` is one.

Such repositories have no fixed layout, so what a folder is made for is read from the names on the way to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from slmdesk.catalogue.model import ONNX, ModelFile, Variant, variant_id
from slmdesk.catalogue.quantizations import quantization_named

_CONFIG = "genai_config.json"
# For people, by the words that names are made of, a dash between two of them. The more particular come first;
# "gpu" means both CUDA and DirectML in Microsoft's repositories.
_PROVIDERS = (
    (("nvtensorrtrtx", "tensorrtrtx", "tensorrt-rtx", "trtrtx", "trt-rtx"), "TensorRT RTX"),
    (("cuda",), "CUDA"),
    (("directml", "dml"), "DirectML"),
    (("openvino", "ov"), "OpenVINO"),
    (("qnn",), "QNN"),
    (("vitisai", "vitis-ai", "ryzenai", "ryzen-ai"), "Vitis AI"),
    (("migraphx",), "MIGraphX"),
    (("webgpu", "web-gpu"), "WebGPU"),
    (("npu",), "NPU"),
    (("gpu", "igpu"), "GPU"),
    (("cpu",), "CPU"),
)
_PRECISIONS = frozenset({"int4", "uint4", "int8", "uint8", "bf16", "fp16", "fp32"})
# Larger blocks than those that the table of `quantizations` speaks of: not measured.
_GRADED_BLOCK = 32
# Not needed to load a model: texts for people, other formats, and what no model may bring (code).
_NAMES_LEFT_OUT = frozenset({"readme", "license", "licence", "notice", "copying"})
_ENDINGS_LEFT_OUT = frozenset({
    "md", "png", "jpg", "jpeg", "gif", "svg", "webp", "pdf", "ipynb", "py", "pyc", "sh", "bat", "cmd",
    "ps1", "exe", "msi", "dll", "so", "dylib", "pyd", "whl", "zip", "tar", "gz", "gguf", "safetensors",
    "pt", "pth", "ckpt", "pkl", "pickle", "h5", "tflite", "mlmodel", "incomplete", "lock", "tmp",
})  # fmt: skip
_SEPARATORS = str.maketrans(dict.fromkeys(" _.,+()[]/", "-"))


def onnx_variants(repo: str, files: Sequence[ModelFile]) -> tuple[Variant, ...]:
    """The folders among `files` that can be loaded, by name. Of each, the files that lie in it itself."""
    folders = sorted(_folder_of(file.path) for file in files if file.path.rpartition("/")[2] == _CONFIG)
    return tuple(
        onnx_variant(
            repo,
            folder,
            [one for one in files if _folder_of(one.path) == folder and not _is_left_out(one.path)],
        )
        for folder in folders
    )


def onnx_variant(
    repo: str,
    folder: str,
    files: Iterable[ModelFile] = (),
    *,
    execution_provider: str = "",
    size_bytes: int | None = None,
    about_bytes: int | None = None,
) -> Variant:
    """The variant in `folder` of `repo` ("": its root). What is given wins over what the names say."""
    names = [repo.rpartition("/")[2], *folder.split("/")]
    provider = execution_provider or _first_said(names, provider_in)
    precision = _first_said(names, _precision_in)
    return Variant(
        id=variant_id(repo, folder),
        repo=repo,
        format=ONNX,
        label=provider,
        quantization=precision,
        files=tuple(sorted(files, key=lambda file: file.path)),
        folder=folder,
        folder_bytes=size_bytes,
        folder_about_bytes=about_bytes,
        execution_provider=provider,
        quality=_grade(precision, f"{repo}/{folder}"),
    )


def provider_in(name: str) -> str:
    """The execution provider that the name of a folder or repository speaks of; "": none."""
    words = f"-{_words(name)}-"
    return next((provider for said, provider in _PROVIDERS if any(f"-{one}-" in words for one in said)), "")


def _words(name: str) -> str:
    return name.lower().translate(_SEPARATORS)


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def _precision_in(name: str) -> str:
    return next((word.upper() for word in _words(name).split("-") if word in _PRECISIONS), "")


def _first_said(names: Sequence[str], say: Callable[[str], str]) -> str:
    """What the innermost name says, from the folder itself up to the repository."""
    return next((said for name in reversed(names) if (said := say(name))), "")


def _grade(precision: str, names: str) -> int | None:
    _, _, behind = _words(names).partition("-block-")
    block = behind.split("-", 1)[0]
    if block.isdecimal() and int(block[:6]) > _GRADED_BLOCK:
        return None
    return quantization_named(precision).quality


def _is_left_out(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    stem, _, _ = name.partition(".")
    return (
        name.startswith(".")
        or stem in _NAMES_LEFT_OUT
        or ("." in name and name.rpartition(".")[2] in _ENDINGS_LEFT_OUT)
    )
