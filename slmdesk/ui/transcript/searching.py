"""Going from one place that was found to the next."""

from __future__ import annotations

from PySide6.QtCore import QPoint

from slmdesk.ui.transcript.column import Column
from slmdesk.ui.transcript.find import Finder
from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.pointer import Pointer
from slmdesk.ui.transcript.scrolling import Scrolling
from slmdesk.ui.transcript.selection import START, Place
from slmdesk.ui.transcript.strips import Section, StripKind


class Searching:
    """Searches from what is on screen on, and scrolls to what was found."""

    def __init__(self, finder: Finder, column: Column, scrolling: Scrolling, pointer: Pointer) -> None:
        self._finder = finder
        self._column = column
        self._scrolling = scrolling
        self._pointer = pointer
        finder.reached.connect(self._show)

    def find(self, text: str) -> int:
        """Find `text`, and go to the next place where it stands. Returns how many are known at once."""
        near = self._place_at_top()
        count = self._finder.find(text, self._column.messages, near.message)
        if not self._go(1, near):
            self._finder.say()
        return count

    def again(self) -> None:
        """There are other messages now: find the same in them."""
        if self._finder.text:
            self._finder.find(self._finder.text, self._column.messages, 0)
            self._finder.say()

    def step(self, direction: int) -> None:
        """Go to the next place (1) or to the one before (-1)."""
        self._go(direction, self._place_at_top())

    def _go(self, direction: int, near: Place) -> bool:
        hit = self._finder.step(direction, near)
        if hit is not None:
            self._show(hit.place)
        return hit is not None

    def _show(self, place: Place) -> None:
        """Have a place in view, unfolded where it is folded."""
        message = self._column.messages[place.message]
        if place.section == Section.REASONING and not message.fold_open:
            self._unfold(message)
        self._scrolling.show_place(place)

    def _unfold(self, message: Message) -> None:
        def change() -> None:
            message.fold_open = True
            self._column.refresh(message)

        fold = next((one for one in self._column.build(message) if one.kind is StripKind.FOLD), None)
        if fold is None:
            change()
        else:
            self._scrolling.change(fold, change)

    def _place_at_top(self) -> Place:
        return self._pointer.place_at(QPoint()) or START
