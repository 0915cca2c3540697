"""What processors can do, and the names of ARM's."""

from __future__ import annotations

import pytest

from slmdesk.hardware.arm_cores import arm_core_names
from slmdesk.hardware.instruction_sets import KNOWN, sets_in_cpuinfo, sets_in_sysctl, sets_of_windows
from slmdesk.hardware.processor import parse_cpuinfo
from slmdesk.hardware.sysctl import parse_sysctl
from tests.hardware.recorded import recording, recordings

V3 = ("sse4_2", "avx", "avx2", "fma", "f16c")


@pytest.mark.parametrize(
    ("recorded", "sets"),
    [
        ("ryzen-7-1700", V3),
        ("core-ultra-9-185h", (*V3, "avx_vnni")),
        ("xeon-amx", (*V3, "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")),
        ("graviton1", ("neon",)),
        ("graviton3", ("neon", "fp16", "dotprod", "sve")),
        ("raspberry-pi-5", ("neon", "fp16", "dotprod")),
        ("snapdragon-x", ("neon", "fp16", "dotprod", "i8mm", "bf16")),
        ("snapdragon-8-elite-gen-5", ("neon", "fp16", "dotprod", "i8mm", "bf16", "sve", "sve2", "sme")),
        ("redmi-6a", ("neon",)),
        # A program may be moved from the core that has more to the one that has less.
        ("big-and-little", ("neon", "fp16", "dotprod")),
    ],
)
def test_linux(recorded: str, sets: tuple[str, ...]) -> None:
    assert sets_in_cpuinfo(recording("cpuinfo", f"{recorded}.txt")) == sets


@pytest.mark.parametrize(
    ("recorded", "sets"),
    [
        ("m1-macos-11", ("neon", "fp16")),
        ("m4-sme", ("sme",)),
        ("m5", ("dotprod", "i8mm", "bf16")),
        ("core-i5-5257u", V3),
        ("xeon-w-avx512", ("avx512f",)),
        ("rosetta", ("sse4_2",)),
    ],
)
def test_macos(recorded: str, sets: tuple[str, ...]) -> None:
    assert sets_in_sysctl(parse_sysctl(recording("sysctl", f"{recorded}.txt"))) == sets


def test_windows() -> None:
    assert sets_of_windows("AMD64", {38, 39, 40, 43}.__contains__) == ("sse4_2", "avx", "avx2")
    assert sets_of_windows("ARM64", {19, 43, 66, 40}.__contains__) == ("neon", "dotprod", "i8mm")
    assert sets_of_windows("ARM64", set[int]().__contains__) == ()


def test_every_name_is_known() -> None:
    for name in recordings("cpuinfo"):
        found = sets_in_cpuinfo(recording("cpuinfo", name))
        assert found
        assert list(found) == [one for one in KNOWN if one in found]


@pytest.mark.parametrize(
    ("recorded", "name"),
    [
        ("graviton1", "Cortex-A72"),
        ("graviton3", "Neoverse-V1"),
        ("raspberry-pi-5", "Cortex-A76"),
        ("snapdragon-x", "Qualcomm Oryon"),
        # One of the two is not known without the maker's number.
        ("big-and-little", ""),
        ("ryzen-7-1700", ""),
    ],
)
def test_names_of_arm_cores(recorded: str, name: str) -> None:
    assert arm_core_names(recording("cpuinfo", f"{recorded}.txt")) == name


def test_each_kind_of_core_is_named_once() -> None:
    text = "CPU implementer : 0x41\nCPU part : 0xd4c\n" * 4 + "CPU implementer : 0x41\nCPU part : 0xd4b\n" * 4
    assert arm_core_names(text) == "Cortex-X1C + Cortex-A78C"


def test_half_a_name_is_none() -> None:
    text = "CPU implementer : 0x41\nCPU part : 0xd4c\nCPU part : 0xfff\n"
    assert arm_core_names(text) == ""


def test_a_name_in_the_file_is_better_than_that_of_its_cores() -> None:
    assert parse_cpuinfo(recording("cpuinfo", "raspberry-pi-5.txt")) == "Raspberry Pi 5 Model B Rev 1.0"
    assert parse_cpuinfo(recording("cpuinfo", "core-ultra-9-185h.txt")) == "Intel(R) Core(TM) Ultra 9 185H"
