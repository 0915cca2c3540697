"""What all widgets that show a strip have in common."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QPainter,
    QPaintEvent,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from slmdesk.ui.transcript.contents import Content
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.strips import Strip

INK_MATTERS = QTextFormat.Property.UserProperty.value + 1
"""Of the format of a mark: whether its letters have another colour than the text."""
# With more marks in one view than this, those whose ink is the text's own are only filled: Qt takes seconds.
_MANY_MARKS = 300


class StripView(QWidget):
    """Shows one strip at a time. As wide as the column and its two gutters, as high as the strip.

    The mouse passes through to the transcript, unless `takes_mouse`.
    """

    takes_mouse = False

    def __init__(self, page: Page, parent: QWidget) -> None:
        super().__init__(parent)
        self.page = page
        self.strip: Strip | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not self.takes_mouse)

    def show_strip(self, strip: Strip) -> None:
        """Show `strip`, or show it as it is now."""
        self.strip = strip
        strip.widget = self
        self.fill(strip)

    def fill(self, strip: Strip) -> None:
        """Take over what `strip` shows. The size is set already."""
        raise NotImplementedError

    def leave_strip(self) -> None:
        """Show nothing, to be used again."""
        if self.strip is not None and self.strip.widget is self:
            self.strip.widget = None
        self.strip = None

    def stops(self) -> Sequence[QWidget]:
        """What in it can take the keyboard, in order."""
        return ()

    def take_focus(self) -> None:
        """Give the keyboard to the first thing in it that takes it."""
        for stop in self.stops():
            if stop.isEnabled() and not stop.isHidden():
                stop.setFocus(Qt.FocusReason.OtherFocusReason)
                return

    @property
    def content(self) -> Content | None:
        """The text that is on screen; None: there is none. It may be older than what the strip says."""
        return None

    def text_corner(self) -> QPoint:
        """Where the strip's text begins."""
        return QPoint()

    def mark(self, marks: Sequence[tuple[QTextCursor, QTextCharFormat]]) -> None:
        """Set parts of `content` off: a selection, or what was found."""

    def set_pointer_near(self, near: bool) -> None:
        """Whether the pointer is over the message."""

    def enterEvent(self, event: QEnterEvent) -> None:
        """The transcript does not see the pointer while it is over this."""
        super().enterEvent(event)
        if self.strip is not None:
            self.page.entered.emit(self.strip.message)


class BodyView(StripView):
    """Shows a strip that is a text."""

    def __init__(self, page: Page, parent: QWidget) -> None:
        super().__init__(page, parent)
        self.body = TextBody(self)

    def leave_strip(self) -> None:
        """Let the text go."""
        self.body.show_nothing()
        super().leave_strip()

    @property
    def content(self) -> Content | None:
        """The text that is on screen."""
        return self.body.content

    def text_corner(self) -> QPoint:
        """Where the text begins, which may be left of what is seen."""
        return self.body.pos() - QPoint(self.body.horizontalScrollBar().value(), 0)

    def mark(self, marks: Sequence[tuple[QTextCursor, QTextCharFormat]]) -> None:
        """Set parts of the text off."""
        self.body.mark(marks)


class TextBody(QTextEdit):
    """Draws a content and lets a screen reader read it. Mouse and keys belong to the transcript."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setReadOnly(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._nothing = QTextDocument(self)
        self._marked = False
        self._fills: list[tuple[QRectF, QColor]] = []
        self.content: Content | None = None

    def show_content(self, content: Content) -> None:
        """Show `content`, which keeps the width that it has."""
        width = int(content.document.textWidth())
        if content is self.content:
            if width >= 0 and self.lineWrapColumnOrWidth() != width:
                self.setLineWrapColumnOrWidth(width)
            return
        self._unmark()
        wrap = content.option.wrapMode()
        # Before the document: what comes after it lays it out again. And not `WidgetWidth`: a hidden widget
        # is as wide as it was before, so the text would be laid out for that first.
        if wrap is wrap.NoWrap:
            self.setLineWrapMode(QTextEdit.LineWrapMode.NoWrap)
        else:
            self.setLineWrapMode(QTextEdit.LineWrapMode.FixedPixelWidth)
            self.setLineWrapColumnOrWidth(width)
        self.setWordWrapMode(wrap)
        self.setDocument(content.document)
        # Not before: the document of the one before must not go while it is shown.
        self.content = content

    def show_nothing(self) -> None:
        """Let the content go."""
        if self.content is not None:
            self._unmark()
            self.setDocument(self._nothing)
            self.content = None

    def mark(self, marks: Sequence[tuple[QTextCursor, QTextCharFormat]]) -> None:
        """Set parts of the text off."""
        if not marks and not self._marked:
            return
        selections = []
        self._fills = []
        for cursor, form in marks:
            if self.content is not None:
                color = form.background().color()
                self._fills += [(box, color) for box in self.content.line_boxes(cursor)]
            if len(marks) <= _MANY_MARKS or form.boolProperty(INK_MATTERS):
                selection = QTextEdit.ExtraSelection()
                selection.cursor, selection.format = cursor, form
                selections.append(selection)
        self.setExtraSelections(selections)
        self._marked = bool(marks)
        # Qt draws only the letters' own boxes again, which are lower than what is filled.
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Fill what is set off in the whole height of its lines; Qt fills only that of the letters."""
        if self._fills:
            painter = QPainter(self.viewport())
            painter.translate(-self.horizontalScrollBar().value(), 0)
            for box, color in self._fills:
                painter.fillRect(box, color)
            painter.end()
        super().paintEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """The fonts are the content's own."""
        if event.type() != QEvent.Type.FontChange:
            super().changeEvent(event)

    def _unmark(self) -> None:
        if self._marked:
            self.setExtraSelections([])
            self._marked = False
            self._fills = []
            self.viewport().update()
