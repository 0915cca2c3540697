"""Looking for engines and devices, and where each model would run on them, for every panel that shows it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from slmdesk.messages import ErrorKind, UserError

if TYPE_CHECKING:
    from slmdesk.chat import PlannedLoad
    from slmdesk.engines import Placement
    from slmdesk.library import InstalledModel
    from slmdesk.ui.surroundings import Surroundings
    from slmdesk.ui.tasks import Tasks

_log = logging.getLogger(__name__)


class Placing(QObject):
    """Asks in threads; what comes last holds. GUI thread."""

    looking = Signal()
    """Somebody looks; `looked` or `failed` follows."""
    looked = Signal(object)
    """`Surroundings`."""
    failed = Signal(object)
    """A `UserError`: looking came to nothing."""
    planned = Signal()
    """`placements` are others now."""

    def __init__(
        self,
        tasks: Tasks,
        look_around: Callable[[bool], Surroundings] | None,
        plan: Callable[[InstalledModel], PlannedLoad] | None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._look_around = look_around
        self._plan = plan
        self._looking = False
        self._planning = 0
        self.surroundings: Surroundings | None = None
        """What is known; None: nobody has looked yet."""
        self.placements: Mapping[str, Placement] = {}
        """Where models would run, by the paths of their files."""

    def look(self, *, again: bool = False) -> None:
        """Find out what there is. `again`: also where it is known."""
        look_around = self._look_around
        if look_around is None or self._looking or (self.surroundings is not None and not again):
            return
        self._looking = True
        self.looking.emit()

        def work() -> Surroundings | UserError:
            try:
                return look_around(again)
            except UserError as error:
                return error
            except Exception:  # noqa: BLE001 - shown to the person, with its traceback
                _log.exception("looking for engines and devices failed")
                return UserError("engines-not-looked-at", ErrorKind.MODEL, details=traceback.format_exc())

        self._tasks.run(work, self._take)

    def plan(self, models: Sequence[InstalledModel]) -> None:
        """Find out where these would run with the settings as they are."""
        decide = self._plan
        if decide is None:
            return
        self._planning += 1
        number = self._planning

        def work() -> dict[str, Placement]:
            found: dict[str, Placement] = {}
            for model in models:
                if self._planning != number:
                    # Something has changed meanwhile, and is being planned anew.
                    break
                try:
                    found[str(model.path)] = decide(model).placement
                except UserError as error:
                    # Loading says it where it matters.
                    _log.info("%s cannot be planned: %s", model.id, error)
            return found

        def take(found: dict[str, Placement]) -> None:
            if self._planning == number:
                self.placements = found
                self.planned.emit()

        self._tasks.run(work, take)

    def take(self, path: str, placement: Placement) -> None:
        """What was decided for a model that is being loaded now."""
        if self.placements.get(path) != placement:
            self.placements = {**self.placements, path: placement}
            self.planned.emit()

    def _take(self, found: Surroundings | UserError) -> None:
        self._looking = False
        if isinstance(found, UserError):
            self.failed.emit(found)
        else:
            self.surroundings = found
            self.looked.emit(found)
