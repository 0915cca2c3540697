"""From the files of a repository to what can be fetched and loaded: its variants."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from slmdesk.catalogue.labels import label_variants
from slmdesk.catalogue.model import GGUF, ONNX, CatalogueModel, ModelFile, Variant, variant_id
from slmdesk.catalogue.onnx_folders import onnx_variants
from slmdesk.catalogue.projectors import choose_projector
from slmdesk.catalogue.quantizations import (
    bits_per_weight,
    find_quantization,
    quantization_named,
)
from slmdesk.messages import Message

_ENDING = ".gguf"
_PART = re.compile(r"(?P<name>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})", re.IGNORECASE)
_MOST_LISTED = 10
_PROJECTOR = "mmproj"
# Parts for another model: what llama.cpp's own downloader passes over (common/download.cpp), other drafts,
# adapters, vocabularies.
_DRAFTS = ("mtp", "eagle", "eagle3", "dflash", "dspark", "draft")
_NOT_A_MODEL = frozenset({"draft", "adapter", "eagle3", "imatrix"})
_NOT_A_MODEL_ANYWHERE = ("imatrix", "ggml-vocab", "control-vector", "control_vector")
_SEPARATORS = str.maketrans("_./", "---")
_TRAINED_FOR = "qat"
# How folders begin in which a repository keeps all it has, and not one of several models.
_FOLDERS_FOR_ALL = frozenset({
    ONNX, "ort", "onnxruntime", "genai", "cpu", "gpu", "cuda", "directml", "dml", "webgpu", "web", "npu",
    "qnn", "openvino", "mobile", "int4", "int8", "fp16", "fp32", "v1", "v2", "v3",
})  # fmt: skip
_QUALITY_WORDS = {
    5: "variant-quality-original",
    4: "variant-quality-excellent",
    3: "variant-quality-very-good",
    2: "variant-quality-worse",
    1: "variant-quality-poor",
    0: "variant-quality-experiment",
}


def group_variants(
    repo: str, files: Sequence[ModelFile], *, parameters: int | None = None
) -> tuple[Variant, ...]:
    """The variants among the `files` of `repo`, the best of each format first.

    A split set is one variant, its parts in order; one that lacks parts cannot be loaded (`missing_parts`).
    Projectors are paired with each model of their repository. Everything else is passed over: drafts,
    adapters, importance matrices, texts, leftovers of uploads. With the number of weights (`parameters`),
    bits per weight are computed where the size is exact. Of files with the same path the last one counts.
    """
    files = list({file.path: file for file in files}.values())
    projectors: list[ModelFile] = []
    models: list[ModelFile] = []
    for file in files:
        if _is_gguf(file.path):
            (projectors if is_projector(file.path) else models).append(file)
    found = [
        _gguf_variant(repo, path, parts, projectors, parameters, promised)
        for path, parts, promised in _sets(models)
    ]
    return label_variants((*sorted(found, key=quality_order), *onnx_variants(repo, files)))


def is_projector(path: str) -> bool:
    """Whether the file is what lets another model see or hear, by its name."""
    return _PROJECTOR in path.rpartition("/")[2].lower()


def missing_parts(variant: Variant) -> tuple[int, ...]:
    """The numbers, from 1 on, of the parts that a split set lacks; none: it is whole."""
    there = set()
    for file in variant.files if variant.parts else ():
        if match := _PART.fullmatch(file.path[: -len(_ENDING)]):
            there.add(int(match["number"]))
    return tuple(number for number in range(1, variant.parts + 1) if number not in there)


def listed_parts(variant: Variant) -> str:
    """The same as people read them; where there are many, the first ones."""
    missing = missing_parts(variant)
    return ", ".join(map(str, missing[:_MOST_LISTED])) + (", …" if len(missing) > _MOST_LISTED else "")


def quality_words(variant: Variant) -> Message:
    """How good the answers are beside the unquantized model's, in two or three words."""
    quality = variant.quality
    return Message("variant-quality-unknown" if quality is None else _QUALITY_WORDS[quality])


