"""What stands above an answer: who wrote it and when, how long it was thought about, or why it is missing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QWidget

from slmdesk.messages import format_seconds, tr
from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Radius, Space, TextRole
from slmdesk.ui.transcript.measuring import fold_height
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.spacing import GUTTER
from slmdesk.ui.transcript.strip_views.view import StripView
from slmdesk.ui.transcript.strips import Strip
from slmdesk.ui.widgets.focus import FocusRing
from slmdesk.ui.widgets.labels import ElidedLabel, Icon, Label
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.tooltip import set_tooltip


class HeadView(StripView):
    """Where an answer was made, by which model, and when."""

    takes_mouse = True

    def __init__(self, page: Page, parent: QWidget) -> None:
        super().__init__(page, parent)
        theme = page.theme
        icon = Icon(theme, "laptop", theme.sizes.icon_badge)
        set_tooltip(icon, tr("Ran on this computer"))
        self.title = ElidedLabel(theme, "", TextRole.STRONG)
        self.time = Label(theme, color="text_secondary")
        row = QHBoxLayout(self)
        # At the right stand the actions of the person's message above.
        # A long name ends well before the end of the column.
        beside = theme.sizes.bubble // 3
        row.setContentsMargins(GUTTER, 0, GUTTER + beside, 0)
        row.setSpacing(Space.S)
        row.addWidget(icon)
        row.addWidget(self.title)
        row.addWidget(self.time)
        row.addStretch(1)

    def fill(self, strip: Strip) -> None:
        """Take over names and time."""
        message = strip.message
        self.title.set_text(message.model_title)
        when = datetime.fromtimestamp(message.created_at).astimezone()
        self.time.setText(when.strftime("%H:%M"))
        set_tooltip(self.time, when.strftime("%Y-%m-%d %H:%M"))


class FoldButton(QAbstractButton):
    """A small box that opens and closes what the model thought."""

    def __init__(self, page: Page, parent: QWidget) -> None:
        super().__init__(parent)
        self._page = page
        self.setCheckable(True)
        self.setFont(page.theme.font(TextRole.BASE))
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.focus_ring = FocusRing(page.theme, self)

    def sizeHint(self) -> QSize:
        """As wide as its words."""
        sizes = self._page.theme.sizes
        width = QFontMetrics(self.font()).horizontalAdvance(self.text())
        return QSize(width + sizes.icon_chevron + 3 * Space.M, fold_height(self._page))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box, the mark and the words."""
        painter = QPainter(self)
        theme = self._page.theme
        fill = theme.color("hover") if self.underMouse() else None
        draw_box(painter, QRectF(self.rect()), Radius.BUTTON, fill, theme.color("border"))
        icon = "chevron-down" if self.isChecked() else "chevron-right"
        ink, size = theme.color("text_secondary"), theme.sizes.icon_chevron
        draw_icon(painter, icon, QRectF(Space.M - Space.TINY, 0, size, self.height()), size, ink)
        painter.setPen(ink)
        painter.setFont(self.font())
        left = size + 2 * Space.M - Space.XS
        painter.drawText(
            QRectF(left, 0, self.width() - left, self.height()),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            self.text(),
        )


class FoldView(StripView):
    """How long the model thought; opens what it thought."""

    takes_mouse = True

    def __init__(self, page: Page, parent: QWidget) -> None:
        super().__init__(page, parent)
        self.button = FoldButton(page, self)
        self.button.clicked.connect(self._act)

    def fill(self, strip: Strip) -> None:
        """Take over the time."""
        message = strip.message
        if message.thinking_since:
            seconds = int(time.monotonic() - message.thinking_since)
            thinking = tr("Thinking for {time}").format(time=format_seconds(seconds))
            words = thinking if seconds else tr("Thinking")
        elif message.reasoning_seconds:
            words = tr("Thought for {time}").format(time=format_seconds(message.reasoning_seconds))
        else:
            words = tr("Reasoning")
        self.button.setText(words)
        self.button.setChecked(message.fold_open)
        size = self.button.sizeHint()
        self.button.setGeometry(GUTTER, Space.XS, min(size.width(), self.page.column), size.height())
        set_tooltip(
            self.button,
            tr("Hide what the model thought") if message.fold_open else tr("Show what it thought"),
        )

    def stops(self) -> Sequence[QWidget]:
        """The box."""
        return (self.button,)

    def _act(self) -> None:
        if self.strip is not None:
            self.page.acted.emit(self.strip.message, "fold")


class NoteView(StripView):
    """Stands where a message was that is lost."""

    def __init__(self, page: Page, parent: QWidget) -> None:
        super().__init__(page, parent)
        theme = page.theme
        icon = Icon(theme, "triangle-alert", theme.sizes.icon_badge, "caution")
        self.words = Label(theme, "", TextRole.BASE, "caution")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(GUTTER + Space.S, Space.XS, GUTTER, 0)
        self._row.setSpacing(Space.S)
        self._row.addWidget(icon)
        self._row.addWidget(self.words)
        self._row.addStretch(1)
        theme.changed.connect(self.update)

    def fill(self, strip: Strip) -> None:
        """Say whose message is missing."""
        by_person = strip.message.by_person
        self.words.setText(
            tr("Your message was damaged and could not be restored.")
            if by_person
            else tr("This answer was damaged and could not be restored.")
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a soft box behind the words."""
        painter = QPainter(self)
        right = self.words.geometry().right() + Space.S
        box = QRectF(GUTTER, Space.XS, right - GUTTER, self.height() - Space.XS)
        draw_box(painter, box, Radius.BADGE, self.page.theme.color("caution_soft"))
