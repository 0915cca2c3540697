"""The real llama.cpp engine, struck down once from inside its own native code."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from slmdesk.engines import (
    Event,
    GenerateRequest,
    LoadOptions,
    LoadProgress,
    LoadReport,
    Text,
)
from slmdesk.engines.child import serve
from slmdesk.engines.llama_cpp import LlamaCppEngine


def striking_entry(strike: str, marker: str, connection: Any, _engine: str, log_path: str) -> None:
    """The entry of a process whose engine does `strike` in mid-load, unless `marker` exists already."""
    serve(connection, lambda: StrikingEngine(strike, Path(marker)), log_path)


def llama_abort_entry(marker: str, connection: Any, _engine: str, log_path: str) -> None:
    """The entry of a process in which llama.cpp aborts after the first piece of text."""
    serve(connection, lambda: AbortingEngine(Path(marker)), log_path)


class StrikingEngine(LlamaCppEngine):
    """Strikes while llama.cpp is reading tensors: its progress callback is running on its stack."""

    def __init__(self, strike: str, marker: Path) -> None:
        super().__init__()
        self._strike = strike
        self._marker = marker

    def load(
        self, path: str, options: LoadOptions, on_progress: Callable[[LoadProgress], None]
    ) -> LoadReport | None:
        def strike_within(progress: LoadProgress) -> None:
            on_progress(progress)
            if progress.fraction > 0 and not self._marker.exists():
                self._marker.touch()
                _STRIKES[self._strike]()

        return super().load(path, options, strike_within)


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
