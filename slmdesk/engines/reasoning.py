"""Reasoning apart from the answer: the form in which a model writes both, and what splits its text.

Pure: no native code, no templates. Which form a model has is found out by `reasoning_probe`.
"""

from __future__ import annotations

import enum
import itertools
from dataclasses import dataclass
from typing import Literal, TypeAlias

Begins: TypeAlias = Literal["open", "reasoning", "more reasoning", "answer"]
"""What the model's first words are: nobody knows yet, reasoning, reasoning in mid-sentence, or the answer."""

Piece: TypeAlias = tuple[bool, str]
"""Whether it is reasoning, and text of it."""

_LONGEST_HEADER = 256
_APART = "\n\n"


@dataclass(frozen=True, slots=True)
class ReasoningForm:
    """How a model writes reasoning before its answer: `<think>Hm.</think>Yes.`

    Some models put a header before each part of what they write instead; then `answers` is set:
    `<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes.`
    """

    opens: str
    """What reasoning begins with."""
    closes: str
    """What ends reasoning; with headers, what ends every part."""
    answers: str = ""
    """With headers: what the header of an answer ends with."""
    lead: str = ""
    """All that the template has between the prompt and reasoning: `opens` with the white space around it."""
    between: str = ""
    """All that the template has between reasoning and the answer."""
    answer_lead: str = ""
    """All that it has between the prompt and an answer without reasoning."""

    @property
    def header(self) -> str:
        """What every header begins with that the model writes itself; empty: there are none."""
        if not self.answers:
            return ""
        pairs = zip(self.opens, self.answer_lead.strip(), strict=False)
        return "".join(one for one, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))

    def holds(self, text: str) -> bool:
        """Whether `text`, a control token's, is a part of the form."""
        return any(text in part for part in (self.lead, self.opens, self.between, self.closes, self.answers))


def resume(
    form: ReasoningForm | None, *, opened: bool, reasoning: str, answer: str
) -> tuple[list[tuple[bool, str]], Begins]:
    """What comes after a prompt when an answer that was cut off is continued, and what is written next.

    `opened`: the prompt has begun the reasoning already. Of each piece is said whether it is the model's
    words; the others are marks.
    """
    if form is None:
        return [(True, answer)] if answer else [], "answer"
    pieces: list[tuple[bool, str]] = []
    if reasoning:
        pieces = [(True, reasoning)] if opened else [(False, form.lead), (True, reasoning)]
    if not answer:
        return pieces, "more reasoning" if reasoning else "reasoning" if opened else "open"
    pieces.append((False, form.between if reasoning or opened else form.answer_lead))
    pieces.append((True, answer))
    return pieces, "answer"


@dataclass(frozen=True, slots=True)
class WrittenAnswer:
    """An answer as the model wrote it, which is more than was told of it."""

    prompt: str
    reasoning: str
    answer: str
    text: str
    """With its marks and white space: what the model goes on with."""

    def begins_so(self, prompt: str, reasoning: str, answer: str) -> bool:
        """Whether it is what is to be continued."""
        told = (self.prompt, self.reasoning, self.answer) == (prompt, reasoning, answer)
        return told and bool(reasoning or answer)


class _State(enum.Enum):
    OPENING = enum.auto()
    """Not clear yet whether reasoning or the answer begins."""
    HEADER = enum.auto()
    """In a header, which nobody is shown."""
    REASONING = enum.auto()
    ANSWER = enum.auto()


_STATES: dict[Begins, _State] = {
    "open": _State.OPENING,
    "reasoning": _State.REASONING,
    "more reasoning": _State.REASONING,
    "answer": _State.ANSWER,
}


