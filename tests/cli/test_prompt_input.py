from __future__ import annotations

import io
import locale
import sys
from pathlib import Path

import click
import pytest

from slmdesk.cli import prompt_input
from slmdesk.cli.prompt_input import (
    LeaveChat,
    MessageReader,
    PromptError,
    decode_prompt,
    read_piped_prompt,
    require_text,
)


@pytest.mark.parametrize(
    "data",
    [
        "zażółć 🙂".encode(),
        b"\xef\xbb\xbf" + "zażółć 🙂".encode(),
        "zażółć 🙂".encode("utf-16"),
        b"\xfe\xff" + "zażółć 🙂".encode("utf-16-be"),
    ],
)
def test_text_in_usual_encodings(data: bytes) -> None:
    assert decode_prompt(data) == "zażółć 🙂"


def test_other_bytes_are_refused_with_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale, "getencoding", lambda: "utf-8")
    with pytest.raises(PromptError, match="not UTF-8 text: byte 4 is 0xE9"):
        decode_prompt(b"caf\xe9")


def test_locale_is_believed_where_it_is_not_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale, "getencoding", lambda: "iso8859-2")
    assert decode_prompt("zażółć".encode("iso8859-2")) == "zażółć"
    assert decode_prompt("zażółć".encode()) == "zażółć"


class Endless(io.RawIOBase):
    """A device such as /dev/zero."""

    def __init__(self) -> None:
        self.given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self.given += len(buffer)
        return len(buffer)


def test_endless_input_is_refused_at_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = Endless()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(endless)))
    with pytest.raises(PromptError, match=r"longer than 16.MB, which is more than any model can read"):
        read_piped_prompt()
    assert endless.given < 17_000_000


def test_longest_prompt_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"x" * (prompt_input._LONGEST_PROMPT_BYTES - 1) + b"\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert len(read_piped_prompt()) == len(text) - 1


def test_input_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "written").open("w") as written, open(written.fileno(), closefd=False) as reading:
        monkeypatch.setattr(sys, "stdin", reading)
        with pytest.raises(PromptError, match="the prompt cannot be read: "):
            read_piped_prompt()


def test_argument_that_is_not_text() -> None:
    assert require_text("zażółć", "--prompt") == "zażółć"
    with pytest.raises(click.UsageError, match="--prompt is not UTF-8 text"):
        require_text("caf\udce9", "--prompt")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Lines of a terminal that cannot be asked whether more is waiting."""
    lines = io.StringIO()
    monkeypatch.setattr(sys, "stdin", lines)
    monkeypatch.setattr(MessageReader, "_more_is_waiting", staticmethod(lambda: False))
    return lines


@pytest.mark.parametrize(
    ("lines", "messages"),
    [
        ("one\ntwo\n", ["one", "two"]),
        ("first\\\nsecond\\\nthird\nnext\n", ["first\nsecond\nthird", "next"]),
        ("\n  \nword\n", ["", "  ", "word"]),
        ("open\\\n", ["open"]),
        ("no line end", ["no line end"]),
        ("before\n /bye \nafter\n", ["before"]),
        ("say /bye\n", ["say /bye"]),
        ("", []),
    ],
)
def test_messages(typed: io.StringIO, lines: str, messages: list[str]) -> None:
    typed.write(lines)
    typed.seek(0)
    reader = MessageReader()
    assert [reader.read() for _ in messages] == messages
    with pytest.raises(LeaveChat):
        reader.read()


def test_pasted_lines_are_one_message(typed: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    typed.write("def f():\n    return 1\n\nf()\ntyped later\n")
    typed.seek(0)
    waiting = iter([True, True, True, False, False])
    monkeypatch.setattr(MessageReader, "_more_is_waiting", staticmethod(lambda: next(waiting)))
    reader = MessageReader()
    assert reader.read() == "def f():\n    return 1\n\nf()"
    assert reader.read() == "typed later"


def test_prompt_stays_out_of_a_redirected_stdout(
    typed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    typed.write("a\n")
    typed.seek(0)
    MessageReader().read()
    assert capsys.readouterr() == ("", prompt_input._PROMPT)
