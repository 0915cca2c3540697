"""The graphics processors that Linux knows, out of `/sys`, which needs no tool and no rights."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from slmdesk.hardware.cgroup import parse_number
from slmdesk.hardware.gpu import Gpu
from slmdesk.hardware.pci_names import VENDORS, PciNames, name_of, read_names

_DEVICES = Path("/sys/bus/pci/devices")
_NODES = Path("/dev/dri")
_DISPLAY_CLASS = 0x03
_MICROSOFT = 0x1414
_RESERVED = {"vfio-pci", "pci-stub"}
"""Drivers that only keep a device for a virtual machine."""

DeviceFiles = Mapping[str, str]
"""Text by the path of a file below a device's folder. Beside them `driver`, `driver_version` and
`node`, "allowed" or "refused": whether this program may compute on the device."""

_WANTED = (
    "class",
    "vendor",
    "device",
    "revision",
    "mem_info_vram_total",
    "mem_info_vram_used",
    "mem_info_gtt_total",
    "mem_info_gtt_used",
)
# Memory of Intel's cards: the driver xe has it by tile, i915 by card (not in every kernel). The label vddnb
# is of a voltage that AMD's driver has for processor graphics alone.
_WANTED_BELOW = (
    "tile*/physical_vram_size_bytes",
    "drm/card*/lmem_total_bytes",
    "drm/card*/lmem_avail_bytes",
    "hwmon/hwmon*/in1_label",
)


@dataclass(frozen=True, slots=True)
class LinuxGpus:
    """What `/sys` shows."""

    gpus: tuple[Gpu, ...] = ()
    """`driver` is "" where none is loaded that could use the processor."""
    refused: tuple[str, ...] = ()
    """The names of those that this program may not compute on."""
    windows_below: bool = False
    """Linux runs inside Windows (WSL), which lends its GPU without showing what it is."""


def parse_device(address: str, files: DeviceFiles, names: PciNames) -> Gpu | None:
    """A graphics processor, or None where the device is none that could run models. Pure, never raises.

    `address` is the device's on the bus, for example `0000:03:00.0`.
    """
    if not is_display(files):
        return None
    vendor, device = _hex(files.get("vendor")), _hex(files.get("device"))
    maker = VENDORS.get(vendor)
    if maker is None:
        return None
    driver = files.get("driver", "").strip()
    usable = "" if driver in _RESERVED else files.get("driver_version", "").strip() or driver
    total, free = _own_memory(files)
    integrated = False
    if maker == "amd" and any(text.strip() == "vddnb" for text in _below(files, "in1_label")):
        # Both pools are the computer's memory, and the driver uses either.
        integrated = True
        gtt_total, gtt_free = _pool(files, "mem_info_gtt")
        total += gtt_total
        free = None if free is None or gtt_free is None else free + gtt_free
    elif maker == "intel":
        integrated = ":00:02." in address
    return Gpu(
        vendor=maker,
        name=name_of(names, vendor, device, _hex(files.get("revision"))),
        integrated=integrated,
        total_memory_bytes=total,
        free_memory_bytes=free,
        driver=usable,
        probe="sysfs",
    )


def is_display(files: DeviceFiles) -> bool:
    """The device draws or computes: PCI class 03."""
    return _hex(files.get("class")) >> 16 == _DISPLAY_CLASS


def is_lent_by_windows(files: DeviceFiles) -> bool:
    """The stand-in through which Windows lends its GPU to Linux inside it."""
    return is_display(files) and _hex(files.get("vendor")) == _MICROSOFT


def is_refused(files: DeviceFiles) -> bool:
    """The device is not for this program: it is for a group of users, or was not given to the container."""
    return files.get("node", "").strip() == "refused"


def _own_memory(files: DeviceFiles) -> tuple[int, int | None]:
    total, free = _pool(files, "mem_info_vram")
    if total:
        return total, free
    tiles = sum(parse_number(text) or 0 for text in _below(files, "physical_vram_size_bytes"))
    if tiles:
        return tiles, None
    total = sum(parse_number(text) or 0 for text in _below(files, "lmem_total_bytes"))
    available = [parse_number(text) for text in _below(files, "lmem_avail_bytes")]
    return total, (available[0] if total and available else None)


def _pool(files: DeviceFiles, name: str) -> tuple[int, int | None]:
    """Total and free bytes of one of AMD's two pools."""
    total, used = parse_number(files.get(f"{name}_total")), parse_number(files.get(f"{name}_used"))
    if not total:
        return 0, None
    return total, None if used is None else max(0, total - used)


def _below(files: DeviceFiles, name: str) -> list[str]:
    return [text for path, text in files.items() if path.rpartition("/")[2] == name]


def _hex(text: str | None) -> int:
    try:
        number = int((text or "").strip(), 16)
    except ValueError:
        return 0
    return number if 0 <= number < 2**32 else 0


def gather(displays: Mapping[str, DeviceFiles], names: PciNames) -> LinuxGpus:
    """All display devices of a computer, by their address, in one. Pure, never raises."""
    found = [(parse_device(address, files, names), files) for address, files in displays.items()]
    return LinuxGpus(
        tuple(gpu for gpu, _ in found if gpu is not None),
        tuple(gpu.name for gpu, files in found if gpu is not None and is_refused(files)),
        any(is_lent_by_windows(files) for _, files in found),
    )


def look_in_sysfs(root: Path = _DEVICES) -> LinuxGpus:
    """Read them now. Blocking: a card that sleeps may have to wake. Raises OSError where there is no bus."""
    found = [(device.name, _read_device(device)) for device in sorted(root.iterdir())]
    displays = [(address, files) for address, files in found if is_display(files)]
    names = read_names() if displays else PciNames()
    return gather(dict(displays), names)


def _read_device(device: Path) -> dict[str, str]:
    files: dict[str, str] = {}
    _read_into(files, device, device / "class")
    if not is_display(files):
        return files
    for name in _WANTED:
        _read_into(files, device, device / name)
    for pattern in _WANTED_BELOW:
        for path in sorted(device.glob(pattern)):
            _read_into(files, device, path)
    for path in device.glob("drm/renderD*"):
        allowed = os.access(_NODES / path.name, os.R_OK | os.W_OK)
        files["node"] = "allowed" if allowed else "refused"
    driver = device / "driver"
    if driver.exists():
        files["driver"] = driver.resolve().name
        # Only drivers that are not a part of the kernel have a version.
        version = driver.resolve() / "module" / "version"
        if version.exists():
            files["driver_version"] = version.read_text(encoding="ascii", errors="replace")
    return files


def _read_into(files: dict[str, str], device: Path, path: Path) -> None:
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError:
        # Most of these are there for some drivers only.
        return
    files[path.relative_to(device).as_posix()] = text
