"""Every sentence that a room below the fronts says, in English, by key; gettext has the other languages."""

from slmdesk.messages.sentences import (
    catalogue,
    chatting,
    engines,
    fit,
    hardware,
    library,
    model_facts,
    models,
    network,
    offering,
    onnx,
    placing,
    simulating,
    storing,
    window,
)
from slmdesk.messages.sentences.texts import ErrorText, Plural

ERRORS: dict[str, ErrorText] = {
    **catalogue.ERRORS,
    **chatting.ERRORS,
    **engines.ERRORS,
    **fit.ERRORS,
    **hardware.ERRORS,
    **library.ERRORS,
    **models.ERRORS,
    **network.ERRORS,
    **offering.ERRORS,
    **onnx.ERRORS,
    **placing.ERRORS,
    **simulating.ERRORS,
    **window.ERRORS,
    **storing.ERRORS,
}
SENTENCES: dict[str, str | Plural] = {
    **catalogue.SENTENCES,
    **model_facts.SENTENCES,
    **chatting.SENTENCES,
    **engines.SENTENCES,
    **fit.SENTENCES,
    **hardware.SENTENCES,
    **library.SENTENCES,
    **models.SENTENCES,
    **network.SENTENCES,
    **offering.SENTENCES,
    **onnx.SENTENCES,
    **placing.SENTENCES,
    **storing.SENTENCES,
}

__all__ = ["ERRORS", "SENTENCES", "ErrorText", "Plural"]
