"""The one sink of the command line: what was asked for goes to stdout, everything else to stderr."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import sys
from collections.abc import Iterable
from typing import Any, Literal, TextIO

from slmdesk.messages import tr

# A model's words must not move the cursor, retitle the terminal or fill its clipboard: every control
# character but newline and tab is shown as its escape. A carriage return is dropped: CRLF stays a line end.
_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
_SHOWN_ESCAPED: dict[int, str | None] = {
    code: f"\\x{code:02x}" for code in _CONTROLS if chr(code) not in "\n\t"
}
_SHOWN_ESCAPED[ord("\r")] = None


class OutputClosedError(Exception):
    """Whoever was reading stdout has gone, as in `slmdesk models list | head -1`. No failure."""


class OutputFailedError(Exception):
    """stdout cannot be written, for example because the disk is full. Holds the reason, a clause."""


def prepare_streams() -> None:
    """Make the three standard streams safe to use. Call once, first thing.

    The number of a stream that was closed by the caller goes to the null device; otherwise the next file
    opened would take it, and stray output would be written into that. Nothing is read from such a stdin, what
    is said on such a stderr is lost, and writing to such a stdout fails: an answer must not go nowhere
    unnoticed. Text that a terminal cannot show is replaced, and pipes and files get UTF-8.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or _null_stream("r", os.O_RDONLY)
    # Opened for reading only, so that the system refuses what is written.
    sys.stdout = sys.stdout or _null_stream("w", os.O_RDONLY)
    sys.stderr = sys.stderr or _null_stream("w", os.O_WRONLY)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    if isinstance(sys.stdout, io.TextIOWrapper):
        if sys.stdout.isatty():
            sys.stdout.reconfigure(errors="replace")
        else:
            # A path that is not valid text becomes an escape, which is valid JSON too.
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def _null_stream(mode: Literal["r", "w"], flags: int) -> TextIO:
    return open(os.open(os.devnull, flags), mode, encoding="utf-8", closefd=False)


def drop_output() -> None:
    """Send what is still buffered for a reader that has gone, or a full disk, nowhere."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            _send_nowhere(stream)


def check_stdout() -> None:
    """Raise OutputClosedError or OutputFailedError where something that was written is still held up."""
    _write("")


def write_note(text: str) -> None:
    """Write `text` to stderr. It is lost where that cannot be written, which is no reason to stop."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        # What stays in the buffer would fail again, at the latest when Python ends.
        _send_nowhere(sys.stderr)


def _send_nowhere(stream: TextIO) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(null, stream.fileno())
    os.close(null)


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise OutputClosedError from error
    except OSError as error:
        # Windows tells of a closed pipe like this.
        if sys.platform == "win32" and error.errno == errno.EINVAL:
            raise OutputClosedError from error
        closed = error.errno == errno.EBADF
        raise OutputFailedError(tr("it is closed") if closed else error.strerror or str(error)) from error


def escape_controls(text: str) -> str:
    """`text` as it may reach a terminal: control characters as visible escapes."""
    return text.translate(_SHOWN_ESCAPED)


class Output:
    """Writes for people, or JSON where `as_json`. Every call flushes.

    What is written to stdout raises OutputClosedError and OutputFailedError.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._ends_in_newline = True

    def report(self, value: object, lines: Iterable[str]) -> None:
        """The result of a command: `value` as JSON, or `lines` for people."""
        if self.as_json:
            self.value(value)
        else:
            _write("".join(f"{line}\n" for line in map(self._for_reader, lines)))

    def value(self, value: object) -> None:
        """`value` as one JSON document."""
        _write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")

    def stream(self, text: str) -> None:
        """The next piece of an answer."""
        if text:
            self._ends_in_newline = text.endswith("\n")
            _write(self._for_reader(text))

    def end_stream(self) -> None:
        """End the line that an answer left open."""
        if not self._ends_in_newline:
            _write("\n")
            self._ends_in_newline = True

    def note(self, text: str) -> None:
        """One line beside the result, on stderr."""
        write_note((escape_controls(text) if sys.stderr.isatty() else text) + "\n")

    @staticmethod
    def _for_reader(text: str) -> str:
        return escape_controls(text) if sys.stdout.isatty() else text


def stderr_is_terminal() -> bool:
    """Whether somebody is watching stderr, so that progress may be drawn there."""
    return sys.stderr.isatty()


def read_stdin(most_bytes: int) -> bytes:
    """What is piped in, at most `most_bytes` of it. Raises OSError where it cannot be read."""
    buffer: Any = getattr(sys.stdin, "buffer", None)
    return bytes(buffer.read(most_bytes)) if buffer is not None else sys.stdin.read(most_bytes).encode()
