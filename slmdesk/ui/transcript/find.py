"""Finding words in the conversation."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence

from PySide6.QtCore import QObject, Signal

from slmdesk.ui.transcript.hits import Hit, MessageHits
from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.resting import RestingTimer
from slmdesk.ui.transcript.selection import Place

# Messages that may have a hit are read and searched in slices of this length, so that nothing stalls.
_SLICE_SECONDS = 0.006
# Signs of Markdown that may stand inside of words that are found.
_SIGNS = "*_`~\\"


class Finder(QObject):
    """Searches without regard to case. Most messages are ruled out by a plain search of their source.

    Hits are counted exactly as soon as the messages that may have some are read, a slice at a time.
    """

    found = Signal(int, int)
    """The number of the current hit, from 1 (0: none), and how many there are."""
    changed = Signal()
    """Other hits are to be marked."""
    reached = Signal(Place)
    """The hit that `step` could not tell yet is known now, and is the current one."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.text = ""
        self.current: Hit | None = None
        self._messages: Sequence[Message] = ()
        self._hits: dict[int, MessageHits] = {}
        self._waiting: deque[int] = deque()
        self._under_way: Iterator[None] | None = None
        """The search of the first message that waits, once it was begun."""
        self._wanted: Place | None = None
        """Behind which a hit is looked for, as soon as there is one."""
        self.timer = RestingTimer(0, self, again=True)
        self.timer.timeout.connect(self._search_on)

    def find(self, text: str, messages: Sequence[Message], near: int) -> int:
        """Search `messages` for `text`, those from `near` on first. Returns how many are known at once."""
        self.text = text
        self._messages = messages
        self._hits = {}
        self.current = self._wanted = self._under_way = None
        self.timer.stop()
        folded = text.casefold()
        likely = [one.index for one in messages if folded and folded in _folded(one)]
        at = next((number for number, index in enumerate(likely) if index >= near), len(likely))
        self._waiting = deque(likely[at:] + likely[:at])
        self._search_on()
        return self.count

    def close(self) -> None:
        """Forget everything."""
        self.find("", (), 0)
        self.changed.emit()

    def forget(self, message: int) -> None:
        """A message is another now, or is new."""
        if self.text and message < len(self._messages):
            self._messages[message].folded = None
            if self._waiting and self._waiting[0] == message:
                self._under_way = None
            elif message not in self._waiting:
                self._waiting.append(message)
            self.timer.start()

    def forget_from(self, message: int) -> None:
        """This message and those after it were taken away."""
        for index in [one for one in self._hits if one >= message]:
            del self._hits[index]
        if self.current is not None and self.current.message >= message:
            self.current = None
        self._waiting = deque(one for one in self._waiting if one < message)
        self._under_way = None

    @property
    def count(self) -> int:
        """How many hits are known."""
        return sum(one.count for one in self._hits.values())

    def hits_in(self, message: int) -> MessageHits | None:
        """The hits of one message; None: there are none."""
        return self._hits.get(message)

    def step(self, direction: int, near: Place) -> Hit | None:
        """The next hit (1) or the one before (-1); from `near` where there is no current one.

        None where there is none, or it is not known yet which one that is: then `reached` tells.
        """
        count = self.count
        if self.current is None:
            self._wanted = near
            self._reach()
        elif count:
            number = self._number_from(self.current.place)
            if number < count and self._hit(number) == self.current:
                number += direction
            self.current = self._hit(number % count)
        else:
            self.current = None
        if self.current is not None:
            self.say()
        return self.current

    def say(self) -> None:
        """Tell which hit is the current one and how many there are."""
        number, count = 0, self.count
        if self.current is not None:
            at = self._number_from(self.current.place)
            number = at + 1 if at < count and self._hit(at) == self.current else 0
        self.found.emit(number, count)
        self.changed.emit()

    def _reach(self) -> bool:
        """Make the hit that is wanted the current one, if it is known which one that is."""
        near, count = self._wanted, self.count
        if near is None:
            return False
        number = self._number_from(near)
        if number == count and any(one >= near.message for one in self._waiting):
            return False
        if not count:
            if not self._waiting:
                self._wanted = None
            return False
        self._wanted = None
        self.current = self._hit(number % count)
        return True

    def _number_from(self, place: Place) -> int:
        """How many hits begin before a place."""
        return sum(one.number_from(place) for index, one in self._hits.items() if index <= place.message)

    def _hit(self, number: int) -> Hit:
        for index in sorted(self._hits):
            hits = self._hits[index]
            if number < hits.count:
                return hits[number]
            number -= hits.count
        raise IndexError(number)

    def _search_on(self) -> None:
        deadline = time.perf_counter() + _SLICE_SECONDS
        while self._waiting and self._search_first(deadline) and time.perf_counter() < deadline:
            pass
        was_active = self.timer.isActive()
        if self._waiting:
            self.timer.start()
        else:
            self.timer.stop()
        if was_active:
            reached = self._reach()
            self.say()
            if reached and self.current is not None:
                self.reached.emit(self.current.place)

    def _search_first(self, deadline: float) -> bool:
        """Search the first message that waits, up to a deadline. Returns whether that is done."""
        index = self._waiting[0]
        if index < len(self._messages):
            message = self._messages[index]
            if self._under_way is None:
                if not message.read_on(deadline, folded=True):
                    return False
                hits = self._hits[index] = MessageHits(index)
                self._under_way = hits.search(message, self.text)
            for _ in self._under_way:
                if time.perf_counter() > deadline:
                    return False
            if not self._hits[index].count:
                del self._hits[index]
        self._under_way = None
        self._waiting.popleft()
        return True


def _folded(message: Message) -> str:
    if message.folded is None:
        source = message.source
        if message.reasoning_source:
            source = f"{message.reasoning_source}\n{source}"
        if not message.by_person:
            for sign in _SIGNS:
                source = source.replace(sign, "")
        message.folded = source.casefold()
    return message.folded
