"""What was typed into the editor of a message and not saved, kept until that message is edited again."""

from __future__ import annotations

from collections import OrderedDict

from slmdesk.ui.transcript.message import Message

_MOST = 20


class UnsavedEdits:
    """In memory alone, and only the last few. Messages are known by the numbers they are stored under."""

    def __init__(self) -> None:
        self.conversation = 0
        """Number of the conversation that is shown; 0: a new one."""
        self._texts: OrderedDict[tuple[int, int], str] = OrderedDict()

    def keep(self, message: Message, text: str) -> None:
        """This is in the editor of `message` now."""
        self.forget(message)
        if message.record_id and text != message.source:
            self._texts[self._key(message)] = text
            if len(self._texts) > _MOST:
                self._texts.popitem(last=False)

    def text_of(self, message: Message) -> str:
        """What the editor of `message` begins with."""
        return self._texts.get(self._key(message), message.source)

    def forget(self, message: Message) -> None:
        """What was typed was saved."""
        self._texts.pop(self._key(message), None)

    def _key(self, message: Message) -> tuple[int, int]:
        return self.conversation, message.record_id
