"""What is suggested to somebody who has no model yet. Nothing here is Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slmdesk.messages import current_language

if TYPE_CHECKING:
    from slmdesk.hardware import Computer
    from slmdesk.offers import Suggestion
    from slmdesk.ui.advice import ModelAdvice


@dataclass(frozen=True, slots=True)
class FirstModel:
    """One model for this computer, and what it was chosen by."""

    suggestion: Suggestion
    computer: Computer
    free_disk_bytes: int | None


def suggest(advice: ModelAdvice) -> FirstModel | None:
    """The model to begin with, from the curated list; None: nothing runs here. Asks nothing of the network.
    Blocks."""
    from slmdesk.catalogue import load_curated
    from slmdesk.offers import Adviser, suggest_first

    models = advice.hub.lay_over(load_curated().models).models
    free = advice.free_disk()
    suggestion = suggest_first(
        Adviser(advice.check, advice.hub.kept_header).offers(models),
        languages=(current_language().code,),
        free_disk_bytes=free,
    )
    return FirstModel(suggestion, advice.computer(), free) if suggestion is not None else None


def suggest_measured(advice: ModelAdvice) -> FirstModel | None:
    """The same once it is known how fast this computer is; None where nothing new is known. Blocks for some
    seconds."""
    if advice.measure_speed is None or not advice.measure_speed():
        return None
    return suggest(advice)
