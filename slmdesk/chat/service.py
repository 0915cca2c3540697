"""Answering: what the window, the command line and the tests all call."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

from slmdesk.chat.conversation import (
    ChatMessageRecord,
    Conversation,
    MessageState,
    make_title,
    whole_characters,
)
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
    Reasoning,
    Stats,
    Text,
)
from slmdesk.library import InstalledModel
from slmdesk.messages import ErrorKind, UserError

_log = logging.getLogger(__name__)

ChatEvent: TypeAlias = LoadProgress | LoadReport | PromptProgress | Reasoning | Text | Stats | End
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

    `load` and `respond`: one call at a time, from one worker thread, in which `on_event` is called. The rest
    from any thread. A `Conversation` belongs to one call at a time. Without a store nothing is written to
    the disk.
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
        load_options: LoadOptions,
        on_event: Callable[[LoadProgress | LoadReport], None],
    ) -> LoadReport | None:
        """Load `model`, unless it is loaded already. None: cancelled.

        Raises UserError (kind MODEL).
        """
        if model.problem is not None:
            raise model.problem
        with self._pool.use(str(model.path), load_options, on_event) as lease:
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
        is kept; an answer that comes to nothing leaves the conversation as it was. None: cancelled while
        the model was loading.
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
        with self._pool.use(str(model.path), options.for_loading(load_options), on_event) as lease:
            if lease is None:
                return None
            if lease.loaded_now:
                on_event(lease.report)
            if continued:
                record = messages[position]
            else:
                record = ChatMessageRecord(0, "assistant", "", "writing", model.title, self._now())
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
        self._pool.cancel()

    def _stream(self, answer: GrowingAnswer, events: Iterator[Event], on_event: OnEvent) -> End:
        """Pass the events on and let `answer` grow; return the last event, which is not passed on."""
        end = End(reason="error")
        for event in events:
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