class ReasoningSplitter:
    """Splits one answer as it comes. One thread.

    What may turn out to be a mark is held back until it is clear, and white space around reasoning is left
    out. Reasoning that is never closed stays reasoning. After it, `<think>` in an answer that talks about it
    is text like any other, as long as it is not a control token.
    """

    def __init__(self, form: ReasoningForm, begins: Begins) -> None:
        self._form = form
        self._state = _STATES[begins]
        self._held = ""
        # At the beginning of a part, where white space is left out.
        self._fresh = begins == "reasoning"
        # How much of what is held is a control token, which is no text whatever follows it.
        self._mark_length = 0
        # In which roles something was said, before a continued answer was cut off too.
        self._said = {self._state} if begins in ("more reasoning", "answer") else set()
        self._apart = False
        self._fed: list[str] = []

    def feed(self, text: str, *, mark: bool = False) -> list[Piece]:
        """What is certain after `text`; `mark`: it is a control token that the form holds."""
        pieces: list[Piece] = []
        self._fed.append(text)
        if mark and self._is_stray(text):
            self._take_stray_mark(text, pieces)
        else:
            self._held += text
        while self._step(pieces):
            pass
        return pieces

    def finish(self) -> list[Piece]:
        """What was still held back when the answer ended. Of reasoning, half a mark is left out."""
        pieces: list[Piece] = []
        if self._state is _State.OPENING:
            self._state, self._held = _State.ANSWER, self._held[self._mark_length :]
        if self._state is _State.ANSWER:
            self._say(self._held, pieces)
        self._held = ""
        return pieces

    def written(self, before: str) -> str:
        """All that the model has written behind a prompt, from which it can go on: marks and white space too.

        `before`: what of it stood there before the first `feed`. Behind `finish`.
        """
        text, closes = before + "".join(self._fed), self._form.closes
        if self._state is _State.ANSWER and self._state in self._said:
            return text
        if self._state is _State.REASONING:
            return text[: len(text) - overlap(text, closes)].rstrip()
        # Cut off between two parts: the model ends the first one once more.
        return text[: text.rfind(closes)].rstrip() if closes in text else text

    def _step(self, pieces: list[Piece]) -> bool:
        """Go as far as the state leads; True: it has changed, and there may be more to do."""
        match self._state:
            case _State.OPENING:
                return self._open()
            case _State.HEADER:
                return self._read_header()
            case _State.REASONING:
                return self._think(pieces)
            case _State.ANSWER:
                return self._answer(pieces)

    def _open(self) -> bool:
        form, text = self._form, self._held.lstrip()
        if text.startswith(form.opens):
            self._enter(_State.REASONING, text[len(form.opens) :])
            return True
        if form.opens.startswith(text):
            return False
        if form.header and text.startswith(form.header):
            self._state = _State.HEADER
            return True
        self._state, self._held = _State.ANSWER, self._held[self._mark_length :]
        self._fresh, self._mark_length = False, 0
        return True

    def _read_header(self) -> bool:
        """A header ends with what opens reasoning, or with what ends every header."""
        thinks, answers = (_end_of(mark, self._held) for mark in (self._form.opens, self._form.answers))
        if thinks is not None and (answers is None or thinks <= answers):
            self._enter(_State.REASONING, self._held[thinks:])
            return True
        if answers is not None:
            self._enter(_State.ANSWER, self._held[answers:])
            return True
        if len(self._held) > _LONGEST_HEADER:
            # It is none.
            self._state = _State.ANSWER
            return True
        return False

    def _think(self, pieces: list[Piece]) -> bool:
        form = self._form
        if self._fresh:
            self._held = self._held.lstrip()
            # Some models repeat the mark that the prompt has written for them.
            while self._held.startswith(form.opens):
                self._held = self._held[len(form.opens) :].lstrip()
            if form.opens.startswith(self._held):
                return False
            self._fresh = False
        at = self._held.find(form.closes)
        if at >= 0:
            self._say(self._held[:at].rstrip(), pieces)
            self._enter(_State.HEADER if form.answers else _State.ANSWER, self._held[at + len(form.closes) :])
            return True
        certain = self._held[: len(self._held) - overlap(self._held, form.closes)].rstrip()
        self._say(certain, pieces)
        self._held = self._held[len(certain) :]
        return False

    def _answer(self, pieces: list[Piece]) -> bool:
        form = self._form
        if self._fresh:
            self._held = self._held.lstrip()
            if not self._held:
                return False
            self._fresh = False
        kept = 0
        if form.answers:
            at = self._held.find(form.closes)
            if at >= 0:
                self._say(self._held[:at], pieces)
                self._enter(_State.HEADER, self._held[at + len(form.closes) :])
                return True
            kept = overlap(self._held, form.closes)
        end = len(self._held) - kept
        self._say(self._held[:end], pieces)
        self._held = self._held[end:]
        return False

    def _is_stray(self, mark: str) -> bool:
        """Whether a control token in the middle of a part does not end it."""
        if self._state is _State.ANSWER and not self._form.answers:
            return True
        return self._state in (_State.REASONING, _State.ANSWER) and mark != self._form.closes

    def _take_stray_mark(self, mark: str, pieces: list[Piece]) -> None:
        """Another part begins without the end of this one, or the mark means nothing."""
        if self._form.answers:
            self._say(self._held, pieces)
            self._enter(_State.HEADER, mark)
        elif self._state is _State.ANSWER and self._form.opens.startswith(mark):
            self._say(self._held, pieces)
            self._enter(_State.OPENING, mark)
            self._mark_length = len(mark)

    def _enter(self, state: _State, held: str) -> None:
        self._state, self._held, self._fresh, self._mark_length = state, held, True, 0
        # What was said before in the same role is another paragraph.
        self._apart = state in self._said

    def _say(self, text: str, pieces: list[Piece]) -> None:
        if text:
            if self._apart:
                text, self._apart = _APART + text, False
            self._said.add(self._state)
            pieces.append((self._state is _State.REASONING, text))


def overlap(text: str, wanted: str) -> int:
    """The longest beginning of `wanted` (not all of it) that `text` ends with."""
    for length in range(min(len(wanted) - 1, len(text)), 0, -1):
        if text.endswith(wanted[:length]):
            return length
    return 0


def _end_of(mark: str, text: str) -> int | None:
    at = text.find(mark)
    return at + len(mark) if at >= 0 else None
