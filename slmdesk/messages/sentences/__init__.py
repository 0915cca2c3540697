"""Every sentence that a room below the fronts says, in English, by key; gettext has the other languages."""

from slmdesk.messages.sentences import (
    chatting,
    engines,
    hardware,
    library,
    models,
    onnx,
    placing,
    storing,
    window,
)
from slmdesk.messages.sentences.texts import ErrorText, Plural

ERRORS: dict[str, ErrorText] = {
    **chatting.ERRORS,
    **engines.ERRORS,
    **hardware.ERRORS,
    **library.ERRORS,
    **models.ERRORS,
    **onnx.ERRORS,
    **placing.ERRORS,
    **window.ERRORS,
    **storing.ERRORS,
}
SENTENCES: dict[str, str | Plural] = {
    **chatting.SENTENCES,
    **engines.SENTENCES,
    **hardware.SENTENCES,
    **library.SENTENCES,
    **models.SENTENCES,
    **onnx.SENTENCES,
    **placing.SENTENCES,
    **storing.SENTENCES,
}

__all__ = ["ERRORS", "SENTENCES", "ErrorText", "Plural"]
