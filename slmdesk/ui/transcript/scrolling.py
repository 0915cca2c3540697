"""How far the transcript is scrolled: by people, by what is shown next, and by text that grows."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QScrollBar

from slmdesk.ui.theme import Space
from slmdesk.ui.transcript.column import Column
from slmdesk.ui.transcript.marks import Marks
from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.selection import Place
from slmdesk.ui.transcript.stage import Stage
from slmdesk.ui.transcript.strips import Strip

# As close to the end as this counts as reading the end.
_NEAR_END = Space.XXL
# Where on screen a place that was looked for is put: a third from the top.
_SHARE_ABOVE = 3


class Scrolling:
    """Keeps the bar and what is on screen in step."""

    def __init__(self, bar: QScrollBar, page: Page, column: Column, stage: Stage, marks: Marks) -> None:
        self._bar = bar
        self._page = page
        self._column = column
        self._stage = stage
        self._marks = marks
        self._settling = False
        self.paused = True
        """Whether nothing is put on screen: nobody sees it."""

    @property
    def at_end(self) -> bool:
        """Whether the reader sees the end."""
        return self._stage.follows or self._stage.top >= self._stage.furthest - _NEAR_END

    def measure(self) -> None:
        """Measure what is to be shown, so that `arrange` has less to do."""
        if self._page.room and not self.paused and not self._settling:
            self._stage.measure()

    def make_ready(self) -> bool:
        """Fill the next widget of what was measured. Returns whether there was any."""
        return bool(self._page.room) and not self.paused and not self._settling and self._stage.make_ready()

    def arrange(self) -> None:
        """Show what is to be shown, and set the bar accordingly."""
        if self._page.room and not self.paused and not self._settling:
            self._stage.arrange()
            self._settle()

    def take_bar(self) -> None:
        """The bar was moved, by a person or by a key."""
        if not self._settling:
            self.scroll_to(self._bar.value())

    def scroll_to(self, top: int) -> None:
        """Scroll; at the very end it stays there."""
        self._stage.follows = top >= self._stage.furthest
        self._stage.scroll_to(top)
        self._settle()

    def scroll_by(self, pixels: int) -> None:
        """Scroll by some pixels."""
        self._bar.setValue(self._bar.value() + pixels)

    def go_to_end(self) -> None:
        """Go to the end, and stay there."""
        self._stage.follows = True
        self.arrange()

    def change(self, strip: Strip, change: Callable[[], None]) -> None:
        """Keep a strip where it is on screen while `change` changes the strips below it."""
        number = self._number(strip)
        top = self._column.top_of(strip.message, number)
        self._stage.hold(strip.message, number, self._stage.top - top)
        change()
        self.arrange()
        # Who still sees the end goes on seeing it.
        self._stage.follows = self._stage.top >= self._stage.furthest

    def show_message(self, message: Message) -> None:
        """Have the beginning of a message in view, scrolling only where it is not."""
        top = self._column.top_of(message)
        if not self._stage.top <= top < self._stage.top + self._page.room:
            self._stage.hold(message, 0, 0)
        self.arrange()

    def show_strip(self, strip: Strip) -> None:
        """Scroll as little as is needed to have a strip in view, or its beginning."""
        number = self._number(strip)
        # Reading a message for the first time may have moved everything below it.
        self.arrange()
        top = self._column.top_of(strip.message, number)
        bottom = top + min(strip.height, self._page.room)
        if top < self._stage.top:
            self.scroll_to(top - Space.S)
        elif bottom > self._stage.top + self._page.room:
            self.scroll_to(bottom + Space.S - self._page.room)
        if strip not in self._stage.showing:
            # What was measured on the way is of another height than was thought.
            self._stage.hold(strip.message, number, -Space.S)
            self.arrange()

    def show_place(self, place: Place) -> None:
        """Have a place in a text in view, with room around it; it moves only where it is not in view."""
        message = self._column.messages[place.message]
        number, found = 0, False
        for number, strip in enumerate(self._column.build(message)):
            own = (strip.section, strip.block_index) == (place.section, place.block)
            if found and (not own or strip.unit > place.unit):
                number -= 1
                break
            found = found or own
        if not found:
            return
        strip = self._column.build(message)[number]
        self.arrange()
        within = self._marks.height_within(strip, place)
        top = self._column.top_of(message, number) + within
        if not self._stage.top <= top < self._stage.top + self._page.room - self._page.lettering.reading_line:
            self._stage.hold(message, number, within - self._page.room // _SHARE_ABOVE)
            self.arrange()

    def _number(self, strip: Strip) -> int:
        strips = self._column.build(strip.message)
        return next((number for number, one in enumerate(strips) if one is strip), 0)

    def _settle(self) -> None:
        self._settling = True
        self._bar.setPageStep(self._page.room)
        self._bar.setSingleStep(self._page.lettering.reading_line)
        self._bar.setRange(0, self._stage.furthest)
        self._bar.setValue(self._stage.top)
        self._settling = False
        self._marks.update_new()
        self._stage.show_near()
