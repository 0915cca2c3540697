"""What the engines report about themselves, asked once and kept: a probe takes about a second."""

from __future__ import annotations

import threading
from collections.abc import Callable

from slmdesk.engines.probe import EngineFacts, probe_engine


class EngineSurvey:
    """Keeps the facts of each engine. Usable from any thread; no engine is probed by two of them at once."""

    def __init__(self, probe: Callable[[str], EngineFacts] = probe_engine) -> None:
        self._probe = probe
        # Guards the fields below it; never held while an engine is probed.
        self._state = threading.Lock()
        self._facts: dict[str, EngineFacts] = {}
        self._probing: dict[str, threading.Lock] = {}
        self._round = 0

    def facts(self, name: str) -> EngineFacts:
        """What the engine called `name` is. Blocks about a second where it was not asked before.

        Never raises for an engine that does not work: that is its `problem`.
        """
        with self._state:
            known = self._facts.get(name)
            asking = self._probing.setdefault(name, threading.Lock())
        if known is not None:
            return known
        with asking:
            with self._state:
                known, round_ = self._facts.get(name), self._round
            if known is not None:
                return known
            facts = self._probe(name)
            with self._state:
                # What was asked before a refresh is not kept after it.
                if self._round == round_:
                    self._facts[name] = facts
            return facts

    def known(self, name: str) -> EngineFacts | None:
        """The facts where they were asked for already. Never blocks."""
        with self._state:
            return self._facts.get(name)

    def refresh(self) -> None:
        """Forget everything: a device may have come, gone, or filled up. Never blocks."""
        with self._state:
            self._facts.clear()
            self._round += 1
