"""From the bytes of tokens to text for people: whole characters, reasoning apart, ended by stop strings."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from slmdesk.engines.prompts import Prompt
from slmdesk.engines.protocol import GenerateRequest, Reasoning, Text
from slmdesk.engines.reasoning import Piece, ReasoningSplitter, WrittenAnswer, overlap


class AnswerText:
    """Turns the bytes of one answer into events as they come.

    One character can span tokens, so bytes are decoded incrementally; bytes that are no UTF-8 become U+FFFD.
    A stop string can span tokens too, so text that may be the beginning of one is held back until it is
    clear. Stop strings are looked for in the answer, not in reasoning. One thread.
    """

    def __init__(self, stop: Sequence[str] = (), splitter: ReasoningSplitter | None = None) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._stop = tuple(stop)
        self._splitter = splitter
        self._held = ""
        self._said: list[Reasoning | Text] = []
        self.stopped = False
        """A stop string has come: it and everything behind it is not part of the answer."""

    def feed(self, data: bytes, *, mark: bool = False) -> list[Reasoning | Text]:
        """What is certain after `data`; often nothing. `mark`: a control token of the reasoning's form."""
        text = self._decoder.decode(data)
        if self._splitter is None:
            text = self._sift(text)
            return [Text(text)] if text else []
        return self._events(self._splitter.feed(text, mark=mark))

    def finish(self) -> list[Reasoning | Text]:
        """What was still held back when the answer ended for another reason than a stop string.

        The first bytes of a character whose rest never came are not text, and are left out.
        """
        events = self._events(self._splitter.finish()) if self._splitter is not None else []
        text, self._held = self._held, ""
        if text and not self.stopped:
            events.append(Text(text))
            self._said.append(events[-1])
        return events

    def written(self, request: GenerateRequest, prompt: Prompt) -> WrittenAnswer | None:
        """What was written as the answer to `request`, behind `finish`; None where the events say it all."""
        if self._splitter is None or self.stopped:
            return None
        begun = prompt.text[prompt.answer_at :]
        reasoning, answer = (
            "".join(event.text for event in self._said if isinstance(event, kind))
            for kind in (Reasoning, Text)
        )
        return WrittenAnswer(
            prompt=prompt.text[: prompt.answer_at],
            reasoning=request.reasoning_so_far + reasoning,
            answer=request.answer_so_far + answer,
            text=self._splitter.written(begun),
        )

    def _events(self, pieces: Sequence[Piece]) -> list[Reasoning | Text]:
        events: list[Reasoning | Text] = []
        for thinks, text in pieces:
            if self.stopped:
                break
            if thinks:
                events.append(Reasoning(text))
            elif sifted := self._sift(text):
                events.append(Text(sifted))
        self._said += events
        return events

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
        keep = len(text) - max(overlap(text, stop) for stop in self._stop)
        self._held = text[keep:]
        return text[:keep]
