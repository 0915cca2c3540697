"""Who is loaded: the one owner of the engine processes of this program."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from slmdesk.engines.deaths import Death, idle_error
from slmdesk.engines.process import EngineProcess
from slmdesk.engines.protocol import ChatMessage, LoadOptions, LoadProgress, LoadReport
from slmdesk.engines.registry import engine_for
from slmdesk.messages import ErrorKind, UserError

_MOST_DEATHS = 2


class StartProcess(Protocol):
    """Makes the engine process for a model; `EngineProcess` itself is one."""

    def __call__(self, engine: str, *, log_file: Path) -> EngineProcess:
        """A process that has not started yet."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model that is loaded now."""

    path: str
    options: LoadOptions
    report: LoadReport


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to use the loaded model for a while."""

    process: EngineProcess
    report: LoadReport
    loaded_now: bool
    """Whether it had to be loaded for this lease."""


@dataclass(slots=True)
class _Use:
    """A `use` in progress."""

    thread: int
    process: EngineProcess | None = None
    cancelled: bool = False
    leased: bool = False


class EnginePool:
    """Keeps one model loaded, each in a fresh process, and loads it again where its process has died.

    Threads may share it: the second to call `use` waits for the first to finish. A model file that ended
    its engine twice without a finished answer in between is not loaded again until `forgive`.
    """

    def __init__(self, log_folder: Path, *, start: StartProcess = EngineProcess) -> None:
        self._log_folder = log_folder
        self._start = start
        self._lease = threading.Lock()
        # Guards the fields below it.
        self._state = threading.Lock()
        self._use: _Use | None = None
        self._process: EngineProcess | None = None
        self._loaded: Loaded | None = None
        self._deaths: dict[tuple[str, int, int], int] = {}
        self._closed = False
        self.on_idle_death: Callable[[UserError], None] | None = None
        """Called when the process of the loaded model has ended while nothing was asked of it, with what to
        tell the person. In a thread of the pool: return at once. `loaded` is None by then, and the next `use`
        loads the model anew. Whoever uses the pool sets it, from any thread."""

    @property
    def stopping(self) -> bool:
        """Whether a load or answer was cancelled and is not over yet. Any thread; never waits."""
        with self._state:
            use = self._use
        if use is None or not use.cancelled:
            return False
        return not use.leased or (use.process is not None and use.process.stopping)

    @property
    def loaded(self) -> Loaded | None:
        """The loaded model; None while nothing is, also after its process died."""
        with self._state:
            return self._loaded if self._process is not None and self._process.alive else None

    def resident_bytes(self) -> int:
        """Memory that the engine holds in RAM now."""
        with self._state:
            process = self._process
        return process.resident_bytes() if process is not None else 0

    @contextlib.contextmanager
    def use(
        self,
        path: str,
        options: LoadOptions,
        on_progress: Callable[[LoadProgress], None] | None = None,
    ) -> Iterator[Lease | None]:
        """Have the model at `path` loaded with `options`, and keep it so inside the `with` block.

        Waits for another thread's block to end. Gives None when `cancel` or `unload` came first. Raises
        UserError (kind MODEL) when it cannot be loaded.
        """
        thread = threading.get_ident()
        running = self._use
        if running is not None and running.thread == thread:
            raise RuntimeError("use() inside a use() of the same thread")
        with self._lease:
            use = _Use(thread)
            with self._state:
                if self._closed:
                    raise RuntimeError("this engine pool is closed")
                self._use = use
            identity = _identity(path)
            answers = 0
            try:
                lease = self._lease_for(use, path, options, on_progress, identity)
                if lease is not None:
                    answers, use.leased = lease.process.answers, True
                yield lease
            finally:
                self._count_deaths(use, identity, answers)
                with self._state:
                    self._use = None

    def cancel(self) -> None:
        """End the load or answer in progress early. Any thread; never waits; idle: no effect."""
        with self._state:
            use, process = self._use, self._process
            if use is not None:
                use.cancelled = True
        if use is not None and process is not None:
            process.cancel()

    def count_tokens(self, messages: tuple[ChatMessage, ...]) -> int | None:
        """Tokens that `messages` take in the prompt of the loaded model; None where nothing is loaded.

        Any thread, also while an answer is being written: it needs no `use` and waits for none. Blocks for
        as long as the engine needs, some milliseconds. Raises UserError (kind GENERATION) where the model
        cannot be shown these messages.
        """
        with self._state:
            process = self._process if self._loaded is not None else None
        if process is None:
            return None
        try:
            return process.count_tokens(messages)
        except UserError:
            if process.death is None:
                raise
            # Unloaded, or gone by itself, before or meanwhile.
            return None

    def unload(self) -> None:
        """Give all memory back: end the engine process, and an answer in progress with it. Any thread."""
        with self._state:
            if self._use is not None:
                self._use.cancelled = True
            process = self._process
        if process is not None:
            self._end(process)

    def close(self) -> None:
        """Unload for good: `use` raises RuntimeError from now on. Any thread, any number of times."""
        with self._state:
            self._closed = True
        self.unload()

    def forgive(self, path: str) -> None:
        """Let the model at `path` be loaded again, whatever it did."""
        identity = _identity(path)
        with self._state:
            self._deaths.pop(identity, None)

    def _lease_for(
        self,
        use: _Use,
        path: str,
        options: LoadOptions,
        on_progress: Callable[[LoadProgress], None] | None,
        identity: tuple[str, int, int],
    ) -> Lease | None:
        with self._state:
            process, loaded, deaths = self._process, self._loaded, self._deaths.get(identity, 0)
        if process is not None:
            if process.alive and loaded is not None and (loaded.path, loaded.options) == (path, options):
                use.process = process
                return Lease(process, loaded.report, loaded_now=False)
            # Its memory must be back before the next model asks for some.
            self._end(process)
        if deaths >= _MOST_DEATHS:
            raise UserError("engine-killed-twice", ErrorKind.MODEL, name=Path(path).name)
        process = self._start(engine_for(path), log_file=self._log_folder / "engine.log")
        process.on_idle_death = functools.partial(self._say_death, process)
        use.process = process
        with self._state:
            if use.cancelled:
                return None
            self._process, self._loaded = process, None
        report = None
        try:
            report = process.load(path, options, self._watching(use, process, on_progress))
        finally:
            if report is None:
                self._end(process)
        if report is None:
            return None
        with self._state:
            if self._process is not process:
                return None
            self._loaded = Loaded(path, options, report)
            return None if use.cancelled else Lease(process, report, loaded_now=True)

    def _watching(
        self, use: _Use, process: EngineProcess, on_progress: Callable[[LoadProgress], None] | None
    ) -> Callable[[LoadProgress], None]:
        def watch(progress: LoadProgress) -> None:
            if use.cancelled:
                # It may have been asked just before the load began.
                process.cancel()
            if on_progress is not None:
                on_progress(progress)

        return watch

    def _say_death(self, process: EngineProcess, death: Death) -> None:
        with self._state:
            listener = self.on_idle_death if self._process is process else None
        if listener is not None:
            listener(idle_error(death))

    def _end(self, process: EngineProcess) -> None:
        process.close()
        with self._state:
            if self._process is process:
                self._process = self._loaded = None

    def _count_deaths(self, use: _Use, identity: tuple[str, int, int], answers: int) -> None:
        if use.process is None:
            return
        death = use.process.death
        with self._state:
            if use.process.answers > answers:
                self._deaths.pop(identity, None)
            if death is not None and death.is_native:
                self._deaths[identity] = self._deaths.get(identity, 0) + 1


def _identity(path: str) -> tuple[str, int, int]:
    """What makes the file the same one: replacing it gives it a fresh start."""
    try:
        facts = Path(path).stat()
    except OSError:
        return (path, 0, 0)
    return (path, facts.st_size, facts.st_mtime_ns)
