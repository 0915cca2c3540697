"""An engine that does what its model file says, in a real engine process behind the real pipe.

A model file is JSON: ``{"load": ACTION, "prompt": ACTION, "token": ACTION, "once": MARKER, "text": [...],
"repeat": 1, "every_s": 0.005, "device": "CPU", "slow_cancel": 0}``, each part of it optional. "text" holds
the pieces, which come "repeat" times, "every_s" the seconds between them, "slow_cancel" how long a cancel
takes.
The action of a phase runs in the middle of it: after half of the load, after half of the prompt, after the
first piece of text. With a marker file, actions run only until the marker exists, so that the next process
answers. Actions are the methods of `_Actions`.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import pickle
import signal
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from slmdesk.engines import (
    Capabilities,
    ChatMessage,
    End,
    Event,
    GenerateRequest,
    LoadOptions,
    LoadProgress,
    LoadReport,
    PromptProgress,
    Text,
)
from slmdesk.engines.child import serve
from slmdesk.engines.frames import FRAME_LIMIT
from slmdesk.messages import ErrorKind, UserError
from tests.engines.reports import make_report, make_stats

PIECES = ("one ", "two ", "three")
WHOLE = "".join(PIECES)


def scripted_entry(connection: Any, _engine: str, log_path: str) -> None:
    """The entry of an engine process with a `ScriptedEngine`."""
    serve(connection, lambda: ScriptedEngine(connection), log_path)


def broken_library_entry(connection: Any, _engine: str, log_path: str) -> None:
    """An engine whose native library is not there."""

    def create() -> ScriptedEngine:
        raise OSError("libllama.so: cannot open shared object file")

    serve(connection, create, log_path, title="llama.cpp")


def missing_package_entry(connection: Any, _engine: str, log_path: str) -> None:
    """An engine that knows why it cannot start."""

    def create() -> ScriptedEngine:
        raise UserError("engine-not-installed", ErrorKind.MODEL, engine="Engine", package="some-package")

    serve(connection, create, log_path)


def crash_at_start_entry(connection: Any, _engine: str, log_path: str) -> None:
    """An engine whose native library crashes while it is being loaded."""

    def create() -> ScriptedEngine:
        os.kill(os.getpid(), signal.SIGILL)
        raise AssertionError

    serve(connection, create, log_path)


def hang_at_start_entry(connection: Any, _engine: str, log_path: str) -> None:
    """An engine whose native library never gets ready."""

    def create() -> ScriptedEngine:
        _park()
        raise AssertionError

    serve(connection, create, log_path)


def killed_at_start_entry(_connection: Any, _engine: str, _log_path: str) -> None:
    """As the kernel does where memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def unguarded_exit_entry(_connection: Any, _engine: str, _log_path: str) -> None:
    """A process that ends before it says anything."""
    os._exit(3)


def _park() -> None:
    """Stay in native code for good, as a hung driver does; Python threads go on."""
    while True:
        ctypes.CDLL(None).pause()


