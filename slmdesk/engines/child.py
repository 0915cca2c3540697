"""The engine process: reads commands from its pipe and lets an engine carry them out.

Three threads. The main thread runs the engine, since native code is happiest there. The control thread reads
the pipe all the time, so that stopping, signs of life and the end of the pipe never wait for native code.
The counting thread counts tokens while the main thread generates.

The process ends the moment its pipe closes, whatever it is doing: a window that was killed leaves nothing
behind. It never opens a network connection, and nothing it or native code prints reaches a terminal.
"""

from __future__ import annotations

import ctypes
import faulthandler
import logging
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from slmdesk.engines import frames
from slmdesk.engines.missing_libraries import start_error
from slmdesk.engines.registry import ENGINES
from slmdesk.engines.traces import describe_bug
from slmdesk.messages import ErrorKind, UserError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from slmdesk.engines.engine import Engine, Simulator
    from slmdesk.engines.protocol import Build, LoadProgress

    Pipe: TypeAlias = Connection[Any, Any]

EXIT_BUG = 70
"""Exit code of a process whose own threads failed; the reason is in its log."""

_PR_SET_DUMPABLE = 4
"""Linux's number, from <sys/prctl.h>."""

_NETWORK_EVENTS = frozenset(
    {
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.getnameinfo",
        "socket.sendmsg",
        "socket.sendto",
    }
)


def child_main(connection: Pipe, engine_name: str, log_path: str) -> None:
    """What an engine process runs: the engine called `engine_name`, until the pipe closes."""
    entry = ENGINES[engine_name]
    serve(
        connection,
        entry.create,
        log_path,
        title=entry.title,
        describe=entry.describe,
        create_simulator=entry.create_simulator,
    )


def serve(
    connection: Pipe,
    create: Callable[[], Engine],
    log_path: str,
    *,
    title: str = "Engine",
    describe: Callable[[], Build] | None = None,
    create_simulator: Callable[[], Simulator] | None = None,
) -> NoReturn:
    """Guard this process, create the engine and carry out commands until the pipe closes; never returns.

    `title` is the engine's name for people. Tests and benchmarks give the `create` of a scripted engine and
    have everything else for real.
    """
    _guard_process(connection, log_path)
    _Child(connection, create, title, describe, create_simulator).run()


def _guard_process(connection: Pipe, log_path: str) -> None:
    _send_output_to(log_path)
    # Native code's own log arrives here too; its last lines go into the details of a crash.
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    # fd 2: faulthandler writes without Python when native code crashes.
    faulthandler.enable(file=2)
    # An abort in ggml otherwise starts a debugger where there is one, and that takes seconds.
    os.environ["GGML_NO_BACKTRACE"] = "1"
    # Ctrl-C reaches every process of the terminal and belongs to the parent, which may only want the answer
    # to stop. It was blocked while this process came up (`link.interrupts_held_back`).
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        import resource

        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        # A core file would put the conversation on the disk, and gigabytes of model with it.
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        if sys.platform == "linux":
            # The kernel ignores the limit where it pipes core files to a program, as most desktops do.
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        # A process that native code starts must not keep the pipe open.
        os.set_inheritable(connection.fileno(), False)
    sys.addaudithook(_refuse_network)
    threading.excepthook = _end_on_thread_failure


def _send_output_to(log_path: str) -> None:
    try:
        log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        # A full or read-only disk is no reason not to answer.
        log = os.open(os.devnull, os.O_WRONLY)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    for descriptor in (nothing, log):
        if descriptor > 2:
            os.close(descriptor)
    # A program without a console starts with neither of them.
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115


def _refuse_network(event: str, _arguments: tuple[object, ...]) -> None:
    if event in _NETWORK_EVENTS:
        raise PermissionError(f"the engine process has no network ({event})")


def _end_on_thread_failure(failure: threading.ExceptHookArgs) -> None:
    if failure.exc_value is not None:
        sys.stderr.write(describe_bug(failure.exc_value) + "\n")
    os._exit(EXIT_BUG)


