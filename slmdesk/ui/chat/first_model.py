"""The one model that is suggested where there is none yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from slmdesk.catalogue import licence_summary
from slmdesk.messages import format_bytes, format_integer, say, tr, tr_n
from slmdesk.ui.download_size import size_words
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.badge import Badge
from slmdesk.ui.widgets.button import Button, ButtonKind
from slmdesk.ui.widgets.flow import Flow
from slmdesk.ui.widgets.labels import Icon, Label
from slmdesk.ui.widgets.surface import Card
from slmdesk.ui.widgets.verdict import badge_of

if TYPE_CHECKING:
    from slmdesk.hardware import Computer
    from slmdesk.offers import Offer
    from slmdesk.ui.suggesting import FirstModel


class FirstModelCard(QWidget):
    """This computer, the model for it with the reason, and a smaller one beside it."""

    model_wanted = Signal(str)
    """The person wants to see the model with this id."""
    fitting_wanted = Signal()
    """The person wants to see all that run well here."""

    def __init__(self, theme: Theme, found: FirstModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        suggestion = found.suggestion
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._computer(found.computer, found.free_disk_bytes))
        column.addSpacing(Space.M)
        column.addWidget(
            Label(theme, tr("Suggested for this computer"), TextRole.GROUP_HEAD, "text_secondary")
        )
        self.reason = Label(theme, say(suggestion.reason), TextRole.READING, wrap=True)
        column.addWidget(self._card(suggestion.offer))
        others = QWidget()
        flow = Flow()
        others.setLayout(flow)
        self.smaller_button: Button | None = None
        if suggestion.smaller is not None:
            smaller = suggestion.smaller
            words = tr("Smaller and faster: {model}").format(model=smaller.model.name)
            self.smaller_button = Button(theme, words, icon="zap", small=True)
            self.smaller_button.clicked.connect(lambda: self.model_wanted.emit(smaller.id))
            flow.addWidget(self.smaller_button)
        count = suggestion.fitting
        all_words = tr_n("See the {count} model that fits", "See all {count} models that fit", count)
        self.all_button = Button(
            theme, all_words.format(count=format_integer(count)), icon="layout-grid", small=True
        )
        self.all_button.clicked.connect(self.fitting_wanted)
        flow.addWidget(self.all_button)
        column.addWidget(others)

    def _computer(self, computer: Computer, free_disk_bytes: int | None) -> QWidget:
        cores = tr_n("{count} core", "{count} cores", computer.physical_cores)
        free = format_bytes(computer.available_memory_bytes, binary=True)
        total = format_bytes(computer.total_memory_bytes, binary=True)
        facts = [
            ("cpu", cores.format(count=format_integer(computer.physical_cores)), tr("Processor")),
            ("memory-stick", tr("{size} free").format(size=free), tr("Memory, of {size}").format(size=total)),
        ]
        if free_disk_bytes is not None:
            size = tr("{size} free").format(size=format_bytes(free_disk_bytes))
            facts.append(("hard-drive", size, tr("Disk")))
        card = Card(self._theme)
        around = QVBoxLayout(card)
        around.setContentsMargins(0, 0, 0, 0)
        inside = QWidget()
        around.addWidget(inside)
        flow = Flow(Space.XL)
        flow.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
        inside.setLayout(flow)
        for icon, fact, name in facts:
            flow.addWidget(self._fact(icon, fact, name))
        return card

    def _fact(self, icon: str, fact: str, name: str) -> QWidget:
        widget = QWidget()
        row = QHBoxLayout(widget)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.M)
        row.addWidget(Icon(self._theme, icon, self._theme.sizes.icon_rail))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Label(self._theme, fact, TextRole.LABEL))
        words.addWidget(Label(self._theme, name, TextRole.SECONDARY, "text_secondary"))
        row.addLayout(words)
        return widget

    def _card(self, offer: Offer) -> QWidget:
        theme, model = self._theme, offer.model
        card = Card(theme)
        around = QVBoxLayout(card)
        around.setContentsMargins(0, 0, 0, 0)
        inside = QWidget()
        around.addWidget(inside)
        column = QVBoxLayout(inside)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.S)
        head = QHBoxLayout()
        head.setSpacing(Space.S)
        self.name = Label(theme, model.name, TextRole.TITLE, wrap=True)
        head.addWidget(self.name)
        word, kind, icon = badge_of(offer.verdict)
        head.addWidget(Badge(theme, word, kind, icon=icon))
        head.addStretch(1)
        column.addLayout(head)
        column.addWidget(self.reason)
        licence = QHBoxLayout()
        licence.setSpacing(Space.S)
        licence.addWidget(Icon(theme, "scale", theme.sizes.icon_chevron))
        words = say(licence_summary(model.licence))
        licence.addWidget(Label(theme, words, TextRole.SECONDARY, "text_secondary", wrap=True), 1)
        column.addLayout(licence)
        foot = QWidget()
        flow = Flow(Space.M)
        foot.setLayout(flow)
        self.show_button = Button(theme, tr("Show this model"), ButtonKind.PRIMARY)
        self.show_button.clicked.connect(lambda: self.model_wanted.emit(offer.id))
        flow.addWidget(self.show_button)
        column.addSpacing(Space.XS)
        column.addWidget(foot)
        if offer.variant is not None and offer.download_bytes is not None:
            where = tr("{variant}, {size}, is at {repo} on the Hugging Face Hub.").format(
                variant=offer.variant.label,
                size=size_words(offer),
                repo=offer.variant.repo,
            )
            label = Label(theme, where, TextRole.SECONDARY, "text_secondary", wrap=True)
            column.addWidget(label, 0, Qt.AlignmentFlag.AlignTop)
        return card
