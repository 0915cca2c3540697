"""What a verdict has to know of a computer: its memory, and that of the devices in question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slmdesk.engines import named_devices

if TYPE_CHECKING:
    from slmdesk.engines import EngineFacts
    from slmdesk.hardware import Computer


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFacts:
    """A device besides the processor. Sizes in bytes."""

    name: str
    """The engine's own, for example `CUDA0`."""
    title: str = ""
    """For people; "": the name."""
    free_memory: int | None = None
    """None: not known."""
    total_memory: int | None = None
    shared: bool = False
    """Its memory is a part of the computer's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A computer as this program may use it. Sizes in bytes."""

    total_memory: int
    """Of the computer, or what the container may have of it."""
    available_memory: int
    """What can be used now, other programs going on."""
    limited: bool = False
    """A container or a control group allows less than the computer has."""
    devices: tuple[DeviceFacts, ...] = ()

    def device(self, name: str) -> DeviceFacts | None:
        """The device called `name`; None where there is none."""
        return next((one for one in self.devices if one.name == name), None)


def machine_of(computer: Computer, engine: EngineFacts | None = None, names: Sequence[str] = ()) -> Machine:
    """The computer, with those of the devices of `engine` that are in question. Pure."""
    found = named_devices(engine, computer, names) if engine is not None and names else []
    apple = any(gpu.vendor == "apple" and gpu.integrated for gpu in computer.gpus)
    kinds = {device.name: device.kind for device in engine.devices} if engine is not None else {}
    devices = [
        DeviceFacts(
            name=wanted,
            title=one.full_title,
            free_memory=one.free_memory,
            total_memory=one.total_memory or None,
            shared=one.shared
            or kinds.get(one.name) == "integrated gpu"
            or (one.backend == "Metal" and apple),
        )
        for wanted, one in zip(names, found, strict=False)
        if one is not None
    ]
    limit = computer.memory_limit_bytes
    total = computer.total_memory_bytes
    if limit is not None:
        total = min(total, limit)
    return Machine(
        total_memory=max(0, total),
        available_memory=max(0, min(computer.available_memory_bytes, total)),
        limited=limit is not None,
        devices=tuple(devices),
    )
