"""The answer that is being written: what came is gathered, and drawn a few times a second."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from slmdesk.ui.transcript.column import Column
from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.resting import RestingTimer
from slmdesk.ui.transcript.scrolling import Scrolling
from slmdesk.ui.transcript.strips import Section, StripKind

if TYPE_CHECKING:
    from slmdesk.chat import MessageState
    from slmdesk.engines import End, Stats

# Streamed text is drawn this often at most: drawing takes from decoding where all cores decode.
_DRAW_EVERY_MS = 33


class Writing(QObject):
    """Adds what the model writes to the last message of a column."""

    grown_in = Signal(int)
    """Which message has more text now."""

    def __init__(self, column: Column, page: Page, scrolling: Scrolling, parent: QObject) -> None:
        super().__init__(parent)
        self._column = column
        self._page = page
        self._scrolling = scrolling
        self._message: Message | None = None
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._thinks = False
        self._turns: Iterator[None] | None = None
        self._draws = True
        """Whether taking over what has come ends with drawing it."""
        self.timer = RestingTimer(_DRAW_EVERY_MS, self)
        self.timer.timeout.connect(self._take_turn)
        # Between two turns everything else that happens in the window has its own.
        self.turns = RestingTimer(0, self)
        self.turns.timeout.connect(self._take_turn)

    def begin(self, model_title: str, created_at: float, *, continues: bool) -> None:
        """Begin an answer, or go on with the last message if it is one."""
        self.stop()
        column = self._column
        last = column.messages[-1] if column.messages else None
        if continues and last is not None and not last.by_person:
            message = last
            message.end = None
        else:
            message = Message(len(column.messages), "assistant")
            message.model_title, message.created_at = model_title, created_at
            column.append(message)
        message.writing, message.state, message.end_reason = True, "writing", None
        self._message = self._page.writing = message
        column.build(message)
        column.refresh(message)

    def append(self, text: str) -> None:
        """Add text."""
        if self._message is not None:
            # By the clock, not by when it is drawn: nobody may see it for a while.
            _stop_clock(self._message)
            self._text.append(text)
            self._wait()

    def append_reasoning(self, text: str) -> None:
        """Add to what the model thinks."""
        if self._message is not None:
            if not self._message.thinking_since and not self._message.source and not self._text:
                self._message.thinking_since = time.monotonic()
                self._thinks = True
            self._reasoning.append(text)
            self._wait()

    def set_stats(self, stats: Stats) -> None:
        """Show what the answer took."""
        if self._message is not None:
            self._message.stats = stats
            self._message.refresh_foot()

    def draw(self) -> None:
        """Show what has come, now and not in turns."""
        self._take_all()
        self._scrolling.arrange()

    def _take_all(self) -> None:
        """Take over what has come, now and not in turns. It is not drawn yet."""
        self.timer.stop()
        self.turns.stop()
        self._draws = False
        while (turns := self._turns or self._begin_turns()) is not None:
            for _ in turns:
                pass
            self._turns = None
        self._draws = True

    def _take_turn(self) -> None:
        """Do the next part of showing what has come."""
        if self._turns is None:
            self._turns = self._begin_turns()
        if self._turns is None:
            return
        if next(self._turns, self) is self:
            self._turns = None
        else:
            self.turns.start()

    def _begin_turns(self) -> Iterator[None] | None:
        message = self._message
        return (
            self._show_in_turns(message) if message is not None and (self._text or self._reasoning) else None
        )

    def _show_in_turns(self, message: Message) -> Iterator[None]:
        """Reading, laying out and drawing one after the other would hold the window up for too long."""
        if self._reasoning:
            yield from self._grow(message, Section.REASONING, self._reasoning)
        if self._text:
            self._end_thinking(message)
            yield from self._grow(message, Section.TEXT, self._text)
        message.folded = None
        self.grown_in.emit(message.index)
        if self._draws:
            self._scrolling.measure()
            yield
        while self._draws and self._scrolling.make_ready():
            yield
        if self._draws:
            self._scrolling.arrange()

    def _grow(self, message: Message, section: Section, pieces: list[str]) -> Iterator[None]:
        """Add `pieces`, which are taken, to one of the texts of `message`."""
        text, begins = message.section(section), not message.section(section).source
        more = "".join(pieces)
        pieces.clear()
        text.take(more)
        yield
        changed = text.show()
        if begins:
            self._column.refresh(message)
        elif section in message.shown_sections():
            self._column.refresh(message, section, changed)
        if section is Section.REASONING:
            self._refresh_fold(message)
        yield
        text.settle()
        yield

    def end(self, end: End | None, *, failed: bool) -> None:
        """No more text will come. It is not drawn yet."""
        self._take_all()
        message = self._message
        self._message = self._page.writing = None
        if message is None:
            return
        self._end_thinking(message)
        changed = message.text.finish()
        message.writing = False
        message.end = end
        message.end_reason = end.reason if end is not None else "error" if failed else "cancelled"
        message.state = _state(end, failed=failed)
        if message.source:
            self._column.refresh(message, Section.TEXT, changed)
            message.refresh_foot()
        else:
            self._column.refresh(message)
        self.grown_in.emit(message.index)

    def stop(self) -> None:
        """Forget what has come, and that an answer is being written."""
        self.timer.stop()
        self.turns.stop()
        self._turns = None
        self._text.clear()
        self._reasoning.clear()
        self._thinks = False
        if self._message is not None:
            self._message.writing = False
            self._message = self._page.writing = None

    def _wait(self) -> None:
        if not self.timer.isActive():
            self.timer.start()

    def _end_thinking(self, message: Message) -> None:
        if self._thinks:
            self._thinks = False
            _stop_clock(message)
            message.reasoning.finish()
            self._refresh_fold(message)

    def _refresh_fold(self, message: Message) -> None:
        """The time it shows is another."""
        for strip in (message.strips or ())[:2]:
            if strip.kind is StripKind.FOLD:
                strip.measured = -1


def _stop_clock(message: Message) -> None:
    if message.thinking_since:
        message.reasoning_seconds += time.monotonic() - message.thinking_since
        message.thinking_since = 0.0


def _state(end: End | None, *, failed: bool) -> MessageState:
    if failed or (end is not None and end.reason == "error"):
        return "failed"
    if end is None or end.reason != "stop":
        return "stopped"
    return "complete"
