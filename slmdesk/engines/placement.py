"""Which device runs a model: what was wished, and what was decided and why.

`resolve` decides, from what the engine reports, what the computer has, what is wished and what the model
takes. The order, the same on every system; which builds there are makes the difference (docs/devices.md):

1. A wish for the processor, or for no layers elsewhere, is followed.
2. A device wished by name is used where the engine has it. Otherwise the model runs on the processor, with a
   warning.
3. `AUTO` takes graphics processors with memory of their own, and those of Apple and NVIDIA that share the
   computer's; `ANY_GPU` also integrated ones of AMD, Intel and Qualcomm, last. Neither takes software that
   imitates one.
4. Among them the backend decides: CUDA, TensorRT RTX, Metal, ROCm, SYCL, MUSA, DirectML, Vulkan, OpenCL,
   WebGPU; then the most free memory. So on Windows CUDA comes before DirectML and Vulkan, on Linux CUDA
   before ROCm and Vulkan, and on macOS there is Metal; the processor follows.
5. As many layers as fit into the device's free memory less a reserve (`placing_room`). Where one device is
   not enough, further ones of the same backend are used too, the layers shared by what is free. An engine
   that does not place layers one by one gets all of the model or nothing, on one device.
6. Too little room for a tenth of the layers: the processor, with a warning.
7. No device of the engine is left, and the computer has a graphics processor that `AUTO` would take: the
   processor, with a warning that says why and how to mend it (`placing_causes`).
8. Layers that were chosen want a device for them: `AUTO` with layers and nothing that it would take is the
   processor with a warning, too, for an engine that places layers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from slmdesk.engines.device_titles import PROCESSOR, plain_name
from slmdesk.engines.placing_causes import why_not
from slmdesk.engines.placing_devices import Usable, beside_processor, named_devices, usable_devices
from slmdesk.engines.placing_room import Room, room_for
from slmdesk.engines.protocol import ALL_LAYERS
from slmdesk.messages import ErrorKind, Message, UserError

if TYPE_CHECKING:
    from slmdesk.engines.probe import EngineFacts
    from slmdesk.hardware import Computer, Gpu

Wisher: TypeAlias = Literal["default", "person", "model", "policy"]
"""Who wants a device: nobody, the person for every model, the person for this one, or an administrator."""

AUTO = "auto"
CPU_ONLY = "cpu"
ANY_GPU = "gpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """Where models should run."""

    device: str = AUTO
    """`AUTO`, `CPU_ONLY`, `ANY_GPU`, or the name of a device as the engine has it, several with commas
    between them."""
    gpu_layers: int | None = None
    """Layers to place on the device; None: as many as fit."""
    tensor_split: tuple[float, ...] = ()
    """See `LoadOptions.tensor_split`."""
    wisher: Wisher = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelNeeds:
    """What a model takes, for deciding how much of it fits on a device. Sizes in bytes."""

    weights_bytes: int
    kv_bytes: int
    """Of the KV cache at the context length that is wanted."""
    layers: int
    """Without the output layer; 0 where layers cannot be placed one by one."""
    layers_that_fit: Callable[[Mapping[str, int]], int | None] | None = None
    """Asks the engine how many layers, the output layer among them, fit on devices with so many bytes free
    for the model, by their names in order. May block for a second; never raises. None, also as its answer: it
    cannot be asked, and what fits is estimated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a model will run."""

    devices: tuple[str, ...] = ()
    """For `LoadOptions.devices`."""
    gpu_layers: int = 0
    """For `LoadOptions.gpu_layers`."""
    tensor_split: tuple[float, ...] = ()
    title: str
    """The device for people: `CPU`, `NVIDIA GeForce RTX 4060 (CUDA)`."""
    reason: Message
    """Why, in one sentence."""
    warning: UserError | None = None
    """A GPU that is here or was asked for, and that is not used: what happens, why, and how to mend it. Never
    raised by itself; a front that was given a device by name raises it."""


# How the sentence for a choice ends, by who made it.
_CHOSEN: Mapping[Wisher, str] = {
    "default": "chosen",
    "person": "chosen",
    "model": "chosen-for-model",
    "policy": "policy",
}


def resolve(
    engine: EngineFacts, computer: Computer, preference: Preference, needs: ModelNeeds | None = None
) -> Placement:
    """Where a model of `engine` runs. Never raises, and never falls back without saying so.

    Pure, but for what `needs` asks the engine.
    """
    if wants_processor(preference):
        return _on_processor(Message(f"placed-cpu-{_CHOSEN[preference.wisher]}"))
    if engine.problem is not None:
        warning = UserError("gpu-engine-broken", ErrorKind.MODEL, engine=engine.title)
        return _on_processor(
            Message("placed-cpu-engine", {"engine": engine.title}),
            warning if preference.device != AUTO or wants_layers(preference) else None,
        )
    if preference.device not in (AUTO, ANY_GPU):
        return _named(engine, computer, preference, needs)
    found = usable_devices(engine, computer)
    shared_too = preference.device == ANY_GPU
    fit = [one for one in found if not one.software and (shared_too or not one.shared)]
    if not fit:
        return _without_device(engine, computer, preference, found)
    same = [one for one in fit if one.backend == fit[0].backend and one.shared == fit[0].shared]
    return _on_devices(engine, preference, same, needs)


def resolve_without_engine(computer: Computer, preference: Preference) -> Placement | None:
    """The same for where no engine need be asked: the processor is wished, or nothing else is here.

    None: it takes an engine to tell. It also does where a probe failed or came too late, and on ARM with
    Linux, whose boards have graphics processors that stand in no list of the system's.
    """
    if wants_processor(preference):
        return _on_processor(Message(f"placed-cpu-{_CHOSEN[preference.wisher]}"))
    if preference.device != AUTO or wants_layers(preference):
        # Whether layers count is for the engine to say.
        return None
    board = computer.family == "linux" and computer.machine.lower() in ("aarch64", "arm64")
    if not (computer.gpus or computer.notes or board):
        return _on_processor(Message("placed-cpu-no-gpu"))
    return None


def wants_processor(preference: Preference) -> bool:
    """Whether the processor alone is wished."""
    names = _names(preference)
    return preference.gpu_layers == 0 or (bool(names) and all(name == CPU_ONLY for name in names))


def wants_layers(preference: Preference) -> bool:
    """Whether some layers, or all, are wished on another device than the processor."""
    return preference.gpu_layers not in (None, 0)


def _names(preference: Preference) -> list[str]:
    """The devices that are named, `CPU_ONLY` among them however it is written."""
    names = [part.strip() for part in preference.device.split(",")]
    return [CPU_ONLY if name.lower() == CPU_ONLY else name for name in names if name]


def _on_processor(reason: Message, warning: UserError | None = None) -> Placement:
    return Placement(title=PROCESSOR, reason=reason, warning=warning)


def _named(
    engine: EngineFacts, computer: Computer, preference: Preference, needs: ModelNeeds | None
) -> Placement:
    names = list(dict.fromkeys(name for name in _names(preference) if name != CPU_ONLY))
    found = named_devices(engine, computer, names)
    missing = [name for name, one in zip(names, found, strict=True) if one is None]
    if missing or not names:
        gone = ", ".join(missing) or preference.device
        there = ", ".join(device.name for device in beside_processor(engine))
        facts = {"device": gone, "engine": engine.title}
        several = "-several" if len(missing) > 1 else ""
        warning = (
            UserError(f"gpu-gone{several}", ErrorKind.MODEL, devices=there, **facts)
            if there
            else UserError(f"gpu-gone-none{several}", ErrorKind.MODEL, **facts)
        )
        return _on_processor(Message(f"placed-cpu-device-missing{several}", facts), warning)
    # Two names may mean the same one.
    used = list({one.name: one for one in found if one is not None}.values())
    return _on_devices(engine, preference, used, needs)


def _without_device(
    engine: EngineFacts, computer: Computer, preference: Preference, found: Sequence[Usable]
) -> Placement:
    """No device is left to be used by itself: say why."""
    layers = _places_layers(engine) and wants_layers(preference)
    asked = preference.device == ANY_GPU or layers
    gpu = next((one for one in computer.gpus if _good_by_itself(one)), None)
    if gpu is None and layers and found and found[0].shared and not found[0].software:
        facts = {"device": found[0].title}
        chosen_only = UserError("gpu-layers-integrated", ErrorKind.MODEL, **facts)
        return _on_processor(Message("placed-cpu-integrated", facts), chosen_only)
    if gpu is None and asked:
        gpu = next(iter(computer.gpus), None)
    if gpu is not None:
        cause = why_not(engine, computer, gpu)
        return _on_processor(cause.reason, cause.warning)
    if found and found[0].software:
        facts = {"device": found[0].title}
        warning = UserError("gpu-only-software", ErrorKind.MODEL, **facts) if asked else None
        return _on_processor(Message("placed-cpu-software", facts), warning)
    if asked:
        key = "gpu-none" if preference.device == ANY_GPU else "gpu-none-for-layers"
        return _on_processor(Message("placed-cpu-no-gpu"), UserError(key, ErrorKind.MODEL))
    shared = [one.title for one in found] or [plain_name(one.name) or one.vendor for one in computer.gpus]
    if shared:
        return _on_processor(Message("placed-cpu-integrated", {"device": shared[0]}))
    return _on_processor(Message("placed-cpu-no-gpu"))


def _places_layers(engine: EngineFacts) -> bool:
    return "gpu_layers" in engine.capabilities.load_options


def _good_by_itself(gpu: Gpu) -> bool:
    return not gpu.integrated or gpu.vendor in ("apple", "nvidia")


def _on_devices(
    engine: EngineFacts, preference: Preference, devices: list[Usable], needs: ModelNeeds | None
) -> Placement:
    named = preference.device not in (AUTO, ANY_GPU)
    layers = preference.gpu_layers
    if not _places_layers(engine):
        layers = None
        devices = devices if named else devices[:1]
        needs = replace(needs, layers=0) if needs is not None else None
    if layers is not None or needs is None:
        used = devices if named else devices[:1]
        key = _reason_key(preference) or ("placed-gpu" if layers is None else "placed-gpu-layers")
        facts = {"device": _titles(used), "engine": engine.title}
        split = preference.tensor_split if len(preference.tensor_split) == len(used) else ()
        return _placed(used, ALL_LAYERS if layers is None else layers, split, Message(key, facts))
    room = room_for(needs, devices)
    used = devices if named else devices[: room.devices]
    if not room.worthwhile:
        facts = {"device": _titles(used)}
        free = sum(one.free_memory or 0 for one in used)
        key = "gpu-memory-too-small" + ("-several" if len(used) > 1 else "")
        warning = UserError(key, ErrorKind.MODEL, free_memory=free, **facts)
        return _on_processor(Message("placed-cpu-memory", facts), warning)
    split = room.shares if len(room.shares) == len(used) else ()
    if len(preference.tensor_split) == len(used):
        split = preference.tensor_split
    gpu_layers = ALL_LAYERS if room.whole else room.layers
    return _placed(used, gpu_layers, split, _room_reason(preference, used, room))


def _reason_key(preference: Preference) -> str:
    """The sentence for a device that somebody wished, or ""."""
    return "" if preference.device == AUTO else f"placed-gpu-{_CHOSEN[preference.wisher]}"


def _room_reason(preference: Preference, used: Sequence[Usable], room: Room) -> Message:
    facts: dict[str, str | int] = {"device": _titles(used)}
    part = "" if room.whole else "-part"
    if part:
        facts |= {"layers": room.layers, "total": room.total}
    wished = _reason_key(preference)
    if wished:
        return Message(wished + part, facts)
    if len(used) > 1:
        return Message("placed-gpu-split" + part, facts)
    return Message("placed-gpu-part" if part else "placed-gpu-whole", facts)


def _titles(devices: Sequence[Usable]) -> str:
    titles = [one.full_title for one in devices]
    counted = {title: titles.count(title) for title in titles}
    return ", ".join(f"{count} × {title}" if count > 1 else title for title, count in counted.items())


def _placed(used: Sequence[Usable], gpu_layers: int, split: tuple[float, ...], reason: Message) -> Placement:
    return Placement(
        devices=tuple(one.name for one in used),
        gpu_layers=gpu_layers,
        tensor_split=split,
        title=_titles(used),
        reason=reason,
    )
