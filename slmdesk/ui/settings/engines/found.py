"""What was found to run models on: the processor, and every graphics processor, whoever told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slmdesk.messages import format_integer, say, tr, tr_n
from slmdesk.ui.settings.engines.words import device_title, dotted, join, memory

if TYPE_CHECKING:
    from slmdesk.engines import Device
    from slmdesk.hardware import Computer, Gpu
    from slmdesk.ui.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class Found:
    """One row of the list."""

    icon: str
    title: str
    about: str
    memory: str = ""


def found_devices(surroundings: Surroundings) -> tuple[Found, ...]:
    """The processor first, then graphics processors, then what only an engine knows of, then what could not
    be looked at.
    """
    left = list(surroundings.devices())
    rows = [_processor(surroundings.computer)]
    for gpu in surroundings.computer.gpus:
        same = [device for device in left if _is_same(gpu, device)]
        left = [device for device in left if device not in same]
        rows.append(_gpu(gpu, same, surroundings))
    rows += [_device(device, surroundings) for device in left]
    rows += [Found("info", tr("Not looked at"), say(note)) for note in surroundings.computer.notes]
    return tuple(rows)


def _processor(computer: Computer) -> Found:
    cores = tr_n("{count} core", "{count} cores", computer.physical_cores)
    threads = tr_n("{count} thread", "{count} threads", computer.logical_cores)
    about = dotted(
        cores.format(count=format_integer(computer.physical_cores)),
        threads.format(count=format_integer(computer.logical_cores)),
    )
    words = memory(computer.total_memory_bytes, computer.available_memory_bytes)
    return Found("cpu", computer.cpu_name or tr("Processor (CPU)"), about, words)


def _gpu(gpu: Gpu, devices: list[Device], surroundings: Surroundings) -> Found:
    kind = tr("Shares the computer’s memory") if gpu.integrated else ""
    driver = tr("driver {version}").format(version=gpu.driver) if gpu.driver else ""
    total, free = gpu.total_memory_bytes, gpu.free_memory_bytes
    if devices and (not total or free is None):
        total, free = devices[0].total_memory or total, devices[0].free_memory
    return Found(
        "gpu", gpu.name, dotted(_usable_with(devices, surroundings), driver, kind), memory(total, free)
    )


def _device(device: Device, surroundings: Surroundings) -> Found:
    words = memory(device.total_memory, device.free_memory)
    return Found("microchip", device_title(device), _usable_with([device], surroundings), words)


def _usable_with(devices: list[Device], surroundings: Surroundings) -> str:
    """Which engines reach it, and by what."""
    wanted = {(one.description, one.backend) for one in devices}
    reaching = [
        tr("{engine} ({backend})").format(engine=engine.title, backend=device.backend)
        if device.backend
        else engine.title
        for engine in surroundings.engines
        for device in engine.devices
        if (device.description, device.backend) in wanted
    ]
    if not reaching:
        return tr("No installed engine can use it")
    return tr("Used by {engines}").format(engines=join(list(dict.fromkeys(reaching))))


def _is_same(gpu: Gpu, device: Device) -> bool:
    """Whether an engine and the system mean the same thing by their different names."""
    one, other = gpu.name.casefold(), device.description.casefold()
    return bool(one and other) and (one in other or other in one)
