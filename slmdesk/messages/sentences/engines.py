"""Sentences of engines and their processes.

Keys that end in `-loading` are said while a model file is being loaded and name it, those that end in
`-starting` before any file was touched; the others are said while an answer is being written.
"""

from slmdesk.messages.sentences.texts import N_, ErrorText, Plural

SENTENCES: dict[str, str | Plural] = {
    "engine-models-gguf": N_("GGUF files"),
    "engine-models-onnx": N_("ONNX folders"),
}

_ANSWERING = N_("The engine stopped while it was answering")
_LOADING = N_("{name} cannot be loaded")
_STARTING = N_("{engine} cannot be started")
_SEND_AGAIN = N_("Send your message again: the model is loaded anew, and nothing of the conversation is lost")
_LESS_MEMORY = N_("Close other programs, or choose a smaller model or a shorter context length")
_REINSTALL = N_("Run “slmdesk doctor” to see what is missing, then install SLM Desk again")
_BUILD_HERE = N_(
    "Install the engine again on this computer, so that it is built for this processor; "
    "“slmdesk doctor” shows what the processor can do"
)
_REINSTALL_NOW = N_("Install SLM Desk again")
_BUILD_HERE_NOW = N_("Install the engine again on this computer, so that it is built for this processor")

ERRORS: dict[str, ErrorText] = {
    "engine-crashed": ErrorText(_ANSWERING, N_("its native code crashed ({status})"), _SEND_AGAIN),
    "engine-crashed-loading": ErrorText(
        _LOADING,
        N_("the engine crashed while reading it ({status})"),
        N_("The file may be damaged or made for a newer engine: get it again, or choose another model"),
    ),
    "engine-crashed-starting": ErrorText(
        _STARTING,
        N_("the engine process ended before it was ready ({status})"),
        _REINSTALL,
        _REINSTALL_NOW,
    ),
    "engine-wrong-processor": ErrorText(
        _ANSWERING,
        N_("it was built for another processor: this one lacks an instruction it uses ({status})"),
        _BUILD_HERE,
        _BUILD_HERE_NOW,
    ),
    "engine-wrong-processor-loading": ErrorText(
        _LOADING,
        N_("the engine was built for another processor: this one lacks an instruction it uses ({status})"),
        _BUILD_HERE,
        _BUILD_HERE_NOW,
    ),
    "engine-wrong-processor-starting": ErrorText(
        _STARTING,
        N_("it was built for another processor: this one lacks an instruction it uses ({status})"),
        _BUILD_HERE,
        _BUILD_HERE_NOW,
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
    "engine-not-installed": ErrorText(
        _STARTING,
        N_("its Python package {package} is not installed"),
        N_("Install it, or choose a model of another engine"),
    ),
    "engine-not-for-this-system": ErrorText(
        _STARTING,
        N_("it does not exist for this system and processor"),
        N_("Choose a model of another engine"),
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
    "engine-ended-by-system-starting": ErrorText(
        _STARTING,
        N_("the system ended it ({status}), most often because memory ran out"),
        N_("Close other programs, then try again"),
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
        N_("it did not get ready within {seconds} s and was ended"),
        N_("This computer may be very busy. Try again; “slmdesk doctor” shows more"),
        N_(
            "This computer may be very busy, or a virus scanner may be looking at the engine for the first "
            "time. Try again; if it stays so, install SLM Desk again"
        ),
    ),
    "engine-stuck-starting": ErrorText(
        _STARTING,
        N_("it stopped responding when it was asked what it can do, and was ended"),
        N_("Bring the drivers of this computer's devices up to date, then try again"),
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
    "engine-could-not-start": ErrorText(
        _STARTING, N_("its native library cannot be used (“{reason}”)"), _REINSTALL, _REINSTALL_NOW
    ),
    "engine-needs-runtime": ErrorText(
        _STARTING,
        N_("{library} was not found, a part of {product} from {maker}"),
        N_(
            "Install {product} from {maker} so that the system finds {library}, or install the build of the "
            "engine for the processor"
        ),
    ),
    "engine-needs-driver": ErrorText(
        _STARTING,
        N_("{library} was not found, a part of the driver from NVIDIA"),
        N_(
            "Install the driver of NVIDIA; in a container, start the container with access to the GPU. Or "
            "install the build of the engine for the processor"
        ),
    ),
    "engine-needs-library": ErrorText(
        _STARTING,
        N_("the library {library} that it needs was not found"),
        N_(
            "Install the package of your system that brings {library}; if there is none, install SLM Desk "
            "again"
        ),
    ),
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
    "engine-busy": ErrorText(
        N_("No model can be used now"),
        N_("“{name}” has this computer to itself until it is done"),
        N_("Wait until it is done, or stop it, then try again"),
    ),
    "engine-unknown": ErrorText(
        N_("There is no engine called “{name}”"),
        N_("the engines are called {engines}"),
        N_("Choose one of these names, or none, to have the one that suits the model"),
    ),
    "engine-does-not-take": ErrorText(
        N_("{name} cannot be loaded with {engine}"),
        N_("it is in a format that this engine does not read"),
        N_("Choose {other}, or no engine, to have the one that suits the model"),
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