class _Child:
    """The threads of one engine process, and what they share."""

    def __init__(
        self,
        connection: Pipe,
        create: Callable[[], Engine],
        title: str,
        describe: Callable[[], Build] | None,
        create_simulator: Callable[[], Simulator] | None,
    ) -> None:
        self._connection = connection
        self._create = create
        self._title = title
        self._describe = describe
        self._create_simulator = create_simulator
        self._simulator: Simulator | None = None
        self._engine: Engine | None = None
        self._work: queue.SimpleQueue[frames.Work] = queue.SimpleQueue()
        self._counts: queue.SimpleQueue[frames.CountTokens] = queue.SimpleQueue()
        self._send_lock = threading.Lock()
        # Guards `_current` and `_working`: a cancel must reach the work it is meant for, never the next.
        self._turn = threading.Lock()
        self._current = frames.START_REQUEST
        self._working = False
        # Written by the control thread, read by the main thread; set operations are atomic.
        self._cancelled: set[int] = set()

    def run(self) -> NoReturn:
        threading.Thread(target=self._control, name="control", daemon=True).start()
        self._start_engine()
        while True:
            command = self._work.get()
            with self._turn:
                self._current, self._working = command.request, True
            match command:
                case frames.Load():
                    self._answer(command.request, partial(self._load, command), command.path)
                case frames.Generate():
                    self._answer(command.request, partial(self._generate, command))
                case frames.Describe():
                    self._answer(command.request, partial(self._say_build, command))
                case frames.Simulate():
                    self._answer(command.request, partial(self._simulate, command), command.path)
            with self._turn:
                self._working = False
                self._cancelled.discard(command.request)

    def send(self, frame: frames.Frame) -> None:
        """Hand a frame to the parent, from any thread; ends the process when there is none."""
        data = frames.encode(frame)
        try:
            with self._send_lock:
                self._connection.send_bytes(data)
        except OSError:
            os._exit(0)

    def _start_engine(self) -> None:
        try:
            self._engine = self._create()
        except UserError as error:
            self.send(frames.failure_frame(frames.START_REQUEST, error))
            return
        except (ImportError, OSError, RuntimeError):
            # What a missing, foreign or broken native library looks like.
            failure = start_error(self._title, traceback.format_exc())
            self.send(frames.failure_frame(frames.START_REQUEST, failure))
            return
        threading.Thread(target=self._count, name="count tokens", daemon=True).start()
        self.send(frames.Hello(frames.START_REQUEST, self._engine.capabilities))

    def _control(self) -> None:
        while True:
            try:
                data = self._connection.recv_bytes(frames.COMMAND_LIMIT)
            except (EOFError, OSError):
                os._exit(0)
            command = frames.decode_command(data)
            match command:
                case frames.Quit():
                    os._exit(0)
                case frames.Ping():
                    self._cancel_again()
                    self.send(frames.Pong(self._engine.activity if self._engine is not None else 0))
                case frames.Cancel(request=request):
                    with self._turn:
                        # One for work that is over came too late and would be remembered for good.
                        if request > self._current or (request == self._current and self._working):
                            self._cancelled.add(request)
                    self._cancel_again()
                case frames.CountTokens():
                    self._counts.put(command)
                case _:
                    self._work.put(command)

    def _cancel_again(self) -> None:
        """Cancel the work at hand if that was asked for.

        Said more than once, because an engine that is only just beginning may miss it the first time.
        """
        with self._turn:
            if self._engine is not None and self._working and self._current in self._cancelled:
                self._engine.cancel()

    def _answer(self, request: int, work: Callable[[], None], path: str = "") -> None:
        """Do `work`; whatever it raises is sent to the parent as an answer to `request`."""
        try:
            work()
        except UserError as error:
            self.send(frames.failure_frame(request, error))
        except MemoryError as error:
            details = describe_bug(error)[-frames.TEXT_LIMIT :]
            key = "engine-out-of-memory-loading" if path else "engine-out-of-memory"
            kind = ErrorKind.MODEL if path else ErrorKind.GENERATION
            self.send(frames.Failed(request, key, kind, {"name": Path(path).name}, details))
        except Exception as error:  # noqa: BLE001 - the door of the process: the parent logs and shows it
            self.send(frames.Bug(request, describe_bug(error)[-frames.TEXT_LIMIT :]))

    def _load(self, command: frames.Load) -> None:
        assert self._engine is not None
        request = command.request

        def on_progress(progress: LoadProgress) -> None:
            self.send(frames.Progress(request, progress))
            self._cancel_again()

        report = None
        if request not in self._cancelled:
            report = self._engine.load(command.path, command.options, on_progress)
        # A file may state a name as long as a book, which the parent would not take.
        self.send(frames.Loaded(request, frames.shortened(report) if report is not None else None))

    def _generate(self, command: frames.Generate) -> None:
        assert self._engine is not None
        request = command.request
        for event in self._engine.generate(command.body):
            self.send(frames.Happened(request, event))
            if self._cancelled:
                self._cancel_again()
        self.send(frames.Done(request))

    def _say_build(self, command: frames.Describe) -> None:
        if self._describe is None:
            raise LookupError("this engine has no native library to describe")
        self.send(frames.Described(command.request, self._describe()))

    def _simulate(self, command: frames.Simulate) -> None:
        if self._simulator is None:
            if self._create_simulator is None:
                raise UserError("simulation-refused", ErrorKind.MODEL, engine=self._title)
            self._simulator = self._create_simulator()
        load = self._simulator.simulate(command.path, command.options)
        self.send(frames.Simulated(command.request, load))

    def _count(self) -> None:
        while True:
            command = self._counts.get()
            self._answer(command.request, partial(self._count_one, command))

    def _count_one(self, command: frames.CountTokens) -> None:
        assert self._engine is not None
        self.send(frames.Counted(command.request, self._engine.count_tokens(command.messages)))
