"""What the person says to the model: typed line by line, or piped in whole."""

from __future__ import annotations

import codecs
import contextlib
import locale
import select
import sys

import click

from slmdesk.cli.output import read_stdin, write_note
from slmdesk.messages import ErrorKind, format_bytes, tr

_PROMPT = "> "
_NEXT_LINE = ". "
_LEAVE = "/bye"

# Several times what the longest contexts, of a million tokens, have room for. More would be refused after it
# has filled the memory, and a device such as /dev/zero never ends.
_LONGEST_PROMPT_BYTES = 16_000_000

# Lines of one paste arrive together; nobody types the next one this fast.
_PASTE_GAP_S = 0.02


class LeaveChat(Exception):  # noqa: N818 - not an error
    """The person is done: /bye, or the end of the input."""


class PromptError(click.ClickException):
    """What is piped in cannot be a prompt. Unlike with a wrong option, showing the usage would not help."""

    exit_code = int(ErrorKind.USAGE)


class MessageReader:
    """Reads messages from a terminal, with line editing and the arrow keys where Python has readline.

    What was typed is kept in memory only.
    """

    def __init__(self) -> None:
        self._edits = sys.stdin.isatty() and sys.stdout.isatty()
        if self._edits:
            with contextlib.suppress(ImportError):
                # Importing it is what makes input() edit lines; Windows edits them itself.
                import readline  # noqa: F401

    def read(self) -> str:
        """The next message; empty where only Enter was pressed.

        A line that ends in a backslash goes on in the next one, and lines pasted together are one message.
        Raises LeaveChat, and KeyboardInterrupt on Ctrl-C.
        """
        lines: list[str] = []
        while True:
            try:
                line = self._read_line(_NEXT_LINE if lines else _PROMPT)
            except (EOFError, OSError):
                # A terminal that was closed says so with an error.
                if lines:
                    return "\n".join(lines)
                raise LeaveChat from None
            goes_on = line.endswith("\\")
            lines.append(line.removesuffix("\\"))
            if not goes_on and not self._more_is_waiting():
                break
        if [line.strip() for line in lines] == [_LEAVE]:
            raise LeaveChat
        return "\n".join(lines)

    def _read_line(self, prompt: str) -> str:
        if self._edits:
            return input(prompt)
        # input() would write the prompt between the answers in a redirected stdout.
        write_note(prompt)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.removesuffix("\n")

    @staticmethod
    def _more_is_waiting() -> bool:
        if sys.platform == "win32":
            # select() knows only sockets there.
            return False
        return bool(select.select([sys.stdin], [], [], _PASTE_GAP_S)[0])


def read_piped_prompt() -> str:
    """Everything that is piped in, without the line end that closes it.

    Raises PromptError where it cannot be read, is too long for any model, or is not text.
    """
    try:
        data = read_stdin(_LONGEST_PROMPT_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise PromptError(tr("the prompt cannot be read: {reason}").format(reason=reason)) from error
    if len(data) > _LONGEST_PROMPT_BYTES:
        limit = format_bytes(_LONGEST_PROMPT_BYTES)
        raise PromptError(
            tr("the prompt is longer than {limit}, which is more than any model can read").format(limit=limit)
        )
    return decode_prompt(data).removesuffix("\n").removesuffix("\r")


def decode_prompt(data: bytes) -> str:
    """`data` as text: UTF-8, UTF-16 with its byte order mark, or what the locale says.

    Raises PromptError where it is none of these: a prompt is never changed silently.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(locale.getencoding())
        raise PromptError(
            tr("the prompt is not UTF-8 text: byte {position} is {value}").format(
                position=error.start + 1, value=f"0x{data[error.start]:02X}"
            )
        ) from error


def require_text(value: str, option: str) -> str:
    """`value` of `option`, unless it holds bytes that were not text on the command line.

    Raises click.UsageError.
    """
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise click.UsageError(tr("{option} is not UTF-8 text").format(option=option)) from error
    return value
