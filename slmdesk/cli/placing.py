"""Where a model shall run: what the command line asks for, else the settings, and what may come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import click

from slmdesk.chat import LoadPlanner, LoadWishes, PlannedLoad, wishes_of
from slmdesk.engines import (
    ALL_LAYERS,
    ANY_GPU,
    AUTO,
    CPU_ONLY,
    ENGINES,
    EngineSurvey,
    Preference,
    choose_engine,
)
from slmdesk.fit import LayersThatFit, layers_that_fit
from slmdesk.hardware import Computer, describe_computer
from slmdesk.library import InstalledModel
from slmdesk.messages import ErrorKind, UserError, tr
from slmdesk.storage import DeviceFault, Settings, fault_of_devices, general_devices, split_devices


@dataclass(frozen=True, slots=True)
class PlacingWishes:
    """What the person asked for on the command line; None: not said."""

    engine: str | None = None
    """A name of `engine_names`."""
    device: str | None = None
    """See `Preference.device`."""
    gpu_layers: int | None = None

    @property
    def wants_a_gpu(self) -> bool:
        """Whether running on the processor alone would not be what was asked for."""
        return self.device not in (None, AUTO, CPU_ONLY) or self.gpu_layers not in (None, 0)


def check_device(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """The value of --device as `Preference.device` has it. Raises click.BadParameter."""
    if value is None:
        return None
    general = general_devices(value)
    match fault_of_devices(value):
        case DeviceFault.NO_NAME:
            reason = tr("it is no name of a device; `slmdesk doctor` lists them")
        case DeviceFault.NOT_ALONE:
            reason = tr("“{name}” stands alone, not in a list of devices").format(name=min(general))
        case DeviceFault.TWICE:
            reason = tr("it names a device twice")
        case None:
            return general.pop() if general else ",".join(split_devices(value))
    raise click.BadParameter(reason, context, parameter)


def check_wishes(wishes: PlacingWishes) -> PlacingWishes:
    """The same wishes. Raises click.UsageError where they contradict each other."""
    if wishes.device == CPU_ONLY and wishes.gpu_layers not in (None, 0):
        raise click.UsageError(tr("--gpu-layers needs another --device than cpu"))
    if wishes.wants_a_gpu and wishes.gpu_layers == 0:
        raise click.UsageError(tr("with --gpu-layers 0 nothing runs on the device that --device names"))
    return wishes


def with_engine(
    model: InstalledModel, wishes: PlacingWishes, settings: Settings, settings_file: Path
) -> InstalledModel:
    """The model with the engine that shall run it. `settings_file`: see `turned_off`.

    Raises UserError (kind MODEL) where that one does not read the model, or is turned off in the settings:
    whether a person or a policy did that, naming it here does not turn it on.
    """
    if wishes.engine is not None:
        engine = choose_engine(str(model.path), wishes.engine)
        model = replace(model, engine=engine, engine_title=ENGINES[engine].title)
    problem = turned_off(model, settings, settings_file)
    if problem is not None:
        raise problem
    return model


def turned_off(model: InstalledModel, settings: Settings, settings_file: Path) -> UserError | None:
    """Why the model cannot be used though it is sound: its engine is turned off; None: it is not.

    `settings_file` is where that can be undone without a window.
    """
    if model.engine not in settings.engines_off:
        return None
    return UserError(
        "engine-turned-off-in-file", ErrorKind.MODEL,
        name=model.title, engine=model.engine_title, engine_name=model.engine, file=str(settings_file),
    )  # fmt: skip


def preferred(settled: Preference, wishes: PlacingWishes) -> Preference:
    """What the settings prefer, with what the command line asks for in its place."""
    if wishes.device is None and wishes.gpu_layers is None:
        return settled
    device = settled.device if wishes.device is None else wishes.device
    layers = settled.gpu_layers if wishes.gpu_layers is None else wishes.gpu_layers
    if wishes.gpu_layers is None and layers == 0 and wishes.wants_a_gpu:
        # Settled for the processor; whoever names a device wants something on it.
        layers = ALL_LAYERS
    if wishes.gpu_layers not in (None, 0) and device in (AUTO, CPU_ONLY):
        # Whoever places layers wants a device for them.
        device = ANY_GPU
    return Preference(device=device, gpu_layers=layers, wisher="model")


class StrictPlanner(LoadPlanner):
    """Plans loads, and refuses to go on without a GPU that the command line asks for."""

    def __init__(
        self,
        settings: Settings,
        wishes: PlacingWishes,
        context_length: int | None = None,
        *,
        survey: EngineSurvey | None = None,
        computer: Callable[[], Computer] = describe_computer,
        layers_that_fit: LayersThatFit | None = layers_that_fit,
    ) -> None:
        """What `computer` finds is kept. `layers_that_fit` is as `LoadPlanner` has it."""

        def wished(model: InstalledModel) -> LoadWishes:
            settled = wishes_of(settings, model)
            return replace(
                settled,
                preference=preferred(settled.preference, wishes),
                context_length=context_length or settled.context_length,
            )

        super().__init__(survey or EngineSurvey(), cache(computer), wished, layers_that_fit)
        self._wants_a_gpu = wishes.wants_a_gpu

    def plan(self, model: InstalledModel, context_length: int | None = None) -> PlannedLoad:
        """See `LoadPlanner`. Raises UserError where it would run on the processor and a GPU was asked for."""
        planned = super().plan(model, context_length)
        if self._wants_a_gpu and planned.placement.warning is not None:
            raise planned.placement.warning
        return planned
