"""Has letters drawn before text needs them: the first of a font, or of a script, takes longer than a page."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtGui import QFont, QImage, QPainter

from slmdesk.ui.transcript.lettering import Lettering

_USUAL = "".join(map(chr, range(33, 127))) + "–—…‘’“”•→"
_HEADINGS = (1, 2, 3)
_HALF = len(_USUAL) // 2
# One letter of each script that most computers have a font for, but seldom the same one.
_OTHERS = "Жώשم日か한ไ🙂✓"


class Warming:
    """Draws, where nobody sees it, what answers are mostly made of. Once for each size and screen."""

    def __init__(self, lettering: Lettering) -> None:
        self._lettering = lettering
        self._done: set[tuple[int, float]] = set()
        self._steps: Iterator[None] | None = None

    def step(self, pixel_ratio: float) -> bool:
        """Draw some letters, in a few milliseconds. Returns whether there may be more to draw."""
        if self._steps is None:
            size = (self._lettering.reading.pixelSize(), pixel_ratio)
            if size in self._done:
                return False
            self._done.add(size)
            self._steps = self._draw(pixel_ratio)
        if next(self._steps, self) is not self:
            return True
        self._steps = None
        return False

    def _draw(self, pixel_ratio: float) -> Iterator[None]:
        for font in self._fonts():
            for part in (_USUAL[:_HALF], _USUAL[_HALF:]):
                _draw(part, font, pixel_ratio)
                yield
        for letter in _OTHERS:
            _draw(letter, self._lettering.reading, pixel_ratio)
            yield

    def _fonts(self) -> Iterator[QFont]:
        """Those of whole texts, and of the words in them that are set off."""
        lettering = self._lettering
        for font in (lettering.reading, lettering.base):
            yield font
            bold = QFont(font)
            bold.setWeight(QFont.Weight.DemiBold)
            yield bold
        italic = QFont(lettering.reading)
        italic.setItalic(True)
        yield italic
        yield lettering.mono
        for level in _HEADINGS:
            yield lettering.heading(level)


def _draw(text: str, font: QFont, pixel_ratio: float) -> None:
    image = QImage(1, 1, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(pixel_ratio)
    painter = QPainter(image)
    painter.setFont(font)
    painter.drawText(0, 0, text)
    painter.end()
