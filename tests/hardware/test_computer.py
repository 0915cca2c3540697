"""Processor and memory of this computer, and the arithmetic on them."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from slmdesk.hardware import (
    MemoryFacts,
    cpu_name,
    default_threads,
    describe_computer,
    logical_cores,
    memory_limits,
    physical_cores,
)
from slmdesk.hardware.cgroup import GroupMemory
from slmdesk.hardware.memory import narrow_memory
from slmdesk.hardware.processor import choose_threads, parse_cpuinfo


@pytest.mark.parametrize(
    ("physical", "allowed", "quota", "threads"),
    [
        (1, None, None, 1),
        (2, None, None, 2),
        (4, 8, None, 4),
        (5, None, None, 4),
        (8, 16, None, 7),
        (8, 2, None, 2),
        (8, None, 1, 1),
        (64, 64, 6, 5),
        (8, 16, 100, 7),
    ],
)
def test_threads_leave_a_core_where_there_are_many(
    physical: int, allowed: int | None, quota: int | None, threads: int
) -> None:
    assert choose_threads(physical, allowed, quota) == threads


def test_memory_is_narrowed_by_each_limit() -> None:
    machine = MemoryFacts(100, 60)
    assert narrow_memory(machine, None, None) == machine
    assert narrow_memory(machine, GroupMemory(50, 20), None) == MemoryFacts(50, 30)
    assert narrow_memory(machine, GroupMemory(90, 10), None) == MemoryFacts(90, 60)
    assert narrow_memory(machine, None, (40, 25)) == MemoryFacts(40, 15)
    assert narrow_memory(machine, GroupMemory(50, 60), (40, 25)) == MemoryFacts(40, 0)


def test_names_in_cpuinfo() -> None:
    assert parse_cpuinfo("processor\t: 0\nmodel name\t: AMD  Ryzen 7\nmodel name\t: x") == "AMD Ryzen 7"
    assert parse_cpuinfo("processor : 0\nModel : Raspberry Pi 5") == "Raspberry Pi 5"
    assert parse_cpuinfo("") == ""


def test_this_computer_is_plausible() -> None:
    computer = describe_computer()
    assert computer.cpu_name == cpu_name() != ""
    assert 1 <= computer.physical_cores == physical_cores() <= logical_cores() == computer.logical_cores
    assert 1 <= computer.default_threads == default_threads() <= computer.physical_cores
    assert 0 < computer.available_memory_bytes <= computer.total_memory_bytes
    assert computer.total_memory_bytes <= psutil.virtual_memory().total
    assert computer.system
    assert computer.machine


@pytest.mark.skipif(sys.platform == "win32", reason="no address-space limits there")
def test_a_limit_on_the_address_space_is_seen() -> None:
    script = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2 * 10**9, 2 * 10**9))\n"
        "from slmdesk.hardware import memory_limits\n"
        "facts = memory_limits()\n"
        "print(facts.total_bytes, facts.available_bytes)\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    total, available = map(int, answer.stdout.split())
    assert total <= 2 * 10**9
    assert 0 < available < total


@pytest.mark.skipif(sys.platform != "linux", reason="affinity is Linux's")
def test_affinity_bounds_the_threads() -> None:
    script = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from slmdesk.hardware import default_threads\n"
        "print(default_threads())"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ
    )
    assert answer.stdout.strip() == "1"


def test_memory_is_of_now() -> None:
    facts = memory_limits()
    assert isinstance(facts.available_bytes, int)
    assert facts.available_bytes <= facts.total_bytes
