"""The way that Tab takes through a conversation: actions of messages, heads of code, and links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextBlock
from PySide6.QtWidgets import QApplication, QWidget

from slmdesk.ui.transcript.column import Column
from slmdesk.ui.transcript.contents import Content
from slmdesk.ui.transcript.marks import Marks
from slmdesk.ui.transcript.page import Link, Page
from slmdesk.ui.transcript.scrolling import Scrolling
from slmdesk.ui.transcript.stage import Stage
from slmdesk.ui.transcript.strips import Strip, StripKind
from slmdesk.ui.widgets.speech import announce

if TYPE_CHECKING:
    from slmdesk.ui.transcript.view import Transcript

_WITH_BUTTONS = (
    StripKind.FOLD,
    StripKind.CODE_HEAD,
    StripKind.FOOT,
    StripKind.PERSON_FOOT,
    StripKind.EDITOR,
)


_Stop: TypeAlias = QWidget | Link


class Stops:
    """Moves the keyboard. While a link has it, the transcript has the focus; the page knows which link."""

    def __init__(
        self,
        transcript: Transcript,
        page: Page,
        column: Column,
        stage: Stage,
        scrolling: Scrolling,
        marks: Marks,
    ) -> None:
        self._transcript = transcript
        self._page = page
        self._column = column
        self._stage = stage
        self._scrolling = scrolling
        self._marks = marks

    def set_link(self, link: Link | None) -> None:
        """Which link has the keyboard."""
        if link is not self._page.link:
            self._page.link = link
            self._marks.update()

    def enter_from_below(self) -> bool:
        """Give the keyboard to the last stop that is on screen."""
        seen = [strip for strip in self._seen() if _has_stops(strip)]
        return any(self._enter(strip, last=True) for strip in reversed(seen))

    def step(self, onward: bool) -> bool:
        """Give the keyboard to the next stop, or to the one before. False: Qt's own order goes on."""
        focused: _Stop | None = self._page.link or QApplication.focusWidget()
        strip = focused.strip if isinstance(focused, Link) else self._strip_of(focused)
        if strip is None:
            return onward and any(self._enter(one, last=False) for one in self._strips_from_top())
        stops = self._stops(strip)
        at = stops.index(focused) if focused in stops else -1
        at += 1 if onward else -1
        if 0 <= at < len(stops):
            self._give(stops[at], onward)
            return True
        for one in self._strips_after(strip) if onward else self._strips_before(strip):
            if self._enter(one, last=not onward):
                return True
        # Looking for more may have read messages, whose heights are known now.
        self._scrolling.arrange()
        self.set_link(None)
        if not onward:
            self._transcript.setFocus(Qt.FocusReason.OtherFocusReason)
            return True
        return self._leave()

    def _strip_of(self, widget: QWidget | None) -> Strip | None:
        if widget is None:
            return None
        for strip, view in self._stage.showing.items():
            if view.isAncestorOf(widget):
                return strip
        return None

    def _stops(self, strip: Strip) -> list[_Stop]:
        view = self._stage.showing.get(strip)
        if view is None:
            return []
        stops: list[_Stop] = [one for one in view.stops() if one.isEnabled() and one.isVisible()]
        return [*stops, *_links(strip, view.content)]

    def _enter(self, strip: Strip, *, last: bool) -> bool:
        """Give the keyboard to the first or last stop of a strip, if it has any that can take it."""
        self._scrolling.show_strip(strip)
        stops = self._stops(strip)
        if stops:
            self._give(stops[-1 if last else 0], not last)
        return bool(stops)

    def _give(self, stop: _Stop, onward: bool) -> None:
        self.set_link(None)
        if isinstance(stop, Link):
            self._transcript.setFocus(Qt.FocusReason.OtherFocusReason)
            self.set_link(stop)
            announce(self._transcript, stop.text)
        else:
            stop.setFocus(Qt.FocusReason.TabFocusReason if onward else Qt.FocusReason.BacktabFocusReason)

    def _strips_from_top(self) -> Iterator[Strip]:
        """What has stops: on screen, else below it, else the very last."""
        seen = self._seen()
        yield from filter(_has_stops, seen)
        if seen:
            yield from self._strips_after(seen[-1])
        if self._column.messages:
            yield self._column.build(self._column.messages[-1])[-1]

    def _seen(self) -> list[Strip]:
        """What is on screen, from top to bottom."""
        return sorted(self._stage.showing, key=lambda strip: self._stage.showing[strip].y())

    def _strips_after(self, strip: Strip) -> Iterator[Strip]:
        message = strip.message
        strips = self._column.build(message)
        yield from filter(_has_stops, strips[_number(strips, strip) + 1 :])
        for later in self._column.messages[message.index + 1 :]:
            yield from filter(_has_stops, self._column.build(later))

    def _strips_before(self, strip: Strip) -> Iterator[Strip]:
        message = strip.message
        strips = self._column.build(message)
        yield from filter(_has_stops, reversed(strips[: _number(strips, strip)]))
        for earlier in reversed(self._column.messages[: message.index]):
            yield from filter(_has_stops, reversed(self._column.build(earlier)))

    def _leave(self) -> bool:
        """Go on to whatever follows the transcript."""
        widget = self._transcript.nextInFocusChain()
        while widget is not None and widget is not self._transcript:
            if _takes_tab(widget) and not self._transcript.isAncestorOf(widget):
                widget.setFocus(Qt.FocusReason.TabFocusReason)
                return True
            widget = widget.nextInFocusChain()
        return False


def _takes_tab(widget: QWidget) -> bool:
    takes = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return takes and widget.isEnabled() and widget.isVisible()


def _number(strips: Sequence[Strip], strip: Strip) -> int:
    return next((number for number, one in enumerate(strips) if one is strip), 0)


def _has_stops(strip: Strip) -> bool:
    """Whether there is, or may be, something in a strip that takes the keyboard."""
    if strip.kind in _WITH_BUTTONS:
        return True
    block = strip.block
    if block is None or strip.kind not in (StripKind.TEXT, StripKind.TABLE):
        return False
    rows = (block.header, *block.rows)
    return any(span.href for span in block.spans) or any(
        span.href for row in rows for cell in row for span in cell.spans
    )


def _links(strip: Strip, content: Content | None) -> Iterator[Link]:
    """The links of a text that is on screen."""
    if content is None or strip.kind not in (StripKind.TEXT, StripKind.TABLE):
        return
    block = content.document.begin()
    while block.isValid():
        yield from _links_of(strip, block)
        block = block.next()


def _links_of(strip: Strip, block: QTextBlock) -> Iterator[Link]:
    found: Link | None = None
    parts = block.begin()
    while not parts.atEnd():
        part = parts.fragment()
        href = part.charFormat().anchorHref() if part.charFormat().isAnchor() else ""
        start, end = part.position(), part.position() + part.length()
        if found is not None and (href, start) == (found.href, found.end):
            # A link whose text is in several styles.
            found = found._replace(end=end, text=found.text + part.text())
        else:
            if found is not None:
                yield found
            found = Link(strip, start, end, href, part.text()) if href else None
        parts += 1
    if found is not None:
        yield found
