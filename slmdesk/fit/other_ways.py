"""Looks for another way to load a model: by formulas first, and then exactly for the few that count."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Protocol, TypeAlias, TypeVar

from slmdesk.engines import KvType
from slmdesk.fit.changes import Alternative, Change
from slmdesk.fit.ladder import can_be_loaded, changes_below
from slmdesk.fit.machine import Machine
from slmdesk.fit.speeds import Speeds
from slmdesk.fit.types import FitQuestion, MemoryNeed, Verdict
from slmdesk.fit.verdict import badness, judge, rank
from slmdesk.messages import UserError

_log = logging.getLogger(__name__)

_MOST_EXACT = 4
"""Ways that are asked about exactly: each may take some tenths of a second."""


class Named(Protocol):
    """A model, or one of its variants."""

    @property
    def key(self) -> str: ...

    @property
    def label(self) -> str: ...


_Subject = TypeVar("_Subject", bound=Named)
_Answer: TypeAlias = "Callable[[_Subject, FitQuestion, bool], tuple[MemoryNeed | None, Speeds]]"


class OtherWays(Generic[_Subject]):
    """The other ways to load one model, as it is asked about. For one thread."""

    def __init__(
        self,
        answer: _Answer[_Subject],
        subject: _Subject,
        question: FitQuestion,
        machine: Machine,
        *,
        smaller: Sequence[_Subject],
        placed: int,
        kv_types: Sequence[KvType],
    ) -> None:
        """`answer(subject, question, quick)` says what a model takes and how fast it is. `placed` layers are
        on devices now, `kv_types` are those to try, and `smaller` the variants."""
        self._answer = answer
        self._subject = subject
        self._question = question
        self._machine = machine
        self._smaller = smaller
        self._placed = placed
        self._kv_types = kv_types

    def for_verdict(self, now: Verdict, *, quick: bool) -> list[Alternative]:
        """Those that may be better than `now`, up to the first that fits. `quick`: by formulas alone."""
        found: list[Alternative] = []
        nearly: tuple[Change, _Subject, FitQuestion] | None = None
        nearest = (rank(now), False)
        exact = 0
        for change, subject, question in self._ways():
            if now is Verdict.SLOW and change != "variant":
                # None of the others is any faster.
                continue
            one = self._alternative(change, subject, question, True)
            if one is None or self._rank(one) >= rank(now):
                continue
            if self._rank(one) > rank(Verdict.FITS):
                if self._badness(one) < nearest:
                    nearly, nearest = (change, subject, question), self._badness(one)
                continue
            if not quick:
                if exact == _MOST_EXACT:
                    break
                exact += 1
                one = self._alternative(change, subject, question, False)
            if one is not None:
                found.append(one)
                if self._rank(one) == rank(Verdict.FITS):
                    return found
        if nearly is not None:
            one = self._alternative(*nearly, quick)
            found += [one] if one is not None else []
        return found

    def for_ladder(self, failed: MemoryNeed | None) -> list[Alternative]:
        """Those that can be loaded now, one for each kind of change, exactly."""
        found: dict[Change, Alternative] = {}
        for change, subject, question in self._ways():
            if change in found:
                continue
            one = self._alternative(change, subject, question, True)
            if one is None or not can_be_loaded(one.memory, self._machine):
                continue
            if failed is not None and failed.source == "simulated":
                one = self._alternative(change, subject, question, False)
            if one is not None and can_be_loaded(one.memory, self._machine):
                found[change] = one
        return list(found.values())

    def _ways(self) -> Iterator[tuple[Change, _Subject, FitQuestion]]:
        def memory_of(question: FitQuestion) -> MemoryNeed | None:
            return self._answer(self._subject, question, True)[0]

        ways = changes_below(self._question, self._placed, self._kv_types, memory_of, self._machine)
        for change, question in ways:
            if change == "variant":
                yield from ((change, one, question) for one in self._smaller)
            else:
                yield change, self._subject, question

    def _alternative(
        self, change: Change, subject: _Subject, question: FitQuestion, quick: bool
    ) -> Alternative | None:
        try:
            memory, speeds = self._answer(subject, question, quick)
        except UserError as error:
            # It cannot be loaded so, or the file of the variant is broken.
            _log.info("%r is no alternative: %s", subject.key, error.key)
            return None
        if memory is None:
            return None
        key, label = (subject.key, subject.label) if change == "variant" else ("", "")
        return Alternative(
            change=change, question=question, memory=memory, speeds=speeds, key=key, label=label
        )

    def _rank(self, one: Alternative) -> int:
        return self._badness(one)[0]

    def _badness(self, one: Alternative) -> tuple[int, bool]:
        return badness(judge(one.memory, one.speeds, self._machine, one.question))
