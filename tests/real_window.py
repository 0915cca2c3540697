"""A real window for a measurement or a picture: opened, driven step by step, closed."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from slmdesk.app import make_services
from slmdesk.storage import Database, Paths, Settings, SettingsStore, log_file
from slmdesk.ui import MainWindow, make_application, open_window, run_until_closed

Steps = Callable[[MainWindow], Iterator[Callable[[], bool]]]
"""What to do with the window: each yielded condition is waited for before it goes on."""

_POLL_MS = 20
_PATIENCE_S = 600.0


def drive(
    paths: Paths, database: Database, steps: Steps, *, settings: Settings | None = None, **changes: Any
) -> None:
    """Open a window over `database`, with `changes` to its services; do `steps`; close it.

    Raises what the steps raise, and TimeoutError where a condition does not come true.
    """
    app = QApplication.instance() or make_application()
    assert isinstance(app, QApplication)
    store = SettingsStore(paths.settings_file)
    services = dataclasses.replace(
        make_services(paths, store, settings or Settings(), database, log_file(paths)), **changes
    )
    window = open_window(app, services)
    raised: list[BaseException] = []
    timer = QTimer()
    timer.setInterval(_POLL_MS)

    def begin() -> None:
        doing = steps(window)
        waiting: list[Callable[[], bool]] = [lambda: window.settled and window.chat.model is not None]
        since = [time.monotonic()]

        def go_on() -> None:
            try:
                if waiting[0]():
                    waiting[0], since[0] = next(doing), time.monotonic()
                elif time.monotonic() - since[0] > _PATIENCE_S:
                    raise TimeoutError("the window did not get there")
            except StopIteration:
                timer.stop()
                window.close()
            except BaseException as error:  # noqa: BLE001 - raised again once the window is closed
                raised.append(error)
                timer.stop()
                window.close()

        timer.timeout.connect(go_on)
        timer.start()

    window.started.connect(begin)
    run_until_closed(app, window)
    if raised:
        raise raised[0]
