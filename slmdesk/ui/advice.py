"""What the window is told about models that can be fetched: the catalogue, the Hub, and how they run here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slmdesk.catalogue import HubCatalogue
    from slmdesk.fit import FitCheck
    from slmdesk.hardware import Computer
    from slmdesk.library import InstalledModel


@dataclass(frozen=True)
class ModelAdvice:
    """Made by the composition root, in a thread. Everything may block and may be used from any thread."""

    hub: HubCatalogue
    check: FitCheck
    installed: Callable[[], Sequence[InstalledModel]]
    """What is on this disk."""
    computer: Callable[[], Computer]
    """This computer, with what is free now."""
    measure_speed: Callable[[], bool] | None = None
    """Time this computer, unless that was done before. Returns whether speeds can be told that could not be
    before. Some seconds, in which nothing else should decode. None: nobody can."""
    free_disk: Callable[[], int | None] = lambda: None
    """Bytes free where models are kept; None: the disk does not answer."""
