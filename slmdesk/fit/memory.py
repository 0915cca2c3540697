"""The memory that a model takes, found by letting the engine lay it out: exact, and before it is downloaded.

The engine does so in a short-lived process of its own, since native code reads the header and may end its
process over it. Our own reader has looked at the header first.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from slmdesk.engines import (
    ENGINES,
    PROCESSOR,
    Device,
    EngineProcess,
    LoadOptions,
    ProcessLimits,
    Reserved,
    SimulatedLoad,
    engine_of_format,
    gguf_problem,
)
from slmdesk.fit.headers import SparseHeader
from slmdesk.fit.kept_answers import KeptAnswers
from slmdesk.fit.model_files import digest_of_file, digest_of_headers
from slmdesk.fit.resident import resident_peak
from slmdesk.fit.sparse_files import sparse_files
from slmdesk.fit.types import CannotSimulate, DeviceNeed, FitQuestion, MemoryNeed, Parts
from slmdesk.formats.gguf import GgufError
from slmdesk.hardware import memory_limits
from slmdesk.messages import ErrorKind, Fact, Message, UserError

Model: TypeAlias = "Path | Sequence[SparseHeader]"
"""A local file (of a split set the first part), or the headers of all files of a model in their order."""

IDLE_S = 10.0
"""How long the process waits for a further question about the same model: somebody moves a slider."""

_ENGINE_TITLE = ENGINES[engine_of_format("gguf")].title
_REFUSED = "model-refused"
_LONGEST_KIND = 40
_LIMITS = ProcessLimits(silence_s=15.0, stall_s=30.0)
_log = logging.getLogger(__name__)


class MemorySimulator:
    """Answers what models take. Blocking; usable from any thread: one question is asked after the other.

    The first about a model takes about a second, further ones some milliseconds as long as they come within
    `IDLE_S`, and one that was asked before less than one.
    """

    def __init__(self, answers: KeptAnswers | None = None, *, idle_s: float = IDLE_S) -> None:
        self._answers = answers if answers is not None else KeptAnswers()
        self._idle_s = idle_s
        # Guards everything below it.
        self._asking = threading.Lock()
        self._session: _Session | None = None
        self._timer: threading.Timer | None = None
        # Models that the engine refused or died of: it would do so again.
        self._refused: dict[bytes, str] = {}

    def memory(self, model: Model, question: FitQuestion, *, devices: Sequence[Device] = ()) -> MemoryNeed:
        """What `model` takes, loaded as `question` says.

        `devices` are what the engine reports (`EngineFacts.devices`), for what is free on those of the
        question. Raises CannotSimulate where the engine does not know the model, is missing, or died of it;
        UserError (kind MODEL) for a file that is damaged or hostile and for a question that cannot be.
        """
        digest = _digest(model)
        load = self._known(model, digest, question)
        if load is None:
            load = self._ask(model, digest, question)
        return memory_need(load, question, devices)

    def kept(self, model: Model, question: FitQuestion) -> MemoryNeed | None:
        """As `memory`, where that was asked before, be it in an earlier start; else None. Asks no engine:
        some milliseconds at most. Raises as `memory` does."""
        load = self._known(model, _digest(model), question)
        return memory_need(load, question) if load is not None else None

    def close(self) -> None:
        """End the process, if there is one. Any number of times; a later question starts another."""
        with self._asking:
            self._end_session()

    def __enter__(self) -> MemorySimulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _known(self, model: Model, digest: bytes, question: FitQuestion) -> SimulatedLoad | None:
        """Raises for a model that the engine refused, as it did then."""
        architecture = self._answers.find_refusal(digest)
        if architecture:
            raise _cannot_run(f"{architecture!r} was refused before", architecture)
        if architecture is not None:
            file = str(model) if isinstance(model, Path) else _name_of(model)
            raise UserError(_REFUSED, ErrorKind.MODEL, file=file, engine=_ENGINE_TITLE)
        return self._answers.find(digest, question)

    def _ask(self, model: Model, digest: bytes, question: FitQuestion) -> SimulatedLoad:
        with self._asking:
            if self._timer is not None:
                self._timer.cancel()
            # Another thread may have asked the same meanwhile.
            kept = self._known(model, digest, question)
            if kept is not None:
                return kept
            if digest in self._refused:
                raise CannotSimulate(self._refused[digest])
            try:
                kind = (digest, bool(question.devices and question.gpu_layers))
                if self._session is None or self._session.kind != kind:
                    self._end_session()
                    self._session = _Session(model, kind)
                load = self._session.ask(question)
            except CannotSimulate as reason:
                if reason.cannot_run is not None:
                    self._answers.keep_refusal(digest, str(reason.cannot_run.facts["architecture"]))
                else:
                    self._refused[digest] = str(reason)
                self._end_session()
                raise
            except UserError as error:
                if error.key == _REFUSED:
                    self._answers.keep_refusal(digest, "")
                self._end_session()
                raise
            except BaseException:
                self._end_session()
                raise
            self._answers.keep(digest, question, load)
            self._timer = threading.Timer(self._idle_s, self._end_idle)
            self._timer.daemon = True
            self._timer.start()
            return load

    def _end_idle(self) -> None:
        with self._asking:
            # One that was too late to be cancelled finds another in its place.
            if self._timer is threading.current_thread():
                self._end_session()

    def _end_session(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        session, self._session = self._session, None
        if session is not None:
            session.close()
            self._answers.save()


class _Session:
    """One process with the files of one model. `kind`: which, and whether other devices are asked about."""

    def __init__(self, model: Model, kind: tuple[bytes, bool]) -> None:
        # A process that has once started the drivers of other devices is larger than one that has not.
        self.kind = kind
        # What a model is called whose files are nowhere.
        self._name = "" if isinstance(model, Path) else _name_of(model)
        # Not at the top: a window starts without it.
        import tempfile

        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="slmdesk-fit-log-"))
            try:
                self._path = model if isinstance(model, Path) else stack.enter_context(sparse_files(model))
            except GgufError as error:
                raise gguf_problem(Path(self._name), error) from error
            except UserError as error:
                raise CannotSimulate(error.details) from error
            self._process = EngineProcess(
                engine_of_format("gguf"), log_file=Path(folder) / "engine.log", limits=_LIMITS
            )
            stack.callback(self._process.close)
            self._stack = stack.pop_all()

    def ask(self, question: FitQuestion) -> SimulatedLoad:
        """See `MemorySimulator.memory`."""
        try:
            return self._process.simulate(str(self._path), load_options(question))
        except UserError as error:
            if error.key.startswith(("engine-", "simulation-")):
                _log.info("not simulated: %s %s", error.key, error.details)
                reason, architecture = f"{error.key}: {error.details}", error.facts.get("architecture")
                if architecture is not None:
                    raise _cannot_run(reason, str(architecture)) from error
                raise CannotSimulate(reason) from error
            raise self._without_path(error) from error

    def _without_path(self, error: UserError) -> UserError:
        """The error about the model, not about a file of ours that nobody knows."""
        facts = {name: self._name if self._is_ours(value) else value for name, value in error.facts.items()}
        return UserError(error.key, error.kind, details=error.details, **facts)

    def _is_ours(self, fact: Fact) -> bool:
        ours = (str(self._path.parent), self._path.name)
        return bool(self._name) and isinstance(fact, str) and any(one in fact for one in ours)

    def close(self) -> None:
        """End it, and take its files away."""
        self._stack.close()


def _name_of(parts: Sequence[SparseHeader]) -> str:
    try:
        return Path(parts[0].header.name).name or "model.gguf"
    except GgufError as error:
        raise gguf_problem(Path("model.gguf"), error) from error


def _cannot_run(reason: str, architecture: str) -> CannotSimulate:
    # Anybody may have written the header.
    shown = "".join(filter(str.isprintable, architecture))[:_LONGEST_KIND]
    facts: dict[str, Fact] = {"engine": _ENGINE_TITLE, "architecture": shown or "?"}
    return CannotSimulate(reason, cannot_run=Message("fit-cannot-run", facts))


def load_options(question: FitQuestion) -> LoadOptions:
    """How a model is loaded that `question` asks about."""
    return LoadOptions(
        context_length=question.context_length,
        threads=question.threads,
        batch_size=question.batch_size,
        devices=question.devices,
        gpu_layers=question.gpu_layers,
        kv_type=question.kv_type,
        flash_attention=question.flash_attention,
    )


def memory_need(load: SimulatedLoad, question: FitQuestion, devices: Sequence[Device] = ()) -> MemoryNeed:
    """The engine's layout as an answer, with what is free now."""
    known = {device.name: device for device in devices}
    needs = []
    for one in load.reserved:
        parts = _parts(one, load.runtime_bytes if one.device == PROCESSOR else 0)
        if one.device == PROCESSOR:
            limits = memory_limits()
            needs.append(
                DeviceNeed(
                    name=one.device, parts=parts, free=limits.available_bytes, total=limits.total_bytes
                )
            )
        else:
            device = known.get(one.device)
            free = device.free_memory or None if device is not None else None
            total = device.total_memory or None if device is not None else None
            needs.append(DeviceNeed(name=one.device, parts=parts, free=free, total=total))
    return MemoryNeed(
        parts=_summed([need.parts for need in needs]),
        resident=resident_peak(load),
        devices=tuple(needs),
        context_length=question.context_length,
        kv_type=question.kv_type,
        gpu_layers=load.gpu_layers,
        source="simulated",
    )


def simulate_memory(
    model: Model,
    question: FitQuestion,
    *,
    answers: KeptAnswers | None = None,
    devices: Sequence[Device] = (),
) -> MemoryNeed:
    """One question alone: see `MemorySimulator.memory`."""
    with MemorySimulator(answers) as simulator:
        return simulator.memory(model, question, devices=devices)


def _digest(model: Model) -> bytes:
    if isinstance(model, Path):
        try:
            return digest_of_file(model)
        except GgufError as error:
            raise gguf_problem(model, error) from error
    if not model:
        raise ValueError("a model without files")
    return digest_of_headers(model)


def _parts(reserved: Reserved, runtime: int) -> Parts:
    return Parts(
        weights=reserved.weights,
        kv=reserved.kv,
        compute=reserved.compute,
        output=reserved.output,
        runtime=runtime,
    )


def _summed(parts: Sequence[Parts]) -> Parts:
    return Parts(**{name: sum(getattr(one, name) for one in parts) for name in Parts.__struct_fields__})
