"""How a person names what models run on: one word for a kind, or devices as the engines call them."""

from __future__ import annotations

import enum

GENERAL_DEVICES = frozenset({"auto", "cpu", "gpu"})
"""Words that stand for no single device. Capitals do not count."""


class DeviceFault(enum.Enum):
    """Why some text names no devices."""

    NO_NAME = "no name"
    """It, or a part of it between commas, is empty, or it has what nobody can read."""
    NOT_ALONE = "not alone"
    """One of `GENERAL_DEVICES` stands in a list."""
    TWICE = "twice"


def split_devices(text: str) -> list[str]:
    """What stands between the commas, without blanks around it."""
    return [name.strip() for name in text.split(",")]


def general_devices(text: str) -> set[str]:
    """Those of `GENERAL_DEVICES` in `text`."""
    return {name.casefold() for name in split_devices(text)} & GENERAL_DEVICES


def fault_of_devices(text: str) -> DeviceFault | None:
    """What is wrong with `text` as names of devices, whether or not they are here; None: nothing."""
    names = split_devices(text)
    if not all(names) or not text.isprintable():
        return DeviceFault.NO_NAME
    if general_devices(text) and len(names) > 1:
        return DeviceFault.NOT_ALONE
    return DeviceFault.TWICE if len(set(names)) < len(names) else None


def check_devices(text: str) -> None:
    """Raise ValueError where `text` names no devices."""
    fault = fault_of_devices(text)
    if fault is not None:
        raise ValueError(f"{text!r} names no devices: {fault.value}")
