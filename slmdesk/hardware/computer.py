"""The computer in one struct, for `doctor` and for reports."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from slmdesk.hardware.memory import memory_limits
from slmdesk.hardware.processor import cpu_name, default_threads, logical_cores, physical_cores


@dataclass(frozen=True, slots=True)
class Computer:
    """Facts about this computer, as this program may use it."""

    system: str
    """For example `Linux 6.12.0`."""
    machine: str
    """The instruction set, for example `x86_64`."""
    cpu_name: str
    physical_cores: int
    logical_cores: int
    default_threads: int
    """Threads that decode unless the person chooses."""
    total_memory_bytes: int
    available_memory_bytes: int


def describe_computer() -> Computer:
    """Look at this computer now. Blocking for some milliseconds; callable from any thread."""
    memory = memory_limits()
    return Computer(
        system=f"{platform.system()} {platform.release()}".strip(),
        machine=platform.machine(),
        cpu_name=cpu_name(),
        physical_cores=physical_cores(),
        logical_cores=logical_cores(),
        default_threads=default_threads(),
        total_memory_bytes=memory.total_bytes,
        available_memory_bytes=memory.available_bytes,
    )
