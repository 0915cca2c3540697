"""The bridge between the window and the thread in which models load and answer."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal, Slot

from slmdesk.chat import ChatEvent, ChatService, Conversation
from slmdesk.engines import End, LoadOptions, LoadProgress, LoadReport, PromptProgress, Sampling, Stats, Text
from slmdesk.messages import ErrorKind, UserError
from slmdesk.ui.state import EngineState, Phase

if TYPE_CHECKING:
    from slmdesk.library import InstalledModel
    from slmdesk.ui.services import Services

_log = logging.getLogger(__name__)

# One screen refresh: drawing cannot be seen more often.
_DRAIN_EVERY_MS = 16
# How long an answer may take to stop by itself when the window closes, before its engine is ended.
_STOP_WAIT_MS = 2000
# How long the thread may take after that: the next start of the program waits for this one to let go.
_END_WAIT_MS = 10_000
# How long one drain may keep the window from drawing and from taking keys.
_DRAIN_MOST_S = 0.008
# As many events as the window may lag behind; more, and whoever makes them waits.
_MOST_POSTED = 1000

# A thread that did not end in time. Qt aborts the program where it is deleted while it runs.
_abandoned: list[object] = []


@dataclass(frozen=True, slots=True)
class _Request:
    ticket: int
    run: Callable[[ChatService, Callable[[ChatEvent], None]], object]
    keep: Callable[[ChatService], None] | None = None
    """Done before `run`, also where the request was cancelled before its turn."""
    text: str = ""
    """What `keep` keeps."""


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


@dataclass(frozen=True, slots=True)
class _Rejected:
    text: str


_Posted: TypeAlias = ChatEvent | _Opened | _Rejected | UserError | _Bug | _Finished


class Mailbox:
    """What the inference thread has said and the window has not taken yet, oldest first; never more than
    the window can catch up with.
    """

    def __init__(self, most: int = _MOST_POSTED) -> None:
        self._most = most
        self._posted: deque[tuple[int, _Posted]] = deque()
        self._room = threading.Condition()
        self._open_up_to = -1
        self._released = False

    def __len__(self) -> int:
        return len(self._posted)

    def put(self, ticket: int, posted: _Posted) -> None:
        """Add to the end; waits for room, unless the ticket is let through."""
        with self._room:
            self._room.wait_for(
                lambda: len(self._posted) < self._most or self._released or ticket <= self._open_up_to
            )
            self._posted.append((ticket, posted))

    def take(self) -> tuple[int, _Posted]:
        """The oldest one. There must be one."""
        with self._room:
            taken = self._posted.popleft()
            self._room.notify_all()
            return taken

    def let_through(self, ticket: int) -> None:
        """Nobody waits any more with this ticket or an older one: it is cancelled, and is to end."""
        with self._room:
            self._open_up_to = ticket
            self._room.notify_all()

    def release(self) -> None:
        """Nobody waits any more: nothing will be taken."""
        with self._room:
            self._released = True
            self._room.notify_all()


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
        kept = request.keep is None
        try:
            # What a person has sent is kept even where they stop it, or close the window, before its turn.
            if not kept or request.ticket > self.cancelled_up_to:
                chat = self._opened_chat(request.ticket)
                if request.keep is not None:
                    request.keep(chat)
                    kept = True
                if request.ticket > self.cancelled_up_to:
                    self._run(request, chat)
        except UserError as error:
            if not kept:
                self._post(request.ticket, _Rejected(request.text))
            self._post(request.ticket, error)
        except Exception:  # noqa: BLE001 - shown to the person, with its traceback
            _log.exception("a bug in the inference thread")
            if not kept:
                self._post(request.ticket, _Rejected(request.text))
            self._post(request.ticket, _Bug(traceback.format_exc()))
        finally:
            pool = self.chat.pool if self.chat else None
            loaded = pool is not None and pool.loaded is not None
            memory = pool.resident_bytes() if pool is not None and loaded else 0
            self._post(request.ticket, _Finished(memory, loaded))

    @Slot()
    def end(self) -> None:
        """End the thread. A slot, so that it comes after every request made before."""
        QThread.currentThread().quit()

    def _opened_chat(self, ticket: int) -> ChatService:
        if self.chat is None:
            self.chat = self._open_chat()
            self._post(ticket, _Opened(self.chat.latest_conversation()))
        return self.chat

    def _run(self, request: _Request, chat: ChatService) -> None:
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
    _end_wanted = Signal()

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
    rejected = Signal(int, str)
    """The message with this ticket could not be kept, and is not in its conversation; its text comes along.
    `failed` or `crashed` follows and says why."""
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
        # The state as `state_changed` told it last.
        self._told = self._state
        self._mailbox = Mailbox()
        self._timer = QTimer(self)
        self._timer.setInterval(_DRAIN_EVERY_MS)
        self._timer.timeout.connect(self._drain)
        self._thread = QThread()
        self._thread.setObjectName("inference")
        self._worker = InferenceWorker(services.open_chat, self._mailbox.put)
        self._worker.moveToThread(self._thread)
        self._requested.connect(self._worker.run, Qt.ConnectionType.QueuedConnection)
        self._end_wanted.connect(self._worker.end, Qt.ConnectionType.QueuedConnection)
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
        """Add `text` and its answer to `conversation`, which the inference thread owns until `finished`.

        The text is kept whatever is cancelled, or else `rejected`.
        """
        return self._request(
            lambda chat, pass_on: chat.respond(
                conversation,
                model=model,
                options=self._load_options(),
                sampling=self._sampling(),
                on_event=pass_on,
            ),
            model,
            keep=lambda chat: chat.add_message(conversation, text),
            text=text,
        )

    def regenerate(self, conversation: Conversation, model: InstalledModel) -> int:
        """Answer the last message again, in place of the answer there is."""

        def run(chat: ChatService, pass_on: Callable[[ChatEvent], None]) -> None:
            # The person asked for it by hand, so a model that ended its engine before gets another try.
            chat.pool.forgive(str(model.path))
            chat.respond(
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
        self._mailbox.let_through(self._last_ticket)
        chat = self._worker.chat
        if chat is not None:
            chat.cancel()

    def shut_down(self) -> bool:
        """Stop, end the engine and the thread, and wait for both. Blocks: hide the window before.

        False: the thread is still stuck in something, and was left to itself.
        """
        self.cancel()
        self._timer.stop()
        self._mailbox.release()
        # After the requests that are waiting: what was sent is kept first.
        self._end_wanted.emit()
        if not self._thread.wait(_STOP_WAIT_MS) and self._worker.chat is not None:
            # An engine that does not answer is ended; the thread that waits for it then goes on.
            self._worker.chat.pool.close()
        ended = self._thread.wait(_END_WAIT_MS)
        if not ended:
            _log.error("the inference thread does not end and is left behind")
            _abandoned.extend((self._thread, self._worker))
        if self._worker.chat is not None:
            self._worker.chat.pool.close()
        return ended

    def _load_options(self) -> LoadOptions:
        return self._services.load_options() if self._services.load_options else LoadOptions()

    def _sampling(self) -> Sampling:
        return self._services.sampling() if self._services.sampling else Sampling()

    def _request(
        self,
        run: Callable[[ChatService, Callable[[ChatEvent], None]], object],
        model: InstalledModel | None = None,
        *,
        keep: Callable[[ChatService], None] | None = None,
        text: str = "",
    ) -> int:
        self._last_ticket += 1
        ticket = self._last_ticket
        self._open_tickets.add(ticket)
        if model is not None:
            self._models[ticket] = model
        self._timer.start()
        self._requested.emit(_Request(ticket, run, keep, text))
        return ticket

    @Slot()
    def _drain(self) -> None:
        pieces: list[str] = []
        ticket_of_pieces = -1
        deadline = time.monotonic() + _DRAIN_MOST_S
        # What comes meanwhile waits for the next time: a fast engine must not keep this loop going.
        for _ in range(len(self._mailbox)):
            ticket, posted = self._mailbox.take()
            if isinstance(posted, Text):
                if ticket != ticket_of_pieces:
                    self._say_text(ticket_of_pieces, pieces)
                    ticket_of_pieces = ticket
                pieces.append(posted.text)
            else:
                self._say_text(ticket_of_pieces, pieces)
                self._take(ticket, posted)
            if time.monotonic() > deadline:
                break
        self._say_text(ticket_of_pieces, pieces)
        if self._state != self._told:
            self._told = self._state
            self.state_changed.emit(self._state)
        if not self._open_tickets and not self._mailbox:
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
            case _Rejected():
                self.rejected.emit(ticket, posted.text)
            case UserError():
                # Of the other kinds, the engine has ended or refused; this one is not about it.
                if posted.kind not in (ErrorKind.USAGE, ErrorKind.STORAGE):
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
        """`state_changed` tells it once, at the end of the drain."""
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]
