"""An error in place: what happened, why, what to do, and the details for who wants them."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from slmdesk.messages import tr
from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.button import Button, ButtonKind
from slmdesk.ui.widgets.flow import Flow
from slmdesk.ui.widgets.labels import Icon, Label, SentenceLabel
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.speech import announce

_MOST_LINES = 7
# Free pixels around what scrolls, for focus rings.
_RING = Space.XS


@dataclass(frozen=True, slots=True)
class BannerAction:
    """A button of a banner. The first action is the one suggested."""

    text: str
    run: Callable[[], None]


class BannerTone(enum.Enum):
    """What a banner is about: its icon, the icon's ink and the fill, by their names in the theme."""

    PROBLEM = ("circle-alert", "negative", "negative_soft")
    CAUTION = ("triangle-alert", "caution", "caution_soft")
    NOTE = ("info", "accent_ink", "selection")


class Banner(QWidget):
    """One problem, until it is closed. `closed` is said once, by its close button.

    A screen reader is told when it appears. Its height follows its width; with less than that, it scrolls.
    """

    closed = Signal()

    def __init__(
        self,
        theme: Theme,
        what: str,
        why: str,
        do: str,
        details: str,
        actions: Sequence[BannerAction],
        parent: QWidget | None = None,
        *,
        tone: BannerTone = BannerTone.PROBLEM,
        suggests: bool = True,
        closable: bool = True,
    ) -> None:
        """`suggests`: the first action stands out. `closable`: with a close button."""
        super().__init__(parent)
        self._theme = theme
        icon, ink, self._fill = tone.value
        self._spoken = False
        self.setAccessibleName(what)
        self.setAccessibleDescription(" ".join(part for part in (why, do) if part))
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.S, Space.S, Space.S, Space.M - _RING)
        row.setSpacing(0)
        # Margins are not mirrored; spaces are.
        row.addSpacing(Space.S)
        # Icon and first line stand in the middle of the close button's height.
        first = (theme.sizes.button_small - theme.line_height(TextRole.STRONG)) // 2
        icon_column = QVBoxLayout()
        icon_column.setContentsMargins(0, first, 0, 0)
        icon_column.addWidget(Icon(theme, icon, theme.sizes.icon_rail, ink))
        icon_column.addStretch(1)
        row.addLayout(icon_column)
        row.addSpacing(Space.S - _RING)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(_RING, first, _RING, _RING)
        column.setSpacing(Space.TINY)
        column.addWidget(Label(theme, what, TextRole.STRONG, wrap=True))
        for sentence in (why, do):
            if sentence:
                column.addWidget(SentenceLabel(theme, sentence))
        self.buttons: list[Button] = []
        bar = Flow()
        bar.setContentsMargins(0, Space.S, 0, 0)
        for index, action in enumerate(actions):
            kind = ButtonKind.PRIMARY if index == 0 and suggests else ButtonKind.STANDARD
            button = Button(theme, action.text, kind, small=True)
            button.clicked.connect(action.run)
            self.buttons.append(button)
            bar.addWidget(button)
        self.details_button = Button(
            theme, tr("Details"), ButtonKind.QUIET, trailing="chevron-down", small=True
        )
        self.details_button.setCheckable(True)
        self.details_button.toggled.connect(self._fold)
        if not details:
            # Never setVisible(True) here: without a parent yet, the button would open as a window.
            self.details_button.hide()
        bar.addWidget(self.details_button)
        if actions or details:
            column.addLayout(bar)
        self._details = _Details(theme, details)
        self._details.hide()
        column.addSpacing(Space.XS)
        column.addWidget(self._details)
        self._scrolled = _Scrolled(theme, content)
        row.addWidget(self._scrolled, 1)
        row.addSpacing(Space.S - _RING)
        self.close_button = Button(theme, icon="x", name=tr("Close"))
        self.close_button.clicked.connect(self.closed)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        if not closable:
            self.close_button.hide()
            row.addSpacing(Space.S)
        theme.changed.connect(self.update)

    @property
    def details(self) -> str:
        """The text behind the fold."""
        return self._details.text.toPlainText()

    def showEvent(self, event: QShowEvent) -> None:
        """Speak, once."""
        super().showEvent(event)
        if not self._spoken:
            self._spoken = True
            announce(self, f"{self.accessibleName()} {self.accessibleDescription()}".strip())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the soft box."""
        painter = QPainter(self)
        draw_box(painter, QRectF(self.rect()), Radius.CARD, self._theme.color(self._fill))

    def _fold(self, opened: bool) -> None:
        self._details.setVisible(opened)
        self._scrolled.updateGeometry()
        self.details_button.set_trailing("chevron-up" if opened else "chevron-down")


class _Scrolled(QScrollArea):
    """As high as what is in it, and scrolls where there is no room for that."""

    def __init__(self, theme: Theme, content: QWidget) -> None:
        super().__init__()
        self._content = content
        self._least = 2 * theme.sizes.button_small
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidgetResizable(True)
        self.setWidget(content)
        self.viewport().setAutoFillBackground(False)
        content.setAutoFillBackground(False)

    def hasHeightForWidth(self) -> bool:
        """Sentences wrap."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Room for all of it."""
        return self._content.heightForWidth(width)

    def sizeHint(self) -> QSize:
        """Room for all of it."""
        return self._content.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Room for a few lines."""
        least = self._content.minimumSizeHint()
        return QSize(least.width(), min(least.height(), self._least))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What is in it may have become higher."""
        if event.type() == QEvent.Type.LayoutRequest and watched is self._content:
            self.updateGeometry()
        return super().eventFilter(watched, event)


class _Report(QPlainTextEdit):
    """A text to be read and copied, as high as its lines as they are wrapped; beyond some, it scrolls."""

    def __init__(self, theme: Theme, text: str) -> None:
        super().__init__(text)
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        # Every line is wrapped; spaces at its end may reach further.
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.setFont(theme.font(TextRole.MONO))
        self.setAccessibleName(tr("Details"))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lines are wrapped in the new width by now."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        lines = math.ceil(sum(islice(self._line_heights(), _MOST_LINES)))
        # The widget takes a pixel less than that for too little.
        self.setFixedHeight(lines + 2 * math.ceil(self.document().documentMargin()) + 1)

    def _line_heights(self) -> Iterator[float]:
        layout, block = self.document().documentLayout(), self.document().begin()
        while block.isValid():
            # Asking for it lays the block out.
            layout.blockBoundingRect(block)
            lines = block.layout()
            yield from (lines.lineAt(number).height() for number in range(lines.lineCount()))
            block = block.next()


class _Details(QWidget):
    """A report in a fixed font, and a button that copies it."""

    def __init__(self, theme: Theme, details: str) -> None:
        super().__init__()
        self._theme = theme
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.M, Space.S, Space.M, Space.M)
        self.text = _Report(theme, details)
        column.addWidget(self.text)
        copy = Button(theme, tr("Copy"), icon="copy", small=True)
        copy.clicked.connect(lambda: self._copy(copy))
        column.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        color = self._theme.color
        draw_box(painter, QRectF(self.rect()), Radius.BUTTON, color("surface_sunken"), color("border"))

    def _copy(self, button: Button) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        button.show_done(tr("Copied"))
