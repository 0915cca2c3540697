"""From the bytes of tokens to text for people: whole characters, ended by stop strings."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class AnswerText:
    """Turns the bytes of one answer into text as they come.

    One character can span tokens, so bytes are decoded incrementally; bytes that are no UTF-8 become U+FFFD.
    A stop string can span tokens too, so text that may be the beginning of one is held back until it is
    clear. One thread.
    """

    def __init__(self, stop: Sequence[str] = ()) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._stop = tuple(stop)
        self._held = ""
        self.stopped = False
        """A stop string has come: it and everything behind it is not part of the answer."""

    def feed(self, data: bytes) -> str:
        """The text that is certain after `data`; often empty."""
        return self._sift(self._decoder.decode(data))

    def finish(self) -> str:
        """What was still held back when the answer ended for another reason than a stop string.

        The first bytes of a character whose rest never came are not text, and are left out.
        """
        text, self._held = self._held, ""
        return "" if self.stopped else text

    def _sift(self, text: str) -> str:
        if not self._stop:
            return text
        if self.stopped:
            return ""
        text = self._held + text
        first = min((at for at in map(text.find, self._stop) if at >= 0), default=-1)
        if first >= 0:
            self.stopped = True
            self._held = ""
            return text[:first]
        keep = len(text) - max(_overlap(text, stop) for stop in self._stop)
        self._held = text[keep:]
        return text[:keep]


def _overlap(text: str, stop: str) -> int:
    """The longest beginning of `stop` (not all of it) that `text` ends with."""
    for length in range(min(len(stop) - 1, len(text)), 0, -1):
        if text.endswith(stop[:length]):
            return length
    return 0
