"""Conversations in the database: the door to the tables."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from slmdesk.chat import conversation_rows, drafts, message_rows
from slmdesk.chat.conversation import (
    ChatMessageRecord,
    Conversation,
    ConversationSummary,
    make_title,
    whole_characters,
)
from slmdesk.chat.search import search
from slmdesk.chat.versions import Step, chosen_path
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Database, forget_in_backups

_log = logging.getLogger(__name__)

# As many characters as a list or a title bar could ever show of a name.
_LONGEST_NAME = 200


class ConversationStore:
    """Keeps conversations. Blocking; may be called from any thread. Raises what `Database` raises.

    What a call was given is on the disk when it returns. Where it raises, what it was given is as before.
    Two threads must not change the same `Conversation` at a time.
    """

    def __init__(self, database: Database, *, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now
        self._seen_version: int | None = None

    # Reading

    def summaries(self) -> list[ConversationSummary]:
        """All conversations that are not deleted, the one last written in first."""
        return conversation_rows.summaries(self._database)

    def deleted(self) -> list[ConversationSummary]:
        """Those that a person deleted and that `restore` brings back until they are purged, newest first.

        Those of which it is not certain that a person deleted them come back at once.
        """
        self._surely_deleted()
        return conversation_rows.summaries(self._database, deleted=True)

    def changed_elsewhere(self) -> bool:
        """Whether another program wrote something since this was asked last; the first time: yes."""
        before, self._seen_version = self._seen_version, self._database.data_version()
        return self._seen_version != before

    def search(self, text: str, *, still_wanted: Callable[[], bool] = lambda: True) -> list[int]:
        """Ids of the conversations with `text` in the title or in a version of a message, newest first.

        In any case, also of letters beyond A to Z; blanks around `text` do not count, and without a text
        nothing is found. `still_wanted` is asked now and then; the search ends with nothing where it says no.
        """
        return search(self._database, whole_characters(text), still_wanted)

    def latest(self) -> Conversation | None:
        """The conversation that was last written in, or None where there is none."""
        number = conversation_rows.latest_id(self._database)
        return self.load(number) if number is not None else None

    def load(self, conversation_id: int) -> Conversation | None:
        """A stored conversation with its messages, or None where there is none of that id."""
        conversation = conversation_rows.load(self._database, conversation_id)
        if conversation is not None:
            conversation.messages = [_record(step) for step in self._path(conversation_id)]
        return conversation

    def draft(self, conversation_id: int) -> str:
        """What is written in a conversation and not sent; 0: in the new one."""
        return drafts.load(self._database, conversation_id)

    # Messages

    def add_message(
        self, conversation: Conversation, message: ChatMessageRecord, *, at: int | None = None
    ) -> None:
        """Store a new message behind the first `at` messages of `conversation`, or behind all of them.

        It is the version chosen there from now on, and gets its id and place; what followed stays with the
        version before. The conversation is stored where it is not yet, and so are messages of it that could
        not be. The caller puts `message` into `conversation.messages`.
        """
        _make_storable(conversation, message)
        before = conversation.messages[:at]
        others = [one for one in conversation.messages if one is not message]
        by_person = message.role == "user"
        new_title = make_title(message.text) if by_person and not before else None
        now = self._now()
        with self._database.transaction() as cursor:
            number = conversation.id or conversation_rows.insert(cursor, conversation, now)
            title = conversation_rows.note_writing(cursor, number, now, by_person=by_person, title=new_title)
            late = _store_pending(cursor, number, others)
            parent = _last_id(before, late)
            placed = message_rows.insert(cursor, number, parent, message)
        conversation.id, conversation.updated_at, conversation.title = number, now, title
        _take_places(others, late)
        _take_places([message], {0: placed})

    def save_pending(self, conversation: Conversation) -> None:
        """Store the messages of a stored conversation that could not be stored as they are now."""
        _make_storable(conversation)
        messages = list(conversation.messages)
        with self._database.transaction() as cursor:
            late = _store_pending(cursor, conversation.id, messages)
        _take_places(messages, late)

    def update_message(self, message: ChatMessageRecord) -> None:
        """Store the text, reasoning, state and figures that `message` has now."""
        _make_message_storable(message)
        with self._database.transaction() as cursor:
            message_rows.update(cursor, message)
        message.unsaved = False

    def edit_answer(self, conversation: Conversation, index: int, text: str) -> None:
        """Make `text` a new version of the answer at `index`; what followed it stays with the old one.

        The text that it has already changes nothing. Raises UserError (kind USAGE) for an empty text.
        """
        old = conversation.messages[index]
        text = whole_characters(text)
        if not text.strip():
            raise UserError("answer-empty", ErrorKind.USAGE)
        if text == old.text:
            return
        new = ChatMessageRecord(0, "assistant", text, "complete", old.model_title, self._now())
        self.add_message(conversation, new, at=index)
        conversation.messages[index:] = [new]

    def choose_version(self, conversation: Conversation, index: int, version: int) -> None:
        """Show version `version` (from 1) of the message at `index`, and what followed it.

        `conversation.messages` is the chosen path afterwards; records before `index` stay the same objects.
        Raises IndexError where there is no such version.
        """
        number = conversation.messages[index].id
        versions = next((step.versions for step in self._path(conversation.id) if step.row.id == number), [])
        if not 1 <= version <= len(versions):
            raise IndexError(f"version {version} of {len(versions)}")
        chosen = versions[version - 1]
        others = [row.id for row in versions if row.id != chosen.id]
        with self._database.transaction() as cursor:
            message_rows.choose(cursor, chosen.id, others)
        path = self._path(conversation.id)
        conversation.messages[index:] = [_record(step) for step in itertools.islice(path, index, None)]

    # The conversation itself

    def save_options(self, conversation: Conversation) -> None:
        """Store its instructions, options and model; one that is not stored yet takes them along later."""
        if conversation.id:
            _make_storable(conversation)
            with self._database.transaction() as cursor:
                conversation_rows.save_options(cursor, conversation)

    def rename(self, conversation_id: int, title: str) -> None:
        """Give it the title that a person chose. Raises UserError (kind USAGE) where nothing is left of it.

        A title is one line: line breaks and rows of blanks become one blank.
        """
        title = " ".join(whole_characters(title).split())[:_LONGEST_NAME].rstrip()
        if not title:
            raise UserError("conversation-title-empty", ErrorKind.USAGE)
        with self._database.transaction() as cursor:
            conversation_rows.rename(cursor, conversation_id, title)

    def set_pinned(self, conversation_id: int, pinned: bool) -> None:
        """Keep it at the top of the list, or no longer."""
        with self._database.transaction() as cursor:
            conversation_rows.set_pinned(cursor, conversation_id, pinned)

    def delete(self, ids: Collection[int]) -> None:
        """Take conversations out of the list; `restore` brings them back until `purge_deleted`."""
        with self._database.transaction() as cursor:
            conversation_rows.set_deleted(cursor, ids, self._now())

    def restore(self, ids: Collection[int]) -> None:
        """Bring deleted conversations back as they were."""
        with self._database.transaction() as cursor:
            conversation_rows.set_deleted(cursor, ids, None)

    def purge_deleted(self, ids: Collection[int] | None = None) -> None:
        """Remove what is deleted (of `ids`, where given) for good: its messages, drafts and backups.

        Those of which it is not certain that a person deleted them come back instead.
        Where it fails in the middle, nothing is removed from the list of what is deleted: try again.
        """
        gone = self._surely_deleted()
        if ids is not None:
            gone = [number for number in gone if number in ids]
        if not gone:
            return
        forget_in_backups(self._database, gone)
        with self._database.transaction() as cursor:
            conversation_rows.purge(cursor, gone)
        _log.info("%d deleted conversations were removed", len(gone))

    def _surely_deleted(self) -> list[int]:
        """Those that a person deleted. Those that only seem to be deleted are back afterwards."""
        gone = conversation_rows.deleted_ids(self._database)
        if not gone:
            return []
        certain = self._database.surely_deleted()
        doubtful = [number for number in gone if number not in certain]
        if doubtful:
            # Whoever did not delete them would never see them again.
            _log.warning("%d conversations only seem to be deleted: they are back", len(doubtful))
            self.restore(doubtful)
        return [number for number in gone if number in certain]

    def save_draft(self, conversation_id: int, text: str) -> None:
        """Keep what is written in a conversation and not sent, 0: in the new one; '' removes it."""
        with self._database.transaction() as cursor:
            drafts.save(cursor, conversation_id, whole_characters(text), self._now())

    def _path(self, conversation_id: int) -> Iterator[Step]:
        return chosen_path(message_rows.rows_of(self._database, conversation_id))


def _make_storable(conversation: Conversation, *more: ChatMessageRecord) -> None:
    """Let everything that is to be stored consist of whole characters."""
    conversation.title = whole_characters(conversation.title)
    conversation.system_prompt = whole_characters(conversation.system_prompt)
    conversation.model = whole_characters(conversation.model)
    for message in (*more, *(one for one in conversation.messages if one.unsaved)):
        _make_message_storable(message)


def _make_message_storable(message: ChatMessageRecord) -> None:
    message.text = whole_characters(message.text)
    message.reasoning = whole_characters(message.reasoning)
    message.model_title = whole_characters(message.model_title)


def _record(step: Step) -> ChatMessageRecord:
    versions = len(step.versions)
    if versions == 1:
        return message_rows.record_of(step.row, 1, 1)
    # By id: comparing rows would compare their texts.
    place = next(n for n, row in enumerate(step.versions, 1) if row.id == step.row.id)
    return message_rows.record_of(step.row, place, versions)


def _store_pending(
    cursor: Any, conversation_id: int, messages: Sequence[ChatMessageRecord]
) -> dict[int, message_rows.Placed]:
    """Store those that could not be stored when they were written; where the new ones are, by their index."""
    late: dict[int, message_rows.Placed] = {}
    for index, one in enumerate(messages):
        if not one.unsaved:
            continue
        if one.id:
            message_rows.update(cursor, one)
        else:
            late[index] = message_rows.insert(cursor, conversation_id, _last_id(messages[:index], late), one)
    return late


def _last_id(messages: Sequence[ChatMessageRecord], late: Mapping[int, message_rows.Placed]) -> int | None:
    """Id of the last message that is stored."""
    for index in range(len(messages) - 1, -1, -1):
        if messages[index].id or index in late:
            return messages[index].id or late[index].id
    return None


def _take_places(messages: Sequence[ChatMessageRecord], places: Mapping[int, message_rows.Placed]) -> None:
    for index, place in places.items():
        one = messages[index]
        one.id, one.version, one.versions = place
    for one in messages:
        one.unsaved = False
