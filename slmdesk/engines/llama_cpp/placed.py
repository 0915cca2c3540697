"""What llama.cpp really put where, read from its log: it never says so otherwise.

It places layers on the processor without an error where a device cannot have them, so what was asked for is
compared with what was done.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_LAYER = re.compile(r"layer +(\d+) assigned to device ([^,\n]+)")
_WEIGHTS = re.compile(r": +(\S+) model buffer size = +([0-9.]+) MiB")
_KV = re.compile(r": +(\S+) KV buffer size = +([0-9.]+) MiB")
_TOO_LARGE = re.compile(r"failed to allocate (\S+) buffer of size (\d+)|unable to allocate (\S+) buffer")
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a loaded model is. Names of devices and buffers are ggml's own; sizes in bytes."""

    layers: Mapping[str, int] = field(default_factory=dict)
    """How many layers each device has, the output layer among them; `CPU` is one of them."""
    weights: Mapping[str, int] = field(default_factory=dict)
    """Bytes of weights by buffer. The buffers of a device begin with its buffer name."""
    kv: Mapping[str, int] = field(default_factory=dict)
    """Bytes of KV cache by buffer."""

    @property
    def total(self) -> int:
        """All layers, wherever they are."""
        return sum(self.layers.values())

    def holds_layers(self, device: str, buffer: str) -> bool:
        """Whether `device`, whose memory is called `buffer`, has layers and their weights."""
        if not self.layers.get(device):
            return False
        if any(is_of(name, buffer) for name, size in self.weights.items() if size):
            return True
        # A backend may call its memory something else; that of the processor is known.
        return any(not _is_host(name) for name, size in self.weights.items() if size)


def read_placed(layer_lines: Sequence[str], lines: Sequence[str]) -> Placed:
    """What the log of one load says: `layer_lines` of each layer's device, `lines` of sizes."""
    # By layer: what is said again of the same one counts once.
    devices = {found[1]: found[2].strip() for found in filter(None, map(_LAYER.search, layer_lines))}
    text = "\n".join(lines)
    return Placed(Counter(devices.values()), _sizes(_WEIGHTS, text), _sizes(_KV, text))


def _sizes(pattern: re.Pattern[str], text: str) -> dict[str, int]:
    sizes: Counter[str] = Counter()
    for name, mebibytes in pattern.findall(text):
        sizes[name] += round(float(mebibytes) * _MIB)
    return dict(sizes)


def refused_buffer(lines: Sequence[str]) -> tuple[str, int] | None:
    """The buffer that could not be had, and its bytes (0: not said); None where memory was not the cause."""
    found: tuple[str, int] | None = None
    for match in filter(None, map(_TOO_LARGE.search, lines)):
        sized, size, unsized = match.groups()
        if sized is not None:
            return sized, int(size)
        found = found or (unsized, 0)
    return found


def is_of(buffer: str, device_buffer: str) -> bool:
    """Whether `buffer` is of the device whose memory is called `device_buffer`: `MTL0_Mapped` of `MTL0`."""
    return buffer == device_buffer or buffer.startswith(f"{device_buffer}_")


def _is_host(buffer: str) -> bool:
    return buffer.startswith("CPU") or buffer.endswith("_Host")
