"""How much of its processor time an engine really had while it wrote an answer."""

from __future__ import annotations

import time
from collections.abc import Callable

from slmdesk.engines import EffortMeter, Event, Reasoning, Stats, Text


class EffortWatch:
    """Watches one answer from its first words to its figures.

    Where the engine had less than all of its time, its speed is none to remember.
    """

    def __init__(
        self,
        processor_s: Callable[[], float | None],
        threads: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`processor_s`: processor time that the engine has had so far, in seconds; None: not known."""
        self._meter = EffortMeter(processor_s, clock)
        self._threads = threads

    @property
    def share(self) -> float | None:
        """Of the time that all its threads could have had; None: not known (yet)."""
        return self._meter.share

    def take(self, event: Event) -> None:
        """What just happened."""
        if isinstance(event, Text | Reasoning):
            if not self._meter.running:
                self._meter.begin()
        elif isinstance(event, Stats):
            self._meter.end(self._threads)
