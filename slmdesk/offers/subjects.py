"""What the fit check is asked about for a model of the catalogue, from whatever is known of it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from slmdesk.catalogue import GGUF, ONNX, CatalogueModel, Variant, expected_size, parameters_of
from slmdesk.engines import engine_of_format
from slmdesk.fit import Dimensions, Subject

if TYPE_CHECKING:
    from slmdesk.fit import HeaderSet
    from slmdesk.library import InstalledModel

_USUAL = "Q4_K_M"
_USUAL_BITS_PER_WEIGHT = 4.9
"""Of it; nearly every repository has it (ggml-org/llama.cpp, tools/quantize/README.md)."""

# Layers, KV heads, head size and width by billions of weights, up to so many: the models of Qwen3
# (config.json of Qwen/Qwen3-0.6B to Qwen3-32B), whose caches are of the usual size for today's models.
_TYPICAL = (
    (1.0, 28, 8, 128, 1024),
    (3.0, 28, 8, 128, 2048),
    (6.0, 36, 8, 128, 2560),
    (10.0, 36, 8, 128, 4096),
    (20.0, 40, 8, 128, 5120),
    (float("inf"), 64, 8, 128, 5120),
)


def subject_of(model: CatalogueModel, variant: Variant, headers: HeaderSet = ()) -> Subject:
    """The `variant`; with its `headers` the answer is as exact as can be."""
    sha256 = variant.files[0].sha256 if len(variant.files) == 1 else ""
    return Subject(
        key=sha256 or variant.id,
        label=variant.label,
        file=PurePosixPath(variant.files[0].path if variant.files else variant.folder).name,
        format=variant.format,
        quantization=variant.quantization,
        headers=headers,
        dimensions=dimensions_of(model),
        weights_bytes=weights_bytes(model, variant),
    )


def subject_on_disk(model: InstalledModel) -> Subject:
    """An installed `model`."""
    return Subject(
        key=str(model.path),
        label=model.quantization or model.title,
        format=ONNX if model.engine == engine_of_format(ONNX) else GGUF,
        quantization=model.quantization,
        path=model.path,
    )


def smaller_subjects(model: CatalogueModel, variant: Variant) -> tuple[Subject, ...]:
    """The variants of `model` that could be taken in place of `variant` where that is too large: of the same
    repository, the better ones first."""
    size = weights_bytes(model, variant)
    found = [
        (weights_bytes(model, other) or 0, other)
        for other in model.variants
        if other.repo == variant.repo and other.format == variant.format and other.loadable
    ]
    smaller = [(bytes_, other) for bytes_, other in found if size is not None and 0 < bytes_ < size]
    smaller.sort(key=lambda pair: -pair[0])
    return tuple(subject_of(model, other) for _, other in smaller)


def expected_subject(model: CatalogueModel) -> Subject | None:
    """What would be asked where no variant is known: one of the usual size; None: its size is not known."""
    size = expected_bytes(model)
    if size is None:
        return None
    return Subject(key=model.id, quantization=_USUAL, dimensions=dimensions_of(model), weights_bytes=size)


def expected_bytes(model: CatalogueModel) -> int | None:
    """Size of a usual quantization of `model`; None: its number of weights is not known, or it is gone."""
    parameters = None if model.is_gone else parameters_of(model)
    return round(parameters * _USUAL_BITS_PER_WEIGHT / 8) if parameters else None


def weights_bytes(model: CatalogueModel, variant: Variant) -> int | None:
    """What has to be in memory of `variant`, without its projector: from sizes, or expected."""
    if not variant.files:
        return variant.about_bytes
    sizes = [file.size_bytes or file.about_bytes for file in variant.files]
    known = sum(size for size in sizes if size is not None)
    return known if None not in sizes else expected_size(model, variant)


def dimensions_of(model: CatalogueModel) -> Dimensions | None:
    """What the formulas need: what is known of `model`, and what models of its size have where nothing is.

    None: not even its size is known.
    """
    parameters = parameters_of(model)
    known = model.dimensions or Dimensions()
    known = replace(
        known,
        parameters=parameters,
        active_parameters=known.active_parameters
        or (round(model.active_billions * 1e9) if model.active_billions else None),
        trained_context_length=known.trained_context_length or model.context_length,
    )
    if known.layers or known.caches:
        return known
    if not parameters:
        return None
    _, layers, kv_heads, head_dim, width = next(row for row in _TYPICAL if parameters / 1e9 < row[0])
    return replace(known, layers=layers, kv_heads=kv_heads, head_dim=head_dim, hidden_size=width)
