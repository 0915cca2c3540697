"""What storage says: folders, settings, the database."""

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
    "setting-device": N_("Run models on"),
    "setting-gpu-layers": N_("Layers on the device"),
    "setting-threads": N_("Threads"),
    "setting-context-length": N_("Context length of new chats"),
    "setting-kv-type": N_("Precision of the KV cache"),
    "setting-idle-unload": N_("Free the memory when idle"),
    "setting-engines-off": N_("Engines"),
    "setting-model-settings": N_("Settings of single models"),
    "setting-warnings-dismissed": N_("Warnings that were closed"),
}

ERRORS: dict[str, ErrorText] = {
    "folder-cannot-be-made": ErrorText(
        what=N_("the folder {folder} cannot be made"),
        why=N_("the system says “{reason}”"),
        do=N_("Free some disk space, or set SLMDESK_HOME to a folder that you may write to"),
    ),
    "setting-ignored": ErrorText(
        what=N_("the setting “{name}” has a value that cannot be used"),
        why=N_("the default is used instead"),
        do=N_("Choose it again, or correct it in {file}"),
    ),
    "setting-of-model-ignored": ErrorText(
        what=N_("the setting “{name}” of the model {model} has a value that cannot be used"),
        why=N_("what is set for all models is used instead"),
        do=N_("Choose it again, or correct it in {file}"),
    ),
    "setting-engine-unknown": ErrorText(
        what=N_("the setting “{name}” names “{engine}”, and no engine is called so"),
        why=N_("the engines are called {engines}"),
        do=N_("Correct “engines_off” in {file}"),
    ),
    "settings-unreadable": ErrorText(
        what=N_("the settings in {file} cannot be read"),
        why=N_("the system says “{reason}”"),
        do=N_("The defaults are used instead. Make the file readable, then start SLM Desk again"),
    ),
    "settings-damaged": ErrorText(
        what=N_("the settings were damaged and are kept as {file}"),
        why=N_("the defaults are used instead"),
        do=N_("Choose your settings again"),
    ),
    "settings-damaged-in-place": ErrorText(
        what=N_("the settings in {file} are damaged"),
        why=N_("the defaults are used instead"),
        do=N_("Move the file away, or restore a copy of it"),
    ),
    "folder-cannot-be-written": ErrorText(
        what=N_("nothing can be stored in the folder {folder}"),
        why=N_("the system says “{reason}”"),
        do=N_("Free some disk space, or set SLMDESK_HOME to a folder that you may write to"),
    ),
    "settings-not-saved": ErrorText(
        what=N_("the settings cannot be saved to {file}"),
        why=N_("the system says “{reason}”"),
        do=N_("Free some disk space, or make the file writable; the change is lost when you close SLM Desk"),
    ),
    "window-lock-unusable": ErrorText(
        what=N_("SLM Desk cannot open its window"),
        why=N_("the file {file} cannot be written; the system says “{reason}”"),
        do=N_("Make the file writable, or set SLMDESK_HOME to a folder that you may write to"),
    ),
    "database-damaged": ErrorText(
        what=N_("the conversations in {file} are damaged"),
        why=N_("the database says “{reason}”"),
        do=N_("Start SLM Desk again: it saves what can be saved and keeps the damaged file"),
    ),
    "database-in-use": ErrorText(
        what=N_("the conversations in {file} cannot be opened"),
        why=N_("another SLM Desk is using them"),
        do=N_("Close the other one, or wait until it has finished, then try again"),
    ),
    "database-cannot-be-repaired": ErrorText(
        what=N_("the conversations in {file} cannot be checked and repaired"),
        why=N_("the system says “{reason}”"),
        do=N_(
            "Nothing in the file was changed. Free some disk space and check that the folder may be written"
            " to, then start SLM Desk again"
        ),
    ),
    "backup-cannot-be-made": ErrorText(
        what=N_("no backup of the conversations in {file} can be made"),
        why=N_("the system says “{reason}”"),
        do=N_("Free some disk space and check that the folder may be written to"),
    ),
    "backup-cannot-be-changed": ErrorText(
        what=N_("deleted conversations cannot be taken out of the backup {file}"),
        why=N_("the system says “{reason}”"),
        do=N_("Free some disk space and check that the folder may be written to, or remove the backup"),
    ),
    "database-cannot-be-opened": ErrorText(
        what=N_("the conversations in {file} cannot be opened"),
        why=N_("the database says “{reason}”"),
        do=N_(
            "Nothing in the file was changed. If the disk is full, free some space; otherwise keep a copy"
            " of the file, then restore a backup or move it away"
        ),
    ),
    "database-cannot-be-written": ErrorText(
        what=N_("the conversation cannot be saved to {file}"),
        why=N_("the database says “{reason}”"),
        do=N_("Free some disk space and check that the folder may be written to, then try again"),
    ),
    "database-is-newer": ErrorText(
        what=N_("the conversations in {file} cannot be opened"),
        why=N_("a newer version of SLM Desk has written them"),
        do=N_("Nothing in the file was changed. Install that version of SLM Desk again"),
    ),
}
