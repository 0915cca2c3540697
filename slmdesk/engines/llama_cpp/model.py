"""A loaded model with its context: made together, freed in the right order, once."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from typing import Any

from slmdesk.engines.device_titles import device_title, titles_of
from slmdesk.engines.llama_cpp import devices, native
from slmdesk.engines.llama_cpp.buffers import loaded_buffers
from slmdesk.engines.llama_cpp.native import StopFlag, lib
from slmdesk.engines.llama_cpp.options import LoadPlan
from slmdesk.engines.llama_cpp.parameters import context_parameters, model_parameters, require_for_chat
from slmdesk.engines.llama_cpp.placed import is_of, read_placed, refused_buffer
from slmdesk.engines.memory import give_heap_back
from slmdesk.engines.prompts import Prompt
from slmdesk.messages import ErrorKind, UserError

_KV_SIZE = re.compile(r"llama_kv_cache: size = +([0-9.]+) MiB")
_BPE = 2
_SPM = 1


class LoadedModel:
    """Owns the native model, its context and its batch.

    Used by the engine's one thread; `tokenize` may be called by others meanwhile, as long as the model is not
    closed: the engine's lock sees to that.
    """

    def __init__(
        self, path: str, plan: LoadPlan, stop: StopFlag, on_progress: Callable[[float], None]
    ) -> None:
        """Load. Raises UserError (kind MODEL), also where `stop` was set: ask it first."""
        self._stop = stop
        self._model: int | None = None
        self.context: int | None = None
        self._batch: Any = None
        native.clear_log()
        try:
            self._open(path, plan, on_progress)
        except BaseException:
            self.close()
            raise

    def _open(self, path: str, plan: LoadPlan, on_progress: Callable[[float], None]) -> None:
        def progress(fraction: float, _data: int | None) -> bool:
            on_progress(fraction)
            return not self._stop

        self._parameters = model_parameters(plan)
        parameters = self._parameters.native
        parameters.load_mode = lib.LLAMA_LOAD_MODE_MMAP
        callback = lib.llama_progress_callback(progress)
        parameters.progress_callback = callback
        self._model = lib.llama_model_load_from_file(native.path_bytes(path), parameters)
        if not self._model:
            self._model = None
            self._raise_if_too_large(path, plan)
            raise UserError(
                "model-refused", ErrorKind.MODEL, details=native.log_tail(), file=path, engine="llama.cpp"
            )
        require_for_chat(self._model, path)
        self.vocabulary = lib.llama_model_get_vocab(self._model)
        self.token_count = int(lib.llama_vocab_n_tokens(self.vocabulary))
        if self.token_count < 1:
            raise UserError("model-not-for-chat", ErrorKind.MODEL, file=path)
        self._open_context(path, plan)

    def _open_context(self, path: str, plan: LoadPlan) -> None:
        parameters = context_parameters(plan)
        parameters.abort_callback = self._stop.callback
        parameters.abort_callback_data = self._stop.address
        self.context = lib.llama_init_from_model(self._model, parameters)
        if not self.context:
            self.context = None
            self._raise_if_too_large(path, plan)
            raise UserError(
                "context-refused", ErrorKind.MODEL, details=native.log_tail(),
                file=path, context_length=plan.context_length, needed_memory=plan.kv_bytes,
            )  # fmt: skip
        self.memory = lib.llama_get_memory(self.context)
        if not self.memory:
            raise UserError("model-not-for-chat", ErrorKind.MODEL, file=path)
        # What llama.cpp really allows; a larger batch would end the process.
        self.batch_size = min(plan.batch_size, int(lib.llama_n_batch(self.context)))
        self.context_length = min(plan.context_length, int(lib.llama_n_ctx_seq(self.context)))
        self._batch = lib.llama_batch_init(self.batch_size, 0, 1)
        # Reading a field of the struct makes a new pointer object each time, so the loop keeps its own.
        self._one_token, self._one_position = self._batch.token, self._batch.pos
        self._decode = lib.llama_decode
        self._piece_room = ctypes.create_string_buffer(256)
        self._check_placed(path, plan)
        sizes = _KV_SIZE.findall("\n".join(native.recent_log()))
        self.kv_bytes = round(sum(map(float, sizes)) * 1024 * 1024) if sizes else plan.kv_bytes
        names = zip(self._parameters.pointers, plan.devices, strict=True)
        self.reserved = loaded_buffers(
            native.recent_log(), {devices.buffer_name(pointer): device.name for pointer, device in names}
        )
        self.adds_bos = bool(lib.llama_vocab_get_add_bos(self.vocabulary))
        self._adds_eos = bool(lib.llama_vocab_get_add_eos(self.vocabulary))
        self.bos, self.eos = self._special(lib.llama_vocab_bos), self._special(lib.llama_vocab_eos)
        self.bos_text, self.eos_text = self._special_text(self.bos), self._special_text(self.eos)
        self.control_tokens = self._find_control_tokens()
        """What the tokens look like that are recognized only where `tokenize` is asked to, and their ids."""

    def _check_placed(self, path: str, plan: LoadPlan) -> None:
        """Find out where the layers are. Raises UserError for a device that has none of them."""
        self.placed = read_placed(native.placing_log(), native.recent_log())
        self.used_devices = tuple(
            device
            for device, pointer in zip(plan.devices, self._parameters.pointers, strict=True)
            if self.placed.holds_layers(device.name, devices.buffer_name(pointer))
        )
        idle = [device for device in plan.devices if device not in self.used_devices]
        if idle:
            raise UserError(
                "gpu-not-used", ErrorKind.MODEL, details="\n".join(native.placing_log()),
                file=path, device=titles_of(idle), engine="llama.cpp",
            )  # fmt: skip

    def _raise_if_too_large(self, path: str, plan: LoadPlan) -> None:
        """Raise UserError where the log says that the memory of one of the devices did not suffice."""
        refused = refused_buffer(native.recent_log())
        if refused is None:
            return
        buffer, size = refused
        for device, pointer in zip(plan.devices, self._parameters.pointers, strict=True):
            if is_of(buffer, devices.buffer_name(pointer)):
                raise UserError(
                    "device-memory-too-small" if size else "device-memory-too-small-unsaid",
                    ErrorKind.MODEL,
                    details=native.log_tail(),
                    file=path,
                    device=device_title(device),
                    needed_memory=size,
                )

    @property
    def gpu_layers(self) -> int:
        """Layers on devices other than the processor."""
        return sum(self.placed.layers.get(device.name, 0) for device in self.used_devices)

    @property
    def weights_bytes(self) -> int:
        """Bytes of all tensors."""
        return int(lib.llama_model_size(self._model))

    def joins_text(self, adds_space: bool) -> bool:
        """Whether text may be put into tokens piece by piece: not where each piece would get a space."""
        kind = lib.llama_vocab_type(self.vocabulary)
        return bool(kind == _BPE or (kind == _SPM and not adds_space))

    def decode(self, tokens: list[int], start: int, *, answer: bool) -> int:
        """Evaluate `tokens` at position `start`; `answer`: the last one's logits are wanted.

        Returns llama.cpp's code: 0 done, 1 no room, 2 stopped. Raises ValueError for a batch that would end
        the process.
        """
        count = len(tokens)
        if not 0 < count <= self.batch_size:
            raise ValueError(f"a batch of {count} tokens, {self.batch_size} fit")
        batch = self._batch
        batch.n_tokens = count
        ids, positions, sequences, wanted = batch.token, batch.pos, batch.seq_id, batch.logits
        counts = batch.n_seq_id
        for index, token in enumerate(tokens):
            ids[index] = token
            positions[index] = start + index
            counts[index] = 1
            sequences[index][0] = 0
            wanted[index] = 0
        wanted[count - 1] = answer
        return int(lib.llama_decode(self.context, batch))

    def decode_one(self, token: int, position: int) -> int:
        """`decode` for one token of an answer, with as little as possible around it."""
        batch = self._batch
        batch.n_tokens = 1
        self._one_token[0] = token
        self._one_position[0] = position
        batch.logits[0] = 1
        return int(self._decode(self.context, batch))

    def evaluated(self) -> int:
        """Tokens that the KV cache holds."""
        return int(lib.llama_memory_seq_pos_max(self.memory, 0)) + 1

    def keep(self, count: int) -> bool:
        """Shorten the KV cache to `count` tokens. False: it could not be shortened and is empty now."""
        if count > 0 and lib.llama_memory_seq_rm(self.memory, 0, count, -1):
            return True
        lib.llama_memory_clear(self.memory, False)
        return count == 0

    def watch_with(self, callback: Any) -> None:
        """Have native code ask `callback` (of `lib.ggml_abort_callback`) whether to stop."""
        lib.llama_set_abort_callback(self.context, callback, None)

    def watch_with_flag(self) -> None:
        """Have native code look at the stop flag alone, which costs nothing."""
        lib.llama_set_abort_callback(self.context, self._stop.callback, self._stop.address)

    def tokenize_prompt(self, prompt: Prompt) -> list[int]:
        """The tokens of a whole prompt; in somebody's words no control token is recognized."""
        tokens: list[int] = []
        for number, (text, control) in enumerate(prompt.parts()):
            tokens += self.tokenize(text.encode("utf-8", "replace"), begins=number == 0, control=control)
        return tokens

    def tokenize(self, text: bytes, *, begins: bool, control: bool = True) -> list[int]:
        """The tokens of `text`; control tokens only where `control`. `begins`: at the context's beginning."""
        # Where the template wrote the beginning-of-sequence token itself, there must be no second one.
        add = begins and self.adds_bos and not (self.bos_text and text.startswith(self.bos_text.encode()))
        room = len(text) + 8
        tokens = (ctypes.c_int32 * room)()
        count = lib.llama_tokenize(self.vocabulary, text, len(text), tokens, room, add, control)
        if count < 0:
            if count == -(2**31):
                raise UserError("prompt-too-long", ErrorKind.GENERATION)
            room = -count
            tokens = (ctypes.c_int32 * room)()
            count = lib.llama_tokenize(self.vocabulary, text, len(text), tokens, room, add, control)
        found = tokens[: max(0, count)]
        if add and self._adds_eos and found and found[-1] == self.eos:
            found.pop()
        return found

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of one token; of control tokens only where `special`. Engine's thread.

        Raises ValueError for an id that is not in the vocabulary, which would end the process.
        """
        if not 0 <= token < self.token_count:
            raise ValueError(f"token {token} of {self.token_count}")
        room = self._piece_room
        size = lib.llama_token_to_piece(self.vocabulary, token, room, len(room), 0, special)
        if size < 0:
            room = self._piece_room = ctypes.create_string_buffer(-size)
            size = lib.llama_token_to_piece(self.vocabulary, token, room, len(room), 0, special)
        return room.raw[: max(0, size)]

    def _find_control_tokens(self) -> dict[str, int]:
        attributes, hidden = (
            lib.llama_vocab_get_attr,
            lib.LLAMA_TOKEN_ATTR_CONTROL | lib.LLAMA_TOKEN_ATTR_UNKNOWN,
        )
        vocabulary = self.vocabulary
        found = (token for token in range(self.token_count) if attributes(vocabulary, token) & hidden)
        return {self._special_text(token): token for token in found}

    def _special(self, ask: Any) -> int:
        token = int(ask(self.vocabulary))
        return token if 0 <= token < self.token_count else -1

    def _special_text(self, token: int) -> str:
        return self.piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def close(self) -> None:
        """Free everything, the context before the model. Once more: no effect."""
        if self._batch is not None:
            lib.llama_batch_free(self._batch)
            self._batch = None
        if self.context is not None:
            lib.llama_free(self.context)
            self.context = None
        if self._model is not None:
            lib.llama_model_free(self._model)
            self._model = None
            give_heap_back()
