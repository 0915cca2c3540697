"""Settings, Appearance."""

from __future__ import annotations

from slmdesk.messages import tr
from slmdesk.storage import TEXT_ZOOM_LEAST, TEXT_ZOOM_MOST
from slmdesk.ui.settings.rows import OnChange, SettingsPage
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.choice_button import ChoiceButton
from slmdesk.ui.widgets.number_field import NumberField
from slmdesk.ui.widgets.segmented import Segmented
from slmdesk.ui.widgets.switch import Switch

_ZOOM_STEP = 10


class AppearancePage(SettingsPage):
    """How the window looks, and what of it moves."""

    def __init__(self, theme: Theme, on_change: OnChange) -> None:
        super().__init__(theme, tr("Appearance"), tr("How the window looks."))
        themes = (("light", tr("Light")), ("dark", tr("Dark")), ("system", tr("System")))
        self.theme_control = Segmented(theme, themes, tr("Theme"))
        self.theme_control.chosen.connect(lambda value: on_change("theme", value))
        motions = (("system", tr("As the system")), ("on", tr("On")), ("off", tr("Off")))
        self.motion_control = ChoiceButton(theme, motions, tr("Reduce motion"))
        self.motion_control.chosen.connect(lambda value: on_change("reduce_motion", value))
        self.add_group(
            tr("Window"),
            self.add_row(
                "theme",
                "sun-moon",
                tr("Theme"),
                tr("System follows the theme of this computer."),
                self.theme_control,
            ),
            self.add_row(
                "reduce_motion",
                "contrast",
                tr("Reduce motion"),
                tr("Nothing slides, fades or turns."),
                self.motion_control,
            ),
        )
        self.zoom_control = NumberField(
            theme,
            tr("Size of chat text"),
            least=TEXT_ZOOM_LEAST,
            most=TEXT_ZOOM_MOST,
            step=_ZOOM_STEP,
            value=100,
            at_end=True,
        )
        self.zoom_control.changed.connect(lambda value: on_change("text_zoom", int(value)))
        self.figures_control = Switch(theme, tr("Figures under answers"))
        self.figures_control.changed.connect(lambda value: on_change("show_figures", value))
        self.add_group(
            tr("Conversations"),
            self.add_row(
                "text_zoom",
                "a-large-small",
                tr("Size of chat text"),
                tr("In percent, 50 to 300. Ctrl and plus, minus or 0 change it in the chat."),
                self.zoom_control,
            ),
            self.add_row(
                "show_figures",
                "timer",
                tr("Figures under answers"),
                tr("How many tokens an answer has, how fast it was written, and how long it took."),
                self.figures_control,
            ),
        )
