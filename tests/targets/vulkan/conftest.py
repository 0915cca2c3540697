"""Real engine processes over a llama.cpp built with Vulkan, as `.ci/vulkan` prepares it.

load   loads the starter in a process of its own, which ends with the test: what it reports, answers and logs
tell   prints a figure, whatever pytest captures
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from slmdesk.engines import (
    LLAMA_CPP,
    ChatMessage,
    EngineProcess,
    GenerateRequest,
    LoadOptions,
    LoadReport,
    Sampling,
    Stats,
    Text,
)

REQUEST = GenerateRequest(
    messages=(
        ChatMessage("system", "You are a helpful assistant."),
        ChatMessage("user", "What is the capital of France?"),
    ),
    sampling=Sampling(temperature=0),
    max_tokens=12,
)


@dataclass
class Process:
    """One engine process with the starter in it."""

    process: EngineProcess
    report: LoadReport
    _folder: Path

    def answer(self) -> tuple[str, Stats]:
        """What it says to a question, and what that took."""
        events = list(self.process.generate(REQUEST))
        [stats] = [event for event in events if isinstance(event, Stats)]
        return "".join(event.text for event in events if isinstance(event, Text)), stats

    def log(self) -> str:
        """What llama.cpp has logged until now."""
        return "\n".join(file.read_text(encoding="utf-8") for file in self._folder.glob("engine-*.log"))

    def mapped(self) -> set[str]:
        """Names of the libraries in its memory."""
        maps = Path(f"/proc/{self.process.pid}/maps").read_text(encoding="utf-8")
        return {line.rpartition("/")[2] for line in maps.splitlines() if "/" in line}


Load = Callable[[LoadOptions], Process]
Tell = Callable[[str], None]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    def tell(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{text}\n")

    return tell


@pytest.fixture
def load(starter_file: Path, tmp_path: Path) -> Iterator[Load]:
    started: list[EngineProcess] = []

    def load(options: LoadOptions) -> Process:
        folder = tmp_path / f"process-{len(started)}"
        process = EngineProcess(LLAMA_CPP, log_file=folder / "engine.log")
        started.append(process)
        report = process.load(str(starter_file), options)
        assert report is not None
        return Process(process, report, folder)

    yield load
    for process in started:
        process.close()
