"""The parent's end of one engine process: its pipe, its two threads, and its end.

The reader thread takes frames from the pipe, hands each to the call it answers, and reaps the process: so a
dead process is never left as a zombie, even when nobody asks about it. The writer thread sends commands, so
that no caller (the GUI thread presses Stop, too) ever waits for a process that does not read.
"""

from __future__ import annotations

import atexit
import contextlib
import glob
import itertools
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from slmdesk.engines import frames
from slmdesk.engines.deaths import Cause, Death, classify, exit_status
from slmdesk.engines.traces import describe_bug
from slmdesk.messages import UserError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    Pipe: TypeAlias = Connection[Any, Any]

Entry: TypeAlias = "Callable[[Pipe, str, str], None]"
"""What an engine process runs, called with its pipe, the engine's name and the log's path. Module level."""

UNREAD_LIMIT = 64 * 1024 * 1024
"""Bytes of frames a child may be ahead of the call that reads them; more is no answer but a flood."""
_ASK_S = 2.0
_TERMINATE_S = 2.0
_KILL_S = 10.0
_LOGS_KEPT = 10
_TAIL_BYTES = 16 * 1024
_TAIL_LINES = 60

_log = logging.getLogger(__name__)


class Mailbox:
    """The frames that answer one request. None is the last thing in it when the process has ended."""

    def __init__(self, request: int) -> None:
        self.request = request
        self._queue: queue.SimpleQueue[tuple[int, frames.Frame | None] | None] = queue.SimpleQueue()
        # Each is written by one thread only: the reader thread, and the call that takes frames out.
        self._bytes_in = 0
        self._bytes_out = 0

    def put(self, frame: frames.Frame | None, size: int = 0) -> None:
        """Called by the reader thread."""
        self._bytes_in += size
        self._queue.put((size, frame))

    @property
    def is_flooded(self) -> bool:
        """Whether more is waiting than any answer could be."""
        return self._bytes_in - self._bytes_out > UNREAD_LIMIT

    def take(self, timeout_s: float) -> frames.Frame | None:
        """The next frame. Raises queue.Empty when none came in time, or `wake` was called."""
        item = self._queue.get(timeout=timeout_s)
        if item is None:
            raise queue.Empty
        size, frame = item
        self._bytes_out += size
        return frame

    def wake(self) -> None:
        """End a `take` that waits, or the next one, without a frame. Any thread."""
        self._queue.put(None)


class Link:
    """One running engine process. Raises OSError when the system refuses to start one.

    Every method may be called from any thread.
    """

    def __init__(self, entry: Entry, engine: str, log_file: Path, on_death: Callable[[Death], None]) -> None:
        """`on_death` is called once, by the reader thread, when everything about the end is known."""
        import multiprocessing

        _end_all_at_exit()
        self.death: Death | None = None
        """Set once the process is reaped."""
        self.frames_received = 0
        self.activity = 0
        """What the engine last said of its activity."""
        self.log_file = _own_log(log_file)
        """What the process and its native code print. Of this process alone: how it ended is read from it."""
        self._on_death = on_death
        self._state = threading.Lock()
        self._mailboxes: dict[int, Mailbox] = {}
        self._last_request = frames.START_REQUEST
        self._verdict: Cause | None = None
        self._reaped = False
        self._dead = threading.Event()
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=True)
        self._connection: Pipe = ours
        # A daemon, so that multiprocessing ends it too when this process ends in an orderly way.
        self._process: SpawnProcess = context.Process(
            target=entry, args=(theirs, engine, str(self.log_file)), name=f"engine {engine}", daemon=True
        )
        try:
            with _interrupts_held_back():
                self._process.start()
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        pid = self._process.pid
        assert pid is not None
        self.pid = pid
        self.started = self.open_mailbox(frames.START_REQUEST)
        """Where `Hello`, or a failure before it, arrives."""
        self._reader = threading.Thread(target=self._read, name=f"engine {pid} reader", daemon=True)
        self._writer = threading.Thread(target=self._write, name=f"engine {pid} writer", daemon=True)
        _live.add(self)
        try:
            self._writer.start()
            self._reader.start()
        except RuntimeError as error:
            self._outgoing.put(None)
            self._process.kill()
            self._process.join()
            self._process.close()
            ours.close()
            _live.discard(self)
            raise OSError(str(error)) from None

    def open_mailbox(self, request: int | None = None) -> Mailbox:
        """A mailbox for a new request."""
        with self._state:
            if request is None:
                self._last_request += 1
                request = self._last_request
            mailbox = Mailbox(request)
            if self.death is None:
                self._mailboxes[request] = mailbox
            else:
                mailbox.put(None)
        return mailbox

    def drop_mailbox(self, mailbox: Mailbox) -> None:
        """Frames for it that still come are thrown away."""
        with self._state:
            self._mailboxes.pop(mailbox.request, None)

    def send(self, command: bytes) -> None:
        """Have an encoded command sent. Never waits; without effect once the process has ended."""
        self._outgoing.put(command)

    def end(self, cause: Cause) -> None:
        """Kill the process because of `cause`; a stopped one as well. Does not wait for its end."""
        with self._state:
            self._verdict = self._verdict or cause
            if not self._reaped:
                self._process.kill()

    def close(self) -> None:
        """Ask the process to end, make sure that it does, and wait until it is reaped."""
        with self._state:
            self._verdict = self._verdict or Cause.CLOSED
        self.send(frames.encode(frames.Quit()))
        if not self._dead.wait(_ASK_S):
            with self._state:
                if not self._reaped:
                    self._process.terminate()
            if not self._dead.wait(_TERMINATE_S):
                self.end(Cause.CLOSED)
                if not self._dead.wait(_KILL_S):
                    # It sits in a system call that even SIGKILL does not end, for example on a dead disk.
                    _log.error("engine process %s cannot be ended", self.pid)
                    return
        self._reader.join()

    def wait_for_end(self, timeout_s: float = _KILL_S) -> bool:
        """Whether the process was reaped in time."""
        return self._dead.wait(timeout_s)

    def _write(self) -> None:
        try:
            while (data := self._outgoing.get()) is not None:
                self._connection.send_bytes(data)
        except OSError:
            # The process has ended; the reader thread finds out by itself and says so.
            return

    def _read(self) -> None:
        try:
            while True:
                data = self._connection.recv_bytes(frames.FRAME_LIMIT)
                self._take(frames.decode_frame(data), len(data))
        except frames.GarbledFrameError as error:
            _log.error("engine process %s sent a garbled frame: %s", self.pid, error)
            self.end(Cause.GARBLED)
        except EOFError:
            pass
        except OSError as error:
            # A frame over the limit closes the reading side only; a process that died resets the pipe.
            if not self._connection.closed and not self._connection.readable:
                _log.error("engine process %s sent an oversized frame: %s", self.pid, error)
                self.end(Cause.GARBLED)
        except Exception as error:  # noqa: BLE001 - a reader that just ended would leave every call waiting
            _log.error("engine process %s cannot be read:\n%s", self.pid, describe_bug(error))
            self.end(Cause.GARBLED)
        self._reap()

    def _take(self, frame: frames.Frame, size: int) -> None:
        self.frames_received += 1
        if isinstance(frame, frames.Pong):
            self.activity = frame.activity
            return
        with self._state:
            mailbox = self._mailboxes.get(frame.request)
        # An answer that nobody waits for any more: its reader was closed early.
        if mailbox is not None:
            mailbox.put(frame, size)
            if mailbox.is_flooded:
                raise frames.GarbledFrameError("more frames than anyone could read")

    def _reap(self) -> None:
        from multiprocessing.connection import wait

        if not wait([self._process.sentinel], timeout=_ASK_S):
            # Its pipe is closed, so there is nothing left that it could do for us.
            self.end(Cause.CRASHED)
            wait([self._process.sentinel])
        with self._state:
            self._process.join()
            exit_code = self._process.exitcode
            self._process.close()
            self._reaped = True
            verdict = self._verdict
        self._outgoing.put(None)
        self._writer.join()
        self._connection.close()
        log = _tail(self.log_file)
        death = Death(verdict or classify(exit_code, log), exit_status(exit_code), log)
        if death.cause is not Cause.CLOSED:
            _log.warning("engine process %s: %s, %s", self.pid, death.cause.value, death.status)
        _live.discard(self)
        with self._state:
            self.death = death
            waiting = list(self._mailboxes.values())
            self._mailboxes.clear()
        for mailbox in waiting:
            mailbox.put(None)
        self._dead.set()
        self._on_death(death)


