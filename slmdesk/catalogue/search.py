"""A search on the Hub, a page at a time."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from slmdesk.catalogue.asking import first_page, read_page
from slmdesk.catalogue.facts import is_for_text, model_of, named_files
from slmdesk.catalogue.merging import merge
from slmdesk.catalogue.model import GGUF, ONNX, CatalogueModel, Format
from slmdesk.catalogue.query import HubQuery
from slmdesk.catalogue.repository import repositories_of
from slmdesk.catalogue.snapshot import SnapshotFolder
from slmdesk.catalogue.variants import group_variants
from slmdesk.messages import UserError

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

    from slmdesk.net import Network

_ENOUGH = 20
_MOST_REQUESTS = 4
"""For one page and format, where what the Hub lists is hardly ever a model that can be run here."""

Places: TypeAlias = dict[Format, str]
"""By format, the query string of what comes next. A format that is not there has come to its end."""


class KeptPage(Struct, frozen=True):
    """A page on this disk."""

    models: tuple[CatalogueModel, ...]
    next: str


@dataclass(frozen=True, slots=True)
class HubPage:
    """One page of what was found."""

    models: tuple[CatalogueModel, ...]
    """With the variants that the names of the files tell; sizes come with `HubCatalogue.details`."""
    next: str
    """Where the next page begins, for `search`; "": this is the last one."""
    date: float
    """When the Hub answered; seconds since 1970, UTC."""
    stale: bool = False
    """Whether this is what was found then, because nothing can be asked now."""
    problem: UserError | None = None
    """Why nothing can be asked now."""


def search(
    network: Network,
    snapshots: SnapshotFolder[KeptPage],
    query: HubQuery,
    cursor: str = "",
    stop: threading.Event | None = None,
) -> HubPage | None:
    """One page of what the Hub has for `query`; see `HubCatalogue.search`."""
    stop = stop or threading.Event()
    key = msgspec.json.encode(query.plain()).decode() + cursor
    places = _places(query, cursor)
    try:
        found = _read(network, query, places, stop)
    except UserError as error:
        kept = snapshots.find(key)
        if stop.is_set():
            return None
        if kept is not None:
            return HubPage(kept.value.models, kept.value.next, kept.saved, stale=True, problem=error)
        known = None if cursor else _among_kept(snapshots, query, error)
        if known is None:
            raise
        return known
    if found is None or stop.is_set():
        return None
    return HubPage(found.models, found.next, snapshots.keep(key, found))


def _among_kept(snapshots: SnapshotFolder[KeptPage], query: HubQuery, problem: UserError) -> HubPage | None:
    """What other searches found that `query` would find as well, with the oldest of their dates; None:
    nothing."""
    words = query.plain().text.casefold().split()
    found: list[CatalogueModel] = []
    dates: list[float] = []
    if not words:
        return None
    for page in snapshots.every():
        matching = [model for model in page.value.models if _is_meant(model, query, words)]
        if matching:
            found += matching
            dates.append(page.saved)
    if not found:
        return None
    models = sorted(merge((), found), key=lambda model: model.id.casefold())
    return HubPage(tuple(_in_order([models], query)), "", min(dates), stale=True, problem=problem)


def _is_meant(model: CatalogueModel, query: HubQuery, words: Sequence[str]) -> bool:
    """The Hub looks for the text in names of repositories."""
    names = " ".join((model.id, *repositories_of(model))).casefold()
    return (
        all(word in names for word in words)
        and query.licence in ("", model.licence.id)
        and any(_fits(model, query, format_) for format_ in query.formats)
    )


def _places(query: HubQuery, cursor: str) -> Places:
    """Where to go on. Raises ValueError for a cursor that is none: a bug of the caller."""
    if not cursor:
        return {format_: first_page(query.parameters(format_)) for format_ in query.formats}
    return msgspec.json.decode(cursor, type=Places)


def _read(network: Network, query: HubQuery, places: Places, stop: threading.Event) -> KeptPage | None:
    """The page; None: stopped. Raises UserError."""
    columns: list[list[CatalogueModel]] = []
    following: Places = {}
    for format_, begin in places.items():
        models: list[CatalogueModel] = []
        place = begin
        for _ in range(_MOST_REQUESTS):
            if stop.is_set():
                return None
            rows, place = read_page(network, place)
            models += [
                model for model in map(_model, rows) if model is not None and _fits(model, query, format_)
            ]
            if len(models) >= _ENOUGH or not place:
                break
        columns.append(models)
        if place:
            following[format_] = place
    cursor = msgspec.json.encode(following).decode() if following else ""
    return KeptPage(merge((), _in_order(columns, query)), cursor)


def _model(info: ModelInfo) -> CatalogueModel | None:
    """The model in a row of the list; None: it is none that writes text."""
    model = model_of(info) if is_for_text(info) else None
    files = named_files(info)
    if model is None or files is None:
        return model
    parameters = model.dimensions.parameters if model.dimensions else None
    variants = group_variants(info.id, files, parameters=parameters)
    formats = {variant.format for variant in variants}
    return replace(
        model,
        variants=variants,
        gguf_repos=(info.id,) if GGUF in formats else (),
        onnx_repos=(info.id,) if ONNX in formats else (),
    )


def _fits(model: CatalogueModel, query: HubQuery, format_: Format) -> bool:
    """Whether there is something in it that can be run. The Hub's tag `onnx` means any ONNX file."""
    return bool(model.gguf_repos if format_ == GGUF else model.onnx_repos) and query.accepts(model)


def _in_order(columns: Sequence[Sequence[CatalogueModel]], query: HubQuery) -> Sequence[CatalogueModel]:
    """The rows of both formats as one list, in the order asked for."""
    mixed = [one for row in itertools.zip_longest(*columns) for one in row if one is not None]
    if query.sort == "downloads":
        mixed.sort(key=lambda model: -(model.downloads or 0))
    elif query.sort == "likes":
        mixed.sort(key=lambda model: -(model.likes or 0))
    elif query.sort == "last_modified":
        mixed.sort(key=lambda model: model.updated, reverse=True)
    return mixed
