"""The model's tokenizer: from text to tokens, in which nobody's words become control tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from slmdesk.engines.prompts import WORD_JOINER, Prompt
from slmdesk.messages import ErrorKind, UserError

# The library takes text up to the first NUL and says nothing about the rest.
_NUL, _INSTEAD = "\0", "\ufffd"


class ModelTokenizer:
    """A tokenizer that writes no token by itself and hides none. Any thread: it holds Python's lock."""

    def __init__(self, tokenizer: Any, control: Mapping[str, int], vocabulary: int, bos_text: str) -> None:
        """`tokenizer` is an `og.Tokenizer`; `control` are the control tokens by their texts."""
        self._tokenizer = tokenizer
        self._vocabulary = vocabulary
        tokenizer.update_options(add_special_tokens=True, skip_special_tokens=False)
        self._bos = self._own_beginning(control, bos_text)
        tokenizer.update_options(add_special_tokens=False)
        self._bos_text = bos_text
        texts = sorted((text for text in control if text), key=len, reverse=True)
        self._control = re.compile("|".join(map(re.escape, texts))) if texts else None
        self.joins_text = self._encode("ab\nab") == self._encode("ab\n") + self._encode("ab")
        """Whether text may be put into tokens piece by piece: not where each piece would get a blank."""

    def encode_prompt(self, prompt: Prompt) -> list[int]:
        """The tokens of a whole prompt; in somebody's words no control token is recognized.

        Raises UserError (kind GENERATION) where the model does not have one of them.
        """
        if self.joins_text:
            pieces = []
            for text, control in prompt.parts():
                pieces += [text] if control else self._apart(text)
            tokens = [token for piece in pieces for token in self._encode(piece)]
        else:
            # In one piece, so that the texts are broken up by a character that nobody sees.
            tokens = self._encode(
                "".join(t if control else self._broken_up(t) for t, control in prompt.parts())
            )
        if self._bos and not prompt.text.startswith(self._bos_text):
            tokens = self._bos + tokens
        return self._checked(tokens)

    def encode_rest(self, text: bytes) -> list[int]:
        """The tokens of text that follows other text; control tokens are recognized."""
        return self._checked(self._encode(text.decode("utf-8", "replace")))

    def stream(self) -> Any:
        """Turns the tokens of one answer into text: `decode(token)` gives what is complete with it."""
        return self._tokenizer.create_stream()

    def _own_beginning(self, control: Mapping[str, int], bos_text: str) -> list[int]:
        """The beginning-of-sequence token where the tokenizer is made to put it in front of every text."""
        bos = control.get(bos_text)
        return [bos] if bos is not None and self._encode("a")[:1] == [bos] else []

    def _encode(self, text: str) -> list[int]:
        sound = text.replace(_NUL, _INSTEAD).encode("utf-8", "replace").decode("utf-8")
        tokens: list[int] = self._tokenizer.encode(sound).tolist()
        return tokens

    def _apart(self, words: str) -> list[str]:
        """`words` in pieces of which none holds the text of a control token."""
        if self._control is None:
            return [words]
        cuts = [found.start() + 1 for found in self._control.finditer(words)]
        pieces = [words[a:b] for a, b in zip([0, *cuts], [*cuts, len(words)], strict=True)]
        # What was left of one may look like another.
        return [part for piece in pieces for part in (self._apart(piece) if len(pieces) > 1 else [piece])]

    def _broken_up(self, words: str) -> str:
        while self._control is not None and self._control.search(words):
            words = self._control.sub(lambda found: found[0][:1] + WORD_JOINER + found[0][1:], words)
        return words

    def _checked(self, tokens: list[int]) -> list[int]:
        """The library evaluates whatever number it is given, and answers nonsense."""
        if tokens and not (min(tokens) >= 0 and max(tokens) < self._vocabulary):
            raise UserError("tokenizer-of-another-model", ErrorKind.GENERATION)
        return tokens
