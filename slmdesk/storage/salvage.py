"""Saving what can be saved of a damaged database into a new one, and telling what cannot."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slmdesk.storage.ledger import LedgerContent, LedgerEntry
from slmdesk.storage.pages import PageImage
from slmdesk.storage.records import Value, index_rows, table_rows
from slmdesk.storage.salvaged_rows import (
    CONVERSATION_COLUMNS,
    MESSAGE_COLUMNS,
    Draft,
    FoundConversation,
    FoundMessage,
    as_conversation,
    as_draft,
    as_greatest_id,
    as_index_entry,
    as_message,
)


class Source(enum.IntEnum):
    """Where a row was found, the best first."""

    NOW = 0
    """In the pages as they are."""
    BEFORE = 1
    """In an earlier version of a page."""
    BACKUP = 2


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that is in the new database."""

    digest: bytes
    source: Source
    is_unfinished: bool
    """Its text was growing when this version was stored."""
    is_placeholder: bool
    """An earlier repair put it in the place of a lost message."""


class Salvage:
    """Fills `connection`, a new and empty database, inside one transaction of the caller's.

    Every row is checked by its digest; what the ledger says decides which of several versions of a message is
    the last one, and which messages there were at all.
    """

    def __init__(self, connection: Any, known: LedgerContent | None) -> None:
        self._connection = connection
        self._known = known or LedgerContent()
        # Where the ledger is missing or damaged, a message that it does not know may have existed.
        self.knows_all = known is not None and bool(known.latest) and not known.is_damaged
        self._greatest_known = self._known.greatest_id
        self.kept: dict[int, Kept] = {}
        self.without_parent: set[int] = set()
        """Messages from before messages had parents."""
        self.conversations: dict[int, FoundConversation] = {}
        self.drafts: dict[int, Draft] = {}
        self.named_by_index: dict[int, int] = {}
        """Conversation by message, from the index, which is on other pages than the messages."""
        self.greatest: dict[str, int] = {}

    def take_from(self, image: PageImage) -> None:
        """Take what the pages hold now."""
        for number in image.numbers():
            page = image.page(number)
            self._take_rows(table_rows(image, page), Source.NOW)
            self._take_index(page)

    def take_from_before(self, image: PageImage) -> None:
        """Take what earlier versions of the pages held and is missing still, newest first."""
        for page, as_of in image.versions_before():
            self._take_rows(table_rows(image, page, as_of), Source.BEFORE)
            if not self.knows_all:
                self._take_index(page)

    def take_from_backup(self, image: PageImage) -> bool:
        """Take what a backup holds and is missing still; whether there was any."""
        before = len(self.of_source(Source.BACKUP))
        for number in image.numbers():
            page = image.page(number)
            self._take_rows(table_rows(image, page), Source.BACKUP)
            if not self.knows_all:
                self._take_index(page)
        return len(self.of_source(Source.BACKUP)) > before

    def of_source(self, source: Source) -> set[int]:
        """Messages that were found in `source`, as they were last."""
        return {
            number
            for number, kept in self.kept.items()
            if kept.source is source and not kept.is_placeholder and not self.is_old(number)
        }

    def is_old(self, number: int) -> bool:
        """Whether all that was found of a message is, or may be, an earlier text than its last one."""
        kept = self.kept[number]
        if kept.digest != self._known.digest(number) and kept.digest in self._known.earlier.get(number, ()):
            return True
        # Any other text that the ledger never heard of was stored in the moment before it was to be told.
        return kept.is_unfinished and not self.knows_all

    def wanting(self) -> set[int]:
        """Messages that are known to have existed and were not found as they were last."""
        found = {number for number in self.kept if not self.is_old(number)}
        wanting = set(self._known.latest) - found
        for number in self.named_by_index:
            if number not in found and not self.is_gone(number) and self._may_exist(number, Source.BEFORE):
                wanting.add(number)
        return wanting

    def is_gone(self, number: int) -> bool:
        """Whether a message was deleted on purpose."""
        return number in self._known.gone and number not in self._known.latest

    def is_deletion_certain(self, conversation: FoundConversation) -> bool:
        """Whether a person deleted a conversation and did not bring it back since."""
        deleted_at = conversation.deleted_at
        return deleted_at is not None and self._known.is_deletion_certain(conversation.id, deleted_at)

    def is_complete(self) -> bool:
        """Whether there is nothing more to look for."""
        return self.knows_all and not self.wanting() and not self.missing_conversations()

    def missing_conversations(self) -> set[int]:
        """Conversations that have messages and were not found."""
        rows = self._connection.execute("SELECT DISTINCT conversation_id FROM message")
        return {row[0] for row in rows} - self.conversations.keys()

    def entry(self, number: int) -> LedgerEntry | None:
        """What the ledger knows of a message."""
        return self._known.entry(number)

    def greatest_id(self, table: str) -> int:
        """The greatest id that a row of `table` is known to have had."""
        known = self._greatest_known if table == "message" else 0
        return max(known, self.greatest.get(table, 0))

    def _take_index(self, page: bytes) -> None:
        for entry in filter(None, map(as_index_entry, index_rows(page))):
            self.named_by_index[entry[1]] = entry[0]

    def _take_rows(self, rows: Iterable[tuple[int, tuple[Value, ...]]], source: Source) -> None:
        for number, values in rows:
            if (message := as_message(number, values)) is not None:
                self._offer(message, source)
            elif (conversation := as_conversation(number, values)) is not None:
                self.conversations.setdefault(number, conversation)
            elif source is Source.NOW:
                if (draft := as_draft(number, values)) is not None:
                    self.drafts[number] = draft
                elif (greatest := as_greatest_id(values)) is not None:
                    self.greatest[greatest[0]] = max(greatest[1], self.greatest.get(greatest[0], 0))

    def _offer(self, message: FoundMessage, source: Source) -> None:
        if self.is_gone(message.id) or not self._may_exist(message.id, source):
            return
        kept = self.kept.get(message.id)
        last = self._known.digest(message.id)
        if not message.knows_parent and (entry := self.entry(message.id)) is not None:
            message.parent_id, message.knows_parent = entry.parent_id, True
        message.digest = message.digest_now()
        if kept is not None and not (self.is_old(message.id) and message.digest == last):
            return
        self.kept[message.id] = Kept(
            message.digest, source, message.state == "writing", message.state == "lost"
        )
        if message.knows_parent:
            self.without_parent.discard(message.id)
        else:
            self.without_parent.add(message.id)
        insert_message(self._connection, message)

    def _may_exist(self, number: int, source: Source) -> bool:
        if source is Source.NOW or not self.knows_all or number in self._known.latest:
            return True
        # Stored in the moment before the ledger was to be told.
        return source is Source.BEFORE and number > self._greatest_known


def insert_message(connection: Any, message: FoundMessage) -> None:
    """Store a message, in the place of one with its id."""
    connection.execute(_insertion("message", MESSAGE_COLUMNS), message.values())


def insert_conversation(connection: Any, conversation: FoundConversation) -> None:
    """Store a conversation, in the place of one with its id."""
    connection.execute(_insertion("conversation", CONVERSATION_COLUMNS), conversation.values())


def images_of(backups: Iterable[Path]) -> Iterator[tuple[Path, PageImage]]:
    """The pages of each backup that can be opened; closed when the next one is taken."""
    for file in backups:
        try:
            image = PageImage(file)
        except OSError:
            continue
        with image:
            yield file, image


def _insertion(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
