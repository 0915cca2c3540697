"""Two models side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from slmdesk.catalogue import licence_summary
from slmdesk.messages import format_bytes, format_integer, format_number, say, tr
from slmdesk.offers import Aspect, Offer, compare
from slmdesk.ui.models.words import NOTHING, ability_words, language_words, size_words, speed_words
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.badge import Badge
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.labels import Icon, Label
from slmdesk.ui.widgets.scroll_page import ScrollPage
from slmdesk.ui.widgets.surface import Card
from slmdesk.ui.widgets.verdict import badge_of

if TYPE_CHECKING:
    from slmdesk.offers import Compared


class ComparePage(ScrollPage):
    """A table of two columns; a tick marks the better value where one can be called better."""

    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(Space.XL, Space.L, Space.M, Space.XL)
        column.setSpacing(Space.M)
        head = QHBoxLayout()
        self.head = Label(theme, tr("Two models side by side"), TextRole.PAGE_HEAD, wrap=True)
        head.addWidget(self.head, 1)
        self.close_button = Button(theme, tr("Back to the model"), icon="chevron-left", small=True)
        self.close_button.clicked.connect(self.closed)
        head.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        self._place = QVBoxLayout()
        column.addLayout(self._place)
        column.addStretch(1)
        self.setWidget(content)
        self._card: QWidget | None = None
        self.rows: list[tuple[str, str, str]] = []
        """Aspect and both values, as they are shown."""

    def show_pair(self, first: Offer, second: Offer) -> None:
        """Compare these."""
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
        grid.setVerticalSpacing(Space.S + Space.TINY)
        for column, stretch in ((0, 2), (1, 3), (2, 3)):
            grid.setColumnStretch(column, stretch)
        for column, offer in ((1, first), (2, second)):
            grid.addWidget(Label(self._theme, offer.model.name, TextRole.TITLE, wrap=True), 0, column)
        self.rows = []
        for number, line in enumerate(compare(first, second), 1):
            name = _aspects()[line.aspect]
            label = Label(self._theme, name, TextRole.BASE, "text_secondary", wrap=True)
            grid.addWidget(label, number, 0, Qt.AlignmentFlag.AlignTop)
            words = [_value_words(line, first, one=True), _value_words(line, second, one=False)]
            self.rows.append((name, words[0], words[1]))
            for column, (text, side) in enumerate(zip(words, ("first", "second"), strict=True), 1):
                cell = self._cell(line, text, better=line.better == side, first=column == 1)
                grid.addWidget(cell, number, column, Qt.AlignmentFlag.AlignTop)
        self._place.addWidget(card)
        self.verticalScrollBar().setValue(0)

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
        "billions": tr("Billions of parameters"),
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
            return tr("≈ {seconds} s").format(seconds=format_number(value))
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
            return format_number(value, decimals=2)
        case "downloads":
            return format_integer(value)
        case _:
            return str(value)
