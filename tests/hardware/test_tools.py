"""Asking tools and slow files: by trusted paths, and never for long."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from slmdesk.hardware import tools
from slmdesk.hardware.tools import Look, find_tool, run_tool
from slmdesk.messages import Message, say

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the tools here are scripts of a shell")


def script(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_all_words_count_whatever_the_exit_code(tmp_path: Path) -> None:
    tool = script(tmp_path, "tool", 'echo "$LC_ALL $1"; echo oops >&2; exit 9')
    assert run_tool([str(tool), "asked"]) == "C asked\noops\n"


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    tool = script(tmp_path, "tool", r"printf '\377\376'")
    assert run_tool([str(tool)]) == "\ufffd\ufffd"


def test_a_tool_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "PROBE_S", 0.2)
    tool = script(tmp_path, "tool", "exec sleep 600")
    with pytest.raises(subprocess.TimeoutExpired):
        run_tool([str(tool)])


def test_a_tool_cannot_read_what_the_program_is_given(tmp_path: Path) -> None:
    tool = script(tmp_path, "tool", "cat; echo end")
    code = "import sys; from slmdesk.hardware.tools import run_tool; print(run_tool(sys.argv[1:]), end='')"
    answer = subprocess.run(
        [sys.executable, "-c", code, str(tool)], input="secret\n", capture_output=True, text=True, check=True
    )
    assert answer.stdout == "end\n"


def test_a_program_in_the_working_folder_is_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path, "tool", "echo mine")
    monkeypatch.chdir(tmp_path)
    for path in ("", ".", f":{tmp_path / 'none'}", "./", "relative"):
        monkeypatch.setenv("PATH", path)
        assert find_tool("tool") is None


def test_named_folders_come_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_path, named = script(tmp_path / "path", "tool", ""), script(tmp_path / "named", "tool", "")
    monkeypatch.setenv("PATH", str(in_path.parent))
    assert find_tool("tool", named.parent) == str(named)
    assert find_tool("tool", tmp_path / "none") == str(in_path)
    assert find_tool("other", named.parent) is None


def test_a_look_gives_what_it_found() -> None:
    notes: list[Message] = []
    assert Look("sysfs", lambda: 7).wait(0, time.monotonic() + 60, notes) == 7
    assert notes == []


def test_a_look_that_fails_is_noted() -> None:
    def fail() -> int:
        raise PermissionError("not for you")

    notes: list[Message] = []
    assert Look("sysfs", fail).wait(3, time.monotonic() + 60, notes) == 3
    assert [say(note) for note in notes] == ["sysfs could not be asked: not for you"]


def test_a_look_that_hangs_is_noted_and_left_behind() -> None:
    end = threading.Event()
    look = Look("nvidia-smi", lambda: end.wait(600))
    notes: list[Message] = []
    assert look.wait(False, time.monotonic() + 0.1, notes) is False
    assert [say(note) for note in notes] == ["nvidia-smi gave no answer."]
    end.set()
    assert look.wait(False, time.monotonic() + 60, notes) is True
