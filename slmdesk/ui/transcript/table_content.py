"""Rows of a table, laid out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QFont,
    QTextCharFormat,
    QTextCursor,
    QTextLength,
    QTextTable,
    QTextTableFormat,
)

from slmdesk.ui.transcript.contents import Content
from slmdesk.ui.transcript.lettering import Lettering
from slmdesk.ui.transcript.links import allowed_link
from slmdesk.ui.transcript.markdown import Cell, Span, plain_text
from slmdesk.ui.transcript.strips import count_units
from slmdesk.ui.transcript.table_state import CELL_PADDING

_ALIGN = {
    "left": Qt.AlignmentFlag.AlignLeft,
    "center": Qt.AlignmentFlag.AlignHCenter,
    "right": Qt.AlignmentFlag.AlignRight,
}
_LINE_BREAK = "\N{LINE SEPARATOR}"
Row = Sequence[Cell]


class TableContent(Content):
    """Some rows of a table. Rows that are there already stay when more come."""

    def __init__(self, lettering: Lettering, columns: int, aligns: Sequence[str]) -> None:
        super().__init__(lettering)
        self._aligns = aligns
        self._columns = columns
        self._widths: list[int] = []
        self._rows: list[tuple[bool, Row]] = []
        self._ends: list[int] = []
        """Of each cell, in reading order: units up to and with the tab or line break after it."""
        self.document.setDefaultFont(lettering.base)
        self.document.setDefaultTextOption(self.option)
        self._table: QTextTable | None = None

    def show(self, rows: Sequence[tuple[bool, Row]], widths: list[int]) -> None:
        """Show `rows`, each with whether it is the header, in columns of these widths."""
        if self._table is not None and widths == self._widths and list(rows) == self._rows:
            return
        cursor = QTextCursor(self.document)
        cursor.beginEditBlock()
        if self._table is None:
            self._table = cursor.insertTable(len(rows), self._columns, self._form(widths))
        elif widths != self._widths:
            self._table.setFormat(self._form(widths))
        self._widths = widths
        table = self._table
        if len(rows) > table.rows():
            table.appendRows(len(rows) - table.rows())
        elif len(rows) < table.rows():
            table.removeRows(len(rows), table.rows() - len(rows))
        for number, row in enumerate(rows):
            if number >= len(self._rows) or self._rows[number] != row:
                for column in range(self._columns):
                    self._fill(number, column, row)
        cursor.endEditBlock()
        self._rows = list(rows)
        self._ends, units = [], 0
        for _, cells in rows:
            for cell in cells:
                units += count_units(plain_text(cell.spans)) + 1
                self._ends.append(units)

    def row_tops(self) -> list[float]:
        """Where each row begins."""
        if self._table is None:
            return []
        layout = self.document.documentLayout()
        tops = []
        for number in range(self._table.rows()):
            block = self._table.cellAt(number, 0).firstCursorPosition().block()
            tops.append(layout.blockBoundingRect(block).top() - CELL_PADDING)
        return tops

    def unit_at(self, point: QPointF) -> int:
        """The place nearest to a point."""
        table = self._table
        if table is None:
            return 0
        # The space beside a text belongs to its cell, not to whatever letter is nearest.
        tops = self.row_tops()
        row = max(bisect_right(tops, point.y()) - 1, 0)
        column, left = 0, 0
        while column < self._columns - 1 and point.x() >= left + self._widths[column]:
            left += self._widths[column]
            column += 1
        cell = table.cellAt(row, column)
        first, last = cell.firstPosition(), cell.lastPosition()
        position = min(max(super().unit_at(point), first), last)
        return self._start_of(row * self._columns + column) + position - first

    def word_at(self, unit: int) -> tuple[int, int]:
        """Where the word around a place begins and ends."""
        cell, first, start = self._cell_of(unit)
        begin, end = super().word_at(first + unit - start)
        length = self._ends[cell] - 1 - start if self._ends else 0
        return start + max(begin - first, 0), start + min(end - first, length)

    def paragraph_at(self, unit: int) -> tuple[int, int]:
        """Where the text of the cell around a place begins and ends."""
        cell, _, start = self._cell_of(unit)
        return start, self._ends[cell] - 1 if self._ends else start

    @property
    def units(self) -> int:
        """UTF-16 units of its text."""
        return self._ends[-1] - 1 if self._ends else 0

    def cursors(self, start: int, end: int) -> list[QTextCursor]:
        """Cursors that select what lies between two places, one for each cell."""
        if self._table is None or not self._ends:
            return []
        found = []
        cell = min(bisect_right(self._ends, start), len(self._ends) - 1)
        while cell < len(self._ends) and self._start_of(cell) < end:
            begin, last = self._start_of(cell), self._ends[cell] - 1
            first = self._first_position(cell)
            cursor = QTextCursor(self.document)
            cursor.setPosition(first + max(start - begin, 0))
            cursor.setPosition(first + min(end, last) - begin, QTextCursor.MoveMode.KeepAnchor)
            found.append(cursor)
            cell += 1
        return found

    def rect_of(self, unit: int) -> QRectF:
        """Where the letter at a place stands."""
        _, first, start = self._cell_of(unit)
        return super().rect_of(first + unit - start)

    def _cell_of(self, unit: int) -> tuple[int, int, int]:
        """The cell at a place, its first position in the document, and where it begins."""
        cell = min(bisect_right(self._ends, unit), max(len(self._ends) - 1, 0))
        return cell, self._first_position(cell), self._start_of(cell)

    def _start_of(self, cell: int) -> int:
        return self._ends[cell - 1] if cell else 0

    def _first_position(self, cell: int) -> int:
        if self._table is None:
            return 0
        return self._table.cellAt(cell // self._columns, cell % self._columns).firstPosition()

    def _form(self, widths: Sequence[int]) -> QTextTableFormat:
        form = QTextTableFormat()
        form.setBorder(0)
        form.setCellSpacing(0)
        form.setCellPadding(CELL_PADDING)
        fixed = QTextLength.Type.FixedLength
        form.setColumnWidthConstraints([QTextLength(fixed, width) for width in widths])
        return form

    def _fill(self, row: int, column: int, source: tuple[bool, Row]) -> None:
        assert self._table is not None
        header, cells = source
        cell = self._table.cellAt(row, column)
        cursor = cell.firstCursorPosition()
        cursor.setPosition(cell.lastPosition(), QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        form = self._line_format(self.lettering.base_line)
        form.setAlignment(_ALIGN[self._aligns[column] if column < len(self._aligns) else "left"])
        cursor.setBlockFormat(form)
        for span in cells[column].spans if column < len(cells) else ():
            cursor.insertText(span.text.replace("\n", _LINE_BREAK), self._format(span, header))

    def _format(self, span: Span, header: bool) -> QTextCharFormat:
        form = QTextCharFormat()
        theme = self.lettering.theme
        form.setForeground(QBrush(theme.color("text")))
        if span.code:
            form.setFont(self.lettering.mono)
        if span.bold or header:
            form.setFontWeight(QFont.Weight.DemiBold)
        form.setFontItalic(span.italic)
        form.setFontStrikeOut(span.strike)
        href = allowed_link(span.href) if span.href else ""
        if href:
            form.setAnchor(True)
            form.setAnchorHref(href)
            form.setForeground(QBrush(theme.color("accent_ink")))
            form.setFontUnderline(True)
        return form
