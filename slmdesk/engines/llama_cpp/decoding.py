"""One answer by llama.cpp: its steps of prompt processing and token generation."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

from slmdesk.engines.answering import Answer, Evaluated
from slmdesk.engines.llama_cpp import native
from slmdesk.engines.llama_cpp.model import LoadedModel
from slmdesk.engines.llama_cpp.native import StopFlag, lib
from slmdesk.engines.llama_cpp.sampling import SamplerChain
from slmdesk.engines.prefix import PrefixRecord
from slmdesk.engines.protocol import Sampling
from slmdesk.engines.reasoning import ReasoningForm
from slmdesk.messages import ErrorKind, UserError

_DONE, _NO_ROOM, _STOPPED = 0, 1, 2


class LlamaCppAnswer(Answer):
    """Runs one request on a loaded model. Engine's thread; used once."""

    def __init__(
        self, model: LoadedModel, record: PrefixRecord, stop: StopFlag, sampling: Sampling, *,
        joins_text: bool, extra_stop: tuple[str, ...], reasoning: ReasoningForm | None,
        on_life: Callable[[], None],
    ) -> None:  # fmt: skip
        rest = partial(model.tokenize, begins=False) if joins_text else None
        super().__init__(
            model, record, tokenize_rest=rest, extra_stop=extra_stop, reasoning=reasoning, on_life=on_life
        )
        self._model = model
        self._stop = stop
        self._sampling = sampling
        self._context, self._vocabulary = model.context, model.vocabulary
        # Looked up once: these are called for every token.
        self._sample, self._logits = lib.llama_sampler_sample, lib.llama_get_logits_ith
        self._is_end = lib.llama_vocab_is_eog

    @property
    def _seed(self) -> int:
        return self._chain.seed

    @property
    def _stopped(self) -> bool:
        return bool(self._stop)

    def _open(self) -> None:
        self._chain = SamplerChain(self._sampling, self._model.token_count, self._model.context_length)

    def _close(self) -> None:
        self._chain.close()

    def _evaluate_prompt(self, tokens: list[int], start: int) -> Iterator[int]:
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

    def _show(self, tokens: list[int]) -> None:
        self._chain.show(tokens)

    def _draw(self) -> int:
        # Only ever after an evaluation that asked for logits: sampling without them ends the process.
        token = int(self._sample(self._chain.pointer, self._context, -1))
        # Of weights that are no numbers, every logit is none: samplers draw something all the same.
        first = self._logits(self._context, -1)[0]
        if first != first:
            raise UserError("model-weights-damaged", ErrorKind.GENERATION)
        return token

    def _ends(self, token: int) -> bool:
        return bool(self._is_end(self._vocabulary, token))

    def _piece(self, token: int) -> bytes | None:
        # Of control tokens llama.cpp gives nothing, and of no other.
        return self._model.piece(token) or None

    def _evaluate(self, token: int, position: int) -> Evaluated:
        code = self._model.decode_one(token, position)
        if code == _DONE:
            return "done"
        if code == _NO_ROOM:
            return "context_full"
        if code == _STOPPED and self._stop:
            self._reuse_after_stop()
            return "cancelled"
        self._require_done(code)
        return "done"

    def _reuse_after_stop(self) -> None:
        """A token was stopped halfway: the cache must hold exactly what the record says."""
        if self._model.evaluated() != len(self._record):
            self._model.keep(len(self._record))
        if self._model.evaluated() != len(self._record):
            self._forget()

    def _require_done(self, code: int) -> None:
        if code != _DONE:
            details = f"llama_decode returned {code}\n{native.log_tail()}"
            raise UserError("decoding-failed", ErrorKind.GENERATION, details=details, engine="llama.cpp")

    def _show_life(self, _data: int | None) -> bool:
        self._on_life()
        return bool(self._stop)
