"""What was typed into the editor of a message and not saved, kept until that message is edited again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from slmdesk.ui.transcript.message import Message

_MOST = 20


class UnsavedEdits:
    """In memory alone, and only the last few. Messages are known by the numbers they are stored under."""

    def __init__(self) -> None:
        self.conversation = 0
        """Number of the conversation that is shown; 0: a new one."""
        self._texts: OrderedDict[tuple[int, int], str] = OrderedDict()
        self._set_aside: set[tuple[int, int]] = set()

    def keep(self, message: Message, text: str) -> None:
        """This is in the editor of `message` now."""
        self.forget(message)
        if message.record_id and text != message.source:
            self._texts[self._key(message)] = text
            if len(self._texts) > _MOST:
                oldest, _ = self._texts.popitem(last=False)
                self._set_aside.discard(oldest)

    def text_of(self, message: Message) -> str:
        """What the editor of `message` begins with."""
        return self._texts.get(self._key(message), message.source)

    def forget(self, message: Message) -> None:
        """What was typed was saved."""
        self._texts.pop(self._key(message), None)
        self._set_aside.discard(self._key(message))

    def set_aside(self, message: Message) -> None:
        """The person has left the editor of `message` without saving."""
        if self._key(message) in self._texts:
            self._set_aside.add(self._key(message))

    def open_ones(self) -> Sequence[tuple[int, str]]:
        """The texts that were neither saved nor set aside, each with the number of its conversation."""
        return [(key[0], text) for key, text in self._texts.items() if key not in self._set_aside]

    def _key(self, message: Message) -> tuple[int, int]:
        return self.conversation, message.record_id
