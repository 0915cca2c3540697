"""An answer while it is written: what of it is in the conversation, and what is on the disk."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from slmdesk.chat.conversation import ChatMessageRecord, Conversation, MessageState
from slmdesk.chat.store import ConversationStore
from slmdesk.engines import EndReason, Stats
from slmdesk.messages import UserError

_log = logging.getLogger(__name__)

# What was streamed is stored this often: a killed program loses at most a second of it, and a slow disk
# needs a part of that second.
_STORE_EVERY_S = 0.8


class GrowingAnswer:
    """Takes its place behind the first `position` messages with its first words, said or thought.

    A record that is there already is continued, from then on by the model `model_title`. Worker thread.
    Without a store nothing is written to the disk.
    """

    def __init__(
        self,
        conversation: Conversation,
        record: ChatMessageRecord,
        position: int,
        store: ConversationStore | None,
        *,
        model_title: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.record = record
        self.stats: Stats | None = None
        """What this run took; the record has it once it ended."""
        self._conversation = conversation
        self._position = position
        self._store = store
        self._clock = clock
        self._text = [record.text]
        self._reasoning = [record.reasoning]
        self._model_title = model_title
        self._grew = False
        self._thinking_since: float | None = None
        self._stored_at = clock()

    def grow(self, text: str) -> None:
        """Add a piece of text."""
        self._stop_the_clock()
        self._text.append(text)
        self._take_piece()

    def think(self, text: str) -> None:
        """Add a piece of reasoning."""
        if self._thinking_since is None:
            self._thinking_since = self._clock()
        self._reasoning.append(text)
        self._take_piece()

    def finish(self, state: MessageState, reason: EndReason) -> None:
        """Nothing more comes. An answer that did not grow leaves all as it was, unless it is complete.

        Raises UserError (kind STORAGE) where it cannot be stored; the next message takes it along.
        """
        self._stop_the_clock()
        if not self._grew:
            if state != "complete":
                return
            # The model had nothing (more) to say, which is an answer.
            self._take_place()
        self.record.state, self.record.end_reason, self.record.stats = state, reason, self.stats
        self._write()

    def _take_piece(self) -> None:
        if not self._grew:
            self._take_place()
        if self._store and self._clock() - self._stored_at >= _STORE_EVERY_S:
            # From the beginning: what comes while the disk works is a part of the next second.
            self._stored_at = self._clock()
            try:
                self._write()
            except UserError as error:
                # The end of the answer tries again, and tells the person where that fails too.
                _log.warning("an answer could not be stored yet: %s", error.key)
                # A database that somebody else holds keeps us waiting: not again for each piece.
                self._stored_at = self._clock()

    def _take_place(self) -> None:
        self._grew = True
        self.record.state, self.record.model_title = "writing", self._model_title
        self._conversation.messages[self._position :] = [self.record]

    def _stop_the_clock(self) -> None:
        if self._thinking_since is not None:
            self.record.reasoning_seconds += self._clock() - self._thinking_since
            self._thinking_since = None

    def _write(self) -> None:
        if self._thinking_since is not None:
            # Still thinking: what was thought until now has taken this long.
            self._stop_the_clock()
            self._thinking_since = self._clock()
        self.record.text = "".join(self._text)
        self.record.reasoning = "".join(self._reasoning)
        if self._store is None:
            return
        try:
            if self.record.id:
                self._store.update_message(self.record)
            else:
                self._store.add_message(self._conversation, self.record, at=self._position)
        except UserError:
            self.record.unsaved = True
            raise
