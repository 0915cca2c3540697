"""Answering: what the window, the command line and the tests all call."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

from slmdesk.chat.conversation import ChatMessageRecord, Conversation, MessageState, make_title
from slmdesk.chat.growing_answer import GrowingAnswer
from slmdesk.chat.store import ConversationStore
from slmdesk.engines import (
    End,
    EndReason,
    EnginePool,
    Event,
    GenerateRequest,
    LoadOptions,
    LoadProgress,
    LoadReport,
    PromptProgress,
    Sampling,
    Stats,
    Text,
)
from slmdesk.library import InstalledModel
from slmdesk.messages import ErrorKind, UserError

ChatEvent: TypeAlias = LoadProgress | LoadReport | PromptProgress | Text | Stats | End
OnEvent: TypeAlias = Callable[[ChatEvent], None]

_STATE_OF_END: dict[EndReason, MessageState] = {
    "stop": "complete",
    "length": "stopped",
    "context_full": "stopped",
    "cancelled": "stopped",
    "error": "failed",
}


class ChatService:
    """Answers conversations with the model that the pool holds.

    One call at a time, from one worker thread; `cancel` from any thread. `on_event` is called in the worker
    thread. Without a store nothing is written to the disk.
    """

    def __init__(
        self, pool: EnginePool, store: ConversationStore | None, *, now: Callable[[], float] = time.time
    ) -> None:
        self._pool = pool
        self._store = store
        self._now = now

    @property
    def pool(self) -> EnginePool:
        """Who is loaded."""
        return self._pool

    def latest_conversation(self) -> Conversation | None:
        """The conversation last written in, or None."""
        return self._store.latest() if self._store else None

    def load(
        self,
        model: InstalledModel,
        options: LoadOptions,
        on_event: Callable[[LoadProgress | LoadReport], None],
    ) -> LoadReport | None:
        """Load `model`, unless it is loaded already. None: cancelled.

        Raises UserError (kind MODEL).
        """
        if model.problem is not None:
            raise model.problem
        with self._pool.use(str(model.path), options, on_event) as lease:
            if lease is None:
                return None
            if lease.loaded_now:
                on_event(lease.report)
            return lease.report

    def add_message(self, conversation: Conversation, text: str) -> None:
        """Add the person's `text` to `conversation`; it is stored when this returns.

        Raises UserError for an empty text (kind USAGE) and where it cannot be stored (kind STORAGE); the
        conversation is as it was then.
        """
        if not text.strip():
            raise UserError("message-empty", ErrorKind.USAGE)
        message = ChatMessageRecord(0, "user", text, "complete", "", self._now())
        if not conversation.messages:
            conversation.title = make_title(text)
        if self._store:
            if not conversation.id:
                self._store.add_conversation(conversation)
            self._store.add_message(conversation, message)
        conversation.messages.append(message)

    def respond(
        self,
        conversation: Conversation,
        *,
        model: InstalledModel,
        options: LoadOptions = LoadOptions(),  # noqa: B008 - frozen
        sampling: Sampling = Sampling(),  # noqa: B008 - frozen
        stop: tuple[str, ...] = (),
        max_tokens: int | None = None,
        on_event: OnEvent,
    ) -> End | None:
        """Answer the person's last message; an answer that there is already is replaced by the new one.

        The answer is stored as it grows, and whatever happens, the text so far is kept. An old answer goes
        only when the new one has text. None: cancelled while the model was loading.
        Raises UserError: kind MODEL or GENERATION when the answer could not be finished, kind USAGE when
        there is nothing to answer, kind STORAGE when the answer cannot be stored (it is in `conversation`
        nevertheless).
        """
        last = max((n for n, one in enumerate(conversation.messages) if one.role == "user"), default=-1)
        if last < 0:
            raise UserError("nothing-to-answer", ErrorKind.USAGE)
        if model.problem is not None:
            raise model.problem
        prompt = dataclasses.replace(conversation, messages=conversation.messages[: last + 1]).prompt()
        with self._pool.use(str(model.path), options, on_event) as lease:
            if lease is None:
                return None
            if lease.loaded_now:
                on_event(lease.report)
            record = ChatMessageRecord(0, "assistant", "", "writing", model.title, self._now())
            answer = GrowingAnswer(conversation, record, last + 1, self._store)
            request = GenerateRequest(messages=prompt, sampling=sampling, stop=stop, max_tokens=max_tokens)
            try:
                end = self._stream(answer, lease.process.generate(request), on_event)
            except BaseException:
                answer.finish("failed", "error")
                raise
            answer.finish(_STATE_OF_END[end.reason], end.reason)
        on_event(end)
        return end

    def answer(
        self,
        conversation: Conversation,
        text: str,
        *,
        model: InstalledModel,
        options: LoadOptions = LoadOptions(),  # noqa: B008 - frozen
        sampling: Sampling = Sampling(),  # noqa: B008 - frozen
        stop: tuple[str, ...] = (),
        max_tokens: int | None = None,
        on_event: OnEvent,
    ) -> End | None:
        """`add_message`, then `respond`."""
        self.add_message(conversation, text)
        return self.respond(
            conversation,
            model=model,
            options=options,
            sampling=sampling,
            stop=stop,
            max_tokens=max_tokens,
            on_event=on_event,
        )

    def cancel(self) -> None:
        """End what is going on, within a token. From any thread."""
        self._pool.cancel()

    def _stream(self, answer: GrowingAnswer, events: Iterator[Event], on_event: OnEvent) -> End:
        """Pass the events on and let `answer` grow; return the last event, which is not passed on."""
        end = End(reason="error")
        for event in events:
            match event:
                case Text(text=text):
                    answer.grow(text)
                case Stats():
                    answer.record.stats = event
                case End():
                    end = event
                    continue
                case PromptProgress():
                    pass
            on_event(event)
        return end
