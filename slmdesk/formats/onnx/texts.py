"""The chat template and the special tokens, from the files of the tokenizer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slmdesk.formats.onnx.added_tokens import read_added_tokens
from slmdesk.formats.onnx.errors import OnnxError
from slmdesk.formats.onnx.json_text import LFS_POINTER, Json, Object, read_object
from slmdesk.formats.onnx.limits import Limits
from slmdesk.formats.onnx.places import ModelRoot, Place, read_place

TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
TEMPLATE = "chat_template.jinja"
# What the native library adds to tokenizer_config.json where it is there.
_MODULE = "tokenizer_module.json"

_LONGEST_TOKEN = 1024


@dataclass(frozen=True, slots=True)
class SpecialTokens:
    """Tokens that are no text of a conversation."""

    control: Mapping[str, int] = field(default_factory=dict)
    """Text of each to its number: the added tokens that the tokenizer marks as special."""
    bos_text: str = ""
    """What a template writes for the beginning; "" where the model names none."""
    eos_text: str = ""


def read_texts(root: ModelRoot, limits: Limits) -> tuple[str | None, SpecialTokens]:
    """The chat template, or None, and the special tokens.

    Raises OnnxError `missing`, `bad_json`, `empty`, `lfs_pointer`, `too_large`, `unreadable`, `damaged` for a
    template that is no text, `outside` for a vocabulary that is named elsewhere, `bad_value`.
    """
    tokenizer = root.locate(TOKENIZER, TOKENIZER)
    control = _control_tokens(read_added_tokens(tokenizer, limits), tokenizer, limits)
    place = root.locate(TOKENIZER_CONFIG, TOKENIZER_CONFIG)
    config = read_object(place, limits, limits.tokenizer_config_bytes)
    for token, number in _of_decoder(config, place, limits).items():
        control.setdefault(token, number)
    _check_vocabulary(root, config, place)
    module_place = root.find(_MODULE)
    if module_place is not None:
        module = read_object(module_place, limits, limits.tokenizer_config_bytes)
        _check_vocabulary(root, module, module_place)
        added = module.get("added_tokens")
        control.update(_control_tokens(added if isinstance(added, list) else [], module_place, limits))
    template = _template_file(root, limits) or _template_of(config)
    return template, SpecialTokens(
        control, bos_text=_token_text(config.get("bos_token")), eos_text=_token_text(config.get("eos_token"))
    )


def _template_file(root: ModelRoot, limits: Limits) -> str | None:
    place = root.find(TEMPLATE)
    if place is None:
        return None
    data = read_place(place, limits.template_bytes)
    if data.startswith(LFS_POINTER):
        raise OnnxError("lfs_pointer", part=place.part)
    try:
        # Without a byte order mark, which no model was taught to read.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise OnnxError("damaged", part=place.part, what="no text in UTF-8") from error


def _template_of(config: Object) -> str | None:
    """The one template, or of several that have names the default one."""
    value = config.get("chat_template")
    if isinstance(value, str):
        return value or None
    named: dict[str, str] = {}
    for one in value if isinstance(value, list) else []:
        if isinstance(one, dict):
            name, text = one.get("name"), one.get("template")
            if isinstance(name, str) and isinstance(text, str):
                named.setdefault(name, text)
    return named.get("default") or next(iter(named.values()), None)


def _token_text(value: Json) -> str:
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) and len(value) <= _LONGEST_TOKEN else ""


def _check_vocabulary(root: ModelRoot, values: Object, place: Place) -> None:
    """Raise OnnxError for a vocabulary in a file that is not in the model's folder."""
    file = values.get("tiktoken_file")
    if isinstance(file, str) and file:
        root.locate(file, place.part)
    elif file:
        raise OnnxError("bad_value", part=place.part, setting="tiktoken_file")


def _of_decoder(config: Object, place: Place, limits: Limits) -> dict[str, int]:
    """The special tokens in tokenizer_config.json, of which the native library takes those it lacks."""
    listed = config.get("added_tokens_decoder")
    tokens: list[Json] = []
    for number, one in (listed if isinstance(listed, dict) else {}).items():
        if isinstance(one, dict) and number.isascii() and number.isdigit() and len(number) < 10:
            tokens.append({**one, "id": int(number)})
    return _control_tokens(tokens, place, limits)


def _control_tokens(listed: list[Json], place: Place, limits: Limits) -> dict[str, int]:
    """Those of the added tokens that are marked as special, by their text."""
    control: dict[str, int] = {}
    for one in listed:
        if not isinstance(one, dict) or one.get("special") is not True:
            continue
        text, number = one.get("content"), one.get("id")
        if isinstance(text, str) and 0 < len(text) <= _LONGEST_TOKEN and type(number) is int and number >= 0:
            control[text] = number
        if len(control) > limits.control_tokens:
            raise OnnxError(
                "too_large", part=place.part, what="number of tokens", limit=limits.control_tokens
            )
    return control