class _Actions:
    def __init__(self, engine: ScriptedEngine) -> None:
        self._engine = engine

    def abort(self) -> None:
        ctypes.CDLL(None).abort()

    def segv(self) -> None:
        ctypes.string_at(0)

    def illegal_instruction(self) -> None:
        """As the processor does where native code was built for another one."""
        os.kill(os.getpid(), signal.SIGILL)

    def park(self) -> None:
        _park()

    def wait_for_cancel(self) -> None:
        """Work on, with signs of life, until cancelled."""
        while not self._engine.cancelled.wait(0.01):
            self._engine.activity += 1

    def count_along(self) -> None:
        """Show a sign of life now and then, for much longer than the limits of the tests allow silence."""
        for _ in range(50):
            threading.Event().wait(0.1)
            self._engine.activity += 1

    def count_once(self) -> None:
        self._engine.activity += 1

    def eat_native_memory(self) -> None:
        """Once an address-space limit is set, take memory as ggml does, and abort when it is refused."""
        self._await_limit()
        libc = ctypes.CDLL(None)
        libc.malloc.restype = ctypes.c_void_p
        while libc.malloc(ctypes.c_size_t(16 * 1024 * 1024)):
            pass
        os.write(2, b"ggml_aligned_malloc: insufficient memory (attempted to allocate 16.00 MB)\n")
        libc.abort()

    def eat_python_memory(self) -> None:
        self._await_limit()
        eaten = []
        while True:
            eaten.append(bytes(16 * 1024 * 1024))

    def _await_limit(self) -> None:
        import resource

        while resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
            self._engine.cancelled.wait(0.01)

    def bug(self) -> None:
        raise ZeroDivisionError("a mistake")

    def say_dumpable(self) -> None:
        """Print whether the kernel would write a core file: 0 means never."""
        print("dumpable:", ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)  # noqa: T201

    def known_error(self) -> None:
        raise UserError(
            "engine-request-too-large", ErrorKind.GENERATION, details="why", size_bytes=10, limit_bytes=5
        )

    def unknown_error(self) -> None:
        raise UserError("no-such-key", ErrorKind.GENERATION)

    def error_without_facts(self) -> None:
        raise UserError("engine-request-too-large", ErrorKind.GENERATION, size_bytes=10)

    def not_a_frame(self) -> None:
        self._engine.connection.send_bytes(b"\xc1 not msgpack")
        _park()

    def pickled(self) -> None:
        """Bytes that would create a file if anybody unpickled them."""
        self._engine.connection.send_bytes(pickle.dumps(_Trap(self._engine.path + ".trap")))
        _park()

    def oversized(self) -> None:
        self._engine.connection.send_bytes(bytes(FRAME_LIMIT + 1))
        _park()

    def half_a_frame(self) -> None:
        os.write(self._engine.connection.fileno(), struct.pack("!i", 1000) + b"and then nothing")
        os.kill(os.getpid(), signal.SIGSTOP)

    def close_pipe(self) -> None:
        os.close(self._engine.connection.fileno())
        _park()

    def say_much(self) -> None:
        """Print to both standard streams, in Python and natively."""
        sys.stdout.write("python out\n")
        sys.stderr.write("python err\n")
        os.write(1, b"native out\n")
        os.write(2, b"native err \x1b[31m\n")

    def connect(self) -> None:
        import socket

        with socket.socket() as one:
            one.connect(("127.0.0.1", 9))


class _Trap:
    def __init__(self, file: str) -> None:
        self._file = file

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return _spring, (self._file,)


def _spring(file: str) -> None:
    Path(file).touch()


class ScriptedEngine:
    """See the top of this file."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.activity = 0
        self.cancelled = threading.Event()
        self.path = ""
        self._script: dict[str, Any] = {}

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(gpu_offload=False, kv_types=("f16",), samplers=("temperature",))

    def load(
        self, path: str, options: LoadOptions, on_progress: Callable[[LoadProgress], None]
    ) -> LoadReport | None:
        self.cancelled.clear()
        self.path = path
        self._script = json.loads(Path(path).read_text())
        on_progress(LoadProgress(0.5))
        self._act("load")
        if self.cancelled.is_set():
            return None
        on_progress(LoadProgress(1.0))
        return make_report(
            model_name=Path(path).stem,
            context_length=options.context_length or 4096,
            trained_context_length=4096,
            device=self._script.get("device", "CPU"),
        )

    def generate(self, request: GenerateRequest) -> Iterator[Event]:
        self.cancelled.clear()
        yield PromptProgress(processed=5, total=10, reused=0)
        self._act("prompt")
        pieces = self._script.get("text", PIECES)
        pieces = itertools.chain.from_iterable(itertools.repeat(pieces, self._script.get("repeat", 1)))
        generated = 0
        for piece in pieces:
            if self.cancelled.is_set():
                break
            # The pace of a model, where the script asks for one.
            self.cancelled.wait(self._script.get("every_s", 0))
            self.activity += 1
            generated += 1
            yield Text(piece)
            if generated == 1:
                self._act("token")
        yield make_stats(prompt_tokens_per_second=self._script.get("rate", 1.0), generated_tokens=generated)
        yield End(reason="cancelled" if self.cancelled.is_set() else "stop")

    def count_tokens(self, messages: tuple[ChatMessage, ...]) -> int:
        if messages[0].content == "bug":
            raise ZeroDivisionError("a mistake")
        if messages[0].content == "known error":
            _Actions(self).known_error()
        return sum(len(message.content.split()) for message in messages)

    def cancel(self) -> None:
        # As a thread that the system lets run on only after a while.
        if threading.current_thread().name == "control":
            threading.Event().wait(self._script.get("slow_cancel", 0))
        self.cancelled.set()

    def unload(self) -> None:
        return

    def _act(self, phase: str) -> None:
        action = self._script.get(phase)
        if action is None:
            return
        marker = self._script.get("once")
        if marker is not None:
            if Path(marker).exists():
                return
            Path(marker).touch()
        getattr(_Actions(self), action)()
