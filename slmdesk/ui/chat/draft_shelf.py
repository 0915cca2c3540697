"""Drafts on their way to the disk, and those that did not get there."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from slmdesk.messages import UserError

if TYPE_CHECKING:
    from slmdesk.chat import ConversationStore


class _Waiting(NamedTuple):
    text: str
    whole: bool
    """Whether it takes the place of the draft that is stored; otherwise it comes behind it."""

    def after(self, before: _Waiting | None) -> _Waiting:
        """What is to be stored where `before` was not."""
        if before is None or self.whole:
            return self
        return _Waiting(joined(before.text, self.text), before.whole)


class DraftShelf:
    """Holds each draft, by the number of its conversation, until it is stored; a full disk loses none.

    What is put here is stored by a later call in another thread, one such call at a time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, _Waiting] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, number: int, text: str, *, whole: bool) -> None:
        """`text` is to be stored in the place of the draft of conversation `number`, or behind it."""
        with self._lock:
            self._waiting[number] = _Waiting(text, whole).after(self._waiting.get(number))

    def store(self, store: ConversationStore) -> None:
        """Store everything. Raises the first error once all was tried; what failed waits on."""
        errors = [error for number in tuple(self._waiting) if (error := self._store(store, number))]
        if errors:
            raise errors[0]

    def draft(self, store: ConversationStore, number: int) -> str:
        """The draft of conversation `number`, whether it could be stored or not."""
        with self._lock:
            waiting = self._waiting.get(number)
        if waiting is None:
            return store.draft(number)
        return waiting.text if waiting.whole else joined(store.draft(number), waiting.text)

    def _store(self, store: ConversationStore, number: int) -> UserError | None:
        with self._lock:
            taken = self._waiting.pop(number, None)
        if taken is None:
            return None
        try:
            store.save_draft(number, taken.text if taken.whole else joined(store.draft(number), taken.text))
        except UserError as error:
            with self._lock:
                newer = self._waiting.get(number)
                self._waiting[number] = newer.after(taken) if newer is not None else taken
            return error
        return None


def joined(before: str, after: str) -> str:
    """Both texts, with an empty line between them; one that is only blanks is left out."""
    return "\n\n".join(part for part in (before, after) if part.strip())
