"""The engines for one holder alone, such as a benchmark, which nobody may disturb."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from slmdesk.engines.engine_choice import choose_engine
from slmdesk.engines.lease import Lease, OnProgress, Wish
from slmdesk.engines.protocol import LoadOptions
from slmdesk.engines.turns import Turn


class Using(Protocol):
    """How a pool has a model used within a turn."""

    def __call__(
        self, turn: Turn, wish: Wish, on_progress: OnProgress | None
    ) -> AbstractContextManager[Lease | None]:
        """The lease; None: cancelled."""


class Alone:
    """The engines, for the one who has them alone. For one thread at a time, inside the `exclusive` block."""

    def __init__(self, turn: Turn, using: Using, unload: Callable[[], None]) -> None:
        self._turn = turn
        self._using = using
        self._unload = unload
        self._busy = threading.Lock()
        self.over = False
        """Whether the block has been left."""

    @property
    def cancelled(self) -> bool:
        """Whether there is nothing more to do: from now on `use` gives None. Any thread."""
        return self._turn.cancelled

    @contextlib.contextmanager
    def use(
        self,
        path: str,
        options: LoadOptions,
        on_progress: OnProgress | None = None,
        *,
        engine: str | None = None,
    ) -> Iterator[Lease | None]:
        """As `EnginePool.use`, without waiting. Raises RuntimeError inside itself and outside the block."""
        self._check()
        wish = Wish(path, options, choose_engine(path, engine))
        if not self._busy.acquire(blocking=False):
            raise RuntimeError("use() inside a use() of the same holder")
        try:
            with self._using(self._turn, wish, on_progress) as lease:
                yield lease
        finally:
            self._busy.release()

    def unload(self) -> None:
        """End the engine process, so that the next `use` loads from the beginning. Not inside a `use`."""
        self._check()
        if self._busy.locked():
            raise RuntimeError("unload() inside a use()")
        self._unload()

    def _check(self) -> None:
        if self.over:
            raise RuntimeError("the engines are no longer yours alone")
