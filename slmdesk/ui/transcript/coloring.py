"""Colours the words of code that is on screen, a few milliseconds at a time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from PySide6.QtCore import QObject

from slmdesk.ui.transcript.code_content import CodeContent, Run
from slmdesk.ui.transcript.markdown.highlighter import Highlighter
from slmdesk.ui.transcript.resting import RestingTimer
from slmdesk.ui.transcript.strips import Strip, StripKind

_GO_ON_AFTER_MS = 15


class CodeColors:
    """The colours of one block of code, as far as they are known."""

    __slots__ = ("_again", "_code", "_grew", "_highlighter", "_language", "changed_at", "findings", "runs")

    def __init__(self) -> None:
        self.runs: Sequence[Run] = ()
        self.findings = 0
        """How often more was found out."""
        self.changed_at = 0
        """From which letter on colours may be others since the last finding."""
        self._language = ""
        self._code = ""
        self._grew = False
        self._highlighter: Highlighter | None = None
        self._again: Highlighter | None = None
        """Goes through the code once more when it grows no longer: only then all colours are certain."""

    def is_another(self, language: str, code: str) -> bool:
        """Whether `code` is not what was asked about last."""
        return code != self._code or language != self._language

    def step(self, language: str, code: str, *, growing: bool) -> int:
        """Find out more. Returns from which letter on colours may be others now."""
        if self._highlighter is None or language != self._language:
            self._highlighter, self._language = Highlighter(language), language
            self._code, self._grew = "", False
        highlighter = self._highlighter
        if code != self._code or highlighter.is_behind:
            self._grew = self._grew or (bool(self._code) and code != self._code)
            self._code = code
            self._find(highlighter.runs(code), highlighter.changed_at)
            return self.changed_at
        if growing or not self._grew:
            return len(code)
        if self._again is None:
            self._again = Highlighter(language)
        runs = self._again.runs(code)
        if self._again.is_behind:
            return len(code)
        self._highlighter, self._again, self._grew = self._again, None, False
        self._find(runs, 0)
        return 0

    def _find(self, runs: Sequence[Run], changed_at: int) -> None:
        self.runs, self.changed_at = runs, changed_at
        self.findings += 1

    def is_done(self, *, growing: bool) -> bool:
        """Whether another step would find nothing more."""
        if self._highlighter is None or self._highlighter.is_behind:
            return False
        return growing or not self._grew

    def part(self, start: int, end: int) -> list[Run]:
        """The runs between two letters, counted from the first of the two."""
        at = bisect_left(self.runs, (start,))
        # One that begins before may reach in.
        at = max(at - 1, 0)
        found: list[Run] = []
        while at < len(self.runs) and self.runs[at][0] < end:
            first, last, role = self.runs[at]
            if last > start:
                found.append((max(first, start) - start, min(last, end) - start, role))
            at += 1
        return found


class Coloring(QObject):
    """Colours strips of code when they come on screen, and goes on while they are there."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: set[Strip] = set()
        self.timer = RestingTimer(_GO_ON_AFTER_MS, self)
        self.timer.timeout.connect(self._go_on)

    def show(self, strip: Strip) -> None:
        """Colour a strip that is to be on screen, or that shows something else now."""
        colors = self._step(strip, on_time=False)
        if colors is not None:
            _color(strip, colors)

    def _step(self, strip: Strip, *, on_time: bool = True) -> CodeColors | None:
        """Find out more; unless it is its time for it, only about code that has grown since."""
        block, message = strip.block, strip.message
        if block is None:
            return None
        colors = message.code_state(strip).colors
        growing = message.writing and not block.closed
        if on_time or colors.is_another(block.language, block.code):
            changed_at = colors.step(block.language, block.code, growing=growing)
            if changed_at < strip.start:
                self._color_others(strip, colors, changed_at)
        if not colors.is_done(growing=growing):
            self._waiting.add(strip)
            if not self.timer.isActive():
                self.timer.start()
        return colors

    def _color_others(self, strip: Strip, colors: CodeColors, changed_at: int) -> None:
        for one in strip.message.strips or ():
            shown = one.kind is StripKind.CODE and one.block is strip.block and one.widget is not None
            if shown and one.end > changed_at:
                _color(one, colors)

    def _go_on(self) -> None:
        waiting, self._waiting = self._waiting, set()
        done: set[int] = set()
        for strip in waiting:
            # One that left the screen goes on when it comes back.
            if strip.widget is None or strip.block is None or id(strip.block) in done:
                continue
            done.add(id(strip.block))
            colors = self._step(strip)
            if colors is not None:
                self._color_others(strip, colors, 0)


def _color(strip: Strip, colors: CodeColors) -> None:
    """Colour the lines that are laid out, unless they are coloured by all that was found out."""
    content = strip.content
    if isinstance(content, CodeContent) and content.findings != colors.findings:
        only_last = content.findings == colors.findings - 1
        first, start = content.line_at(colors.changed_at - strip.start if only_last else 0)
        content.color(first, colors.part(strip.start + start, strip.end))
        content.findings = colors.findings
