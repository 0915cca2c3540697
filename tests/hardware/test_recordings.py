"""Each recording says where it comes from, and the machines made of them are as they should be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from slmdesk.hardware import Computer, Gpu
from slmdesk.messages import say
from tests.hardware.recorded import FOLDER, GIB, MIB, machines

README = (FOLDER / "README.md").read_text(encoding="utf-8")
FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file() and path.name != "README.md")
MACHINES = machines()


def listed_sources() -> dict[str, str]:
    """What the README says of each file, by kind and name."""
    sources: dict[str, str] = {}
    kind = ""
    for line in README.splitlines():
        if line.startswith("## "):
            kind = line[3:].partition(":")[0]
        elif line.startswith("| ") and not line.startswith(("| file", "| ---")):
            _, name, source, _ = (cell.strip() for cell in line.split("|"))
            sources[f"{kind}/{name}"] = source
    return sources


def test_the_readme_lists_each_file_once_and_no_other() -> None:
    assert sorted(listed_sources()) == [path.relative_to(FOLDER).as_posix() for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_recording_has_a_public_source_or_is_called_composed(path: Path) -> None:
    name = path.relative_to(FOLDER).as_posix()
    source = listed_sources()[name]
    assert name.partition("/")[2].startswith("composed-") or re.search(r"https://|the same capture", source)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_recording_tells_whose_machine_it_was(path: Path) -> None:
    text = path.read_text(encoding="utf-8").lower()
    assert not re.search(r"\bserial\b|uuid|hostname|systemname|/home/|\\users\\", text)


def only(name: str) -> Gpu:
    (gpu,) = MACHINES[name].gpus
    return gpu


def notes_of(name: str) -> list[str]:
    return [note.key for note in MACHINES[name].notes]


@pytest.mark.parametrize("name", sorted(MACHINES))
def test_each_machine_can_be_told_of(name: str) -> None:
    computer: Computer = MACHINES[name]
    assert computer.cpu_name
    assert all(gpu.name and gpu.probe for gpu in computer.gpus)
    assert all(say(note) for note in computer.notes)


def test_windows_with_nvidia() -> None:
    gpu = only("windows-nvidia")
    assert gpu == Gpu(
        vendor="nvidia",
        name="NVIDIA GeForce RTX 2080 SUPER",
        total_memory_bytes=8192 * MIB,
        free_memory_bytes=7191 * MIB,
        driver="610.62",
        cuda="13.3",
        compute_capability="7.5",
        probe="nvidia-smi",
    )
    assert notes_of("windows-nvidia") == []


def test_windows_without_the_tool_of_nvidia_still_knows_the_card() -> None:
    gpu = only("windows-nvidia-without-smi")
    assert (gpu.name, gpu.driver, gpu.total_memory_bytes) == ("NVIDIA GeForce GTX 1070", "441.20", 8 * GIB)


def test_the_card_of_a_laptop_comes_before_its_processor_graphics() -> None:
    card, built_in = MACHINES["windows-hybrid-laptop"].gpus
    assert (card.vendor, card.integrated, card.total_memory_bytes) == ("nvidia", False, 4 * GIB)
    assert (built_in.vendor, built_in.integrated) == ("intel", True)


def test_a_card_without_driver_is_named_with_the_reason() -> None:
    assert only("windows-no-driver").name == "NVIDIA GPU 10de:2684"
    assert only("windows-no-driver").driver == ""
    assert notes_of("windows-no-driver") == ["gpu-without-driver"]


def test_processor_graphics_of_windows_may_take_half_of_the_memory_and_what_is_set_aside() -> None:
    assert only("windows-intel").total_memory_bytes == 8 * GIB + 128 * MIB
    assert only("windows-amd-apu").total_memory_bytes == 12 * GIB + 8448 * MIB
    assert only("windows-arm").total_memory_bytes == 16 * GIB
    assert all(only(name).integrated for name in ("windows-intel", "windows-amd-apu", "windows-arm"))


def test_macs_share_all_of_their_memory() -> None:
    gpu = only("mac-m-series")
    assert (gpu.vendor, gpu.name, gpu.integrated) == ("apple", "Apple M3 Pro", True)
    assert gpu.total_memory_bytes == MACHINES["mac-m-series"].total_memory_bytes
    card, built_in = MACHINES["mac-intel"].gpus
    assert (card.name, card.integrated, card.total_memory_bytes) == ("AMD Radeon Pro 5300M", False, 4 * GIB)
    assert (built_in.integrated, built_in.total_memory_bytes) == (True, 1536 * MIB)


def test_a_card_that_the_tool_tells_of_is_not_told_twice() -> None:
    assert only("linux-nvidia").probe == "nvidia-smi"
    assert len(MACHINES["linux-two-nvidia"].gpus) == 2


def test_a_gpu_without_memory_of_its_own_reaches_that_of_the_computer() -> None:
    gpu = only("linux-nvidia-unified")
    assert (gpu.integrated, gpu.total_memory_bytes, gpu.free_memory_bytes) == (True, 120 * GIB, None)


@pytest.mark.parametrize(
    ("name", "key", "driver"),
    [
        ("linux-nouveau", "nvidia-free-driver", "nouveau"),
        ("nvidia-driver-broken", "nvidia-driver-mismatch", "595.71.05"),
        ("nvidia-driver-silent", "nvidia-driver-silent", "595.71.05"),
    ],
)
def test_a_card_whose_driver_does_not_work_is_told_of_with_the_reason(
    name: str, key: str, driver: str
) -> None:
    assert (only(name).vendor, only(name).cuda, only(name).driver) == ("nvidia", "", driver)
    assert notes_of(name) == [key]


def test_an_old_driver_tells_its_cuda_version() -> None:
    assert (only("nvidia-driver-too-old").driver, only("nvidia-driver-too-old").cuda) == ("470.57.02", "11.4")


def test_a_container_has_the_memory_of_its_limit() -> None:
    computer = MACHINES["container"]
    assert computer.memory_limit_bytes == computer.total_memory_bytes == 4 * GIB
    assert computer.available_memory_bytes == 4 * GIB - GIB + 256 * MIB
    assert computer.gpus == ()


def test_virtual_displays_are_no_gpus() -> None:
    assert MACHINES["server-no-gpu"].gpus == ()
