"""How text is set in the transcript at the zoom that the person chose: fonts, line heights, distances."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QFont, QFontMetricsF

from slmdesk.ui.theme import Space, TextRole, Theme

LEAST_ZOOM = 50
MOST_ZOOM = 300
_USUAL_ZOOM = 100

# Of the headings 1 to 6, relative to the reading text.
_HEADING_SCALE = (20 / 14, 17 / 14, 15 / 14, 1.0, 1.0, 1.0)
_HEADING_WEIGHT = 600
# Letters that a line of reading text holds, per pixel of width and pixel of letter height.
_LETTERS_PER_EM = 2.1


class Lettering(QObject):
    """Fonts and line heights of the texts, which grow with the zoom, in the colours of the theme.

    `changed` is emitted when the zoom is another one; colours change with the theme.
    """

    changed = Signal()

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.zoom = _USUAL_ZOOM
        self._make()

    def set_zoom(self, percent: int) -> None:
        """Show texts at `percent` of their usual size, 50 to 300."""
        percent = max(LEAST_ZOOM, min(percent, MOST_ZOOM))
        if percent != self.zoom:
            self.zoom = percent
            self._make()
            self.changed.emit()

    def px(self, pixels: float) -> int:
        """A distance that grows with the text."""
        return round(pixels * self.theme.text_scale * self.zoom / _USUAL_ZOOM)

    def heading(self, level: int) -> QFont:
        """The font of a heading, 1 to 6."""
        return self._headings[max(1, min(level, 6)) - 1]

    def heading_line(self, level: int) -> int:
        """Pixels from one line of a heading to the next."""
        return round(self.reading_line * _HEADING_SCALE[max(1, min(level, 6)) - 1])

    def letters_in(self, width: int) -> int:
        """About how many letters of the reading text a line of `width` pixels holds; at least 1."""
        return max(int(width * _LETTERS_PER_EM / self.reading.pixelSize()), 1)

    def _make(self) -> None:
        self.reading = self._font(TextRole.READING)
        self.reading_line = self._line(TextRole.READING)
        self.reasoning_line = self.reading_line - self.px(Space.TINY)
        self.base = self._font(TextRole.BASE)
        self.base_line = self._line(TextRole.BASE)
        self.mono = self._font(TextRole.MONO)
        self.mono_line = self._line(TextRole.MONO)
        self.mono_advance = max(QFontMetricsF(self.mono).horizontalAdvance("0" * 100) / 100, 1.0)
        self._headings = []
        for scale in _HEADING_SCALE:
            font = QFont(self.reading)
            font.setPixelSize(round(self.reading.pixelSize() * scale))
            font.setWeight(QFont.Weight(_HEADING_WEIGHT))
            self._headings.append(font)

    def _font(self, role: TextRole) -> QFont:
        font = self.theme.font(role)
        font.setPixelSize(max(self.px(role.value.px), 1))
        return font

    def _line(self, role: TextRole) -> int:
        return self.px(role.value.line)
