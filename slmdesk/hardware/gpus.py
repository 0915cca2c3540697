"""Looking for the graphics processors of this computer: the thin part, which asks the system."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

from slmdesk.hardware.gpu_findings import GpuFindings, gpus_of_linux, gpus_of_mac, gpus_of_windows
from slmdesk.hardware.linux_gpus import LinuxGpus, look_in_sysfs
from slmdesk.hardware.mac_gpus import look_with_system_profiler
from slmdesk.hardware.nvidia import NvidiaFindings, look_with_nvidia_smi
from slmdesk.hardware.tools import PROBE_S, Look
from slmdesk.hardware.windows_system import look_for_adapters
from slmdesk.messages import Message


def look_for_gpus(memory_bytes: int) -> GpuFindings:
    """The processors now, of a computer with so much memory. Blocking up to `PROBE_S`; never raises."""
    until = time.monotonic() + PROBE_S
    notes: list[Message] = []
    if sys.platform == "linux":
        asked = Look("nvidia-smi", look_with_nvidia_smi)
        seen = Look("/sys", look_in_sysfs).wait(LinuxGpus(), until, notes)
        found = gpus_of_linux(seen, asked.wait(NvidiaFindings(), until, notes), memory_bytes)
    elif sys.platform == "win32":
        asked = Look("nvidia-smi", look_with_nvidia_smi)
        listed = Look("cfgmgr32", look_for_adapters).wait([], until, notes)
        found = gpus_of_windows(listed, asked.wait(NvidiaFindings(), until, notes), memory_bytes)
    elif sys.platform == "darwin":
        told = Look("system_profiler", look_with_system_profiler).wait((), until, notes)
        found = gpus_of_mac(told, memory_bytes)
    else:
        found = GpuFindings()
    return replace(found, notes=(*found.notes, *notes))
