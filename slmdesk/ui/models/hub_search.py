"""The search of the Hub: page after page, and of one that was given up nothing is shown."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from slmdesk.catalogue import CatalogueModel, HubPage
    from slmdesk.messages import UserError
    from slmdesk.offers import Offer
    from slmdesk.ui.tasks import Tasks

Found: TypeAlias = "tuple[HubPage, tuple[CatalogueModel, ...], list[Offer]]"
"""A page, all models that are known with it, and the offers that are new or others now."""
MakeSearch: TypeAlias = "Callable[[str, threading.Event], Callable[[], Found | None]]"
"""Given where the page begins and what stops the search: the work, done in a thread."""

# So long nobody types on before the Hub is asked.
_PAUSE_MS = 350


class HubSearch(QObject):
    """Asks for what `make` makes of what the person wants. `changed` with each step of it."""

    found = Signal(object, object)
    """All models that are known now, and the offers that are new or others."""
    changed = Signal()

    def __init__(self, tasks: Tasks, make: MakeSearch, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._make = make
        self._stop = threading.Event()
        self._next = ""
        self.searching = False
        self.asking_more = False
        """Whether it is a further page that is on its way."""
        self.problem: UserError | None = None
        self.page_date: float | None = None
        """When the last page was fetched, where it is an old one; seconds since 1970, UTC."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self.start)

    @property
    def has_more(self) -> bool:
        """Whether the Hub has another page."""
        return bool(self._next)

    @property
    def stopped(self) -> bool:
        """Whether what may still be on its way was given up."""
        return self._stop.is_set()

    def start_soon(self) -> None:
        """Search once the person rests."""
        self._timer.start()

    def start(self) -> None:
        """Search from the first page. A search that goes on is given up."""
        self.give_up()
        self._ask("")

    def more(self) -> None:
        """Ask for the next page."""
        if self._next:
            self._ask(self._next)

    def give_up(self) -> None:
        """Nothing of what is on its way is shown."""
        self._timer.stop()
        self._stop.set()
        self._stop = threading.Event()
        self.searching = self.asking_more = False
        self._next = ""

    def forget_problem(self) -> None:
        """What went wrong belongs to a search that nobody wants any more."""
        self.problem, self.page_date = None, None

    def pause(self) -> None:
        """Nobody sees it: what was to begin soon does not."""
        self._timer.stop()

    def rest(self) -> None:
        """The window is about to go."""
        self._timer.stop()
        self._stop.set()

    def _ask(self, cursor: str) -> None:
        stop = self._stop
        self.searching, self.asking_more = True, bool(cursor)

        def take(found: Found | None) -> None:
            if stop.is_set() or found is None:
                return
            page, models, offers = found
            self._next, self.problem = page.next, page.problem
            self.page_date = page.date if page.stale else None
            self.searching = self.asking_more = False
            self.found.emit(models, offers)
            self.changed.emit()

        def failed(error: UserError) -> None:
            if not stop.is_set():
                self.problem, self.page_date = error, None
                self.searching = self.asking_more = False
                self.changed.emit()

        self._tasks.run(self._make(cursor, stop), take, failed)
        self.changed.emit()
