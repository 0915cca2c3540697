"""Which part of a prompt is in the KV cache already. Pure: tokens and bytes, no native code.

A rendered conversation mostly begins with what the engine evaluated before. Comparing tokens alone finds
that, with one exception: an answer was *generated* token by token, and the same text can often be written
with other tokens. So the record also knows which bytes it stood for at some token counts (marks: the end of
each prompt, and every token of an answer). Where a new prompt's bytes begin with a mark's bytes, the tokens
up to there are kept and only the rest is put into tokens.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PrefixPlan:
    """How to evaluate a prompt."""

    tokens: list[int]
    """The whole prompt."""
    reused: int
    """Tokens of it that are in the KV cache; always fewer than all, because the last gives the answer."""


class PrefixRecord:
    """What the KV cache holds: its tokens, and marks at which their bytes are known. One thread."""

    def __init__(self) -> None:
        self._tokens: list[int] = []
        self._text = bytearray()
        # Both ascend: a mark is (tokens, bytes of text that they stand for).
        self._mark_tokens: list[int] = []
        self._mark_bytes: list[int] = []
        self._text_follows = False

    def __len__(self) -> int:
        return len(self._tokens)

    @property
    def tokens(self) -> Sequence[int]:
        """The tokens in the KV cache, in their order."""
        return self._tokens

    def plan(
        self, text: bytes, tokens: list[int], tokenize_rest: Callable[[bytes], list[int]] | None
    ) -> PrefixPlan:
        """The most that can be reused for the prompt `text`, whose tokens on their own would be `tokens`.

        `tokenize_rest` gives the tokens of text that follows other text, or is None where the vocabulary
        does not allow to do that (it adds a space in front of whatever it is given).
        """
        common = _common_length(self._tokens, tokens)
        if tokenize_rest is not None:
            mark = self._last_mark_within(text)
            if mark >= 0 and self._mark_tokens[mark] > common:
                count, size = self._mark_tokens[mark], self._mark_bytes[mark]
                joined = self._tokens[:count] + tokenize_rest(text[size:])
                return PrefixPlan(joined, min(count, len(joined) - 1))
        return PrefixPlan(tokens, min(common, len(tokens) - 1))

    def _last_mark_within(self, text: bytes) -> int:
        """Index of the last mark whose bytes `text` begins with, or -1."""
        view = memoryview(self._text)
        try:
            # "begins with" holds for every mark up to the last one it holds for, so halving finds it.
            def differs(index: int) -> bool:
                size = self._mark_bytes[index]
                return size > len(text) or view[:size] != memoryview(text)[:size]

            last = bisect_left(range(len(self._mark_bytes)), True, key=differs) - 1
            # A token may end inside a character, and half a character cannot be put into tokens.
            while last >= 0 and _inside_character(text, self._mark_bytes[last]):
                last -= 1
            return last
        finally:
            view.release()

    def clear(self) -> None:
        """The KV cache was emptied."""
        self.cut(0)

    def cut(self, count: int) -> None:
        """The KV cache was shortened to its first `count` tokens."""
        del self._tokens[count:]
        kept = bisect_right(self._mark_tokens, count)
        del self._mark_tokens[kept:], self._mark_bytes[kept:]
        del self._text[self._mark_bytes[-1] if self._mark_bytes else 0 :]
        self._text_follows = bool(self._mark_tokens) and self._mark_tokens[-1] == count

    def extend(self, tokens: Sequence[int]) -> None:
        """Tokens of a prompt were evaluated. Which bytes they stand for is told by `end_prompt`."""
        self._tokens.extend(tokens)
        self._text_follows = False

    def end_prompt(self, text: bytes) -> None:
        """A whole prompt is in the KV cache now: its tokens stand for exactly `text`."""
        kept = self._last_mark_within(text) + 1
        del self._mark_tokens[kept:], self._mark_bytes[kept:]
        self._text[:] = text
        self._mark(len(text))

    def extend_answer(self, token: int, piece: bytes | None) -> None:
        """A generated token was evaluated; it wrote `piece` into the answer.

        Empty: it is the beginning of something that a later token will write, so there is no mark behind it.
        After a token that never writes anything (None: a control token) the text no longer tells what the
        model saw, so there are no more marks until the next prompt.
        """
        self._tokens.append(token)
        if piece is None:
            self._text_follows = False
        elif piece and self._text_follows:
            self._text += piece
            self._mark(len(self._text))

    def _mark(self, size: int) -> None:
        if self._mark_tokens and self._mark_tokens[-1] == len(self._tokens):
            self._mark_bytes[-1] = size
        else:
            self._mark_tokens.append(len(self._tokens))
            self._mark_bytes.append(size)
        self._text_follows = True


def _inside_character(text: bytes, at: int) -> bool:
    return at < len(text) and text[at] & 0b1100_0000 == 0b1000_0000


def _common_length(one: Sequence[int], other: Sequence[int]) -> int:
    """How many items both begin with alike."""
    shorter = min(len(one), len(other))
    if one[:shorter] == other[:shorter]:
        return shorter
    return next(index for index in range(shorter) if one[index] != other[index])