def quality_order(variant: Variant) -> tuple[float, float, str]:
    """Sort key: the least loss first, those of unknown loss last, the larger of two equal ones first."""
    known = quantization_named(variant.quantization, variant.id)
    loss = math.inf if known.loss is None or variant.quality is None else known.loss
    # A name that promises more than the table's figure comes just before what the figure was measured on.
    loss -= 1e-9 if known.finer or variant.trained_for else 0.0
    return loss, -(variant.about_bytes or 0), variant.id


def of_this_model(model: CatalogueModel, variants: Iterable[Variant]) -> tuple[Variant, ...]:
    """Those of `variants` that are of `model`, where a repository holds several models in a folder each.

    What is known of the model names its folder; without that, all are taken for it.
    """
    own: dict[str, set[str]] = {}
    for known in model.variants:
        first = known.folder.split("/", 1)[0]
        if known.format == ONNX and "/" in known.folder and _words(first)[0] not in _FOLDERS_FOR_ALL:
            own.setdefault(known.repo, set()).add(first)
    return label_variants(
        [
            one
            for one in variants
            if one.format != ONNX or one.repo not in own or one.folder.split("/", 1)[0] in own[one.repo]
        ]
    )


def _is_gguf(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    if not name.endswith(_ENDING) or name.startswith("."):
        return False
    words = _words(name[: -len(_ENDING)])
    return (
        words[0] not in _DRAFTS
        and _NOT_A_MODEL.isdisjoint(words)
        and not any(part in name for part in _NOT_A_MODEL_ANYWHERE)
    )


def _words(name: str) -> list[str]:
    return name.lower().translate(_SEPARATORS).split("-")


def _sets(files: Iterable[ModelFile]) -> list[tuple[str, tuple[ModelFile, ...], int]]:
    """Models, each with the path of its (first) file without its ending and number, and how many parts its
    names promise where not all are there (else 0)."""
    found: list[tuple[str, tuple[ModelFile, ...], int]] = []
    parts: dict[tuple[str, int], dict[int, ModelFile]] = {}
    for file in files:
        path = file.path[: -len(_ENDING)]
        match = _PART.fullmatch(path) if "-of-" in path.lower() else None
        if match is None:
            found.append((path, (file,), 0))
        else:
            parts.setdefault((match["name"], int(match["count"])), {})[int(match["number"])] = file
    for (name, count), numbered in parts.items():
        # Numbers that the count does not allow are no set at all.
        if min(numbered) >= 1 and max(numbered) <= count:
            ordered = tuple(numbered[number] for number in sorted(numbered))
            found.append((name, ordered, 0 if len(ordered) == count else count))
    return found


def _gguf_variant(
    repo: str,
    path: str,
    files: tuple[ModelFile, ...],
    projectors: Sequence[ModelFile],
    parameters: int | None,
    promised: int,
) -> Variant:
    folder, _, stem = path.rpartition("/")
    said = find_quantization(stem) or find_quantization(folder.rpartition("/")[2])
    name = said[0] if said else ""
    known = quantization_named(name, f"{repo}/{path}")
    sizes = [file.size_bytes for file in files]
    exact = None if None in sizes else sum(size for size in sizes if size is not None)
    trained_for = bool(name) and _TRAINED_FOR in _words(f"{repo}/{path}")
    return Variant(
        id=variant_id(repo, files[0].path),
        repo=repo,
        format=GGUF,
        label=f"{name} QAT" if trained_for else name,
        quantization=name,
        files=files,
        projector=choose_projector(files[0].path, projectors),
        bits_per_weight=bits_per_weight(exact, parameters) if exact and parameters and not promised else None,
        quality=known.quality if name else None,
        trained_for=trained_for,
        loadable=known.runs and not promised,
        parts=promised,
    )
