"""Which model answers the next message, and its being loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from slmdesk.messages import tr

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
        self.wanted = ""
        """Id or path of the model that should answer, whether or not it can; empty: any."""
        inference.failed.connect(self._take_error)
        inference.crashed.connect(self._take_crash)
        inference.finished.connect(self._take_end)

    @property
    def loading(self) -> bool:
        """Whether a load that was asked for here is not over yet."""
        return self._ticket is not None

    @property
    def stands_in(self) -> bool:
        """Whether another model answers than the one wanted, which cannot be used."""
        return self.model is not None and bool(self.wanted) and not _is(self.model, self.wanted)

    @property
    def broken(self) -> bool:
        """Whether there are models that could not be used even with every engine turned on."""
        return any(one.problem is not None and one.problem.key != _TURNED_OFF for one in self.models or ())

    @property
    def engines_off(self) -> tuple[str, ...]:
        """The titles of the engines that are turned off and would run a model, where none can be used."""
        if self.model is not None:
            return ()
        problems = [model.problem for model in self.models or ()]
        titles = [str(one.facts["engine"]) for one in problems if one is not None and one.key == _TURNED_OFF]
        return tuple(dict.fromkeys(titles))

    def what_to_do_first(self) -> str:
        """What has to be done before any model can answer; empty: one can, or nothing is known yet."""
        if self.models is None or self.model is not None:
            return ""
        if len(self.engines_off) == 1:
            return tr("Turn {engine} on first.").format(engine=self.engines_off[0])
        return tr("Turn an engine on first.") if self.engines_off else tr("Add a model first.")

    def find(self, wanted: str) -> InstalledModel | None:
        """The model with this id or path, whether or not it can be used."""
        return next((one for one in self.models or () if _is(one, wanted)), None)

    def set_models(self, models: Sequence[InstalledModel], wanted: str) -> bool:
        """Take what is on this computer. The model wanted answers, which is the one with the id or path
        `wanted` until another is chosen. Where it cannot be used, the one that answered before stands in for
        it, or else the first. Returns whether that is another than before.
        """
        before = self.model
        self.models, self.wanted = tuple(models), self.wanted or wanted
        usable = [model for model in models if model.problem is None]
        names = [self.wanted, *([before.id] if before is not None else [])]
        able = (model for name in names for model in usable if _is(model, name))
        self.model = next(able, usable[0] if usable else None)
        if self.model is not None:
            self.wanted = self.wanted or self.model.id
        self.changed.emit()
        return self.model is not None and (before is None or self.model.id != before.id)

    def want(self, wanted: str) -> None:
        """A conversation is shown with the model of this id or path; empty: with whichever answers now."""
        self.wanted = wanted or (self.model.id if self.model is not None else self.wanted)
        self.choose(wanted)

    def accept(self) -> None:
        """From now on the model that answers is the one wanted."""
        if self.model is not None:
            self.wanted = self.model.id

    def choose(self, model_id: str) -> bool:
        """Choose by id, unless it is unknown or broken. Returns whether that is another than before, or has
        only stood in for another.
        """
        model = self.find(model_id)
        if model is None or model.problem is not None:
            return False
        if self.model is not None and model.id == self.model.id and not self.stands_in:
            return False
        self.model, self.wanted = model, model.id
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


def _is(model: InstalledModel, wanted: str) -> bool:
    """Whether `wanted` is the id or the path of this model."""
    return wanted in (model.id, str(model.path))
