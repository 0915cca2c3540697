"""The graphics processors that an engine could use here, best first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slmdesk.engines.device_titles import PROCESSOR, device_title, plain_name
from slmdesk.engines.gpu_builds import BACKEND_ORDER, ON_CUDA, SERVES, CudaNeeds, cuda_needs, version_in
from slmdesk.engines.protocol import Device

if TYPE_CHECKING:
    from slmdesk.engines.probe import EngineFacts
    from slmdesk.hardware import Computer, Gpu, GpuVendor

# A driver that computes on the processor: slower than an engine's own way of doing that.
_SOFTWARE = ("llvmpipe", "lavapipe", "swiftshader", "basic render", "softpipe")
# Not that of CUDA10.
_FIRST = re.compile(r"(?<!\d)0$")
_VENDORS: tuple[tuple[GpuVendor, str], ...] = (
    ("nvidia", r"nvidia|geforce|quadro|tesla"),
    ("amd", r"\bamd\b|radeon|\bati\b"),
    ("intel", r"intel|\barc\b|\biris\b"),
    ("apple", r"apple"),
    ("qualcomm", r"qualcomm|adreno"),
)


@dataclass(frozen=True, slots=True)
class Usable:
    """A device that an engine reports, with what the computer's own probes add to it. Sizes in bytes."""

    name: str
    title: str
    """For people, without its backend."""
    backend: str
    free_memory: int | None
    """None: nothing tells."""
    total_memory: int
    shared: bool
    """Integrated graphics that gain little: those of AMD, Intel and Qualcomm."""
    software: bool

    @property
    def full_title(self) -> str:
        """With what drives it."""
        return f"{self.title} ({self.backend})" if self.backend else self.title


def usable_devices(engine: EngineFacts, computer: Computer) -> tuple[Usable, ...]:
    """Every device besides the processor that can be used, in order of preference.

    First those with memory of their own (and Apple's and NVIDIA's), then integrated ones, then software;
    among them by backend, then by free memory.
    """
    needs = cuda_needs(engine.package)
    found = [_usable(device, computer) for device in engine.devices if _can_be_used(device, computer, needs)]
    return tuple(sorted(found, key=_rank))


def named_devices(engine: EngineFacts, computer: Computer, names: Sequence[str]) -> list[Usable | None]:
    """What `engine` has under each of `names`, whether or not it seems to work; None: nothing.

    Capitals do not count, and the first of several may be meant without its number: `cuda` for `CUDA0`.
    """
    found: list[Usable | None] = []
    for name in names:
        wanted = name.strip().lower()
        there = beside_processor(engine)
        exact = [device for device in there if device.name.lower() == wanted]
        first = [device for device in there if _first(device.name) == _first(wanted)]
        match = next(iter(exact or first), None)
        found.append(None if match is None else _usable(match, computer))
    return found


def beside_processor(engine: EngineFacts) -> list[Device]:
    """What can be named besides the processor itself; another way of computing on it is among that."""
    return [device for device in engine.devices if device.name.upper() != PROCESSOR]


def _first(name: str) -> str:
    """The name of the first device of a kind without its number; another's as it is."""
    return _FIRST.sub("", name.lower())


def _rank(one: Usable) -> tuple[bool, bool, int, int]:
    known = one.backend in BACKEND_ORDER
    return (
        one.software,
        one.shared,
        BACKEND_ORDER.index(one.backend) if known else len(BACKEND_ORDER),
        -(one.free_memory or 0),
    )


def _can_be_used(device: Device, computer: Computer, needs: CudaNeeds) -> bool:
    if device.kind not in ("gpu", "integrated gpu"):
        return False
    if device.free_memory:
        # The engine has spoken with it.
        return True
    gpus = driven_gpus(device.backend, computer.gpus)
    if device.backend in ON_CUDA:
        # That the driver lists it does not say that it is new enough.
        gpu = _matching(device_title(device), gpus)
        known = gpus if gpu is None else [gpu]
        return any(runs_cuda(one, needs) for one in known) if known else bool(device.total_memory)
    return bool(gpus)


def driven_gpus(backend: str, gpus: Sequence[Gpu]) -> list[Gpu]:
    """Those of `gpus` that `backend` can drive; all of them where nothing is known about it."""
    vendors = SERVES.get(backend)
    return [gpu for gpu in gpus if vendors is None or gpu.vendor in vendors]


def runs_cuda(gpu: Gpu, needs: CudaNeeds) -> bool:
    """Whether `gpu` and its driver are known to do for a build with these `needs`."""
    if not (gpu.driver and gpu.cuda and version_in(gpu.cuda) >= needs.version):
        return False
    return not gpu.compute_capability or version_in(gpu.compute_capability) >= needs.capability


def _usable(device: Device, computer: Computer) -> Usable:
    title = device_title(device)
    gpus = driven_gpus(device.backend, computer.gpus)
    gpu = _matching(title, gpus)
    if gpu is None and gpus and not device.free_memory:
        # It is only known that there is something: the one that such an interface takes by itself.
        gpu = next((one for one in gpus if not one.integrated), gpus[0])
    free, total = device.free_memory, device.total_memory
    # Metal and OpenCL call everything a GPU.
    integrated = device.kind == "integrated gpu" or (gpu is not None and gpu.integrated)
    if gpu is not None and not free:
        total = total or gpu.total_memory_bytes
        free = total if gpu.free_memory_bytes is None else gpu.free_memory_bytes
        title = plain_name(gpu.name) or title
    return Usable(
        device.name,
        title,
        device.backend,
        free or total or None,
        total,
        integrated and vendor_of(device, gpu) not in ("apple", "nvidia"),
        any(word in title.lower() for word in _SOFTWARE),
    )


def vendor_of(device: Device, gpu: Gpu | None = None) -> GpuVendor:
    """Who made the device, as far as its backend or its name tells."""
    served = SERVES.get(device.backend, ())
    if len(served) == 1:
        return served[0]
    if gpu is not None:
        return gpu.vendor
    words = device.description.lower()
    return next((vendor for vendor, pattern in _VENDORS if re.search(pattern, words)), "other")


def _matching(title: str, gpus: Sequence[Gpu]) -> Gpu | None:
    """The one of `gpus` with that name, as drivers and probes write it differently."""
    plain = title.lower()
    names = ((plain_name(gpu.name).lower(), gpu) for gpu in gpus)
    return next((gpu for name, gpu in names if name and (name in plain or plain in name)), None)
