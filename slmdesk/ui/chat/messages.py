"""The messages of a transcript: the person's bubble, and an answer with its head and its row of figures."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QEnterEvent, QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget

from slmdesk.messages import format_integer, format_number, format_seconds, tr, tr_n
from slmdesk.ui.chat.message_text import MessageText
from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.labels import ElidedLabel, Icon, Label
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.tooltip import set_tooltip

if TYPE_CHECKING:
    from slmdesk.chat import MessageState
    from slmdesk.engines import End, EndReason, Stats

GUTTER = Space.S
"""Free pixels left and right of a message's column, for focus rings and the boxes around action icons."""
_BUBBLE_SIDE = Space.M + Space.TINY
# Extra line height stands above the letters, so the same room looks larger there.
_BUBBLE_TOP = Space.S
_BUBBLE_BOTTOM = Space.S + Space.TINY


class MessageView(QWidget):
    """One message in the column of the transcript, which sets its width and puts it in its place."""

    height_changed = Signal()
    cursor_moved = Signal(QRect)
    """A rectangle of this widget that should be in view."""

    def __init__(self, theme: Theme, text: MessageText) -> None:
        super().__init__()
        self.theme = theme
        self.text = text
        text.setParent(self)
        text.height_changed.connect(self.arrange)
        text.cursor_moved.connect(self._pass_cursor_on)

    def set_column(self, width: int) -> None:
        """Lay out in a column of `width` pixels; the widget is wider by a `GUTTER` at each side."""
        raise NotImplementedError

    def arrange(self) -> None:
        """Put the parts in their places and take the height they need."""
        raise NotImplementedError

    def _pass_cursor_on(self, box: QRect) -> None:
        self.cursor_moved.emit(QRect(self.text.mapTo(self, box.topLeft()), box.size()))


class PersonMessage(MessageView):
    """What the person said, in a soft bubble at the right."""

    def __init__(self, theme: Theme, text: str) -> None:
        super().__init__(theme, MessageText(theme, tr("Your message")))
        self.text.set_text(text)
        theme.changed.connect(self.update)

    def set_column(self, width: int) -> None:
        """As wide as the text needs, and no wider than a bubble may be."""
        self.setFixedWidth(width + 2 * GUTTER)
        most = min(self.theme.sizes.bubble, width) - 2 * _BUBBLE_SIDE
        self.text.set_width(self.text.ideal_width(most))
        self.arrange()

    def arrange(self) -> None:
        """At the right edge."""
        self.text.move(self.width() - GUTTER - self.text.width() - _BUBBLE_SIDE, _BUBBLE_TOP)
        self.setFixedHeight(self.text.height() + _BUBBLE_TOP + _BUBBLE_BOTTOM)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bubble."""
        painter = QPainter(self)
        box = QRectF(self.text.geometry()).adjusted(-_BUBBLE_SIDE, -_BUBBLE_TOP, _BUBBLE_SIDE, _BUBBLE_BOTTOM)
        draw_box(painter, box, Radius.BUBBLE, self.theme.color("bubble"))


class AnswerMessage(MessageView):
    """What a model said: who and when, the text, and a row that is always there for actions and figures."""

    def __init__(self, theme: Theme, model_title: str, created_at: float) -> None:
        super().__init__(theme, MessageText(theme, tr("Answer")))
        self.head = _Head(theme, model_title, created_at, self)
        self.foot = AnswerFoot(theme, self)
        self.foot.copy.clicked.connect(self._copy)
        self.setMouseTracking(True)

    def set_column(self, width: int) -> None:
        """The text takes the whole column."""
        self.setFixedWidth(width + 2 * GUTTER)
        self.head.setFixedWidth(width)
        self.foot.set_width(width)
        self.text.set_width(width)
        self.arrange()

    def arrange(self) -> None:
        """Head, text, foot."""
        if self.head.isHidden():
            self.text.hide()
            self.foot.move(0, 0)
            self.setFixedHeight(self.foot.height())
            return
        self.head.move(GUTTER, 0)
        self.text.move(GUTTER, self.head.height() + Space.XS)
        words_end = self.head.height() if self.text.isHidden() else self.text.y() + self.text.height()
        self.foot.move(0, words_end + Space.S)
        if self.foot.y() + self.foot.height() != self.height():
            self.setFixedHeight(self.foot.y() + self.foot.height())
            self.height_changed.emit()

    def finish(self) -> None:
        """No more text will come. Without a word, only head and foot are left."""
        self.text.finish()
        anything = bool(self.text.plain_text())
        self.text.setVisible(anything)
        self.foot.set_finished(anything)
        self.arrange()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show the actions."""
        super().enterEvent(event)
        self.foot.set_pointer_near(True)

    def leaveEvent(self, event: QEvent) -> None:
        """Hide the actions, unless one has the keyboard."""
        super().leaveEvent(event)
        self.foot.set_pointer_near(False)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.plain_text())
        self.foot.say_copied()


