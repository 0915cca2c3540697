"""The editor that stands in a message's place while its text is changed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from slmdesk.messages import tr
from slmdesk.ui.theme import Line, Radius, Space
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.spacing import GUTTER
from slmdesk.ui.transcript.strip_views.view import StripView
from slmdesk.ui.transcript.strips import Strip
from slmdesk.ui.widgets.button import Button, ButtonKind
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.raw_text import raw_text
from slmdesk.ui.widgets.tooltip import set_tooltip

_SHARE_OF_ROOM = 0.6
_LEAST_LINES = 2
_MOST_LINES = 10
_ABOVE = Space.XS + Space.M


class EditorView(StripView):
    """A field with the message's text and the buttons to save or to leave it."""

    takes_mouse = True

    def __init__(self, page: Page, parent: QWidget) -> None:
        super().__init__(page, parent)
        theme = page.theme
        self.field = _Field(page)
        self.field.save_wanted.connect(self._save)
        self.field.cancel_wanted.connect(self._cancel)
        self.field.textChanged.connect(self._take_text)
        self.field.width_changed.connect(self._fit)
        self.field.focus_changed.connect(self.update)
        self.save = Button(theme, tr("Save"), ButtonKind.PRIMARY, small=True)
        self.save.clicked.connect(self._save)
        self.cancel = Button(theme, tr("Cancel"), small=True)
        self.cancel.clicked.connect(self._cancel)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addStretch(1)
        row.addWidget(self.cancel)
        row.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(GUTTER + Space.M, _ABOVE, GUTTER + Space.S, Space.S)
        column.setSpacing(Space.S)
        column.addWidget(self.field)
        column.addLayout(row)
        self._lines = 0

    def fill(self, strip: Strip) -> None:
        """Take over the text, the first time."""
        if self.field.edits is strip:
            return
        self.field.edits = strip
        # Of the strip that it showed before.
        self._lines = 0
        by_person = strip.message.by_person
        self.field.setAccessibleName(tr("Edit message") if by_person else tr("Edit answer"))
        self.save.setText(tr("Save and send") if by_person else tr("Save"))
        set_tooltip(self.save, tr("Send (Ctrl+Enter)") if by_person else tr("Ctrl+Enter"))
        self.field.setPlainText(self.page.unsaved.text_of(strip.message))
        self.field.moveCursor(self.field.textCursor().MoveOperation.End)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self._fit()

    def leave_strip(self) -> None:
        """Let the text go."""
        self.field.edits = None
        super().leave_strip()

    def stops(self) -> Sequence[QWidget]:
        """The field, then the buttons."""
        return (self.field, self.cancel, self.save)

    def hasHeightForWidth(self) -> bool:
        """It is as high as its text."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Room for the lines, up to a share of the transcript's height."""
        around = _ABOVE + 2 * Space.S
        return self.field.wanted_height() + self.page.theme.sizes.button_small + around

    def sizeHint(self) -> QSize:
        """As high as its text."""
        return QSize(self.width(), self.heightForWidth(self.width()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame, which shows where the keyboard is."""
        painter = QPainter(self)
        color = self.page.theme.color
        box = QRectF(self.rect()).adjusted(GUTTER, Space.XS, -GUTTER, 0)
        focused = self.field.hasFocus()
        line = Line.FOCUS if focused else Line.BORDER
        border = color("accent" if focused else "border_control")
        draw_box(painter, box, Radius.COMPOSER, color("surface"), border, line)

    def _take_text(self) -> None:
        text = self.field.text()
        self.save.setEnabled(bool(text.strip()))
        if self.strip is not None and self.strip is self.field.edits:
            self.page.unsaved.keep(self.strip.message, text)
        self._fit()

    def _fit(self) -> None:
        lines = self.field.wanted_height()
        if lines != self._lines:
            self._lines = lines
            if self.strip is not None:
                self.page.resized.emit(self.strip)

    def _save(self) -> None:
        if self.strip is not None and self.save.isEnabled():
            self.page.edited.emit(self.strip.message, self.field.text())

    def _cancel(self) -> None:
        if self.strip is not None:
            self.page.edit_cancelled.emit(self.strip.message)


class _Field(QPlainTextEdit):
    """Ctrl+Enter saves, Esc leaves."""

    save_wanted = Signal()
    cancel_wanted = Signal()
    width_changed = Signal()
    """The lines may be others."""
    focus_changed = Signal()

    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page
        self.edits: Strip | None = None
        """Whose text was taken over."""
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(page.lettering.reading)
        self.setTabChangesFocus(True)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page.lettering.changed.connect(lambda: self.setFont(page.lettering.reading))

    def text(self) -> str:
        """What is written, letter for letter."""
        return raw_text(self.document())

    def wanted_height(self) -> int:
        """Room for its lines, up to a share of the transcript's height."""
        line = math.ceil(QFontMetrics(self.font()).lineSpacing())
        share = int(self._page.room * _SHARE_OF_ROOM) // line
        most = max(min(share, _MOST_LINES), _LEAST_LINES) * line
        height, block = 0.0, self.document().begin()
        # Line by line: letters of other fonts are higher.
        while block.isValid() and height < most:
            height += self.document().documentLayout().blockBoundingRect(block).height()
            block = block.next()
        return max(_LEAST_LINES * line, min(most, math.ceil(height))) + Space.TINY

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lines are wrapped in the new width by now."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.width_changed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Save or leave; everything else is typing."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.save_wanted.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.cancel_wanted.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The frame around it shows the focus."""
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The frame around it shows the focus."""
        super().focusOutEvent(event)
        self.focus_changed.emit()
