"""Widgets in a line, which wraps where there is no room."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QStyle, QWidget

from slmdesk.ui.theme import Space


class Flow(QLayout):
    """From where reading begins, `gap` pixels apart; lines are as far from each other.

    In the middle of its line where that is higher. Its height follows its width. Hidden widgets take no room,
    and one that is wider than a line gets a line, in which its text wraps if it can.
    """

    def __init__(self, gap: int = Space.S) -> None:
        super().__init__()
        self._gap = gap
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        """Qt adds widgets with this."""
        self._items.append(item)

    def count(self) -> int:
        """How many there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """One of them; None: there is none with this number."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Take one out; None: there is none with this number."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """Needs no more room than it asks for."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """It wraps."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Room for the lines that there are in `width`."""
        margins = self.contentsMargins()
        inside = QRect(0, 0, width - margins.left() - margins.right(), 0)
        return self._lay_out(inside, move=False) + margins.top() + margins.bottom()

    def setGeometry(self, rect: QRect) -> None:
        """Put everything in its place."""
        super().setGeometry(rect)
        self._lay_out(rect.marginsRemoved(self.contentsMargins()), move=True)

    def sizeHint(self) -> QSize:
        """Room for all in one line."""
        sizes = [item.sizeHint() for item in self._items if not item.isEmpty()]
        width = sum(size.width() for size in sizes) + self._gap * max(len(sizes) - 1, 0)
        return self._around(QSize(width, max((size.height() for size in sizes), default=0)))

    def minimumSize(self) -> QSize:
        """A line of any width."""
        heights = [item.minimumSize().height() for item in self._items if not item.isEmpty()]
        return self._around(QSize(0, max(heights, default=0)))

    def _around(self, size: QSize) -> QSize:
        margins = self.contentsMargins()
        return size + QSize(margins.left() + margins.right(), margins.top() + margins.bottom())

    def _lay_out(self, room: QRect, *, move: bool) -> int:
        """Returns how high all lines together are."""
        x = y = height = 0
        line: list[tuple[QLayoutItem, QRect]] = []
        parent = self.parentWidget()
        direction = (
            parent.layoutDirection() if isinstance(parent, QWidget) else Qt.LayoutDirection.LeftToRight
        )
        for item in self._items:
            if item.isEmpty():
                continue
            size = item.sizeHint()
            if size.width() > room.width():
                size.setWidth(room.width())
                if item.hasHeightForWidth():
                    size.setHeight(item.heightForWidth(room.width()))
            if x and x + size.width() > room.width():
                if move:
                    _place(line, height, direction, room)
                x, y, height, line = 0, y + height + self._gap, 0, []
            line.append((item, QRect(room.topLeft() + QPoint(x, y), size)))
            x += size.width() + self._gap
            height = max(height, size.height())
        if move:
            _place(line, height, direction, room)
        return y + height


def _place(
    line: Sequence[tuple[QLayoutItem, QRect]], height: int, direction: Qt.LayoutDirection, room: QRect
) -> None:
    for item, box in line:
        middle = box.translated(0, (height - box.height()) // 2)
        item.setGeometry(QStyle.visualRect(direction, room, middle))
