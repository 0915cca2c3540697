"""The window's way to the stored conversations: asked in the background and in order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal

from slmdesk.messages import UserError
from slmdesk.ui.tasks import Lane, Tasks

if TYPE_CHECKING:
    from slmdesk.chat import ChatService, Conversation, ConversationStore, ConversationSummary
    from slmdesk.storage import RepairReport

_log = logging.getLogger(__name__)

T = TypeVar("T")


class ConversationKeeper(QObject):
    """Owned by the chat panel. Every call returns at once; results come back on the GUI thread."""

    listed = Signal(object)
    """All `ConversationSummary`, newest first."""
    not_listed = Signal()
    """They could not be read; why is told where every error is."""
    new_draft_found = Signal(bool)
    """Whether something is written in the new chat and not sent. Said before `listed`."""
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

        def read(store: ConversationStore) -> tuple[list[ConversationSummary], bool]:
            return store.summaries(), bool(store.draft(0).strip())

        def read_or_tell() -> tuple[list[ConversationSummary], bool]:
            try:
                return self._on_sound_storage(lambda: read(self._opened_store()))
            except Exception:
                self.not_listed.emit()
                raise

        self._lane.run(read_or_tell, self._take_list)
        if self._search:
            self.search(self._search)

    def look_again(self) -> None:
        """As `refresh`, where another program has written something since this was called last."""
        self.run(lambda store: store.changed_elsewhere(), lambda changed: self.refresh() if changed else None)

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

    def find_deleted(self, then: Callable[[list[ConversationSummary]], None]) -> None:
        """Tell `then` what was deleted when the program ran last and was not forgotten, where there is any.

        `restore` brings it back from now on, and `forget_deleted` ends it.
        """

        def take(found: list[ConversationSummary]) -> None:
            if found:
                self._deleted += tuple(one.id for one in found)
                then(found)

        self.run(lambda store: store.deleted(), take)

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

    def _take_list(self, read: tuple[list[ConversationSummary], bool]) -> None:
        summaries, new_draft = read
        self.new_draft_found.emit(new_draft)
        self.listed.emit(summaries)

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
