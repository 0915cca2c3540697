"""Sentences about model folders of ONNX Runtime GenAI: what is missing, broken or refused in them."""

from slmdesk.messages.sentences.texts import N_, ErrorText, Plural

SENTENCES: dict[str, str | Plural] = {}

_CANNOT_LOAD = N_("the model {file} cannot be loaded")
_REFUSED = N_("the model {file} is not loaded")
_GET_FILE_AGAIN = N_("Download or copy {part} again")
_GET_FOLDER_AGAIN = N_("Download or copy the whole folder again")
_TRUSTED = N_(
    "Get the model from a source that you trust. If you trust this one, remove the setting from "
    "genai_config.json"
)
_OTHER_SOURCE = N_("Get the model from a source that you trust")
_CHAT_MODEL = N_("Choose a chat or instruct model")

ERRORS: dict[str, ErrorText] = {
    # What is missing or broken.
    "onnx-not-a-folder": ErrorText(
        _CANNOT_LOAD, N_("it is not a folder"), N_("Choose the folder that holds genai_config.json")
    ),
    "onnx-folder-unreadable": ErrorText(
        _CANNOT_LOAD,
        N_("the folder cannot be read, the system says “{reason}”"),
        N_("Check that you may read the folder and that its disk is connected"),
    ),
    "onnx-file-missing": ErrorText(
        _CANNOT_LOAD,
        N_("its file {part} is missing"),
        N_("Put all files of the model into one folder, or download the folder again"),
    ),
    "onnx-file-no-file": ErrorText(
        _CANNOT_LOAD,
        N_("{part} in it is a folder, a pipe, a socket or a device, not a file"),
        _GET_FOLDER_AGAIN,
    ),
    "onnx-file-unreadable": ErrorText(
        _CANNOT_LOAD,
        N_("its file {part} cannot be read, the system says “{reason}”"),
        N_("Check that you may read the file and that its disk is connected"),
    ),
    "onnx-file-empty": ErrorText(_CANNOT_LOAD, N_("its file {part} is empty"), _GET_FILE_AGAIN),
    "onnx-file-not-fetched": ErrorText(
        _CANNOT_LOAD,
        N_("{part} in it is only a note by Git where to find the file"),
        N_("Fetch the file itself, with “git lfs pull” or by downloading it"),
    ),
    "onnx-bad-json": ErrorText(
        _CANNOT_LOAD, N_("its file {part} is not valid JSON, or cut off"), _GET_FILE_AGAIN
    ),
    "onnx-bad-value": ErrorText(
        _CANNOT_LOAD,
        N_("the setting “{setting}” in {part} is missing or not possible"),
        _GET_FILE_AGAIN,
    ),
    "onnx-byte-order-mark": ErrorText(
        _CANNOT_LOAD,
        N_("its file {part} begins with a byte order mark, which ONNX Runtime GenAI cannot read"),
        N_("Save {part} as UTF-8 without a byte order mark (BOM) in a text editor, or download it again"),
    ),
    "onnx-contradicts-graph": ErrorText(
        _CANNOT_LOAD,
        N_("the setting “{setting}” in {part} is {value}, and the model itself has {graph_value}"),
        _GET_FOLDER_AGAIN,
    ),
    "onnx-name-not-in-graph": ErrorText(
        _CANNOT_LOAD,
        N_("the setting “{setting}” in {part} names “{name}”, and the model itself has nothing of that name"),
        _GET_FOLDER_AGAIN,
    ),
    # What the native library finds wrong, in its own words.
    "onnx-config-refused": ErrorText(
        _CANNOT_LOAD,
        N_("ONNX Runtime GenAI cannot use its genai_config.json, it says “{reason}”"),
        N_("Download genai_config.json again, or choose a model made for this version of the library"),
    ),
    "onnx-tokenizer-refused": ErrorText(
        _CANNOT_LOAD,
        N_("ONNX Runtime GenAI cannot use its tokenizer, it says “{reason}”"),
        N_("Download tokenizer.json and tokenizer_config.json again, or choose another model"),
    ),
    "onnx-graph-refused": ErrorText(
        _CANNOT_LOAD,
        N_("its genai_config.json and its graph do not fit together, ONNX Runtime GenAI says “{reason}”"),
        N_("Download the whole folder again, or choose another model"),
    ),
    "onnx-not-onnx": ErrorText(_CANNOT_LOAD, N_("its file {part} is not an ONNX model"), _GET_FILE_AGAIN),
    "onnx-no-graph": ErrorText(
        _CANNOT_LOAD, N_("its file {part} is an ONNX file without a model in it"), _GET_FILE_AGAIN
    ),
    "onnx-cut-off": ErrorText(
        _CANNOT_LOAD,
        N_("its file {part} is cut off: it has {have_bytes} and should have at least {need_bytes}"),
        _GET_FILE_AGAIN,
    ),
    "onnx-damaged": ErrorText(_CANNOT_LOAD, N_("its file {part} is damaged"), _GET_FILE_AGAIN),
    "onnx-too-large": ErrorText(
        _CANNOT_LOAD,
        N_("its file {part} asks for more than any real model does"),
        N_("The file is damaged or malicious: get the model from a source that you trust"),
    ),
    "onnx-without-config": ErrorText(
        _CANNOT_LOAD,
        N_("there is no genai_config.json beside it, which says how it is run"),
        N_("Choose a folder that was made for ONNX Runtime GenAI, or a GGUF file"),
    ),
    # What no chat can be held with.
    "onnx-not-for-chat": ErrorText(
        _CANNOT_LOAD,
        N_("it is not made for chats in text alone: its {part} has “{setting}”"),
        _CHAT_MODEL,
    ),
    "onnx-unsupported": ErrorText(
        _CANNOT_LOAD,
        N_("its {part} has “{setting}”, which SLM Desk does not support"),
        N_("Choose another model"),
    ),
    # What could do harm.
    "onnx-outside": ErrorText(
        _REFUSED,
        N_("its file {part} names “{target}”, which is not in the model's folder"),
        _OTHER_SOURCE,
    ),
    "onnx-link-outside": ErrorText(
        _REFUSED,
        N_("{part} is a link that leads out of the model's folder, to {target}"),
        N_("Put what it leads to in the place of the link, or choose that itself"),
    ),
    "onnx-custom-library": ErrorText(
        _REFUSED,
        N_("the setting “{setting}” in {part} names a library of the model's own, whose code would run"),
        _TRUSTED,
    ),
    "onnx-custom-operator": ErrorText(
        _CANNOT_LOAD,
        N_("{part} has operators of the kind “{domain}”, which need a library of the model's own"),
        N_("Choose another model: SLM Desk runs no code that a model brings along"),
    ),
    "onnx-writes-file": ErrorText(
        _REFUSED,
        N_("the setting “{setting}” in {part} writes files"),
        _TRUSTED,
    ),
    "onnx-unsafe-option": ErrorText(
        _REFUSED,
        N_("the setting “{setting}” in {part} is not among those known to be harmless"),
        _TRUSTED,
    ),
}
