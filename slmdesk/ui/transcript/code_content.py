"""Lines of code, laid out and coloured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from PySide6.QtGui import QBrush, QFontMetricsF, QTextCharFormat, QTextCursor, QTextLayout

from slmdesk.ui.theme.syntax import syntax_color
from slmdesk.ui.transcript.contents import Content
from slmdesk.ui.transcript.lettering import Lettering

_TAB_COLUMNS = 4
Run: TypeAlias = tuple[int, int, str]
"""Where a word of code begins and ends, in letters, and what it is."""


class CodeContent(Content):
    """Some lines of a block of code."""

    def __init__(self, lettering: Lettering) -> None:
        super().__init__(lettering)
        self.document.setDefaultFont(lettering.mono)
        self.option.setTabStopDistance(_TAB_COLUMNS * lettering.mono_advance)
        self.document.setDefaultTextOption(self.option)
        cursor = QTextCursor(self.document)
        cursor.setBlockFormat(self._line_format(lettering.mono_line))
        form = QTextCharFormat()
        form.setForeground(QBrush(lettering.theme.color("text")))
        cursor.setBlockCharFormat(form)
        self.shift = max(int((lettering.mono_line - QFontMetricsF(lettering.mono).height()) / 2), 0)
        self.text = ""
        self._colored: list[tuple[Run, ...]] = []
        self.findings = 0
        """`CodeColors.findings` when it was last coloured."""

    def show(self, text: str) -> None:
        """Show `text`; what is already there stays when it only grows."""
        if text == self.text:
            return
        cursor = QTextCursor(self.document)
        if text.startswith(self.text):
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(text[len(self.text) :])
        else:
            cursor.select(QTextCursor.SelectionType.Document)
            cursor.insertText(text)
            self._colored = []
        self.text = text

    def line_at(self, letter: int) -> tuple[int, int]:
        """Number and first letter of the line of `letter`, or of an earlier one that has no colours yet."""
        number = min(self.text.count("\n", 0, max(letter, 0)), len(self._colored))
        start = 0
        for _ in range(number):
            start = self.text.index("\n", start) + 1
        return number, start

    def color(self, first: int, runs: Sequence[Run]) -> None:
        """Colour words from the line `first` on, from whose beginning the places of `runs` are counted.

        Only lines whose colours change are drawn anew.
        """
        lines = self._by_line(first, runs)
        block = self.document.findBlockByNumber(first)
        for number, line in enumerate(lines, first):
            if number >= len(self._colored) or self._colored[number] != line:
                block.layout().setFormats([self._format(*run) for run in line])
                self.document.markContentsDirty(block.position(), block.length())
            block = block.next()
        self._colored[first:] = lines

    def _by_line(self, first: int, runs: Sequence[Run]) -> list[tuple[Run, ...]]:
        """The runs of each line from the line `first` on, in UTF-16 units from its beginning. A run may reach
        over several lines."""
        lines: list[tuple[Run, ...]] = []
        number, line_start = 0, 0
        for line in self.text.split("\n")[first:]:
            line_end = line_start + len(line)
            found: list[Run] = []
            while number < len(runs):
                start, end, role = runs[number]
                begin, last = max(start, line_start) - line_start, min(end, line_end) - line_start
                if begin < last:
                    found.append((_units(line, begin), _units(line, last), role))
                if end > line_end:
                    break
                number += 1
            lines.append(tuple(found))
            line_start = line_end + 1
        return lines

    def _format(self, start: int, end: int, role: str) -> QTextLayout.FormatRange:
        run = QTextLayout.FormatRange()
        form = QTextCharFormat()
        form.setForeground(QBrush(syntax_color(self.lettering.theme, role)))
        run.start, run.length, run.format = start, end - start, form
        return run


def _units(line: str, letters: int) -> int:
    return letters if line.isascii() else len(line[:letters].encode("utf-16-le", "surrogatepass")) // 2
