"""The text of one message: selectable, as high as it is long, and cheap to append to."""

from __future__ import annotations

import math

from PySide6.QtCore import QMimeData, QRect, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QMouseEvent,
    QTextBlockFormat,
    QTextCursor,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from slmdesk.ui.theme import TextRole, Theme
from slmdesk.ui.widgets.focus import FocusRing

# A paragraph is laid out anew as a whole whenever it grows. Beyond this many characters, one that is still
# growing is divided where a line ends anyway, which nobody can see, and joined again when it is finished.
_LONGEST_GROWING_PARAGRAPH = 1500
_UNSETTLED_LINES = 2
# State of a text block that continues the paragraph of the block before it.
_CONTINUES = 1


class MessageText(QTextEdit):
    """Plain text in the reading size. Each paragraph runs in the direction of its own first letter.

    Has no scroll bar of its own: its height follows its text, and `cursor_moved` says which rectangle should
    be in view.
    """

    height_changed = Signal()
    cursor_moved = Signal(QRect)

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._divided = False
        # As it was given: a document keeps neither every character nor every kind of line end.
        self._pieces: list[str] = []
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAcceptRichText(False)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.setFont(theme.font(TextRole.READING))
        document = self.document()
        document.setDocumentMargin(0)
        document.setDefaultFont(theme.font(TextRole.READING))
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        document.setDefaultTextOption(option)
        self._block_format = QTextBlockFormat()
        self._block_format.setLineHeight(
            theme.line_height(TextRole.READING), QTextBlockFormat.LineHeightTypes.FixedHeight.value
        )
        self._line_height = theme.line_height(TextRole.READING)
        QTextCursor(document).setBlockFormat(self._block_format)
        self.focus_ring = FocusRing(theme, self)
        self.cursorPositionChanged.connect(self._say_cursor)

    def set_text(self, text: str) -> None:
        """Show `text` in place of what is there."""
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        self._pieces = [text]
        self._divided = False
        self._fit()

    def append(self, text: str) -> None:
        """Add `text` at the end. The cost does not grow with what is there already. Keeps a selection."""
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(text)
        self._pieces.append(text)
        self._divide_last_block()
        self._fit()

    def finish(self) -> None:
        """No more text will come: join what was divided."""
        if self._divided:
            self.set_text(self.plain_text())

    def plain_text(self) -> str:
        """The text as it was given, letter for letter."""
        return "".join(self._pieces)

    def set_width(self, width: int) -> None:
        """Lay the text out in `width` pixels."""
        self.setFixedWidth(width)
        self.document().setTextWidth(width)
        self._fit()

    def ideal_width(self, most: int) -> int:
        """The least width, up to `most`, in which the text needs no more lines than in `most`."""
        self.document().setTextWidth(most)
        return min(most, math.ceil(self.document().idealWidth()) + 1)

    def createMimeDataFromSelection(self) -> QMimeData:
        """What copying and dragging take: the text without the divisions."""
        cursor = self.textCursor()
        data = QMimeData()
        data.setText(self._joined(cursor.selectionStart(), cursor.selectionEnd()))
        return data

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave scrolling to the transcript."""
        event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Select, and let the transcript follow a pointer that leaves the view."""
        super().mouseMoveEvent(event)
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.cursor_moved.emit(QRect(event.position().toPoint(), event.position().toPoint()))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """One selection at a time: it goes when the keyboard goes elsewhere in the window."""
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            cursor = self.textCursor()
            cursor.clearSelection()
            self.setTextCursor(cursor)

    def _say_cursor(self) -> None:
        if self.hasFocus():
            self.cursor_moved.emit(self.cursorRect())

    def _fit(self) -> None:
        height = max(math.ceil(self.document().size().height()), self._line_height)
        if height != self.height():
            self.setFixedHeight(height)
            self.height_changed.emit()

    def _divide_last_block(self) -> None:
        block = self.document().lastBlock()
        lines = block.layout().lineCount()
        # The last lines may still change; without a finished line there is nowhere to divide.
        if block.length() <= _LONGEST_GROWING_PARAGRAPH or lines <= _UNSETTLED_LINES:
            return
        line = block.layout().lineAt(lines - 1 - _UNSETTLED_LINES)
        cursor = QTextCursor(self.document())
        cursor.setPosition(block.position() + line.textStart() + line.textLength())
        same = QTextBlockFormat(self._block_format)
        same.setLayoutDirection(block.textDirection())
        cursor.insertBlock(same)
        cursor.block().setUserState(_CONTINUES)
        self._divided = True

    def _joined(self, start: int, end: int) -> str:
        pieces: list[str] = []
        block = self.document().findBlock(start)
        while block.isValid() and block.position() <= end:
            text = block.text()
            first = max(start - block.position(), 0)
            # Qt counts in UTF-16 units, Python in code points.
            units = text.encode("utf-16-le", "surrogatepass")
            last = min(end - block.position(), block.length() - 1)
            if pieces and block.userState() != _CONTINUES:
                pieces.append("\n")
            pieces.append(units[2 * first : 2 * last].decode("utf-16-le", "surrogatepass"))
            block = block.next()
        return "".join(pieces).replace("\N{LINE SEPARATOR}", "\n")
