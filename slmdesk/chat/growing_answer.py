"""An answer while it is written: what of it is in the conversation, and what is on the disk."""

from __future__ import annotations

import logging
import time

from slmdesk.chat.conversation import ChatMessageRecord, Conversation, MessageState
from slmdesk.chat.store import ConversationStore
from slmdesk.engines import EndReason
from slmdesk.messages import UserError

_log = logging.getLogger(__name__)

# Streamed text is stored this often, so that a killed program loses no more.
_STORE_EVERY_S = 1.0


class GrowingAnswer:
    """Takes its place in `conversation` at `position` with its first text, and drops what stood there.

    Worker thread. Without a store nothing is written to the disk.
    """

    def __init__(
        self,
        conversation: Conversation,
        record: ChatMessageRecord,
        position: int,
        store: ConversationStore | None,
    ) -> None:
        self.record = record
        self._conversation = conversation
        self._replaced = tuple(conversation.messages[position:])
        self._position = position
        self._store = store
        self._pieces: list[str] = []
        self._stored_at = time.monotonic()

    def grow(self, text: str) -> None:
        """Add a piece of text."""
        if not self._pieces:
            self._take_place()
        self._pieces.append(text)
        if self._store and time.monotonic() - self._stored_at >= _STORE_EVERY_S:
            self._stored_at = time.monotonic()
            try:
                self._write()
            except UserError as error:
                # The end of the answer tries again, and tells the person where that fails too.
                _log.warning("an answer could not be stored yet: %s", error.key)

    def finish(self, state: MessageState, reason: EndReason) -> None:
        """Nothing more comes. An answer without a word leaves the conversation as it was, unless complete.

        Raises UserError (kind STORAGE) where it cannot be stored.
        """
        self.record.state, self.record.end_reason = state, reason
        if self._pieces:
            self._write()
        elif state == "complete":
            # The model had nothing to say, which is an answer.
            self._take_place()
            self._write()

    def _take_place(self) -> None:
        self._conversation.messages[self._position :] = [self.record]

    def _write(self) -> None:
        self.record.text = "".join(self._pieces)
        if self._store is None:
            return
        if self.record.id:
            self._store.update_message(self.record)
        else:
            self._store.add_answer(self._conversation, self.record, self._replaced)
