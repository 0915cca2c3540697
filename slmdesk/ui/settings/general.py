"""Settings, General."""

from __future__ import annotations

from slmdesk.messages import tr
from slmdesk.ui.settings.rows import OnChange, SettingsPage
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.choice_button import ChoiceButton
from slmdesk.ui.widgets.segmented import Segmented
from slmdesk.ui.widgets.switch import Switch


class GeneralPage(SettingsPage):
    """Language, the start, and writing."""

    def __init__(self, theme: Theme, on_change: OnChange) -> None:
        super().__init__(theme, tr("General"), tr("The language, the start, and how messages are sent."))
        # Languages are named in themselves, so that nobody gets lost in one they cannot read.
        languages = (("system", tr("System")), ("en", "English"), ("pl", "Polski"))
        self.language_control = ChoiceButton(theme, languages, tr("Language"))
        self.language_control.chosen.connect(lambda value: on_change("language", value))
        self.add_group(
            tr("Language"),
            self.add_row(
                "language",
                "languages",
                tr("Language"),
                tr("Takes effect when SLM Desk is opened again."),
                self.language_control,
            ),
        )
        self.reopen_control = Switch(theme, tr("Open the last chat at start"))
        self.reopen_control.changed.connect(lambda value: on_change("reopen_last_chat", value))
        self.load_control = Switch(theme, tr("Load the model at start"))
        self.load_control.changed.connect(lambda value: on_change("load_model_at_start", value))
        self.add_group(
            tr("Start"),
            self.add_row(
                "reopen_last_chat",
                "history",
                tr("Open the last chat at start"),
                tr("Otherwise SLM Desk starts with a new chat."),
                self.reopen_control,
            ),
            self.add_row(
                "load_model_at_start",
                "package",
                tr("Load the model at start"),
                tr("Otherwise it is loaded with the first message, and takes no memory until then."),
                self.load_control,
            ),
        )
        keys = (("enter", tr("Enter")), ("ctrl_enter", tr("Ctrl+Enter")))
        self.send_control = Segmented(theme, keys, tr("Send with"))
        self.send_control.chosen.connect(lambda value: on_change("send_with", value))
        self.add_group(
            tr("Writing"),
            self.add_row(
                "send_with",
                "keyboard",
                tr("Send with"),
                tr("Shift+Enter always starts a new line; with Ctrl+Enter, Enter does, too."),
                self.send_control,
            ),
        )
