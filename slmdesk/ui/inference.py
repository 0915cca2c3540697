"""The bridge between the window and the thread in which models load and answer."""

from __future__ import annotations

import logging
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal, Slot

from slmdesk.chat import ChatEvent, ChatService, Conversation
from slmdesk.engines import End, LoadOptions, LoadProgress, LoadReport, PromptProgress, Sampling, Stats, Text
from slmdesk.messages import UserError
from slmdesk.ui.state import EngineState, Phase

if TYPE_CHECKING:
    from slmdesk.library import InstalledModel
    from slmdesk.ui.services import Services

_log = logging.getLogger(__name__)

# One screen refresh: drawing cannot be seen more often.
_DRAIN_EVERY_MS = 16
# How long an answer may take to stop by itself when the window closes, before its engine is ended.
_STOP_WAIT_MS = 2000


@dataclass(frozen=True, slots=True)
class _Request:
    ticket: int
    run: Callable[[ChatService, Callable[[ChatEvent], None]], object]


@dataclass(frozen=True, slots=True)
class _Opened:
    conversation: Conversation | None


@dataclass(frozen=True, slots=True)
class _Bug:
    report: str


@dataclass(frozen=True, slots=True)
class _Finished:
    memory_bytes: int
    loaded: bool


_Posted: TypeAlias = ChatEvent | _Opened | UserError | _Bug | _Finished


class InferenceWorker(QObject):
    """Lives in the inference thread and runs one request after another there; decides nothing."""

    def __init__(self, open_chat: Callable[[], ChatService], post: Callable[[int, _Posted], None]) -> None:
        super().__init__()
        self._open_chat = open_chat
        self._post = post
        self.chat: ChatService | None = None
        """Read from any thread."""
        self.cancelled_up_to = -1
        """Requests with this ticket or an older one end without running. Set from the GUI thread."""

    @Slot(object)
    def run(self, request: _Request) -> None:
        """Run a request to its end. Whatever happens, the last thing posted is `_Finished`."""
        try:
            if request.ticket > self.cancelled_up_to:
                self._run(request)
        except UserError as error:
            self._post(request.ticket, error)
        except Exception:  # noqa: BLE001 - shown to the person, with its traceback
            _log.exception("a bug in the inference thread")
            self._post(request.ticket, _Bug(traceback.format_exc()))
        finally:
            pool = self.chat.pool if self.chat else None
            loaded = pool is not None and pool.loaded is not None
            memory = pool.resident_bytes() if pool is not None and loaded else 0
            self._post(request.ticket, _Finished(memory, loaded))

    def _run(self, request: _Request) -> None:
        if self.chat is None:
            self.chat = self._open_chat()
            self._post(request.ticket, _Opened(self.chat.latest_conversation()))
        chat = self.chat
        delivered = False

        def pass_on(event: ChatEvent) -> None:
            nonlocal delivered
            self._post(request.ticket, event)
            # A cancel that came between the ticket's check and the engine's start reached nobody.
            if not delivered and request.ticket <= self.cancelled_up_to:
                delivered = True
                chat.cancel()

        request.run(chat, pass_on)


