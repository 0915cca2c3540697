"""How the panel says what is known of a model: verdicts, speeds, sizes, abilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slmdesk.catalogue import is_sold_as, licence_name
from slmdesk.messages import format_bytes, format_integer, format_number, format_seconds, tr, tr_n
from slmdesk.ui.download_size import NOTHING, size_words
from slmdesk.ui.widgets.verdict import badge_of

if TYPE_CHECKING:
    from slmdesk.catalogue import CatalogueModel, Variant
    from slmdesk.fit import FitReport, SpeedRange
    from slmdesk.offers import Offer, OfferGroup

# Tokens per second below which a tenth matters.
_SLOW = 5
_LEAST_S = 0.1
_MINUTE_S = 59.5
_WHOLE_S = 9.95


def group_title(group: OfferGroup, *, speeds_known: bool) -> str:
    """The head over a group of the list. How well models run is not said where nobody knows how fast."""
    return {
        "well": tr("Run well here") if speeds_known else tr("Fit on this computer"),
        "limits": tr("Run with limits"),
        "too_big": tr("Too big for this computer"),
        "unknown": tr("Not known how they run here"),
    }[group]


def ability_words() -> dict[str, tuple[str, str]]:
    """Icon and word of each ability."""
    return {
        "chat": ("message-square", tr("Chat")),
        "tools": ("wrench", tr("Tools")),
        "reasoning": ("lightbulb", tr("Reasoning")),
        "code": ("code", tr("Code")),
        "vision": ("image", tr("Understands images")),
    }


def speed_range(speed: SpeedRange | None) -> str:
    """For example `20–26`; a measured one is one number; a dash where nothing is known."""
    if speed is None:
        return NOTHING
    decimals = 1 if speed.expected < _SLOW else 0
    if speed.measured:
        return format_number(speed.expected, decimals)
    low, high = format_number(speed.low, decimals), format_number(speed.high, decimals)
    return low if low == high else f"{low}–{high}"


def speed_words(speed: SpeedRange | None) -> str:
    """With its unit."""
    if speed is None:
        return NOTHING
    return tr("{rate} tok/s").format(rate=speed_range(speed))


def narrow_figures(offer: Offer) -> tuple[str, ...]:
    """Speed and download on one line, from the longest wording to the shortest."""
    speed, size, short = speed_words(offer.speed), size_words(offer), size_words(offer, short=True)
    lines = ((speed, size), (speed, short), (speed,), (short,))
    words = (" · ".join(one for one in line if one != NOTHING) for line in lines)
    return tuple(dict.fromkeys(one for one in words if one))


def variant_size(variant: Variant) -> str:
    """What its files take."""
    if variant.size_bytes is not None:
        return format_bytes(variant.size_bytes)
    if variant.about_bytes is not None:
        return tr("about {size}").format(size=format_bytes(variant.about_bytes))
    return NOTHING


def memory_words(report: FitReport | None) -> str:
    """What is reserved, over all devices."""
    if report is None or report.memory is None:
        return NOTHING
    return format_bytes(report.memory.parts.total, binary=True)


def detail_words(offer: Offer) -> str:
    """The second line of a row: publisher, licence, what it can do."""
    model = offer.model
    words = ability_words()
    can = [words[one][1].lower() for one in model.abilities if one in words and one != "chat"]
    gone = tr("gone from the Hub") if model.is_gone else ""
    parts = (gone, model.publisher or owner_of(model), licence_name(model.licence), ", ".join(can))
    return " · ".join(part for part in parts if part)


def owner_of(model: CatalogueModel) -> str:
    """Whose repository it is."""
    return model.id.partition("/")[0] if "/" in model.id else ""


def about_words(model: CatalogueModel) -> str:
    """Publisher, month and size, under the name."""
    when = model.released
    if not when and model.updated:
        when = tr("updated {date}").format(date=model.updated)
    parts = [model.publisher or owner_of(model), when, parameter_words(model)]
    if model.context_length:
        count = format_integer(model.context_length)
        parts.append(tr("context of {count} tokens").format(count=count))
    return " · ".join(part for part in parts if part)


def parameter_words(model: CatalogueModel) -> str:
    """How many parameters it has: as sold, unless a count of them says that it is sold as something else."""
    counted = model.dimensions.parameters if model.dimensions is not None else None
    if counted and not (model.billions and is_sold_as(model.billions, counted)):
        words = _billion(counted / 1e9)
        sold = model.size_label
        return tr("{parameters}, named {size}").format(parameters=words, size=sold) if sold else words
    if model.counted and model.billions and not is_sold_as(model.billions, model.counted):
        # Sold as far less than it has; how much exactly, only the Hub can say.
        return model.size_label
    return _billion(model.billions) if model.billions else model.size_label


def _billion(billions: float) -> str:
    return tr("{billions} billion parameters").format(billions=format_number(billions, decimals=2))


def first_word(seconds: float) -> str:
    """How long the first word takes, as exact as that can be told: `≈ 0.9 s`, `≈ 13 s`, `≈ 1 min 40 s`."""
    if seconds < _LEAST_S:
        return f"< {format_seconds(_LEAST_S)}"
    if seconds >= _MINUTE_S:
        shown = format_seconds(round(seconds, -1))
    elif seconds >= _WHOLE_S:
        shown = tr("{seconds} s").format(seconds=format_number(seconds, decimals=0))
    else:
        shown = format_seconds(seconds)
    return f"≈ {shown}"


def language_words(model: CatalogueModel) -> str:
    """How many languages it was made for; empty where no source says."""
    languages = model.languages
    count = languages.count or len(languages.codes)
    if not count:
        return ""
    words = tr_n("{count} language", "{count} languages", count).format(count=format_integer(count))
    return tr("at least {languages}").format(languages=words) if languages.at_least else words


def row_in_words(offer: Offer) -> str:
    """A row as a screen reader says it."""
    parts = (
        offer.model.name,
        badge_of(offer.verdict)[0],
        tr("installed") if offer.is_installed else "",
        speed_words(offer.speed) if offer.speed is not None else "",
        size_words(offer) if offer.download_bytes is not None else "",
        detail_words(offer),
    )
    return ", ".join(part for part in parts if part)