class _Head(QWidget):
    """Where it runs, which model, and when."""

    def __init__(self, theme: Theme, model_title: str, created_at: float, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        icon = Icon(theme, "laptop", theme.sizes.icon_badge)
        set_tooltip(icon, tr("Ran on this computer"))
        row.addWidget(icon)
        self.title = ElidedLabel(theme, model_title, TextRole.STRONG)
        row.addWidget(self.title)
        if not model_title:
            # Nobody has answered yet.
            self.hide()
        when = datetime.fromtimestamp(created_at).astimezone()
        row.addWidget(Label(theme, when.strftime("%H:%M"), color="text_secondary"))
        row.addStretch(1)
        self.setFixedHeight(theme.line_height(TextRole.TITLE))


class AnswerFoot(QWidget):
    """A mark where the answer ended early, actions that show on hover and focus, and figures at the right.

    Its height never changes, so nothing jumps.
    """

    again_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._near = False
        self._stats: Stats | None = None
        self._last = False
        self.setFixedHeight(theme.sizes.stats_row + 2 * Space.XS)
        self.copy = Button(theme, icon="copy", name=tr("Copy answer"))
        self.again = Button(theme, icon="refresh-cw", name=tr("Try again"))
        self.again.clicked.connect(self.again_wanted)
        self.mark = _Mark(theme)
        self.mark.hide()
        self.figures = Label(theme, role=TextRole.SECONDARY, color="text_secondary")
        self.figures.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        # It begins in the gutter, so that icons, not the boxes around them, stand in line with the text.
        row.setContentsMargins(0, 0, GUTTER, 0)
        row.setSpacing(Space.TINY)
        row.addWidget(self.mark)
        row.addWidget(self.copy)
        row.addWidget(self.again)
        row.addStretch(1)
        row.addWidget(self.figures)
        for button in (self.copy, self.again):
            button.installEventFilter(self)
        self._show_actions()

    def set_width(self, width: int) -> None:
        """Take a column of `width` and its gutters, and leave out figures that have no room."""
        self.setFixedWidth(width + 2 * GUTTER)
        self._say_figures()

    def set_pointer_near(self, near: bool) -> None:
        """Whether the pointer is over the answer."""
        self._near = near
        self._show_actions()

    def set_last(self, last: bool) -> None:
        """Only the last answer of a conversation can be tried again."""
        self._last = last
        self.again.setVisible(last)

    def set_writing(self) -> None:
        """There is nothing to copy or to try again while the answer is still coming."""
        self.copy.setEnabled(False)
        self.again.setEnabled(False)

    def set_finished(self, anything: bool) -> None:
        """The answer is over; `anything`: there is something to copy."""
        self.copy.setEnabled(anything)
        self.again.setEnabled(True)

    def set_unanswered(self) -> None:
        """No answer came at all."""
        self.set_finished(False)
        self.mark.say("circle-stop", tr("Not answered"), "text_secondary", "hover")

    def set_stats(self, stats: Stats) -> None:
        """Show what the answer took."""
        self._stats = stats
        self._say_figures()

    def set_end(self, end: End) -> None:
        """Mark an answer that a person or a limit ended."""
        self.set_state("failed" if end.reason == "error" else "stopped", end.reason)
        if end.reason == "context_full" and end.context_length:
            text = tr("Context full: {tokens} tokens").format(tokens=format_integer(end.context_length))
            self.mark.say("triangle-alert", text, "caution", "caution_soft")

    def set_state(self, state: MessageState, reason: EndReason | None) -> None:
        """Mark a stored answer by how it ended."""
        if state == "failed":
            self.mark.say("circle-stop", tr("Stopped here"), "negative", "negative_soft")
        elif state == "stopped" and reason in (None, "cancelled"):
            self.mark.say("circle-stop", tr("Stopped"), "text_secondary", "hover")
        elif reason == "length":
            self.mark.say("triangle-alert", tr("Length limit reached"), "caution", "caution_soft")
        elif reason == "context_full":
            self.mark.say("triangle-alert", tr("Context full"), "caution", "caution_soft")

    def say_copied(self) -> None:
        """Tell that the copy is made, where the button is."""
        self.copy.set_icon("check")
        set_tooltip(self.copy, tr("Copied"))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the keyboard in and out of the actions."""
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._show_actions()
        return False

    def _show_actions(self) -> None:
        shown = self._near or QApplication.focusWidget() in (self.copy, self.again)
        for button in (self.copy, self.again):
            button.set_faint(not shown)
        if not shown:
            self.copy.set_icon("copy")
            set_tooltip(self.copy, self.copy.accessibleName())

    def _say_figures(self) -> None:
        stats = self._stats
        if stats is None or not stats.generated_tokens:
            # Nothing was measured, and nothing is claimed.
            return
        count = stats.generated_tokens
        parts = [tr_n("{count} token", "{count} tokens", count).format(count=format_integer(count))]
        if stats.tokens_per_second:
            parts.append(tr("{rate} tok/s").format(rate=format_number(stats.tokens_per_second)))
        parts.append(tr("first word after {time}").format(time=format_seconds(stats.time_to_first_token_s)))
        if stats.tokens_per_second and self.width() >= self._theme.sizes.reading:
            whole = stats.time_to_first_token_s + max(count - 1, 0) / stats.tokens_per_second
            parts.append(tr("{time} in all").format(time=format_seconds(whole)))
        self.figures.setText(" · ".join(parts))
        evaluated = stats.prompt_tokens - stats.reused_tokens
        lines = (
            tr("Token generation: {rate} tok/s").format(rate=format_number(stats.tokens_per_second)),
            tr("Prompt processing: {count} tokens at {rate} tok/s, {reused} reused").format(
                count=format_integer(evaluated),
                rate=format_number(stats.prompt_tokens_per_second),
                reused=format_integer(stats.reused_tokens),
            ),
            tr("Time to first token: {time}").format(time=format_seconds(stats.time_to_first_token_s)),
        )
        set_tooltip(self.figures, "\n".join(lines))


class _Mark(QWidget):
    """A word and an icon in a soft box: state never by colour alone."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._fill = "hover"
        row = QHBoxLayout(self)
        row.setContentsMargins(GUTTER + Space.XS + Space.TINY, 0, Space.S, 0)
        row.setSpacing(Space.XS)
        self._icon = Icon(theme, "circle-stop", theme.sizes.icon_badge)
        self._label = Label(theme, role=TextRole.SECONDARY)
        row.addWidget(self._icon)
        row.addWidget(self._label)
        self.setFixedHeight(theme.sizes.badge)
        theme.changed.connect(self.update)

    @property
    def words(self) -> str:
        """What it says."""
        return self._label.text()

    def say(self, icon: str, words: str, ink: str, fill: str) -> None:
        """Show an icon and words in one ink on a soft fill."""
        self._fill = fill
        self._icon.set_icon(icon, ink)
        self._label.set_ink(ink)
        self._label.setText(words)
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = QRectF(self.rect()).adjusted(GUTTER, 0, 0, 0)
        draw_box(painter, box, Radius.BADGE, self._theme.color(self._fill))
