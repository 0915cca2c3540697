"""The graphics processors of a Mac, as `system_profiler SPDisplaysDataType -json` tells them."""

from __future__ import annotations

import json
from typing import Any

from slmdesk.hardware.gpu import Gpu, GpuVendor
from slmdesk.hardware.tools import run_tool

_COMMAND = ("/usr/sbin/system_profiler", "SPDisplaysDataType", "-json")
_MAKERS: dict[str, GpuVendor] = {
    "apple": "apple",
    "amd": "amd",
    "ati": "amd",
    "intel": "intel",
    "nvidia": "nvidia",
}
_UNITS = {"MB": 2**20, "GB": 2**30}


def parse_profiler(text: str) -> tuple[Gpu, ...]:
    """The processors in the tool's JSON. Pure, never raises: what is not as expected is left out."""
    try:
        report = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    items = report.get("SPDisplaysDataType") if isinstance(report, dict) else None
    found = [_parse_item(item) for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return tuple(gpu for gpu in found if gpu is not None)


def _parse_item(item: dict[str, Any]) -> Gpu | None:
    name = _text(item, "sppci_model") or _text(item, "_name")
    maker = _maker(f"{_text(item, 'spdisplays_vendor')} {name}")
    if not name or maker is None:
        return None
    own = _bytes(_text(item, "spdisplays_vram"))
    built_in = _text(item, "sppci_bus") == "spdisplays_builtin"
    return Gpu(
        vendor=maker,
        name=name,
        integrated=maker == "apple" or built_in or not own,
        total_memory_bytes=own or _bytes(_text(item, "spdisplays_vram_shared")),
        probe="system_profiler",
    )


def _maker(words: str) -> GpuVendor | None:
    lower = words.lower()
    return next((maker for word, maker in _MAKERS.items() if word in lower), None)


def _bytes(size: str) -> int:
    """Bytes of `4 GB`; 0 for anything else."""
    number, _, unit = size.partition(" ")
    usable = number.isascii() and number.isdigit() and len(number) < 8
    return int(number) * _UNITS.get(unit.strip().upper(), 0) if usable else 0


def _text(item: dict[str, Any], key: str) -> str:
    value = item.get(key)
    return value.strip() if isinstance(value, str) else ""


def look_with_system_profiler() -> tuple[Gpu, ...]:
    """Ask the tool. Blocking, up to some seconds; macOS only.

    Raises OSError and subprocess.TimeoutExpired where it cannot be run or hangs.
    """
    return parse_profiler(run_tool(_COMMAND))
