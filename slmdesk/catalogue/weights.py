"""How many weights a model has, and what they take in a quantization whose size no source gives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from slmdesk.catalogue.model import CatalogueModel, Format, Variant
from slmdesk.catalogue.quantizations import quantization_named

_ROUNDED_BY = 1.5


def parameters_of(model: CatalogueModel) -> int | None:
    """Number of weights: as the Hub counted them, else as another source did, else as sold; None: unknown.

    What a model is sold as may be far less than it has: E4B has 8 billion weights.
    """
    counted = model.dimensions.parameters if model.dimensions is not None else None
    return counted or model.counted or (round(model.billions * 1e9) if model.billions else None)


def is_sold_as(billions: float, parameters: float, times: float = _ROUNDED_BY) -> bool:
    """Whether a model with so many weights may be sold as so many `billions`: names round, or leave out the
    table of words. `times`: how far the two may be apart."""
    return bool(billions) and 1 / times < parameters / 1e9 / billions < times


def expected_size(model: CatalogueModel, variant: Variant) -> int | None:
    """Bytes of the files of `variant`, whose sizes no source gives; None: nothing can be told.

    From the variant of `model` whose size is known and whose quantization comes nearest, else from the number
    of weights: a file tells what really is in it, a count may hold an encoder of pictures or count tables
    twice.
    """
    bits = quantization_named(variant.quantization).bits
    if bits is None:
        return None
    # What was trained for its quantization often keeps its tables unquantized, so it comes last.
    nearest = min(
        _known(model, variant.format),
        key=lambda known: (known.trained_for, abs(math.log(known.bits / bits))),
        default=None,
    )
    if nearest is not None:
        return round(nearest.size_bytes * bits / nearest.bits)
    parameters = parameters_of(model)
    return round(parameters * bits / 8) if parameters else None


class _Known(NamedTuple):
    bits: float
    """Per weight, as the name says."""
    size_bytes: int
    trained_for: bool


def _known(model: CatalogueModel, format_: Format) -> Iterator[_Known]:
    """The variants of which the sizes of all files are known."""
    for variant in model.variants:
        bits = quantization_named(variant.quantization).bits
        sizes = [file.size_bytes or file.about_bytes or 0 for file in variant.files]
        if bits and sizes and 0 not in sizes and variant.format == format_ and not variant.parts:
            yield _Known(bits, sum(sizes), variant.trained_for)
