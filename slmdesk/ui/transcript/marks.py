"""Shows what is selected and what was found in the texts that are on screen."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPointF
from PySide6.QtGui import QBrush, QTextCharFormat, QTextCursor

from slmdesk.ui.transcript.contents import Content
from slmdesk.ui.transcript.find import Finder
from slmdesk.ui.transcript.measuring import lay_out
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.selection import Place, Selection
from slmdesk.ui.transcript.stage import Stage
from slmdesk.ui.transcript.strip_views.view import INK_MATTERS, StripView
from slmdesk.ui.transcript.strips import Strip

# With more hits in a strip than this, only those in view are set off: each takes Qt some time.
_MANY_HITS = 300
_BEYOND = 1 << 20


class _Part(NamedTuple):
    """A part of a strip's text, in UTF-16 units, and the colours that set it off."""

    start: int
    end: int
    ground: str
    ink: str
    in_document: bool = False
    """Whether it is counted in positions of the document, which a table has more of than its text."""


class Marks:
    """Sets parts of texts off whenever they come on screen, or the selection or the hits are others."""

    def __init__(self, page: Page, stage: Stage, selection: Selection, finder: Finder) -> None:
        self._page = page
        self._stage = stage
        self._selection = selection
        self._finder = finder
        self._drawn: dict[StripView, list[_Part]] = {}
        """What every view sets off now."""
        self._in_parts: set[Strip] = set()
        """In which so much was found that only what is in view is set off."""

    def update(self) -> None:
        """The selection, the hits, or the link that has the keyboard are others."""
        for strip, view in self._stage.showing.items():
            self._mark(strip, view, is_new=strip in self._stage.freshly_shown)
        self._stage.freshly_shown.clear()

    def update_new(self) -> None:
        """Other strips are on screen, or other parts of them."""
        for strip in self._stage.freshly_shown | self._in_parts:
            view = self._stage.showing.get(strip)
            if view is not None:
                self._mark(strip, view, is_new=strip in self._stage.freshly_shown)
            else:
                self._in_parts.discard(strip)
        self._stage.freshly_shown.clear()

    def height_within(self, strip: Strip, place: Place) -> int:
        """How far below the top of its strip a place is."""
        content = lay_out(strip, self._page)
        view = self._stage.showing.get(strip)
        if content is None:
            return 0
        corner = view.text_corner().y() if view is not None else strip.gap
        return corner + round(content.rect_of(place.unit - strip.unit).top())

    def _mark(self, strip: Strip, view: StripView, *, is_new: bool) -> None:
        # What is on screen, not what the strip may be laid out as by now.
        content = view.content
        if not strip.selectable or content is None:
            return
        parts = self._hits_in(strip, view, content)
        link = self._page.link
        if link is not None and link.strip is strip:
            parts.append(_Part(link.start, link.end, "accent_ink", "surface", in_document=True))
        selected = self._selection.part_in(strip, content.units)
        if selected is not None:
            parts.append(_Part(*selected, "accent", "accent_text"))
        if not is_new and self._drawn.get(view) == parts:
            return
        self._drawn[view] = parts
        last = content.document.characterCount() - 1
        marks: list[tuple[QTextCursor, QTextCharFormat]] = []
        forms: dict[tuple[str, str], QTextCharFormat] = {}
        for part in parts:
            colors = (part.ground, part.ink)
            form = forms.get(colors)
            if form is None:
                form = forms[colors] = self._form(*colors)
            if part.in_document:
                cursor = QTextCursor(content.document)
                cursor.setPosition(min(part.start, last))
                cursor.setPosition(min(part.end, last), QTextCursor.MoveMode.KeepAnchor)
                marks.append((cursor, form))
            else:
                marks += [(cursor, form) for cursor in content.cursors(part.start, part.end)]
        view.mark(marks)

    def _hits_in(self, strip: Strip, view: StripView, content: Content) -> list[_Part]:
        """What was found in a strip; where that is very much, only what is in view of it."""
        hits = self._finder.hits_in(strip.message.index)
        self._in_parts.discard(strip)
        if hits is None:
            return []
        begin = Place(strip.message.index, int(strip.section), strip.block_index, strip.unit)
        spans = list(hits.between(begin, content.units))
        if len(spans) > _MANY_HITS:
            self._in_parts.add(strip)
            top = max(-view.y(), 0) - view.text_corner().y()
            first, last = (
                strip.unit + content.unit_at(QPointF(x, y))
                for x, y in ((0, top), (_BEYOND, top + self._page.room))
            )
            spans = [one for one in spans if one[1] > first and one[0] < last]
        current = self._finder.current
        parts = []
        for start, end in spans:
            is_current = current is not None and current.place == begin._replace(unit=start)
            ground, ink = ("caution", "caution_soft") if is_current else ("caution_soft", "text")
            parts.append(_Part(max(start - strip.unit, 0), min(end - strip.unit, content.units), ground, ink))
        return parts

    def _form(self, ground: str, ink: str) -> QTextCharFormat:
        form = QTextCharFormat()
        form.setBackground(QBrush(self._page.theme.color(ground)))
        form.setForeground(QBrush(self._page.theme.color(ink)))
        form.setProperty(INK_MATTERS, ink != "text")
        return form
