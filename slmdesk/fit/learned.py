"""What earlier runs say about predictions, worked out once for all that are made from then on. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from msgspec import Struct

from slmdesk.fit.correction import Correction, of_others, of_same
from slmdesk.fit.records import Run, RunSettings
from slmdesk.fit.roofline import Coefficients, seconds_per_token, seconds_to_read

FindCoefficients: TypeAlias = Callable[[int, str], Coefficients | None]
"""Of so many threads and a device; "": the processor. None: that was not probed."""


class LearnedRun(Struct, frozen=True):
    """A run, and what was measured over what would have been predicted; None: nothing would."""

    run: Run
    ratio: float | None
    read_ratio: float | None


class Learned:
    """All runs as they are now. Usable from any thread: what it keeps would be worked out the same again."""

    def __init__(self, runs: Iterable[Run], coefficients: FindCoefficients) -> None:
        self._by_model: dict[str, list[LearnedRun]] = defaultdict(list)
        for run in runs:
            self._by_model[run.key].append(_learn(run, coefficients))
        self._general: dict[tuple[object, ...], Correction] = {}

    def same(self, key: str, settings: RunSettings) -> list[LearnedRun]:
        """Runs of the model with exactly these settings, the oldest first."""
        return [one for one in self._by_model.get(key, ()) if one.run.settings == settings]

    def own(self, key: str, settings: RunSettings, *, read: bool = False) -> Correction | None:
        """What runs of the same model say, whatever their settings, as far as they have to do with these; of
        its prompts where `read`. None: there are none."""
        ratios = _ratios(self._by_model.get(key, ()), settings, read)
        return of_same(ratios) if ratios else None

    def general(self, settings: RunSettings, *, read: bool = False) -> Correction:
        """What runs of all models say about any other."""
        alike = (*_likeness(settings), read)
        found = self._general.get(alike)
        if found is None:
            models = self._by_model.items()
            found = of_others((key, one) for key, runs in models for one in _ratios(runs, settings, read))
            self._general[alike] = found
        return found


def mixed_s(
    share: float,
    seconds: Callable[[Coefficients], float],
    processor: Coefficients | None,
    device: Coefficients | None,
) -> float | None:
    """Seconds where a `share` of the layers is on a device, one part waiting for the other. None: one of them
    was not probed."""
    if (share < 1 and processor is None) or (share > 0 and device is None):
        return None
    on_processor = seconds(processor) if processor is not None and share < 1 else 0.0
    on_device = seconds(device) if device is not None and share > 0 else 0.0
    return (1 - share) * on_processor + share * on_device


def _learn(run: Run, coefficients: FindCoefficients) -> LearnedRun:
    settings, work = run.settings, run.work
    device = settings.devices[0] if settings.devices else ""
    share = min(1.0, settings.gpu_layers / (work.layers + 1)) if device else 0.0
    processor = coefficients(settings.threads, "")
    beside = coefficients(settings.threads, device) if device else None
    token_s = mixed_s(
        share, lambda c: seconds_per_token(c, work, settings.kv_type, run.depth), processor, beside
    )
    read_s = mixed_s(
        share, lambda c: seconds_to_read(c, work, run.read_tokens, settings.kv_type), processor, beside
    )
    read_ratio = None
    if read_s and run.read_tokens:
        read_ratio = run.read_tokens_per_second * read_s / run.read_tokens
    return LearnedRun(run, run.tokens_per_second * token_s if token_s else None, read_ratio)


def _ratios(runs: Sequence[LearnedRun], settings: RunSettings, read: bool) -> list[float]:
    wanted = _likeness(settings)
    alike = [one for one in runs if _likeness(one.run.settings) == wanted]
    found = [one.read_ratio if read else one.ratio for one in alike]
    return [ratio for ratio in found if ratio is not None]


def _likeness(settings: RunSettings) -> tuple[object, ...]:
    """What must be the same for a run to say anything."""
    return (settings.engine, settings.cpu, settings.devices)
