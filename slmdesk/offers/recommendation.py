"""Which variant of a model suits this computer best, and why.

The rule: the best quality that writes at a comfortable speed and leaves half of the memory free. What is more
than very good is taken only where it costs nothing that a person would notice. Where none does that, or the
speed is not known, the smallest of very good quality that runs well; then, what of less quality still does;
then the one that misses by least.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import get_args

from msgspec import Struct

from slmdesk.catalogue import Format, Variant, quantization_named
from slmdesk.fit import FitReport, Verdict
from slmdesk.messages import Message
from slmdesk.offers.caution import taken_share

ReportOf = Callable[[Variant], FitReport]

COMFORTABLE_TOKENS_PER_SECOND = 20.0
"""At the low end of the range: three times as fast as people read, so that even code and long answers are not
waited for."""
_COMFORTABLE_SHARE = 0.5
"""Of the memory that is free."""
_VERY_GOOD = 3
_WORSE = 2

# Of quantizations of the same grade these are taken first: nearly every repository has them, and they were
# tried most. Others of the same grade are for computers where these just do not fit.
_USUAL = frozenset({"Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q3_K_M", "Q2_K", "MXFP4", "INT4"})
_USUAL_FORMAT = get_args(Format)[0]
_PROCESSOR = ("", "CPU")


class Recommendation(Struct, frozen=True):
    """The variant to take."""

    variant: Variant
    reason: Message
    """One sentence."""
    report: FitReport
    """How it runs here."""


def recommend_variant(variants: Sequence[Variant], report_of: ReportOf) -> Recommendation | None:
    """The best of `variants`, given how each runs here; None: no engine of ours loads any of them.

    Of variants that are alike the first one wins, so repositories come in the order in which they are
    trusted. `report_of` is asked once for each variant that matters.
    """
    chosen = _Choice(_candidates(variants), report_of)
    picked = chosen.pick()
    if picked is None:
        return None
    variant, key = picked
    if len(chosen.ladder) == 1:
        key = "variant-only" if _runs_now(chosen.report(variant)) else "variant-only-not-now"
    return Recommendation(variant, Message(key, {"variant": variant.label}), chosen.report(variant))


def _runs_now(report: FitReport) -> bool:
    """Whether it runs with the memory that is free now, or nobody knows that it does not."""
    return report.verdict is not Verdict.TOO_BIG and report.room != "none"


def _candidates(variants: Iterable[Variant]) -> list[Variant]:
    """Those that may be recommended: what everybody's processor runs, of one format, the usual one first."""
    loadable = [variant for variant in variants if variant.loadable]
    anywhere = [variant for variant in loadable if variant.execution_provider in _PROCESSOR] or loadable
    usual = [variant for variant in anywhere if variant.format == _USUAL_FORMAT]
    return usual or anywhere


class _Choice:
    def __init__(self, variants: Iterable[Variant], report_of: ReportOf) -> None:
        self.ladder = sorted(variants, key=_rung)
        self._report_of = report_of
        self._reports: dict[str, FitReport] = {}

    def pick(self) -> tuple[Variant, str] | None:
        """The variant and the sentence that says why."""
        good = [one for one in self.ladder if _grade(one) >= _VERY_GOOD]
        for variant in good:
            if self._is_comfortable(variant):
                return variant, "variant-best-quality"
        worse = [one for one in self.ladder if _VERY_GOOD > _grade(one) >= _WORSE]
        for verdict, among, smallest, key in (
            (Verdict.FITS, good, True, "variant-light"),
            (Verdict.FITS, worse, False, "variant-largest-fitting"),
            (Verdict.SLOW, good, True, "variant-least-slow"),
            (Verdict.TIGHT, good, True, "variant-least-tight"),
            (Verdict.FITS, self.ladder, False, "variant-largest-fitting"),
            (Verdict.SLOW, self.ladder, True, "variant-least-slow"),
            (Verdict.TIGHT, self.ladder, True, "variant-least-tight"),
        ):
            having = [one for one in among if self.report(one).verdict is verdict]
            if having:
                return (min(having, key=_lightness) if smallest else having[0]), key
        unknown = any(self.report(one).verdict is Verdict.UNKNOWN for one in self.ladder)
        usual = min(good or self.ladder, key=_lightness, default=None)
        return (usual, "variant-usual" if unknown else "variant-too-big") if usual is not None else None

    def _is_comfortable(self, variant: Variant) -> bool:
        report = self.report(variant)
        fast = report.speed is not None and report.speed.low >= COMFORTABLE_TOKENS_PER_SECOND
        return report.verdict is Verdict.FITS and fast and taken_share(report) <= _COMFORTABLE_SHARE

    def report(self, variant: Variant) -> FitReport:
        """How it runs here; asked once."""
        if variant.id not in self._reports:
            self._reports[variant.id] = self._report_of(variant)
        return self._reports[variant.id]


def _grade(variant: Variant) -> float:
    """The quality; where it is not known, nothing to recommend by itself."""
    return variant.quality if variant.quality is not None else _VERY_GOOD - 0.5


def _is_usual(variant: Variant) -> bool:
    return variant.trained_for or variant.quantization in _USUAL


def _size(variant: Variant) -> tuple[float, bool]:
    """By what its quantization comes to, so that a few bytes more or less, or a size that a source rounds, do
    not decide between repositories; those whose size is known first."""
    known = variant.about_bytes
    bits = quantization_named(variant.quantization).bits
    return bits or variant.bits_per_weight or math.inf, known is None


def _rung(variant: Variant) -> tuple[float, bool, tuple[float, bool]]:
    """Best quality first, of the same quality the usual one, then the smaller one."""
    return -_grade(variant), not _is_usual(variant), _size(variant)


def _lightness(variant: Variant) -> tuple[bool, tuple[float, bool], float]:
    return not _is_usual(variant), _size(variant), -_grade(variant)
