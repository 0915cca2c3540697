"""All offers, filtered, sorted and grouped: a plain list that a view of any kind can show."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

from msgspec.structs import replace

from slmdesk.messages import Message
from slmdesk.offers.caution import note_of_speeds
from slmdesk.offers.offer import GROUPS, Offer, OfferGroup
from slmdesk.offers.offer_filter import OfferFilter, SortBy
from slmdesk.offers.ordering import Orderings
from slmdesk.offers.searching import SearchText, words_of
from slmdesk.offers.traits import bits_of, masks_of


@dataclass(frozen=True, slots=True)
class GroupOfOffers:
    """One group of the list, its offers in order."""

    key: OfferGroup
    rows: Sequence[int]
    """For `OfferList.offer`."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a filter lets through."""

    groups: tuple[GroupOfOffers, ...]
    """Those that hold something, in the order of `GROUPS`."""
    count: int
    total: int
    """Before filtering."""


class OfferList:
    """Holds every offer; `show` answers within a keystroke for 50,000 of them.

    Making one of so many sorts everything in every way, which is work for a thread of its own; after that it
    is for one thread at a time.
    """

    def __init__(self, offers: Iterable[Offer] = ()) -> None:
        self.replace_all(offers)

    def __len__(self) -> int:
        return len(self._offers)

    def offer(self, row: int) -> Offer:
        """The offer of a row; rows stay what they are until `replace_all`."""
        return self._offers[row]

    def row_of(self, model_id: str) -> int | None:
        """The row of a model."""
        return self._rows.get(model_id)

    def replace_all(self, offers: Iterable[Offer]) -> None:
        """Forget every offer and hold these. Of several of the same model the last one counts."""
        self._offers: list[Offer] = []
        self._rows: dict[str, int] = {}
        self._text = SearchText()
        self._orders = Orderings()
        # Side by side in memory, unlike the numbers of a list: that halves the time of a filter.
        self._traits = array("I")
        self._bytes = array("d")
        self._numbers: dict[int, int] = {}
        """Each combination of traits and its place in this: there are far fewer of them than rows."""
        self.put(offers)
        self._orders.sort_all()

    def put(self, offers: Iterable[Offer]) -> None:
        """Replace the offers of the same models (for example: the verdict has come), add the others."""
        for offer in offers:
            row = self._rows.setdefault(offer.id, len(self._offers))
            if row == len(self._offers):
                self._offers.append(offer)
                self._text.add(offer.model)
                self._orders.add(offer)
                self._traits.append(0)
                self._bytes.append(0)
            else:
                self._change(row, offer)
            self._traits[row] = self._numbers.setdefault(bits_of(offer), len(self._numbers))
            self._bytes[row] = offer.download_bytes if offer.download_bytes is not None else math.inf
        self._kept: tuple[OfferFilter, int | None] | None = None
        self._speed_note: Message | Literal[False] | None = False

    @property
    def speed_note(self) -> Message | None:
        """Why how fast this computer is was not considered in the order; None: it was."""
        if self._speed_note is False:
            # Once for all letters of a text.
            self._speed_note = note_of_speeds(self._offers)
        return self._speed_note

    def show(self, wanted: OfferFilter, sort: SortBy = "best") -> Shown:
        """What is shown, in order."""
        groups = self._orders.rows(sort)
        passing = self._passing(wanted)
        if passing is not None:
            flags = passing.to_bytes(len(self._offers), "little")
            groups = [[row for row in rows if flags[row]] for rows in groups]
        return Shown(
            groups=tuple(GroupOfOffers(key, rows) for key, rows in zip(GROUPS, groups, strict=True) if rows),
            count=sum(map(len, groups)),
            total=len(self._offers),
        )

    def _change(self, row: int, offer: Offer) -> None:
        if self._offers[row].model is not offer.model:
            self._text.replace(row, offer.model)
        self._offers[row] = offer
        self._orders.change(row, offer)

    def _passing(self, wanted: OfferFilter) -> int | None:
        """The rows that are let through, a byte for each (see `SearchText`); None: all."""
        words = words_of(wanted.text)
        text = self._text.matching(words) if words else None
        traits = self._with_traits(replace(wanted, text=""))
        return text if traits is None else traits if text is None else text & traits

    def _with_traits(self, wanted: OfferFilter) -> int | None:
        """The same of everything but the text: worked out once for all letters of a text."""
        if self._kept is None or self._kept[0] != wanted:
            found: list[int] = []
            if masks := masks_of(wanted):
                passing = [bits for bits in self._numbers if all(bits & mask for mask in masks)]
                table = bytearray(len(self._numbers))
                for bits in passing:
                    table[self._numbers[bits]] = 1
                found.append(_number(map(table.__getitem__, self._traits)))
            if wanted.most_bytes is not None:
                found.append(_number(map(float(wanted.most_bytes).__ge__, self._bytes)))
            if wanted.languages:
                found.append(self._text.in_languages(wanted.languages))
            self._kept = wanted, reduce(int.__and__, found) if found else None
        return self._kept[1]


def _number(flags: Iterable[int]) -> int:
    return int.from_bytes(bytes(flags), "little")
