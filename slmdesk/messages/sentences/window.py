"""What the window itself says when something fails."""

from slmdesk.messages.sentences.texts import N_, ErrorText

ERRORS: dict[str, ErrorText] = {
    "engines-not-looked-at": ErrorText(
        what=N_("it could not be found out which engines and devices there are"),
        why=N_("something went wrong in SLM Desk itself"),
        do=N_("Look again. If that does not help, report the bug with the details"),
    ),
    "engine-turned-off": ErrorText(
        what=N_("{name} cannot be loaded"),
        why=N_("{engine} is turned off in the settings"),
        do=N_("Turn it on in the settings, under Engines and devices"),
    ),
    "engine-turned-off-in-file": ErrorText(
        what=N_("{name} cannot be loaded"),
        why=N_("{engine} is turned off in the settings"),
        do=N_(
            "Turn it on in the settings, under Engines and devices, or take “{engine_name}” out of "
            "“engines_off” in {file}"
        ),
    ),
    "engines-turned-off": ErrorText(
        what=N_("no model can be used"),
        why=N_("every engine is turned off in the settings"),
        do=N_(
            "Turn one on in the settings, under Engines and devices, or take its name out of “engines_off” "
            "in {file}"
        ),
    ),
    "nothing-opens": ErrorText(
        what=N_("{path} cannot be shown"),
        why=N_("no program of this system opens it"),
        do=N_("Open it yourself, in a file manager or in an editor"),
    ),
}
