"""Stands in for `EngineProcess` where a test needs thousands of loads: no process, and every misuse noted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

from slmdesk.engines import (
    Capabilities,
    Cause,
    ChatMessage,
    Death,
    EngineProcess,
    LoadOptions,
    LoadProgress,
    LoadReport,
)
from slmdesk.messages import ErrorKind, UserError
from tests.engines.reports import make_report


class Feathers:
    """Starts feather processes for a pool, and what was seen of all of them.

    `cut_counts`: how often one was ended while it counted tokens.
    """

    def __init__(self) -> None:
        self.misuses: list[str] = []
        self.loads = 0
        self.cut_counts = 0
        self._lock = threading.Lock()
        self._alive = 0

    def __call__(self, engine: str, *, log_file: Path) -> EngineProcess:
        return cast(EngineProcess, FeatherProcess(self))

    @property
    def alive(self) -> int:
        """How many run now."""
        with self._lock:
            return self._alive

    def change_alive(self, by: int) -> None:
        """One more, or one less; two at once would not fit into memory."""
        with self._lock:
            self._alive += by
            self.loads += by > 0
            if self._alive not in (0, 1):
                self.misuses.append(f"{self._alive} processes at once")


class FeatherProcess:
    """One of them."""

    def __init__(self, feathers: Feathers) -> None:
        # No process: nothing of it comes back.
        self.pid: int | None = None
        self.alive = False
        self.death: Death | None = None
        self.answers = 0
        self.stopping = False
        self.capabilities = Capabilities()
        self.on_idle_death: Callable[[Death], None] | None = None
        self._feathers = feathers
        self._lock = threading.Lock()
        self._closed = False

    def load(
        self, path: str, options: LoadOptions, on_progress: Callable[[LoadProgress], None]
    ) -> LoadReport | None:
        """As of a model that is there at once."""
        with self._lock:
            if self._closed:
                return None
            self.alive = True
            self._feathers.change_alive(1)
        on_progress(LoadProgress(1.0))
        return make_report(model_name=path) if self.alive else None

    def count_tokens(self, messages: tuple[ChatMessage, ...]) -> int:
        """One for each message, unless it was ended meanwhile."""
        was_alive = self.alive
        threading.Event().wait(0.0002)
        if self.alive:
            return len(messages)
        self._feathers.cut_counts += was_alive
        raise UserError("engine-closed", ErrorKind.GENERATION)

    def resident_bytes(self) -> int:
        """Of a feather."""
        return 1 if self.alive else 0

    def cancel(self) -> None:
        """Nothing here takes long."""

    def close(self) -> None:
        """End it."""
        with self._lock:
            if self.alive:
                self._feathers.change_alive(-1)
            self.alive, self._closed = False, True
            self.death = self.death or Death(Cause.CLOSED, "", "")
