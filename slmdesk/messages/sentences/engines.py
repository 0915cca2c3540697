"""Sentences of engines and their processes.

Keys that end in `-loading` are said while a model file is being loaded and name it, those that end in
`-starting` before any file was touched; the others are said while an answer is being written.
"""

from slmdesk.messages.sentences.texts import N_, ErrorText, Plural

SENTENCES: dict[str, str | Plural] = {}

_ANSWERING = N_("The engine stopped while it was answering")
_LOADING = N_("{name} cannot be loaded")
_STARTING = N_("{engine} cannot be started")
_SEND_AGAIN = N_("Send your message again: the model is loaded anew, and nothing of the conversation is lost")
_LESS_MEMORY = N_("Close other programs, or choose a smaller model or a shorter context length")
_REINSTALL = N_("Run “slmdesk doctor” to see what is missing, then install SLM Desk again")

ERRORS: dict[str, ErrorText] = {
    "engine-crashed": ErrorText(_ANSWERING, N_("its native code crashed ({status})"), _SEND_AGAIN),
    "engine-crashed-loading": ErrorText(
        _LOADING,
        N_("the engine crashed while reading it ({status})"),
        N_("The file may be damaged or made for a newer engine: get it again, or choose another model"),
    ),
    "engine-crashed-starting": ErrorText(
        _STARTING, N_("the engine process ended before it was ready ({status})"), _REINSTALL
    ),
    "engine-out-of-memory": ErrorText(
        _ANSWERING, N_("this computer has no memory left for it"), _LESS_MEMORY
    ),
    "engine-out-of-memory-loading": ErrorText(
        _LOADING, N_("it needs more memory than this computer can give it"), _LESS_MEMORY
    ),
    "engine-out-of-memory-starting": ErrorText(
        _STARTING, N_("this computer has no memory left for it"), N_("Close other programs, then try again")
    ),
    "engine-ended-by-system": ErrorText(
        _ANSWERING,
        N_("the system ended it ({status}), most often because memory ran out"),
        _LESS_MEMORY,
    ),
    "engine-ended-by-system-loading": ErrorText(
        _LOADING,
        N_("the system ended the engine ({status}), most often because memory ran out"),
        _LESS_MEMORY,
    ),
    "engine-not-responding": ErrorText(
        _ANSWERING,
        N_("it stopped responding and was ended"),
        _SEND_AGAIN,
    ),
    "engine-not-responding-loading": ErrorText(
        _LOADING,
        N_("the engine stopped responding while reading it and was ended"),
        N_("Check that its disk is connected and can be read, then try again"),
    ),
    "engine-silent-starting": ErrorText(
        _STARTING,
        N_("it did not get ready in time"),
        N_("This computer may be very busy. Try again; “slmdesk doctor” shows more"),
    ),
    "engine-answer-garbled": ErrorText(
        _ANSWERING,
        N_("it sent something that could not be understood and was ended"),
        N_("If you do not trust where this model comes from, remove it; otherwise send your message again"),
    ),
    "engine-answer-garbled-loading": ErrorText(
        _LOADING,
        N_("the engine sent something that could not be understood and was ended"),
        N_("If you do not trust where this model comes from, remove it"),
    ),
    "engine-could-not-start": ErrorText(_STARTING, N_("its native library cannot be used"), _REINSTALL),
    "engine-process-refused": ErrorText(
        _STARTING,
        N_("the system does not allow another process"),
        N_("Close other programs, then try again"),
    ),
    "engine-killed-twice": ErrorText(
        N_("{name} is not loaded again"),
        N_("it crashed the engine twice"),
        N_("Choose another model, or load this one again yourself to give it another chance"),
    ),
    "engine-bug": ErrorText(
        _ANSWERING,
        N_("there is a bug in SLM Desk"),
        N_("Send your message again. If that does not help, report the bug with the details"),
    ),
    "engine-bug-loading": ErrorText(
        _LOADING,
        N_("there is a bug in SLM Desk"),
        N_("Report the bug with the details"),
    ),
    "engine-ended": ErrorText(
        N_("The engine has stopped"),
        N_("its process ended while it had nothing to do ({status})"),
        N_("Send your message: the model is loaded anew, and nothing of the conversation is lost"),
    ),
    "engine-closed": ErrorText(
        N_("The model was unloaded"),
        N_("the engine was closed meanwhile"),
        N_("Send the message again; the model is loaded first"),
    ),
    "engine-request-too-large": ErrorText(
        N_("The conversation cannot be answered"),
        N_("it is {size_bytes} of text, and the engine takes {limit_bytes}"),
        N_("Start a new chat"),
    ),
}
