"""Finding words in the conversation."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.resting import RestingTimer
from slmdesk.ui.transcript.selection import Place
from slmdesk.ui.transcript.strips import count_units

# Messages that may have a hit are read and searched in slices of this length, so that nothing stalls.
_SLICE_SECONDS = 0.006
# Signs of Markdown that may stand inside of words that are found.
_SIGNS = "*_`~\\"


class Hit(NamedTuple):
    """Where the text was found."""

    message: int
    section: int
    block: int
    start: int
    end: int

    @property
    def place(self) -> Place:
        """Where it begins."""
        return Place(self.message, self.section, self.block, self.start)


class Finder(QObject):
    """Searches without regard to case. Most messages are ruled out by a plain search of their source.

    Hits are counted exactly as soon as the messages that may have some are read, a slice at a time.
    """

    found = Signal(int, int)
    """The number of the current hit, from 1 (0: none), and how many there are."""
    changed = Signal()
    """Other hits are to be marked."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.text = ""
        self.current: Hit | None = None
        self._messages: Sequence[Message] = ()
        self._hits: dict[int, list[Hit]] = {}
        self._waiting: deque[int] = deque()
        self.timer = RestingTimer(0, self, again=True)
        self.timer.timeout.connect(self._search_on)

    def find(self, text: str, messages: Sequence[Message], near: int) -> int:
        """Search `messages` for `text`, those after `near` first. Returns how many hits are known at once."""
        self.text = text
        self._messages = messages
        self._hits = {}
        self.current = None
        self.timer.stop()
        folded = text.casefold()
        likely = [one.index for one in messages if folded and folded in _folded(one)]
        at = next((number for number, index in enumerate(likely) if index >= near), 0)
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
            self._hits.pop(message, None)
            self._messages[message].folded = None
            self._waiting.append(message)
            self.timer.start()

    def forget_from(self, message: int) -> None:
        """This message and those after it were taken away."""
        for index in [one for one in self._hits if one >= message]:
            del self._hits[index]
        if self.current is not None and self.current.message >= message:
            self.current = None
        self._waiting = deque(one for one in self._waiting if one < message)

    @property
    def count(self) -> int:
        """How many hits are known."""
        return sum(map(len, self._hits.values()))

    def hits_in(self, message: int) -> Sequence[Hit]:
        """The hits of one message."""
        return self._hits.get(message, ())

    def step(self, direction: int, near: Place) -> Hit | None:
        """The next hit (1) or the one before (-1); from `near` where there is no current one."""
        hits = list(self._in_order())
        if not hits:
            return None
        if self.current is None:
            after = [hit for hit in hits if hit.place >= near]
            self.current = after[0] if after else hits[0]
        elif self.current in hits:
            self.current = hits[(hits.index(self.current) + direction) % len(hits)]
        else:
            self.current = hits[0]
        self.say()
        return self.current

    def say(self) -> None:
        """Tell which hit is the current one and how many there are."""
        hits = list(self._in_order())
        number = hits.index(self.current) + 1 if self.current in hits else 0
        self.found.emit(number, len(hits))
        self.changed.emit()

    def _in_order(self) -> Iterator[Hit]:
        for message in sorted(self._hits):
            yield from self._hits[message]

    def _search_on(self) -> None:
        deadline = time.perf_counter() + _SLICE_SECONDS
        while self._waiting:
            index = self._waiting[0]
            if index < len(self._messages):
                message = self._messages[index]
                if not message.read_on(deadline):
                    break
                hits = list(search(message, self.text))
                if hits:
                    self._hits[index] = hits
            self._waiting.popleft()
            if time.perf_counter() > deadline:
                break
        was_active = self.timer.isActive()
        if self._waiting:
            self.timer.start()
        else:
            self.timer.stop()
        if was_active:
            self.say()


def search(message: Message, text: str) -> Iterator[Hit]:
    """The hits in the texts of a message that are shown, in order; they do not overlap."""
    wanted = text.casefold()
    if not wanted or message.state == "lost":
        return
    for section in message.shown_sections():
        for number, block in enumerate(message.blocks(section)):
            plain = block.text()
            folded = plain.casefold()
            at = folded.find(wanted)
            if at < 0:
                continue
            places = None if len(folded) == len(plain) else _places(plain)
            while at >= 0:
                end = at + len(wanted)
                first, last = (at, end) if places is None else (places[at], places[end])
                start = count_units(plain[:first])
                units = count_units(plain[first:last])
                yield Hit(message.index, int(section), number, start, start + units)
                at = folded.find(wanted, end)


def _places(text: str) -> list[int]:
    """For each letter of the folded text, and its end, which letter of `text` it came from."""
    places: list[int] = []
    for number, letter in enumerate(text):
        places.extend([number] * len(letter.casefold()))
    places.append(len(text))
    return places


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
