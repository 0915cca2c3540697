"""What the pointer does in the transcript: select, follow links, scroll along."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QEvent, QObject, QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from slmdesk.ui.transcript.measuring import scroll_sideways
from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.selection import Place, Selection
from slmdesk.ui.transcript.stage import Stage
from slmdesk.ui.transcript.strip_views.view import StripView
from slmdesk.ui.transcript.strips import Strip

_SCROLL_EVERY_MS = 30
_SCROLL_SHARE = 0.4
_MOST_SCROLL = 60


class Pointer(QObject):
    """Turns what the mouse does over the texts into a selection, or into a link that is followed."""

    selected = Signal()
    """Another range is selected."""
    link_pressed = Signal(Message, str)
    scroll_wanted = Signal(int)
    """Pixels to scroll by, while a selection is drawn out of the view."""
    scrolled_sideways = Signal(Strip)
    """A table or a block of code was."""
    near = Signal(object)
    """The message under the pointer, or None."""

    def __init__(self, page: Page, stage: Stage, selection: Selection, surface: QWidget) -> None:
        super().__init__(surface)
        self._page = page
        self._stage = stage
        self._selection = selection
        self._surface = surface
        self._pressed_link = ""
        self._drags = False
        self._clicks = 0
        self._since_click = QElapsedTimer()
        self._click_place = QPoint()
        self._last = QPoint()
        self._along = QTimer(self)
        self._along.setInterval(_SCROLL_EVERY_MS)
        self._along.timeout.connect(self._scroll_along)
        surface.setMouseTracking(True)
        surface.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the mouse events of the surface; only the left button means anything."""
        match event.type():
            case QEvent.Type.MouseButtonPress | QEvent.Type.MouseButtonDblClick:
                return isinstance(event, QMouseEvent) and self._press(event)
            case QEvent.Type.MouseMove:
                return isinstance(event, QMouseEvent) and self._move(event)
            case QEvent.Type.MouseButtonRelease:
                return isinstance(event, QMouseEvent) and self._release(event)
            case QEvent.Type.Leave:
                self.near.emit(None)
        return False

    def wheel(self, event: QWheelEvent) -> bool:
        """Scroll a table or code to the side, where the wheel or the pad was moved to the side over it."""
        delta = event.pixelDelta() if not event.pixelDelta().isNull() else event.angleDelta() / 2
        sideways = delta.x()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not sideways:
            sideways = delta.y()
        elif abs(delta.x()) <= abs(delta.y()):
            return False
        point = self._surface.mapFromGlobal(event.globalPosition().toPoint())
        found = self._view_at(point)
        return found is not None and self._scroll_sideways(found[0], -sideways)

    def stop(self) -> None:
        """Forget a press that is going on: what was pressed is gone."""
        self._along.stop()
        self._drags = False
        self._pressed_link = ""

    def link_at(self, point: QPoint) -> str:
        """Where the link under a point leads; empty: there is none."""
        found = self._view_at(point)
        if found is None or not found[0].selectable:
            return ""
        _, view = found
        content = view.content
        return content.link_at(_inside(view, point)) if content is not None else ""

    def place_at(self, point: QPoint) -> Place | None:
        """The place in a text that is nearest to a point; None where nothing is shown."""
        nearest = self._nearest_text(point)
        if nearest is None:
            return None
        strip, view = nearest
        content = view.content
        if content is None:
            return None
        unit = content.unit_at(_inside(view, point))
        return _place(strip, unit)

    def _press(self, event: QMouseEvent) -> bool:
        """Begin to select, or extend what is selected with Shift."""
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        point = event.position().toPoint()
        self._count_click(point)
        self._last = point
        self._pressed_link = self.link_at(point) if self._clicks == 1 else ""
        span = self._span_at(point, self._clicks)
        self._drags = span is not None
        if span is None:
            self._selection.clear()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier and self._selection.anchor is not None:
            self._selection.extend(*span)
        else:
            self._selection.begin(*span)
        self.selected.emit()
        return True

    def _move(self, event: QMouseEvent) -> bool:
        """Select up to here, or show what a click would do."""
        point = event.position().toPoint()
        self._last = point
        if not (self._drags and event.buttons() & Qt.MouseButton.LeftButton):
            self._hover(point)
            return True
        self._extend_to(point)
        if self._surface.rect().contains(point):
            self._along.stop()
        elif not self._along.isActive():
            self._along.start()
        return True

    def _hover(self, point: QPoint) -> None:
        """Show what a click at `point` would do, and which message is near."""
        found = self._view_at(point)
        self.near.emit(found[0].message if found is not None else None)
        shape = Qt.CursorShape.ArrowCursor
        if found is not None and found[0].selectable:
            shape = Qt.CursorShape.IBeamCursor
            if self.link_at(point):
                shape = Qt.CursorShape.PointingHandCursor
        if self._surface.cursor().shape() != shape:
            self._surface.setCursor(shape)

    def _release(self, event: QMouseEvent) -> bool:
        """End selecting; a click on a link follows it."""
        link = self._pressed_link
        self.stop()
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        point = event.position().toPoint()
        found = self._view_at(point) if link and not self._selection else None
        if found is not None and self.link_at(point) == link:
            self.link_pressed.emit(found[0].message, link)
        return True

    def _span_at(self, point: QPoint, clicks: int) -> tuple[Place, Place] | None:
        """What a click selects: nothing at a place, with two a word, with three the whole block."""
        place = self.place_at(point)
        nearest = self._nearest_text(point)
        if place is None or nearest is None:
            return None
        strip, view = nearest
        content = view.content
        if content is None or clicks == 1:
            return place, place
        if clicks == 2:
            first, last = content.word_at(place.unit - strip.unit)
            return _place(strip, first), _place(strip, last)
        first, last = content.paragraph_at(place.unit - strip.unit)
        return _place(strip, first), _place(strip, last)

    def _extend_to(self, point: QPoint) -> None:
        span = self._span_at(point, self._clicks)
        if span is not None:
            before = (self._selection.anchor, self._selection.head)
            self._selection.extend(*span)
            if before != (self._selection.anchor, self._selection.head):
                self.selected.emit()

    def _scroll_along(self) -> None:
        """Scroll while the selection is drawn out of the view, the faster the further."""
        down = _beyond(self._last.y(), self._surface.height())
        aside = _beyond(self._last.x(), self._surface.width())
        if not self._drags or not (down or aside):
            self._along.stop()
            return
        if down:
            self.scroll_wanted.emit(down)
        nearest = self._nearest_text(self._last)
        if aside and nearest is not None:
            self._scroll_sideways(nearest[0], aside)
        self._extend_to(self._last)

    def _scroll_sideways(self, strip: Strip, pixels: int) -> bool:
        """Scroll a table or a block of code. Returns whether it is one that can be."""
        if not scroll_sideways(strip, self._page, pixels):
            return False
        self.scrolled_sideways.emit(strip)
        return True

    def _count_click(self, point: QPoint) -> None:
        again = (
            self._since_click.isValid()
            and self._since_click.elapsed() <= QApplication.doubleClickInterval()
            and (point - self._click_place).manhattanLength() <= QApplication.startDragDistance()
        )
        self._clicks = self._clicks % 3 + 1 if again else 1
        self._since_click.start()
        self._click_place = point

    def _view_at(self, point: QPoint) -> tuple[Strip, StripView] | None:
        for strip, view in self._stage.showing.items():
            if view.geometry().contains(point):
                return strip, view
        for strip, view in self._stage.showing.items():
            if view.y() <= point.y() < view.y() + view.height():
                return strip, view
        return None

    def _nearest_text(self, point: QPoint) -> tuple[Strip, StripView] | None:
        texts = [(strip, view) for strip, view in self._stage.showing.items() if strip.selectable]
        return min(texts, key=lambda text: _distance(text[1], point.y()), default=None)


def _distance(view: StripView, y: int) -> int:
    """Pixels between a view and a height; 0: it is there."""
    return max(view.y() - y, y - view.y() - view.height() + 1, 0)


def _beyond(at: int, length: int) -> int:
    """How far to scroll where the pointer is outside, with its direction; 0: it is inside."""
    over = at if at < 0 else max(at - length + 1, 0)
    if not over:
        return 0
    step = max(-_MOST_SCROLL, min(round(over * _SCROLL_SHARE), _MOST_SCROLL))
    return step or (1 if over > 0 else -1)


def _inside(view: StripView, point: QPoint) -> QPointF:
    return QPointF(point - view.pos() - view.text_corner())


def _place(strip: Strip, unit: int) -> Place:
    return Place(strip.message.index, int(strip.section), strip.block_index, strip.unit + unit)
