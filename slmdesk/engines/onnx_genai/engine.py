"""The engine protocol over ONNX Runtime GenAI."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from slmdesk import hardware
from slmdesk.engines.limits import check_request, most_threads
from slmdesk.engines.onnx_genai.build import built_in_backends, engine_version, list_backends, list_devices
from slmdesk.engines.onnx_genai.decoding import OnnxGenaiAnswer, StopFlag
from slmdesk.engines.onnx_genai.model import TITLE, LoadedModel
from slmdesk.engines.onnx_genai.options import LOAD_OPTIONS, LoadPlan, Surroundings, plan_load
from slmdesk.engines.onnx_genai.providers import CPU, choose
from slmdesk.engines.onnx_problems import onnx_problem
from slmdesk.engines.prefix import PrefixRecord
from slmdesk.engines.prompts import PromptMaker
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
from slmdesk.formats.onnx import GenaiFolder, OnnxError, read_folder
from slmdesk.messages import ErrorKind, UserError


class OnnxGenaiEngine:
    """Runs one model folder. See `engines.engine.Engine` for what each method promises."""

    def __init__(self) -> None:
        self._work = StoppableWork(StopFlag())
        # Held while the model may not go away: by a load's end, an unload, and each use from another thread.
        self._in_use = threading.Lock()
        self._model: LoadedModel | None = None
        self._template: ChatTemplate | None = None
        self._prompts: PromptMaker | None = None
        self._record = PrefixRecord()
        self._written: WrittenAnswer | None = None

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            gpu_offload=len(built_in_backends()) > 1,
            kv_types=("f16",),
            load_options=LOAD_OPTIONS,
            quiet_load=True,
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
        try:
            folder = read_folder(Path(path))
        except OnnxError as error:
            raise onnx_problem(Path(path), error) from error
        plan = _plan(path, folder, options)
        template = ChatTemplate(
            folder.chat_template,
            bos_token=folder.tokens.bos_text,
            eos_token=folder.tokens.eos_text,
            control_texts=tuple(folder.tokens.control),
            file=path,
        )
        on_progress(LoadProgress(fraction=0.0))
        if self._work.stop:
            return None
        model = LoadedModel(path, folder, plan)
        self._work.show_life()
        if self._work.stop:
            model.close()
            return None
        with self._in_use:
            self._model, self._template = model, template
            self._prompts = PromptMaker(template, tuple(model.control_tokens))
            self._record = PrefixRecord()
        on_progress(LoadProgress(fraction=1.0))
        device = plan.choice.device
        return LoadReport(
            engine=TITLE,
            engine_version=engine_version(),
            model_name=folder.name or Path(path).name,
            architecture=folder.config.model_type,
            parameters=folder.parameters,
            quantization=folder.quantization,
            context_length=model.context_length,
            trained_context_length=folder.config.context_length,
            threads=plan.threads,
            device=device,
            gpu_layers=0,
            used_devices=(device,) if device != CPU else (),
            weights_bytes=folder.weights_bytes,
            kv_bytes=plan.kv_bytes,
            load_seconds=time.perf_counter() - began,
            has_chat_template=template.from_file,
            thinking=template.reasoning.thinking if template.reasoning is not None else "no",
            capabilities=self.capabilities,
        )

    def generate(self, request: GenerateRequest) -> Iterator[Event]:
        model, template, prompts = self._loaded()
        check_request(request)
        with self._work.going_on():
            answer = OnnxGenaiAnswer(
                model,
                self._record,
                self._work.stop,
                request.sampling,
                extra_stop=() if template.from_file else (PLAIN_STOP,),
                reasoning=template.reasoning.form if template.reasoning is not None else None,
                on_life=self._work.show_life,
            )
            last, self._written = self._written, None
            yield from answer.events(request, prompts.make(request, last))
            self._written = answer.written

    def count_tokens(self, messages: tuple[ChatMessage, ...]) -> int:
        with self._in_use:
            model, _, prompts = self._loaded()
            return len(model.tokenize_prompt(prompts.make(GenerateRequest(messages=messages))))

    def unload(self) -> None:
        with self._in_use:
            model, self._model, self._template, self._prompts = self._model, None, None, None
            self._record, self._written = PrefixRecord(), None
            if model is not None:
                model.close()

    def _loaded(self) -> tuple[LoadedModel, ChatTemplate, PromptMaker]:
        if self._model is None or self._template is None or self._prompts is None:
            raise UserError("no-model-loaded", ErrorKind.GENERATION)
        return self._model, self._template, self._prompts


def _plan(path: str, folder: GenaiFolder, options: LoadOptions) -> LoadPlan:
    present: tuple[str, ...] = ()
    backends = built_in_backends()
    if options.devices:
        # Asking for them starts their drivers, so only where one is wanted.
        backends = list_backends()
        present = tuple(device.name for device in list_devices() if device.name != CPU)
    choice = choose(options.devices, backends, present)
    around = Surroundings(
        available_bytes=hardware.memory_limits().available_bytes,
        default_threads=hardware.default_threads(),
        most_threads=most_threads(hardware.logical_cores()),
    )
    return plan_load(path, folder, options, choice, around)
