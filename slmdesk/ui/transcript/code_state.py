"""How a block of code is shown: wrapped or not, how far it is scrolled to the side, and its colours."""

from __future__ import annotations

from slmdesk.ui.transcript.coloring import CodeColors
from slmdesk.ui.transcript.strips import LONGEST_CODE_LINE

_TAB_COLUMNS = 4


class CodeState:
    """One per block of code that was shown, kept while its strips come and go."""

    __slots__ = ("_counted", "_longest", "chosen_wrap", "colors", "offset", "widest")

    def __init__(self) -> None:
        self.colors = CodeColors()
        self.chosen_wrap = False
        self.offset = 0
        """Pixels it is scrolled to the side."""
        self.widest = 0.0
        """Pixels of the widest line that was laid out."""
        self._longest = 0
        self._counted = 0

    @property
    def columns(self) -> int:
        """Columns of the longest line that was counted."""
        return self._longest

    @property
    def wrapped(self) -> bool:
        """Whether its lines are wrapped: chosen, or because one is too long for anything else."""
        return self.chosen_wrap or self.must_wrap

    @property
    def must_wrap(self) -> bool:
        """Whether a line is so long that it cannot be shown unwrapped."""
        return self._longest > LONGEST_CODE_LINE

    def count(self, code: str) -> int:
        """Columns of the longest line of `code`, which has only grown since the last call."""
        if len(code) < self._counted:
            self._longest = self._counted = 0
        if len(code) == self._counted:
            return self._longest
        start = code.rfind("\n", 0, self._counted) + 1
        for line in code[start:].split("\n"):
            columns = len(line) + line.count("\t") * (_TAB_COLUMNS - 1)
            self._longest = max(self._longest, columns)
        self._counted = len(code)
        return self._longest
