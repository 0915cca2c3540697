"""Shows what is selected and what was found in the texts that are on screen."""

from __future__ import annotations

from PySide6.QtGui import QBrush, QTextCharFormat, QTextCursor

from slmdesk.ui.transcript.find import Finder
from slmdesk.ui.transcript.measuring import lay_out
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.selection import Place, Selection
from slmdesk.ui.transcript.stage import Stage
from slmdesk.ui.transcript.strip_views.view import StripView
from slmdesk.ui.transcript.strips import Strip


class Marks:
    """Sets parts of texts off whenever they come on screen, or the selection or the hits are others."""

    def __init__(self, page: Page, stage: Stage, selection: Selection, finder: Finder) -> None:
        self._page = page
        self._stage = stage
        self._selection = selection
        self._finder = finder

    def update(self) -> None:
        """The selection, the hits, or the link that has the keyboard are others."""
        for strip, view in self._stage.showing.items():
            self._mark(strip, view)
        self._stage.freshly_shown.clear()

    def update_new(self) -> None:
        """Other strips are on screen."""
        for strip in self._stage.freshly_shown:
            view = self._stage.showing.get(strip)
            if view is not None:
                self._mark(strip, view)
        self._stage.freshly_shown.clear()

    def height_within(self, strip: Strip, place: Place) -> int:
        """How far below the top of its strip a place is."""
        content = lay_out(strip, self._page)
        view = self._stage.showing.get(strip)
        if content is None:
            return 0
        corner = view.text_corner().y() if view is not None else strip.gap
        return corner + round(content.rect_of(place.unit - strip.unit).top())

    def _mark(self, strip: Strip, view: StripView) -> None:
        # What is on screen, not what the strip may be laid out as by now.
        content = view.content
        if not strip.selectable or content is None:
            return
        marks: list[tuple[QTextCursor, QTextCharFormat]] = []
        units = content.units
        for hit in self._finder.hits_in(strip.message.index):
            if (hit.section, hit.block) != (int(strip.section), strip.block_index):
                continue
            first, last = max(hit.start - strip.unit, 0), min(hit.end - strip.unit, units)
            if first < last:
                form = self._form("caution", "caution_soft") if hit == self._finder.current else None
                form = form or self._form("caution_soft", "text")
                marks += [(cursor, form) for cursor in content.cursors(first, last)]
        link = self._page.link
        if link is not None and link.strip is strip:
            cursor = QTextCursor(content.document)
            last = content.document.characterCount() - 1
            cursor.setPosition(min(link.start, last))
            cursor.setPosition(min(link.end, last), QTextCursor.MoveMode.KeepAnchor)
            marks.append((cursor, self._form("accent_ink", "surface")))
        part = self._selection.part_in(strip, units)
        if part is not None:
            form = self._form("accent", "accent_text")
            marks += [(cursor, form) for cursor in content.cursors(*part)]
        view.mark(marks)

    def _form(self, ground: str, ink: str) -> QTextCharFormat:
        form = QTextCharFormat()
        form.setBackground(QBrush(self._page.theme.color(ground)))
        form.setForeground(QBrush(self._page.theme.color(ink)))
        return form
