"""Names of the settings, and what the window itself says when something fails."""

from slmdesk.messages.sentences.texts import N_, ErrorText, Plural

SENTENCES: dict[str, str | Plural] = {
    "setting-theme": N_("Theme"),
    "setting-language": N_("Language"),
    "setting-model": N_("Model"),
    "setting-window-width": N_("Width of the window"),
    "setting-window-height": N_("Height of the window"),
    "setting-text-zoom": N_("Size of chat text"),
    "setting-reduce-motion": N_("Reduce motion"),
    "setting-show-figures": N_("Figures under answers"),
    "setting-send-with": N_("Send with"),
    "setting-reopen-last-chat": N_("Open the last chat at start"),
    "setting-load-model-at-start": N_("Load the model at start"),
}

ERRORS: dict[str, ErrorText] = {
    "nothing-opens": ErrorText(
        what=N_("{path} cannot be shown"),
        why=N_("no program of this system opens it"),
        do=N_("Open it yourself, in a file manager or in an editor"),
    ),
}
