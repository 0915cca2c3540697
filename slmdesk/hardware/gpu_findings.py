"""The graphics processors of a computer, put together from what each system and NVIDIA's tool tell. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from slmdesk.hardware.gpu import Gpu
from slmdesk.hardware.linux_gpus import LinuxGpus
from slmdesk.hardware.nvidia import NvidiaFindings
from slmdesk.hardware.windows_gpus import DisplayDevice, note_on, parse_device
from slmdesk.messages import Message

_NOUVEAU = ("nouveau", "nova")


@dataclass(frozen=True, slots=True)
class GpuFindings:
    """The processors, those with memory of their own and much of it first, and what is in their way."""

    gpus: tuple[Gpu, ...] = ()
    notes: tuple[Message, ...] = ()


def gpus_of_linux(seen: LinuxGpus, nvidia: NvidiaFindings | None, memory_bytes: int) -> GpuFindings:
    """What `/sys` and NVIDIA's tool say together. `nvidia` None: the tool is not installed."""
    notes: list[Message] = []
    told = nvidia.gpus if nvidia is not None else ()
    cards = [gpu for gpu in seen.gpus if gpu.vendor == "nvidia"]
    if nvidia is not None and nvidia.problem is not None:
        # The tool alone is in many containers; where there is no GPU of NVIDIA's, nothing is amiss.
        if told or cards or seen.windows_below:
            notes.append(nvidia.problem)
    elif cards and nvidia is None:
        notes += [_why_no_nvidia(gpu) for gpu in cards]
    others = [gpu for gpu in seen.gpus if gpu.vendor != "nvidia"]
    notes += [Message("gpu-without-driver", {"name": gpu.name}) for gpu in others if not gpu.driver]
    listed = {gpu.name for gpu in others}
    notes += [Message("gpu-refused", {"name": name}) for name in seen.refused if name in listed]
    return _together([*(told or cards), *others], notes, memory_bytes)


def gpus_of_windows(
    devices: Iterable[DisplayDevice], nvidia: NvidiaFindings | None, memory_bytes: int
) -> GpuFindings:
    """What the registry and NVIDIA's tool say together."""
    notes: list[Message] = []
    told = nvidia.gpus if nvidia is not None else ()
    listed: list[Gpu] = []
    for device in devices:
        gpu = parse_device(device)
        if gpu is None:
            continue
        note = note_on(device, gpu.name)
        if note is not None:
            notes.append(note)
        if gpu.integrated:
            # Windows lets graphics take up to half of the memory that it manages.
            gpu = replace(gpu, total_memory_bytes=gpu.total_memory_bytes + memory_bytes // 2)
        if gpu.vendor != "nvidia" or not told:
            listed.append(gpu)
    cards = any(gpu.vendor == "nvidia" for gpu in listed)
    if nvidia is not None and nvidia.problem is not None and (told or cards) and not notes:
        notes.append(nvidia.problem)
    return _together([*told, *listed], notes, memory_bytes)


def gpus_of_mac(gpus: Iterable[Gpu], memory_bytes: int) -> GpuFindings:
    """What the profiler says, with the memory that Apple's processors share."""
    return _together(list(gpus), [], memory_bytes)


def _why_no_nvidia(gpu: Gpu) -> Message:
    if not gpu.driver:
        return Message("gpu-without-driver", {"name": gpu.name})
    if gpu.driver in _NOUVEAU:
        return Message("nvidia-free-driver", {"name": gpu.name, "driver": gpu.driver})
    return Message("nvidia-smi-missing", {"name": gpu.name})


def _together(gpus: list[Gpu], notes: list[Message], memory_bytes: int) -> GpuFindings:
    whole = [_with_shared_memory(gpu, memory_bytes) for gpu in gpus]
    whole.sort(key=lambda gpu: (gpu.integrated, -gpu.total_memory_bytes))
    return GpuFindings(tuple(whole), tuple(notes))


def _with_shared_memory(gpu: Gpu, memory_bytes: int) -> Gpu:
    """Apple's and NVIDIA's processors without memory of their own reach all of the computer's."""
    if gpu.integrated and not gpu.total_memory_bytes and gpu.vendor in ("apple", "nvidia"):
        return replace(gpu, total_memory_bytes=memory_bytes)
    return gpu
