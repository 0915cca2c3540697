"""Which model answers the next message, and its being loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from slmdesk.library import InstalledModel
    from slmdesk.messages import UserError
    from slmdesk.ui.inference import Inference

# The problem of a model whose engine was turned off in the settings.
_TURNED_OFF = "engine-turned-off"


class ModelChoice(QObject):
    """Owned by the chat panel. Loading is asked for here and done by the inference."""

    failed = Signal(object)
    """The `UserError` of a model that could not be loaded."""
    crashed = Signal(str)
    """The traceback of a bug in loading."""
    changed = Signal()
    """Another model, another list, or a load that is over."""

    def __init__(self, inference: Inference, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._inference = inference
        self._ticket: int | None = None
        self.models: tuple[InstalledModel, ...] | None = None
        """What is on this computer; None: not known yet."""
        self.model: InstalledModel | None = None
        """Who answers the next message; None: there is no model that could."""
        inference.failed.connect(self._take_error)
        inference.crashed.connect(self._take_crash)
        inference.finished.connect(self._take_end)

    @property
    def loading(self) -> bool:
        """Whether a load that was asked for here is not over yet."""
        return self._ticket is not None

    @property
    def engines_off(self) -> tuple[str, ...]:
        """The titles of the engines that are turned off, where no model can be used for that reason alone."""
        problems = [model.problem for model in self.models or ()]
        titles = [str(one.facts["engine"]) for one in problems if one is not None and one.key == _TURNED_OFF]
        return tuple(dict.fromkeys(titles)) if len(titles) == len(problems) else ()

    def set_models(self, models: Sequence[InstalledModel], wanted: str) -> bool:
        """Take what is on this computer. Where no model is chosen yet, or the chosen one has gone, the one
        with the id or path `wanted` is, or else the first. Returns whether that is another than before.
        """
        usable = [model for model in models if model.problem is None]
        before = self.model.id if self.model else ""
        chosen = next((one for one in usable if (before or wanted) in (one.id, str(one.path))), None)
        self.models, self.model = tuple(models), chosen or (usable[0] if usable else None)
        self.changed.emit()
        return self.model is not None and self.model.id != before

    def choose(self, model_id: str) -> bool:
        """Choose by id, unless it is unknown or broken. Returns whether that is another than before."""
        model = next((one for one in self.models or () if one.id == model_id), None)
        if model is None or model.problem is not None:
            return False
        if self.model is not None and model.id == self.model.id:
            return False
        self.model = model
        self.changed.emit()
        return True

    def load(self, context_length: int | None, *, again: bool = False) -> None:
        """Load the chosen model. `again`: even where it has ended its engine before."""
        if self.model is not None:
            self._ticket = self._inference.load(self.model, context_length=context_length, again=again)
            self.changed.emit()

    def stop(self) -> None:
        """End the loading."""
        if self._ticket is not None:
            self._inference.cancel(self._ticket)

    def _take_error(self, ticket: int, error: UserError) -> None:
        if ticket == self._ticket:
            self.failed.emit(error)

    def _take_crash(self, ticket: int, report: str) -> None:
        if ticket == self._ticket:
            self.crashed.emit(report)

    def _take_end(self, ticket: int) -> None:
        if ticket == self._ticket:
            self._ticket = None
            self.changed.emit()
