"""The engine protocol over llama.cpp."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from slmdesk import hardware
from slmdesk.engines.device_titles import titles_of
from slmdesk.engines.limits import check_request, most_threads
from slmdesk.engines.llama_cpp import devices
from slmdesk.engines.llama_cpp.build import engine_version
from slmdesk.engines.llama_cpp.decoding import LlamaCppAnswer
from slmdesk.engines.llama_cpp.files import inspect_files
from slmdesk.engines.llama_cpp.model import LoadedModel
from slmdesk.engines.llama_cpp.native import StopFlag, lib
from slmdesk.engines.llama_cpp.options import KV_TYPES, Surroundings, plan_load, wants_devices
from slmdesk.engines.llama_cpp.sampling import SAMPLERS
from slmdesk.engines.llama_cpp.sanity import Alphabet
from slmdesk.engines.prefix import PrefixRecord
from slmdesk.engines.prompts import Prompt, PromptMaker
from slmdesk.engines.protocol import (
    Capabilities,
    ChatMessage,
    Event,
    GenerateRequest,
    LoadOptions,
    LoadProgress,
    LoadReport,
)
from slmdesk.engines.reasoning import WrittenAnswer
from slmdesk.engines.stoppable_work import StoppableWork
from slmdesk.engines.templates import PLAIN_STOP, ChatTemplate
from slmdesk.messages import ErrorKind, UserError


class LlamaCppEngine:
    """Runs one GGUF model with llama.cpp. See `engines.engine.Engine` for what each method promises."""

    def __init__(self) -> None:
        self._work = StoppableWork(StopFlag())
        # Held while the model may not go away: by a load's end, an unload, and each use from another thread.
        self._in_use = threading.Lock()
        self._model: LoadedModel | None = None
        self._template: ChatTemplate | None = None
        self._prompts: PromptMaker | None = None
        self._alphabet: Alphabet | None = None
        self._joins_text = False
        self._record = PrefixRecord()
        self._written: WrittenAnswer | None = None

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            gpu_offload=bool(devices.gpu_backends() or lib.llama_supports_gpu_offload()),
            kv_types=tuple(KV_TYPES),
            samplers=SAMPLERS,
        )

    @property
    def activity(self) -> int:
        return self._work.activity

    def cancel(self) -> None:
        self._work.cancel()

    def load(
        self, path: str, options: LoadOptions, on_progress: Callable[[LoadProgress], None]
    ) -> LoadReport | None:
        self.unload()
        with self._work.going_on():
            return self._load(path, options, on_progress)

    def _load(
        self, path: str, options: LoadOptions, on_progress: Callable[[LoadProgress], None]
    ) -> LoadReport | None:
        began = time.perf_counter()
        files = inspect_files(path)
        header = files.header
        around = Surroundings(
            available_bytes=hardware.memory_limits().available_bytes,
            default_threads=hardware.default_threads(),
            most_threads=most_threads(hardware.logical_cores()),
            # Asking for them starts their drivers, so only where one is wanted.
            devices=devices.list_devices() if wants_devices(options) else (),
        )
        plan = plan_load(path, header, files.weights_bytes, options, around)

        def progress(fraction: float) -> None:
            self._work.show_life()
            on_progress(LoadProgress(fraction=min(1.0, max(0.0, fraction))))

        if self._work.stop:
            return None
        try:
            model = LoadedModel(path, plan, self._work.stop, progress)
        except UserError:
            if self._work.stop:
                return None
            raise
        try:
            template = ChatTemplate(
                header.chat_template,
                bos_token=model.bos_text,
                eos_token=model.eos_text,
                control_texts=tuple(model.control_tokens),
                file=path,
            )
        except UserError:
            model.close()
            raise
        if self._work.stop:
            model.close()
            return None
        with self._in_use:
            self._model, self._template, self._alphabet = model, template, files.alphabet
            self._prompts = PromptMaker(template, tuple(model.control_tokens))
            self._joins_text = model.joins_text(
                header.metadata.get("tokenizer.ggml.add_space_prefix") is not False
            )
            self._record = PrefixRecord()
        return LoadReport(
            engine="llama.cpp",
            engine_version=engine_version(),
            model_name=header.name or Path(path).stem,
            architecture=header.architecture,
            parameters=files.parameters,
            quantization=header.quantization,
            context_length=model.context_length,
            trained_context_length=header.context_length,
            threads=plan.threads,
            device=titles_of(model.used_devices),
            gpu_layers=model.gpu_layers,
            layers=model.placed.total,
            used_devices=tuple(device.name for device in model.used_devices),
            weights_bytes=model.weights_bytes,
            kv_bytes=model.kv_bytes,
            reserved=model.reserved,
            load_seconds=time.perf_counter() - began,
            has_chat_template=template.from_file,
            thinking=template.reasoning.thinking if template.reasoning is not None else "no",
            capabilities=self.capabilities,
        )

    def generate(self, request: GenerateRequest) -> Iterator[Event]:
        model, template = self._loaded()
        check_request(request)
        with self._work.going_on():
            answer = LlamaCppAnswer(
                model,
                self._record,
                self._work.stop,
                request.sampling,
                joins_text=self._joins_text,
                extra_stop=() if template.from_file else (PLAIN_STOP,),
                reasoning=template.reasoning.form if template.reasoning is not None else None,
                on_life=self._work.show_life,
            )
            last, self._written = self._written, None
            yield from answer.events(request, self._make_prompt(request, last))
            self._written = answer.written

    def count_tokens(self, messages: tuple[ChatMessage, ...]) -> int:
        with self._in_use:
            model, _ = self._loaded()
            return len(model.tokenize_prompt(self._make_prompt(GenerateRequest(messages=messages))))

    def unload(self) -> None:
        with self._in_use:
            model, self._model, self._template, self._prompts = self._model, None, None, None
            self._record, self._written = PrefixRecord(), None
            if model is not None:
                model.close()

    def _make_prompt(self, request: GenerateRequest, last: WrittenAnswer | None = None) -> Prompt:
        assert self._prompts is not None
        prompt = self._prompts.make(request, last)
        unknown = self._alphabet.first_unknown(prompt.text) if self._alphabet else None
        if unknown is not None:
            raise UserError("character-unknown", ErrorKind.GENERATION, character=unknown)
        return prompt

    def _loaded(self) -> tuple[LoadedModel, ChatTemplate]:
        if self._model is None or self._template is None:
            raise UserError("no-model-loaded", ErrorKind.GENERATION)
        return self._model, self._template
