"""One question about the speed of a model, with all that is known for answering it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from slmdesk.fit.correction import Correction, of_same
from slmdesk.fit.learned import Learned, LearnedRun, mixed_s
from slmdesk.fit.records import RunSettings
from slmdesk.fit.roofline import Coefficients, seconds_per_token, seconds_to_read
from slmdesk.fit.types import SpeedRange
from slmdesk.fit.work import TokenWork

EXACT_SPREAD = 0.15
"""How far off a prediction from a header may be, as a part of it: what the budget allows."""
ROUGH_SPREAD = 0.4
"""The same by rules of thumb, or for an engine or a number of threads that was not probed itself."""
_NEARER_SPREAD = 0.1
"""The same where the model was run here with other settings."""
_UNKNOWN_DEPTH_SPREAD = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """A model, how it would be loaded, what was probed and what was run."""

    work: TokenWork
    settings: RunSettings
    share: float
    """Of the layers, those on a device."""
    processor: Coefficients | None
    device: Coefficients | None
    exact: bool
    learned: Learned
    slack: float = 1.0
    """How many times as fast as the probe found this computer may be; 1: it was not disturbed."""
    useful: bool = True
    """Whether the probe tells anything of models that were never run here."""

    @property
    def doubt(self) -> float:
        """How many times as fast as the expected rate it may be: `slack`, unless the model was run here."""
        # The runs were not disturbed, whatever the probe was.
        return 1.0 if self._same() or self._own(read=False) is not None else self.slack

    def rate(self, depth: float) -> SpeedRange | None:
        """Token generation when `depth` tokens are in the cache; None: neither probed nor run."""
        same = self._same()
        seconds = mixed_s(
            self.share,
            lambda c: seconds_per_token(c, self.work, self.settings.kv_type, depth),
            self.processor,
            self.device,
        )
        if seconds is None:
            if not same:
                return None
            found = of_same([one.run.tokens_per_second for one in same])
            return _range(found.factor, max(found.spread, _UNKNOWN_DEPTH_SPREAD), measured=True)
        ratios = [one.ratio for one in same if one.ratio is not None]
        if ratios:
            found = of_same(ratios)
            return _range(found.factor / seconds, found.spread, measured=True)
        own = self._own(read=False)
        if own is not None:
            return _range(own.factor / seconds, own.spread, measured=False)
        if not self.useful:
            return None
        general = self._general(read=False)
        predicted = _range(general.factor / seconds, general.spread, measured=False)
        return replace(predicted, high=predicted.high * self.slack)

    def first_token_s(self, tokens: int) -> float | None:
        """Seconds from a prompt of so many tokens to the first one of the answer; None: not known."""
        seconds = mixed_s(
            self.share,
            lambda c: seconds_to_read(c, self.work, tokens, self.settings.kv_type),
            self.processor,
            self.device,
        )
        own = self._own(read=True)
        if seconds is None or (own is None and not self.useful):
            return None
        return seconds / (own or self._general(read=True)).factor

    def _same(self) -> list[LearnedRun]:
        """Runs of the same model with the same settings."""
        return self.learned.same(self.work.key, self.settings) if self.work.key else []

    def _own(self, *, read: bool) -> Correction | None:
        """What runs of the same model with other settings make of it; None: there are none."""
        own = self.learned.own(self.work.key, self.settings, read=read) if self.work.key else None
        return Correction(own.factor, _NEARER_SPREAD) if own is not None else None

    def _general(self, *, read: bool) -> Correction:
        """What runs of other models make of it."""
        spread = EXACT_SPREAD if self.exact else ROUGH_SPREAD
        return Correction(self.learned.general(self.settings, read=read).factor, spread)


def _range(rate: float, spread: float, *, measured: bool) -> SpeedRange:
    return SpeedRange(low=rate * (1 - spread), expected=rate, high=rate * (1 + spread), measured=measured)
