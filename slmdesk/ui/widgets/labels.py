"""Texts that follow the theme."""

from __future__ import annotations

import re

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QStyle, QWidget

from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import TextRole, Theme
from slmdesk.ui.widgets.tooltip import set_tooltip

_INK = {
    "text": QPalette.ColorRole.WindowText,
    "text_secondary": QPalette.ColorRole.PlaceholderText,
    "negative": QPalette.ColorRole.BrightText,
}


# Where a long word may be parted: an address, or a word of a command.
_PARTING = re.compile(r"(?<=[/=._:@-])(?=\w)")
_LONG_WORD = re.compile(r"\S{12,}")
_BREAK = "\N{ZERO WIDTH SPACE}"


class Label(QLabel):
    """A text of one kind, in one of the theme's text colours. Never rich text."""

    def __init__(
        self,
        theme: Theme,
        text: str = "",
        role: TextRole = TextRole.BASE,
        color: str = "text",
        *,
        wrap: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        # A name from a model file must not be able to bring markup along.
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._theme = theme
        self._color = color
        self._side = self.alignment()
        self.setFont(theme.font(role))
        self.setWordWrap(wrap)
        self._mirror()
        self._ink()
        theme.changed.connect(self._ink)

    def set_ink(self, color: str) -> None:
        """Use another of the theme's colours."""
        if color != self._color:
            self._color = color
            self._ink()

    def setAlignment(self, side: Qt.AlignmentFlag) -> None:
        """Left is where reading begins, whichever way the words of the text itself run."""
        self._side = side
        self._mirror()

    def changeEvent(self, event: QEvent) -> None:
        """Mirror with the window."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._mirror()

    def _mirror(self) -> None:
        # Qt would put a Latin name on the left of a window that is read from the right.
        side = QStyle.visualAlignment(self.layoutDirection(), self._side)
        super().setAlignment(side | Qt.AlignmentFlag.AlignAbsolute)

    def _ink(self) -> None:
        role = _INK.get(self._color)
        if role is not None:
            self.setPalette(QPalette())
            self.setForegroundRole(role)
            return
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.WindowText, self._theme.color(self._color))
        self.setPalette(palette)
        self.setForegroundRole(QPalette.ColorRole.WindowText)


class SentenceLabel(Label):
    """Wraps, and parts addresses and commands in it where the line ends; what it says stays as it is."""

    def __init__(
        self, theme: Theme, text: str = "", role: TextRole = TextRole.BASE, color: str = "text"
    ) -> None:
        super().__init__(theme, "", role, color, wrap=True)
        self._said = ""
        self.setText(text)

    def text(self) -> str:
        """What it says, without the places where it may be parted."""
        return self._said

    def setText(self, text: str) -> None:
        """Say something else."""
        self._said = text
        self.setAccessibleName(text)
        super().setText(_LONG_WORD.sub(lambda word: _PARTING.sub(_BREAK, word[0]), text))


class WrappingLabel(Label):
    """One line where there is room for it, and as many as it takes where there is less."""

    def __init__(
        self,
        theme: Theme,
        text: str = "",
        role: TextRole = TextRole.BASE,
        color: str = "text",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(theme, text, role, color, wrap=True, parent=parent)

    def sizeHint(self) -> QSize:
        """Room for one line; Qt would propose a box of several."""
        self.ensurePolished()
        width = self.fontMetrics().horizontalAdvance(self.text()) + 1
        return QSize(width, max(self.heightForWidth(width), self.fontMetrics().height()))


class ElidedLabel(Label):
    """One line that gives way in the middle where it is too long, and is whole in the tooltip."""

    def __init__(
        self,
        theme: Theme,
        text: str = "",
        role: TextRole = TextRole.BASE,
        color: str = "text",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(theme, "", role, color, parent=parent)
        self._whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.set_text(text)

    @property
    def whole_text(self) -> str:
        """The text before anything was left out."""
        return self._whole

    def set_text(self, text: str) -> None:
        """Show `text`, shortened to the room there is."""
        self._whole = text
        self.setAccessibleName(text)
        self._elide()
        self.updateGeometry()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit again."""
        super().resizeEvent(event)
        self._elide()

    def sizeHint(self) -> QSize:
        """Room for the whole text."""
        self.ensurePolished()
        return QSize(self.fontMetrics().horizontalAdvance(self._whole) + 1, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Room for nothing but the dots."""
        return QSize(self.fontMetrics().horizontalAdvance("…"), super().minimumSizeHint().height())

    def _elide(self) -> None:
        shown = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideMiddle, self.width())
        self.setText(shown)
        set_tooltip(self, self._whole if shown != self._whole else "")


class Icon(QWidget):
    """A mark that stands beside a word; a screen reader hears the word alone."""

    def __init__(
        self, theme: Theme, name: str, size: int, color: str = "text_secondary", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._name = name
        self._color = color
        self._size = size
        self.setFixedSize(size, size)
        theme.changed.connect(self.update)

    def set_icon(self, name: str, color: str) -> None:
        """Show another mark."""
        if (name, color) != (self._name, self._color):
            self._name, self._color = name, color
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the mark."""
        painter = QPainter(self)
        draw_icon(painter, self._name, self.rect().toRectF(), self._size, self._theme.color(self._color))
