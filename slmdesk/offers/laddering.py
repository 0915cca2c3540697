"""What can be done where the memory did not suffice for loading a model that is installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from slmdesk.engines import usual_context_length
from slmdesk.fit import FitQuestion
from slmdesk.offers.subjects import subject_on_disk

if TYPE_CHECKING:
    from slmdesk.chat import PlannedLoad
    from slmdesk.fit import FitCheck, Step
    from slmdesk.library import InstalledModel


def ladder_steps(
    check: FitCheck,
    planned: PlannedLoad,
    model: InstalledModel,
    installed: Sequence[InstalledModel],
    context_length: int | None,
) -> tuple[Step, ...]:
    """Ways to load `model` that take less than `planned` does with `context_length`, each with what it takes;
    smaller files of the same model among those `installed` too.

    Blocks up to some seconds. Raises UserError (kind MODEL) for a file that is damaged.
    """
    options = planned.options
    question = FitQuestion(
        context_length=context_length
        or options.context_length
        or usual_context_length(model.trained_context_length),
        kv_type=options.kv_type,
        batch_size=options.batch_size,
        flash_attention=options.flash_attention,
        devices=options.devices,
        gpu_layers=options.gpu_layers,
        threads=options.threads,
    )
    smaller = [
        one
        for one in installed
        if one.title == model.title and one.problem is None and one.size_bytes < model.size_bytes
    ]
    smaller.sort(key=lambda one: -one.size_bytes)
    return check.ladder(subject_on_disk(model), question, smaller=[subject_on_disk(one) for one in smaller])
