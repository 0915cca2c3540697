"""A card with some rows of a table."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from slmdesk.messages import tr
from slmdesk.ui.theme import Line
from slmdesk.ui.transcript.measuring import TABLE_SIDE, table_content, table_room
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.spacing import GUTTER
from slmdesk.ui.transcript.strip_views.containers import draw_card_part, draw_containers, draw_line
from slmdesk.ui.transcript.strip_views.sideways_view import SidewaysView
from slmdesk.ui.transcript.strips import Strip


class TableView(SidewaysView):
    """Rows with lines between them; the header, where it is among them, on a darker ground."""

    def __init__(self, page: Page, parent: QWidget) -> None:
        super().__init__(page, parent)
        self.body.setAccessibleName(tr("Table"))
        self._row_tops: list[float] = []

    def fill(self, strip: Strip) -> None:
        """Take over the rows."""
        content = table_content(strip, self.page)
        inset = self.page.inset(strip)
        top = strip.gap + (Line.BORDER if strip.start == 0 else 0)
        left = GUTTER + inset + TABLE_SIDE
        self.body.setGeometry(QRect(left, top, table_room(strip, self.page), content.height))
        self.body.show_content(content)
        self.fit_bar(strip)
        self._row_tops = content.row_tops()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw this part of the card, the header's ground, and the lines."""
        strip = self.strip
        if strip is None:
            return
        painter = QPainter(self)
        page, color = self.page, self.page.theme.color
        draw_containers(painter, strip, page, self.width(), self.height())
        inset = page.inset(strip)
        box = QRectF(GUTTER + inset, strip.gap, page.column - inset, self.height() - strip.gap)
        border, first = color("border"), strip.start == 0
        draw_card_part(painter, box, color("surface"), border, top=first, bottom=strip.last)
        tops = [round(self.body.y() + top) for top in self._row_tops]
        if first:
            end = tops[1] if len(tops) > 1 else box.bottom()
            head = QRectF(box.left(), box.top(), box.width(), end - box.top())
            only = strip.last and len(tops) == 1
            draw_card_part(painter, head, color("surface_sunken"), border, top=True, bottom=only)
        for top in tops[1:] if first else tops:
            draw_line(painter, box.left(), box.right(), top, border)
