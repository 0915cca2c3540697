"""Why an engine process ended, and the error that tells a person."""

from __future__ import annotations

import enum
import signal
import sys
from dataclasses import dataclass

from slmdesk.messages import ErrorKind, UserError


class Cause(enum.Enum):
    """Why an engine process is gone."""

    CLOSED = "closed"
    """It was asked to end."""
    CRASHED = "crashed"
    WRONG_PROCESSOR = "wrong processor"
    """Its native code used an instruction that this processor does not have."""
    OUT_OF_MEMORY = "out of memory"
    ENDED_BY_SYSTEM = "ended by the system"
    NOT_RESPONDING = "not responding"
    """It showed no sign of life and was ended."""
    GARBLED = "garbled"
    """It sent something that is no frame and was ended."""
    FAILED = "failed"
    """It reported a bug or that memory was refused, and was ended to start afresh."""


@dataclass(frozen=True, slots=True)
class Death:
    """The end of an engine process. `status` and `log` (its last lines) are for the details."""

    cause: Cause
    status: str
    log: str

    @property
    def is_native(self) -> bool:
        """Whether native code ended the process: the model may do it again."""
        return self.cause not in (Cause.CLOSED, Cause.FAILED)

    @property
    def details(self) -> str:
        """Exit status and last log lines."""
        return f"{self.status}\n{self.log}".rstrip()


# The one place where a crash is told from a lack of memory by words. Native code that gets no memory ends
# in an abort, a read of address 0 or an exception, and only its last words differ: those of the C++ library
# (std::bad_alloc), Python (MemoryError), ggml and llama.cpp ("failed to allocate buffer", "unable to
# allocate ... buffer"), ONNX Runtime GenAI ("Could not allocate the key-value cache buffer"), the C library
# ("Cannot allocate memory") and the GPU back ends.
_OUT_OF_MEMORY_WORDS = (
    "bad_alloc",
    "memoryerror",
    "failed to allocate",
    "unable to allocate",
    "could not allocate",
    "insufficient memory",
    "cannot allocate memory",
    "out of memory",
    "outofdevicememory",
    "outofhostmemory",
    "can't start new thread",
)

# NTSTATUS codes with which Windows ends a process, and the status of its C library's abort().
_WINDOWS_STATUSES = {
    3: "abort",
    0xC0000005: "access violation",
    0xC0000017: "no memory",
    0xC000001D: "illegal instruction",
    0xC0000094: "division by zero",
    0xC00000FD: "stack overflow",
    0xC0000135: "a library was not found",
    0xC0000139: "a function was not found in a library",
    0xC0000374: "heap corruption",
    0xC0000409: "fail fast",
    0xC000012D: "commit limit reached",
}
_WINDOWS_NO_MEMORY = frozenset({0xC0000017, 0xC000012D})
_WINDOWS_ILLEGAL_INSTRUCTION = 0xC000001D
# SIGILL, by its number: Windows has no such signal, and it is the same everywhere else.
_ILLEGAL_INSTRUCTION = -4


def exit_status(exit_code: int | None, *, platform: str = sys.platform) -> str:
    """The exit code in words for details and logs: "SIGSEGV", "exit code 0xC0000005 (access violation)"."""
    if exit_code is None:
        return "exit code unknown"
    if platform == "win32":
        code = exit_code & 0xFFFFFFFF
        shown = str(code) if code <= 0xFF else f"0x{code:08X}"
        meaning = _WINDOWS_STATUSES.get(code)
        return f"exit code {shown} ({meaning})" if meaning else f"exit code {shown}"
    if exit_code < 0:
        try:
            return signal.Signals(-exit_code).name
        except ValueError:
            return f"signal {-exit_code}"
    return f"exit code {exit_code}"


