"""The text of one strip, laid out: what is drawn, where a point lies in it, and where a link leads."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt, QUrl
from PySide6.QtGui import QImage, QTextBlockFormat, QTextCursor, QTextDocument, QTextLine, QTextOption

from slmdesk.ui.transcript.lettering import Lettering

_WRAP = QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere
_NO_WRAP = QTextOption.WrapMode.NoWrap


class SafeDocument(QTextDocument):
    """A document that never reads a file and never asks the network, whatever its text is."""

    def __init__(self) -> None:
        super().__init__()
        self.setUndoRedoEnabled(False)
        self.setDocumentMargin(0)

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """Nothing. An empty answer would let Qt look for a file."""
        image = QImage(1, 1, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        return image


class Content:
    """A document and how it is laid out. Places in it are UTF-16 units from the strip's beginning."""

    shift = 0
    """Pixels the letters stand lower than in the middle of their line."""

    def __init__(self, lettering: Lettering) -> None:
        self.lettering = lettering
        self.document = SafeDocument()
        self.direction = Qt.LayoutDirection.LeftToRight
        self.option = QTextOption()
        self.option.setWrapMode(_WRAP)

    @property
    def height(self) -> int:
        """Pixels."""
        return math.ceil(self.document.size().height())

    @property
    def ideal_width(self) -> int:
        """The least width in which the text needs no more lines than it has."""
        return math.ceil(self.document.idealWidth())

    @property
    def units(self) -> int:
        """UTF-16 units of its text."""
        return self.document.characterCount() - 1

    def set_width(self, width: int) -> None:
        """Lay out in `width` pixels. Does nothing where it is laid out so."""
        if self.document.textWidth() != width:
            self.document.setTextWidth(width)

    def set_wrap(self, wrap: bool) -> None:
        """Whether lines that are too long are wrapped."""
        mode = _WRAP if wrap else _NO_WRAP
        if self.option.wrapMode() != mode:
            self.option.setWrapMode(mode)
            self.document.setDefaultTextOption(self.option)

    def unit_at(self, point: QPointF) -> int:
        """The place nearest to a point."""
        return self.document.documentLayout().hitTest(point, Qt.HitTestAccuracy.FuzzyHit)

    def link_at(self, point: QPointF) -> str:
        """Where the link under a point leads; empty: there is none."""
        return self.document.documentLayout().anchorAt(point)

    def word_at(self, unit: int) -> tuple[int, int]:
        """Where the word around a place begins and ends."""
        cursor = QTextCursor(self.document)
        cursor.setPosition(min(unit, self.document.characterCount() - 1))
        cursor.select(QTextCursor.SelectionType.WordUnderCursor)
        return cursor.selectionStart(), cursor.selectionEnd()

    def paragraph_at(self, unit: int) -> tuple[int, int]:
        """Where the paragraph, or the line of code, around a place begins and ends."""
        block = self.document.findBlock(min(unit, self.document.characterCount() - 1))
        return block.position(), block.position() + block.length() - 1

    def cursors(self, start: int, end: int) -> list[QTextCursor]:
        """Cursors that select what lies between two places."""
        last = self.document.characterCount() - 1
        cursor = QTextCursor(self.document)
        cursor.setPosition(min(max(start, 0), last))
        cursor.setPosition(min(max(end, 0), last), QTextCursor.MoveMode.KeepAnchor)
        return [cursor]

    def rect_of(self, unit: int) -> QRectF:
        """Where the letter at a place stands."""
        block = self.document.findBlock(min(max(unit, 0), self.document.characterCount() - 1))
        line = block.layout().lineForTextPosition(unit - block.position())
        box = self.document.documentLayout().blockBoundingRect(block)
        if not line.isValid():
            return box
        return QRectF(
            box.left() + _x_of(line, unit - block.position()), box.top() + line.y(), 1, line.height()
        )

    def line_boxes(self, cursor: QTextCursor) -> list[QRectF]:
        """The parts of lines that `cursor` selects, each in the whole height of its line."""
        boxes = []
        start, end = cursor.selectionStart(), cursor.selectionEnd()
        block = self.document.findBlock(start)
        while block.isValid() and block.position() < end:
            corner = self.document.documentLayout().blockBoundingRect(block).topLeft()
            fixed = block.blockFormat().lineHeight()
            layout, begin = block.layout(), block.position()
            line = layout.lineForTextPosition(max(start - begin, 0))
            for number in range(max(line.lineNumber(), 0) if line.isValid() else 0, layout.lineCount()):
                line = layout.lineAt(number)
                if line.textStart() >= end - begin:
                    break
                first = max(start - begin, line.textStart())
                last = min(end - begin, line.textStart() + line.textLength())
                if first < last:
                    left, right = sorted((_x_of(line, first), _x_of(line, last)))
                    bottom = corner.y() + line.y() + line.height()
                    boxes.append(QRectF(corner.x() + left, bottom - fixed, right - left, fixed))
            block = block.next()
        return boxes

    def _line_format(self, pixels: int) -> QTextBlockFormat:
        form = QTextBlockFormat()
        form.setLineHeight(pixels, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        return form


def _x_of(line: QTextLine, position: int) -> float:
    """Where the letter at a position of a block stands in its line."""
    x = line.cursorToX(position)
    # With the position, which may have been moved into the line; the type stub knows another form.
    return float(x[0]) if isinstance(x, tuple) else 0.0
