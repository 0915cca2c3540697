"""What all strips of a transcript have in common: letters, width, and who hears what was pressed."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from slmdesk.ui.theme import Theme
from slmdesk.ui.transcript.coloring import Coloring
from slmdesk.ui.transcript.lettering import Lettering
from slmdesk.ui.transcript.markdown import Container
from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.spacing import indents
from slmdesk.ui.transcript.strips import Section, Strip, StripKind
from slmdesk.ui.transcript.text_content import block_direction
from slmdesk.ui.transcript.unsaved import UnsavedEdits

_QUOTE = Container("quote")


class Link(NamedTuple):
    """A link in a text that is on screen: from one position of the strip's document to another."""

    strip: Strip
    start: int
    end: int
    href: str
    text: str


class Page(QObject):
    """One per transcript. `layout` counts up whenever heights measured before no longer hold."""

    acted = Signal(Message, str)
    """An action of a message was pressed: `copy`, `again`, `continue`, `edit`, `fold`, `previous`, `next`."""
    strip_acted = Signal(Strip, str)
    """An action of a block was pressed: `copy`, `wrap`, `scroll`."""
    edited = Signal(Message, str)
    edit_cancelled = Signal(Message)
    resized = Signal(Strip)
    """What shows a strip needs another height."""
    unread = Signal(Message)
    """A message is shown of which only the beginning was read."""
    entered = Signal(Message)
    """The pointer came over a part of a message that takes the mouse itself."""

    def __init__(self, theme: Theme, lettering: Lettering, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.lettering = lettering
        self.column = 0
        """Pixels of the column that is read."""
        self.room = 0
        """Pixels of the view's height."""
        self.layout = 0
        self.can_continue = True
        self.cannot_continue = ""
        """Why an answer that was cut off cannot be gone on with now."""
        self.show_figures = True
        self.coloring = Coloring(self)
        self.unsaved = UnsavedEdits()
        self.link: Link | None = None
        """The link that has the keyboard."""
        self.writing: Message | None = None
        """What is being written."""

    @property
    def writing_strip(self) -> Strip | None:
        """Behind whose text the writing cursor stands; None: nothing is being written, or not as text."""
        if self.writing is None or not self.writing.strips or len(self.writing.strips) < 2:
            return None
        last = self.writing.strips[-2]
        return last if last.kind is StripKind.TEXT and last.section is Section.TEXT else None

    def containers(self, strip: Strip) -> tuple[Container, ...]:
        """What a block stands in. Reasoning stands in one more."""
        inner = strip.block.containers if strip.block is not None else ()
        return (_QUOTE, *inner) if strip.section is Section.REASONING else inner

    def joined(self, strip: Strip) -> int:
        """How many of its containers go on from the strip above."""
        more = strip.section is Section.REASONING and (strip.block_index > 0 or not strip.first)
        return strip.joined + 1 if more else strip.joined

    def inset(self, strip: Strip) -> int:
        """How far a block is moved in, always leaving room for some words."""
        return min(sum(indents(self.containers(strip), self.lettering)), self.column * 2 // 3)

    def first_line(self, strip: Strip) -> int:
        """How high the first line of a block is."""
        block = strip.block
        if block is not None and block.kind == "heading":
            return self.lettering.heading_line(block.level)
        is_reasoning = strip.section is Section.REASONING
        return self.lettering.reasoning_line if is_reasoning else self.lettering.reading_line

    def mirrored(self, strip: Strip) -> bool:
        """Whether a block runs from right to left, so that it is moved in from the right."""
        return strip.block is not None and block_direction(strip.block).name == "RightToLeft"
