"""All messages one below the other, and which of their strips lie at a given height."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slmdesk.ui.transcript.heights import HeightTree
from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.spacing import TOP
from slmdesk.ui.transcript.strips import Section, Strip


class Column:
    """Messages in order, with their heights, which are estimated until they are on screen. Has no widgets."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.messages: list[Message] = []
        self._heights = HeightTree()

    @property
    def height(self) -> int:
        """Pixels of everything, with the free room above the first message."""
        return TOP + self._heights.total

    def set_messages(self, messages: Sequence[Message]) -> None:
        """Have these messages. What those among them that were here before know of their height is kept."""
        kept = set(map(id, messages))
        for message in self.messages:
            if id(message) not in kept:
                # They hold each other: without this only a search for garbage would free them.
                message.forget_strips()
        self.messages = list(messages)
        letters, line = self._usual_line()
        heights = []
        for index, message in enumerate(messages):
            message.index = index
            known = message.strips is not None
            heights.append(message.heights.total if known else message.estimate(letters, line))
        self._heights = HeightTree(heights)
        self._mark_last()

    def has(self, message: Message) -> bool:
        """Whether a message is one of these, and not one that was replaced or taken away."""
        return message.index < len(self.messages) and self.messages[message.index] is message

    def append(self, message: Message) -> None:
        """Add a message at the end."""
        message.index = len(self.messages)
        self.messages.append(message)
        self._heights.append(message.estimate(*self._usual_line()))
        self._mark_last()

    def cut(self, length: int) -> None:
        """Keep only the first messages."""
        for message in self.messages[length:]:
            message.forget_strips()
        del self.messages[length:]
        self._heights.cut(length)
        self._mark_last()

    def estimate_again(self) -> None:
        """The letters or the width are others: all strips are made anew when they are next seen."""
        for message in self.messages:
            message.forget_strips()
        self.set_messages(self.messages)

    def top_of(self, message: Message, strip: int = 0) -> int:
        """Where a strip of a message begins."""
        top = TOP + self._heights.top_of(message.index)
        return top + message.heights.top_of(strip) if message.strips is not None else top

    def strips_between(self, top: int, bottom: int) -> Iterator[tuple[Message, int, int]]:
        """Message, number of the strip in it, and where it begins, of everything between two heights.

        Messages that were not read yet are, which may change all heights below.
        """
        if not self.messages:
            return
        index = self._heights.at(top - TOP)
        while index < len(self.messages):
            message = self.messages[index]
            self.build(message)
            y = self.top_of(message)
            if y >= bottom:
                return
            first = message.heights.at(top - y) if y < top else 0
            y += message.heights.top_of(first)
            for number in range(first, len(message.heights)):
                if y >= bottom:
                    return
                height = message.heights[number]
                if y + height > top:
                    yield message, number, y
                y += height
            index += 1

    def build(self, message: Message) -> Sequence[Strip]:
        """The strips of a message, read now if it was not yet."""
        if message.strips is None:
            message.build(self._page.lettering)
            self._heights.set(message.index, message.heights.total)
            if message.unread:
                self._page.unread.emit(message)
        return message.strips or ()

    def refresh(self, message: Message, section: Section = Section.REASONING, block: int = -1) -> None:
        """A message changed, from a block of a section on, or anywhere."""
        message.refresh(self._page.lettering, section, block)
        if message.strips is not None:
            self._heights.set(message.index, message.heights.total)
            if message.unread:
                self._page.unread.emit(message)

    def set_height(self, message: Message, number: int, height: int) -> bool:
        """The height of a strip as it was measured. Returns whether it is another than before."""
        changed = message.heights[number] != height
        message.set_height(number, height, self._page.layout)
        if changed:
            self._heights.set(message.index, message.heights.total)
        return changed

    def _usual_line(self) -> tuple[int, int]:
        """How many letters a line of text holds, and how high it is."""
        lettering = self._page.lettering
        return lettering.letters_in(self._page.column), lettering.reading_line

    def _mark_last(self) -> None:
        """Only the last answer can be tried again or gone on with."""
        for message in self.messages[-3:]:
            last = message is self.messages[-1]
            if message.last != last:
                message.last = last
                message.refresh_foot()
