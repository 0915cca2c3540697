"""A head with something beside it, which goes below where there is no room for both."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QWidget

from slmdesk.ui.theme import Space
from slmdesk.ui.widgets.labels import Label


class HeadRow(QWidget):
    """`head` where reading begins, `beside` at the other end of the same line.

    Where the head does not go beside it in one line, both have a line of their own, as wide as they need:
    a `beside` that is a `Flow` wraps in it.
    """

    def __init__(
        self, head: Label, beside: QWidget, gap: int = Space.L, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._head = head
        self._beside = beside
        self._gap = gap
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(gap)
        self._row.addWidget(head, 1)
        self._row.addWidget(beside, 0, Qt.AlignmentFlag.AlignTop)

    @property
    def is_stacked(self) -> bool:
        """Whether one is below the other."""
        return self._row.direction() == QBoxLayout.Direction.TopToBottom

    def minimumSizeHint(self) -> QSize:
        """What the wider of the two needs by itself: more would keep the row from being stacked."""
        shown = [one for one in (self._head, self._beside) if not one.isHidden()]
        width = max((one.minimumSizeHint().width() for one in shown), default=0)
        return QSize(width, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Look whether both go into the new width."""
        super().resizeEvent(event)
        self._arrange()

    def event(self, event: QEvent) -> bool:
        """One of them says something else now."""
        taken = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._arrange()
        return taken

    def _arrange(self) -> None:
        words = self._head.fontMetrics().horizontalAdvance(self._head.text())
        beside = 0 if self._beside.isHidden() else self._beside.sizeHint().width() + self._gap
        stacked = words + beside > self.width()
        if stacked == self.is_stacked:
            return
        way = QBoxLayout.Direction.TopToBottom if stacked else QBoxLayout.Direction.LeftToRight
        self._row.setDirection(way)
        self._row.setSpacing(Space.S if stacked else self._gap)
        # Below, it may be as wide as the row is.
        side = Qt.AlignmentFlag(0) if stacked else Qt.AlignmentFlag.AlignTop
        self._row.setAlignment(self._beside, side)
        self._row.setStretchFactor(self._head, 0 if stacked else 1)
