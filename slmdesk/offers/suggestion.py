"""The one model that is suggested to somebody who has none yet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from slmdesk.catalogue import CatalogueModel
from slmdesk.fit import Verdict
from slmdesk.messages import Message
from slmdesk.offers.caution import may_be_slow
from slmdesk.offers.offer import Offer
from slmdesk.offers.ranking import strength
from slmdesk.offers.recommendation import COMFORTABLE_TOKENS_PER_SECOND

MOST_BYTES = 6 * 10**9
"""A first download of more than this takes longer than somebody waits who wants to try: eight minutes at
100 Mbit/s."""
_SMALLER = 0.5
"""What is called smaller has at most this part of the download."""

# Made for one purpose, or thinking at length before each answer: not what somebody starts with.
_SPECIAL = re.compile(
    r"code|devstral|math|reason|think|(?<![a-z0-9])r1(?![a-z0-9])|magistral|guard|embed|rerank|translat|hunyuan-mt"
    r"|(?<![a-z0-9])vl(?![a-z0-9])|vision|medical|medgemma|bitnet|(?<![a-z0-9])base(?![a-z0-9])",
    re.IGNORECASE,
)


# That a model knows English is no news.
_WORTH_SAYING = ("pl",)


class Suggestion(Struct, frozen=True, kw_only=True):
    """A model for a start, on this computer."""

    offer: Offer
    reason: Message
    """Why this one, in one sentence."""
    smaller: Offer | None = None
    """A smaller and faster one beside it."""
    fitting: int
    """How many models run well here."""


def suggest_first(
    offers: Iterable[Offer], *, languages: Sequence[str] = ("en",), free_disk_bytes: int | None = None
) -> Suggestion | None:
    """A general instruct model that runs well here; None: nothing that can be fetched runs here at all.

    `languages`: ISO 639-1 codes that the person reads, the first matters most. Only curated models that may
    be used at work and need no account are suggested. What matters, in this order: that it runs well, that it
    was made for the person's language, that the download is not too long, that it writes at a comfortable
    speed, and how good its answers may be expected to be.
    """
    offers = list(offers)
    fitting = sum(offer.verdict is Verdict.FITS for offer in offers)
    possible = [offer for offer in offers if _may_be_suggested(offer, free_disk_bytes)]
    language = languages[0] if languages else ""
    for verdict in (Verdict.FITS, Verdict.SLOW, Verdict.TIGHT):
        running = [offer for offer in possible if offer.verdict is verdict]
        if running:
            best = min(running, key=lambda offer: _order(offer, language))
            return Suggestion(
                offer=best,
                reason=_reason(best, language),
                smaller=_smaller(best, running, language),
                fitting=fitting,
            )
    return None


def is_general(model: CatalogueModel) -> bool:
    """Whether it was made to talk about anything, as far as its name and its facts say."""
    return "chat" in model.abilities and _SPECIAL.search(f"{model.id} {model.name}") is None


def _may_be_suggested(offer: Offer, free_disk_bytes: int | None) -> bool:
    model, size = offer.model, offer.download_bytes
    return (
        model.curated
        and is_general(model)
        and model.licence.commercial_use == "yes"
        and not model.gated
        and offer.variant is not None
        and size is not None
        and (free_disk_bytes is None or size < free_disk_bytes)
    )


def _order(offer: Offer, language: str) -> tuple[bool, bool, bool, float, float]:
    size, speed = offer.download_bytes or 0, offer.speed
    unsure = may_be_slow(offer)
    # What does not run well, or may not, is no better for being large.
    good = _goodness(offer.model) if offer.verdict is Verdict.FITS and not unsure else -size
    return (
        not _speaks(offer, language),
        size > MOST_BYTES,
        unsure or (speed is not None and speed.low < COMFORTABLE_TOKENS_PER_SECOND),
        -good,
        size,
    )


def _goodness(model: CatalogueModel) -> float:
    """As strong as half of one of its size where it thinks first: the answer comes that much later."""
    known = strength(model) or 0.0
    return known - 1.0 if "reasoning" in model.abilities else known


def _speaks(offer: Offer, language: str) -> bool:
    """Whether a source says so. English every model of the list knows, whether or not one says it."""
    codes = offer.model.languages.codes
    return language in codes or (language == "en" and not codes)


def _smaller(best: Offer, running: Iterable[Offer], language: str) -> Offer | None:
    most = _SMALLER * (best.download_bytes or 0)
    small = [offer for offer in running if (offer.download_bytes or 0) <= most]
    return min(small, key=lambda offer: _order(offer, language), default=None)


def _reason(offer: Offer, language: str) -> Message:
    """One sentence, which speaks of the language only where a source says that the model was made for it."""
    key, facts = f"first-{offer.verdict.value}", {}
    if offer.verdict is Verdict.FITS:
        memory, speed = offer.report.memory if offer.report is not None else None, offer.speed
        if memory is not None and speed is not None:
            key += "-fast"
            facts = {"needed_memory": memory.resident, "low": round(speed.low), "high": round(speed.high)}
    if language in _WORTH_SAYING and _speaks(offer, language):
        key += f"-{language}"
    return Message(key, facts)
