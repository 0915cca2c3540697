"""Every sentence that a room below the fronts says, in English, by key; gettext has the other languages."""

from slmdesk.messages.sentences import chatting, engines, library, models, storing, window
from slmdesk.messages.sentences.texts import ErrorText, Plural

ERRORS: dict[str, ErrorText] = {
    **chatting.ERRORS,
    **engines.ERRORS,
    **library.ERRORS,
    **models.ERRORS,
    **window.ERRORS,
    **storing.ERRORS,
}
SENTENCES: dict[str, str | Plural] = {
    **chatting.SENTENCES,
    **engines.SENTENCES,
    **library.SENTENCES,
    **models.SENTENCES,
    **storing.SENTENCES,
}

__all__ = ["ERRORS", "SENTENCES", "ErrorText", "Plural"]
