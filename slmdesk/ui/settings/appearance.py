"""Settings, Appearance."""

from __future__ import annotations

from PySide6.QtCore import Signal

from slmdesk.messages import tr
from slmdesk.ui.settings.rows import SettingsPage, SettingsRow
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.choice_button import ChoiceButton
from slmdesk.ui.widgets.segmented import Segmented


class AppearancePage(SettingsPage):
    """Theme and language."""

    theme_chosen = Signal(str)
    language_chosen = Signal(str)

    def __init__(self, theme: Theme, theme_value: str, language_value: str) -> None:
        super().__init__(theme, tr("Appearance"), tr("How the window looks, and which language it speaks."))
        themes = (("light", tr("Light")), ("dark", tr("Dark")), ("system", tr("System")))
        self.theme_control = Segmented(theme, themes, tr("Theme"))
        self.theme_control.set_value(theme_value)
        self.theme_control.chosen.connect(self.theme_chosen)
        # Languages are named in themselves, so that nobody gets lost in one they cannot read.
        languages = (("system", tr("System")), ("en", "English"), ("pl", "Polski"))
        self.language_control = ChoiceButton(theme, languages, tr("Language"))
        self.language_control.set_value(language_value)
        self.language_control.chosen.connect(self.language_chosen)
        about_theme = tr("System follows the theme of this computer.")
        about_language = tr("Takes effect when SLM Desk is opened again.")
        self.add_group(
            tr("Window"),
            SettingsRow(theme, "sun-moon", tr("Theme"), about_theme, self.theme_control),
            SettingsRow(theme, "languages", tr("Language"), about_language, self.language_control),
        )
