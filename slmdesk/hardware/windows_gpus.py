"""The graphics processors that Windows knows, out of its list of devices and what their drivers wrote down.

Not the class Win32_VideoController: it takes a PowerShell process, which companies forbid and which alone may
need seconds, and its AdapterRAM has 32 bits and says 4 GB of every larger card.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from slmdesk.hardware.gpu import Gpu, GpuVendor
from slmdesk.hardware.pci_names import VENDORS, PciNames, name_of
from slmdesk.messages import Message

_GENERIC_DRIVER = "Microsoft Basic Display"

_PROBLEM_DISABLED = 22
_PROBLEM_NO_DRIVER = 28

RegistryValue: TypeAlias = str | int | bytes


@dataclass(frozen=True, slots=True)
class DisplayDevice:
    """A display adapter that is in the computer now."""

    instance: str
    """Its name in the list of devices, for example `PCI\\VEN_10DE&DEV_2684&...\\4&1...`."""
    values: Mapping[str, RegistryValue] = field(default_factory=dict)
    """What its driver has written into the registry: `DriverDesc`, `DriverVersion`, ..."""
    problem: int = 0
    """Why the system does not run it, for example 22: switched off; 0: it runs."""


def parse_device(device: DisplayDevice) -> Gpu | None:
    """A graphics processor, or None where the device is none that could run models. Pure, never raises.

    The memory of an integrated one is what the firmware has set aside for it.
    """
    vendor, number = _pci_numbers(device.instance)
    described = _text(device.values.get("DriverDesc"))
    maker = VENDORS.get(vendor)
    if maker is None and ("QCOM" in device.instance.upper() or "adreno" in described.lower()):
        maker = "qualcomm"
    if maker is None:
        return None
    generic = _has_no_driver(device)
    name = name_of(PciNames(), vendor, number, 0) if generic or not described else described
    integrated = _is_integrated(maker, name, device.instance)
    version = "" if generic else _text(device.values.get("DriverVersion"))
    return Gpu(
        vendor=maker,
        name=name,
        integrated=integrated,
        total_memory_bytes=_memory(device.values),
        driver=nvidia_version(version) if maker == "nvidia" else version,
        probe="registry",
    )


def note_on(device: DisplayDevice, name: str) -> Message | None:
    """Why the processor cannot be used, or None where nothing is known to be in the way."""
    if _has_no_driver(device):
        return Message("gpu-without-driver", {"name": name})
    if device.problem == _PROBLEM_DISABLED:
        return Message("gpu-switched-off", {"name": name})
    if device.problem:
        return Message("gpu-stopped", {"name": name, "code": device.problem})
    return None


def nvidia_version(version: str) -> str:
    """NVIDIA's own number in the one that Windows shows: `31.0.15.3623` is 536.23."""
    groups = version.split(".")
    digits = "".join(groups[-2:])[-5:]
    if len(groups) != 4 or len(digits) != 5 or not (digits.isascii() and digits.isdigit()):
        return version
    return f"{digits[:3]}.{digits[3:]}"


def _has_no_driver(device: DisplayDevice) -> bool:
    described = _text(device.values.get("DriverDesc"))
    return device.problem == _PROBLEM_NO_DRIVER or described.startswith(_GENERIC_DRIVER)


def _is_integrated(maker: GpuVendor, name: str, instance: str) -> bool:
    if maker == "qualcomm":
        return True
    if maker == "intel":
        # Device 2 of the first bus in every processor of Intel's, written as device times 8.
        on_first_bus = re.search(r"\\3&[0-9a-f]+&\d&10$", instance, re.IGNORECASE)
        return bool(on_first_bus or re.search(r"\b(U?HD|Iris)\b(?!.*\bMAX\b)", name))
    if maker == "amd":
        # "Radeon 780M Graphics", "Radeon(TM) Graphics"; cards end in a number, XT or Series.
        return name.strip().endswith("Graphics") and not re.search(r"\b(Pro|FirePro)\b", name, re.IGNORECASE)
    return False


def _pci_numbers(instance: str) -> tuple[int, int]:
    found = re.match(r"PCI\\VEN_([0-9A-F]{4})&DEV_([0-9A-F]{4})", instance, re.IGNORECASE)
    return (int(found[1], 16), int(found[2], 16)) if found else (0, 0)


def _memory(values: Mapping[str, RegistryValue]) -> int:
    """Bytes; drivers write them as a number or as bytes, the older ones in 32 bits only."""
    for name in ("HardwareInformation.qwMemorySize", "HardwareInformation.MemorySize"):
        value = values.get(name)
        if isinstance(value, bytes):
            value = int.from_bytes(value[:8], "little")
        if isinstance(value, int) and 0 < value < 1 << 60:
            return value
    return 0


def _text(value: RegistryValue | None) -> str:
    return value.strip() if isinstance(value, str) else ""
