"""The native library: importing it, its log, and pieces of text for its C functions.

Everything native goes through `lib`. Importing this module loads the library (0.2 s, 40 MiB), so it is
imported in the engine process only.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# An abort otherwise starts a debugger where there is one, and waits for it.
os.environ.setdefault("GGML_NO_BACKTRACE", "1")

import llama_cpp as package
from llama_cpp import llama_cpp as binding

from slmdesk.engines.llama_cpp.amx import leave_amx_alone

lib: Any = binding
"""llama.cpp's C functions with their ctypes signatures, untyped because ctypes converts more than it says."""

package_version: str = package.__version__

log = logging.getLogger(__name__)

# ggml.h's numbers; the Python package's own table is off by one.
_LEVELS = {1: logging.DEBUG, 2: logging.INFO, 3: logging.WARNING, 4: logging.ERROR}
_CONTINUED = 5
# ggml's own switch, read while the library starts.
_NO_VULKAN = "GGML_DISABLE_VULKAN"


class _NativeLog:
    """llama.cpp's log as records of `logging`, never on stdout, which belongs to the command line."""

    def __init__(self) -> None:
        self.recent: deque[str] = deque(maxlen=400)
        self.placing: list[str] = []
        self.listener: tuple[Callable[[str], bool], list[str]] | None = None
        self._level = logging.INFO
        self._line = ""
        # Native code holds the pointer for as long as the process lives.
        self.callback = lib.llama_log_callback(self._receive)

    def _receive(self, level: int, text: bytes | None, _data: int | None) -> None:
        if level != _CONTINUED:
            self._level = _LEVELS.get(level, logging.INFO)
        self._line += (text or b"").decode("utf-8", "replace")
        while "\n" in self._line:
            line, _, self._line = self._line.partition("\n")
            # Loading prints a row of dots as its progress.
            if line.strip(" ."):
                log.log(self._level, "%s", line)
                if self.listener is not None and self.listener[0](line):
                    self.listener[1].append(line)
                if self._level > logging.DEBUG:
                    self.recent.append(line)
                elif " assigned to device " in line:
                    self.placing.append(line)


def library_folder() -> Path:
    """Where the native libraries lie."""
    override = os.environ.get("LLAMA_CPP_LIB_PATH")
    return Path(override) if override else Path(package.__file__).parent / "lib"


def library_file(name: str) -> Path:
    """The file of the native library `name` (`llama`, `ggml`, `ggml-base`). Raises FileNotFoundError."""
    names = {
        "win32": (f"{name}.dll", f"lib{name}.dll"),
        "darwin": (f"lib{name}.dylib", f"lib{name}.so"),
    }.get(sys.platform, (f"lib{name}.so",))
    for candidate in names:
        if (library_folder() / candidate).exists():
            return library_folder() / candidate
    raise FileNotFoundError(library_folder() / names[0])


def has_library(name: str) -> bool:
    """Whether there is a native library `name`."""
    try:
        library_file(name)
    except FileNotFoundError:
        return False
    return True


def open_part(name: str) -> ctypes.CDLL:
    """The native library `name` that `lib` itself uses, with functions and signatures of the caller's own.

    A wheel has copies where there were links, so that its path may lead to a second library, with devices of
    its own, beside the one in use. Only Windows cannot find a function through the libraries below another.
    """
    return ctypes.CDLL(str(library_file(name if sys.platform == "win32" else "llama")))


def _open_library() -> ctypes.CDLL:
    """Start the library; returns ggml's part of it, of which the Python package binds nothing."""
    lib.llama_log_set(_native_log.callback, None)
    # Vulkan's drivers start with the library otherwise, also for who wants the processor alone; a broken
    # one would end the process.
    later = _NO_VULKAN not in os.environ
    if later:
        os.environ[_NO_VULKAN] = "1"
    lib.llama_backend_init()
    if later:
        del os.environ[_NO_VULKAN]
    found = open_part("ggml")
    found.ggml_backend_reg_count.restype = ctypes.c_size_t
    found.ggml_backend_load_all_from_path.argtypes = [ctypes.c_char_p]
    if found.ggml_backend_reg_count() == 0:
        # A build that keeps each backend in a file of its own.
        found.ggml_backend_load_all_from_path(path_bytes(str(library_folder())))
    return found


def start_drivers() -> None:
    """Start the drivers that the library did not start by itself. Once more: no effect."""
    if _NO_VULKAN in os.environ or not has_library("ggml-vulkan"):
        return
    vulkan = open_part("ggml-vulkan")
    vulkan.ggml_backend_vk_reg.restype = ctypes.c_void_p
    ggml.ggml_backend_register.argtypes = [ctypes.c_void_p]
    ggml.ggml_backend_register.restype = None
    # NULL where no driver of it works, which ggml passes over.
    ggml.ggml_backend_register(vulkan.ggml_backend_vk_reg())


def amx_is_left_alone() -> bool:
    """Whether this computer's AMX is not to be trusted; see `amx`."""
    cpuinfo = Path("/proc/cpuinfo")
    told = cpuinfo.read_text(encoding="ascii", errors="replace") if sys.platform == "linux" else ""
    return leave_amx_alone(lib.llama_print_system_info().decode("utf-8", "replace"), told)


def clear_log() -> None:
    """Forget what was logged so far, so that `recent_log` and `placing_log` are about what comes next."""
    _native_log.recent.clear()
    _native_log.placing.clear()


def recent_log() -> list[str]:
    """The last lines of the native log, oldest first."""
    return list(_native_log.recent)


def placing_log() -> list[str]:
    """The lines of the native log that say which device each layer is on."""
    return list(_native_log.placing)


@contextmanager
def listening(wanted: Callable[[str], bool]) -> Iterator[list[str]]:
    """The lines of the native log, of every level, that are `wanted`, as they come."""
    heard: list[str] = []
    _native_log.listener = (wanted, heard)
    try:
        yield heard
    finally:
        _native_log.listener = None


def log_tail(count: int = 12) -> str:
    """The last lines of the native log as one text, for the details of an error."""
    return "\n".join(recent_log()[-count:])


def path_bytes(path: str) -> bytes:
    """`path` as llama.cpp expects it: UTF-8 on Windows, the system's own bytes elsewhere."""
    return path.encode("utf-8") if sys.platform == "win32" else os.fsencode(path)


_native_log = _NativeLog()
ggml = _open_library()
"""libggml, through ctypes alone."""


class StopFlag:
    """Tells native code to stop, in a way that costs nothing while it runs.

    llama.cpp asks its abort callback at every node of the graph, 500 times a token for a small model. A
    Python callback would need the interpreter's lock each time; instead C's `strlen` is the callback and this
    flag's memory its argument: an empty string has length 0, which means "go on".
    """

    def __init__(self) -> None:
        self._memory = ctypes.create_string_buffer(2)
        self.address = ctypes.addressof(self._memory)
        runtime = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)
        self.callback = ctypes.cast(runtime.strlen, lib.ggml_abort_callback)

    def __bool__(self) -> bool:
        return self._memory.raw[:1] != b"\0"

    def set(self) -> None:
        """Stop. From any thread."""
        self._memory[0] = b"\1"

    def clear(self) -> None:
        """Go on."""
        self._memory[0] = b"\0"
