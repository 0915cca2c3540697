"""In which order offers of the same group are listed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

from slmdesk.catalogue import CatalogueModel
from slmdesk.offers.caution import may_be_slow, taken_share
from slmdesk.offers.folding import fold
from slmdesk.offers.offer import Offer
from slmdesk.offers.offer_filter import SortBy

Key: TypeAlias = float | str

_LAST = math.inf

_DOUBLINGS_A_YEAR = 1.0
"""What a newer model is worth: one a year younger does as well as one of twice the size. That is careful: for
the best models, "Densing law of LLMs" (Nature Machine Intelligence, 2025) found a doubling in 3.5 months."""
_YEAR_WHERE_UNKNOWN = 2024.0
_PERHAPS_SLOW = 1e5
_CURATED_FIRST = 1e6


def strength(model: CatalogueModel) -> float | None:
    """How good the answers may be expected to be, comparable among models; None: the size is not known.

    By size and age only: benchmarks that publishers print are not comparable. A mixture of experts counts as
    the geometric mean of all and of the active weights, a common rule of thumb.
    """
    billions = _billions(model)
    if not billions:
        return None
    if model.active_billions:
        billions = math.sqrt(billions * model.active_billions)
    return math.log2(billions) + _DOUBLINGS_A_YEAR * _year(model.released)


def _best(offer: Offer) -> float:
    """What runs well: the strongest first, but what takes much of the memory last where no speed is known.
    What does not: what is nearest to it first, which is the smallest. Models that nobody chose for the list
    come after it, the most downloaded first."""
    model = offer.model
    if not model.curated:
        return _CURATED_FIRST - math.log10((model.downloads or 0) + 1)
    if may_be_slow(offer):
        return _PERHAPS_SLOW + taken_share(offer.report)
    if offer.group == "well":
        known = strength(model)
        return -known if known is not None else _CURATED_FIRST / 2
    return _size(offer) if _size(offer) < _LAST else _CURATED_FIRST / 2


def _name(offer: Offer) -> str:
    return fold(offer.model.name)


def _size(offer: Offer) -> float:
    """Gigabytes of the download."""
    return offer.download_bytes / 1e9 if offer.download_bytes is not None else _LAST


def _speed(offer: Offer) -> float:
    return -offer.speed.expected if offer.speed is not None else _LAST


def _downloads(offer: Offer) -> float:
    return -offer.model.downloads if offer.model.downloads is not None else _LAST


def _newest(offer: Offer) -> float:
    """By release where it is known, else by the last change."""
    day = offer.model.released or offer.model.updated
    digits = "".join(filter(str.isdigit, day))[:8]
    return -float(digits.ljust(8, "0")) if digits else _LAST


SORT_KEYS: dict[SortBy, Callable[[Offer], Key]] = {
    "best": _best,
    "name": _name,
    "size": _size,
    "speed": _speed,
    "downloads": _downloads,
    "newest": _newest,
}
"""Smallest first. Offers with the same key are listed by name."""


def _billions(model: CatalogueModel) -> float | None:
    if model.billions is not None:
        return model.billions
    parameters = model.dimensions.parameters if model.dimensions is not None else None
    return parameters / 1e9 if parameters else None


def _year(released: str) -> float:
    """`2025-04` as 2025.25."""
    year, _, month = released.partition("-")
    if not year.isdigit():
        return _YEAR_WHERE_UNKNOWN
    return int(year) + (int(month[:2]) - 1) / 12 if month[:2].isdigit() else float(year)
