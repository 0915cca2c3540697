"""What the panel has done in the background: plain functions over the rooms below, and who drops old answers.

Nothing here is Qt. Every function may block and is called in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec

from slmdesk.catalogue import CatalogueModel, HubPage, HubQuery, Variant, load_curated, merge
from slmdesk.fit import FitQuestion, FitReport, HeaderSet, SparseFolder, Subject
from slmdesk.messages import UserError
from slmdesk.offers import Adviser, Offer, OfferList, OnDisk, subject_of

if TYPE_CHECKING:
    from threading import Event

    from slmdesk.ui.advice import ModelAdvice
    from slmdesk.ui.tasks import Tasks

T = TypeVar("T")

KnownHeaders: TypeAlias = Mapping[str, HeaderSet]
"""What the files of variants say, by the id of the variant."""

LEAST_CONTEXT = 512
MOST_CONTEXT = 131_072
"""Offered where nobody says for how much a model was trained."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The curated list as offers."""

    offers: OfferList
    models: tuple[CatalogueModel, ...]
    date: str
    """The day on which its facts were collected."""
    refreshed: float | None
    """When the Hub was last asked for all of it; seconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How a model would run with a context of some length."""

    model: CatalogueModel
    variant: Variant
    context_length: int
    report: FitReport
    exact: bool
    """Whether its own files were looked into: their headers, or of a folder the small ones."""
    reports: Mapping[str, FitReport]
    """Of each variant, by its id."""
    longest: int | None
    """The longest context that fits; None: none does, or it is not known."""
    trained_for: int
    """The longest context that may be tried, in tokens."""


def load_list(advice: ModelAdvice) -> Listed:
    """The curated list with what the last refresh brought, each model as it would run here."""
    curated = load_curated()
    laid = advice.hub.lay_over(curated.models)
    offers = _adviser(advice).offers(laid.models, OnDisk(advice.installed()))
    return Listed(OfferList(offers), laid.models, curated.date, laid.refreshed)


def advise_again(advice: ModelAdvice, models: Sequence[CatalogueModel], known: KnownHeaders) -> OfferList:
    """All `models` as they would run here now, with the headers that are known of their variants."""
    adviser, on_disk = _adviser(advice), OnDisk(advice.installed())
    return OfferList([adviser.offer(model, on_disk, known) for model in models])


def search_hub(
    advice: ModelAdvice,
    known: Sequence[CatalogueModel],
    query: HubQuery,
    cursor: str,
    stop: Event,
    headers: KnownHeaders,
) -> tuple[HubPage, tuple[CatalogueModel, ...], list[Offer]] | None:
    """A page of the Hub, `known` with what it found, and the offers that are new or others now.

    None: stopped. Raises UserError (kind NETWORK).
    """
    page = advice.hub.search(query, cursor, stop)
    if page is None:
        return None
    merged = merge(known, page.models)
    before = {model.id: model for model in known}
    changed = [model for model in merged if before.get(model.id) is not model]
    adviser, on_disk = _adviser(advice), OnDisk(advice.installed())
    offers = []
    for model in changed:
        if stop.is_set():
            return None
        offers.append(adviser.offer(model, on_disk, headers))
    return page, merged, offers


def ask_details(advice: ModelAdvice, model: CatalogueModel, known: KnownHeaders) -> Offer:
    """`model` with the exact sizes of all its variants, as an offer. Raises UserError (kind NETWORK)."""
    return _adviser(advice).offer(advice.hub.details(model), OnDisk(advice.installed()), known)


def ask_headers(
    advice: ModelAdvice, model: CatalogueModel, variant: Variant, known: KnownHeaders
) -> tuple[Offer, str, HeaderSet]:
    """The model with exact sizes and judged by what the files of `variant` say, the id of the variant, and
    what they say.

    Raises UserError: kind NETWORK, or MODEL for a damaged file and for a folder that is not for chat.
    """
    detailed = advice.hub.details(model)
    found = next((one for one in detailed.variants if one.id == variant.id), variant)
    headers = advice.hub.header(found)
    offer = _adviser(advice).offer(detailed, OnDisk(advice.installed()), {**known, found.id: headers})
    return offer, found.id, headers


