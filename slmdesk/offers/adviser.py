"""Makes offers: the catalogue, how each model would run here, and what is on the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from slmdesk.catalogue import CatalogueModel, Variant
from slmdesk.fit import FitCheck, FitQuestion, FitReport, file_refused
from slmdesk.messages import ErrorKind, UserError
from slmdesk.offers.offer import Offer
from slmdesk.offers.on_disk import OnDisk
from slmdesk.offers.recommendation import recommend_variant
from slmdesk.offers.subjects import (
    expected_bytes,
    expected_subject,
    smaller_subjects,
    subject_of,
    weights_bytes,
)

if TYPE_CHECKING:
    from threading import Event

    from slmdesk.fit import HeaderSet


class Adviser:
    """Answers for lists by formulas, in about a millisecond a model, and for one model exactly.

    Keeps nothing; blocking; usable from any thread.
    """

    def __init__(self, check: FitCheck, kept: Callable[[Variant], HeaderSet] = lambda _: ()) -> None:
        """`kept`: the headers of a variant that was asked about exactly before (`HubCatalogue.kept_header`),
        so that a list says of it what was said then."""
        self._check = check
        self._kept = kept

    def offer(
        self,
        model: CatalogueModel,
        on_disk: OnDisk | None = None,
        headers: Mapping[str, HeaderSet] = MappingProxyType({}),
    ) -> Offer:
        """The offer of `model`: by formulas, and as `exact_report` for each variant that has `headers`, by
        its id. Raises UserError (kind MODEL) for headers of a file that is damaged or hostile.
        """
        installed = on_disk.ids_of(model) if on_disk is not None else ()

        def report_of(variant: Variant) -> FitReport:
            known = headers.get(variant.id)
            return self.exact_report(model, variant, known) if known else self.report(model, variant)

        recommended = recommend_variant(model.variants, report_of)
        if recommended is not None:
            return Offer(
                model=model,
                variant=recommended.variant,
                reason=recommended.reason,
                report=recommended.report,
                expected_bytes=weights_bytes(model, recommended.variant),
                installed=installed,
            )
        subject = expected_subject(model)
        return Offer(
            model=model,
            report=self._check.check(subject, quick=True) if subject is not None else None,
            expected_bytes=expected_bytes(model),
            installed=installed,
        )

    def offers(
        self, models: Iterable[CatalogueModel], on_disk: OnDisk | None = None, stop: Event | None = None
    ) -> Iterator[Offer]:
        """Those of all `models`, one after the other, until `stop` is set."""
        for model in models:
            if stop is not None and stop.is_set():
                return
            yield self.offer(model, on_disk)

    def report(
        self, model: CatalogueModel, variant: Variant, question: FitQuestion | None = None
    ) -> FitReport:
        """How one variant would run, by formulas, or as it was found before; None: loaded as usual."""
        headers = self._kept(variant)
        try:
            return self._check.check(subject_of(model, variant, headers), question, quick=True)
        except UserError as error:
            if not headers or error.kind is not ErrorKind.MODEL:
                raise
            return file_refused()

    def reports(self, model: CatalogueModel, question: FitQuestion | None = None) -> dict[str, FitReport]:
        """How each variant would run, by its id: the table of variants."""
        return {variant.id: self.report(model, variant, question) for variant in model.variants}

    def exact_report(
        self,
        model: CatalogueModel,
        variant: Variant,
        headers: HeaderSet,
        question: FitQuestion | None = None,
    ) -> FitReport:
        """How one variant would run, as exactly as its `headers` allow: up to a second where an engine is
        asked.

        Raises UserError (kind MODEL) for a file that is damaged or hostile.
        """
        smaller = smaller_subjects(model, variant)
        return self._check.check(subject_of(model, variant, headers), question, smaller=smaller)
