"""How many layers of a model fit into the memory of devices. Simple on purpose: an engine that can simulate a
load knows it exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slmdesk.engines.placing_devices import Usable

if TYPE_CHECKING:
    from slmdesk.engines.placement import ModelNeeds

LARGEST_RESERVE = 2**30
"""Bytes of a device's memory left for compute buffers, its driver and the screen; of small ones a quarter."""

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


def free_for_model(device: Usable) -> int | None:
    """Bytes that a model may take on `device`; None: nothing tells."""
    if device.free_memory is None:
        return None
    reserve = min(LARGEST_RESERVE, max(device.total_memory, device.free_memory) // 4)
    return max(0, device.free_memory - reserve)


def room_for(needs: ModelNeeds, devices: Sequence[Usable]) -> Room:
    """How many layers fit on as few of `devices` as possible, taken in their order.

    Weights and KV cache count as spread evenly over the layers, of which the output layer is one. A device
    whose memory is not known takes everything.
    """
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


def _shares(frees: Sequence[int]) -> tuple[float, ...]:
    if len(frees) < 2:
        return ()
    whole = sum(frees) or 1
    return tuple(round(free / whole, 3) for free in frees)
