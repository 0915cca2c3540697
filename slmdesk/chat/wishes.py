"""What the settings say about how a model is to be loaded."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import TYPE_CHECKING

from slmdesk.chat.loading import LoadWishes
from slmdesk.engines import ANY_GPU, AUTO, CPU_ONLY, Device, EngineFacts, Preference, Wisher

if TYPE_CHECKING:
    from slmdesk.library import InstalledModel
    from slmdesk.storage import Settings

_ALL_THAT_FIT = -1


def wishes_of(
    settings: Settings,
    model: InstalledModel,
    engines: Iterable[EngineFacts] = (),
    fixed: Container[str] = (),
) -> LoadWishes:
    """The wishes for `model`, with what is set for it alone in place of what is set for all models.

    `engines`: what is known of them, so that a device that one of them has by one name is found by another
    that has it by its own. `fixed`: the names of settings that a policy has fixed.
    """
    chosen = settings.in_effect_for(str(model.path), fixed)
    length, trained = chosen.context_length or None, model.trained_context_length
    if length and trained:
        # What is set for all models is more than some of them can read.
        length = min(length, trained)
    return LoadWishes(
        preference=preference_of(settings, model.engine, str(model.path), engines, fixed),
        threads=chosen.threads or None,
        context_length=length,
        kv_type=chosen.kv_type or LoadWishes().kv_type,
    )


def preference_of(
    settings: Settings,
    engine: str,
    path: str = "",
    engines: Iterable[EngineFacts] = (),
    fixed: Container[str] = (),
) -> Preference:
    """Where `engine` is to run the model at `path`; without one, any that has nothing of its own set."""
    chosen = settings.in_effect_for(path, fixed)
    device = chosen.device or AUTO
    return Preference(
        device=name_of_device(device, engine, engines),
        gpu_layers=None if chosen.gpu_layers == _ALL_THAT_FIT else chosen.gpu_layers,
        wisher=_wisher(settings, path, device, fixed),
    )


def name_of_device(device: str, engine: str, engines: Iterable[EngineFacts]) -> str:
    """What `engine` calls the device that a person chose among those of all engines.

    Any graphics processor, where it is one that only another engine reaches: so that this one says why not,
    if it has none.
    """
    if device in (AUTO, CPU_ONLY, ANY_GPU):
        return device
    known = list(engines)
    own = [one for facts in known if facts.name == engine for one in facts.devices]
    others = [one for facts in known if facts.name != engine for one in facts.devices if one.name == device]
    if any(one.name == device for one in own) or not others:
        return device
    same = [one.name for one in own for other in others if _kind(one) == _kind(other)]
    return same[0] if same else ANY_GPU


def _kind(device: Device) -> tuple[str, str]:
    """By what a person knows it."""
    return device.description, device.backend


def _wisher(settings: Settings, path: str, device: str, fixed: Container[str]) -> Wisher:
    if "device" in fixed:
        return "policy"
    own = settings.for_model(path).device
    if own is not None and "model_settings" not in fixed:
        return "model"
    return "default" if device == AUTO else "person"
