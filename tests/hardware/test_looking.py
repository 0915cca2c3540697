"""Looking at this computer: with a tool of NVIDIA's that is a script, and with disks."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from slmdesk.hardware import describe_computer, disk_free_bytes
from slmdesk.hardware import nvidia as nvidia_module
from slmdesk.hardware.emulation import native_machine
from slmdesk.hardware.gpus import look_for_gpus
from slmdesk.hardware.memory import container_limit_bytes, narrower_limit
from slmdesk.hardware.nvidia import find_nvidia_smi, look_with_nvidia_smi
from slmdesk.hardware.sysctl import parse_sysctl
from tests.hardware.recorded import FOLDER, GIB, recording

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the tool is a script, on the path of Linux")


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A tool that answers with the files `query` and `summary` beside it, which hangs where one is a pipe."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text(
        "#!/bin/sh\n"
        'cd "$(dirname "$0")"\n'
        'case "$1" in\n'
        "  *compute_cap*) exec cat query ;;\n"
        "  --query*) exec cat query_without ;;\n"
        "  *) exec cat summary ;;\n"
        "esac\n",
        encoding="utf-8",
    )
    tool.chmod(0o755)
    monkeypatch.setattr(nvidia_module, "find_nvidia_smi", lambda: str(tool))
    yield tmp_path
    if (tmp_path / "summary").is_fifo():
        # Lets the tool that waits for a writer end.
        os.close(os.open(tmp_path / "summary", os.O_RDWR))
    for thread in threading.enumerate():
        if thread.name == "look-nvidia-smi":
            thread.join()


def answer(folder: Path, name: str, recorded: str) -> None:
    (folder / name).write_text(recording("nvidia", recorded), encoding="utf-8")


@on_linux
def test_the_tool_is_asked_for_values_and_versions(nvidia_smi: Path) -> None:
    answer(nvidia_smi, "query", "rtx-4080-super-linux.query.txt")
    answer(nvidia_smi, "summary", "rtx-4080-super-linux.summary.txt")
    # This computer may have others, which `/sys` tells of.
    told = [gpu for gpu in look_for_gpus(32 * GIB).gpus if gpu.probe == "nvidia-smi"]
    assert [(gpu.name, gpu.cuda) for gpu in told] == [("NVIDIA GeForce RTX 4080 SUPER", "13.2")]


@on_linux
def test_an_old_driver_is_asked_again_without_what_it_does_not_know(nvidia_smi: Path) -> None:
    answer(nvidia_smi, "query", "field-refused.query.txt")
    answer(nvidia_smi, "query_without", "driver-470-linux.query.txt")
    answer(nvidia_smi, "summary", "driver-470-linux.summary.txt")
    found = look_with_nvidia_smi()
    assert found is not None
    assert [(gpu.name, gpu.cuda) for gpu in found.gpus] == [("NVIDIA GeForce RTX 3070", "11.4")]
    assert found.problem is None


@on_linux
def test_a_driver_that_fails_is_told_of_without_waiting_for_the_table(nvidia_smi: Path) -> None:
    answer(nvidia_smi, "query", "driver-mismatch.query.txt")
    os.mkfifo(nvidia_smi / "summary")
    found = look_with_nvidia_smi()
    assert found is not None
    assert found.problem is not None
    assert found.problem.key == "nvidia-driver-mismatch"


@on_linux
def test_a_table_that_does_not_come_loses_only_the_cuda_version(
    nvidia_smi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nvidia_module, "_SUMMARY_S", 0.2)
    answer(nvidia_smi, "query", "rtx-4080-super-linux.query.txt")
    os.mkfifo(nvidia_smi / "summary")
    found = look_with_nvidia_smi()
    assert found is not None
    assert [(gpu.driver, gpu.cuda) for gpu in found.gpus] == [("595.71.05", "")]


@on_linux
def test_the_tool_is_looked_for_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_nvidia_smi() is not None:
        pytest.skip("this computer has the real one")
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\n", encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_nvidia_smi() == str(tool)
    monkeypatch.setenv("PATH", "")
    assert look_with_nvidia_smi() is None


@on_linux
def test_a_tool_that_cannot_be_run_is_noted(nvidia_smi: Path) -> None:
    (nvidia_smi / "nvidia-smi").write_bytes(b"\x7fELF no program")
    found = look_for_gpus(32 * GIB)
    assert "hardware-probe-failed" in [note.key for note in found.notes]


def test_this_computer() -> None:
    computer = describe_computer()
    assert computer.family == {"linux": "linux", "darwin": "macos", "win32": "windows"}[sys.platform]
    assert computer.instruction_sets
    assert computer.memory_limit_bytes == container_limit_bytes()
    assert all(gpu.name for gpu in computer.gpus)


def test_a_limit_above_the_memory_limits_nothing() -> None:
    assert narrower_limit(None, 8 * GIB) is None
    assert narrower_limit(8 * GIB, 8 * GIB) is None
    assert narrower_limit(4 * GIB, 8 * GIB) == 4 * GIB


def test_disk_space_of_a_folder_that_does_not_exist_yet(tmp_path: Path) -> None:
    assert disk_free_bytes(tmp_path / "models" / "of" / "mine") > 0
    assert disk_free_bytes(FOLDER / "README.md") > 0


def test_an_emulated_program_knows_the_real_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = parse_sysctl(recording("sysctl", "rosetta.txt"))
    assert native_machine({}) == ""
    monkeypatch.setattr(sys, "platform", "darwin")
    assert native_machine(facts) == "arm64"
    assert native_machine({}) == ""
