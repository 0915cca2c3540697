"""Names of graphics processors from their PCI numbers, out of the lists that Linux distributions carry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from slmdesk.hardware.gpu import GpuVendor

VENDORS: dict[int, GpuVendor] = {0x10DE: "nvidia", 0x1002: "amd", 0x8086: "intel", 0x5143: "qualcomm"}
"""The makers whose graphics processors can run models, by PCI number."""

TITLES: dict[GpuVendor, str] = {
    "nvidia": "NVIDIA",
    "amd": "AMD",
    "intel": "Intel",
    "apple": "Apple",
    "qualcomm": "Qualcomm",
}

_PCI_IDS = (Path("/usr/share/hwdata/pci.ids"), Path("/usr/share/misc/pci.ids"))
_AMDGPU_IDS = (Path("/usr/share/libdrm/amdgpu.ids"),)


@dataclass(frozen=True, slots=True)
class PciNames:
    """The texts of the lists; "" where this computer has none."""

    pci_ids: str = ""
    """`pci.ids`, kept by the PCI ID Repository."""
    amdgpu_ids: str = ""
    """`amdgpu.ids` of libdrm: AMD's names by device and revision."""


def read_names() -> PciNames:
    """The lists of this computer. Blocking: they have a megabyte."""
    return PciNames(_first_text(_PCI_IDS), _first_text(_AMDGPU_IDS))


def _first_text(paths: tuple[Path, ...]) -> str:
    for path in paths:
        try:
            return path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
    return ""


def name_of(names: PciNames, vendor: int, device: int, revision: int) -> str:
    """The name for people, with its maker; a description with the number where no list knows it."""
    maker = VENDORS.get(vendor, "other")
    title = TITLES.get(maker, "")
    name = _amd_name(names.amdgpu_ids, device, revision) if maker == "amd" else ""
    name = name or _common_name(names.pci_ids, vendor, device)
    if not name:
        return f"{title} GPU {vendor:04x}:{device:04x}".strip()
    return name if name.lower().startswith(title.lower()) else f"{title} {name}"


def _amd_name(text: str, device: int, revision: int) -> str:
    found = re.search(rf"^{device:04X},\s*{revision:02X},\s*(.+)$", text, re.MULTILINE | re.IGNORECASE)
    return found[1].strip() if found else ""


def _common_name(text: str, vendor: int, device: int) -> str:
    """What stands in brackets, the name it is sold under; without brackets all of it."""
    section = re.search(rf"^{vendor:04x}  .*\n((?:[\t#].*\n|\n)*)", text + "\n", re.MULTILINE)
    if section is None:
        return ""
    found = re.search(rf"^\t{device:04x}  (.+)$", section[1], re.MULTILINE)
    if found is None:
        return ""
    sold_as = re.search(r"\[(.+)\]", found[1])
    return (sold_as[1] if sold_as else found[1]).strip()
