"""Who is loaded: the one owner of the engine processes of this program."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from slmdesk.engines.alone import Alone
from slmdesk.engines.deaths import Cause, Death, idle_error
from slmdesk.engines.engine_choice import choose_engine
from slmdesk.engines.idle_timer import IdleTimer
from slmdesk.engines.lease import Lease, Loaded, OnProgress, StartProcess, Use, Wish
from slmdesk.engines.process import EngineProcess
from slmdesk.engines.protocol import Capabilities, ChatMessage, LoadOptions, LoadProgress
from slmdesk.engines.returning_memory import ReturningMemory
from slmdesk.engines.strikes import ModelIdentity, Strikes, model_identity
from slmdesk.engines.turns import Turn, Turns
from slmdesk.messages import ErrorKind, UserError


class EnginePool:
    """Keeps one model loaded, each in a fresh process, and loads it again where its process has died.

    Threads may share it: each `use` waits for those before it to finish, and what another model holds is
    given back, and seen to be back, before the next one is loaded. A model that ended its engine twice
    without a finished answer in between is not loaded again until `forgive`.
    """

    def __init__(
        self,
        log_folder: Path,
        *,
        start: StartProcess = EngineProcess,
        idle_s: float | None = None,
        available_memory: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`idle_s`: see the property. `available_memory` tells the bytes that this program may still take,
        so that a load waits for those of the model before it; None: it waits for the end of its process
        alone."""
        self._log_folder = log_folder
        self._start = start
        self._turns = Turns()
        self._idle = IdleTimer(self._unload_idle, idle_s=idle_s, clock=clock)
        self._returning = ReturningMemory(available_memory, clock=clock)
        self._strikes = Strikes()
        # Guards the fields below it.
        self._state = threading.Lock()
        self._use: Use | None = None
        self._process: EngineProcess | None = None
        self._loaded: Loaded | None = None
        self._closed = False
        self.on_idle_death: Callable[[UserError], None] | None = None
        """Called when the process of the loaded model has ended while nothing was asked of it, with what to
        tell the person. In a thread of the pool: return at once. `loaded` is None by then, and the next `use`
        loads the model anew. Whoever uses the pool sets it, from any thread."""
        self.on_idle_unload: Callable[[Loaded], None] | None = None
        """The same for a model that was unloaded because nobody used it for `idle_s`."""

    @property
    def idle_s(self) -> float | None:
        """Seconds after which a model that nobody uses is unloaded; None: never. Set it at any time, from any
        thread. The time in which the computer sleeps does not count."""
        return self._idle.idle_s

    @idle_s.setter
    def idle_s(self, seconds: float | None) -> None:
        self._idle.idle_s = seconds

    @property
    def busy_with(self) -> str | None:
        """The name of who has the engines alone, or waits to; None: nobody. Any thread."""
        return self._turns.exclusive_name

    @property
    def stopping(self) -> bool:
        """Whether a load or answer was cancelled and is not over yet. Any thread; never waits."""
        with self._state:
            use = self._use
        if use is None or not use.turn.cancelled:
            return False
        return not use.leased or (use.process is not None and use.process.stopping)

    @property
    def loaded(self) -> Loaded | None:
        """The loaded model; None while nothing is, also after its process died, and while somebody has the
        engines alone."""
        with self._state:
            alive = self._process is not None and self._process.alive
            return self._loaded if alive and not self._turns.is_exclusive else None

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
        on_progress: OnProgress | None = None,
        *,
        engine: str | None = None,
    ) -> Iterator[Lease | None]:
        """Have the model at `path` loaded with `options`, and keep it so inside the `with` block.

        `engine` is a name in `ENGINES`; None: the one for this model. Waits for another thread's block to
        end. Gives None when `cancel` or `unload` came first. Raises UserError: kind MODEL when it cannot be
        loaded, kind USAGE for an unknown engine, and `engine-busy` (kind GENERATION) while `busy_with`.
        """
        wish = Wish(path, options, choose_engine(path, engine))
        with self._idle.in_use(), self._turns.turn() as turn:
            if turn is None:
                yield None
                return
            with self._using(turn, wish, on_progress) as lease:
                yield lease

    @contextlib.contextmanager
    def exclusive(self, name: str) -> Iterator[Alone | None]:
        """Have the engines alone inside the `with` block: nothing is loaded when it begins.

        Waits for uses that began earlier; `use` of anybody else raises UserError `engine-busy` from now on.
        `name` says to people who has them, such as “Benchmark”. Gives None when `cancel(name)` or `unload`
        came first. What is loaded in it is unloaded at its end. Raises RuntimeError inside a `use` or
        `exclusive` of the same thread.
        """
        if not name:
            raise ValueError("who has the engines alone has a name")
        with self._idle.in_use(), self._turns.turn(name) as turn:
            if turn is not None:
                with self._state:
                    self._check_open()
                self._end_loaded()
                self._returning.wait(lambda: not turn.cancelled)
            if turn is None or turn.cancelled:
                yield None
                return
            alone = Alone(turn, self._using, self._end_loaded)
            try:
                yield alone
            finally:
                alone.over = True
                self._end_loaded()

    def cancel(self, name: str = "") -> None:
        """End the load or answer in progress early, and each wait for a turn. Any thread; never waits; idle:
        no effect. Reaches only those who share the engines; with a `name`, only who has them alone, or waits
        to, under it, and all that they would still do."""
        self._cancel(name)

    def count_tokens(self, messages: tuple[ChatMessage, ...]) -> int | None:
        """Tokens that `messages` take in the prompt of the loaded model; None where nothing is loaded.

        Any thread, also while an answer is being written: it needs no `use` and waits for none. Blocks for
        as long as the engine needs, some milliseconds. Raises UserError (kind GENERATION) where the model
        cannot be shown these messages.
        """
        with self._idle.in_use():
            with self._state:
                process = self._process if self._loaded is not None else None
                if process is None or self._turns.is_exclusive:
                    return None
            try:
                return process.count_tokens(messages)
            except UserError:
                if process.death is None:
                    raise
                # Unloaded, or gone by itself, before or meanwhile.
                return None

    def unload(self) -> None:
        """Give all memory back: end the engine process, and with it every answer in progress and every wait
        for a turn, also of who has the engines alone. Any thread."""
        self._cancel(None)
        self._end_loaded()

    def close(self) -> None:
        """Unload for good: `use` raises RuntimeError from now on. Any thread, any number of times."""
        with self._state:
            self._closed = True
        self.unload()
        self._idle.close()

    def forgive(self, path: str) -> None:
        """Let the model at `path` be loaded again, whatever it did."""
        self._strikes.clear(model_identity(path))

    @contextlib.contextmanager
    def _using(self, turn: Turn, wish: Wish, on_progress: OnProgress | None) -> Iterator[Lease | None]:
        """One use within a turn."""
        use = Use(turn)
        model = model_identity(wish.path)
        answers = 0
        with self._state:
            self._check_open()
            self._use = use
        try:
            lease = self._lease_for(use, wish, on_progress, model)
            if lease is not None:
                answers, use.leased = lease.process.answers, True
            yield lease
        finally:
            self._count_strikes(use, model, answers)
            with self._state:
                self._use = None

    def _lease_for(
        self, use: Use, wish: Wish, on_progress: OnProgress | None, model: ModelIdentity
    ) -> Lease | None:
        def is_wanted() -> bool:
            return not use.turn.cancelled

        with self._state:
            process, loaded = self._process, self._loaded
            if not is_wanted():
                return None
            if process is not None and process.alive and loaded is not None and wish.is_met_by(loaded):
                use.process = process
                return Lease(process, loaded.report, loaded_now=False)
        # Its memory must be back before the next model asks for some.
        self._end_loaded()
        if self._strikes.is_out(model):
            raise UserError("engine-killed-twice", ErrorKind.MODEL, name=Path(wish.path).name)
        self._returning.wait(is_wanted)
        if not is_wanted():
            return None
        process = self._start(wish.engine, log_file=self._log_folder / "engine.log")
        process.on_idle_death = functools.partial(self._say_death, process)
        with self._state:
            if not is_wanted():
                return None
            use.process = self._process = process
            self._loaded = None
        report = None
        try:
            report = process.load(wish.path, wish.options, self._watching(use, process, on_progress))
        finally:
            if report is None:
                self._end(process)
        if report is None:
            return None
        with self._state:
            if self._process is not process:
                return None
            capabilities = process.capabilities or Capabilities()
            self._loaded = Loaded(wish.path, wish.options, report, wish.engine, capabilities)
            self._idle.arm()
            return Lease(process, report, loaded_now=True) if is_wanted() else None

    def _watching(self, use: Use, process: EngineProcess, on_progress: OnProgress | None) -> OnProgress:
        def watch(progress: LoadProgress) -> None:
            if use.turn.cancelled:
                # It may have been asked just before the load began.
                process.cancel()
            if on_progress is not None:
                on_progress(progress)

        return watch

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("this engine pool is closed")

    def _cancel(self, name: str | None) -> None:
        self._turns.cancel(name)
        # Under the lock, so that it reaches no later use.
        with self._state:
            use = self._use
            if use is not None and use.turn.cancelled and use.process is not None:
                use.process.cancel()

    def _say_death(self, process: EngineProcess, death: Death) -> None:
        with self._state:
            # Who has the engines alone is told by the next call.
            is_told = self._process is process and not self._turns.is_exclusive
            listener = self.on_idle_death if is_told else None
        if listener is not None:
            listener(idle_error(death))

    def _unload_idle(self) -> None:
        """Called by the idle timer. A use that begins meanwhile waits for its turn and loads anew."""
        with self._turns.turn_if_free() as turn:
            with self._state:
                process, loaded = self._process, self._loaded
                if turn is None or process is None or not self._idle.due:
                    return
                # From here on nobody counts tokens with it.
                self._loaded = None
            self._end(process)
        listener = self.on_idle_unload
        died_before = process.death is not None and process.death.cause is not Cause.CLOSED
        if listener is not None and loaded is not None and not died_before:
            listener(loaded)

    def _end_loaded(self) -> None:
        with self._state:
            process = self._process
        if process is not None:
            self._end(process)

    def _end(self, process: EngineProcess) -> None:
        if process.alive and process.pid is not None:
            self._returning.expect(process.pid)
        process.close()
        with self._state:
            if self._process is process:
                self._process = self._loaded = None
                self._idle.disarm()

    def _count_strikes(self, use: Use, model: ModelIdentity, answers: int) -> None:
        if use.process is None:
            return
        if use.process.answers > answers:
            self._strikes.clear(model)
        death = use.process.death
        if death is not None and death.is_native:
            self._strikes.add(model)
