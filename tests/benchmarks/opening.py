"""Budget row 6, its first half: opening a conversation of 5,000 messages."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QEvent, QObject

from slmdesk.library import InstalledModel
from slmdesk.storage import Database, Paths
from slmdesk.ui import MainWindow
from tests.benchmarks.budget import Row
from tests.long_conversations import store_long_conversation
from tests.real_window import drive

_BUDGET_MS = 100.0
_MESSAGES = 5_000


class _PaintWatch(QObject):
    """Notes when the transcript has drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.painted_at = 0.0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.painted_at = time.perf_counter()
        return False


def measure(model: InstalledModel, paths: Paths, runs: int = 9) -> Row:
    """From the click on it in the list until it is drawn. The first is discarded."""
    database = Database(paths.database_file)
    number = store_long_conversation(database, _MESSAGES)
    took: list[float] = []

    def steps(window: MainWindow) -> Iterator[Callable[[], bool]]:
        chat = window.chat
        watch = _PaintWatch()
        chat.transcript.viewport().installEventFilter(watch)
        for _ in range(runs + 1):
            chat.start_new_chat()
            yield lambda: window.settled
            watch.painted_at = 0.0
            began = time.perf_counter()
            chat.open_conversation(number)
            yield lambda: chat.conversation.id == number and watch.painted_at > 0
            took.append((watch.painted_at - began) * 1000)
            yield lambda: window.settled
        chat.transcript.viewport().removeEventFilter(watch)

    drive(paths, database, steps, list_models=lambda: [model])
    database.close()
    del took[0]
    figure = statistics.median(took)
    return Row(
        number=6,
        what=f"open a conversation of {_MESSAGES:,} messages",
        figure=figure,
        unit="ms",
        budget=f"<= {_BUDGET_MS:.0f}",
        holds=figure <= _BUDGET_MS,
        detail=f"median of {runs}, from the click to the picture; {min(took):.0f} to {max(took):.0f} ms",
        samples={"open_ms": took},
    )
