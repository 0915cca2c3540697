"""How many layers of a model fit into the memory of devices.

Where the engine can be asked what a load takes (`ModelNeeds.layers_that_fit`), its answer decides. Otherwise
weights and KV cache are spread evenly over the layers, with a larger reserve for what is not known then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slmdesk.engines.placing_devices import Usable

if TYPE_CHECKING:
    from slmdesk.engines.placement import ModelNeeds

LARGEST_RESERVE = 2**30
"""Bytes of a device's memory left for compute buffers, its driver and the screen; of small ones a quarter."""

KNOWN_RESERVE = 2**29
"""The same where compute buffers are known and need no reserve: for the driver and the screen; of small
memories an eighth."""

_FEWEST_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Room:
    """What fits, on the first `devices` of those asked about."""

    devices: int
    layers: int
    """The output layer among them; all of them: the whole model."""
    total: int
    shares: tuple[float, ...] = ()
    """Of the layers, by device; nothing where there is only one."""

    @property
    def whole(self) -> bool:
        """Whether the whole model fits."""
        return self.layers >= self.total

    @property
    def worthwhile(self) -> bool:
        """Whether enough layers fit to gain anything from it: a tenth of them."""
        return self.layers >= max(1, _FEWEST_SHARE * self.total)


def free_for_model(device: Usable, *, known: bool = False) -> int | None:
    """Bytes that a model may take on `device`; None: nothing tells. `known`: its compute buffers are."""
    if device.free_memory is None:
        return None
    most, part = (KNOWN_RESERVE, 8) if known else (LARGEST_RESERVE, 4)
    reserve = min(most, max(device.total_memory, device.free_memory) // part)
    return max(0, device.free_memory - reserve)


def room_for(needs: ModelNeeds, devices: Sequence[Usable]) -> Room:
    """How many layers fit on as few of `devices` as possible, taken in their order.

    The output layer is one of them. A device whose memory is not known takes everything.
    """
    asked = _asked_room(needs, devices)
    if asked is not None:
        return asked
    total = needs.layers + 1 if needs.layers else 1
    each = max(1, -(-(needs.weights_bytes + needs.kv_bytes) // total))
    frees: list[int] = []
    fitting = 0
    for count, device in enumerate(devices, 1):
        free = free_for_model(device)
        if free is None:
            return Room(1, total, total) if count == 1 else Room(count - 1, fitting, total, _shares(frees))
        frees.append(free)
        fitting += free // each
        if fitting >= total:
            return Room(count, total, total, _shares(frees))
        if not needs.layers:
            # In one piece, on the first or not at all.
            break
    return Room(len(frees), fitting, total, _shares(frees))


def _asked_room(needs: ModelNeeds, devices: Sequence[Usable]) -> Room | None:
    """The same as the engine says; None: it does not."""
    if needs.layers_that_fit is None or not needs.layers:
        return None
    free: dict[str, int] = {}
    fitting, total = 0, needs.layers + 1
    for device in devices:
        own = free_for_model(device, known=True)
        if own is None:
            return None
        free[device.name] = own
        layers = needs.layers_that_fit(free)
        if layers is None:
            return None
        fitting = layers
        if fitting >= total:
            break
    return Room(len(free), min(fitting, total), total, _shares(list(free.values()))) if free else None


def _shares(frees: Sequence[int]) -> tuple[float, ...]:
    if len(frees) < 2:
        return ()
    whole = sum(frees) or 1
    return tuple(round(free / whole, 3) for free in frees)
