"""What a processor can do beyond its basics, as far as it makes engines faster."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from slmdesk.hardware.cgroup import read_text
from slmdesk.hardware.sysctl import Sysctl

KNOWN = (
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "f16c",
    "avx_vnni",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "amx_int8",
    "amx_bf16",
    "neon",
    "fp16",
    "dotprod",
    "i8mm",
    "bf16",
    "sve",
    "sve2",
    "sme",
)
"""The names used here, in the order in which they are told: Linux's own, ARM's as compilers have them."""

_ARM_FLAGS = {"asimd": "neon", "asimdhp": "fp16", "asimddp": "dotprod"}

_MAC_KEYS = {
    "hw.optional.sse4_2": "sse4_2",
    "hw.optional.avx1_0": "avx",
    "hw.optional.avx2_0": "avx2",
    "hw.optional.fma": "fma",
    "hw.optional.f16c": "f16c",
    "hw.optional.avx512f": "avx512f",
    "hw.optional.avx512vnni": "avx512_vnni",
    "hw.optional.neon": "neon",
    "hw.optional.AdvSIMD": "neon",
    "hw.optional.arm64": "neon",
    "hw.optional.neon_fp16": "fp16",
    "hw.optional.arm.FEAT_FP16": "fp16",
    "hw.optional.arm.FEAT_DotProd": "dotprod",
    "hw.optional.arm.FEAT_I8MM": "i8mm",
    "hw.optional.arm.FEAT_BF16": "bf16",
    "hw.optional.arm.FEAT_SME": "sme",
}
_MAC_WORDS = {
    "SSE4.2": "sse4_2",
    "AVX1.0": "avx",
    "AVX2": "avx2",
    "FMA": "fma",
    "F16C": "f16c",
    "AVX512F": "avx512f",
    "AVX512VNNI": "avx512_vnni",
}

# Numbers of IsProcessorFeaturePresent. There are none for FMA, F16C, VNNI and AMX.
_WINDOWS_X86 = {38: "sse4_2", 39: "avx", 40: "avx2", 41: "avx512f"}
_WINDOWS_ARM = {
    19: "neon",
    67: "fp16",
    43: "dotprod",
    66: "i8mm",
    68: "bf16",
    46: "sve",
    47: "sve2",
    70: "sme",
}


def _in_order(found: Iterable[str]) -> tuple[str, ...]:
    names = set(found)
    return tuple(name for name in KNOWN if name in names)


def sets_in_cpuinfo(text: str) -> tuple[str, ...]:
    """The sets that all processors in `/proc/cpuinfo` have: a program moves from big cores to little ones.

    Pure, never raises.
    """
    common: set[str] | None = None
    for line in text.splitlines():
        key, found, value = line.partition(":")
        if found and key.strip() in ("flags", "Features"):
            flags = set(value.split())
            common = flags if common is None else common & flags
    arm = common is not None and not common.isdisjoint(("asimd", "neon"))
    names = {_ARM_FLAGS.get(flag, flag) for flag in common or ()} if arm else common or set()
    return _in_order(names)


def sets_in_sysctl(facts: Sysctl) -> tuple[str, ...]:
    """The sets that macOS tells of. Pure, never raises."""
    found = {name for key, name in _MAC_KEYS.items() if facts.get(key) == "1"}
    words = f"{facts.get('machdep.cpu.features', '')} {facts.get('machdep.cpu.leaf7_features', '')}".split()
    found.update(_MAC_WORDS[word] for word in words if word in _MAC_WORDS)
    return _in_order(found)


def sets_of_windows(machine: str, has: Callable[[int], bool]) -> tuple[str, ...]:
    """The sets that Windows tells of; `has` answers for a number of IsProcessorFeaturePresent.

    Fewer than there are: Windows has no number for many of them.
    """
    table = _WINDOWS_ARM if machine.upper() == "ARM64" else _WINDOWS_X86
    return _in_order(name for number, name in table.items() if has(number))


def instruction_sets(machine: str, facts: Sysctl) -> tuple[str, ...]:
    """The sets of this computer's processor; `facts` is what `sysctl` said where the system is macOS."""
    found: tuple[str, ...] = ()
    if sys.platform == "linux":
        found = sets_in_cpuinfo(read_text(Path("/proc/cpuinfo")) or "")
    elif sys.platform == "darwin":
        found = sets_in_sysctl(facts)
    elif sys.platform == "win32":
        import ctypes

        present = ctypes.windll.kernel32.IsProcessorFeaturePresent
        found = sets_of_windows(machine, lambda number: bool(present(number)))
    return found
