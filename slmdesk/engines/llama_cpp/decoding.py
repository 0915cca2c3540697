"""One answer: prompt processing, then token generation."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from functools import partial

from slmdesk.engines.answer_text import AnswerText
from slmdesk.engines.llama_cpp import native
from slmdesk.engines.llama_cpp.model import LoadedModel
from slmdesk.engines.llama_cpp.native import StopFlag, lib
from slmdesk.engines.llama_cpp.sampling import SamplerChain
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

_DONE, _NO_ROOM, _STOPPED = 0, 1, 2


class Answer:
    """Runs one request on a loaded model. Engine's thread; used once."""

    def __init__(
        self, model: LoadedModel, record: PrefixRecord, stop: StopFlag, *,
        joins_text: bool, extra_stop: tuple[str, ...], reasoning: ReasoningForm | None,
        on_life: Callable[[], None],
    ) -> None:  # fmt: skip
        self._model = model
        self._record = record
        self._stop = stop
        self._joins_text = joins_text
        self._extra_stop = extra_stop
        self._reasoning = reasoning
        self._on_life = on_life
        self._began = time.perf_counter()
        self._prompt_seconds = 0.0
        self._first_token: float | None = None
        self._last_token = 0.0
        self._generated = 0
        self.written: WrittenAnswer | None = None
        """What the model wrote, afterwards; None where it wrote no more than the events tell."""

    def events(self, request: GenerateRequest, prompt: Prompt) -> Iterator[Event]:
        """Everything that happens, ending with Stats and End. Raises UserError (kind GENERATION)."""
        chain = SamplerChain(request.sampling, self._model.token_count, self._model.context_length)
        try:
            yield from self._run(request, prompt, chain)
        except Exception:
            # What the cache holds after a failed evaluation is not known.
            self._forget()
            raise
        finally:
            chain.close()

    def _run(self, request: GenerateRequest, prompt: Prompt, chain: SamplerChain) -> Iterator[Event]:
        model = self._model
        text = prompt.text.encode("utf-8", "replace")
        rest = None
        if self._joins_text and not prompt.words:
            rest = partial(model.tokenize, begins=False)
        plan = self._record.plan(text, model.tokenize_prompt(prompt), rest)
        total = len(plan.tokens)
        if total == 0:
            raise UserError("prompt-empty", ErrorKind.GENERATION)
        if total >= model.context_length:
            # Not even one token of an answer would fit.
            yield self._stats(total, 0, chain.seed)
            yield End(reason="context_full", needed_tokens=total, context_length=model.context_length)
            return
        reused = self._reuse(plan.reused)
        yield PromptProgress(processed=reused, total=total, reused=reused)
        for processed in self._process(plan.tokens, reused):
            yield PromptProgress(processed=processed, total=total, reused=reused)
        if len(self._record) < total:
            yield self._stats(total, reused, chain.seed)
            yield End(reason="cancelled")
            return
        self._record.end_prompt(text)
        chain.show(plan.tokens)
        reason = yield from self._generate(request, chain, prompt)
        yield self._stats(total, reused, chain.seed)
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
        if self._model.keep(count):
            self._record.cut(count)
            return count
        self._record.clear()
        return 0

    def _process(self, tokens: list[int], start: int) -> Iterator[int]:
        """Evaluate the prompt from `start` on; yields how far it is. Ends early when stopped."""
        model, record = self._model, self._record
        callback = lib.ggml_abort_callback(self._show_life)
        # Batches take long, so here each sign of life counts; the callback's own time does not.
        model.watch_with(callback)
        try:
            last = len(tokens) - 1
            while start <= last:
                # The last token alone: its logits must not depend on how many came with it.
                end = min(start + model.batch_size, last) if start < last else last + 1
                chunk = tokens[start:end]
                if self._stop:
                    return
                before = time.perf_counter()
                code = model.decode(chunk, start, answer=end > last)
                self._prompt_seconds += time.perf_counter() - before
                if code == _STOPPED and self._stop:
                    # Finished micro-batches stay in the cache.
                    done = max(start, min(model.evaluated(), end))
                    record.extend(chunk[: done - start])
                    self._reuse(min(done, last))
                    return
                self._require_done(code)
                record.extend(chunk)
                start = end
                yield start
        finally:
            model.watch_with_flag()

    def _generate(
        self, request: GenerateRequest, chain: SamplerChain, prompt: Prompt
    ) -> Generator[Reasoning | Text, None, EndReason]:
        """Draw and evaluate tokens until the answer ends; returns why it did.

        This loop is what token generation costs beyond the library, so it looks everything up beforehand.
        """
        model, record, stop, on_life = self._model, self._record, self._stop, self._on_life
        context, vocabulary, sampler = model.context, model.vocabulary, chain.pointer
        sample, ends_answer, clock = lib.llama_sampler_sample, lib.llama_vocab_is_eog, time.perf_counter
        logits = lib.llama_get_logits_ith
        form = self._reasoning
        splitter = ReasoningSplitter(form, prompt.begins) if form is not None else None
        answer = AnswerText((*request.stop, *self._extra_stop), splitter)
        # Control tokens write nothing, except where they tell reasoning from the answer.
        marks = self._marks()
        most = request.max_tokens or model.context_length
        room = model.context_length
        reason: EndReason = "stop"
        while True:
            if stop:
                reason = "cancelled"
                break
            # Only ever after an evaluation that asked for logits: sampling without them ends the process.
            token = sample(sampler, context, -1)
            # Of weights that are no numbers, every logit is none: samplers draw something all the same.
            first = logits(context, -1)[0]
            if first != first:
                raise UserError("model-weights-damaged", ErrorKind.GENERATION)
            self._last_token = clock()
            if self._first_token is None:
                self._first_token = self._last_token
            if ends_answer(vocabulary, token):
                break
            self._generated += 1
            on_life()
            mark = marks.get(token)
            piece = model.piece(token) if mark is None else mark
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
            code = model.decode_one(token, position)
            if code != _DONE:
                if code == _NO_ROOM:
                    reason = "context_full"
                    break
                if code == _STOPPED and stop:
                    reason = "cancelled"
                    self._reuse_after_stop()
                    break
                self._require_done(code)
            record.extend_answer(token, piece)
        yield from answer.finish()
        self.written = answer.written(request, prompt)
        return reason

    def _marks(self) -> dict[int, bytes]:
        """Control tokens that tell reasoning from the answer, with their bytes. The others write nothing."""
        form = self._reasoning
        if form is None:
            return {}
        return {
            token: text.encode() for text, token in self._model.control_tokens.items() if form.holds(text)
        }

    def _reuse_after_stop(self) -> None:
        """A token was stopped halfway: the cache must hold exactly what the record says."""
        if self._model.evaluated() != len(self._record):
            self._model.keep(len(self._record))
        if self._model.evaluated() != len(self._record):
            self._forget()

    def _require_done(self, code: int) -> None:
        if code != _DONE:
            details = f"llama_decode returned {code}\n{native.log_tail()}"
            raise UserError("decoding-failed", ErrorKind.GENERATION, details=details)

    def _show_life(self, _data: int | None) -> bool:
        self._on_life()
        return bool(self._stop)

    def _forget(self) -> None:
        self._model.keep(0)
        self._record.clear()

    def _stats(self, prompt_tokens: int, reused: int, seed: int) -> Stats:
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
            seed=seed,
            context_tokens=len(self._record),
        )
