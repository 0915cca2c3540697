"""What the person wants to see of the offers."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from slmdesk.catalogue import Ability, Format, Tier
from slmdesk.fit import Verdict

WorkUse: TypeAlias = Literal["yes", "limits", "no", "unknown"]
"""Whether the licence allows use at work."""

SortBy: TypeAlias = Literal["best", "name", "size", "speed", "downloads", "newest"]
"""Best for this computer; by name; smallest download, fastest, most downloaded, newest first."""

SORTS: tuple[SortBy, ...] = ("best", "name", "size", "speed", "downloads", "newest")


class OfferFilter(Struct, frozen=True, kw_only=True):
    """Which offers to show. Each field narrows; an empty one does not. Hashable."""

    text: str = ""
    """Each word must be found in the name, the publisher, the id, the languages or the quantizations; case,
    diacritics and punctuation do not matter."""
    tiers: frozenset[Tier] = frozenset()
    verdicts: frozenset[Verdict] = frozenset()
    most_bytes: int | None = None
    """Of the download, in bytes. An offer whose size is not known stays out."""
    work_use: frozenset[WorkUse] = frozenset()
    abilities: frozenset[Ability] = frozenset()
    """All of them are needed."""
    formats: frozenset[Format] = frozenset()
    """Formats that one of the model's variants has, which is to say engines that run it."""
    languages: frozenset[str] = frozenset()
    """ISO 639-1; all of them are needed, as far as a source says."""
    installed: bool | None = None
    curated: bool | None = None
