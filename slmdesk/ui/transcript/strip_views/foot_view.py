"""The rows under messages: how an answer ended, actions, versions, and what it took."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from slmdesk.messages import tr
from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.transcript.end_marks import mark_of
from slmdesk.ui.transcript.figures import figures, figures_in_full
from slmdesk.ui.transcript.foot_plan import MARK_START, FootPlan, plan_foot
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

# A mark, actions, versions, and buttons, each in a line of its own.
_MOST_ROWS = 4


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
        self._end = _group(Space.TINY, self.mark_of_end, self.kept)
        self._actions = _group(Space.TINY, self.copy, self.again, self.edit, self.go_on)
        self._versions = _group(Space.TINY, self.previous, self.version, self.next)
        self._ways_on = _group(Space.S, self.continue_button, self.again_button)
        self._rows = [QHBoxLayout() for _ in range(_MOST_ROWS)]
        column = QVBoxLayout(self)
        # It begins in the gutter, so that icons, not the boxes around them, stand in line with the text.
        column.setSpacing(Space.S)
        for row in self._rows:
            row.setSpacing(Space.TINY)
            column.addLayout(row)
        column.addWidget(self.hint)
        self.hint.setContentsMargins(GUTTER, 0, 0, 0)
        self._column = column
        self._placed: tuple[int, int, int, bool] | None = None

    def fading(self) -> Sequence[Button]:
        """All but the versions."""
        return (self.copy, self.again, self.edit, self.go_on)

    def stops(self) -> Sequence[QWidget]:
        """The versions, the actions, then the buttons."""
        return (
            *(self.previous, self.next, self.copy, self.again, self.edit, self.go_on),
            *(self.continue_button, self.again_button),
        )

    def fill(self, strip: Strip) -> None:
        """Take over how the answer ended, what can be done, and what it took."""
        message, page = strip.message, self.page
        idle, said = not message.writing and not message.editing, bool(message.source)
        self._column.setContentsMargins(0, foot_above(strip) + FOOT_EDGE, GUTTER, AFTER_ANSWER + FOOT_EDGE)
        plan = plan_foot(message, page)
        self._place(plan)
        self.copy.setEnabled(idle and said)
        self.edit.setVisible("edit" in plan.actions)
        self.edit.setEnabled(idle and said)
        self.again.setVisible("again" in plan.actions)
        self.again.setEnabled(idle)
        self.go_on.setVisible("continue" in plan.actions)
        self.go_on.setEnabled(page.can_continue)
        self.fill_versions(message)
        self.mark_of_end.show_end(message)
        self._end.setVisible(bool(self.mark_of_end.words))
        self._versions.setVisible(message.versions > 1)
        self._ways_on.setVisible(plan.ways_on)
        for button in (self.continue_button, self.again_button):
            button.setEnabled(page.can_continue)
        why_not = "" if page.can_continue else page.cannot_continue
        self.hint.setText(why_not)
        self.hint.setVisible(plan.ways_on and bool(why_not))
        self._fill_figures(message, plan)
        self.show_actions()

    def _place(self, plan: FootPlan) -> None:
        """Put everything into its line."""
        places = (plan.actions_line, plan.versions_line, plan.ways_on_line, plan.stacked)
        if places == self._placed:
            return
        self._placed = places
        for row in self._rows:
            while row.takeAt(0) is not None:
                pass
        self._rows[0].addWidget(self._end)
        # Versions first: they are seen while the actions are not.
        self._rows[plan.versions_line].addWidget(self._versions)
        self._rows[plan.actions_line].addWidget(self._actions)
        for row in self._rows[: plan.versions_line + 1]:
            row.addStretch(1)
        self._rows[plan.versions_line].addWidget(self.figures)
        ways_on = self._rows[plan.ways_on_line]
        if plan.ways_on_line > plan.versions_line:
            ways_on.addSpacing(GUTTER)
            ways_on.addWidget(self._ways_on)
            ways_on.addStretch(1)
        else:
            ways_on.addWidget(self._ways_on)
        inner = self._ways_on.layout()
        assert isinstance(inner, QBoxLayout)
        direction = QBoxLayout.Direction
        inner.setDirection(direction.TopToBottom if plan.stacked else direction.LeftToRight)

    def _fill_figures(self, message: Message, plan: FootPlan) -> None:
        stats = message.stats if self.page.show_figures and message.state != "lost" else None
        self.kept.setText(plan.kept)
        self.kept.setVisible(bool(plan.kept))
        self.kept.setContentsMargins(Space.S, 0, Space.XS, 0)
        choices = figures(stats) if stats is not None and not plan.ways_on else []
        self.figures.setVisible(bool(choices))
        if stats is None:
            return
        set_tooltip(self.kept, figures_in_full(stats))
        set_tooltip(self.figures, figures_in_full(stats))
        if choices:
            # Everything else keeps its place; figures that have no room are left out.
            groups = (
                (self._end, 0),
                (self._actions, plan.actions_line),
                (self._versions, plan.versions_line),
            )
            others = [group for group, line in groups if line == plan.versions_line]
            taken = sum(one.sizeHint().width() + Space.TINY for one in others if not one.isHidden())
            room = self.page.column + GUTTER - taken - Space.L
            metrics = QFontMetrics(self.figures.font())
            fitting = [one for one in choices if metrics.horizontalAdvance(one) <= room]
            self.figures.setText(fitting[0] if fitting else "")


def _group(gap: int, *widgets: QWidget) -> QWidget:
    """Widgets that stay together."""
    group = QWidget()
    row = QHBoxLayout(group)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(gap)
    for widget in widgets:
        row.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft)
    return group


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
        row.setContentsMargins(MARK_START, 0, Space.S, 0)
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
        icon, words, ink, fill = mark_of(message)
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
