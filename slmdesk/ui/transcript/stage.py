"""Puts widgets under the strips that are on screen, and takes them away from those that are not."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget

from slmdesk.ui.theme import Space
from slmdesk.ui.transcript.column import Column
from slmdesk.ui.transcript.measuring import measure
from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.spacing import GUTTER
from slmdesk.ui.transcript.strip_views.code_view import CodeHeadView, CodeView
from slmdesk.ui.transcript.strip_views.editor_view import EditorView
from slmdesk.ui.transcript.strip_views.foot_view import FootView, PersonFootView
from slmdesk.ui.transcript.strip_views.head_view import FoldView, HeadView, NoteView
from slmdesk.ui.transcript.strip_views.table_view import TableView
from slmdesk.ui.transcript.strip_views.text_view import RestView, RuleView, TextView, TypedView
from slmdesk.ui.transcript.strip_views.view import StripView
from slmdesk.ui.transcript.strips import Strip, StripKind

_VIEWS: dict[StripKind, type[StripView]] = {
    StripKind.HEAD: HeadView,
    StripKind.FOLD: FoldView,
    StripKind.TEXT: TextView,
    StripKind.TYPED: TypedView,
    StripKind.CODE_HEAD: CodeHeadView,
    StripKind.CODE: CodeView,
    StripKind.TABLE: TableView,
    StripKind.RULE: RuleView,
    StripKind.REST: RestView,
    StripKind.NOTE: NoteView,
    StripKind.FOOT: FootView,
    StripKind.PERSON_FOOT: PersonFootView,
    StripKind.EDITOR: EditorView,
}
# What never leaves its place in the column while it is shown.
_STEADY = frozenset(StripKind) - {StripKind.PERSON_FOOT, StripKind.EDITOR}
_FEET = (StripKind.FOOT, StripKind.PERSON_FOOT)
# What an answer is made of, and how many of it a window shows as a rule.
_USUAL = {StripKind.TEXT: 6, StripKind.CODE_HEAD: 2, StripKind.CODE: 3, StripKind.TABLE: 2, StripKind.RULE: 1}
# Measuring what is seen changes what is seen; it settles in two or three rounds.
_MOST_ROUNDS = 12
# Texts laid out that are kept after they went off screen.
_KEPT_CONTENTS = 300


class Stage(QObject):
    """What is on screen of a column. Stays at the end, or with the strip that the reader sees."""

    def __init__(self, page: Page, column: Column, surface: QWidget, focus_left: Callable[[], None]) -> None:
        """`surface`: where the widgets are put; `focus_left` is called before what has the keyboard goes."""
        super().__init__(surface)
        self._page = page
        self._column = column
        self._surface = surface
        self._focus_left = focus_left
        self.showing: dict[Strip, StripView] = {}
        self._placed: dict[StripView, tuple[int, int, int, int]] = {}
        """Where each lies, but for those that float: asking Qt for twenty takes longer than moving one."""
        self._free: dict[StripKind, list[StripView]] = {}
        self._ready: dict[Strip, StripView] = {}
        """Filled and not on screen yet."""
        self._seen: list[tuple[Strip, int]] = []
        """What will be on screen, as it was measured last, and where each begins."""
        self._kept: OrderedDict[Strip, None] = OrderedDict()
        self.follows = True
        """Whether the end stays in view."""
        self._anchor: tuple[Message, int, int] | None = None
        """A strip, and how far the top of the view lies below its top."""
        self._changed: set[Strip] = set()
        """What was measured and is not shown so yet."""
        self._with_cursor: Strip | None = None
        self._near: Message | None = None
        self.top = 0
        """How far it is scrolled."""
        self.freshly_shown: set[Strip] = set()
        """What was shown anew or is another since this was emptied last."""

    @property
    def furthest(self) -> int:
        """How far it can be scrolled."""
        return max(self._column.height - self._page.room, 0)

    def hold(self, message: Message, strip: int, offset: int) -> None:
        """Keep a strip in its place, `offset` pixels above the top, however heights above it change."""
        self.follows = False
        self._anchor = (message, strip, offset)

    def hold_what_is_seen(self, top: int | None = None) -> None:
        """Keep in its place what is on screen, scrolled to `top`; after a jump, what will be."""
        top = self.top if top is None else top
        best: tuple[int, Strip] | None = None
        for strip, view in self.showing.items():
            # Its place on screen counts: heights above it may have become known since.
            y = view.y() + self.top
            stays = strip.kind in _STEADY and y + strip.height > top and y < top + self._page.room
            if stays and (best is None or y < best[0]):
                best = y, strip
        if best is not None:
            y, strip = best
            strips = self._column.build(strip.message)
            number = next((number for number, one in enumerate(strips) if one is strip), None)
            if number is not None:
                self._anchor = (strip.message, number, top - y)
                return
        for message, number, y in self._column.strips_between(top, top + self._page.room):
            self._anchor = (message, number, top - y)
            return

    def scroll_to(self, top: int) -> None:
        """Scroll; heights that turn out to be others move nothing that is seen already."""
        self.hold_what_is_seen(max(0, min(top, self.furthest)))
        self.arrange()

    def arrange(self) -> None:
        """Measure what is on screen, and show it."""
        seen = self.measure()
        old, self.top = self.top, self._wanted_top()
        if self._anchor is None and not self.follows:
            self.hold_what_is_seen()
        self._place(seen, old)
        self._move_cursor()

    def measure(self) -> list[tuple[Strip, int]]:
        """Measure what will be on screen, and say where each strip begins. Shows nothing yet."""
        page, column = self._page, self._column
        seen = self._seen
        for _ in range(_MOST_ROUNDS):
            top = self._wanted_top()
            seen.clear()
            moved = False
            for message, number, y in column.strips_between(top, top + page.room):
                strip = message.build(page.lettering)[number]
                seen.append((strip, y))
                if strip.measured != page.layout:
                    self._changed.add(strip)
                    if column.set_height(message, number, measure(strip, page)):
                        moved = True
            if not moved and top == self._wanted_top():
                break
        return seen

    def make_ready(self) -> bool:
        """Fill a widget for something that will be on screen, as it was measured. Returns whether there was
        any: filling several at once, and showing them, would hold the window up for too long."""
        for strip, _ in self._seen:
            if strip not in self.showing and strip not in self._ready and self._column.has(strip.message):
                view = self._take(strip.kind)
                view.resize(self._page.column + 2 * GUTTER, strip.height)
                view.show_strip(strip)
                self._ready[strip] = view
                self._changed.discard(strip)
                return True
        return False

    def forget_gone(self) -> None:
        """Messages were replaced or taken away: show and keep nothing of them."""
        for strip in tuple(self._kept):
            if not self._column.has(strip.message):
                del self._kept[strip]
        for strip in tuple(self.showing):
            if not self._column.has(strip.message):
                self._release(strip)
                self._kept.pop(strip, None)
        for strip in tuple(self._ready):
            if not self._column.has(strip.message):
                self._put_away(strip, self._ready.pop(strip))
                self._kept.pop(strip, None)
        self._seen.clear()
        if self._page.link is not None and not self._column.has(self._page.link.strip.message):
            self._page.link = None

    def forget_contents(self) -> None:
        """Lay everything out anew: colours or letters are others."""
        for strip in (*self._kept, *self.showing, *self._ready):
            strip.content = None
        self._kept.clear()
        self._page.layout += 1

    def set_near(self, message: Message | None) -> None:
        """The pointer is over another message, or over none."""
        if message is not self._near:
            self._near = message
            self.show_near()

    def show_near(self) -> None:
        """Show the actions of the message under the pointer, and no other's."""
        for strip, view in self.showing.items():
            if strip.kind in _FEET:
                view.set_pointer_near(strip.message is self._near)

    def prepare(self) -> bool:
        """Make one of the widgets that an answer will need. Returns whether there may be more to make.

        Making one takes longer than anything else that is done while text comes.
        """
        shown = Counter(strip.kind for strip in self.showing)
        wanted = [
            kind for kind, usual in _USUAL.items() if shown[kind] + len(self._free.get(kind, ())) < usual
        ]
        if wanted:
            view = self._make(wanted[0])
            view.hide()
            self._free.setdefault(wanted[0], []).append(view)
        return len(wanted) > 0

    def views(self) -> Iterator[StripView]:
        """What is on screen, in no order."""
        yield from self.showing.values()

    def _wanted_top(self) -> int:
        furthest = self.furthest
        if self.follows or self._anchor is None:
            return furthest if self.follows else min(self.top, furthest)
        message, number, offset = self._anchor
        if not self._column.has(message):
            return min(self.top, furthest)
        strips = self._column.build(message)
        top = self._column.top_of(message, min(number, len(strips))) + offset
        return max(0, min(top, furthest))

    def _place(self, seen: list[tuple[Strip, int]], old_top: int) -> None:
        page = self._page
        changed, self._changed = self._changed, set()
        wanted = {strip for strip, _ in seen}
        for strip in tuple(self.showing):
            if strip not in wanted and not (strip.kind is StripKind.EDITOR and strip.message.editing):
                self._release(strip)
        moved = old_top - self.top
        if moved and abs(moved) < page.room and self.showing:
            # Moves what is drawn already, instead of drawing it again.
            self._surface.scroll(0, moved)
            self._placed = {
                one: (x, y + moved, wide, high) for one, (x, y, wide, high) in self._placed.items()
            }
        left = (self._surface.width() - page.column) // 2 - GUTTER
        width = page.column + 2 * GUTTER
        for strip, y in seen:
            view = self.showing.get(strip)
            is_new = view is None
            is_ready = strip in self._ready
            if view is None:
                view = self._ready.pop(strip) if is_ready else self._take(strip.kind)
                self.showing[strip] = view
                self._kept.pop(strip, None)
            geometry = (left, y - self.top, width, strip.height)
            floats = strip.kind is StripKind.PERSON_FOOT
            if not floats and self._placed.get(view) != geometry:
                self._placed[view] = geometry
                view.setGeometry(*geometry)
            if (is_new and not is_ready) or strip in changed:
                view.show_strip(strip)
            if is_new or strip in changed:
                self.freshly_shown.add(strip)
            if floats:
                self._place_person_foot(view, left + width, y - self.top)
            if is_new:
                view.show()
        for strip in tuple(self._ready):
            self._put_away(strip, self._ready.pop(strip))

    def _move_cursor(self) -> None:
        """The writing cursor may stand behind another strip now."""
        before, self._with_cursor = self._with_cursor, self._page.writing_strip
        if before is not self._with_cursor:
            for strip in (before, self._with_cursor):
                view = self.showing.get(strip) if strip is not None else None
                if view is not None:
                    view.update()

    def _place_person_foot(self, view: StripView, right: int, y: int) -> None:
        """It is higher than the room between two messages, and lies over the end of the next one's head."""
        size = view.sizeHint()
        view.setGeometry(right - size.width(), y + Space.TINY, size.width(), size.height())
        view.raise_()

    def _take(self, kind: StripKind) -> StripView:
        free = self._free.get(kind)
        return free.pop() if free else self._make(kind)

    def _make(self, kind: StripKind) -> StripView:
        view = _VIEWS[kind](self._page, self._surface)
        for stop in view.stops():
            # Tab goes through them in the order of the messages, not in the order they were made.
            stop.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        return view

    def _release(self, strip: Strip) -> None:
        view = self.showing.pop(strip)
        self._placed.pop(view, None)
        if view.isAncestorOf(self._surface.window().focusWidget() or self._surface):
            self._focus_left()
        view.hide()
        self.freshly_shown.discard(strip)
        self._put_away(strip, view)

    def _put_away(self, strip: Strip, view: StripView) -> None:
        """Keep for another strip a widget that is not on screen any more, or never was."""
        view.set_pointer_near(False)
        view.leave_strip()
        self._free.setdefault(strip.kind, []).append(view)
        if strip.content is not None:
            self._kept[strip] = None
            if len(self._kept) > _KEPT_CONTENTS:
                oldest, _ = self._kept.popitem(last=False)
                oldest.content = None
