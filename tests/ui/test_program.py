"""The program as a process: it opens, one window per home, and leaves nothing behind however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from slmdesk.storage import Paths, log_file

WaitUntil = Callable[[Callable[[], object], str], None]
Start = Callable[..., subprocess.Popen[str]]

pytestmark = pytest.mark.usefixtures("starter_file")


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "slmdesk"],
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def engines(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return [one for one in psutil.Process(process.pid).children() if "spawn_main" in " ".join(one.cmdline())]


def wait_for_engine(process: subprocess.Popen[str], wait_until: WaitUntil) -> psutil.Process:
    """The engine process with the starter in its memory."""
    wait_until(
        lambda: any(one.memory_info().rss > 150_000_000 for one in engines(process)), "the starter is loaded"
    )
    return engines(process)[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_opens_with_the_starter_and_closes_properly(
    start: Start, wait_until: WaitUntil, paths: Paths, number: signal.Signals
) -> None:
    process = start()
    engine = wait_for_engine(process, wait_until)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert not [line for line in err.splitlines() if "propagateSizeHints" not in line]
    assert not engine.is_running()
    log = log_file(paths)
    assert not log.exists() or "a bug" not in log.read_text()


def test_a_killed_window_leaves_no_engine_behind(start: Start, wait_until: WaitUntil) -> None:
    process = start()
    engine = wait_for_engine(process, wait_until)
    process.kill()
    process.wait()
    wait_until(lambda: not engine.is_running() or engine.status() == psutil.STATUS_ZOMBIE, "the engine ended")


def test_a_second_start_brings_the_first_window_forward(
    start: Start, wait_until: WaitUntil, paths: Paths
) -> None:
    first = start()
    wait_for_engine(first, wait_until)
    attention = Path(paths.window_lock.with_name("attention"))
    before = attention.stat().st_mtime_ns
    second = start()
    _, err = second.communicate(timeout=60)
    assert second.returncode == 0
    assert "SLM Desk is open already" in err
    assert attention.stat().st_mtime_ns > before
    assert first.poll() is None
