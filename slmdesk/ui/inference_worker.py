"""The side of the inference thread: one request after another, and what each of them says."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from PySide6.QtCore import QObject, QThread, Signal, Slot

from slmdesk.chat import ChatEvent, ChatService
from slmdesk.messages import UserError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """Something to be done in the inference thread."""

    ticket: int
    run: Callable[[ChatService, Callable[[ChatEvent], None]], object]


@dataclass(frozen=True, slots=True)
class Began:
    """The request has its turn."""

    loaded: str = ""
    """Path of the model that is loaded then; empty: none."""


@dataclass(frozen=True, slots=True)
class Bug:
    """An exception that is nobody's error, as a traceback."""

    report: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The request is over."""

    memory_bytes: int
    loaded: bool


Posted: TypeAlias = ChatEvent | Began | UserError | Bug | Finished


class Turns:
    """Which request has its turn, and which have been cancelled. Thread-safe.

    A cancel reaches exactly the request it is meant for: not the next one, where that has just ended.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled: set[int] = set()
        self._running: int | None = None

    def cancel(self, ticket: int, reach: Callable[[], None]) -> None:
        """Never begin with `ticket`; `reach` is called where it has begun, and ends it."""
        with self._lock:
            self._cancelled.add(ticket)
            if self._running == ticket:
                reach()

    def is_cancelled(self, ticket: int) -> bool:
        """Whether nobody wants it any more."""
        with self._lock:
            return ticket in self._cancelled

    @contextmanager
    def turn(self, ticket: int) -> Iterator[bool]:
        """Inside, a cancel reaches the request. Yields whether it is still wanted."""
        with self._lock:
            wanted = ticket not in self._cancelled
            self._running = ticket if wanted else None
        try:
            yield wanted
        finally:
            with self._lock:
                self._running = None


class InferenceWorker(QObject):
    """Lives in the inference thread and runs one request after another there; decides nothing."""

    engine_died = Signal()
    """The engine's process ended while nothing was asked of it. Emitted in a thread of the pool."""
    engine_freed = Signal()
    """The model was unloaded because nobody used it. Emitted in a thread of the pool."""

    def __init__(
        self, open_chat: Callable[[], ChatService], post: Callable[[int, Posted], None], turns: Turns
    ) -> None:
        super().__init__()
        self._open_chat = open_chat
        self._post = post
        self._turns = turns
        self.chat: ChatService | None = None
        """Read from any thread."""

    @Slot(object)
    def run(self, request: Request) -> None:
        """Run a request to its end. Whatever happens, the last thing posted is `Finished`."""
        ticket = request.ticket
        try:
            with self._turns.turn(ticket) as wanted:
                if wanted:
                    if self.chat is None:
                        self.chat = self._open_chat()
                        self.chat.pool.on_idle_death = self._note_death
                        self.chat.pool.on_idle_unload = lambda _: self.engine_freed.emit()
                    loaded = self.chat.pool.loaded
                    self._post(ticket, Began(loaded.path if loaded is not None else ""))
                    self._run(request, self.chat)
        except UserError as error:
            self._post(ticket, error)
        except Exception:  # noqa: BLE001 - shown to the person, with its traceback
            _log.exception("a bug in the inference thread")
            self._post(ticket, Bug(traceback.format_exc()))
        finally:
            pool = self.chat.pool if self.chat else None
            is_loaded = pool is not None and pool.loaded is not None
            memory = pool.resident_bytes() if pool is not None and is_loaded else 0
            self._post(ticket, Finished(memory, is_loaded))

    @Slot()
    def end(self) -> None:
        """End the thread. A slot, so that it comes after every request made before."""
        QThread.currentThread().quit()

    def _note_death(self, error: UserError) -> None:
        _log.warning("the engine ended while nothing was asked of it: %s", error)
        self.engine_died.emit()

    def _run(self, request: Request, chat: ChatService) -> None:
        delivered = False

        def pass_on(event: ChatEvent) -> None:
            nonlocal delivered
            self._post(request.ticket, event)
            # A cancel that came between the ticket's turn and the engine's start reached nobody.
            if not delivered and self._turns.is_cancelled(request.ticket):
                delivered = True
                chat.cancel()

        request.run(chat, pass_on)