def judge(
    advice: ModelAdvice,
    model: CatalogueModel,
    variant: Variant,
    known: KnownHeaders,
    context_length: int | None,
) -> Judged:
    """How `variant` would run, and the others: exactly where its headers are `known` or were fetched before,
    else by formulas.

    `context_length` None: as it would be loaded by itself; no longer than may be tried. Raises UserError
    (kind MODEL).
    """
    adviser = _adviser(advice)
    headers = known.get(variant.id) or advice.hub.kept_header(variant)
    longest_tried = trained_for(model, headers)
    if context_length is not None:
        context_length = min(context_length, longest_tried)
    subject = subject_of(model, variant, headers)
    question = advice.check.usual_question(subject, context_length=context_length)
    if headers:
        report = adviser.exact_report(model, variant, headers, question)
    else:
        report = adviser.report(model, variant, question)
    length = question.context_length
    others = [one for one in model.variants if one.id != variant.id]
    reports = {
        one.id: _report_of(advice, adviser, model, one, known.get(one.id, ()), length) for one in others
    }
    reports[variant.id] = report
    longest = advice.check.largest_context(_as_far_as(longest_tried, subject), question, quick=not headers)
    return Judged(model, variant, length, report, bool(headers), reports, longest, longest_tried)


def _adviser(advice: ModelAdvice) -> Adviser:
    return Adviser(advice.check, advice.hub.kept_header)


def _as_far_as(tokens: int, subject: Subject) -> Subject:
    """`subject`, and where a list does not say for how much context it was trained, for `tokens`."""
    known = subject.dimensions
    if known is None or known.trained_context_length:
        return subject
    return replace(subject, dimensions=msgspec.structs.replace(known, trained_context_length=tokens))


def _report_of(
    advice: ModelAdvice,
    adviser: Adviser,
    model: CatalogueModel,
    variant: Variant,
    headers: HeaderSet,
    context_length: int,
) -> FitReport:
    subject = subject_of(model, variant, headers)
    # A variant may be trained for less than another one.
    length = min(context_length, trained_for(model, headers)) if headers else context_length
    question: FitQuestion = advice.check.usual_question(subject, context_length=length)
    if headers:
        return adviser.exact_report(model, variant, headers, question)
    return adviser.report(model, variant, question)


def trained_for(model: CatalogueModel, headers: HeaderSet = ()) -> int:
    """The longest context that a person may try with `model`, in tokens. What a folder itself says wins."""
    if isinstance(headers, SparseFolder):
        return max(headers.facts.context_length, 2 * LEAST_CONTEXT)
    said = model.dimensions.trained_context_length if model.dimensions is not None else None
    return max(said or model.context_length or MOST_CONTEXT, 2 * LEAST_CONTEXT)


def with_offer(models: Sequence[CatalogueModel], offer: Offer) -> tuple[CatalogueModel, ...]:
    """`models` with that of `offer` in place of the one with its id."""
    return tuple(offer.model if one.id == offer.id else one for one in models)


def query_of(text: str, sort: str, formats: frozenset[str]) -> HubQuery:
    """What the Hub is asked for where the person types `text` and wants `formats`."""
    query = HubQuery(text=text, sort="last_modified" if sort == "newest" else "downloads")
    if len(formats) == 1:
        query = msgspec.structs.replace(query, format=next(iter(formats)))
    return query


class Latest:
    """Of several questions only the newest matters: one is asked at a time, and old answers are dropped.

    Used on the GUI thread.
    """

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._number = 0
        self._busy = False
        self._waiting: tuple[Callable[[], Any], Callable[[Any], None], Callable[[UserError], None]] | None
        self._waiting = None

    @property
    def busy(self) -> bool:
        """Whether an answer that matters is on its way."""
        return self._busy

    def ask(
        self, work: Callable[[], T], then: Callable[[T], None], failed: Callable[[UserError], None]
    ) -> None:
        """Call `work` in a thread, after the one that is asked now, and then `then` or `failed`, unless
        something else is asked before that."""
        self._number += 1
        self._waiting = (work, then, failed)
        if not self._busy:
            self._start()

    def drop(self) -> None:
        """Nobody wants the answer any more."""
        self._number += 1
        self._waiting = None

    def _start(self) -> None:
        if self._waiting is None:
            return
        (work, then, failed), self._waiting = self._waiting, None
        number, self._busy = self._number, True

        def take(result: Any) -> None:
            self._busy = False
            if number == self._number:
                then(result)
            self._start_again()

        def fail(error: UserError) -> None:
            self._busy = False
            if number == self._number:
                failed(error)
            self._start_again()

        self._tasks.run(work, take, fail)

    def _start_again(self) -> None:
        if not self._busy:
            self._start()
