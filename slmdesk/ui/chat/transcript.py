"""The column of messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from slmdesk.messages import tr
from slmdesk.ui.chat.messages import GUTTER, AnswerMessage, MessageView, PersonMessage
from slmdesk.ui.theme import Space, Theme

if TYPE_CHECKING:
    from slmdesk.chat import Conversation
    from slmdesk.engines import End, Stats

# Streamed text is drawn this often at most: drawing takes from decoding where all cores decode.
_DRAW_EVERY_MS = 33
# As close to the end as this counts as reading the end.
_NEAR_END = Space.XXL


class Transcript(QScrollArea):
    """Messages one below the other, in a column in the middle.

    Stays at the end while the reader is at the end, and never moves under a reader who is not.
    """

    again_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(tr("Conversation"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._content = QWidget()
        self.setWidget(self._content)
        self.viewport().setAutoFillBackground(False)
        self._content.setAutoFillBackground(False)
        self.messages: list[MessageView] = []
        self._answer: AnswerMessage | None = None
        self._pending: list[str] = []
        self._pacer = QTimer(self)
        self._pacer.setSingleShot(True)
        self._pacer.setInterval(_DRAW_EVERY_MS)
        self._pacer.timeout.connect(self._draw_pending)

    @property
    def at_end(self) -> bool:
        """Whether the reader sees the end."""
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - _NEAR_END

    def show_conversation(self, conversation: Conversation) -> None:
        """Show a conversation that is not being answered, at its end."""
        self.clear()
        for record in conversation.messages:
            if record.role == "user":
                self._add(PersonMessage(self._theme, record.text))
                continue
            answer = self._add_answer(record.model_title, record.created_at)
            answer.text.set_text(record.text)
            if record.stats is not None:
                answer.foot.set_stats(record.stats)
            answer.foot.set_state(record.state, record.end_reason)
        if conversation.messages and conversation.messages[-1].role == "user":
            self._add_answer("", 0).foot.set_unanswered()
        self._mark_last()
        self._arrange(to_end=True)

    def clear(self) -> None:
        """Show nothing."""
        self._pacer.stop()
        self._pending.clear()
        self._answer = None
        for message in self.messages:
            message.hide()
            message.deleteLater()
        self.messages.clear()
        self._arrange()

    def add_person_message(self, text: str) -> None:
        """Add what the person said, and go to the end."""
        self._add(PersonMessage(self._theme, text))
        self._arrange(to_end=True)

    def begin_answer(self, model_title: str, created_at: float) -> None:
        """Add an empty answer, to which `append` adds."""
        self._answer = self._add_answer(model_title, created_at)
        self._answer.foot.set_writing()
        self._mark_last()
        self._arrange(to_end=self.at_end)

    def drop_last_answer(self) -> None:
        """Take the last answer away: it is tried again."""
        if self.messages and isinstance(self.messages[-1], AnswerMessage):
            message = self.messages.pop()
            message.hide()
            message.deleteLater()
            self._arrange(to_end=True)

    def drop_rejected(self) -> None:
        """Take away what the person said last and the answer begun to it: it was not kept."""
        self._pacer.stop()
        self._pending.clear()
        self._answer = None
        self.drop_last_answer()
        if self.messages:
            message = self.messages.pop()
            message.hide()
            message.deleteLater()
        self._mark_last()
        self._arrange(to_end=True)

    def append(self, text: str) -> None:
        """Add text to the answer that was begun; drawn within a thirtieth of a second."""
        self._pending.append(text)
        if not self._pacer.isActive():
            self._pacer.start()

    def set_stats(self, stats: Stats) -> None:
        """Show what the answer took."""
        if self._answer is not None:
            self._answer.foot.set_stats(stats)

    def end_answer(self, end: End | None, *, failed: bool = False) -> None:
        """No more text will come. None: it ended before the model began, or because of a failure."""
        self._draw_pending()
        answer, self._answer = self._answer, None
        if answer is None:
            return
        follow = self.at_end
        answer.finish()
        if failed and answer.text.isHidden():
            answer.foot.set_unanswered()
        elif failed:
            answer.foot.set_state("failed", "error")
        elif end is not None:
            answer.foot.set_end(end)
        else:
            answer.foot.set_state("stopped", "cancelled")
        self._arrange(to_end=follow)

    def scroll_page(self, direction: int) -> None:
        """Scroll by a page, up (-1) or down (1)."""
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + direction * bar.pageStep())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the column out anew."""
        follow = self.at_end
        super().resizeEvent(event)
        column = self._column()
        for message in self.messages:
            message.set_column(column)
        self._arrange(to_end=follow)

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave no timer running in a window that is closed."""
        super().hideEvent(event)
        self._draw_pending()

    def _column(self) -> int:
        return reading_column(self._theme, self.viewport().width())

    def _add_answer(self, model_title: str, created_at: float) -> AnswerMessage:
        answer = AnswerMessage(self._theme, model_title, created_at)
        answer.foot.again_wanted.connect(self.again_wanted)
        self._add(answer)
        return answer

    def _add(self, message: MessageView) -> None:
        message.setParent(self._content)
        message.set_column(self._column())
        message.height_changed.connect(self._follow)
        message.cursor_moved.connect(lambda box, message=message: self._show_box(message, box))
        message.show()
        self.messages.append(message)

    def _mark_last(self) -> None:
        for message in self.messages:
            if isinstance(message, AnswerMessage):
                message.foot.set_last(message is self.messages[-1])

    def _draw_pending(self) -> None:
        self._pacer.stop()
        if self._pending and self._answer is not None:
            text = "".join(self._pending)
            self._pending.clear()
            self._answer.text.append(text)

    def _follow(self) -> None:
        self._arrange(to_end=self.at_end)

    def _arrange(self, *, to_end: bool = False) -> None:
        """Put the messages in their places. Cheap: nothing is laid out anew."""
        width = self.viewport().width()
        left = (width - self._column()) // 2 - GUTTER
        top = int(Space.L + Space.TINY)
        for message in self.messages:
            message.move(left, top)
            top += message.height() + Space.MESSAGE - (Space.S if isinstance(message, AnswerMessage) else 0)
        self._content.resize(width, top)
        if to_end:
            bar = self.verticalScrollBar()
            bar.setValue(bar.maximum())

    def _show_box(self, message: MessageView, box: QRect) -> None:
        top_left = message.mapTo(self._content, box.topLeft())
        self.ensureVisible(top_left.x(), top_left.y() + box.height() // 2, 0, box.height() + Space.S)


def reading_column(theme: Theme, room: int) -> int:
    """Width of the column that text is read in, for a panel that is `room` pixels wide."""
    sizes = theme.sizes
    widest = sizes.reading if room >= sizes.reading + 2 * Space.XXL else sizes.reading_narrow
    return max(min(widest, room - 2 * Space.L), 0)
