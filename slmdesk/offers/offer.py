"""A model of the catalogue as it is offered on this computer."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from slmdesk.catalogue import CatalogueModel, Variant
from slmdesk.fit import FitReport, Source, SpeedRange, Verdict
from slmdesk.messages import Message

OfferGroup: TypeAlias = Literal["well", "limits", "too_big", "unknown"]
"""How well a model runs here, in the three groups of the list; `unknown` comes last."""

SizeSource: TypeAlias = Literal["exact", "about", "estimated", "unknown"]
"""Of a size: stated exactly, stated and rounded ("about 2.5 GB"), worked out from the number of weights
("≈ 2.5 GB"), or there is none."""

GROUPS: tuple[OfferGroup, ...] = ("well", "limits", "too_big", "unknown")
"""In the order they are shown."""

_GROUP_OF: dict[Verdict, OfferGroup] = {
    Verdict.FITS: "well",
    Verdict.SLOW: "limits",
    Verdict.TIGHT: "limits",
    Verdict.TOO_BIG: "too_big",
    Verdict.UNKNOWN: "unknown",
}


class Offer(Struct, frozen=True, kw_only=True):
    """A model, the variant of it that suits this computer best, and how that runs here."""

    model: CatalogueModel
    variant: Variant | None = None
    """The recommended one; None: no variant is known."""
    reason: Message | None = None
    """Why this variant, in one sentence; None where there is no variant."""
    report: FitReport | None = None
    """Of the recommended variant at the usual context; None: not asked yet."""
    expected_bytes: int | None = None
    """What the download would take, worked out from the number of weights; None: not known either."""
    installed: tuple[str, ...] = ()
    """Ids in the library of what is on this disk of it."""

    @property
    def id(self) -> str:
        """The model's."""
        return self.model.id

    @property
    def verdict(self) -> Verdict:
        """`UNKNOWN` as long as nobody asked."""
        return self.report.verdict if self.report is not None else Verdict.UNKNOWN

    @property
    def group(self) -> OfferGroup:
        """Where the list shows it."""
        return _GROUP_OF[self.verdict]

    @property
    def speed(self) -> SpeedRange | None:
        """Rate of token generation here."""
        return self.report.speed if self.report is not None else None

    @property
    def source(self) -> Source | None:
        """Whether the figures of memory were simulated or estimated; None: there are none."""
        memory = self.report.memory if self.report is not None else None
        return memory.source if memory is not None else None

    @property
    def download_bytes(self) -> int | None:
        """Size of what would be downloaded, as `download_source` knows it; None: not known."""
        known = self.variant.about_bytes if self.variant is not None else None
        return known if known is not None else self.expected_bytes

    @property
    def download_source(self) -> SizeSource:
        """Where `download_bytes` comes from: only `exact` and `about` were stated by a source."""
        if self.variant is not None and self.variant.size_bytes is not None:
            return "exact"
        if self.variant is not None and self.variant.about_bytes is not None:
            return "about"
        return "estimated" if self.expected_bytes is not None else "unknown"

    @property
    def is_installed(self) -> bool:
        """Whether any variant of it is on this disk."""
        return bool(self.installed)
