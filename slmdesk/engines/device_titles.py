"""What a device is called where people read it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from slmdesk.engines.protocol import Device

PROCESSOR = "CPU"

_MARKS = re.compile(r"\((?:R|TM|C)\)", re.IGNORECASE)
# What a driver adds behind the name: "AMD Radeon RX 7900 XTX (RADV NAVI31)".
_ADDED = re.compile(r"\s*\([^()]*\)\s*$")


def plain_name(description: str) -> str:
    """The name a maker gave a device, without trade marks and what its driver adds."""
    name = " ".join(_MARKS.sub("", description).split())
    return _ADDED.sub("", name) or name


def device_title(device: Device) -> str:
    """`device` for people, short enough for a status bar; its maker's name where there is one."""
    return plain_name(device.description) or device.name


def titles_of(devices: Iterable[Device]) -> str:
    """Several devices for people: alike ones are counted. None at all: the processor."""
    counted = Counter(map(device_title, devices))
    titles = (f"{count} × {title}" if count > 1 else title for title, count in counted.items())
    return ", ".join(titles) or PROCESSOR
