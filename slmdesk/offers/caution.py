"""What is made of models that fit as long as nobody knows how fast they are here.

No speed is guessed. But what takes much of the memory may be read for each word, so it is not put first: a
model that turns out slow disappoints more than a smaller one that is quick.
"""

from __future__ import annotations

from collections.abc import Iterable

from slmdesk.fit import FitReport, Verdict
from slmdesk.messages import Message
from slmdesk.offers.offer import Offer

LARGE_SHARE = 0.25
"""Of the memory that is free. What takes more is not put first where no speed is known."""
_OF_THE_MODEL = "fit-speed-model-unknown"


def taken_share(report: FitReport | None) -> float:
    """Of the memory that is free, what it takes: of the computer's, or of the device's where that is more; 0:
    not known."""
    if report is None or report.memory is None or not report.memory.devices:
        return 0.0
    own, *others = report.memory.devices
    needs = [(report.memory.resident, own.free), *((one.parts.total, one.free) for one in others)]
    return max((needed / max(1, free) for needed, free in needs if free is not None), default=0.0)


def may_be_slow(offer: Offer) -> bool:
    """Whether it fits, takes a large part of the memory, and nothing is known of its speed."""
    return offer.verdict is Verdict.FITS and offer.speed is None and taken_share(offer.report) > LARGE_SHARE


def note_of_speeds(offers: Iterable[Offer]) -> Message | None:
    """Why the speed of this computer was not considered in the order of `offers`; None: it was."""
    reports = [offer.report for offer in offers if offer.speed is None and offer.report is not None]
    notes = (report.speed_note for report in reports if report.verdict is Verdict.FITS)
    return next((note for note in notes if note is not None and note.key != _OF_THE_MODEL), None)
