"""What a variant is called: short, and never two in one repository alike."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from slmdesk.catalogue.model import ONNX, Variant
from slmdesk.catalogue.quantizations import find_quantization

_ENDING = ".gguf"
_PART = re.compile(r"-\d{5}-of-\d{5}$", re.IGNORECASE)


def label_variants(variants: Sequence[Variant]) -> tuple[Variant, ...]:
    """The same variants, each with a label that no other one of its repository has.

    The label is made of the facts alone, so that it does not matter what it was before.
    """
    labels = [plain_label(variant) for variant in variants]
    names = [(variant.repo, label) for variant, label in zip(variants, labels, strict=True)]
    if len(set(names)) < len(names):
        alike: dict[tuple[str, str], list[int]] = {}
        for place, name in enumerate(names):
            alike.setdefault(name, []).append(place)
        for places in alike.values():
            if len(places) > 1:
                for place, more in zip(places, _told_apart([variants[one] for one in places]), strict=True):
                    labels[place] += f" ({more})" if more else ""
    return tuple(
        variant if variant.label == label else replace(variant, label=label)
        for variant, label in zip(variants, labels, strict=True)
    )


def plain_label(variant: Variant) -> str:
    """What the variant is called where no other one is like it."""
    if variant.format == ONNX:
        facts = (variant.quantization.lower(), variant.execution_provider)
        return ", ".join(fact for fact in facts if fact) or variant.folder.rpartition("/")[2] or "ONNX"
    label = variant.quantization or stem_of(variant.files[0].path)
    return f"{label} QAT" if variant.trained_for else label


def stem_of(path: str) -> str:
    """The name of a GGUF file without folders, ending and the number of its part."""
    name = path.rpartition("/")[2]
    return _PART.sub("", name[: -len(_ENDING)] if name.lower().endswith(_ENDING) else name)


def _told_apart(variants: Sequence[Variant]) -> list[str]:
    """What tells each from the others: in few words where they suffice, else its place in the repository."""
    short = [_what_else(variant) for variant in variants]
    return short if len(set(short)) == len(short) else [_place(variant) for variant in variants]


def _what_else(variant: Variant) -> str:
    """The name of its folder, or what stands behind the quantization."""
    if variant.format == ONNX:
        return variant.folder.rpartition("/")[2]
    stem = stem_of(variant.files[0].path)
    said = find_quantization(stem)
    return stem[said[2] :].strip("-_. ") if said else ""


def _place(variant: Variant) -> str:
    return variant.folder if variant.format == ONNX else variant.files[0].path
