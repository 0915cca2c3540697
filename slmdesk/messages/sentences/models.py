"""Sentences about loading a model and answering with it: what an engine refuses."""

from slmdesk.messages.sentences.texts import N_, NP_, ErrorText, Plural

SENTENCES: dict[str, str | Plural] = {}

_CANNOT_LOAD = N_("the model {file} cannot be loaded")
_CANNOT_LOAD_NAME = N_("the model {name} cannot be loaded")
_NOT_WITH_THESE = N_("the model cannot be loaded with these options")
_NO_ANSWER = N_("the model cannot answer")
_GET_IT_AGAIN = N_("Download or copy the file again")
_LESS_CONTEXT = N_("Choose a shorter context length, a smaller KV cache type or a smaller model")
_BETWEEN = N_("Choose a number between {least} and {most}")
_OTHER_MODEL = N_("Choose another file of this model, or another model")

ERRORS: dict[str, ErrorText] = {
    # The file.
    "model-missing": ErrorText(
        _CANNOT_LOAD, N_("there is no such file"), N_("Check the path, or see the list of models")
    ),
    "model-is-folder": ErrorText(_CANNOT_LOAD, N_("it is a folder"), N_("Choose the GGUF file inside it")),
    "model-not-a-file": ErrorText(
        _CANNOT_LOAD,
        N_("it is a pipe, a socket or a device, not a file"),
        N_("Choose a file in GGUF format"),
    ),
    "model-unreadable": ErrorText(
        _CANNOT_LOAD,
        N_("the file cannot be read, the system says “{reason}”"),
        N_("Check that you may read the file and that its disk is connected"),
    ),
    "model-empty": ErrorText(_CANNOT_LOAD, N_("the file is empty"), _GET_IT_AGAIN),
    "model-not-gguf": ErrorText(
        _CANNOT_LOAD, N_("it is not a GGUF file"), N_("Choose a file in GGUF format")
    ),
    "model-version": ErrorText(
        _CANNOT_LOAD,
        N_("it is of GGUF version {version}, which is not supported"),
        N_("Choose a file of GGUF version 2 or 3"),
    ),
    "model-cut-off": ErrorText(
        _CANNOT_LOAD,
        N_("the file is cut off: it has {have_bytes} and should have at least {need_bytes}"),
        _GET_IT_AGAIN,
    ),
    "model-header-cut-off": ErrorText(
        _CANNOT_LOAD,
        N_("the file is cut off: it ends after {have_bytes}, before the weights of the model begin"),
        _GET_IT_AGAIN,
    ),
    "model-damaged": ErrorText(
        _CANNOT_LOAD, N_("its header is damaged or made for other machines"), _GET_IT_AGAIN
    ),
    "model-header-too-large": ErrorText(
        _CANNOT_LOAD,
        N_("its header asks for more than any real model does"),
        N_("The file is damaged or malicious: get the model from a source that you trust"),
    ),
    "model-parts-do-not-match": ErrorText(
        _CANNOT_LOAD,
        N_("its {count} parts do not say of each other that they belong together, so no engine takes them"),
        _OTHER_MODEL,
    ),
    "model-not-first-part": ErrorText(
        _CANNOT_LOAD,
        N_("the model has {count} parts, and this file is not the first of them, or was renamed"),
        N_("Choose the part whose name contains “00001-of”"),
    ),
    "model-part-missing": ErrorText(
        _CANNOT_LOAD, N_("its part {part} is missing"), N_("Put all parts of the model into one folder")
    ),
    "model-refused": ErrorText(
        _CANNOT_LOAD,
        N_("{engine} does not know this kind of model, or the file is damaged"),
        _OTHER_MODEL,
    ),
    "model-not-for-chat": ErrorText(
        _CANNOT_LOAD, N_("it is not made to write text"), N_("Choose a chat or instruct model")
    ),
    "context-refused": ErrorText(
        _CANNOT_LOAD,
        N_(
            "llama.cpp could not make a context of {context_length} tokens, whose KV cache takes "
            "{needed_memory}"
        ),
        _LESS_CONTEXT,
    ),
    # Load options.
    "memory-too-small": ErrorText(
        _CANNOT_LOAD_NAME,
        N_(
            "it needs {needed_memory} of memory with a context of {context_length} tokens, and "
            "{available_memory} are available"
        ),
        N_("Close other programs, or choose a smaller model or a shorter context length"),
    ),
    "context-too-long": ErrorText(
        _CANNOT_LOAD_NAME,
        N_("a context of {context_length} tokens was asked for, and it was trained for {trained}"),
        N_("Choose a context length of at most {trained} tokens"),
    ),
    "context-too-short": ErrorText(
        _NOT_WITH_THESE,
        NP_(
            "a context of {context_length} token has no room for a conversation",
            "a context of {context_length} tokens has no room for a conversation",
            "context_length",
        ),
        N_("Choose a context length of at least {smallest} tokens"),
    ),
    "context-too-long-for-device": ErrorText(
        _CANNOT_LOAD_NAME,
        N_(
            "the KV cache for a context of {context_length} tokens does not fit into the largest buffer of "
            "{device}, {limit_memory}"
        ),
        N_("Choose a shorter context length, a smaller KV cache type or no GPU layers"),
    ),
    "threads-out-of-range": ErrorText(
        _NOT_WITH_THESE, N_("{value} threads were asked for, at most {most} make sense here"), _BETWEEN
    ),
    "batch-size-out-of-range": ErrorText(
        _NOT_WITH_THESE, N_("a batch size of {value} is not possible"), _BETWEEN
    ),
    "gpu-layers-out-of-range": ErrorText(
        _NOT_WITH_THESE,
        N_("{value} GPU layers are not possible"),
        N_("Choose a number between 0 and {most}, or {least} for all layers"),
    ),
    "flash-attention-unknown": ErrorText(
        _NOT_WITH_THESE,
        N_("there is no flash attention setting “{value}”"),
        N_("Choose “auto”, “on” or “off”"),
    ),
    "kv-type-unknown": ErrorText(
        _NOT_WITH_THESE,
        N_("there is no KV cache type “{kv_type}”"),
        N_("Choose “f16” or “q8_0”"),
    ),
    "kv-type-needs-flash-attention": ErrorText(
        _NOT_WITH_THESE,
        N_("the KV cache type {kv_type} needs flash attention, which is switched off"),
        N_("Set flash attention to “auto”, or the KV cache type to “f16”"),
    ),
    "kv-type-does-not-fit": ErrorText(
        _CANNOT_LOAD_NAME,
        N_("the size of its attention heads does not allow the KV cache type {kv_type}"),
        N_("Set the KV cache type to “f16”"),
    ),
    # Devices of ONNX Runtime.
    "onnx-one-device": ErrorText(
        _NOT_WITH_THESE,
        N_("ONNX Runtime runs a model on one device, and several were asked for: {devices}"),
        N_("Choose one of them"),
    ),
    "onnx-device-unknown": ErrorText(
        _NOT_WITH_THESE,
        N_("ONNX Runtime finds no device “{device}” here, only: {present}"),
        N_("Choose one of these, or check that the driver of the device is installed"),
    ),
    "onnx-provider-missing": ErrorText(
        _NOT_WITH_THESE,
        N_("the ONNX Runtime that is installed cannot use {device}: it was built without {backend}"),
        N_("Install the Python package {package}, or choose another device"),
    ),
    "onnx-device-refused": ErrorText(
        _CANNOT_LOAD,
        N_("ONNX Runtime could not run it on {device}"),
        N_("Bring the driver of the device up to date, or choose another device"),
    ),
    "onnx-device-not-used": ErrorText(
        _NOT_WITH_THESE,
        N_("{device} was asked for, and ONNX Runtime took “{used}” instead"),
        N_("Choose another device"),
    ),
    # The chat template.
    "template-broken": ErrorText(
        N_("the chat template of the model {name} does not work"),
        N_("it is faulty or needs something that SLM Desk does not offer to templates"),
        _OTHER_MODEL,
    ),
    "template-without-end": ErrorText(
        N_("the chat template of the model {name} was stopped"),
        N_("it takes more time or memory than any real template does"),
        N_("The file may be made to do harm: get the model from a source that you trust"),
    ),
    "template-refused": ErrorText(
        N_("the chat template of the model {name} does not accept this conversation"),
        N_("the template says “{reason}”"),
        N_("Start a new chat, or choose another model"),
    ),
    # One answer.
    "no-model-loaded": ErrorText(_NO_ANSWER, N_("no model is loaded"), N_("Choose a model first")),
    "no-message": ErrorText(
        _NO_ANSWER, N_("the conversation has no message"), N_("Write a message and send it")
    ),
    "prompt-empty": ErrorText(
        _NO_ANSWER, N_("the conversation has no text in it"), N_("Write a message and send it")
    ),
    "prompt-too-long": ErrorText(
        _NO_ANSWER, N_("the conversation is too long to be read"), N_("Start a new chat")
    ),
    "character-unknown": ErrorText(
        _NO_ANSWER,
        N_("it has no way to read the character “{character}”"),
        N_("Remove the character from your messages, or choose another model"),
    ),
    "decoding-failed": ErrorText(
        _NO_ANSWER,
        N_("{engine} could not evaluate the next tokens"),
        N_("Send your message again; if that does not help, choose another model"),
    ),
    "model-does-not-run": ErrorText(
        _NO_ANSWER,
        N_("{engine} could not evaluate even its first tokens, it says “{reason}”"),
        N_("Its files are damaged or do not fit together: get the model again, or choose another one"),
    ),
    "model-weights-damaged": ErrorText(
        _NO_ANSWER,
        N_("the weights in the model's file are damaged: what they give are no numbers"),
        N_("Get the file again, or choose another model"),
    ),
    "tokenizer-of-another-model": ErrorText(
        _NO_ANSWER,
        N_("the tokenizer in its folder belongs to another model"),
        N_("Get the folder of the model again, or choose another model"),
    ),
    "max-tokens-out-of-range": ErrorText(
        _NO_ANSWER,
        N_("an answer of at most {value} tokens was asked for"),
        N_("Choose a number from 1 on, or no limit"),
    ),
    "stop-too-many": ErrorText(
        _NO_ANSWER, N_("there are too many stop strings"), N_("Give at most {most} stop strings")
    ),
    "stop-length": ErrorText(
        _NO_ANSWER,
        N_("a stop string is empty or too long"),
        N_("Give stop strings of 1 to {most} characters"),
    ),
    "sampling-out-of-range": ErrorText(
        _NO_ANSWER,
        N_("the sampling setting “{setting}” is {value}"),
        _BETWEEN,
    ),
}
