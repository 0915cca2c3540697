"""Graphics processors in `/sys`, as files say it and read from a folder like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from slmdesk.hardware.gpu_findings import gpus_of_linux
from slmdesk.hardware.linux_gpus import look_in_sysfs, parse_device
from slmdesk.hardware.nvidia import NvidiaFindings
from slmdesk.hardware.pci_names import PciNames, name_of
from slmdesk.messages import Message
from tests.hardware.recorded import GIB, names, sysfs, sysfs_devices


@pytest.mark.parametrize(
    ("recorded", "name", "integrated", "total", "free", "driver"),
    [
        ("rx-7900-xt", "AMD Radeon RX 7900 XT", False, 21458059264, 21458059264 - 27856896, "amdgpu"),
        ("rx-570-dkms", "AMD Radeon RX 570 Series", False, 4 * GIB, None, "5.11.5.21.10"),
        ("strix-halo-apu", "AMD Radeon 8060S Graphics", True, 192 * GIB, None, "amdgpu"),
        ("uhd-620", "Intel UHD Graphics 620", True, 0, None, "i915"),
        ("arc-a770-i915", "Intel Arc A770", False, 16 * GIB, 16970153984, "i915"),
        ("arc-b580-xe", "Intel Arc B580", False, 12 * GIB, None, "xe"),
        ("rtx-4080-super", "NVIDIA GeForce RTX 4080 SUPER", False, 0, None, "595.71.05"),
    ],
)
def test_each_kind(
    recorded: str, name: str, integrated: bool, total: int, free: int | None, driver: str
) -> None:
    (gpu,) = sysfs(recorded).gpus
    assert (gpu.name, gpu.integrated, gpu.driver) == (name, integrated, driver)
    assert (gpu.total_memory_bytes, gpu.free_memory_bytes) == (total, free)


def test_processor_graphics_of_amd_have_both_pools() -> None:
    (gpu,) = sysfs("cezanne-apu").gpus
    assert gpu.total_memory_bytes == 536870912 + 8068792320
    assert gpu.free_memory_bytes == 536870912 - 402653184 + 8068792320 - 1051754496


def test_names_need_no_list() -> None:
    assert name_of(PciNames(), 0x1002, 0x744C, 0xCC) == "AMD GPU 1002:744c"
    assert name_of(names(), 0x8086, 0x0102, 0) == (
        "Intel 2nd Generation Core Processor Family Integrated Graphics Controller"
    )
    # A number of one maker must not be looked up among those of another.
    assert name_of(names(), 0x8086, 0x2206, 0) == "Intel GPU 8086:2206"


def test_a_device_reserved_for_a_virtual_machine_has_no_driver() -> None:
    seen = sysfs("rtx-3090-no-driver")
    assert [gpu.driver for gpu in seen.gpus] == ["", ""]
    found = gpus_of_linux(seen, None, 32 * GIB)
    assert [note.key for note in found.notes] == ["gpu-without-driver", "gpu-without-driver"]


def test_a_driver_without_its_tool() -> None:
    found = gpus_of_linux(sysfs("rtx-4080-super"), None, 32 * GIB)
    assert [gpu.driver for gpu in found.gpus] == ["595.71.05"]
    assert [note.key for note in found.notes] == ["nvidia-smi-missing"]


def test_a_tool_without_gpu_is_nothing_to_tell() -> None:
    silent = NvidiaFindings(problem=Message("nvidia-driver-silent"))
    assert gpus_of_linux(sysfs("uhd-620"), silent, 8 * GIB).notes == ()
    # Inside Windows the GPU is there though /sys does not show whose it is.
    assert gpus_of_linux(sysfs("wsl"), silent, 8 * GIB).notes == (silent.problem,)


def write_devices(root: Path, recorded: str) -> None:
    """A folder like `/sys/bus/pci/devices`, with links for the drivers."""
    for address, files in sysfs_devices(recorded).items():
        for name, text in files.items():
            if name == "driver":
                driver = root.parent / "drivers" / text.strip()
                driver.mkdir(parents=True, exist_ok=True)
                (root / address / "driver").symlink_to(driver)
            elif name == "driver_version":
                module = root.parent / "drivers" / files["driver"].strip() / "module"
                module.mkdir(parents=True, exist_ok=True)
                (module / "version").write_text(text, encoding="ascii")
            else:
                path = root / address / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="ascii")


@pytest.mark.parametrize(
    "recorded", ["rx-7900-xt", "cezanne-apu", "rx-570-dkms", "arc-a770-i915", "arc-b580-xe", "rtx-4080-super"]
)
def test_the_files_are_found(recorded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slmdesk.hardware.linux_gpus.read_names", names)
    root = tmp_path / "devices"
    write_devices(root, recorded)
    assert look_in_sysfs(root) == sysfs(recorded)


def test_a_card_that_the_person_may_not_use_is_told_of_with_the_reason() -> None:
    found = gpus_of_linux(sysfs("rx-7900-xt-refused"), None, 32 * GIB)
    assert found.gpus == sysfs("rx-7900-xt").gpus
    assert found.notes == (Message("gpu-refused", {"name": "AMD Radeon RX 7900 XT"}),)
    assert gpus_of_linux(sysfs("rx-7900-xt"), None, 32 * GIB).notes == ()


@pytest.mark.parametrize("given", [True, False])
def test_the_right_to_compute(given: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slmdesk.hardware.linux_gpus.read_names", names)
    monkeypatch.setattr("slmdesk.hardware.linux_gpus._NODES", tmp_path / "dri")
    root = tmp_path / "devices"
    write_devices(root, "uhd-620")
    (root / "0000:00:02.0" / "drm" / "renderD128").mkdir(parents=True)
    (tmp_path / "dri").mkdir()
    if given:
        (tmp_path / "dri" / "renderD128").touch()
    assert look_in_sysfs(root).refused == (() if given else ("Intel UHD Graphics 620",))


def test_wsl_is_seen(tmp_path: Path) -> None:
    root = tmp_path / "devices"
    write_devices(root, "wsl")
    assert look_in_sysfs(root).windows_below


def test_no_bus_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="none"):
        look_in_sysfs(tmp_path / "none")


def test_what_draws_no_picture_is_no_gpu() -> None:
    assert parse_device("0000:00:02.0", {"class": "0x020000", "vendor": "0x8086"}, PciNames()) is None
    assert parse_device("0000:00:02.0", {}, PciNames()) is None
