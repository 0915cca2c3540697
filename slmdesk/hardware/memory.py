"""How much memory this process may use."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import psutil

from slmdesk.hardware import cgroup


@dataclass(frozen=True, slots=True)
class MemoryFacts:
    """Main memory as this process may use it, in bytes."""

    total_bytes: int
    available_bytes: int
    """Can be used now without pushing others out; file caches count as available."""


def narrow_memory(
    machine: MemoryFacts, group: cgroup.GroupMemory | None, address_space: tuple[int, int] | None
) -> MemoryFacts:
    """The machine's memory under the limits of a control group and of the address space (limit, in use)."""
    total, available = machine.total_bytes, machine.available_bytes
    if group is not None:
        total = min(total, group.limit_bytes)
        available = min(available, group.limit_bytes - group.used_bytes)
    if address_space is not None:
        limit, used = address_space
        total = min(total, limit)
        available = min(available, limit - used)
    return MemoryFacts(total, max(0, available))


def memory_limits() -> MemoryFacts:
    """Memory of this machine, narrowed by the control group (v1, v2) and by RLIMIT_AS. From any thread."""
    seen = psutil.virtual_memory()
    group = cgroup.memory_of_group() if sys.platform == "linux" else None
    return narrow_memory(MemoryFacts(seen.total, seen.available), group, _address_space())


def machine_memory_bytes() -> int:
    """Main memory of the machine, whatever this process may use of it."""
    return int(psutil.virtual_memory().total)


def narrower_limit(limit_bytes: int | None, machine_bytes: int) -> int | None:
    """A limit that is one: None where there is none, or where the machine has no more anyway."""
    return limit_bytes if limit_bytes is not None and limit_bytes < machine_bytes else None


def container_limit_bytes() -> int | None:
    """What the container or control group of this process may take, None where it may take all."""
    group = cgroup.memory_of_group() if sys.platform == "linux" else None
    return narrower_limit(group.limit_bytes if group is not None else None, machine_memory_bytes())


def _address_space() -> tuple[int, int] | None:
    """The limit on this process's address space and what it uses of it; None: no limit."""
    if sys.platform == "win32":
        return None
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY or limit < 0:
        return None
    return limit, psutil.Process().memory_info().vms
