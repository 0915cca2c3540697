"""The computer in one struct, for `doctor` and for reports."""

from __future__ import annotations

import platform
import sys
import time
from dataclasses import dataclass
from typing import Literal, TypeAlias

from slmdesk.hardware.emulation import native_machine
from slmdesk.hardware.gpu import Gpu
from slmdesk.hardware.gpus import look_for_gpus
from slmdesk.hardware.instruction_sets import instruction_sets
from slmdesk.hardware.memory import container_limit_bytes, machine_memory_bytes, memory_limits
from slmdesk.hardware.processor import cpu_name, default_threads, logical_cores, physical_cores
from slmdesk.hardware.sysctl import read_sysctl
from slmdesk.hardware.tools import PROBE_S, Look
from slmdesk.messages import Message

Family: TypeAlias = Literal["linux", "macos", "windows", "other"]

_FAMILIES: dict[str, Family] = {"linux": "linux", "darwin": "macos", "win32": "windows"}


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
    family: Family = "other"
    native_machine: str = ""
    """The instruction set of the processor where this program runs emulated (Rosetta, Prism), else ""."""
    instruction_sets: tuple[str, ...] = ()
    """What the processor can do beyond its basics and matters to engines, for example `avx2`, `dotprod`."""
    memory_limit_bytes: int | None = None
    """Of the container or control group this program runs in; None: the machine's memory is the limit."""
    gpus: tuple[Gpu, ...] = ()
    """Those with memory of their own first."""
    notes: tuple[Message, ...] = ()
    """What could not be looked at, or does not work, and why."""


def describe_computer() -> Computer:
    """Look at this computer now. Blocking for up to some seconds, never raises; callable from any thread."""
    until = time.monotonic() + PROBE_S
    notes: list[Message] = []
    asked = Look("sysctl", read_sysctl)
    memory = memory_limits()
    gpus = look_for_gpus(machine_memory_bytes())
    facts = asked.wait({}, until, notes)
    machine = platform.machine()
    return Computer(
        system=f"{platform.system()} {platform.release()}".strip(),
        machine=machine,
        cpu_name=facts.get("machdep.cpu.brand_string") or cpu_name(),
        physical_cores=physical_cores(),
        logical_cores=logical_cores(),
        default_threads=default_threads(),
        total_memory_bytes=memory.total_bytes,
        available_memory_bytes=memory.available_bytes,
        family=_FAMILIES.get(sys.platform, "other"),
        native_machine=native_machine(facts),
        instruction_sets=instruction_sets(machine, facts),
        memory_limit_bytes=container_limit_bytes(),
        gpus=gpus.gpus,
        notes=(*gpus.notes, *notes),
    )