def classify(exit_code: int | None, log: str, *, platform: str = sys.platform) -> Cause:
    """Why a process ended that nobody asked to, from its exit code and its last log lines."""
    if platform == "win32" and exit_code is not None and exit_code & 0xFFFFFFFF in _WINDOWS_NO_MEMORY:
        return Cause.OUT_OF_MEMORY
    if exit_code == -9:
        # Nobody else sends SIGKILL unasked: the kernel does so when memory runs out.
        return Cause.ENDED_BY_SYSTEM
    if tells_of_memory(log):
        return Cause.OUT_OF_MEMORY
    if exit_code == -15:
        return Cause.ENDED_BY_SYSTEM
    if _is_illegal_instruction(exit_code, platform):
        return Cause.WRONG_PROCESSOR
    return Cause.CRASHED


def _is_illegal_instruction(exit_code: int | None, platform: str) -> bool:
    if platform == "win32":
        return exit_code is not None and exit_code & 0xFFFFFFFF == _WINDOWS_ILLEGAL_INSTRUCTION
    return exit_code == _ILLEGAL_INSTRUCTION


def tells_of_memory(words: str) -> bool:
    """Whether native code's last words say that it was refused memory."""
    lowered = words.lower()
    return any(sign in lowered for sign in _OUT_OF_MEMORY_WORDS)


# How faulthandler begins what it writes of a crash: lists of Python's frames and modules follow.
_DUMPS = ("Fatal Python error: ", "Windows fatal exception: ")
_ABORTED = "Aborted"


def last_words(details: str) -> str:
    """The line of an error's details, a traceback or a native log, that says most: the last one as a rule.

    Of a crash what faulthandler calls it; where native code aborted, what it said last.
    """
    lines = [line.strip() for line in details.splitlines() if line.strip()]
    for index, line in enumerate(lines):
        for beginning in _DUMPS:
            if line.startswith(beginning):
                name = line.removeprefix(beginning)
                # The first line is the status of the process.
                said = lines[1:index]
                return said[-1] if name == _ABORTED and said else name
    return lines[-1] if lines else ""


_KEYS = {
    Cause.CLOSED: "engine-closed",
    Cause.CRASHED: "engine-crashed",
    Cause.WRONG_PROCESSOR: "engine-wrong-processor",
    Cause.OUT_OF_MEMORY: "engine-out-of-memory",
    Cause.ENDED_BY_SYSTEM: "engine-ended-by-system",
    Cause.NOT_RESPONDING: "engine-not-responding",
    Cause.GARBLED: "engine-answer-garbled",
    Cause.FAILED: "engine-crashed",
}


def death_error(death: Death, *, loading: str | None) -> UserError:
    """The error for the call that was waiting; `loading` names the model file while one was being loaded."""
    key = _KEYS[death.cause]
    if loading is not None and death.cause is not Cause.CLOSED:
        return UserError(
            f"{key}-loading", ErrorKind.MODEL, details=death.details, name=loading, status=death.status
        )
    return UserError(key, ErrorKind.GENERATION, details=death.details, status=death.status)


def idle_error(death: Death) -> UserError:
    """The error for a process that ended while nothing was asked of it."""
    return UserError("engine-ended", ErrorKind.GENERATION, details=death.details, status=death.status)


def start_error(death: Death, *, engine: str, limit_s: float | None = None) -> UserError:
    """The error for an engine process that ended before its engine was there, or before it could say what it
    can do: then there is no `limit_s`, the time that it had to get ready."""
    if death.cause is Cause.NOT_RESPONDING:
        # Its exit status tells only that it was ended from here.
        if limit_s is None:
            return UserError("engine-stuck-starting", ErrorKind.MODEL, details=death.log, engine=engine)
        return UserError(
            "engine-silent-starting", ErrorKind.MODEL, details=death.log, engine=engine, seconds=limit_s
        )
    key = {
        Cause.OUT_OF_MEMORY: "engine-out-of-memory-starting",
        Cause.ENDED_BY_SYSTEM: "engine-ended-by-system-starting",
        Cause.WRONG_PROCESSOR: "engine-wrong-processor-starting",
    }.get(death.cause, "engine-crashed-starting")
    return UserError(key, ErrorKind.MODEL, details=death.details, engine=engine, status=death.status)
