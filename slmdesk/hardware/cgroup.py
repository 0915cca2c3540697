"""What the control group of this process allows: a container has less than the machine says.

Pure parsers over the text of the kernel's files, and thin readers of those files. Versions 1 and 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_ROOT = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")
# Version 1 writes "no limit" as the largest multiple of the page size below 2**63.
_NO_LIMIT = 1 << 60

ReadText = Callable[[Path], str | None]
"""The text of a file, or None where there is no such file or it may not be read."""


@dataclass(frozen=True, slots=True)
class GroupMemory:
    """A memory limit and what is in use below it, caches that the kernel would drop not counted."""

    limit_bytes: int
    used_bytes: int


def read_text(path: Path) -> str | None:
    """The file's text, or None where it cannot be read."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return None


def parse_membership(text: str) -> dict[str, str]:
    """Group path by controller from `/proc/self/cgroup`; version 2's one hierarchy is under ""."""
    groups: dict[str, str] = {}
    for line in text.splitlines():
        _, _, rest = line.partition(":")
        controllers, found, path = rest.partition(":")
        if found:
            for controller in controllers.split(","):
                groups[controller] = path
    return groups


def parse_number(text: str | None) -> int | None:
    """A count of bytes, or None for `max`, nonsense and "no limit"."""
    try:
        number = int((text or "").strip())
    except ValueError:
        return None
    return number if 0 <= number < _NO_LIMIT else None


def parse_stat(text: str | None, name: str) -> int:
    """The number beside `name` in a `memory.stat`; 0 where it is not there."""
    for line in (text or "").splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return parse_number(value) or 0
    return 0


def parse_cpu_quota(text: str | None) -> float | None:
    """Processors that version 2's `cpu.max` allows ("200000 100000": 2.0), or None for all."""
    parts = (text or "").split()
    if len(parts) != 2 or parts[0] == "max":
        return None
    quota, period = parse_number(parts[0]), parse_number(parts[1])
    return quota / period if quota and period else None


def _levels(root: Path, group: str) -> Iterator[Path]:
    """The folder of `group` below `root` and those above it: a limit on any of them counts.

    Inside a container the path is often one of the host and does not exist; the root is then the group's own.
    """
    relative = PurePosixPath(group.lstrip("/"))
    if ".." not in relative.parts:
        for level in (relative, *relative.parents):
            if str(level) != ".":
                yield root / level
    yield root


def memory_of_group(read: ReadText = read_text, root: Path = _ROOT) -> GroupMemory | None:
    """The tightest memory limit of this process's group, or None where there is none."""
    groups = parse_membership(read(_MEMBERSHIP) or "")
    found: list[GroupMemory] = []
    if "" in groups:
        for folder in _levels(root, groups[""]):
            limit = parse_number(read(folder / "memory.max"))
            if limit is not None:
                used = parse_number(read(folder / "memory.current")) or 0
                droppable = parse_stat(read(folder / "memory.stat"), "inactive_file")
                found.append(GroupMemory(limit, max(0, used - droppable)))
    if "memory" in groups:
        for folder in _levels(root / "memory", groups["memory"]):
            limit = parse_number(read(folder / "memory.limit_in_bytes"))
            if limit is not None:
                used = parse_number(read(folder / "memory.usage_in_bytes")) or 0
                droppable = parse_stat(read(folder / "memory.stat"), "total_inactive_file")
                found.append(GroupMemory(limit, max(0, used - droppable)))
    return min(found, key=lambda one: one.limit_bytes - one.used_bytes, default=None)


def processors_of_group(read: ReadText = read_text, root: Path = _ROOT) -> int | None:
    """Whole processors that the tightest quota allows (rounded up), or None where there is none."""
    groups = parse_membership(read(_MEMBERSHIP) or "")
    quotas: list[float] = []
    if "" in groups:
        for folder in _levels(root, groups[""]):
            allowed = parse_cpu_quota(read(folder / "cpu.max"))
            if allowed is not None:
                quotas.append(allowed)
    if "cpu" in groups:
        for folder in _levels(root / "cpu", groups["cpu"]):
            quota = parse_number(read(folder / "cpu.cfs_quota_us"))
            period = parse_number(read(folder / "cpu.cfs_period_us"))
            if quota and period:
                quotas.append(quota / period)
    return max(1, math.ceil(min(quotas))) if quotas else None
