"""Paragraphs, headings and rules of an answer, and the bubble of the person."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from slmdesk.messages import tr
from slmdesk.ui.theme import Line, Radius, Space
from slmdesk.ui.transcript.contents import Content
from slmdesk.ui.transcript.measuring import (
    BUBBLE_EDGE,
    BUBBLE_SIDE,
    text_content,
    typed_content,
)
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.spacing import GUTTER
from slmdesk.ui.transcript.strip_views.containers import draw_containers
from slmdesk.ui.transcript.strip_views.view import BodyView, StripView
from slmdesk.ui.transcript.strips import Section, Strip
from slmdesk.ui.widgets.painting import draw_box

_CURSOR_WIDTH = 8
_CURSOR_HEIGHT = 16


class TextView(BodyView):
    """A paragraph or a heading, with the marks of the lists and quotes that it stands in."""

    def __init__(self, page: Page, parent: QWidget) -> None:
        super().__init__(page, parent)
        self._drawn: tuple[object, ...] = ()
        """What all that was drawn depends on, but the text."""
        self._cursor_top = 0
        """Where the writing cursor was drawn last."""

    def fill(self, strip: Strip) -> None:
        """Take over the text."""
        content = text_content(strip, self.page)
        inset = self.page.inset(strip)
        left = GUTTER if self.page.mirrored(strip) else GUTTER + inset
        box = QRect(left, strip.gap - content.shift, self.page.column - inset, content.height)
        self.body.setGeometry(box)
        self.body.show_content(content)
        self.body.setAccessibleName(tr("Reasoning") if strip.section is Section.REASONING else tr("Answer"))
        before, self._drawn = self._drawn, self._dependences(strip, content, box)
        if before == self._drawn:
            # The usual case while a model writes: what was written before is drawn already.
            self.update(0, self._cursor_top, self.width(), self.height() - self._cursor_top)
        else:
            self.update()

    def leave_strip(self) -> None:
        """Let the text go."""
        self._drawn, self._cursor_top = (), 0
        super().leave_strip()

    def _dependences(self, strip: Strip, content: Content, box: QRect) -> tuple[object, ...]:
        containers = strip.block.containers if strip.block is not None else ()
        marks = (strip.gap, strip.joined, strip.first, containers, self.page.mirrored(strip))
        return (content, box.topLeft(), box.width(), self.page.layout, *marks)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what stands beside the text, and the writing cursor behind its end."""
        strip = self.strip
        if strip is None:
            return
        painter = QPainter(self)
        draw_containers(painter, strip, self.page, self.width(), self.height())
        if self.page.writing_strip is strip:
            self._draw_cursor(painter, strip)

    def _draw_cursor(self, painter: QPainter, strip: Strip) -> None:
        content = text_content(strip, self.page)
        place = content.rect_of(content.document.characterCount() - 1)
        px = self.page.lettering.px
        corner = self.body.pos()
        box = QRectF(0, 0, px(_CURSOR_WIDTH), px(_CURSOR_HEIGHT))
        box.moveCenter(place.center() + corner)
        box.moveTop(box.top() + content.shift)
        left = place.left() + corner.x() + px(Space.XS)
        if self.page.mirrored(strip):
            left -= box.width() + 2 * px(Space.XS)
        box.moveLeft(min(left, self.width() - box.width()))
        self._cursor_top = int(box.top())
        draw_box(painter, box, Line.FOCUS, self.page.theme.color("accent_ink"))


class TypedView(BodyView):
    """What the person typed, or a part of it, in a soft bubble at the right."""

    def __init__(self, page: Page, parent: QWidget) -> None:
        super().__init__(page, parent)
        self.body.setAccessibleName(tr("Your message"))

    def fill(self, strip: Strip) -> None:
        """Take over the text."""
        content = typed_content(strip, self.page)
        width = int(content.document.textWidth())
        top = (BUBBLE_EDGE if strip.first else 0) - content.shift
        left = self.width() - GUTTER - BUBBLE_SIDE - width
        self.body.setGeometry(QRect(left, top, width, content.height))
        self.body.show_content(content)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bubble, or a part of it."""
        strip = self.strip
        if strip is None:
            return
        painter = QPainter(self)
        painter.setClipRect(self.rect())
        over = 2 * Radius.BUBBLE
        left = self.body.x() - BUBBLE_SIDE
        box = QRectF(left, 0, self.width() - GUTTER - left, self.height())
        box.adjust(0, 0 if strip.first else -over, 0, 0 if strip.last else over)
        draw_box(painter, box, Radius.BUBBLE, self.page.theme.color("bubble"))


class RestView(StripView):
    """The place of what was not read yet."""

    def fill(self, strip: Strip) -> None:
        """Nothing is shown."""


class RuleView(StripView):
    """A line between two blocks."""

    def fill(self, strip: Strip) -> None:
        """Nothing but a line."""
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the line."""
        strip = self.strip
        if strip is None:
            return
        painter = QPainter(self)
        draw_containers(painter, strip, self.page, self.width(), self.height())
        inset = self.page.inset(strip)
        box = QRectF(GUTTER + inset, strip.gap, self.page.column - inset, Line.BORDER)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.fillRect(box, self.page.theme.color("border"))
