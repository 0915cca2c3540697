"""What there is to run models with: the engines that are installed, and the computer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slmdesk.engines import Device, EngineFacts
    from slmdesk.hardware import Computer


@dataclass(frozen=True, slots=True)
class Surroundings:
    """As they were when somebody looked last."""

    engines: tuple[EngineFacts, ...]
    """In the order of the registry. One that is turned off was not asked, and tells no more than its name."""
    computer: Computer

    def engine(self, name: str) -> EngineFacts | None:
        """What is known of one engine, by its name in the registry."""
        return next((one for one in self.engines if one.name == name), None)

    def devices(self) -> tuple[Device, ...]:
        """Devices besides the processor, each once, though several engines may reach it."""
        found: dict[tuple[str, str], Device] = {}
        for engine in self.engines:
            for device in engine.devices:
                if device.kind != "cpu":
                    found.setdefault((device.description, device.backend), device)
        return tuple(found.values())
