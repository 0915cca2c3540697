"""A loaded model with its generator: made together, freed in the right order, once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from slmdesk.engines.deaths import tells_of_memory
from slmdesk.engines.memory import give_heap_back
from slmdesk.engines.onnx_genai.native import og
from slmdesk.engines.onnx_genai.options import LoadPlan
from slmdesk.engines.onnx_genai.providers import require_used
from slmdesk.engines.onnx_genai.sampling import Logits
from slmdesk.engines.onnx_genai.text import ModelTokenizer
from slmdesk.engines.prompts import Prompt
from slmdesk.formats.onnx import GenaiFolder
from slmdesk.messages import ErrorKind, UserError

TITLE = "ONNX Runtime GenAI"

NATIVE_ERRORS = (RuntimeError, ValueError, IndexError)
"""What the library's C++ exceptions arrive as."""

# As ONNX Runtime begins: `/src/file.h:45 const T* Class::Function(int) const [with T = Tensor] `.
_SOURCE = re.compile(r"^\S+\.(?:h|cc|cpp):\d+ [^()]*\([^()]*\)(?: const)?(?: \[with [^\]]*\])? (?=\S)")
# How many tokens of a prompt one call takes on the processor. It cannot be interrupted, and more at once are
# not evaluated faster.
_LARGEST_CHUNK = 64
_FIRST_CHUNK = 16


class LoadedModel:
    """Owns the native model, its tokenizer and its generator, which holds the KV cache.

    Used by the engine's one thread; `tokenize_prompt` may be called by others meanwhile, as long as the model
    is not closed: the engine's lock sees to that. Each native call holds Python's lock all the time it takes.
    """

    def __init__(self, path: str, folder: GenaiFolder, plan: LoadPlan) -> None:
        """Load. Blocks all threads of the process meanwhile. Raises UserError (kind MODEL)."""
        self._model: Any = None
        self._tokenizer: Any = None
        self._generator: Any = None
        self.context_length = plan.context_length
        self.token_count = folder.config.vocab_size
        self.control_tokens = dict(folder.tokens.control)
        """What the tokens look like that write nothing, and their ids."""
        self.control_ids = frozenset(self.control_tokens.values())
        self.largest_chunk = plan.batch_size
        if plan.choice.provider is None:
            self.largest_chunk = min(plan.batch_size, _LARGEST_CHUNK)
        self.chunk = min(_FIRST_CHUNK, self.largest_chunk)
        """Tokens of a prompt to evaluate at once; who does so adapts it to the time that it takes."""
        self.has_evaluated = False
        """Whether it was seen to work: some mistakes in a folder show only when it is used."""
        self.on_processor = plan.choice.provider is None
        try:
            self._open(path, folder, plan)
        except BaseException:
            self.close()
            raise

    def _open(self, path: str, folder: GenaiFolder, plan: LoadPlan) -> None:
        with _refused_as("onnx-config-refused", path):
            # By the name that was checked: a link may lead elsewhere by now.
            config = _config(str(folder.root), plan)
        with _refused_as("model-refused", path, plan):
            self._model = og.Model(config)
        require_used(plan.choice, str(self._model.device_type))
        with _refused_as("onnx-tokenizer-refused", path):
            self._tokenizer = og.Tokenizer(self._model)
            self.text = ModelTokenizer(
                self._tokenizer, self.control_tokens, self.token_count, folder.tokens.bos_text
            )
        with _refused_as("onnx-graph-refused", path, plan):
            self._renew()
        own = (int(token) for token in self._tokenizer.eos_token_ids)
        self.end_tokens = frozenset((*folder.config.eos_token_ids, *own))

    def _renew(self) -> None:
        """A generator with an empty KV cache in place of the one there is."""
        self._generator = None
        parameters = og.GeneratorParams(self._model)
        # Tokens are drawn by `sampling`; what the folder says about that has no effect.
        parameters.set_search_options(
            max_length=self.context_length, batch_size=1, num_beams=1, num_return_sequences=1, do_sample=False
        )
        self._generator = og.Generator(self._model, parameters)
        # Looked up once: these are called for every token.
        self.append, self._logits = self._generator.append_tokens, self._generator.get_logits

    def evaluate(self, tokens: Sequence[int]) -> None:
        """Evaluate `tokens` behind what the KV cache holds. Raises what the library raises.

        They must be tokens of this model and fit into the context.
        """
        self.append(np.asarray(tokens, dtype=np.int32))
        self.has_evaluated = True

    def logits(self) -> Logits:
        """The logits behind the token that was evaluated last: there must be one. A copy."""
        rows = self._logits()
        last: Logits = rows.reshape(-1, rows.shape[-1])[-1]
        return last

    def keep(self, count: int) -> bool:
        """Shorten the KV cache to `count` tokens. False: it could not be shortened and is empty now."""
        try:
            self._generator.rewind_to(count)
        except NATIVE_ERRORS:
            # Not every architecture can go back.
            self._renew()
            return count == 0
        return True

    def tokenize_prompt(self, prompt: Prompt) -> list[int]:
        """The tokens of a whole prompt; in somebody's words no control token is recognized."""
        return self.text.encode_prompt(prompt)

    def close(self) -> None:
        """Free everything, the generator before the model. Once more: no effect."""
        if self._model is None:
            return
        self.append = self._logits = None
        self._generator = None
        self._tokenizer = self.text = None  # type: ignore[assignment]
        self._model = None
        give_heap_back()


def _config(path: str, plan: LoadPlan) -> Any:
    config = og.Config(path)
    threads = {"intra_op_num_threads": plan.threads}
    config.overlay(json.dumps({"model": {"decoder": {"session_options": threads}}}))
    # What the folder was made for is not what was chosen here and now.
    config.clear_providers()
    choice = plan.choice
    if choice.provider is not None:
        config.append_provider(choice.provider.name)
        if choice.provider.option:
            config.set_provider_option(choice.provider.name, choice.provider.option, choice.index)
        if choice.provider.hardware:
            config.set_decoder_provider_options_hardware_device_type(
                choice.provider.name, choice.provider.hardware
            )
    return config


@contextmanager
def _refused_as(key: str, path: str, plan: LoadPlan | None = None) -> Iterator[None]:
    """Raise what the library raises as the UserError `key` (kind MODEL) about the folder `path`, or as
    MemoryError. With a `plan`, a device that it names may be to blame as well, and is named."""
    try:
        yield
    except NATIVE_ERRORS as error:
        text = str(error)
        if tells_of_memory(text):
            raise MemoryError(text) from error
        if plan is not None and plan.choice.provider is not None:
            raise UserError(
                "onnx-device-refused", ErrorKind.MODEL, details=text,
                file=path, device=plan.choice.device, backend=plan.choice.provider.backend,
            ) from error  # fmt: skip
        raise UserError(
            key, ErrorKind.MODEL, details=text, file=path, engine=TITLE, reason=words_of(text)
        ) from error


def words_of(text: str) -> str:
    """What an error of the library says, in one line, without the path of the file that it was reading, or of
    its own source."""
    said = text.strip().partition("\n")[0].rpartition("JSON Error:")[2].rpartition("Status Message:")[2]
    return _SOURCE.sub("", said.strip())
