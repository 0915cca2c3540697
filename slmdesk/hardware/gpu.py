"""A graphics processor of this computer, whatever told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

GpuVendor: TypeAlias = Literal["nvidia", "amd", "intel", "apple", "qualcomm", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One graphics processor. What no probe could tell is empty, 0 or None. Sizes in bytes."""

    vendor: GpuVendor
    name: str
    """As its maker calls it, for example `NVIDIA GeForce RTX 4060 Laptop GPU`."""
    integrated: bool = False
    """It has no memory of its own and takes from the computer's."""
    total_memory_bytes: int = 0
    """Its own memory; where it is integrated, the most it may take of the computer's. 0: nothing tells."""
    free_memory_bytes: int | None = None
    driver: str = ""
    """Version of the driver, or its name where it is a part of Linux. "" where none is loaded that could use
    the processor, and on macOS, which does not tell."""
    cuda: str = ""
    """NVIDIA: the highest CUDA version that the driver runs, for example `12.4`."""
    compute_capability: str = ""
    """NVIDIA: for example `8.9`."""
    probe: str = ""
    """What told of it, for people: `nvidia-smi`, `sysfs`, ..."""
