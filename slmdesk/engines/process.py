"""An engine in a process of its own, seen from the parent: plain calls in, events and clear errors out."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import NoReturn, TypeVar

from slmdesk.engines import frames
from slmdesk.engines.calls import Call, ProcessEnded, ProcessLimits
from slmdesk.engines.child import child_main
from slmdesk.engines.deaths import Cause, Death, death_error, start_error
from slmdesk.engines.link import Entry, Link
from slmdesk.engines.protocol import (
    USUAL_CONTEXT_LENGTH,
    Build,
    Capabilities,
    ChatMessage,
    End,
    Event,
    GenerateRequest,
    LoadOptions,
    LoadProgress,
    LoadReport,
    Reasoning,
    SimulatedLoad,
    Text,
)
from slmdesk.engines.registry import ENGINES
from slmdesk.messages import ErrorKind, UserError

_log = logging.getLogger(__name__)

_AnswerT = TypeVar("_AnswerT", frames.Described, frames.Simulated)


class EngineProcess:
    """One engine process. It starts with `start` or the first `load`, and ends with `close`, or by itself.

    `load`, `generate` and their like are called by one thread at a time; a second call while one runs is a
    bug and raises RuntimeError. `count_tokens`, `cancel` and `close` may be called by any thread at any time.
    A process that has ended is never started again: take a new one.
    """

    def __init__(
        self,
        engine: str,
        *,
        log_file: Path,
        limits: ProcessLimits | None = None,
        entry: Entry = child_main,
    ) -> None:
        """`log_file` names the folder and the pattern: each process writes `engine-PID-NUMBER.log` there."""
        self._engine = engine
        self._log_file = log_file
        self._limits = limits or ProcessLimits()
        self._entry = entry
        self._busy = threading.Lock()
        # Guards the fields below it.
        self._state = threading.Lock()
        self._call: Call | None = None
        self._link: Link | None = None
        self._closed = False
        self._capabilities: Capabilities | None = None
        self._context_length = USUAL_CONTEXT_LENGTH
        self.answers = 0
        """Answers that came to their end."""
        self.on_idle_death: Callable[[Death], None] | None = None
        """Called, in a thread of this class, when the process ends unasked while no call waits that would
        say so. Set it before the process starts."""

    @property
    def pid(self) -> int | None:
        """The process's number; None before it started."""
        return self._link.pid if self._link is not None else None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._link is not None and self._link.death is None

    @property
    def death(self) -> Death | None:
        """How the process ended; None while it runs and before it started."""
        return self._link.death if self._link is not None else None

    @property
    def stopping(self) -> bool:
        """Whether the call in progress was cancelled and is not over yet. Any thread; never waits."""
        call = self._call
        return call is not None and call.cancelled

    @property
    def capabilities(self) -> Capabilities | None:
        """What the engine can do; None before it started."""
        return self._capabilities

    def resident_bytes(self) -> int:
        """Memory of the process that is in RAM now; 0 when it is gone."""
        link = self._link
        if link is None or link.death is not None:
            return 0
        import psutil

        try:
            return int(psutil.Process(link.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def start(self) -> None:
        """Start the process and wait until its engine is ready.

        Raises UserError (kind MODEL), `engine-closed` when it was cancelled or closed meanwhile.
        """
        with self._calling("start") as call:
            try:
                self._ensure_started(call, loading=None)
            except ProcessEnded as ended:
                raise self._start_error(ended.death, call) from None

    def load(
        self, path: str, options: LoadOptions, on_progress: Callable[[LoadProgress], None] | None = None
    ) -> LoadReport | None:
        """Load the model at `path`, calling `on_progress` in this thread. None: cancelled or closed.

        Raises UserError (kind MODEL), also when the process ends meanwhile.
        """
        name = Path(path).name
        finished = False
        with self._calling("load", loads=True) as call:
            try:
                link = self._ensure_started(call, loading=name)
                if call.cancelled:
                    return None
                call.quiet = self._capabilities is not None and self._capabilities.quiet_load
                call.send(link, lambda request: frames.Load(request, path, options))
                while True:
                    match call.next_frame():
                        case frames.Progress(progress=progress):
                            if on_progress is not None:
                                on_progress(progress)
                        case frames.Loaded(report=report):
                            finished = True
                            self._context_length = options.context_length or USUAL_CONTEXT_LENGTH
                            return report
                        case other:
                            finished = True
                            self._refuse(link, other, loading=name)
            except ProcessEnded as ended:
                if call.cancelled or ended.death.cause is Cause.CLOSED:
                    return None
                raise death_error(ended.death, loading=name) from None
            finally:
                call.close(finished=finished)

    def generate(self, request: GenerateRequest) -> Generator[Event]:
        """Answer: yields events, the last two being `Stats` and `End`. Closing the generator cancels.

        An answer ended by `close`, or one that the person stopped and whose engine did not obey, ends with
        `End("cancelled")` alone. Raises UserError (kind GENERATION), also when the process ends meanwhile.
        """
        finished = False
        with self._calling("generate") as call:
            try:
                link = self._started_link()
                allowance = _Allowance(self._context_length)
                call.send(link, lambda number: frames.Generate(number, request))
                while True:
                    match call.next_frame():
                        case frames.Happened(event=event):
                            if not allowance.covers(event):
                                finished = True
                                self._end_flood(link)
                            yield event
                        case frames.Done():
                            finished = True
                            self.answers += 1
                            return
                        case other:
                            finished = True
                            self._refuse(link, other, loading=None)
            except ProcessEnded as ended:
                finished = True
                if not (call.cancelled or ended.death.cause is Cause.CLOSED):
                    raise death_error(ended.death, loading=None) from None
                yield End(reason="cancelled")
            finally:
                call.close(finished=finished)

    def count_tokens(self, messages: tuple[ChatMessage, ...]) -> int:
        """Tokens that `messages` take in the prompt; any thread, also while another generates.

        Raises UserError (kind GENERATION).
        """
        call = Call(self._limits, "count_tokens")
        try:
            link = self._started_link()
            call.send(link, lambda request: frames.CountTokens(request, messages))
            match call.next_frame():
                case frames.Counted(tokens=tokens):
                    return tokens
                case other:
                    self._refuse(link, other, loading=None)
        except ProcessEnded as ended:
            raise death_error(ended.death, loading=None) from None
        finally:
            call.close(finished=True)

    def describe(self) -> Build:
        """Which native library runs here, and on what; starts the process. Raises as `start` does."""
        return self._ask("describe", frames.Describe, frames.Described).build

    def simulate(self, path: str, options: LoadOptions) -> SimulatedLoad:
        """What loading the model at `path` would take, found without loading it; starts the process.

        Raises UserError (kind MODEL), also when the process ends meanwhile.
        """
        return self._ask(
            "simulate",
            lambda request: frames.Simulate(request, path, options),
            frames.Simulated,
            loading=Path(path).name,
        ).load

    def _ask(
        self,
        what: str,
        command: Callable[[int], frames.Command],
        wanted: type[_AnswerT],
        *,
        loading: str | None = None,
    ) -> _AnswerT:
        """What the engine answers to a command that takes one frame; starts the process. `loading` names the
        model that the command is about."""
        with self._calling(what) as call:
            try:
                link = self._ensure_started(call, loading=loading)
                call.send(link, command)
                answer = call.next_frame()
                if isinstance(answer, wanted):
                    return answer
                self._refuse(link, answer, loading=loading)
            except ProcessEnded as ended:
                if loading is None:
                    raise self._start_error(ended.death, call) from None
                raise death_error(ended.death, loading=loading) from None
            finally:
                call.close(finished=True)

    def cancel(self) -> None:
        """End the load or answer in progress early. Any thread; never waits; idle: no effect."""
        # Without the lock, which is held while a process starts.
        call = self._call
        if call is not None:
            call.cancel()

    def close(self) -> None:
        """End the process and wait until it is gone. Any thread, any number of times."""
        with self._state:
            self._closed = True
            link = self._link
        if link is not None:
            link.close()

    def _died(self, death: Death) -> None:
        with self._state:
            idle = self._call is None and not self._closed
        if idle and death.cause is not Cause.CLOSED and self.on_idle_death is not None:
            self.on_idle_death(death)

    def _start_error(self, death: Death, call: Call) -> UserError:
        if call.cancelled or death.cause is Cause.CLOSED:
            return UserError("engine-closed", ErrorKind.MODEL, details=death.details)
        return start_error(death, engine=self._title)

    @property
    def _title(self) -> str:
        entry = ENGINES.get(self._engine)
        return entry.title if entry is not None else self._engine

    @contextlib.contextmanager
    def _calling(self, name: str, *, loads: bool = False) -> Iterator[Call]:
        if not self._busy.acquire(blocking=False):
            running = self._call
            raise RuntimeError(
                f"{name}() was called while {running.name if running else 'another call'} runs"
            )
        call = Call(self._limits, name, loads=loads)
        try:
            with self._state:
                self._call = call
            yield call
        finally:
            with self._state:
                self._call = None
            self._busy.release()

    def _started_link(self) -> Link:
        if self._link is None:
            raise RuntimeError("no model has been loaded in this engine process")
        return self._link

    def _ensure_started(self, call: Call, *, loading: str | None) -> Link:
        """The link, once the engine is ready. Raises UserError, and ProcessEnded when closed or cancelled."""
        with self._state:
            if self._link is None and self._closed:
                raise ProcessEnded(Death(Cause.CLOSED, "never started", ""))
            if self._link is not None and self._capabilities is not None:
                return self._link
            if self._link is not None:
                raise RuntimeError("this engine process did not start; take a new one")
            try:
                link = self._link = Link(self._entry, self._engine, self._log_file, self._died)
            except OSError as error:
                raise UserError(
                    "engine-process-refused", ErrorKind.MODEL, details=str(error), engine=self._title
                ) from error
        limit_s = self._limits.start_s
        try:
            frame = call.watch(link, link.started, limit_s, limit_s)
        except ProcessEnded as ended:
            if call.cancelled or ended.death.cause is Cause.CLOSED:
                raise
            raise start_error(ended.death, engine=self._title, limit_s=limit_s) from None
        if not isinstance(frame, frames.Hello):
            self._refuse(link, frame, loading=loading)
        link.drop_mailbox(link.started)
        self._capabilities = frame.capabilities
        return link

    def _end_flood(self, link: Link) -> NoReturn:
        _log.error("engine process %s sent more than any answer can be", link.pid)
        link.end(Cause.GARBLED)
        link.wait_for_end()
        raise death_error(Death(Cause.GARBLED, "an answer without end", ""), loading=None)

    def _refuse(self, link: Link, frame: frames.Frame, *, loading: str | None) -> NoReturn:
        """Raise what `frame`, which is not the answer that was hoped for, means."""
        kind = ErrorKind.GENERATION if loading is None else ErrorKind.MODEL
        match frame:
            case frames.Failed():
                if frame.key in _START_AFRESH_AFTER:
                    link.end(Cause.FAILED)
                    link.wait_for_end()
                raise frames.failure_error(frame)
            case frames.Bug(traceback=traceback):
                _log.error("the engine met a bug:\n%s", traceback)
                # Nobody knows what state it is in.
                link.end(Cause.FAILED)
                link.wait_for_end()
                if loading is None:
                    raise UserError("engine-bug", kind, details=traceback)
                raise UserError("engine-bug-loading", kind, details=traceback, name=loading)
            case _:
                # The right kind of frame at the wrong time: no engine of ours does that.
                link.end(Cause.GARBLED)
                link.wait_for_end()
                details = f"unexpected {type(frame).__name__}"
                raise death_error(link.death or Death(Cause.GARBLED, details, ""), loading=loading)


class _Allowance:
    """What one answer may be, whatever a child that was taken over sends: it fills memory and the database.

    Measured by the context that this process asked for, never by what the child reports: an answer has no
    more tokens than its context, each token is at most one event, and reading the prompt is another at most.
    """

    def __init__(self, context_length: int) -> None:
        self._events = 4 * context_length + 10_000
        # The longest tokens of real vocabularies are rows of some hundred blanks.
        self._characters = 1024 * context_length + 1_000_000

    def covers(self, event: Event) -> bool:
        """Count `event`, and say whether it is still within what an answer may be."""
        self._events -= 1
        if isinstance(event, Text | Reasoning):
            self._characters -= len(event.text)
        return self._events >= 0 and self._characters >= 0


# Memory that was refused once is given back by ending the process; the next message loads the model anew.
_START_AFRESH_AFTER = frozenset(
    {
        "engine-out-of-memory", "engine-out-of-memory-loading", "engine-could-not-start",
        "engine-not-installed", "engine-not-for-this-system", "engine-needs-driver", "engine-needs-runtime",
        "engine-needs-library",
    }
)  # fmt: skip
