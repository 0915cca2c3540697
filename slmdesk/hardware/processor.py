"""The processor: its name, its cores, and how many threads should decode."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import psutil

from slmdesk.hardware import cgroup
from slmdesk.hardware.arm_cores import arm_core_names

_LEAVE_ONE_FREE_ABOVE = 4


def logical_cores() -> int:
    """Processors the system shows, hyperthreads counted; at least 1."""
    return max(1, os.cpu_count() or 1)


def physical_cores() -> int:
    """Real cores; where the system does not tell, its logical ones. At least 1."""
    return max(1, psutil.cpu_count(logical=False) or logical_cores())


def choose_threads(physical: int, allowed: int | None, quota: int | None) -> int:
    """Threads that decode: physical cores, as far as this process may use them.

    One is left free where there are more than four, for drawing and for the person's other work.
    """
    usable = min(physical, *(limit for limit in (allowed, quota) if limit is not None), physical)
    return max(1, usable - 1 if usable > _LEAVE_ONE_FREE_ABOVE else usable)


def default_threads() -> int:
    """Threads that decode unless the person chooses, for this process on this computer."""
    allowed = len(os.sched_getaffinity(0)) if sys.platform == "linux" else None
    quota = cgroup.processors_of_group() if sys.platform == "linux" else None
    return choose_threads(physical_cores(), allowed, quota)


def parse_cpuinfo(text: str) -> str:
    """The processor's name in `/proc/cpuinfo`, or ""."""
    for wanted in ("model name", "Model", "Hardware", "cpu model"):
        for line in text.splitlines():
            key, found, value = line.partition(":")
            if found and key.strip() == wanted and value.strip():
                return " ".join(value.split())
    return ""


def cpu_name() -> str:
    """The processor's name for people; its instruction set where the system has no name for it."""
    return _name_from_system() or platform.processor() or platform.machine()


def _name_from_system() -> str:
    if sys.platform == "linux":
        try:
            text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
            return parse_cpuinfo(text) or arm_core_names(text)
        except OSError:
            return ""
    elif sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
        except (OSError, subprocess.SubprocessError):
            return ""
        return answer.stdout.strip()
    elif sys.platform == "win32":
        import winreg

        where = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, where) as key:
                return str(winreg.QueryValueEx(key, "ProcessorNameString")[0]).strip()
        except OSError:
            return ""
    else:
        return ""
