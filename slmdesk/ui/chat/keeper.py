"""The window's way to the stored conversations: asked in the background and in order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal

from slmdesk.messages import UserError
from slmdesk.ui.tasks import Lane, Tasks

if TYPE_CHECKING:
    from slmdesk.chat import ChatService, Conversation, ConversationStore
    from slmdesk.storage import RepairReport

_log = logging.getLogger(__name__)

T = TypeVar("T")


class ConversationKeeper(QObject):
    """Owned by the chat panel. Every call returns at once; results come back on the GUI thread."""

    listed = Signal(object)
    """All `ConversationSummary`, newest first."""
    found = Signal(object)
    """Ids of the conversations that a search found, or None where nothing is searched for."""
    repaired = Signal(object)
    """What is stored was damaged: the `RepairReport`. What was read before is to be read again."""

    def __init__(
        self,
        open_chat: Callable[[], ChatService],
        check: Callable[[], RepairReport | None],
        tasks: Tasks,
        parent: QObject | None = None,
    ) -> None:
        """`check` is called in the background before anything is read or written, and again where the
        database turns out to be damaged later.
        """
        super().__init__(parent)
        self._open_chat = open_chat
        self._check = check
        # Only in the lane's thread.
        self._checked = False
        self._lane = Lane(tasks)
        self._search = ""
        # What is deleted can be brought back until this is emptied.
        self._deleted: tuple[int, ...] = ()
        # Conversations with an answer that is nowhere but here.
        self._unsaved: dict[int, Conversation] = {}

    def run(
        self,
        work: Callable[[ConversationStore], T],
        then: Callable[[T], None] = lambda _: None,
        failed: Callable[[UserError], None] | None = None,
    ) -> None:
        """Call `work` with the store after everything asked for before, then `then` with its result."""
        self._lane.run(lambda: self._on_sound_storage(lambda: work(self._opened_store())), then, failed)

    def add_message(
        self,
        conversation: Conversation,
        text: str,
        at: int | None,
        then: Callable[[None], None],
        failed: Callable[[UserError], None],
    ) -> None:
        """As `ChatService.add_message`."""

        def add() -> None:
            self._open_chat().add_message(conversation, text, at=at)

        self._lane.run(lambda: self._on_sound_storage(add), then, failed)

    def refresh(self) -> None:
        """Say `listed` with what there is now, and `found` with what the search finds now."""
        self.run(lambda store: store.summaries(), self.listed.emit)
        if self._search:
            self.search(self._search)

    def search(self, text: str) -> None:
        """Say `found` with the conversations that have `text` in their title or in a message."""
        self._search = text.strip()
        if not self._search:
            self.found.emit(None)
            return
        wanted = self._search

        def take(ids: Iterable[int]) -> None:
            # Only the newest search counts.
            if wanted == self._search:
                self.found.emit(frozenset(ids))

        self.run(lambda store: store.search(wanted, still_wanted=lambda: wanted == self._search), take)

    def rename(self, number: int, title: str) -> None:
        """Give a conversation the name the person chose."""
        self.run(lambda store: store.rename(number, title))
        self.refresh()

    def set_pinned(self, number: int, pinned: bool) -> None:
        """Keep a conversation at the top, or no longer."""
        self.run(lambda store: store.set_pinned(number, pinned))
        self.refresh()

    def delete(self, numbers: tuple[int, ...]) -> None:
        """Take conversations out of the list. `restore` brings back all of them until `forget_deleted`."""
        self._deleted += numbers
        self.run(lambda store: store.delete(numbers))
        self.refresh()

    def restore(self) -> None:
        """Bring back what was deleted and not forgotten yet."""
        numbers, self._deleted = self._deleted, ()
        if numbers:
            self.run(lambda store: store.restore(numbers))
            self.refresh()

    def forget_deleted(self) -> None:
        """Really delete what was deleted."""
        if self._deleted:
            self._deleted = ()
            self.run(lambda store: store.purge_deleted())

    def save_options(self, conversation: Conversation) -> None:
        """Keep the instructions, options and model of a conversation, unless it is not stored."""
        # Whether it is stored shows when this has its turn: its first message may be on its way.
        self.run(lambda store: store.save_options(conversation))

    def note_unsaved(self, conversation: Conversation) -> None:
        """Keep hold of a conversation as long as an answer in it could not be stored."""
        if any(one.unsaved for one in conversation.messages):
            self._unsaved[conversation.id] = conversation
        else:
            self._unsaved.pop(conversation.id, None)

    def unsaved(self, number: int) -> Conversation | None:
        """The conversation with this id, where a part of it is not on the disk."""
        return self._unsaved.get(number)

    def close(self) -> bool:
        """Do what still waits. Blocks: called when the window has gone. False: a thread is stuck."""
        self.forget_deleted()
        return self._lane.finish()

    def store_unsaved(self, answered: Iterable[Conversation]) -> None:
        """Store once more what could not be, there and in those that were `answered` last. Blocks."""
        for conversation in answered:
            self.note_unsaved(conversation)
        for conversation in self._unsaved.values():
            try:
                self._opened_store().save_pending(conversation)
            except UserError as error:
                # There is no window left to show it in.
                _log.warning("an answer was not stored: %s", error)

    def _on_sound_storage(self, work: Callable[[], T]) -> T:
        """Nothing opens what is stored before it is known sound: opening alone could lose what is damaged."""
        if not self._checked:
            self._repair()
        try:
            return work()
        except UserError as error:
            if error.key != "database-damaged":
                raise
            self._repair()
            return work()

    def _repair(self) -> None:
        report = self._check()
        self._checked = True
        if report is not None:
            self.repaired.emit(report)

    def _opened_store(self) -> ConversationStore:
        store = self._open_chat().store
        assert store is not None, "the window keeps its conversations"
        return store
