"""Two models side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from slmdesk.catalogue import licence_summary
from slmdesk.messages import format_bytes, format_integer, say, tr
from slmdesk.offers import Aspect, Offer, compare
from slmdesk.ui.download_size import NOTHING, size_words
from slmdesk.ui.models.words import (
    ability_words,
    first_word,
    language_words,
    parameter_words,
    speed_words,
)
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.badge import Badge
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.head_row import HeadRow
from slmdesk.ui.widgets.labels import Icon, Label
from slmdesk.ui.widgets.scroll_page import ScrollPage
from slmdesk.ui.widgets.surface import Card
from slmdesk.ui.widgets.verdict import badge_of

if TYPE_CHECKING:
    from slmdesk.offers import Compared

# From so many pixels on, times the text scale, the table has so many columns.
_COLUMNS = ((400, 3), (300, 2))


class ComparePage(ScrollPage):
    """A table of two columns; a tick marks the better value where one can be called better.

    Narrow, it has what is compared over the values; narrower still, the values one below the other.
    """

    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(Space.XL, Space.L, Space.M, Space.XL)
        column.setSpacing(Space.M)
        self.head = Label(theme, tr("Two models side by side"), TextRole.PAGE_HEAD, wrap=True)
        self.close_button = Button(theme, tr("Back to the model"), icon="chevron-left", small=True)
        self.close_button.clicked.connect(self.closed)
        column.addWidget(HeadRow(self.head, self.close_button))
        self._place = QVBoxLayout()
        column.addLayout(self._place)
        column.addStretch(1)
        self.setWidget(content)
        self._card: QWidget | None = None
        self._pair: tuple[Offer, Offer] | None = None
        self._columns = 0
        self.rows: list[tuple[str, str, str]] = []
        """Aspect and both values, as they are shown."""

    def show_pair(self, first: Offer, second: Offer) -> None:
        """Compare these."""
        self._pair = first, second
        self._columns = 0
        self._arrange()
        self.verticalScrollBar().setValue(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The table may have room for more columns, or for fewer."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        room = self.viewport().width() / self._theme.text_scale
        columns = next((columns for least, columns in _COLUMNS if room >= least), 1)
        if self._pair is None or columns == self._columns:
            return
        self._columns = columns
        if self._card is not None:
            self._place.removeWidget(self._card)
            self._card.hide()
            self._card.deleteLater()
        self._card = card = Card(self._theme)
        inside = QVBoxLayout(card)
        inside.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
        table = QWidget()
        inside.addWidget(table)
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(Space.L)
        grid.setVerticalSpacing(Space.S + Space.TINY if columns > 2 else Space.TINY)
        for column, stretch in enumerate((2, 3, 3) if columns > 2 else (1,) * columns):
            grid.setColumnStretch(column, stretch)
        self._fill(grid, columns, *self._pair)
        self._place.addWidget(card)

    def _fill(self, grid: QGridLayout, columns: int, first: Offer, second: Offer) -> None:
        """Write every line into `grid`, over so many columns."""
        top = Qt.AlignmentFlag.AlignTop
        before = 1 if columns > 2 else 0
        if columns > 1:
            for column, one in enumerate((first, second), before):
                grid.addWidget(Label(self._theme, one.model.name, TextRole.TITLE, wrap=True), 0, column, top)
        self.rows = []
        row = 1
        for line in compare(first, second):
            name = _aspects()[line.aspect]
            # Over values that have heads of their own, it is the stronger head.
            role, ink = (TextRole.BASE, "text_secondary") if columns > 1 else (TextRole.LABEL, "text")
            label = Label(self._theme, name, role, ink, wrap=True)
            if columns <= 2:
                # Nearer to its own values than to those before.
                label.setContentsMargins(0, Space.S, 0, 0)
            grid.addWidget(label, row, 0, 1, 1 if columns > 2 else columns, top)
            # Beside it, or below.
            row += 0 if columns > 2 else 1
            words = [_value_words(line, first, one=True), _value_words(line, second, one=False)]
            self.rows.append((name, words[0], words[1]))
            for number, (offer, text) in enumerate(zip((first, second), words, strict=True)):
                side = ("first", "second")[number]
                cell = self._cell(line, text, better=line.better == side, first=number == 0)
                if columns > 1:
                    grid.addWidget(cell, row, before + number, top)
                    continue
                whose = Label(self._theme, offer.model.name, TextRole.SECONDARY, "text_secondary", wrap=True)
                grid.addWidget(whose, row, 0, top)
                grid.addWidget(cell, row + 1, 0, top)
                row += 2
            row += 1

    def _cell(self, line: Compared, text: str, *, better: bool, first: bool) -> QWidget:
        cell = QWidget()
        row = QHBoxLayout(cell)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.XS)
        value = line.first if first else line.second
        if line.aspect == "verdict" and value is not None:
            word, kind, icon = badge_of(value)
            row.addWidget(Badge(self._theme, word, kind, icon=icon))
            row.addStretch(1)
        else:
            role = TextRole.STRONG if better else TextRole.BASE
            label = Label(self._theme, text, role, wrap=True)
            row.addWidget(label, 1)
        if better:
            mark = Icon(self._theme, "check", self._theme.sizes.icon_chevron, "positive")
            row.insertWidget(0, mark, 0, Qt.AlignmentFlag.AlignTop)
            cell.setAccessibleName(tr("{value}, the better one").format(value=text))
        return cell


def _aspects() -> dict[Aspect, str]:
    return {
        "verdict": tr("Fit"),
        "speed": tr("Writing speed"),
        "speed_when_full": tr("When the context is full"),
        "first_token_s": tr("First word"),
        "memory_bytes": tr("Memory, reserved"),
        "resident_bytes": tr("Memory, used at most"),
        "download_bytes": tr("Download"),
        "variant": tr("Variant"),
        "billions": tr("Size"),
        "context_length": tr("Longest context"),
        "abilities": tr("Can do"),
        "languages": tr("Languages"),
        "licence": tr("Licence"),
        "released": tr("Released"),
        "downloads": tr("Downloads on the Hub"),
    }


def _value_words(line: Compared, offer: Offer, *, one: bool) -> str:
    value = line.first if one else line.second
    if value is None:
        return NOTHING
    match line.aspect:
        case "verdict":
            return badge_of(value)[0]
        case "speed" | "speed_when_full":
            return speed_words(value)
        case "first_token_s":
            return first_word(value)
        case "memory_bytes" | "resident_bytes":
            return format_bytes(value, binary=True)
        case "download_bytes":
            return size_words(offer)
        case "variant":
            return str(value.label)
        case "context_length":
            return tr("{count} tokens").format(count=format_integer(value))
        case "abilities":
            words = ability_words()
            return ", ".join(words[ability][1] for ability in value if ability in words)
        case "languages":
            return language_words(offer.model)
        case "licence":
            return say(licence_summary(value))
        case "billions":
            return parameter_words(offer.model)
        case "downloads":
            return format_integer(value)
        case _:
            return str(value)
