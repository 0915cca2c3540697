"""The rows under messages: how an answer ended, actions, versions, and what it took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from slmdesk.messages import format_integer, tr
from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.transcript.figures import figures, figures_in_full, kept_figures
from slmdesk.ui.transcript.measuring import AFTER_ANSWER, FOOT_EDGE, foot_above
from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.spacing import GUTTER
from slmdesk.ui.transcript.strip_views.actions import ActionsView
from slmdesk.ui.transcript.strips import Strip
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.labels import Icon, Label
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.tooltip import set_tooltip

if TYPE_CHECKING:
    from slmdesk.engines import EndReason


class FootView(ActionsView):
    """Under an answer. Its height never changes while it is written, so nothing jumps."""

    def __init__(self, page: Page, parent: QWidget) -> None:
        super().__init__(page, parent)
        theme = page.theme
        self.copy.setAccessibleName(tr("Copy answer"))
        set_tooltip(self.copy, tr("Copy answer"))
        self.edit.setAccessibleName(tr("Edit answer"))
        set_tooltip(self.edit, tr("Edit answer"))
        self.again = self.make("refresh-cw", tr("Try again"), "again")
        self.go_on = self.make("play", tr("Continue the answer"), "continue")
        self.mark_of_end = EndMark(theme)
        self.kept = Label(theme, role=TextRole.SECONDARY, color="text_secondary")
        self.figures = Label(theme, role=TextRole.SECONDARY, color="text_secondary")
        self.continue_button = Button(theme, tr("Continue the answer"), small=True)
        self.continue_button.clicked.connect(lambda: self._act("continue"))
        self.again_button = Button(theme, tr("Try again"), small=True)
        self.again_button.clicked.connect(lambda: self._act("again"))
        self.hint = Label(theme, role=TextRole.SECONDARY, color="text_secondary")
        row = QHBoxLayout()
        row.setSpacing(Space.TINY)
        for widget in (
            *(self.mark_of_end, self.kept, self.copy, self.again, self.edit, self.go_on),
            *(self.previous, self.version, self.next),
        ):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.figures)
        self._ways_on = QWidget()
        ways_on = QHBoxLayout(self._ways_on)
        ways_on.setContentsMargins(0, 0, 0, 0)
        ways_on.setSpacing(Space.S)
        ways_on.addWidget(self.continue_button)
        ways_on.addWidget(self.again_button)
        row.addWidget(self._ways_on)
        column = QVBoxLayout(self)
        # It begins in the gutter, so that icons, not the boxes around them, stand in line with the text.
        column.setSpacing(Space.S)
        column.addLayout(row)
        column.addWidget(self.hint)
        self.hint.setContentsMargins(GUTTER, 0, 0, 0)
        self._row, self._column = row, column

    def fading(self) -> Sequence[Button]:
        """All but the versions."""
        return (self.copy, self.again, self.edit, self.go_on)

    def stops(self) -> Sequence[QWidget]:
        """The actions, then the buttons."""
        return (
            *(self.copy, self.again, self.edit, self.go_on, self.previous, self.next),
            *(self.continue_button, self.again_button),
        )

    def fill(self, strip: Strip) -> None:
        """Take over how the answer ended, what can be done, and what it took."""
        message, page = strip.message, self.page
        idle, said = not message.writing and not message.editing, bool(message.source)
        self._column.setContentsMargins(0, foot_above(strip) + FOOT_EDGE, GUTTER, AFTER_ANSWER + FOOT_EDGE)
        broken_off = message.last and message.cut_off
        self.copy.setEnabled(idle and said)
        self.edit.setVisible(message.answered and message.state != "lost")
        self.edit.setEnabled(idle and said)
        self.again.setVisible(message.last and not broken_off)
        self.again.setEnabled(idle)
        self.go_on.setVisible(message.last and idle and said and message.may_go_on and not broken_off)
        self.go_on.setEnabled(page.can_continue)
        self.fill_versions(message)
        self.mark_of_end.show_end(message)
        self._ways_on.setVisible(broken_off)
        for button in (self.continue_button, self.again_button):
            button.setEnabled(page.can_continue)
        why_not = "" if page.can_continue else page.cannot_continue
        self.hint.setText(why_not)
        self.hint.setVisible(broken_off and bool(why_not))
        self._fill_figures(message, broken_off)
        self.show_actions()

    def _fill_figures(self, message: Message, broken_off: bool) -> None:
        stats = message.stats if self.page.show_figures and message.state != "lost" else None
        kept = kept_figures(stats) if stats is not None and broken_off else ""
        self.kept.setText(kept)
        self.kept.setVisible(bool(kept))
        self.kept.setContentsMargins(Space.S, 0, Space.XS, 0)
        choices = figures(stats) if stats is not None and not broken_off else []
        self.figures.setVisible(bool(choices))
        if stats is None:
            return
        set_tooltip(self.kept, figures_in_full(stats))
        set_tooltip(self.figures, figures_in_full(stats))
        if choices:
            # Everything else keeps its place; figures that have no room are left out.
            others = (self.mark_of_end, *self.stops()[:6], self.version)
            taken = sum(one.sizeHint().width() + Space.TINY for one in others if not one.isHidden())
            room = self.page.column + GUTTER - taken - Space.L
            metrics = QFontMetrics(self.figures.font())
            fitting = [one for one in choices if metrics.horizontalAdvance(one) <= room]
            self.figures.setText(fitting[0] if fitting else "")


class PersonFootView(ActionsView):
    """Under a message of the person, at the right, in the room that is between messages anyway."""

    def __init__(self, page: Page, parent: QWidget) -> None:
        super().__init__(page, parent)
        self.copy.setAccessibleName(tr("Copy message"))
        set_tooltip(self.copy, tr("Copy message"))
        self.edit.setAccessibleName(tr("Edit message"))
        set_tooltip(self.edit, tr("Edit message"))
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.XS, Space.TINY, 0, Space.TINY)
        row.setSpacing(Space.TINY)
        for widget in (self.copy, self.edit, self.previous, self.version, self.next):
            row.addWidget(widget)

    def stops(self) -> Sequence[QWidget]:
        """The actions."""
        return (self.copy, self.edit, self.previous, self.next)

    def fill(self, strip: Strip) -> None:
        """Take over what can be done."""
        message = strip.message
        lost = message.state == "lost"
        self.copy.setVisible(not lost)
        self.edit.setVisible(not lost)
        self.fill_versions(message)
        self.show_actions()


class EndMark(QWidget):
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
        """What it says; empty: nothing is shown."""
        return self._label.text() if not self.isHidden() else ""

    def show_end(self, message: Message) -> None:
        """Mark an answer that ended early; show nothing for any other."""
        icon, words, ink, fill = _mark_of(message)
        self.setVisible(bool(words))
        if words:
            self._fill = fill
            self._icon.set_icon(icon, ink)
            self._label.set_ink(ink)
            self._label.setText(words)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box."""
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        box = QRectF(self.rect()).adjusted(GUTTER, 0, 0, 0)
        draw_box(painter, box, Radius.BADGE, self._theme.color(self._fill))


_NO_MARK = ("", "", "", "")


def _mark_of(message: Message) -> tuple[str, str, str, str]:
    """Icon, words, ink and fill."""
    reason: EndReason | None = message.end.reason if message.end is not None else message.end_reason
    if message.writing or message.state == "lost":
        return _NO_MARK
    if not message.answered or (message.state == "failed" and not message.source):
        return "circle-stop", tr("Not answered"), "text_secondary", "hover"
    if message.state == "failed":
        return "circle-dot", tr("Stopped here"), "negative", "negative_soft"
    if reason == "length":
        return "triangle-alert", tr("Length limit reached"), "caution", "caution_soft"
    if reason == "context_full":
        words = tr("Context full")
        if message.end is not None and message.end.context_length:
            words = tr("Context full: {tokens} tokens").format(
                tokens=format_integer(message.end.context_length)
            )
        return "triangle-alert", words, "caution", "caution_soft"
    if message.state == "stopped":
        return "circle-stop", tr("Stopped"), "text_secondary", "hover"
    return _NO_MARK
