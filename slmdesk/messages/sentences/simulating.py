"""Sentences about finding out what a model takes without loading it. Formulas answer where this cannot."""

from slmdesk.messages.sentences.texts import N_, ErrorText, Plural

SENTENCES: dict[str, str | Plural] = {}

ERRORS: dict[str, ErrorText] = {
    "simulation-refused": ErrorText(
        N_("How much memory this model takes cannot be found out exactly"),
        N_("{engine}, as it is installed here, does not know this kind of model"),
        N_("Go by the estimate, or update SLM Desk and try again"),
    ),
    "simulation-failed": ErrorText(
        N_("How much memory this model takes cannot be found out exactly"),
        N_("{engine} could not lay it out on this computer"),
        N_("Go by the estimate"),
    ),
    "simulation-file": ErrorText(
        N_("How much memory this model takes cannot be found out exactly"),
        N_("a temporary file of its size cannot be made on this disk ({reason})"),
        N_("Make room in the folder for temporary files, or go by the estimate"),
    ),
}
