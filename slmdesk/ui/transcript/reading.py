"""Reads long messages a little at a time, so that nothing stalls when they come on screen."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Signal

from slmdesk.messages import format_integer
from slmdesk.ui.transcript.column import Column
from slmdesk.ui.transcript.markdown import Markdown
from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.resting import RestingTimer

_TURN_SECONDS = 0.006


def warm_up() -> None:
    """Load what the first conversation needs: the grammar of Markdown, and how numbers are written.

    Saves its opening a tenth of a second. Blocks that long; any thread; when nothing else is to be done.
    """
    Markdown.parse("# One\n\n- *two* `three`\n\n| a |\n|---|\n| b |\n")
    format_integer(1)


class Reading(QObject):
    """Goes on with messages of which only the beginning was read when they were first shown."""

    read = Signal()
    """There is more to be shown."""

    def __init__(self, column: Column, parent: QObject) -> None:
        super().__init__(parent)
        self._column = column
        self._waiting: list[Message] = []
        self.timer = RestingTimer(0, self, again=True)
        self.timer.timeout.connect(self._read_on)

    def wait_for(self, message: Message) -> None:
        """A message is shown that was not read to its end."""
        if message not in self._waiting:
            self._waiting.append(message)
            self.timer.start()

    def _read_on(self) -> None:
        deadline = time.perf_counter() + _TURN_SECONDS
        while self._waiting and time.perf_counter() < deadline:
            # What came on screen last is wanted first.
            message = self._waiting[-1]
            section = next((one for one in message.shown_sections() if message.section(one).unread), None)
            if section is None or message.strips is None:
                self._waiting.pop()
                continue
            changed = message.section(section).read_on(deadline)
            self._column.refresh(message, section, changed)
        if not self._waiting:
            self.timer.stop()
        self.read.emit()
