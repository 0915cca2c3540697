"""Facts about a model as small boxes with an icon, which wrap; and the licence in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from slmdesk.catalogue import curated_notes, licence_doubts, licence_summary
from slmdesk.messages import say, tr
from slmdesk.ui.models.words import ability_words, language_words
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.badge import Badge, BadgeKind
from slmdesk.ui.widgets.flow import Flow
from slmdesk.ui.widgets.labels import Icon, Label

if TYPE_CHECKING:
    from slmdesk.offers import Offer


class ModelFacts(QWidget):
    """Abilities, languages, what is on this disk; below them the licence and how sure all that is."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        self._chips = QWidget()
        self._flow = Flow()
        self._chips.setLayout(self._flow)
        column.addWidget(self._chips)
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        line.addWidget(Icon(theme, "scale", theme.sizes.icon_chevron))
        self.licence = Label(theme, "", TextRole.BASE, "text_secondary", wrap=True)
        line.addWidget(self.licence, 1)
        column.addLayout(line)
        self.notes = Label(theme, "", TextRole.SECONDARY, "text_secondary", wrap=True)
        column.addWidget(self.notes)

    def show_offer(self, offer: Offer) -> None:
        """Say what is known of its model."""
        model = offer.model
        words = ability_words()
        chips = [words[one] for one in model.abilities if one in words]
        if languages := language_words(model):
            chips.append(("languages", languages))
        if offer.is_installed:
            chips.append(("hard-drive", tr("Installed")))
        if model.gated:
            chips.append(("lock", tr("Needs an account that accepted its terms")))
        while (item := self._flow.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for icon, text in chips:
            self._flow.addWidget(Badge(self._theme, text, BadgeKind.OUTLINE, icon=icon))
        self._chips.setVisible(bool(chips))
        self.licence.setText(say(licence_summary(model.licence)))
        notes = [say(one) for one in (*licence_doubts(model.licence), *curated_notes(model))]
        self.notes.setText(" ".join(notes))
        self.notes.setVisible(bool(notes))
