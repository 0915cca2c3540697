"""What macOS says of its graphics processors and of the processor."""

from __future__ import annotations

import pytest

from slmdesk.hardware.mac_gpus import parse_profiler
from slmdesk.hardware.sysctl import is_translated, parse_sysctl
from tests.hardware.recorded import GIB, MIB, recording


@pytest.mark.parametrize(("recorded", "name"), [("m1", "Apple M1"), ("m3-pro", "Apple M3 Pro")])
def test_apple(recorded: str, name: str) -> None:
    (gpu,) = parse_profiler(recording("profiler", f"{recorded}.json"))
    assert (gpu.vendor, gpu.name, gpu.integrated, gpu.total_memory_bytes) == ("apple", name, True, 0)


def test_two_processors() -> None:
    built_in, card = parse_profiler(recording("profiler", "intel-mac-with-amd.json"))
    assert (built_in.vendor, built_in.integrated, built_in.total_memory_bytes) == ("intel", True, 1536 * MIB)
    assert (card.vendor, card.integrated, card.total_memory_bytes) == ("amd", False, 4 * GIB)


def test_a_built_in_processor_has_no_memory_of_its_own_whatever_is_said_of_it() -> None:
    text = recording("profiler", "intel-mac-with-amd.json").replace("vram_shared", "vram")
    built_in, card = parse_profiler(text)
    assert (built_in.integrated, card.integrated) == (True, False)


def test_a_virtual_machine_has_none() -> None:
    assert parse_profiler(recording("profiler", "virtual-mac.json")) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "{}",
        '{"SPDisplaysDataType": 1}',
        '{"SPDisplaysDataType": [1, null, {"sppci_model": 5}]}',
        '{"SPDisplaysDataType": [{"sppci_model": "Apple M9"}',
        "[" * 100_000,
    ],
)
def test_what_is_not_as_expected_is_left_out(text: str) -> None:
    assert parse_profiler(text) == ()


def test_translated_programs() -> None:
    assert is_translated(parse_sysctl(recording("sysctl", "rosetta.txt")))
    assert not is_translated(parse_sysctl(recording("sysctl", "m5.txt")))


def test_names_that_the_system_does_not_have() -> None:
    facts = parse_sysctl(recording("sysctl", "names-refused.txt"))
    assert facts == {"hw.optional.arm64": "1", "machdep.cpu.brand_string": "Apple M1"}


def test_the_name_of_the_processor() -> None:
    facts = parse_sysctl(recording("sysctl", "core-i5-5257u.txt"))
    assert facts["machdep.cpu.brand_string"] == "Intel(R) Core(TM) i5-5257U CPU @ 2.70GHz"
