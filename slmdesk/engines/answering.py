"""One answer, whichever engine gives it: what is reused, what is evaluated, when it ends, and its figures.

An engine adds its native steps to `Answer`: evaluating a prompt, drawing a token, evaluating that one.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from typing import Literal, Protocol, TypeAlias

from slmdesk.engines.answer_text import AnswerText
from slmdesk.engines.prefix import PrefixRecord
from slmdesk.engines.prompts import Prompt
from slmdesk.engines.protocol import (
    End,
    EndReason,
    Event,
    GenerateRequest,
    PromptProgress,
    Reasoning,
    Stats,
    Text,
)
from slmdesk.engines.reasoning import ReasoningForm, ReasoningSplitter, WrittenAnswer
from slmdesk.messages import ErrorKind, UserError

Evaluated: TypeAlias = Literal["done", "context_full", "cancelled"]


class AnsweringModel(Protocol):
    """What an answer needs of a loaded model."""

    @property
    def context_length(self) -> int:
        """Tokens that the KV cache has room for."""

    @property
    def control_tokens(self) -> dict[str, int]:
        """Control tokens, by what they look like."""

    def tokenize_prompt(self, prompt: Prompt) -> list[int]:
        """The tokens of a whole prompt; in somebody's words no control token is recognized."""

    def keep(self, count: int) -> bool:
        """Shorten the KV cache to `count` tokens. False: it could not be shortened and is empty now."""


