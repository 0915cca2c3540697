"""What the window itself says when something fails."""

from slmdesk.messages.sentences.texts import N_, ErrorText

ERRORS: dict[str, ErrorText] = {
    "nothing-opens": ErrorText(
        what=N_("{path} cannot be shown"),
        why=N_("no program of this system opens it"),
        do=N_("Open it yourself, in a file manager or in an editor"),
    ),
}
