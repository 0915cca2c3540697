from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from slmdesk.cli import display
from slmdesk.cli.display import (
    DisplayProblem,
    SystemProbes,
    describe_problem,
    find_display_problem,
    terminal_notice,
)

_needs_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux is asked")


class Recorded:
    """A computer on which the displays in `answering` answer, and some plugins cannot be loaded."""

    def __init__(self, *answering: str, broken: tuple[str, ...] = ()) -> None:
        self.answering = answering
        self.broken = broken
        self.asked: list[str] = []

    def x11_refuses(self, display: str) -> bool:
        self.asked.append(display)
        return display not in self.answering

    def wayland_refuses(self, socket: Path) -> bool:
        self.asked.append(str(socket))
        return str(socket) not in self.answering

    def plugin_problem(self, platform: str) -> DisplayProblem | None:
        self.asked.append(platform)
        return DisplayProblem("plugin", platform) if platform in self.broken else None


_WAYLAND = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": "/run/user/1000"}
_SOCKET = "/run/user/1000/wayland-0"


@pytest.mark.parametrize(
    ("environment", "computer", "reason"),
    [
        ({}, Recorded(), "no-display"),
        ({"DISPLAY": ""}, Recorded(), "no-display"),
        ({"DISPLAY": ":0"}, Recorded(":0"), None),
        ({"DISPLAY": ":0"}, Recorded(), "x11-refused"),
        ({"DISPLAY": ":0"}, Recorded(":0", broken=("xcb",)), "plugin"),
        (_WAYLAND, Recorded(_SOCKET), None),
        (_WAYLAND, Recorded(), "wayland-refused"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, Recorded(_SOCKET), "wayland-refused"),
        ({"WAYLAND_DISPLAY": "/tmp/w"}, Recorded("/tmp/w"), None),
        ({"WAYLAND_SOCKET": "7"}, Recorded(), None),
        # XWayland: one of the two is enough, whichever it is.
        ({**_WAYLAND, "DISPLAY": ":0"}, Recorded(_SOCKET), None),
        ({**_WAYLAND, "DISPLAY": ":0"}, Recorded(":0"), None),
        ({**_WAYLAND, "DISPLAY": ":0"}, Recorded(), "x11-refused"),
        ({**_WAYLAND, "DISPLAY": ":0", "XDG_SESSION_TYPE": "wayland"}, Recorded(), "wayland-refused"),
        ({"QT_QPA_PLATFORM": "offscreen"}, Recorded(), None),
        ({"QT_QPA_PLATFORM": "offscreen:size=800x600"}, Recorded(), None),
        ({"QT_QPA_PLATFORM": "minimal"}, Recorded(broken=("minimal",)), "plugin"),
        ({"QT_QPA_PLATFORM": "vnc"}, Recorded(), None),
        ({"QT_QPA_PLATFORM": "xcb"}, Recorded(), "no-display"),
        ({"QT_QPA_PLATFORM": "xcb;offscreen"}, Recorded(), None),
        ({"QT_QPA_PLATFORM": "wayland", "XDG_RUNTIME_DIR": "/run/user/1000"}, Recorded(_SOCKET), None),
    ],
)
def test_recorded_environments(environment: dict[str, str], computer: Recorded, reason: str | None) -> None:
    problem = find_display_problem(environment, system="linux", probes=computer)
    assert (problem and problem.reason) == reason


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_other_systems_are_not_asked(system: str) -> None:
    computer = Recorded()
    assert find_display_problem({}, system=system, probes=computer) is None
    assert computer.asked == []


def test_nothing_of_qt_is_loaded_where_no_display_answers() -> None:
    computer = Recorded()
    find_display_problem({"DISPLAY": ":9"}, system="linux", probes=computer)
    assert computer.asked == [":9"]


@_needs_linux
def test_wrong_display_is_refused() -> None:
    assert SystemProbes().x11_refuses("no such display")
    assert SystemProbes().x11_refuses(":4711")


@_needs_linux
def test_wayland_socket_without_a_compositor(tmp_path: Path) -> None:
    path = tmp_path / "w"
    assert SystemProbes().wayland_refuses(path)
    path.touch()
    assert SystemProbes().wayland_refuses(path)
    path.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    if not display._loads("libwayland-client.so.0"):
        pytest.skip("libwayland-client is not installed")
    assert SystemProbes().wayland_refuses(path)


@_needs_linux
def test_real_display() -> None:
    if shutil.which("xvfb-run") is None:
        pytest.skip("xvfb-run is not installed")
    pytest.importorskip("PySide6")
    code = (
        "from slmdesk.cli.display import find_display_problem as find; import os, sys;"
        "print(find()); os.environ['XAUTHORITY'] = '/dev/null'; print(find());"
        "print([name for name in sys.modules if name.startswith(('PySide6', 'shiboken'))])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    done = subprocess.run(
        ["xvfb-run", "-a", sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    here, without_authority, imported = done.stdout.splitlines()
    assert here == "None"
    assert "x11-refused" in without_authority
    assert imported == "[]"


@_needs_linux
def test_missing_libraries_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = {"libxcb-cursor.so.0", "libglib-2.0.so.0", "libgthread-2.0.so.0"}
    monkeypatch.setattr(display, "_loads", lambda name: name not in missing)
    said = "libxcb-cursor.so.0: cannot open shared object file: No such file or directory"
    problem = display._library_problem("xcb", said)
    assert problem.packages == ("libglib2.0-0", "libxcb-cursor0")
    assert terminal_notice(problem) == (
        "The window needs packages that are missing here (apt install libglib2.0-0 libxcb-cursor0),"
        " so SLM Desk goes on in the terminal."
    )
    monkeypatch.setattr(display, "_loads", lambda name: True)
    unknown = display._library_problem("xcb", said.replace("xcb-cursor", "other"))
    assert describe_problem(unknown) == ("The window needs libraries that are missing here (libother.so.0)")
    odd = display._library_problem("xcb", "version `GLIBC_2.99' not found")
    assert describe_problem(odd) == (
        "The libraries of the window cannot be loaded (version `GLIBC_2.99' not found)"
    )


@_needs_linux
def test_broken_and_missing_plugins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(display, "_plugin_folder", lambda: tmp_path)
    assert SystemProbes().plugin_problem("xcb") == DisplayProblem("plugin", "xcb")
    (tmp_path / "libqxcb.so").write_bytes(b"no library at all")
    problem = SystemProbes().plugin_problem("xcb")
    assert problem is not None
    assert problem.reason == "libraries"
    monkeypatch.setattr(display, "_plugin_folder", lambda: None)
    assert SystemProbes().plugin_problem("xcb") == DisplayProblem("no-qt")


def test_one_sentence_each() -> None:
    problems = [
        DisplayProblem("no-display"),
        DisplayProblem("x11-refused", ":7"),
        DisplayProblem("wayland-refused", "wayland-0"),
        DisplayProblem("plugin", "eglfs"),
        DisplayProblem("no-qt"),
    ]
    assert [terminal_notice(one) for one in problems] == [
        "There is no display here, so SLM Desk goes on in the terminal.",
        "The display :7 cannot be opened, so SLM Desk goes on in the terminal.",
        "The display wayland-0 cannot be opened, so SLM Desk goes on in the terminal.",
        "Qt has no platform “eglfs” here, so SLM Desk goes on in the terminal.",
        "PySide6, which draws the window, is not installed, so SLM Desk goes on in the terminal.",
    ]
