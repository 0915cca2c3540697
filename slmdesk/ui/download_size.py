"""How large a download is, as people read it: wherever a model is offered."""

from __future__ import annotations

from slmdesk.messages import format_bytes, tr
from slmdesk.offers import Offer

NOTHING = "–"
"""In place of a figure that nobody knows."""


def size_words(offer: Offer, *, short: bool = False) -> str:
    """What the download takes, and how sure that is; `short`: where "about" finds no room."""
    size = offer.download_bytes
    if size is None:
        return NOTHING
    words = format_bytes(size)
    source = offer.download_source
    if source == "about" and not short:
        return tr("about {size}").format(size=words)
    return words if source == "exact" else f"≈ {words}"
