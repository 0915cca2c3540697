"""Having conversations answered: the message is stored, the inference asked, what comes passed on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from slmdesk.chat import ChatMessageRecord
from slmdesk.ui.chat.answers import LiveAnswer, LiveAnswers

if TYPE_CHECKING:
    from slmdesk.chat import Conversation
    from slmdesk.engines import End, PromptProgress, Stats
    from slmdesk.library import InstalledModel
    from slmdesk.messages import UserError
    from slmdesk.ui.chat.keeper import ConversationKeeper
    from slmdesk.ui.inference import Inference


class Answering(QObject):
    """Owned by the chat panel. Answers of several conversations wait for each other in the inference thread.

    Each signal carries the `LiveAnswer` it is about first.
    """

    stored = Signal(object)
    """The person's message is on the disk."""
    rejected = Signal(object, str, object)
    """It could not be stored, and is not in its conversation: its text and the `UserError`."""
    text = Signal(object, str)
    reasoning = Signal(object, str)
    stats = Signal(object, object)
    failed = Signal(object, object)
    """A `UserError`; `finished` follows."""
    crashed = Signal(object, str)
    """The traceback of a bug; `finished` follows."""
    changed = Signal()
    """Something about what is on its way is different now."""
    finished = Signal(object)
    """It is over, however it went, and is no longer among those on their way."""

    def __init__(
        self, inference: Inference, keeper: ConversationKeeper, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._inference = inference
        self._keeper = keeper
        self.answers = LiveAnswers()
        inference.began.connect(self._take_turn)
        inference.prompt.connect(self._take_prompt)
        inference.text.connect(self._take_text)
        inference.reasoning.connect(self._take_reasoning)
        inference.stats.connect(self._take_stats)
        inference.ended.connect(self._take_end)
        inference.failed.connect(self._take_error)
        inference.crashed.connect(self._take_crash)
        inference.finished.connect(self._take_finished)

    def ask(
        self, conversation: Conversation, text: str, model: InstalledModel, at: int | None = None
    ) -> LiveAnswer:
        """Store `text` first, as a new version of message `at` where it is given; then have it answered."""
        said = ChatMessageRecord(0, "user", text, "complete", "", time.time())
        live = self._add(conversation, model, (*conversation.messages[:at], said))
        self._keeper.add_message(
            conversation,
            text,
            at,
            lambda _: self._go_on(live),
            lambda error: self._take_rejected(live, text, error),
        )
        return live

    def answer_again(self, conversation: Conversation, model: InstalledModel) -> LiveAnswer:
        """Have the person's last message answered once more."""
        messages = conversation.messages
        answered = messages[-1].role == "assistant"
        live = self._add(conversation, model, tuple(messages[:-1] if answered else messages))
        self._request_in_turn(live)
        return live

    def continue_answer(self, conversation: Conversation, model: InstalledModel) -> LiveAnswer:
        """Go on with the last message, an answer that was cut off."""
        last = conversation.messages[-1]
        live = self._add(conversation, model, tuple(conversation.messages[:-1]))
        live.text.append(last.text)
        live.reasoning.append(last.reasoning)
        self._request_in_turn(live, continued=True)
        return live

    def stop(self, live: LiveAnswer) -> None:
        """End an answer, or take it out of those that wait."""
        live.stopped = True
        if live.ticket is not None:
            self._inference.cancel(live.ticket)
        self.changed.emit()

    def _add(
        self, conversation: Conversation, model: InstalledModel, before: tuple[ChatMessageRecord, ...]
    ) -> LiveAnswer:
        live = LiveAnswer(conversation, model, time.time(), before)
        self.answers.add(live)
        return live

    def _go_on(self, live: LiveAnswer) -> None:
        live.before = tuple(live.conversation.messages)
        self.stored.emit(live)
        if live.stopped:
            self._finish(live)
        else:
            self._request(live)

    def _request_in_turn(self, live: LiveAnswer, *, continued: bool = False) -> None:
        """By hand, once the keeper is done with the conversation: another version may just be chosen."""

        def go_on(_: object) -> None:
            if live.stopped:
                self._finish(live)
            else:
                self._request(live, continued=continued, by_hand=True)

        self._keeper.run(lambda _: None, go_on)

    def _request(self, live: LiveAnswer, *, continued: bool = False, by_hand: bool = False) -> None:
        live.ticket = self._inference.answer(
            live.conversation, live.model, continued=continued, by_hand=by_hand
        )
        self.changed.emit()

    def _finish(self, live: LiveAnswer) -> None:
        self.answers.drop(live)
        self.finished.emit(live)

    def _take_rejected(self, live: LiveAnswer, text: str, error: UserError) -> None:
        self.answers.drop(live)
        self.rejected.emit(live, text, error)

    def _take_turn(self, ticket: int) -> None:
        live = self.answers.with_ticket(ticket)
        if live is not None:
            live.began = True
            self.changed.emit()

    def _take_prompt(self, ticket: int, progress: PromptProgress) -> None:
        live = self.answers.with_ticket(ticket)
        if live is not None:
            live.prompt_tokens = progress.total

    def _take_text(self, ticket: int, text: str, pieces: int) -> None:
        live = self.answers.with_ticket(ticket)
        if live is not None:
            live.text.append(text)
            live.pieces += pieces
            self.text.emit(live, text)

    def _take_reasoning(self, ticket: int, text: str, pieces: int) -> None:
        live = self.answers.with_ticket(ticket)
        if live is not None:
            live.reasoning.append(text)
            live.pieces += pieces
            self.reasoning.emit(live, text)

    def _take_stats(self, ticket: int, stats: Stats) -> None:
        live = self.answers.with_ticket(ticket)
        if live is not None:
            self.stats.emit(live, stats)

    def _take_end(self, ticket: int, end: End) -> None:
        live = self.answers.with_ticket(ticket)
        if live is not None:
            live.end = end

    def _take_error(self, ticket: int, error: UserError) -> None:
        live = self.answers.with_ticket(ticket)
        if live is not None:
            live.failed = True
            self.failed.emit(live, error)

    def _take_crash(self, ticket: int, report: str) -> None:
        live = self.answers.with_ticket(ticket)
        if live is not None:
            live.failed = True
            self.crashed.emit(live, report)

    def _take_finished(self, ticket: int) -> None:
        live = self.answers.with_ticket(ticket)
        if live is not None:
            self._finish(live)
