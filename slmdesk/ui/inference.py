"""The bridge between the window and the thread in which models load and answer."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal, Slot

from slmdesk.chat import ChatEvent, ChatService, Conversation
from slmdesk.engines import (
    End,
    LoadOptions,
    LoadProgress,
    LoadReport,
    Placement,
    PromptProgress,
    Reasoning,
    Stats,
    Text,
)
from slmdesk.messages import ErrorKind, UserError
from slmdesk.ui.inference_worker import (
    Began,
    Bug,
    Finished,
    InferenceWorker,
    Posted,
    Request,
    Turns,
)
from slmdesk.ui.mailbox import Mailbox
from slmdesk.ui.state import EngineState, Phase

if TYPE_CHECKING:
    from slmdesk.library import InstalledModel

_log = logging.getLogger(__name__)

# One screen refresh: drawing cannot be seen more often.
_DRAIN_EVERY_MS = 16
# How long an answer may take to stop by itself when the window closes, before its engine is ended.
_STOP_WAIT_MS = 2000
# How long the thread may take after that: the next start of the program waits for this one to let go.
_END_WAIT_MS = 10_000
# How long one drain may keep the window from drawing and from taking keys.
_DRAIN_MOST_S = 0.008
# The error of a model that ended its engine twice.
_GIVEN_UP = "engine-killed-twice"
# That of an engine which somebody else has alone for a while: nothing is wrong with it.
_BUSY = "engine-busy"

# A thread that did not end in time. Qt aborts the program where it is deleted while it runs.
_abandoned: list[object] = []


class Inference(QObject):
    """The GUI thread's side: requests go in, signals come out, at most once per screen refresh.

    Owned by the window, which calls `shut_down` before it goes. Requests run in the order they are made.
    """

    _requested = Signal(object)
    _end_wanted = Signal()

    state_changed = Signal(object)
    """An `EngineState`."""
    placed = Signal(object, object)
    """An `InstalledModel` is about to be loaded, and the `Placement` that was decided for it."""
    loaded = Signal(object)
    """An `InstalledModel` was loaded just now."""
    began = Signal(int)
    """The request with this ticket has its turn."""
    prompt = Signal(int, object)
    """`PromptProgress` of the answer with this ticket."""
    text = Signal(int, str, int)
    """More of an answer: the ticket of its request, everything since the last signal, and in how many pieces
    it came, which is about as many as the tokens in it."""
    reasoning = Signal(int, str, int)
    """The same, of what the model thinks before it answers."""
    stats = Signal(int, object)
    """`Stats` of the answer with this ticket."""
    ended = Signal(int, object)
    """`End` of the answer with this ticket."""
    failed = Signal(int, object)
    """A `UserError`: the request with this ticket could not be done."""
    crashed = Signal(int, str)
    """The same, because of a bug; its traceback comes along."""
    died = Signal()
    """The engine has ended while nothing was asked of it."""
    finished = Signal(int)
    """The request with this ticket is over, however it went. Nothing more comes from it."""

    def __init__(
        self,
        open_chat: Callable[[], ChatService],
        load_options: Callable[[], LoadOptions] | None = None,
        parent: QObject | None = None,
        *,
        context_length: Callable[[InstalledModel], int | None] = lambda _: None,
    ) -> None:
        """`open_chat` is called in the inference thread, when the first request has its turn. `load_options`
        and `context_length` say what holds for a conversation that says nothing of its own; None: as the
        engine has it.
        """
        super().__init__(parent)
        self._context_length = context_length
        self._base_options = load_options or LoadOptions
        self._state = EngineState()
        # Before a load that has not touched what is loaded yet: it holds again where that comes to nothing.
        self._before: EngineState | None = None
        self._last_ticket = -1
        self._open_tickets: set[int] = set()
        self._models: dict[int, InstalledModel] = {}
        # Whose models requests unload that load none.
        self._unloads: dict[int, Collection[str]] = {}
        # The state as `state_changed` told it last.
        self._told = self._state
        self._mailbox: Mailbox[Posted] = Mailbox()
        self._turns = Turns()
        self._timer = QTimer(self)
        self._timer.setInterval(_DRAIN_EVERY_MS)
        self._timer.timeout.connect(self._drain)
        self._thread = QThread()
        self._thread.setObjectName("inference")
        self._worker = InferenceWorker(open_chat, self._mailbox.put, self._turns)
        self._worker.moveToThread(self._thread)
        self._requested.connect(self._worker.run, Qt.ConnectionType.QueuedConnection)
        self._end_wanted.connect(self._worker.end, Qt.ConnectionType.QueuedConnection)
        self._worker.engine_died.connect(self._take_death, Qt.ConnectionType.QueuedConnection)
        self._worker.engine_freed.connect(self._take_freed, Qt.ConnectionType.QueuedConnection)
        self._thread.start()

    @property
    def state(self) -> EngineState:
        """What is going on now."""
        return self._state

    def context_length(self, model: InstalledModel) -> int | None:
        """That `model` is loaded with by itself; None: the engine's own default."""
        return self._base_options().context_length or self._context_length(model)

    @property
    def running(self) -> bool:
        """Whether any request is not over yet."""
        return bool(self._open_tickets)

    def load(self, model: InstalledModel, *, context_length: int | None = None, again: bool = False) -> int:
        """Load `model`. `again`: even where it has ended its engine before."""

        def run(chat: ChatService, pass_on: Callable[[ChatEvent], None]) -> None:
            if again:
                chat.pool.forgive(str(model.path))
            chat.load(model, self._base_options(), pass_on, context_length=context_length)

        return self._request(run, model)

    def answer(
        self,
        conversation: Conversation,
        model: InstalledModel,
        *,
        continued: bool = False,
        by_hand: bool = False,
    ) -> int:
        """Answer the last message of `conversation`, which the inference thread owns until `finished`.

        `continued`: go on with its last answer, which was cut off. `by_hand`: the person asked once more, so
        a model that ended its engine before gets another try.
        """

        def run(chat: ChatService, pass_on: Callable[[ChatEvent], None]) -> None:
            if by_hand:
                chat.pool.forgive(str(model.path))
            chat.respond(
                conversation,
                model=model,
                load_options=self._base_options(),
                on_event=pass_on,
                continued=continued,
            )

        return self._request(run, model)

    def unload(self, engines: Collection[str]) -> int:
        """Unload a model that is loaded with one of `engines` (registry names) when its turn comes."""

        def run(chat: ChatService, pass_on: Callable[[ChatEvent], None]) -> None:
            loaded = chat.pool.loaded
            if loaded is not None and loaded.engine in engines:
                chat.pool.unload()

        ticket = self._request(run, None)
        self._unloads[ticket] = engines
        return ticket

    def count_tokens(self, conversation: Conversation, draft: str) -> int | None:
        """Tokens of the whole prompt with `draft` as the next message; None where no model is loaded.

        Blocks for as long as the engine needs; called from a thread of the window's background work.
        """
        chat = self._worker.chat
        return chat.count_tokens(conversation, draft) if chat is not None else None

    def cancel(self, ticket: int) -> None:
        """End one request, whether it has its turn or waits for it. Returns at once."""
        chat = self._worker.chat
        self._turns.cancel(ticket, chat.cancel if chat is not None else lambda: None)
        self._mailbox.let_through(ticket)

    def cancel_all(self) -> None:
        """End everything that was asked for so far. Returns at once."""
        for ticket in tuple(self._open_tickets):
            self.cancel(ticket)

    def shut_down(self) -> bool:
        """Stop, end the engine and the thread, and wait for both. Blocks: hide the window before.

        False: the thread is still stuck in something, and was left to itself.
        """
        self.cancel_all()
        self._timer.stop()
        self._mailbox.release()
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

    def _request(
        self,
        run: Callable[[ChatService, Callable[[ChatEvent], None]], object],
        model: InstalledModel | None,
    ) -> int:
        """`model`: the one that has to be loaded for it."""
        self._last_ticket += 1
        ticket = self._last_ticket
        self._open_tickets.add(ticket)
        if model is not None:
            self._models[ticket] = model
        self._timer.start()
        self._requested.emit(Request(ticket, run))
        return ticket

    @Slot()
    def _take_death(self) -> None:
        """The next request loads the model again; until then nothing shows it as loaded."""
        if not self._open_tickets:
            self._change(phase=Phase.FAILED, memory_bytes=0)
            self._tell()
            self.died.emit()

    @Slot()
    def _take_freed(self) -> None:
        """Nothing is shown as loaded; who has asked meanwhile hears of the load."""
        if not self._open_tickets:
            self._change(phase=Phase.UNLOADED, memory_bytes=0, report=None, freed=True)
            self._tell()

    @Slot()
    def _drain(self) -> None:
        pieces: list[str] = []
        # Whose pieces, and whether they are reasoning.
        kind: tuple[int, bool] = (-1, False)
        deadline = time.monotonic() + _DRAIN_MOST_S
        # What comes meanwhile waits for the next time: a fast engine must not keep this loop going.
        for _ in range(len(self._mailbox)):
            ticket, posted = self._mailbox.take()
            if isinstance(posted, Text | Reasoning):
                if kind != (ticket, isinstance(posted, Reasoning)):
                    self._say_text(kind, pieces)
                    kind = (ticket, isinstance(posted, Reasoning))
                pieces.append(posted.text)
            else:
                self._say_text(kind, pieces)
                self._take(ticket, posted)
            if time.monotonic() > deadline:
                break
        self._say_text(kind, pieces)
        self._tell()
        if not self._open_tickets and not self._mailbox:
            self._timer.stop()

    def _say_text(self, kind: tuple[int, bool], pieces: list[str]) -> None:
        if pieces:
            ticket, thinks = kind
            joined, count = "".join(pieces), len(pieces)
            pieces.clear()
            self._change(phase=Phase.THINKING if thinks else Phase.WRITING)
            (self.reasoning if thinks else self.text).emit(ticket, joined, count)

    def _take(self, ticket: int, posted: Posted) -> None:
        match posted:
            case Placement():
                if _elsewhere(posted, self._state.placement):
                    self._expect_load(self._models[ticket])
                self._change(placement=posted)
                self.placed.emit(self._models[ticket], posted)
            case LoadProgress(fraction=fraction):
                self._expect_load(self._models[ticket])
                self._before = None
                self._change(fraction=fraction)
            case LoadReport():
                self._before = None
                self._change(phase=Phase.READY, model=self._models[ticket], report=posted, fraction=1.0)
                self.loaded.emit(self._models[ticket])
            case PromptProgress(processed=processed, total=total):
                self._change(phase=Phase.READING, fraction=processed / total if total else 1.0)
                self.prompt.emit(ticket, posted)
            case Stats():
                self._change(tokens_per_second=posted.tokens_per_second or self._state.tokens_per_second)
                self.stats.emit(ticket, posted)
            case End():
                self.ended.emit(ticket, posted)
            case Began(loaded=loaded):
                model = self._models.get(ticket)
                if model is not None and loaded != str(model.path):
                    self._expect_load(model)
                self.began.emit(ticket)
            case UserError():
                # Of the other kinds, the engine has ended or refused; this one is not about it.
                if posted.kind in (ErrorKind.USAGE, ErrorKind.STORAGE) or posted.key == _BUSY:
                    self._take_back_load()
                else:
                    self._change(phase=Phase.FAILED, given_up=posted.key == _GIVEN_UP)
                self.failed.emit(ticket, posted)
            case Bug():
                self._change(phase=Phase.FAILED)
                self.crashed.emit(ticket, posted.report)
            case Finished():
                self._finish(ticket, posted)

    def _finish(self, ticket: int, posted: Finished) -> None:
        self._open_tickets.discard(ticket)
        self._models.pop(ticket, None)
        engines = self._unloads.pop(ticket, ())
        if posted.loaded:
            # Also after an error: the engine refused this request and is ready for the next.
            self._take_back_load()
            self._change(phase=Phase.READY, memory_bytes=posted.memory_bytes)
        elif self._state.model is not None and self._state.model.engine in engines:
            # Nothing loads it again.
            self._state = EngineState()
        elif self._state.phase is Phase.FAILED:
            self._change(memory_bytes=0)
        else:
            self._change(phase=Phase.UNLOADED, memory_bytes=0, report=None)
        self._before = None
        self.finished.emit(ticket)

    def _expect_load(self, model: InstalledModel) -> None:
        """`model` is about to be loaded: nothing of what was loaded before it is true of it."""
        self._before = self._before or self._state
        self._change(
            phase=Phase.LOADING,
            model=model,
            report=None,
            placement=self._state.placement if self._state.model == model else None,
            freed=False,
            fraction=0.0,
            memory_bytes=0,
            tokens_per_second=0.0,
            given_up=False,
        )

    def _take_back_load(self) -> None:
        """The load that was about to begin does not."""
        if self._before is not None:
            self._state, self._before = self._before, None

    def _tell(self) -> None:
        if self._state != self._told:
            self._told = self._state
            self.state_changed.emit(self._state)

    def _change(self, **changes: object) -> None:
        """`state_changed` tells it once, at the end of the drain."""
        self._state = dataclasses.replace(self._state, **changes)  # type: ignore[arg-type]


def _elsewhere(new: Placement, old: Placement | None) -> bool:
    """Whether a model that runs as `old` says has to be loaded again to run as `new` does."""
    if old is None or not (new.devices or old.devices):
        return False
    return (new.devices, new.gpu_layers, new.tensor_split) != (old.devices, old.gpu_layers, old.tensor_split)
