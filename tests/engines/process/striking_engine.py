"""Real engines, struck down once from inside their own process."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from slmdesk.engines import (
    ENGINES,
    Engine,
    Event,
    GenerateRequest,
    LoadOptions,
    LoadProgress,
    LoadReport,
    Text,
)
from slmdesk.engines.child import serve
from slmdesk.engines.llama_cpp import LlamaCppEngine


def striking_entry(strike: str, marker: str, connection: Any, engine: str, log_path: str) -> None:
    """The entry of a process whose engine does `strike` in mid-load, unless `marker` exists already."""

    def create() -> Engine:
        made = ENGINES[engine].create()
        load, done = made.load, Path(marker)

        def striking_load(
            path: str, options: LoadOptions, on_progress: Callable[[LoadProgress], None]
        ) -> LoadReport | None:
            def strike_within(progress: LoadProgress) -> None:
                on_progress(progress)
                # Within native code where it calls back, and right before it where it does not.
                if (progress.fraction > 0 or made.capabilities.quiet_load) and not done.exists():
                    done.touch()
                    _STRIKES[strike]()

            return load(path, options, strike_within)

        made.load = striking_load  # type: ignore[method-assign]
        return made

    serve(connection, create, log_path)


def llama_abort_entry(marker: str, connection: Any, _engine: str, log_path: str) -> None:
    """The entry of a process in which llama.cpp aborts after the first piece of text."""
    serve(connection, lambda: AbortingEngine(Path(marker)), log_path)


class AbortingEngine(LlamaCppEngine):
    """Asks llama.cpp for a token that does not exist, which it answers with an abort."""

    def __init__(self, marker: Path) -> None:
        super().__init__()
        self._marker = marker

    def generate(self, request: GenerateRequest) -> Iterator[Event]:
        for event in super().generate(request):
            yield event
            if isinstance(event, Text) and not self._marker.exists():
                self._marker.touch()
                from slmdesk.engines.llama_cpp.native import lib

                model, _ = self._loaded()
                room = ctypes.create_string_buffer(64)
                lib.llama_token_to_piece(model.vocabulary, 2**30, room, len(room), 0, False)


def _limit_address_space() -> None:
    """Leave 20 MiB: the KV cache of 2,048 tokens alone takes 45."""
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + 20 * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


_STRIKES: dict[str, Callable[[], object]] = {
    "abort": lambda: ctypes.CDLL(None).abort(),
    "segv": lambda: ctypes.string_at(0),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "limit": _limit_address_space,
}
