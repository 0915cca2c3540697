"""What is written but not sent: kept for each conversation, and counted in tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from slmdesk.ui.chat.draft_shelf import DraftShelf, joined

if TYPE_CHECKING:
    from slmdesk.chat import Conversation
    from slmdesk.messages import UserError
    from slmdesk.ui.chat.composer import Composer
    from slmdesk.ui.chat.keeper import ConversationKeeper
    from slmdesk.ui.inference import Inference
    from slmdesk.ui.tasks import Tasks

# A pause in typing that is long enough to write to the disk, and one to ask the tokenizer.
_SAVE_AFTER_MS = 500
_COUNT_AFTER_MS = 200
# What could not be stored is tried again this much later: a full disk is not emptied in a second.
_RETRY_AFTER_MS = 15_000


class Drafts(QObject):
    """Watches the composer for the conversation that is shown. Owned by the chat panel.

    A draft that cannot be stored is kept in memory until it can.
    """

    counted = Signal(object)
    """Tokens of the prompt that sending would make, or None: nothing is written, or no model is loaded."""
    conversation_counted = Signal(int)
    """Tokens of the conversation without what is written, as `count_conversation` asked."""
    failed = Signal(object)
    """The `UserError` of a draft that could not be stored. It is tried again, which says nothing."""

    def __init__(
        self,
        composer: Composer,
        keeper: ConversationKeeper,
        tasks: Tasks,
        inference: Inference,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._composer, self._keeper, self._tasks, self._inference = composer, keeper, tasks, inference
        self._conversation: Conversation | None = None
        self._number = 0
        self._saved = ""
        self._loading = False
        self._shelf = DraftShelf()
        self._showings = 0
        self._closed = False
        self._count = self._conversation_count = 0
        self._save_timer = self._make_timer(_SAVE_AFTER_MS, self._save_after_pause)
        self._count_timer = self._make_timer(_COUNT_AFTER_MS, self.count)
        self._retry_timer = self._make_timer(_RETRY_AFTER_MS, self._store_again)
        composer.input.textChanged.connect(self._take_change)

    def show(self, conversation: Conversation) -> None:
        """Keep the draft of the conversation before, and bring that of `conversation`."""
        self.save()
        self._conversation, self._saved = conversation, ""
        # What is still being counted is that of the conversation before.
        self._conversation_count += 1
        number = self._number = conversation.id
        self._loading = True
        self._showings += 1
        showing = self._showings
        self._composer.input.clear()
        self._keeper.run(
            lambda store: self._shelf.draft(store, number),
            lambda text: self._take(showing, text),
            # What cannot be read is told where the conversations are listed.
            lambda _: self._take(showing, ""),
        )
        self.count()

    def save(self) -> None:
        """Keep what is written now, unless that is what was kept last."""
        self._save_timer.stop()
        text = self._composer.input.plain_text()
        if self._conversation is None or text == self._saved:
            return
        if self._loading:
            self.add(self._number, text)
            return
        number, before, self._saved = self._number, self._saved, text
        self._store(number, text)
        if bool(text.strip()) != bool(before.strip()):
            # The list marks chats with something that waits to be sent.
            self._keeper.refresh()

    def give_back(self, number: int, text: str) -> None:
        """Put what could not be stored in conversation `number` back to where it can be sent from again."""
        if number == self._number:
            self._composer.put_back(text)
        else:
            self.add(number, text)

    def add(self, number: int, text: str) -> None:
        """Put `text` behind the draft of conversation `number`, whatever that is."""
        if number == self._number and not self._loading:
            self._composer.set_text(joined(self._composer.input.plain_text(), text))
            return
        self._store(number, text, whole=False)
        self._keeper.refresh()

    def close(self) -> None:
        """Keep what is written; no timer goes on."""
        self._closed = True
        self.save()
        self._store_again()
        self._count_timer.stop()

    def keep_as(self, number: int) -> None:
        """The conversation shown is stored now, as `number`."""
        if number != self._number:
            if self._saved:
                self._store(self._number, "")
            self._number, self._saved = number, ""
            self.save()

    def count(self) -> None:
        """Count again: the conversation or the model may be another."""
        self._count_timer.stop()
        self._count += 1
        number, conversation, text = self._count, self._conversation, self._composer.input.plain_text()
        if conversation is None or not text.strip():
            self.counted.emit(None)
            return

        def take(tokens: int | None) -> None:
            # Only the newest count counts.
            if number == self._count:
                self.counted.emit(tokens)

        self._tasks.run(lambda: self._inference.count_tokens(conversation, text), take)

    def count_conversation(self) -> None:
        """Count the messages shown as they are: `conversation_counted` says it, unless no model is loaded,
        another conversation is shown by then, or it was asked again.
        """
        self._conversation_count += 1
        number, conversation = self._conversation_count, self._conversation
        if conversation is None:
            return

        def take(tokens: int | None) -> None:
            if number == self._conversation_count and tokens is not None:
                self.conversation_counted.emit(tokens)

        self._tasks.run(lambda: self._inference.count_tokens(conversation, ""), take)

    def _store(self, number: int, text: str, *, whole: bool = True) -> None:
        """Store `text` in the place of the draft of conversation `number`, or behind it."""

        def failed(error: UserError) -> None:
            self._wait()
            self.failed.emit(error)

        self._shelf.put(number, text, whole=whole)
        self._keeper.run(self._shelf.store, failed=failed)

    def _store_again(self) -> None:
        self._retry_timer.stop()
        if self._shelf:
            # That there is a problem was said when it first failed.
            self._keeper.run(self._shelf.store, failed=lambda _: self._wait())

    def _wait(self) -> None:
        if not self._closed:
            self._retry_timer.start()

    def _save_after_pause(self) -> None:
        if not self._loading:
            self.save()

    def _take(self, showing: int, text: str) -> None:
        if showing != self._showings:
            return
        self._loading = False
        written = self._composer.input.plain_text()
        if text and not written:
            self._saved = text
            self._composer.set_text(text)
        elif written:
            # The person was faster than the disk; nothing of either is lost.
            self._composer.set_text(joined(text, written))
            self._save_timer.start()

    def _take_change(self) -> None:
        self._save_timer.start()
        self._count_timer.start()

    def _make_timer(self, after_ms: int, then: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(after_ms)
        timer.timeout.connect(then)
        return timer
