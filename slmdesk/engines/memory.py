"""Memory that native code has freed, and the system."""

from __future__ import annotations

import ctypes
import sys


def give_heap_back() -> None:
    """Ask the C library to return freed memory to the system; glibc keeps it otherwise."""
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
