"""Scripted models, and limits that are short enough for a test."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

# The entry of an engine process is found by its module's name in the child, which is given this path.
sys.path.insert(0, str(Path(__file__).parents[3]))

from slmdesk.engines import (
    ChatMessage,
    EnginePool,
    EngineProcess,
    GenerateRequest,
    LoadOptions,
    ProcessLimits,
)
from tests.engines.process.scripted_engine import scripted_entry

LIMITS = ProcessLimits(ping_s=0.1, start_s=120, silence_s=60, stall_s=60, cancel_s=60, load_cancel_s=60)
"""Longer than a busy machine keeps a living child from answering."""
IMPATIENT = ProcessLimits(ping_s=0.1, start_s=120, silence_s=3, stall_s=3, cancel_s=2)
"""Short enough to wait for, where a child is meant to be found hanging."""
OPTIONS = LoadOptions()
REQUEST = GenerateRequest(messages=(ChatMessage("user", "How many?"),))

Script = Callable[..., str]


def settle(condition: Callable[[], object], description: str, seconds: float = 30) -> None:
    """Wait for a condition that the operating system brings about in its own time."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"did not come true: {description}"
        pause.wait(0.005)


class Starts:
    """Starts the scripted processes of a pool; `limits` holds for the next one only."""

    def __init__(self) -> None:
        self.limits = LIMITS

    def __call__(self, engine: str, *, log_file: Path) -> EngineProcess:
        limits, self.limits = self.limits, LIMITS
        return EngineProcess(engine, log_file=log_file, limits=limits, entry=scripted_entry)


def is_gone(pid: int) -> bool:
    """Whether the process is neither running nor a zombie."""
    return not psutil.pid_exists(pid)


def engine_processes() -> list[psutil.Process]:
    """Engine processes of this one that run; children of other kinds, and zombies, may be there too."""
    return [child for child in psutil.Process().children(recursive=True) if "spawn_main" in _command(child)]


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Writes a model file: `script(prompt="abort")`; with `once=True` only the first process does it."""
    count = iter(range(100))

    def write(*, once: bool = False, **phases: object) -> str:
        name = f"scripted-{next(count)}"
        if once:
            phases["once"] = str(tmp_path / f"{name}.done")
        file = tmp_path / f"{name}.gguf"
        file.write_text(json.dumps(phases))
        return str(file)

    return write


@pytest.fixture
def scripted_process(tmp_path: Path) -> Iterator[EngineProcess]:
    """A process with a scripted engine, ended after the test."""
    yield from _process(tmp_path, LIMITS)


@pytest.fixture
def impatient_process(tmp_path: Path) -> Iterator[EngineProcess]:
    """The same with short limits, for an engine that is meant to hang."""
    yield from _process(tmp_path, IMPATIENT)


def _process(tmp_path: Path, limits: ProcessLimits) -> Iterator[EngineProcess]:
    process = EngineProcess(
        "llama.cpp", log_file=tmp_path / "logs" / "engine.log", limits=limits, entry=scripted_entry
    )
    yield process
    process.close()
    assert not process.alive


@pytest.fixture
def starts() -> Starts:
    """How `scripted_pool` starts its processes."""
    return Starts()


@pytest.fixture
def scripted_pool(tmp_path: Path, starts: Starts) -> Iterator[EnginePool]:
    """A pool of scripted engines."""
    pool = EnginePool(tmp_path / "logs", start=starts)
    yield pool
    pool.close()


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """No engine process and no thread of one outlives a test."""
    yield
    names = [thread.name for thread in threading.enumerate() if thread.name.startswith("engine ")]
    assert names == []
    assert engine_processes() == []
