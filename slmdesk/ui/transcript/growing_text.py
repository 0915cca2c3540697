"""The text of a message: read as Markdown when that is first asked for, growing at its end."""

from __future__ import annotations

import time
from collections.abc import Sequence

from slmdesk.ui.transcript.markdown import Block, Markdown, Span

# Read at once, and then in one turn; about five milliseconds.
_LETTERS_AT_ONCE = 12_000
_LETTERS_A_TURN = 4_000


class GrowingText:
    """A text that is read as Markdown when its blocks are first asked for, and may grow at its end.

    Of a long text only the beginning is read then; `read_on` goes on, a little at a time.
    """

    __slots__ = ("_growing", "_markdown", "_pieces", "_read", "_typed")

    def __init__(self, source: str) -> None:
        self._pieces = [source] if source else []
        self._growing = False
        self._markdown: Markdown | None = None
        self._read = 0
        """Letters of the source that were read as Markdown."""
        self._typed: tuple[Block, ...] = ()

    @property
    def source(self) -> str:
        """The text as it was written."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    @property
    def unread(self) -> int:
        """Letters at the end that were not read yet, once reading has begun."""
        return len(self.source) - self._read if self._markdown is not None else 0

    def take(self, text: str) -> None:
        """Add `text`; the blocks stay as they are until `show`."""
        behind = self.unread
        self._pieces.append(text)
        if not self._growing:
            # What was finished is read again from its beginning, as a text that goes on.
            self._growing, self._markdown = True, None
        if self._markdown is not None and not behind:
            self._read += len(text)
            self._markdown.take(text)

    def show(self) -> int:
        """Bring the blocks up to what was taken. Returns the first that is new or another; 0 where none was
        asked for yet."""
        return self._markdown.show() if self._markdown is not None else 0

    def settle(self) -> None:
        """Let go of what will not change any more. The blocks stay as they are."""
        if self._markdown is not None:
            self._markdown.settle()

    def finish(self) -> int:
        """No more text will come. Returns the first block that is another now."""
        if not self._growing or self._markdown is None:
            self._growing = False
            return 0
        self._growing = False
        return len(self._markdown.blocks) if self.unread else self._markdown.finish()

    def blocks(self) -> Sequence[Block]:
        """What was read of the text."""
        if self._markdown is None:
            self._markdown, self._read = Markdown(), 0
            self._take(_LETTERS_AT_ONCE)
        return self._markdown.blocks

    def read_on(self, deadline: float) -> int:
        """Read until there is no more or the deadline, by `time.perf_counter`, has passed.

        Returns the first block that is new or another.
        """
        changed = len(self.blocks())
        while self.unread and time.perf_counter() < deadline:
            changed = min(changed, self._take(_LETTERS_A_TURN))
        return changed

    def _take(self, letters: int) -> int:
        """Read the next letters; finishes where these are the last of a text that does not grow."""
        assert self._markdown is not None
        part = self.source[self._read : self._read + letters]
        self._read += len(part)
        changed = self._markdown.feed(part) if part else 0
        if not self._growing and not self.unread:
            changed = min(changed, self._markdown.finish())
        return changed

    def typed_blocks(self) -> Sequence[Block]:
        """The text as it is, in one block, but for empty lines at its end."""
        if not self._typed:
            source = self.source.rstrip("\n")
            self._typed = (Block("paragraph", source, spans=(Span(source),)),)
        return self._typed
