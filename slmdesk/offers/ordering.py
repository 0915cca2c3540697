"""Every order in which offers can be listed, kept while single offers change."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from typing import TypeAlias

from slmdesk.offers.offer import GROUPS, Offer
from slmdesk.offers.offer_filter import SORTS, SortBy
from slmdesk.offers.ranking import SORT_KEYS, Key

Grouped: TypeAlias = list[Sequence[int]]
"""Rows of each of `GROUPS`, in order."""

# With more changed rows than one in so many, sorting everything is cheaper than moving each.
_FEW = 20


class Orderings:
    """Rows by group, sorted in each way; those with the same key by name.

    A change is caught up with when an order is asked for, in the time it takes to move the rows that changed.
    """

    def __init__(self) -> None:
        self._group: list[int] = []
        self._keys: dict[SortBy, list[Key]] = {sort: [] for sort in SORTS}
        self._rows: dict[SortBy, list[list[int]]] = {sort: [[] for _ in GROUPS] for sort in SORTS}
        self._changed: dict[SortBy, set[int]] = {sort: set() for sort in SORTS}

    def add(self, offer: Offer) -> None:
        """The next row."""
        self._group.append(0)
        for keys in self._keys.values():
            keys.append(0.0)
        self.change(len(self._group) - 1, offer)

    def change(self, row: int, offer: Offer) -> None:
        """Another offer in a row."""
        self._group[row] = GROUPS.index(offer.group)
        for sort in SORTS:
            self._keys[sort][row] = SORT_KEYS[sort](offer)
            self._changed[sort].add(row)

    def rows(self, sort: SortBy) -> Grouped:
        """All rows."""
        changed = self._changed[sort]
        if len(changed) * _FEW > len(self._group):
            self._sort(sort)
        elif changed:
            self._move(sort, changed)
        self._changed[sort] = set()
        return list(self._rows[sort])

    def sort_all(self) -> None:
        """Catch up with every order now."""
        for sort in SORTS:
            self.rows(sort)

    def _sort(self, sort: SortBy) -> None:
        groups: Sequence[Sequence[int]] = self.rows("name") if sort != "name" else self._in_order_of_rows()
        # A sort keeps the order of what is alike, so that stays by name.
        self._rows[sort] = [sorted(rows, key=self._keys[sort].__getitem__) for rows in groups]

    def _in_order_of_rows(self) -> Sequence[Sequence[int]]:
        groups: list[list[int]] = [[] for _ in GROUPS]
        for row, number in enumerate(self._group):
            groups[number].append(row)
        return groups

    def _move(self, sort: SortBy, changed: set[int]) -> None:
        keys, names = self._keys[sort], self._keys["name"]
        # New lists: whoever was given the old ones may still hold them.
        groups = [[row for row in rows if row not in changed] for rows in self._rows[sort]]
        for row in sorted(changed):
            insort(groups[self._group[row]], row, key=lambda one: (keys[one], names[one], one))
        self._rows[sort] = groups
