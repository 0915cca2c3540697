"""Display adapters of Windows, as its registry describes them."""

from __future__ import annotations

import pytest

from slmdesk.hardware.gpu_findings import gpus_of_windows
from slmdesk.hardware.nvidia import NvidiaFindings
from slmdesk.hardware.windows_gpus import DisplayDevice, note_on, nvidia_version, parse_device
from slmdesk.messages import Message
from tests.hardware.recorded import GIB, MIB, nvidia, registry


@pytest.mark.parametrize(
    ("recorded", "name", "vendor", "integrated", "total", "driver"),
    [
        ("gtx-1070", "NVIDIA GeForce GTX 1070", "nvidia", False, 8 * GIB, "441.20"),
        ("rx-7900-xt", "AMD Radeon RX 7900 XT", "amd", False, 21458059264, ""),
        ("rx-9070-xt", "AMD Radeon RX 9070 XT", "amd", False, 0x3FB000000, "32.0.31021.5001"),
        ("rx-580-old-driver", "Radeon RX 580 Series", "amd", False, 0xF0000000, "22.19.659.0"),
        ("radeon-780m", "AMD Radeon 780M Graphics", "amd", True, 8448 * MIB, "32.0.21013.1000"),
        ("uhd-graphics", "Intel(R) UHD Graphics", "intel", True, 0, ""),
        ("uhd-630", "Intel(R) UHD Graphics 630", "intel", True, 128 * MIB, "31.0.101.2130"),
        ("arc-b580", "Intel(R) Arc(TM) B580 Graphics", "intel", False, 0x2F8800000, "32.0.101.8509"),
        ("arc-140v-laptop", "Intel(R) Arc(TM) 140V GPU (16GB)", "intel", True, 128 * MIB, "32.0.101.6913"),
        ("adreno-x1-85", "Qualcomm(R) Adreno(TM) X1-85 GPU", "qualcomm", True, 0, "31.0.121.1"),
    ],
)
def test_each_kind(recorded: str, name: str, vendor: str, integrated: bool, total: int, driver: str) -> None:
    (device,) = registry(recorded)
    gpu = parse_device(device)
    assert gpu is not None
    assert (gpu.name, gpu.vendor, gpu.integrated) == (name, vendor, integrated)
    assert (gpu.total_memory_bytes, gpu.driver) == (total, driver)
    assert gpu.free_memory_bytes is None
    assert note_on(device, gpu.name) is None


def test_virtual_displays_are_no_gpus() -> None:
    devices = registry("virtual-displays")
    assert len(devices) == 3
    assert gpus_of_windows(devices, None, 16 * GIB).gpus == ()


@pytest.mark.parametrize(
    ("shown", "own"),
    [
        ("31.0.15.3623", "536.23"),
        ("32.0.15.6094", "560.94"),
        ("27.21.14.5671", "456.71"),
        ("30.0.14.7219", "472.19"),
        ("26.21.14.4120", "441.20"),
        ("", ""),
        ("1.2", "1.2"),
        ("a.b.c.d", "a.b.c.d"),
    ],
)
def test_nvidia_numbers_its_drivers_differently(shown: str, own: str) -> None:
    assert nvidia_version(shown) == own


@pytest.mark.parametrize(
    ("problem", "key"), [(22, "gpu-switched-off"), (28, "gpu-without-driver"), (43, "gpu-stopped")]
)
def test_a_device_that_windows_does_not_run_has_a_note(problem: int, key: str) -> None:
    found = gpus_of_windows(registry("rx-9070-xt", problem), None, 16 * GIB)
    assert [note.key for note in found.notes] == [key]
    assert len(found.gpus) == 1


def test_what_the_tool_says_replaces_what_the_registry_says() -> None:
    told = nvidia("rtx-2080-super-windows", "rtx-2080-super-windows")
    found = gpus_of_windows(registry("uhd-and-gtx-1650-laptop"), told, 16 * GIB)
    assert [gpu.probe for gpu in found.gpus] == ["nvidia-smi", "registry"]


def test_the_tool_alone_is_not_believed_to_fail_for_a_gpu() -> None:
    silent = NvidiaFindings(problem=Message("nvidia-driver-silent"))
    assert gpus_of_windows(registry("uhd-630"), silent, 16 * GIB).notes == ()
    assert gpus_of_windows(registry("gtx-1070"), silent, 16 * GIB).notes == (silent.problem,)


def test_a_generic_driver_does_not_lend_its_version() -> None:
    (device,) = registry("no-driver")
    gpu = parse_device(device)
    assert gpu is not None
    assert (gpu.vendor, gpu.driver) == ("nvidia", "")


def test_a_card_of_intel_may_have_the_name_of_processor_graphics() -> None:
    device = DisplayDevice(
        r"PCI\VEN_8086&DEV_4905&SUBSYS_87271043&REV_01\6&1C5A3F1&0&00080008",
        {"DriverDesc": "Intel(R) Iris(R) Xe MAX Graphics"},
    )
    gpu = parse_device(device)
    assert gpu is not None
    assert not gpu.integrated
