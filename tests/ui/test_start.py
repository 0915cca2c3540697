"""What goes wrong before there is a window is told in a sentence, in whatever way there is."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys

import pytest
from PySide6.QtWidgets import QApplication, QMessageBox

import slmdesk.ui
from slmdesk import __main__ as program
from slmdesk.app import _Planning
from slmdesk.engines import engine_names, probe_engine
from slmdesk.storage import Paths, Settings, WindowLock, log_file

BUG = """
import sys
import slmdesk.app
from slmdesk.__main__ import _open_window
def run():
    raise KeyError("before the window")
slmdesk.app.run = run
sys.exit(_open_window())
"""


def _run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)


def test_a_bug_before_the_window_is_one_sentence_and_in_the_log(paths: Paths) -> None:
    done = _run(BUG)
    file = log_file(paths)
    assert (done.returncode, done.stderr) == (
        1,
        f"slmdesk: This is a bug in SLM Desk; the report is in {file}.\n",
    )
    assert "KeyError: 'before the window'" in file.read_text()


def test_a_bug_where_there_is_no_log_is_shown_whole(paths: Paths) -> None:
    paths.state.parent.mkdir(parents=True)
    paths.state.write_text("a file where the folder should be")
    done = _run(BUG)
    assert done.returncode == 1
    assert "KeyError: 'before the window'" in done.stderr
    assert done.stderr.endswith("slmdesk: This is a bug in SLM Desk.\n")


def test_without_a_terminal_a_box_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(slmdesk.ui, "show_box", said.append)
    program._tell("Something is wrong.")
    assert said == ["Something is wrong."]


class Stream(io.StringIO):
    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize(
    ("platform", "terminal", "box"),
    [
        ("xcb", "", True),
        (None, "", True),
        ("xcb", "stdin", False),
        ("xcb", "stdout", False),
        ("xcb", "stderr", False),
        # Nobody sees it, and nobody could close it.
        ("offscreen:size=1x1", "", False),
    ],
)
def test_a_home_that_cannot_be_written_is_shown_to_who_started_it_with_an_icon(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, platform: str | None, terminal: str, box: bool
) -> None:
    paths.state.parent.mkdir(parents=True)
    paths.state.write_text("a file where the folder should be")
    streams = {name: Stream(is_terminal=name == terminal) for name in ("stdin", "stdout", "stderr")}
    for name, stream in streams.items():
        monkeypatch.setattr(sys, name, stream)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    if platform:
        monkeypatch.setenv("QT_QPA_PLATFORM", platform)
    said: list[str] = []
    monkeypatch.setattr(slmdesk.ui, "show_box", said.append)
    assert program._open_window() == 7
    sentence = f"The folder {paths.state} cannot be made: the system says “{os.strerror(errno.EEXIST)}”."
    assert streams["stderr"].getvalue() == f"slmdesk: {sentence}\n"
    advice = "Free some disk space, or set SLMDESK_HOME to a folder that you may write to."
    assert said == ([f"{sentence} {advice}"] if box else [])


def test_a_box_is_shown_even_where_stderr_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(Stream):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, Full(is_terminal=False))
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    said: list[str] = []
    monkeypatch.setattr(slmdesk.ui, "show_box", said.append)
    program._tell("Something is wrong.")
    assert said == ["Something is wrong."]


def test_engines_have_the_names_that_the_doctor_gives_them() -> None:
    versions = _Planning(Settings()).engine_versions()
    probed = [probe_engine(name) for name in engine_names()]
    assert versions == [(one.title, one.version) for one in probed if one.problem is None]
    assert versions


def test_the_box_shows_a_sentence_as_it_is(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: said.append(f"{box.textFormat()} {box.text()}"))
    slmdesk.ui.show_box("The file <b>x</b> is damaged.")
    assert said == ["TextFormat.PlainText The file <b>x</b> is damaged."]


def test_a_lock_that_cannot_be_written_is_told_in_the_language_chosen(paths: Paths) -> None:
    paths.window_lock.parent.mkdir(parents=True)
    paths.window_lock.mkdir()
    done = _run("import sys; from slmdesk.__main__ import _open_window; sys.exit(_open_window())")
    assert done.returncode == 7
    assert done.stderr.startswith("slmdesk: SLM Desk cannot open its window: the file")


def test_a_second_start_without_a_terminal_is_quiet(paths: Paths) -> None:
    lock = WindowLock(paths.window_lock)
    assert lock.take()
    before = lock.attention_file.stat().st_mtime_ns
    done = _run(
        "import sys; from slmdesk.__main__ import _open_window; sys.stderr = None; print(_open_window())"
    )
    lock.release()
    assert (done.stdout, done.stderr) == ("0\n", "")
    assert lock.attention_file.stat().st_mtime_ns > before
    assert not log_file(paths).exists()


def test_the_window_never_waits_long_for_a_thread_that_works(paths: Paths) -> None:
    """Qt gives Python's lock away twenty times while it draws; each time somebody may keep it so long."""
    script = "import sys, slmdesk.ui; slmdesk.ui.make_application(); print(sys.getswitchinterval())"
    assert float(_run(script).stdout) <= 0.0005
