"""What an answer took, as far as it can be seen from outside the engine."""

from __future__ import annotations

import time
from collections.abc import Callable

from slmdesk.engines import Event, PromptProgress, Reasoning, Stats, Text


class SeenFigures:
    """Watches the events of one answer, in case the engine goes away before it tells its figures."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._prompt: PromptProgress | None = None
        self._prompt_seen = self._prompt_done = 0.0
        self._pieces = 0
        self._first = self._last = 0.0

    def take(self, event: Event) -> None:
        """What just happened."""
        if isinstance(event, Text | Reasoning):
            self._last = self._clock()
            if not self._pieces:
                self._first = self._last
            self._pieces += 1
        elif isinstance(event, PromptProgress):
            self._prompt_done = self._clock()
            if self._prompt is None:
                self._prompt_seen = self._prompt_done
            self._prompt = event

    def stats(self) -> Stats | None:
        """The figures, with a token for each piece that came; None where nothing did."""
        prompt = self._prompt
        if prompt is None or not self._pieces:
            return None
        wrote = self._last - self._first
        read = self._prompt_done - self._prompt_seen
        return Stats(
            prompt_tokens=prompt.total,
            reused_tokens=prompt.reused,
            prompt_tokens_per_second=(prompt.processed - prompt.reused) / read if read > 0 else 0.0,
            time_to_first_token_s=self._first - self._began,
            generated_tokens=self._pieces,
            tokens_per_second=(self._pieces - 1) / wrote if wrote > 0 else 0.0,
            seed=0,
            context_tokens=prompt.total + self._pieces,
        )