class Answer(ABC):
    """Runs one request on a loaded model. Engine's thread; used once.

    `PrefixRecord` and KV cache say the same at every point at which an event is given out.
    """

    def __init__(
        self, model: AnsweringModel, record: PrefixRecord, *,
        tokenize_rest: Callable[[bytes], list[int]] | None, extra_stop: tuple[str, ...],
        reasoning: ReasoningForm | None, on_life: Callable[[], None],
    ) -> None:  # fmt: skip
        """`tokenize_rest`: as in `PrefixRecord.plan`. `extra_stop`: stop strings besides the request's."""
        self._answering = model
        self._record = record
        self._tokenize_rest = tokenize_rest
        self._extra_stop = extra_stop
        self._reasoning = reasoning
        self._on_life = on_life
        # Control tokens write nothing, except where they tell reasoning from the answer.
        self._marks = _marks(model, reasoning)
        self._began = time.perf_counter()
        self._prompt_seconds = 0.0
        self._first_token: float | None = None
        self._last_token = 0.0
        self._generated = 0
        self.written: WrittenAnswer | None = None
        """What the model wrote, afterwards; None where it wrote no more than the events tell."""

    @property
    @abstractmethod
    def _seed(self) -> int:
        """What the draw began with."""

    @property
    @abstractmethod
    def _stopped(self) -> bool:
        """Whether to stop."""

    @abstractmethod
    def _evaluate_prompt(self, tokens: list[int], start: int) -> Iterator[int]:
        """Evaluate `tokens` from `start` on, the last one alone, and tell the record.

        Yields how far it is. Ends early when stopped, with record and cache alike.
        """

    @abstractmethod
    def _show(self, tokens: list[int]) -> None:
        """The prompt, for what looks back while drawing."""

    @abstractmethod
    def _draw(self) -> int:
        """The next token, drawn behind what was evaluated last. Raises UserError (kind GENERATION)."""

    @abstractmethod
    def _ends(self, token: int) -> bool:
        """Whether `token` ends the answer."""

    @abstractmethod
    def _piece(self, token: int) -> bytes | None:
        """What `token` writes; empty: nothing yet, a later token does. None: it never writes anything."""

    @abstractmethod
    def _evaluate(self, token: int, position: int) -> Evaluated:
        """Evaluate one token of the answer; the cache is as before where that is not done."""

    @abstractmethod
    def _open(self) -> None:
        """Make what only this answer needs: how tokens are drawn."""

    def _close(self) -> None:  # noqa: B027 - not every engine has something to give back
        """Give that back."""

    def events(self, request: GenerateRequest, prompt: Prompt) -> Iterator[Event]:
        """Everything that happens, ending with Stats and End. Raises UserError (kind GENERATION)."""
        self._open()
        try:
            yield from self._run(request, prompt)
        except Exception:
            # What the cache holds after a failed evaluation is not known.
            self._forget()
            raise
        finally:
            self._close()

    def _run(self, request: GenerateRequest, prompt: Prompt) -> Iterator[Event]:
        model = self._answering
        text = prompt.text.encode("utf-8", "replace")
        rest = self._tokenize_rest if not prompt.words else None
        plan = self._record.plan(text, model.tokenize_prompt(prompt), rest)
        total = len(plan.tokens)
        if total == 0:
            raise UserError("prompt-empty", ErrorKind.GENERATION)
        if total >= model.context_length:
            # Not even one token of an answer would fit.
            yield self._stats(total, 0)
            yield End(reason="context_full", needed_tokens=total, context_length=model.context_length)
            return
        reused = self._reuse(plan.reused)
        yield PromptProgress(processed=reused, total=total, reused=reused)
        for processed in self._evaluate_prompt(plan.tokens, reused):
            yield PromptProgress(processed=processed, total=total, reused=reused)
        if len(self._record) < total:
            yield self._stats(total, reused)
            yield End(reason="cancelled")
            return
        self._record.end_prompt(text)
        self._show(plan.tokens)
        reason = yield from self._generate(request, prompt)
        yield self._stats(total, reused)
        full = reason == "context_full"
        yield End(
            reason=reason,
            needed_tokens=len(self._record) + 1 if full else 0,
            context_length=model.context_length if full else 0,
        )

    def _reuse(self, count: int) -> int:
        """Shorten the cache to its first `count` tokens; returns how many are really left."""
        if count == len(self._record):
            return count
        if self._answering.keep(count):
            self._record.cut(count)
            return count
        self._record.clear()
        return 0

    def _generate(
        self, request: GenerateRequest, prompt: Prompt
    ) -> Generator[Reasoning | Text, None, EndReason]:
        """Draw and evaluate tokens until the answer ends; returns why it did.

        This loop is what token generation costs beyond the library, so it looks everything up beforehand.
        """
        record, on_life, clock = self._record, self._on_life, time.perf_counter
        draw, ends, evaluate, piece_of = self._draw, self._ends, self._evaluate, self._piece
        form, marks = self._reasoning, self._marks
        splitter = ReasoningSplitter(form, prompt.begins) if form is not None else None
        answer = AnswerText((*request.stop, *self._extra_stop), splitter)
        room = self._answering.context_length
        most = request.max_tokens or room
        reason: EndReason = "stop"
        while True:
            if self._stopped:
                reason = "cancelled"
                break
            token = draw()
            self._last_token = clock()
            if self._first_token is None:
                self._first_token = self._last_token
            if ends(token):
                break
            self._generated += 1
            on_life()
            mark = marks.get(token)
            piece = piece_of(token) if mark is None else mark
            if piece:
                yield from answer.feed(piece, mark=mark is not None)
                if answer.stopped:
                    break
            if self._generated >= most:
                reason = "length"
                break
            position = len(record)
            if position >= room:
                reason = "context_full"
                break
            done = evaluate(token, position)
            if done != "done":
                reason = done
                break
            record.extend_answer(token, piece)
        yield from answer.finish()
        self.written = answer.written(request, prompt)
        return reason

    def _forget(self) -> None:
        self._answering.keep(0)
        self._record.clear()

    def _stats(self, prompt_tokens: int, reused: int) -> Stats:
        evaluated = max(0, min(len(self._record), prompt_tokens) - reused)
        took = self._last_token - (self._first_token or 0.0)
        measured = self._generated > 1 and took > 0
        return Stats(
            prompt_tokens=prompt_tokens,
            reused_tokens=reused,
            prompt_tokens_per_second=evaluated / self._prompt_seconds if self._prompt_seconds > 0 else 0.0,
            time_to_first_token_s=(self._first_token - self._began) if self._first_token else 0.0,
            generated_tokens=self._generated,
            tokens_per_second=(self._generated - 1) / took if measured else 0.0,
            seed=self._seed,
            context_tokens=len(self._record),
        )


def _marks(model: AnsweringModel, form: ReasoningForm | None) -> dict[int, bytes]:
    """Control tokens that tell reasoning from the answer, with their bytes."""
    if form is None:
        return {}
    return {token: text.encode() for text, token in model.control_tokens.items() if form.holds(text)}
