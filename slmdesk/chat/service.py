"""Answering: what the window, the command line and the tests all call."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

import msgspec

from slmdesk.chat.conversation import (
    ChatMessageRecord,
    Conversation,
    MessageState,
    make_title,
    whole_characters,
)
from slmdesk.chat.effort import EffortWatch
from slmdesk.chat.growing_answer import GrowingAnswer
from slmdesk.chat.loading import LoadPlanner, PlanKeeper
from slmdesk.chat.seen_figures import SeenFigures
from slmdesk.chat.store import ConversationStore
from slmdesk.engines import (
    End,
    EndReason,
    EnginePool,
    Event,
    GenerateRequest,
    Lease,
    Loaded,
    LoadOptions,
    LoadProgress,
    LoadReport,
    Placement,
    PromptProgress,
    Reasoning,
    Stats,
    Text,
    processor_seconds,
)
from slmdesk.library import InstalledModel
from slmdesk.messages import ErrorKind, UserError

_log = logging.getLogger(__name__)

LoadEvent: TypeAlias = Placement | LoadProgress | LoadReport
"""`Placement` comes once before a load that was planned."""
ChatEvent: TypeAlias = LoadEvent | PromptProgress | Reasoning | Text | Stats | End
OnEvent: TypeAlias = Callable[[ChatEvent], None]
RecordRun: TypeAlias = Callable[[Loaded, Stats, float | None], object]
"""Learns how fast an answer was; the last is `EffortWatch.share`. Must not raise."""

_STATE_OF_END: dict[EndReason, MessageState] = {
    "stop": "complete",
    "length": "stopped",
    "context_full": "stopped",
    "cancelled": "stopped",
    "error": "failed",
}


class ChatService:
    """Answers conversations with the model that the pool holds.

    `load` and `respond`: one call at a time, from one worker thread, in which `on_event` is called. The rest
    from any thread. A `Conversation` belongs to one call at a time. Without a store nothing is written to
    the disk. With a planner it decides how models are loaded, and the load options of a call do not count.
    """

    def __init__(
        self,
        pool: EnginePool,
        store: ConversationStore | None,
        *,
        planner: LoadPlanner | None = None,
        record_run: RecordRun | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`record_run` is called after each answer that was told with its figures and stored."""
        self._pool = pool
        self._record_run = record_run
        self._store = store
        self._plans = PlanKeeper(planner) if planner is not None else None
        self._now = now
        # Guards the fields below it: a stop while a load is planned, which the pool does not know of yet.
        self._state = threading.Lock()
        self._planning = False
        self._stopped = False

    @property
    def pool(self) -> EnginePool:
        """Who is loaded."""
        return self._pool

    @property
    def store(self) -> ConversationStore | None:
        """Where conversations are kept."""
        return self._store

    def latest_conversation(self) -> Conversation | None:
        """The conversation last written in, or None."""
        return self._store.latest() if self._store else None

    def load(
        self,
        model: InstalledModel,
        load_options: LoadOptions = LoadOptions(),  # noqa: B008 - frozen
        on_event: Callable[[LoadEvent], None] = lambda event: None,
        *,
        context_length: int | None = None,
    ) -> LoadReport | None:
        """Load `model`, unless it is loaded already. None: cancelled.

        `context_length`: of the conversation that it is loaded for, where that has one of its own. Raises
        UserError (kind MODEL).
        """
        if model.problem is not None:
            raise model.problem
        if context_length is not None:
            load_options = msgspec.structs.replace(load_options, context_length=context_length)
        with self._use(model, load_options, context_length, on_event) as lease:
            if lease is None:
                return None
            if lease.loaded_now:
                on_event(lease.report)
            return lease.report

    def add_message(self, conversation: Conversation, text: str, *, at: int | None = None) -> None:
        """Add the person's `text` at the end of `conversation`; it is stored when this returns.

        `at` is the index of a message of the person that `text` is a new version of: what followed it
        belongs to the old version. Raises UserError for an empty text (kind USAGE) and where it cannot be
        stored (kind STORAGE); the conversation is as it was then.
        """
        text = whole_characters(text)
        if not text.strip():
            raise UserError("message-empty", ErrorKind.USAGE)
        place = len(conversation.messages) if at is None else at
        message = ChatMessageRecord(0, "user", text, "complete", "", self._now())
        if self._store:
            self._store.add_message(conversation, message, at=place)
        elif not place and not conversation.named:
            conversation.title = make_title(text)
        conversation.messages[place:] = [message]

    def respond(
        self,
        conversation: Conversation,
        *,
        model: InstalledModel,
        load_options: LoadOptions = LoadOptions(),  # noqa: B008 - frozen
        on_event: OnEvent,
        continued: bool = False,
    ) -> End | None:
        """Answer the person's last message as the options of the conversation say.

        An answer that there is already becomes an older version of the new one. `continued`: go on with
        that answer instead, which was cut off. What comes is stored as it grows, and whatever happens, it
        is kept; an answer that comes to nothing leaves the conversation as it was, but for the note at the
        question that it did not fit into the context. None: cancelled while the model was loading.
        Raises UserError: kind MODEL or GENERATION when the answer could not be finished, kind USAGE when
        there is nothing to answer or to go on with, kind STORAGE when the answer cannot be stored (it is in
        `conversation` nevertheless, and stored with the next message).
        """
        position = _place_of_answer(conversation)
        messages = conversation.messages
        if continued and not (len(messages) == position + 1 and messages[position].can_be_continued):
            raise UserError("nothing-to-continue", ErrorKind.USAGE)
        if model.problem is not None:
            raise model.problem
        if self._store and any(one.unsaved for one in messages):
            # The new answer takes the place of one that is nowhere else.
            self._store.save_pending(conversation)
        options = conversation.options
        prompt = dataclasses.replace(conversation, messages=messages[:position]).prompt()
        loading = options.for_loading(load_options)
        with self._use(model, loading, options.context_length, on_event) as lease:
            if lease is None:
                return None
            if lease.loaded_now:
                on_event(lease.report)
            if continued:
                record = messages[position]
            else:
                record = ChatMessageRecord(0, "assistant", "", "writing", model.title, self._now())
            self._note_no_answer(messages[position - 1], None)
            answer = GrowingAnswer(conversation, record, position, self._store, model_title=model.title)
            request = GenerateRequest(
                messages=prompt,
                answer_so_far=record.text,
                reasoning_so_far=record.reasoning,
                sampling=options.sampling,
                stop=options.stop,
                max_tokens=options.max_tokens,
                thinking=options.thinking,
            )
            seen = SeenFigures()
            effort = self._watch(lease)
            try:
                end = self._stream(answer, lease.process.generate(request), on_event, seen, effort)
            except BaseException:
                answer.stats = answer.stats or seen.stats()
                answer.finish("failed", "error")
                raise
            answer.finish(_STATE_OF_END[end.reason], end.reason)
            if end.reason == "context_full" and len(messages) == position:
                self._note_no_answer(messages[position - 1], end.reason)
            loaded = self._pool.loaded if effort is not None else None
        on_event(end)
        if effort is not None and loaded is not None and end.reason != "error":
            self._tell_speed(loaded, answer.stats, effort.share)
        return end

    def answer(
        self,
        conversation: Conversation,
        text: str,
        *,
        model: InstalledModel,
        load_options: LoadOptions = LoadOptions(),  # noqa: B008 - frozen
        on_event: OnEvent,
    ) -> End | None:
        """`add_message`, then `respond`."""
        self.add_message(conversation, text)
        return self.respond(conversation, model=model, load_options=load_options, on_event=on_event)

    def count_tokens(self, conversation: Conversation, draft: str) -> int | None:
        """Tokens of the prompt if `draft` were sent now; None: no model is loaded, or it cannot read them.

        Waits for the engine's count, and for no answer that is being generated.
        """
        messages = conversation.prompt(whole_characters(draft))
        if not messages or messages[-1].role == "system":
            return 0
        try:
            return self._pool.count_tokens(messages)
        except UserError as error:
            # Sending it says what is wrong; a figure beside the input is not the place.
            _log.debug("the prompt could not be counted: %s", error.key)
            return None

    def cancel(self) -> None:
        """End what is going on, within a token. From any thread."""
        with self._state:
            self._stopped = self._stopped or self._planning
        self._pool.cancel()

    @contextlib.contextmanager
    def _use(
        self,
        model: InstalledModel,
        given: LoadOptions,
        context_length: int | None,
        on_event: Callable[[LoadEvent], None],
    ) -> Iterator[Lease | None]:
        """Have `model` loaded inside the block; None: cancelled."""
        options = self._options(model, given, context_length, on_event)
        if options is None:
            yield None
            return
        with self._pool.use(str(model.path), options, on_event, engine=model.engine or None) as lease:
            yield lease

    def _options(
        self,
        model: InstalledModel,
        given: LoadOptions,
        context_length: int | None,
        on_event: Callable[[LoadEvent], None],
    ) -> LoadOptions | None:
        """How `model` is to be loaded: as planned, where there is a planner; as `given` otherwise.

        None: cancelled meanwhile.
        """
        if self._plans is None:
            return given
        with self._state:
            self._planning, self._stopped = True, False
        try:
            plan, new = self._plans.plan(model, context_length, self._pool.loaded)
        finally:
            with self._state:
                self._planning, stopped = False, self._stopped
        if stopped:
            return None
        if new:
            on_event(plan.placement)
        return plan.options

    def _watch(self, lease: Lease) -> EffortWatch | None:
        """None: nobody wants to know how fast answers are."""
        if self._record_run is None:
            return None
        return EffortWatch(partial(processor_seconds, lease.process.pid), lease.report.threads)

    def _tell_speed(self, loaded: Loaded, stats: Stats | None, share: float | None) -> None:
        if self._record_run is not None and stats is not None:
            self._record_run(loaded, stats, share)

    def _note_no_answer(self, question: ChatMessageRecord, reason: EndReason | None) -> None:
        """Keep why there is no answer to `question`; None: there is nothing to say about it."""
        if question.end_reason == reason:
            return
        question.end_reason = reason
        if self._store and question.id:
            try:
                self._store.update_message(question)
            except UserError as error:
                # It only says why; that there is no answer is seen without it.
                _log.warning("why a message was not answered could not be stored: %s", error.key)

    def _stream(
        self,
        answer: GrowingAnswer,
        events: Iterator[Event],
        on_event: OnEvent,
        seen: SeenFigures,
        effort: EffortWatch | None,
    ) -> End:
        """Pass the events on and let `answer` grow; return the last event, which is not passed on."""
        end = End(reason="error")
        for event in events:
            seen.take(event)
            if effort is not None:
                effort.take(event)
            match event:
                case Text(text=text):
                    answer.grow(text)
                case Reasoning(text=text):
                    answer.think(text)
                case Stats():
                    answer.stats = event
                case End():
                    end = event
                    continue
                case PromptProgress():
                    pass
            on_event(event)
        return end


def _place_of_answer(conversation: Conversation) -> int:
    """Index behind the person's last message. Raises UserError (kind USAGE) where it has no words."""
    users = (n for n, one in enumerate(conversation.messages) if one.role == "user")
    last = max(users, default=-1)
    if last < 0:
        raise UserError("nothing-to-answer", ErrorKind.USAGE)
    if not conversation.messages[last].text:
        raise UserError("question-lost", ErrorKind.USAGE)
    return last + 1
