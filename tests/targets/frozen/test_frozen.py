"""The program in one folder, as `.ci/frozen` builds it: it runs both engines, and leaves nothing behind.

`SLMDESK_FROZEN` names its executable. Nothing of this Python's environment is to be used by it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from slmdesk import __version__
from slmdesk.engines import engine_names
from slmdesk.storage import Paths

WaitUntil = Callable[[Callable[[], object], str], None]
Run = Callable[..., dict[str, Any]]

_PROGRAM = os.environ.get("SLMDESK_FROZEN", "")
_TINY_ONNX = Path(__file__).parents[2] / "data" / "tiny-onnx"
_LIMIT_S = 120
_STARTER_LOADED_BYTES = 150_000_000

pytestmark = [
    pytest.mark.target,
    pytest.mark.skipif(not _PROGRAM, reason="SLMDESK_FROZEN is not set: run .ci/frozen"),
]


@pytest.fixture(scope="session")
def program() -> Path:
    return Path(_PROGRAM).absolute()


def processes_of(program: Path) -> list[psutil.Process]:
    """Every process that runs the program now, whoever started it."""
    found = []
    for one in psutil.process_iter(["exe"]):
        if one.info["exe"] == str(program):
            found.append(one)
    return found


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(program: Path, paths: Paths, wait_until: WaitUntil) -> Iterator[None]:
    yield
    # The engine ends by itself when its pipe closes; that takes a moment after the program's end.
    wait_until(lambda: not processes_of(program), "no process of the program is left")
    for log in paths.logs.rglob("*.log"):
        assert "Traceback" not in log.read_text(encoding="utf-8", errors="replace"), log


@pytest.fixture
def environment() -> dict[str, str]:
    """That of a person who has no Python: nothing in it leads to the one that runs this test."""
    own = {"PATH", "VIRTUAL_ENV", "DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in own and not name.startswith(("PYTHON", "PYTEST"))
    }
    return {**kept, "PATH": os.defpath}


@pytest.fixture
def run(program: Path, environment: dict[str, str], tmp_path: Path) -> Run:
    """Runs the program with arguments and `--json`, and gives what it answered."""

    def answered(*arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [program, *arguments, "--json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
            timeout=_LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return answered


def test_doctor_finds_everything_inside(run: Run, program: Path) -> None:
    found = run("doctor")
    assert found["slmdesk"] == __version__
    assert [one["name"] for one in found["engines"]] == list(engine_names())
    for engine in found["engines"]:
        assert engine["problem"] is None, engine["details"]
        assert Path(engine["library"]).is_relative_to(program.parent)
    assert Path(found["starter"]).is_relative_to(program.parent)
    assert None not in found["dependencies"].values()
    # A library that Qt takes from the system would be named here.
    assert found["problems"] == ["There is no display here."]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux is told of libraries this way")
@pytest.mark.skipif(Path("/usr/bin/nvidia-smi").exists(), reason="the real one would be asked")
def test_a_program_of_the_system_does_not_get_our_libraries(
    run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    """`run` and this test share `environment`."""
    seen = tmp_path / "environment"
    tool = tmp_path / "tools" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\nenv > '{seen}'\n")
    tool.chmod(0o755)
    environment["PATH"] = f"{tool.parent}{os.pathsep}{environment['PATH']}"
    run("doctor")
    assert "LD_LIBRARY_PATH" not in seen.read_text()


def test_the_starter_answers(run: Run) -> None:
    answer = run(
        "chat", "starter", "--device", "cpu", "--temperature", "0", "--max-tokens", "16",
        "--prompt", "What is the capital of France?",
    )  # fmt: skip
    assert "Paris" in answer["text"]
    assert answer["device"] == "CPU"


def test_a_folder_in_onnx_format_answers(run: Run) -> None:
    answer = run("chat", str(_TINY_ONNX), "--temperature", "0", "--max-tokens", "8", "--prompt", "hello")
    assert answer["generated_tokens"] == 8
    assert answer["text"]
    assert answer["device"] == "CPU"


@pytest.mark.skipif(sys.platform == "win32", reason="a process is asked to end with a signal of POSIX")
def test_the_window_opens_and_loads_the_starter(
    program: Path, environment: dict[str, str], tmp_path: Path, wait_until: WaitUntil
) -> None:
    with subprocess.Popen(
        [program],
        env={**environment, "QT_QPA_PLATFORM": "offscreen"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as window:
        try:
            children = psutil.Process(window.pid).children
            wait_until(
                lambda: any(one.memory_info().rss > _STARTER_LOADED_BYTES for one in children()),
                "the starter is loaded",
            )
            window.send_signal(signal.SIGTERM)
            out, err = window.communicate(timeout=_LIMIT_S)
        finally:
            window.kill()
    assert (window.returncode, out, err) == (0, "", "")
