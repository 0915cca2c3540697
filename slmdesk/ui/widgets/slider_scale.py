"""The figures below a slider."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from slmdesk.ui.theme import Space, TextRole, Theme


class SliderScale(QWidget):
    """A word below each of some steps, as many as there is room for: the ends first, then what is marked.

    A screen reader hears the slider itself.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._words: tuple[str, ...] = ()
        self._marked: tuple[int, str] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def set_words(self, words: Sequence[str], marked: tuple[int, str] | None = None) -> None:
        """One word for each step, and in place of one of them a longer one that is to be noticed."""
        self._words, self._marked = tuple(words), marked
        self.update()

    @property
    def marked_words(self) -> str:
        """What is to be noticed; empty: nothing."""
        return self._marked[1] if self._marked is not None else ""

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(4 * self._theme.sizes.meter, self._theme.line_height(TextRole.SECONDARY))

    def minimumSizeHint(self) -> QSize:
        """Of any width."""
        return QSize(self._theme.sizes.meter, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the words, those first that matter most."""
        painter = QPainter(self)
        font = self._theme.font(TextRole.SECONDARY)
        metrics = QFontMetrics(font)
        painter.setFont(font)
        last = len(self._words) - 1
        order = [0, last, *(index for index in range(1, last))]
        if self._marked is not None:
            order = [self._marked[0], *(index for index in order if index != self._marked[0])]
        taken: list[tuple[float, float]] = []
        handle = self._theme.sizes.slider_handle / 2
        room = max(self.width() - 2 * handle, 1)
        for index in order if self._words else ():
            is_marked = self._marked is not None and index == self._marked[0]
            text = self._marked[1] if is_marked and self._marked is not None else self._words[index]
            width = metrics.horizontalAdvance(text) + 1
            middle = handle + room * index / max(last, 1)
            left = min(max(middle - width / 2, 0.0), max(self.width() - width, 0))
            if any(left < end + Space.S and start < left + width + Space.S for start, end in taken):
                continue
            taken.append((left, left + width))
            mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
            shown = self.width() - left - width if mirrored else left
            painter.setPen(self._theme.color("caution" if is_marked else "text_secondary"))
            align = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(shown - 1, 0, width + 2, self.height()), align, text)
