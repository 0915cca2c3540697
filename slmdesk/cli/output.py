"""The one sink of the command line: what was asked for goes to stdout, everything else to stderr."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

# A model's words must not move the cursor, retitle the terminal or fill its clipboard: every control
# character but newline and tab is shown as its escape. A carriage return is dropped: CRLF stays a line end.
_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
_SHOWN_ESCAPED: dict[int, str | None] = {
    code: f"\\x{code:02x}" for code in _CONTROLS if chr(code) not in "\n\t"
}
_SHOWN_ESCAPED[ord("\r")] = None


class OutputClosedError(Exception):
    """Whoever was reading stdout or stderr has gone, as in `slmdesk models list | head -1`. No failure."""


class OutputFailedError(Exception):
    """stdout cannot be written, for example because the disk is full. Holds the system's reason."""


def prepare_streams() -> None:
    """Make the three standard streams safe to use. Call once, first thing.

    A stream that was closed by the caller becomes the null device; otherwise the next file opened would take
    its number, and stray output would be written into it. Text that a terminal cannot show is replaced, and
    pipes and files get UTF-8.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - lives to the end
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    if isinstance(sys.stdout, io.TextIOWrapper):
        if sys.stdout.isatty():
            sys.stdout.reconfigure(errors="replace")
        else:
            # A path that is not valid text becomes an escape, which is valid JSON too.
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def drop_output() -> None:
    """Send what is still buffered for a reader that has gone, or a full disk, nowhere."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
            continue
        null = os.open(os.devnull, os.O_WRONLY)
        with contextlib.suppress(OSError, ValueError):
            os.dup2(null, stream.fileno())
        os.close(null)


def escape_controls(text: str) -> str:
    """`text` as it may reach a terminal: control characters as visible escapes."""
    return text.translate(_SHOWN_ESCAPED)


class Output:
    """Writes for people, or JSON where `as_json`. Every call flushes.

    Raises OutputClosedError and OutputFailedError.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._ends_in_newline = True

    def report(self, value: object, lines: Iterable[str]) -> None:
        """The result of a command: `value` as JSON, or `lines` for people."""
        if self.as_json:
            self.value(value)
        else:
            self._write(sys.stdout, "".join(f"{line}\n" for line in map(self._for_reader, lines)))

    def value(self, value: object) -> None:
        """`value` as one JSON document."""
        self._write(sys.stdout, json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")

    def stream(self, text: str) -> None:
        """The next piece of an answer."""
        if text:
            self._ends_in_newline = text.endswith("\n")
            self._write(sys.stdout, self._for_reader(text))

    def end_stream(self) -> None:
        """End the line that an answer left open."""
        if not self._ends_in_newline:
            self._write(sys.stdout, "\n")
            self._ends_in_newline = True

    def note(self, text: str) -> None:
        """One line beside the result, on stderr."""
        line = escape_controls(text) if sys.stderr.isatty() else text
        self._write(sys.stderr, line + "\n")

    @staticmethod
    def _for_reader(text: str) -> str:
        return escape_controls(text) if sys.stdout.isatty() else text

    @staticmethod
    def _write(stream: TextIO, text: str) -> None:
        try:
            stream.write(text)
            stream.flush()
        except BrokenPipeError as error:
            raise OutputClosedError from error
        except OSError as error:
            # Windows tells of a closed pipe like this.
            if sys.platform == "win32" and error.errno == errno.EINVAL:
                raise OutputClosedError from error
            raise OutputFailedError(error.strerror or str(error)) from error


def stderr_is_terminal() -> bool:
    """Whether somebody is watching stderr, so that progress may be drawn there."""
    return sys.stderr.isatty()


def read_all_stdin() -> bytes:
    """Everything that is piped in."""
    buffer: Any = getattr(sys.stdin, "buffer", None)
    return bytes(buffer.read()) if buffer is not None else sys.stdin.read().encode()
