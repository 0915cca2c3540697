"""The transcript: a conversation of any length, of which only what is on screen is laid out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QPalette,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from slmdesk.messages import tr
from slmdesk.ui.theme import Theme
from slmdesk.ui.transcript.actions import Actions
from slmdesk.ui.transcript.collecting import Collecting
from slmdesk.ui.transcript.column import Column
from slmdesk.ui.transcript.find import Finder
from slmdesk.ui.transcript.focus_edge import FocusEdge
from slmdesk.ui.transcript.keyboard import Keyboard
from slmdesk.ui.transcript.lettering import Lettering
from slmdesk.ui.transcript.marks import Marks
from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.pointer import Pointer
from slmdesk.ui.transcript.reading import Reading
from slmdesk.ui.transcript.records import take_over
from slmdesk.ui.transcript.relayout import Relayout
from slmdesk.ui.transcript.resting import RestingTimer
from slmdesk.ui.transcript.scrolling import Scrolling
from slmdesk.ui.transcript.searching import Searching
from slmdesk.ui.transcript.selection import START, Selection, end_of
from slmdesk.ui.transcript.stage import Stage
from slmdesk.ui.transcript.stops import Stops
from slmdesk.ui.transcript.warming import Warming
from slmdesk.ui.transcript.writing import Writing

if TYPE_CHECKING:
    from slmdesk.chat import ChatMessageRecord, Conversation
    from slmdesk.engines import End, Stats


class Transcript(QAbstractScrollArea):
    """Messages one below the other, in a column in the middle.

    Stays at the end while the reader is at the end, and never moves under a reader who is not. Messages are
    named by their number in the conversation, from 0. Lives on the GUI thread.
    """

    again_wanted = Signal()
    """The last message should be answered again."""
    continue_wanted = Signal()
    """The last answer should be gone on with."""
    edit_wanted = Signal(int)
    """The person would like to edit a message; `begin_edit` lets them."""
    edited = Signal(int, str)
    """A message was edited and has this text now; the transcript shows it already."""
    version_wanted = Signal(int, int)
    """Another version of a message should be shown, counted from 1."""
    link_wanted = Signal(str)
    """A link to http, https or mailto was pressed; nothing was opened."""
    typed = Signal(str)
    """A key that writes was pressed: it is meant for the input."""
    copied = Signal()
    """Something was put on the clipboard."""
    found = Signal(int, int)
    """Number of the current hit, from 1 (0: none), and how many there are."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(tr("Conversation"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        surface = self.viewport()
        # Opaque, so that what is drawn is moved when it is scrolled, and not drawn again.
        surface.setBackgroundRole(QPalette.ColorRole.Base)
        surface.setAutoFillBackground(True)
        self._lettering = Lettering(theme, self)
        self._page = Page(theme, self._lettering, self)
        self._column = Column(self._page)
        self._stage = Stage(self._page, self._column, surface, self.setFocus)
        self._selection = Selection()
        self._finder = Finder(self)
        self._marks = Marks(self._page, self._stage, self._selection, self._finder)
        self._pointer = Pointer(self._page, self._stage, self._selection, surface)
        self._scrolling = Scrolling(
            self.verticalScrollBar(), self._page, self._column, self._stage, self._marks
        )
        self._relayout = Relayout(theme, self._page, self._column, self._stage, self._scrolling, self)
        self._actions = Actions(self, self._page, self._column, self._stage, self._scrolling, self._finder)
        self._stops = Stops(self, self._page, self._column, self._stage, self._scrolling, self._marks)
        self._keyboard = Keyboard(self, self._page, self._scrolling, self._actions)
        self._edge = FocusEdge(theme, self)
        self._searching = Searching(self._finder, self._column, self._scrolling, self._pointer)
        self._writing = Writing(self._column, self._page, self._scrolling, self)
        self._reading = Reading(self._column, self)
        self._warming = Warming(self._lettering)
        self._preparing = RestingTimer(0, self, again=True)
        self._soon = RestingTimer(0, self)
        self._measured = False
        self._collecting = Collecting(self)
        self._timers = (
            *(self._writing.timer, self._writing.turns, self._finder.timer, self._reading.timer),
            *(
                self._preparing,
                self._soon,
                self._collecting.timer,
                self._collecting.again,
                self._page.coloring.timer,
            ),
        )
        self._connect()

    def _connect(self) -> None:
        page, pointer, actions, relayout = self._page, self._pointer, self._actions, self._relayout
        page.acted.connect(actions.act)
        page.strip_acted.connect(actions.act_on_strip)
        page.edited.connect(actions.take_edit)
        page.edit_cancelled.connect(actions.cancel_edit)
        page.resized.connect(relayout.measure_again)
        page.entered.connect(self._stage.set_near)
        page.unread.connect(self._reading.wait_for)
        self._reading.read.connect(self._scrolling.arrange)
        self._preparing.timeout.connect(self._prepare)
        self._soon.timeout.connect(self._arrange_in_turns)
        pointer.selected.connect(self._marks.update)
        pointer.link_pressed.connect(actions.follow_link)
        pointer.scroll_wanted.connect(self._scrolling.scroll_by)
        pointer.scrolled_sideways.connect(actions.show_offset)
        pointer.near.connect(self._stage.set_near)
        self._writing.grown_in.connect(self._finder.forget)
        self._finder.found.connect(self.found)
        self._finder.changed.connect(self._marks.update)
        self._theme.changed.connect(relayout.take_theme)
        self._lettering.changed.connect(relayout.take_letters)

    # What is shown

    @property
    def messages(self) -> list[Message]:
        """What is shown, in order. To be read only."""
        return self._column.messages

    @property
    def at_end(self) -> bool:
        """Whether the reader sees the end."""
        return self._scrolling.at_end

    def show_conversation(self, conversation: Conversation, *, at_message: int | None = None) -> None:
        """Show a conversation that is not being answered, at its end, or with a message in view.

        What is shown already keeps its folds, and with `at_message` its place.
        """
        messages = take_over(conversation, self.messages, self._lettering)
        self._writing.stop()
        self._selection.clear()
        self._pointer.stop()
        self._column.set_messages(messages)
        self._stage.forget_gone()
        # Not before: editors that were open belong to the conversation before.
        self._page.unsaved.conversation = conversation.id
        self._searching.again()
        if at_message is None or at_message >= len(messages):
            self._scrolling.go_to_end()
        else:
            self._stage.follows = False
            self._scrolling.show_message(messages[at_message])
        self._collecting.set_aside()
        self._collecting.wait()

    def show_text(self, text: str) -> None:
        """Show one text by itself, from its beginning, which anybody may have written: it is drawn as an
        answer is, so it can neither load nor open anything."""
        message = Message(0, "assistant", text)
        message.bare = True
        self._writing.stop()
        self._selection.clear()
        self._pointer.stop()
        self._column.set_messages([message])
        self._stage.forget_gone()
        self._searching.again()
        self._stage.follows = False
        self._scrolling.show_message(message)
        self.verticalScrollBar().setValue(0)

    def refresh_records(self, conversation: Conversation) -> None:
        """Take over what became of messages that are shown already: how they ended, figures, versions."""
        self._page.unsaved.conversation = conversation.id
        for message, record in zip(self._column.messages, conversation.messages, strict=False):
            if message.takes(record):
                self._column.refresh(message)
        self._arrange_soon()

    def clear(self) -> None:
        """Show nothing."""
        self._writing.stop()
        self._selection.clear()
        self._finder.close()
        self._pointer.stop()
        self._column.set_messages(())
        self._stage.forget_gone()
        self._page.unsaved.conversation = 0
        self._scrolling.go_to_end()

    def add_person_message(self, said: ChatMessageRecord | str) -> None:
        """Add what the person said, and go to the end."""
        self._column.append(
            Message(0, "user", said) if isinstance(said, str) else Message.from_record(0, said)
        )
        self._scrolling.go_to_end()

    def begin_answer(self, model_title: str, created_at: float, *, continues: bool = False) -> None:
        """Begin an answer, to which `append` adds; `continues`: go on with the one that is there."""
        follow = self.at_end
        self._collecting.set_aside()
        self._drop_unanswered()
        self._writing.begin(model_title, created_at, continues=continues)
        if follow:
            self._scrolling.go_to_end()
        else:
            self._scrolling.arrange()
        self._preparing.start()

    def append(self, text: str) -> None:
        """Add text to the answer that was begun; drawn within a thirtieth of a second."""
        self._writing.append(text)

    def append_reasoning(self, text: str) -> None:
        """Add to what the model thinks before it answers; drawn within a thirtieth of a second."""
        self._writing.append_reasoning(text)

    def set_stats(self, stats: Stats) -> None:
        """Show what the answer took."""
        self._writing.set_stats(stats)
        self._arrange_soon()

    def end_answer(self, end: End | None, *, failed: bool = False) -> None:
        """No more text will come. None: it ended before the model began, or because of a failure."""
        self._writing.end(end, failed=failed)
        self._arrange_soon()
        self._collecting.wait()

    def drop_last_answer(self) -> None:
        """Take the last answer away: it is tried again."""
        if self.messages and not self.messages[-1].by_person:
            self._drop_last()
            self._scrolling.go_to_end()

    def drop_rejected(self) -> None:
        """Take away what the person said last and the answer begun to it: it was not kept."""
        self._writing.stop()
        if self.messages and not self.messages[-1].by_person:
            self._drop_last()
        if self.messages:
            self._drop_last()
        self._scrolling.go_to_end()

    def set_can_continue(self, can: bool, why_not: str) -> None:
        """Whether an answer that was cut off can be gone on with or tried again now, and if not, why."""
        page = self._page
        if (page.can_continue, page.cannot_continue) != (can, why_not):
            page.can_continue, page.cannot_continue = can, why_not
            if self.messages:
                self.messages[-1].refresh_foot()
            self._arrange_soon()

    def set_show_figures(self, shown: bool) -> None:
        """Whether figures stand under answers."""
        self._relayout.show_figures(shown)

    @property
    def zoom(self) -> int:
        """Size of the texts in percent."""
        return self._lettering.zoom

    def set_zoom(self, percent: int) -> None:
        """Show texts at 50 to 300 percent of their size."""
        self._lettering.set_zoom(percent)

    # Scrolling

    def scroll_page(self, direction: int) -> None:
        """Scroll by a page, up (-1) or down (1)."""
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + direction * bar.pageStep())

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """The bar was moved, by a person or by a key."""
        self._scrolling.take_bar()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the column out anew."""
        super().resizeEvent(event)
        self._edge.setGeometry(self.viewport().geometry())
        self._edge.raise_()
        self._relayout.take_size(self.viewport().size())

    # Selecting and copying

    def select_all(self) -> None:
        """Select everything that was said."""
        if self.messages:
            self._selection.begin(START, end_of(len(self.messages) - 1))
            self._marks.update()

    def selected_text(self) -> str:
        """What is selected, over blocks and messages."""
        return self._selection.text(self.messages)

    def copy(self) -> None:
        """Put what is selected on the clipboard."""
        self._actions.copy_text(self.selected_text())

    def copy_last_answer(self) -> None:
        """Put the last answer on the clipboard, as it was written."""
        answers = [one for one in self.messages if not one.by_person and one.source]
        if answers:
            self._actions.copy_text(answers[-1].source)

    # Finding

    def find_text(self, text: str) -> int:
        """Mark where `text` stands, and go to the next such place. Returns how many are known at once."""
        return self._searching.find(text)

    def find_next(self) -> None:
        """Go to the next place that was found."""
        self._searching.step(1)

    def find_previous(self) -> None:
        """Go to the place before that was found."""
        self._searching.step(-1)

    def close_find(self) -> None:
        """Mark nothing any more."""
        self._finder.close()

    # Editing

    def begin_edit(self, index: int) -> None:
        """Put an editor in the place of a message's text."""
        for message in self.messages:
            if message.editing and message.index != index:
                self._actions.end_edit(message)
        if index < len(self.messages) and not self.messages[index].editing:
            self._actions.begin_edit(self.messages[index])

    def open_edits(self) -> Sequence[tuple[int, str]]:
        """What was typed into editors that were neither saved nor left, in this conversation or in one shown
        before, each with the number of its conversation.
        """
        return self._page.unsaved.open_ones()

    # Events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Scroll, select all, copy, say what is typed; everything else is the window's."""
        if not self._keyboard.press(event):
            event.ignore()

    def focusNextPrevChild(self, onward: bool) -> bool:
        """Go through the actions of the messages in their order, scrolling along."""
        return self._stops.step(onward) or super().focusNextPrevChild(onward)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Who comes from below comes to the last action first."""
        super().focusInEvent(event)
        by_keyboard = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self._edge.setVisible(by_keyboard)
        if event.reason() == Qt.FocusReason.BacktabFocusReason:
            self._stops.enter_from_below()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Nothing in it has the keyboard, or something that shows it itself."""
        super().focusOutEvent(event)
        self._edge.hide()
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self._stops.set_link(None)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to copy, or to go where a link leads."""
        link = self._pointer.link_at(self.viewport().mapFromGlobal(event.globalPos()))
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            link = self._page.link.href if self._page.link is not None else ""
        self._actions.open_menu(self._theme, event.globalPos(), link, can_copy=bool(self._selection))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll; to the side what is under the pointer, where that is code that is too wide."""
        if not self._pointer.wheel(event):
            super().wheelEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Lay out what nobody saw until now."""
        super().showEvent(event)
        self._writing.draw()
        self._scrolling.paused = False
        for timer in self._timers:
            timer.go_on()
        self._scrolling.arrange()

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave no timer running in a window that is closed, and lay nothing out that nobody sees."""
        super().hideEvent(event)
        self._pointer.stop()
        for timer in self._timers:
            timer.rest()
        self._scrolling.paused = True

    # Inside

    def _arrange_soon(self) -> None:
        """Show what has changed, once for everything that is told at the end of an answer."""
        self._measured = False
        self._soon.start()

    def _arrange_in_turns(self) -> None:
        """First measure, then show: together they would hold the window up for too long."""
        if self._measured:
            self._scrolling.arrange()
        else:
            self._scrolling.measure()
            self._measured = True
            self._soon.start()

    def _prepare(self) -> None:
        if not self._stage.prepare() and not self._warming.step(self.devicePixelRatioF()):
            self._preparing.stop()

    def _drop_unanswered(self) -> None:
        if self.messages and not self.messages[-1].answered:
            self._drop_last()

    def _drop_last(self) -> None:
        if self._selection and self._selection.ends[1].message >= len(self.messages) - 1:
            self._selection.clear()
        self._column.cut(len(self.messages) - 1)
        self._stage.forget_gone()
        self._finder.forget_from(len(self.messages))
