"""One answer by ONNX Runtime GenAI: its steps of prompt processing and token generation."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from slmdesk.engines.answering import Answer, Evaluated
from slmdesk.engines.deaths import tells_of_memory
from slmdesk.engines.onnx_genai.model import NATIVE_ERRORS, TITLE, LoadedModel, words_of
from slmdesk.engines.onnx_genai.sampling import Sampler
from slmdesk.engines.prefix import PrefixRecord
from slmdesk.engines.protocol import Sampling
from slmdesk.engines.reasoning import ReasoningForm
from slmdesk.messages import ErrorKind, UserError

# How long one chunk of a prompt may take: nothing else happens in the process meanwhile.
_CHUNK_S = 0.4


class StopFlag:
    """Says that the work in progress is to end. Any thread."""

    def __init__(self) -> None:
        self._is_set = False

    def __bool__(self) -> bool:
        return self._is_set

    def set(self) -> None:
        """Stop."""
        self._is_set = True

    def clear(self) -> None:
        """Go on."""
        self._is_set = False


class OnnxGenaiAnswer(Answer):
    """Runs one request on a loaded model. Engine's thread; used once."""

    def __init__(
        self, model: LoadedModel, record: PrefixRecord, stop: StopFlag, sampling: Sampling, *,
        extra_stop: tuple[str, ...], reasoning: ReasoningForm | None, on_life: Callable[[], None],
    ) -> None:  # fmt: skip
        rest = model.text.encode_rest if model.text.joins_text else None
        super().__init__(
            model, record, tokenize_rest=rest, extra_stop=extra_stop, reasoning=reasoning, on_life=on_life
        )
        self._model = model
        self._stop = stop
        self._sampling = sampling

    @property
    def _seed(self) -> int:
        return self._sampler.seed

    @property
    def _stopped(self) -> bool:
        return bool(self._stop)

    def _open(self) -> None:
        self._sampler = Sampler(self._sampling, self._model.context_length)
        self._stream = self._model.text.stream()

    def _evaluate_prompt(self, tokens: list[int], start: int) -> Iterator[int]:
        model, last = self._model, len(tokens) - 1
        while start <= last:
            if self._stop:
                return
            end = next_end(start, last, model.chunk)
            began = time.perf_counter()
            self._append(tokens[start:end])
            took = time.perf_counter() - began
            self._prompt_seconds += took
            if end - start == model.chunk:
                model.chunk = next_chunk(model.chunk, took, model.largest_chunk)
            self._record.extend(tokens[start:end])
            self._on_life()
            start = end
            yield start

    def _show(self, tokens: list[int]) -> None:
        self._sampler.show(tokens)

    def _draw(self) -> int:
        return self._sampler.draw(self._model.logits())

    def _ends(self, token: int) -> bool:
        return token in self._model.end_tokens

    def _piece(self, token: int) -> bytes | None:
        if token in self._model.control_ids:
            return None
        piece: str = self._stream.decode(token)
        return piece.encode("utf-8", "replace")

    def _evaluate(self, token: int, position: int) -> Evaluated:
        # It holds Python's lock and cannot be stopped halfway; a stop is seen before the next token.
        self._append([token])
        return "done"

    def _append(self, tokens: list[int]) -> None:
        try:
            self._model.evaluate(tokens)
        except NATIVE_ERRORS as error:
            text = str(error)
            if tells_of_memory(text):
                raise MemoryError(text) from error
            # A device may have had a bad moment; the processor has none.
            never_worked = self._model.on_processor and not self._model.has_evaluated
            key = "model-does-not-run" if never_worked else "decoding-failed"
            raise UserError(
                key, ErrorKind.GENERATION, details=text, engine=TITLE, reason=words_of(text)
            ) from error


def next_end(start: int, last: int, chunk: int) -> int:
    """Where the next piece of a prompt ends that begins at `start` and whose last token is at `last`.

    The last token is alone: its logits must not depend on how many came with it, and the library gives those
    of an earlier token where a piece ends in the one that it pads with, which often is the end of a turn. No
    other is alone if that can be: one token is evaluated by other means, with slightly other results, and
    which one that is would depend on how fast the machine is.
    """
    if start == last:
        return last + 1
    end = min(start + chunk, last)
    return end - 1 if last - end == 1 and end - start > 2 else end


def next_chunk(chunk: int, took_s: float, largest: int) -> int:
    """How many tokens of a prompt to evaluate next, after `chunk` of them took `took_s`."""
    if took_s <= 0:
        return largest
    return max(1, min(largest, int(chunk * _CHUNK_S / took_s)))
