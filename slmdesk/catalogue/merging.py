"""The curated list and what was found on the Hub, as one list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from msgspec.structs import replace

from slmdesk.catalogue.model import CatalogueModel, Languages, Licence
from slmdesk.catalogue.repository import repositories_of
from slmdesk.fit import Dimensions

_T = TypeVar("_T", str, int)


def merge(curated: Sequence[CatalogueModel], found: Sequence[CatalogueModel]) -> tuple[CatalogueModel, ...]:
    """All models of `curated` in their order, then those of `found` that are none of them.

    A found one is a curated one where they have the id or a repository in common; it then adds what the
    curated one does not say. A repository that is neither named by the list nor the publisher's own never
    gets into a curated model, whatever its card says.
    """
    merged = list(curated)
    places: dict[str, int] = {}
    for place, model in enumerate(merged):
        _register(places, model, place)
    for model in found:
        place = next((places[name] for name in _names(model) if name in places), len(merged))
        if place == len(merged):
            merged.append(model)
        else:
            merged[place] = _combined(merged[place], model)
        _register(places, merged[place], place)
    return tuple(merged)


def _names(model: CatalogueModel) -> list[str]:
    return [name.casefold() for name in (model.id, *repositories_of(model))]


def _register(places: dict[str, int], model: CatalogueModel, place: int) -> None:
    for name in _names(model):
        places.setdefault(name, place)


def _combined(first: CatalogueModel, second: CatalogueModel) -> CatalogueModel:
    """`first` with what only `second` knows."""
    known = {variant.id for variant in first.variants}
    new_repos = set(repositories_of(second)) - set(repositories_of(first))
    # Names without sizes add nothing to a repository whose files are all known.
    added = tuple(
        variant
        for variant in second.variants
        if variant.id not in known and (variant.repo in new_repos or not first.variants_known)
    )
    context_from_second = first.context_length is None
    return replace(
        first,
        licence=first.licence if first.licence != Licence() else second.licence,
        languages=first.languages if first.languages != Languages() else second.languages,
        abilities=first.abilities or second.abilities,
        context_length=second.context_length if context_from_second else first.context_length,
        context_kind=second.context_kind if context_from_second else first.context_kind,
        dimensions=_filled(first.dimensions, second.dimensions),
        gguf_repos=tuple(dict.fromkeys((*first.gguf_repos, *second.gguf_repos))),
        onnx_repos=tuple(dict.fromkeys((*first.onnx_repos, *second.onnx_repos))),
        variants=(*first.variants, *added),
        variants_known=first.variants_known and (not new_repos or second.variants_known),
        downloads=_larger(first.downloads, second.downloads),
        likes=_larger(first.likes, second.likes),
        updated=max(first.updated, second.updated),
    )


def _filled(first: Dimensions | None, second: Dimensions | None) -> Dimensions | None:
    if first is None or second is None:
        return first or second
    gaps = {
        name: getattr(second, name)
        for name in Dimensions.__struct_fields__
        if getattr(first, name) in (None, "") and getattr(second, name) not in (None, "")
    }
    return replace(first, **gaps)


def _larger(first: _T | None, second: _T | None) -> _T | None:
    if first is None or second is None:
        return second if first is None else first
    return max(first, second)
