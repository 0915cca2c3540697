"""How a model is loaded: what the person wants, together with what this computer and its engine can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from slmdesk.engines import (
    ENGINES,
    EngineFacts,
    EngineSurvey,
    FlashAttention,
    KvType,
    Loaded,
    LoadOptions,
    ModelNeeds,
    Placement,
    Preference,
    engine_for,
    most_threads,
    resolve,
    resolve_without_engine,
    usual_context_length,
)
from slmdesk.fit import FitQuestion, LayersThatFit
from slmdesk.library import InstalledModel

if TYPE_CHECKING:
    from slmdesk.hardware import Computer

# Bytes of one number in the KV cache, beside the two of f16, for which models tell their size.
_KV_BYTES: dict[KvType, float] = {
    "f32": 4,
    "f16": 2,
    "bf16": 2,
    "q8_0": 34 / 32,
    "q5_1": 24 / 32,
    "q5_0": 22 / 32,
    "q4_1": 20 / 32,
    "q4_0": 18 / 32,
}


_NOTHING_WISHED = Preference()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadWishes:
    """What is wanted of a load, as in `LoadOptions`; None: whatever suits."""

    preference: Preference = _NOTHING_WISHED
    threads: int | None = None
    context_length: int | None = None
    batch_size: int | None = None
    kv_type: KvType = "f16"
    flash_attention: FlashAttention = "auto"


@dataclass(frozen=True, slots=True)
class PlannedLoad:
    """A load as it will be asked for, and why it runs where it does."""

    options: LoadOptions
    placement: Placement


class LoadPlanner:
    """Plans loads. Keeps nothing but the survey's facts; usable from any thread."""

    def __init__(
        self,
        survey: EngineSurvey,
        computer: Callable[[], Computer],
        wishes: Callable[[InstalledModel], LoadWishes],
        layers_that_fit: LayersThatFit | None = None,
    ) -> None:
        """`computer` may block and is asked at each plan; whoever gives it keeps what it found.
        `layers_that_fit` None: what fits on a device is estimated."""
        self._layers_that_fit = layers_that_fit
        self._survey = survey
        self._computer = computer
        self._wishes = wishes

    def plan(self, model: InstalledModel, context_length: int | None = None) -> PlannedLoad:
        """How to load `model`, with `context_length` tokens in place of what is wished for it, if given.

        Blocks at its first call, about a second where an engine has to be asked. Never raises.
        """
        wishes = self.wishes(model, context_length)
        computer = self._computer()
        engine = model.engine or engine_for(str(model.path))
        known = self._survey.known(engine)
        if known is not None and wishes.kv_type not in known.capabilities.kv_types:
            # Its cache is as the model has it, whatever is set for others.
            wishes = replace(wishes, kv_type=LoadWishes().kv_type)
        placement = self._place(model, engine, known, computer, wishes)
        usual = LoadOptions()
        options = LoadOptions(
            context_length=wishes.context_length,
            # Set on a computer with more cores, perhaps.
            threads=wishes.threads and min(wishes.threads, most_threads(computer.logical_cores)),
            batch_size=usual.batch_size if wishes.batch_size is None else wishes.batch_size,
            devices=placement.devices,
            gpu_layers=placement.gpu_layers if placement.devices else usual.gpu_layers,
            tensor_split=placement.tensor_split,
            kv_type=wishes.kv_type,
            flash_attention=wishes.flash_attention,
        )
        return PlannedLoad(options, placement)

    def wishes(self, model: InstalledModel, context_length: int | None = None) -> LoadWishes:
        """What is wished for `model`. Never blocks."""
        wishes = self._wishes(model)
        return wishes if context_length is None else replace(wishes, context_length=context_length)

    def refresh(self) -> None:
        """Ask engines anew from the next plan on: an engine has died, or its device's memory has changed."""
        self._survey.refresh()

    def _place(
        self,
        model: InstalledModel,
        engine: str,
        known: EngineFacts | None,
        computer: Computer,
        wishes: LoadWishes,
    ) -> Placement:
        if known is None:
            # Starting an engine only to hear of devices costs a second before the first answer.
            placement = resolve_without_engine(computer, wishes.preference)
            if placement is not None:
                return placement
            known = self._survey.facts(engine)
        needs = needs_of(model, wishes)
        if self._layers_that_fit is not None and ENGINES[engine].create_simulator is not None:
            question = FitQuestion(
                context_length=_context_length(model, wishes),
                kv_type=wishes.kv_type,
                flash_attention=wishes.flash_attention,
                batch_size=wishes.batch_size or FitQuestion().batch_size,
            )
            ask = partial(self._layers_that_fit, model.path, question)
            needs = replace(needs, layers_that_fit=ask)
        return resolve(known, computer, wishes.preference, needs)


class PlanKeeper:
    """The plan of the load that is in effect. For one thread.

    A model that is loaded takes memory itself, so that a new plan for it would be another one: the plan holds
    for as long as it is loaded and the same is wished.
    """

    def __init__(self, planner: LoadPlanner) -> None:
        self._planner = planner
        self._kept: tuple[tuple[Path, str, LoadWishes], PlannedLoad] | None = None

    def plan(
        self, model: InstalledModel, context_length: int | None, loaded: Loaded | None
    ) -> tuple[PlannedLoad, bool]:
        """The plan for `model` beside what is `loaded`, and whether it is a new one.

        Blocks as `LoadPlanner.plan` does. Never raises.
        """
        wished = (model.path, model.engine, self._planner.wishes(model, context_length))
        if self._kept is not None:
            key, plan = self._kept
            if loaded is None:
                # Its engine has died, or it was unloaded: what devices have free is another matter now.
                self._planner.refresh()
            elif key == wished and (Path(loaded.path), loaded.options) == (model.path, plan.options):
                return plan, False
        plan = self._planner.plan(model, context_length)
        self._kept = wished, plan
        return plan, True


def needs_of(model: InstalledModel, wishes: LoadWishes) -> ModelNeeds:
    """What `model` takes with the context and the KV cache that are wished."""
    length = _context_length(model, wishes)
    kv_bytes = model.kv_bytes_per_token * length * _KV_BYTES[wishes.kv_type] / _KV_BYTES["f16"]
    return ModelNeeds(weights_bytes=model.size_bytes, kv_bytes=int(kv_bytes), layers=model.layers)


def _context_length(model: InstalledModel, wishes: LoadWishes) -> int:
    return wishes.context_length or usual_context_length(model.trained_context_length)
