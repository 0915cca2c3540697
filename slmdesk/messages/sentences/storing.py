"""What storage says: folders, settings, the database."""

from slmdesk.messages.sentences.texts import N_, ErrorText, Plural

SENTENCES: dict[str, str | Plural] = {
    "setting-theme": N_("Theme"),
    "setting-language": N_("Language"),
    "setting-model": N_("Model"),
    "setting-window-width": N_("Width of the window"),
    "setting-window-height": N_("Height of the window"),
    "setting-ignored": N_(
        "The setting “{name}” has a value that cannot be used; its default is used instead."
    ),
    "settings-unreadable": N_("The settings in {file} cannot be read; the defaults are used instead."),
    "settings-damaged": N_(
        "The settings were damaged and are kept as {file}; the defaults are used instead."
    ),
}

ERRORS: dict[str, ErrorText] = {
    "folder-cannot-be-made": ErrorText(
        what=N_("the folder {folder} cannot be made"),
        why=N_("the system says “{reason}”"),
        do=N_("Free some disk space, or set SLMDESK_HOME to a folder that you may write to"),
    ),
    "settings-not-saved": ErrorText(
        what=N_("the settings cannot be saved to {file}"),
        why=N_("the system says “{reason}”"),
        do=N_("Free some disk space, or make the file writable; until then the change lasts until you close"),
    ),
    "database-cannot-be-opened": ErrorText(
        what=N_("the conversations in {file} cannot be opened"),
        why=N_("the database says “{reason}”"),
        do=N_("Nothing in the file was changed. Keep a copy of it, then restore a backup or move it away"),
    ),
    "database-is-newer": ErrorText(
        what=N_("the conversations in {file} cannot be opened"),
        why=N_("a newer version of SLM Desk has written them"),
        do=N_("Nothing in the file was changed. Install that version of SLM Desk again"),
    ),
}
