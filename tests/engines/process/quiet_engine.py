"""An engine whose native code holds Python's lock while it loads, in a real engine process.

A model file is JSON: {"load": "work" or "hang", "seconds": how long}. Working takes processor time, hanging
takes none; both hold the lock from beginning to end, so that no thread of the process runs meanwhile.
"""

from __future__ import annotations

import collections
import ctypes
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from slmdesk.engines import Capabilities, LoadOptions, LoadProgress, LoadReport
from slmdesk.engines.child import serve
from tests.engines.process.scripted_engine import ScriptedEngine
from tests.engines.reports import make_report

STEPS = 20_000_000


def quiet_entry(connection: Any, _engine: str, log_path: str) -> None:
    """The entry of an engine process with a `QuietEngine`."""
    serve(connection, lambda: QuietEngine(connection), log_path)


class QuietEngine(ScriptedEngine):
    """See the top of this file."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, quiet_load=True)

    def load(
        self, path: str, options: LoadOptions, on_progress: Callable[[LoadProgress], None]
    ) -> LoadReport | None:
        script = json.loads(Path(path).read_text())
        on_progress(LoadProgress(0.0))
        if script["load"] == "hang":
            # Functions of a PyDLL are called with the lock held.
            ctypes.PyDLL(None).sleep(script["seconds"])
        else:
            _work(script["seconds"])
        return make_report(model_name=Path(path).stem)


def _work(seconds: float) -> None:
    """One call that never lets go of the lock; how long a step takes is measured first."""
    began = time.perf_counter()
    collections.deque(itertools.repeat(None, STEPS), maxlen=0)
    per_step = (time.perf_counter() - began) / STEPS
    collections.deque(itertools.repeat(None, int(seconds / per_step)), maxlen=0)