# Links whose process has not been reaped yet.
_live: set[Link] = set()


@cache
def _end_all_at_exit() -> None:
    """See to it, once, that every engine process ends with this one.

    multiprocessing would only ask politely and then wait forever for a process that is stopped. What is
    registered last runs first, so this comes after multiprocessing has registered its own.
    """
    import multiprocessing.util  # noqa: F401 - registers

    atexit.register(_end_all)


def _end_all() -> None:
    for link in list(_live):
        link.close()


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Start a process that Ctrl-C cannot reach before it says that it ignores it.

    A new process inherits which signals are blocked. One that arrives meanwhile reaches this process
    afterwards.
    """
    if sys.platform == "win32":
        yield
        return
    from multiprocessing import resource_tracker

    # It starts with the first process, and unblocks the signal afterwards.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_started = itertools.count(1)


def _own_log(log_file: Path) -> Path:
    """An empty log for one new process beside `log_file`: `engine.log` gives `engine-PID-NUMBER.log`.

    The number is that of this program, since a new process has none before it starts. Nothing shared: the
    window and a command line may each run an engine, and the last words of one say nothing about the other.
    """
    own = log_file.with_name(f"{log_file.stem}-{os.getpid()}-{next(_started)}{log_file.suffix}")
    # Without a log there is less to tell, and nothing else is lost.
    with contextlib.suppress(OSError, UserError):
        # Not at the top: a window starts without it.
        from slmdesk.storage import make_private_folder

        make_private_folder(own.parent)
        # An earlier program may have had the same number.
        own.unlink(missing_ok=True)
        _tidy(log_file)
    return own


def _tidy(log_file: Path) -> None:
    """Delete all but the last few logs of processes that have ended."""
    import psutil

    used = {link.log_file for link in list(_live)}
    logs = sorted(
        log_file.parent.glob(f"{glob.escape(log_file.stem)}-*-*{glob.escape(log_file.suffix)}"),
        key=lambda file: file.stat().st_mtime,
    )
    for file in logs[: -(_LOGS_KEPT - 1)]:
        owner = file.stem.removeprefix(f"{log_file.stem}-").partition("-")[0]
        if not owner.isdecimal() or file in used:
            continue
        if int(owner) != os.getpid() and psutil.pid_exists(int(owner)):
            continue
        file.unlink(missing_ok=True)


def _tail(log_file: Path) -> str:
    """The last lines, without control characters."""
    try:
        with log_file.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - _TAIL_BYTES))
            text = file.read(_TAIL_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    lines = ("".join(c if c.isprintable() or c == "\t" else "�" for c in line) for line in text.splitlines())
    return "\n".join(list(lines)[-_TAIL_LINES:])