class Inference(QObject):
    """The GUI thread's side: requests go in, signals come out, at most once per screen refresh.

    Owned by the window, which calls `shut_down` before it goes. Requests run in the order they are made.
    """

    _requested = Signal(object)

    opened = Signal(object)
    """The chat is open; the conversation last written in (or None) comes along."""
    state_changed = Signal(object)
    """An `EngineState`."""
    text = Signal(int, str)
    """More of an answer: everything since the last signal, and the ticket of its request."""
    stats = Signal(int, object)
    """`Stats` of the answer with this ticket."""
    ended = Signal(int, object)
    """`End` of the answer with this ticket."""
    failed = Signal(int, object)
    """A `UserError`: the request with this ticket could not be done."""
    crashed = Signal(int, str)
    """The same, because of a bug; its traceback comes along."""
    finished = Signal(int)
    """The request with this ticket is over, however it went. Nothing more comes from it."""

    def __init__(self, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._state = EngineState()
        self._last_ticket = -1
        self._open_tickets: set[int] = set()
        self._models: dict[int, InstalledModel] = {}
        # Appending and taking are atomic: the one thing both threads touch.
        self._posted: deque[tuple[int, _Posted]] = deque()
        self._timer = QTimer(self)
        self._timer.setInterval(_DRAIN_EVERY_MS)
        self._timer.timeout.connect(self._drain)
        self._thread = QThread()
        self._thread.setObjectName("inference")
        self._worker = InferenceWorker(
            services.open_chat, lambda ticket, posted: self._posted.append((ticket, posted))
        )
        self._worker.moveToThread(self._thread)
        self._requested.connect(self._worker.run, Qt.ConnectionType.QueuedConnection)
        self._thread.start()

    @property
    def state(self) -> EngineState:
        """What is going on now."""
        return self._state

    @property
    def running(self) -> bool:
        """Whether any request is not over yet."""
        return bool(self._open_tickets)

    def open(self) -> int:
        """Open the chat, as every other request does that comes first."""
        return self._request(lambda chat, pass_on: None)

    def load(self, model: InstalledModel, *, again: bool = False) -> int:
        """Load `model`. `again`: even where it has ended its engine before."""

        def run(chat: ChatService, pass_on: Callable[[ChatEvent], None]) -> None:
            if again:
                chat.pool.forgive(str(model.path))
            chat.load(model, self._load_options(), pass_on)

        return self._request(run, model)

    def answer(self, conversation: Conversation, text: str, model: InstalledModel) -> int:
        """Add `text` and its answer to `conversation`, which the inference thread owns until `finished`."""
        return self._request(
            lambda chat, pass_on: chat.answer(
                conversation,
                text,
                model=model,
                options=self._load_options(),
                sampling=self._sampling(),
                on_event=pass_on,
            ),
            model,
        )

    def regenerate(self, conversation: Conversation, model: InstalledModel) -> int:
        """Answer the last message again, in place of the answer there is."""

        def run(chat: ChatService, pass_on: Callable[[ChatEvent], None]) -> None:
            # The person asked for it by hand, so a model that ended its engine before gets another try.
            chat.pool.forgive(str(model.path))
            chat.regenerate(
                conversation,
                model=model,
                options=self._load_options(),
                sampling=self._sampling(),
                on_event=pass_on,
            )

        return self._request(run, model)

    def cancel(self) -> None:
        """End everything that was asked for so far. Returns at once."""
        self._worker.cancelled_up_to = self._last_ticket
        chat = self._worker.chat
        if chat is not None:
            chat.cancel()

    def shut_down(self) -> None:
        """Stop, end the engine and the thread, and wait for both. Blocks: hide the window before."""
        self.cancel()
        self._timer.stop()
        self._thread.quit()
        if not self._thread.wait(_STOP_WAIT_MS) and self._worker.chat is not None:
            # An engine that does not answer is ended; the thread that waits for it then goes on.
            self._worker.chat.pool.close()
        self._thread.wait()
        if self._worker.chat is not None:
            self._worker.chat.pool.close()

    def _load_options(self) -> LoadOptions:
        return self._services.load_options() if self._services.load_options else LoadOptions()

    def _sampling(self) -> Sampling:
        return self._services.sampling() if self._services.sampling else Sampling()

    def _request(
        self,
        run: Callable[[ChatService, Callable[[ChatEvent], None]], object],
        model: InstalledModel | None = None,
    ) -> int:
        self._last_ticket += 1
        ticket = self._last_ticket
        self._open_tickets.add(ticket)
        if model is not None:
            self._models[ticket] = model
        self._timer.start()
        self._requested.emit(_Request(ticket, run))
        return ticket

    @Slot()
    def _drain(self) -> None:
        pieces: list[str] = []
        ticket_of_pieces = -1
        while self._posted:
            ticket, posted = self._posted.popleft()
            if isinstance(posted, Text):
                if ticket != ticket_of_pieces:
                    self._say_text(ticket_of_pieces, pieces)
                    ticket_of_pieces = ticket
                pieces.append(posted.text)
                continue
            self._say_text(ticket_of_pieces, pieces)
            self._take(ticket, posted)
        self._say_text(ticket_of_pieces, pieces)
        if not self._open_tickets and not self._posted:
            self._timer.stop()

    def _say_text(self, ticket: int, pieces: list[str]) -> None:
        if pieces:
            joined = "".join(pieces)
            pieces.clear()
            self._change(phase=Phase.WRITING)
            self.text.emit(ticket, joined)

    def _take(self, ticket: int, posted: _Posted) -> None:
        match posted:
            case LoadProgress(fraction=fraction):
                self._change(phase=Phase.LOADING, model=self._models[ticket], report=None, fraction=fraction)
            case LoadReport():
                self._change(phase=Phase.READY, model=self._models[ticket], report=posted, fraction=1.0)
            case PromptProgress(processed=processed, total=total):
                self._change(phase=Phase.READING, fraction=processed / total if total else 1.0)
            case Stats():
                self._change(tokens_per_second=posted.tokens_per_second or self._state.tokens_per_second)
                self.stats.emit(ticket, posted)
            case End():
                self.ended.emit(ticket, posted)
            case _Opened():
                self.opened.emit(posted.conversation)
            case UserError():
                self._change(phase=Phase.FAILED)
                self.failed.emit(ticket, posted)
            case _Bug():
                self._change(phase=Phase.FAILED)
                self.crashed.emit(ticket, posted.report)
            case _Finished():
                self._finish(ticket, posted)
            case Text():
                self.text.emit(ticket, posted.text)

    def _finish(self, ticket: int, posted: _Finished) -> None:
        self._open_tickets.discard(ticket)
        self._models.pop(ticket, None)
        if posted.loaded:
            # Also after an error: the engine refused this request and is ready for the next.
            self._change(phase=Phase.READY, memory_bytes=posted.memory_bytes)
        elif self._state.phase is Phase.FAILED:
            self._change(memory_bytes=0)
        else:
            self._change(phase=Phase.UNLOADED, memory_bytes=0, report=None)
        self.finished.emit(ticket)

    def _change(self, **changes: object) -> None:
        state = replace(self._state, **changes)  # type: ignore[arg-type]
        if state != self._state:
            self._state = state
            self.state_changed.emit(state)
