"""What llama.cpp reserves, buffer by buffer, read from its log: it never says so otherwise. Pure.

A real load says the size of each buffer. A simulated one says it of compute and output buffers; weights and
KV cache read 0.00 there, so the size of a cache comes from the line that sums it up, its place from the lines
before that, and weights from the tensor table (`tensors`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from slmdesk.engines.device_titles import PROCESSOR
from slmdesk.engines.llama_cpp.placed import is_of
from slmdesk.engines.protocol import Reserved

_MIB = 2**20
_BUFFER = re.compile(r": +(\S+) +(?:\S+ +)*?(model|KV|RS|state|compute|output) buffer size = +([0-9.]+) MiB")
_KINDS = {"model": "weights", "KV": "kv", "RS": "kv", "state": "kv", "compute": "compute", "output": "output"}
_CACHE = re.compile(r"^(?:llama_kv_cache|llama_memory|llama_dsv4)\w*: .*?(?<!buffer )size = +([0-9.]+) MiB")
_CACHE_LAYER = re.compile(r"^(?:llama_kv_cache|llama_memory|llama_dsv4)\w*[:,] layer +(\d+): dev = (\S+)")
_LAYER = re.compile(r"layer +(\d+) assigned to device ([^,\n]+)")


def wanted_line(line: str) -> bool:
    """Whether a line of the log says anything about memory. The log of one load has thousands of others."""
    return "MiB" in line or " dev = " in line or " assigned to device " in line


def loaded_buffers(lines: Sequence[str], devices: Mapping[str, str]) -> tuple[Reserved, ...]:
    """What a real load with this log reserved, on the processor first.

    `devices` gives the name of each device besides the processor by what its buffers are called.
    """
    found = _Tally()
    for line in lines:
        match = _BUFFER.search(line)
        if match and "matches" not in line:
            found.add(_device_of(match[1], devices), _KINDS[match[2]], float(match[3]) * _MIB)
    return found.reserved()


def simulated_buffers(
    lines: Sequence[str],
    devices: Mapping[str, str],
    weights: Mapping[str, int],
    layer_shares: Sequence[int],
) -> tuple[Reserved, ...]:
    """What a simulated load with this log would reserve, on the processor first.

    `weights` are bytes by device. `layer_shares` says in which proportion the layers share a KV cache that
    lies on several devices; nothing where they all take the same.
    """
    found = _Tally()
    for device, size in weights.items():
        found.add(device, "weights", size)
    places: dict[int, str] = {}
    for line in lines:
        if layer := _CACHE_LAYER.search(line):
            places[int(layer[1])] = layer[2]
        elif cache := _CACHE.search(line):
            for device, share in _shares(places, layer_shares).items():
                found.add(device, "kv", share * float(cache[1]) * _MIB)
            places = {}
        elif (buffer := _BUFFER.search(line)) and buffer[2] in ("compute", "output"):
            found.add(_device_of(buffer[1], devices), buffer[2], float(buffer[3]) * _MIB)
    return found.reserved()


def layer_places(lines: Sequence[str]) -> dict[int, str]:
    """The device of each layer; the last one is that of the output layer."""
    return {int(found[1]): found[2].strip() for found in filter(None, map(_LAYER.search, lines))}


def _shares(places: Mapping[int, str], layer_shares: Sequence[int]) -> dict[str, float]:
    """The share of a cache that each device holds, of layers in these `places`."""
    if not places:
        return {PROCESSOR: 1.0}
    sizes = [layer_shares[layer] if layer < len(layer_shares) else 0 for layer in places]
    if not all(size > 0 for size in sizes):
        # A cache of another kind than the shares are about: its layers are all alike.
        sizes = [1] * len(places)
    held: Counter[str] = Counter()
    for device, size in zip(places.values(), sizes, strict=True):
        held[device] += size
    return {device: size / sum(sizes) for device, size in held.items()}


def _device_of(buffer: str, devices: Mapping[str, str]) -> str:
    for name, device in devices.items():
        # Memory of the computer that a device can reach has the device's name in its own.
        if is_of(buffer, name) and not buffer.endswith("_Host"):
            return device
    return PROCESSOR


class _Tally:
    def __init__(self) -> None:
        self._sizes: dict[str, Counter[str]] = {PROCESSOR: Counter()}

    def add(self, device: str, kind: str, size: float) -> None:
        self._sizes.setdefault(device, Counter())[kind] += round(size)

    def reserved(self) -> tuple[Reserved, ...]:
        return tuple(Reserved(device=device, **sizes) for device, sizes in self._sizes.items())
