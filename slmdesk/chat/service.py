"""Answering: what the window, the command line and the tests all call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

from slmdesk.chat.conversation import ChatMessageRecord, Conversation, MessageState, make_title
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

# Streamed text is stored this often, so that a killed program loses no more.
_STORE_EVERY_S = 1.0

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
        """Add the person's `text` and the model's answer to `conversation`.

        Both are stored before the model runs, and the answer again as it grows; whatever happens, the text so
        far is kept. None: cancelled while the model was loading, and the person's message stays unanswered.
        Raises UserError (kind MODEL or GENERATION) when the answer could not be finished.
        """
        if not text.strip():
            raise UserError("message-empty", ErrorKind.USAGE)
        if not conversation.messages:
            conversation.title = make_title(text)
        if self._store and not conversation.id:
            self._store.add_conversation(conversation)
        self._add(conversation, "user", text, "complete", "")
        return self._run(conversation, model, options, sampling, stop, max_tokens, on_event)

    def regenerate(
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
        """Answer the person's last message again, in place of the answer there is (if any).

        Otherwise as `answer`.
        """
        while conversation.messages and conversation.messages[-1].role == "assistant":
            old = conversation.messages[-1]
            if self._store:
                self._store.supersede(old)
            conversation.messages.pop()
        if not conversation.messages:
            raise UserError("nothing-to-answer", ErrorKind.USAGE)
        return self._run(conversation, model, options, sampling, stop, max_tokens, on_event)

    def cancel(self) -> None:
        """End what is going on, within a token. From any thread."""
        self._pool.cancel()

    def _run(
        self,
        conversation: Conversation,
        model: InstalledModel,
        options: LoadOptions,
        sampling: Sampling,
        stop: tuple[str, ...],
        max_tokens: int | None,
        on_event: OnEvent,
    ) -> End | None:
        if model.problem is not None:
            raise model.problem
        prompt = conversation.prompt()
        with self._pool.use(str(model.path), options, on_event) as lease:
            if lease is None:
                return None
            if lease.loaded_now:
                on_event(lease.report)
            answer = self._add(conversation, "assistant", "", "writing", model.title)
            request = GenerateRequest(messages=prompt, sampling=sampling, stop=stop, max_tokens=max_tokens)
            try:
                end = self._stream(answer, lease.process.generate(request), on_event)
            except BaseException:
                answer.state, answer.end_reason = "failed", "error"
                raise
            finally:
                self._store_answer(conversation, answer)
        on_event(end)
        return end

    def _stream(self, answer: ChatMessageRecord, events: Iterator[Event], on_event: OnEvent) -> End:
        """Pass the events on and keep `answer` up to date; return the last event, which is not passed on."""
        end = End(reason="error")
        pieces: list[str] = []
        stored_at = time.monotonic()
        try:
            for event in events:
                match event:
                    case Text(text=text):
                        pieces.append(text)
                        if self._store and time.monotonic() - stored_at >= _STORE_EVERY_S:
                            answer.text = "".join(pieces)
                            self._store.update_message(answer)
                            stored_at = time.monotonic()
                    case Stats():
                        answer.stats = event
                    case End():
                        end = event
                        continue
                    case PromptProgress():
                        pass
                on_event(event)
        finally:
            answer.text = "".join(pieces)
        answer.state, answer.end_reason = _STATE_OF_END[end.reason], end.reason
        return end

    def _add(
        self,
        conversation: Conversation,
        role: str,
        text: str,
        state: MessageState,
        model_title: str,
    ) -> ChatMessageRecord:
        message = ChatMessageRecord(
            id=0,
            role="user" if role == "user" else "assistant",
            text=text,
            state=state,
            model_title=model_title,
            created_at=self._now(),
        )
        if self._store:
            self._store.add_message(conversation, message)
        conversation.messages.append(message)
        return message

    def _store_answer(self, conversation: Conversation, answer: ChatMessageRecord) -> None:
        """Keep the answer, or take it out again where not a word of it came."""
        if answer.text or answer.state == "complete":
            if self._store:
                self._store.update_message(answer)
            return
        conversation.messages.remove(answer)
        if self._store:
            self._store.supersede(answer)
