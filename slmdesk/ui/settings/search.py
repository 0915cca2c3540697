"""Finding a setting by a word of its name, of what is said about it, or of what can be chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from slmdesk.messages import tr
from slmdesk.ui.navigation import NavigationButton
from slmdesk.ui.settings.rows import SettingsPage
from slmdesk.ui.theme import Space, Theme
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.text_field import TextField


class SettingsSearch(QWidget):
    """A field, and under it the settings that match what is in it."""

    searching = Signal(bool)
    """Whether there is anything in the field."""
    chosen = Signal(object, object)
    """The person chose a result: its page and its `Setting`."""

    def __init__(
        self, theme: Theme, pages: Sequence[tuple[str, SettingsPage]], parent: QWidget | None = None
    ) -> None:
        """`pages` with their names."""
        super().__init__(parent)
        self._theme = theme
        self._pages = tuple(pages)
        self.field = TextField(
            theme, tr("Find a setting"), placeholder=tr("Find a setting"), icon="search", clearable=True
        )
        self.field.changed.connect(self._search)
        self.field.submitted.connect(self._choose_first)
        self.results: list[NavigationButton] = []
        self.nothing = Label(theme, tr("No setting matches."), color="text_secondary", wrap=True)
        self.nothing.setContentsMargins(Space.M, Space.S, Space.M, 0)
        self.nothing.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(Space.XS, 0, Space.XS, Space.S)
        self._column.setSpacing(Space.TINY)
        self._column.addWidget(self.field)
        self._column.addSpacing(Space.XS)
        self._column.addWidget(self.nothing)

    def _search(self, text: str) -> None:
        for result in self.results:
            self._column.removeWidget(result)
            result.hide()
            result.deleteLater()
        self.results.clear()
        if text.strip():
            for name, page in self._pages:
                for setting in page.settings:
                    if setting.matches(text):
                        self._add_result(name, page, setting.row.icon, setting.row.name, setting)
        self.nothing.setVisible(bool(text.strip()) and not self.results)
        self.searching.emit(bool(text.strip()))

    def _add_result(self, page_name: str, page: SettingsPage, icon: str, name: str, setting: object) -> None:
        height = self._theme.sizes.settings_page
        result = NavigationButton(self._theme, icon, name, fill="selection", height=height)
        result.setAccessibleDescription(page_name)
        result.clicked.connect(lambda: self.chosen.emit(page, setting))
        self._column.addWidget(result)
        self.results.append(result)

    def _choose_first(self, _: str) -> None:
        if self.results:
            self.results[0].click()
