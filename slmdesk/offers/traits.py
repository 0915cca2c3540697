"""What an offer is filtered by besides its text, as bits of one number, so that a filter is one `&` a row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from slmdesk.catalogue import Ability, CommercialUse, Format, Tier
from slmdesk.fit import Verdict
from slmdesk.offers.offer import Offer
from slmdesk.offers.offer_filter import OfferFilter, WorkUse

_KINDS: dict[str, tuple[object, ...]] = {
    "tier": get_args(Tier),
    "verdict": tuple(Verdict),
    "work": get_args(WorkUse),
    "ability": get_args(Ability),
    "format": get_args(Format),
    "installed": (False, True),
    "curated": (False, True),
}
_BITS: dict[tuple[str, object], int] = {
    key: 1 << number
    for number, key in enumerate((kind, value) for kind, values in _KINDS.items() for value in values)
}


def bits_of(offer: Offer) -> int:
    """All traits of `offer`."""
    model = offer.model
    bits = _BITS["tier", model.tier] | _BITS["verdict", offer.verdict]
    bits |= _BITS["work", work_use(model.licence.commercial_use)]
    bits |= _BITS["installed", offer.is_installed] | _BITS["curated", model.curated]
    return bits | _sum("ability", model.abilities) | _sum("format", _formats(offer))


def masks_of(wanted: OfferFilter) -> tuple[int, ...]:
    """Numbers of which each must share a bit with an offer's for it to pass."""
    any_of = [
        _sum("tier", wanted.tiers),
        _sum("verdict", wanted.verdicts),
        _sum("work", wanted.work_use),
        _sum("format", wanted.formats),
        *(_BITS["ability", ability] for ability in wanted.abilities),
    ]
    if wanted.installed is not None:
        any_of.append(_BITS["installed", wanted.installed])
    if wanted.curated is not None:
        any_of.append(_BITS["curated", wanted.curated])
    return tuple(mask for mask in any_of if mask)


def work_use(commercial_use: CommercialUse | None) -> WorkUse:
    """Whether a licence allows use at work, as a filter has it."""
    return commercial_use or "unknown"


def _formats(offer: Offer) -> Iterable[Format]:
    """Of the variants; where they are not known, those that the repositories are made for."""
    model = offer.model
    if model.variants:
        return {variant.format for variant in model.variants}
    gguf, folders = get_args(Format)
    return [kind for kind, repos in ((gguf, model.gguf_repos), (folders, model.onnx_repos)) if repos]


def _sum(kind: str, values: Iterable[object]) -> int:
    bits = 0
    for value in values:
        bits |= _BITS[kind, value]
    return bits
