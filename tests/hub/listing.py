"""Which models a query of the list of models means, in which order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from tests.hub.models import HubModel

_SORTS = {
    "downloads": lambda model: model.downloads,
    "likes": lambda model: model.likes,
    "lastModified": lambda model: model.last_modified,
    "createdAt": lambda model: model.created_at,
    "trendingScore": lambda model: model.trending,
}

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}


def choose_models(models: Iterable[HubModel], query: Mapping[str, Sequence[str]]) -> list[HubModel]:
    """The models that `query` lets through, sorted as it asks; the names are those of the Hub's API."""
    chosen = [model for model in models if _is_meant(model, query)]
    sort = _one(query, "sort")
    if sort in _SORTS:
        chosen.sort(key=_SORTS[sort], reverse=_one(query, "direction") != "1")
    return chosen


def _one(query: Mapping[str, Sequence[str]], name: str) -> str:
    return (query.get(name) or [""])[0]


def _is_meant(model: HubModel, query: Mapping[str, Sequence[str]]) -> bool:
    tags = model.all_tags
    wanted = [tag for value in query.get("filter", ()) for tag in value.split(",") if tag]
    search = _one(query, "search").casefold()
    author = _one(query, "author")
    pipeline = _one(query, "pipeline_tag")
    gated = _one(query, "gated")
    return (
        all(tag in tags for tag in wanted)
        and search in model.id.casefold()
        and (not author or model.id.partition("/")[0] == author)
        and (not pipeline or model.pipeline_tag == pipeline)
        and (not gated or (gated.lower() == "true") == bool(model.gated))
        and _has_parameters(model, _one(query, "num_parameters"))
    )


def _has_parameters(model: HubModel, wanted: str) -> bool:
    """`min:6B,max:128B`; a model whose number is not known is in no range."""
    if not wanted:
        return True
    total = (model.gguf or {}).get("total")
    if total is None:
        return False
    for bound, number, unit in re.findall(r"(min|max):([\d.]+)([KMBT]?)", wanted):
        limit = float(number) * _UNITS[unit]
        if (bound == "min" and total < limit) or (bound == "max" and total > limit):
            return False
    return True
