from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from slmdesk.cli.output import Output, OutputClosedError, OutputFailedError, escape_controls, read_stdin
from slmdesk.cli.table import align, width

_needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX descriptors")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("plain\n\ttext", "plain\n\ttext"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\r\nb\rc", "a\nbc"),
        ("\x9b31m", "\\x9b31m"),
        ("\x00\x08\x7f", "\\x00\\x08\\x7f"),
        ("zażółć 🙂 שלום", "zażółć 🙂 שלום"),
    ],
)
def test_controls_are_shown_escaped(said: str, shown: str) -> None:
    assert escape_controls(said) == shown


def test_only_a_terminal_is_protected(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        monkeypatch.setattr(sys, "stdout", stream)
        Output().stream("\x1b[2J")
    assert terminal.getvalue() == "\\x1b[2J"
    assert pipe.getvalue() == "\x1b[2J"


def test_an_answer_ends_its_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    for piece in ("one", "", " line", ""):
        output.stream(piece)
    output.end_stream()
    output.end_stream()
    output.stream("two\n")
    output.end_stream()
    assert capsys.readouterr().out == "one line\ntwo\n"


def test_json_keeps_every_character(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"text": "zażółć 🙂 \x1b \u202e", "n": 1.5}
    Output(as_json=True).report(value, ["not shown"])
    out = capsys.readouterr().out
    assert json.loads(out) == value
    assert "zażółć 🙂" in out


class Broken(io.StringIO):
    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def flush(self) -> None:
        raise self._error


def test_gone_reader_and_full_disk_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Broken(BrokenPipeError()))
    with pytest.raises(OutputClosedError):
        Output().stream("text")
    monkeypatch.setattr(sys, "stdout", Broken(OSError(28, "No space left on device")))
    with pytest.raises(OutputFailedError, match="No space left on device"):
        Output().stream("text")


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "No space left on device")])
def test_note_that_cannot_be_written_stops_nothing(
    error: OSError, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", Broken(error))
    output = Output()
    output.note("beside it")
    output.stream("text\n")
    assert capsys.readouterr().out == "text\n"


def test_no_more_is_read_than_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"0123456789"))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert read_stdin(4) == b"0123"
    assert stdin.buffer.tell() == 4


def test_columns() -> None:
    rows = [("Name", "Size"), ("模型", "1"), ("zażółć\x1b", "12\N{NO-BREAK SPACE}MB")]
    assert list(align(rows, right=(1,))) == [
        "Name      Size",
        "模型         1",
        "zażółć\N{REPLACEMENT CHARACTER}  12\N{NO-BREAK SPACE}MB",
    ]
    assert width("e\N{COMBINING ACUTE ACCENT}") == 1


_SCRIPT = """
import os, sys
for number in map(int, sys.argv[1]):
    os.close(number)
sys.stdin, sys.stdout, sys.stderr = (None if str(n) in sys.argv[1] else stream
    for n, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)))
from slmdesk.cli.output import prepare_streams, drop_output, Output, OutputFailedError, read_stdin
prepare_streams()
Output().note("err")
opened = os.open(sys.executable, os.O_RDONLY)
assert opened > 2, opened
assert read_stdin(9) == b""
os.write(1, b"a native library's own words")
try:
    Output().stream("out")
except OutputFailedError as error:
    drop_output()
    sys.exit(str(error))
"""


@_needs_posix
@pytest.mark.parametrize("closed", ["0", "1", "2", "012"])
def test_closed_streams_are_no_other_file_and_a_closed_stdout_takes_no_answer(closed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, closed], input=b"", capture_output=True, check=False
    )
    assert done.returncode == ("1" in closed), done.stderr
    assert done.stdout == (b"" if "1" in closed else b"a native library's own wordsout")
    said = b"err\nit is closed\n" if "1" in closed else b"err\n"
    assert done.stderr == (b"" if "2" in closed else said)
