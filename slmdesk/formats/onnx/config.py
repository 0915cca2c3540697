"""genai_config.json: what the model says it is, and whether a chat can be held with it.

Read as strictly as ONNX Runtime GenAI reads it: a section that is not known here may name files that nobody
has looked at, so it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from slmdesk.formats.onnx.errors import OnnxError
from slmdesk.formats.onnx.json_text import BYTE_ORDER_MARK, Json, Object, parse_object
from slmdesk.formats.onnx.limits import Limits
from slmdesk.formats.onnx.options import CONFIG, check_run_options, check_session_options
from slmdesk.formats.onnx.places import ModelRoot, read_place

# Sections of models that see, hear, translate or classify, and of those that are made of several graphs.
_NOT_FOR_CHAT = ("encoder", "vision", "speech", "embedding", "joiner", "vad", "audio_output", "moonshine")
# Their files would be run too, and nothing here has looked at them.
_SPECULATION = ("draft", "mtp", "dflash2", "dspark")
_TYPES_NOT_FOR_CHAT = frozenset(
    {
        "whisper", "nemotron_speech", "phi3v", "phi4mm", "gemma3", "fara", "qwen2_5_vl", "qwen3_vl",
        "marian-ssru", "decoder-pipeline", "moonshine",
    }
)  # fmt: skip
_DECODER_VALUES = frozenset(
    {
        "filename", "session_options", "run_options", "sliding_window", "shared_initializers", "pipeline",
        "inputs", "outputs", "layer_types", "state_groups",
    }
)  # fmt: skip
_LARGEST = 2**31 - 1
# Real models stay far below: 126 layers, 128 heads, 576 numbers in a head, 25,600 in a token, 262,144 tokens.
# Without such bounds products of them are sizes that no computer has.
_MOST_LAYERS = 4096
_MOST_HEADS = 2**14
_LARGEST_HEAD = 2**14
_WIDEST = 2**17
_LARGEST_VOCABULARY = 2**24
MOST_KV_NUMBERS_IN_LAYER = 2**20
"""Of the keys of one token."""
MOST_KV_NUMBERS = 2**25
"""The same over all layers."""
_USUAL_KEY, _USUAL_VALUE = "past_key_values.%d.key", "past_key_values.%d.value"
_USUAL_TOKENS, _USUAL_LOGITS = "input_ids", "logits"


@dataclass(frozen=True, slots=True)
class SharedData:
    """A range of a data file that the config names beside those in the graph."""

    file: str
    offset: int
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class GenaiConfig:
    """The facts of a genai_config.json that others need."""

    model_type: str
    context_length: int
    """Tokens."""
    vocab_size: int
    eos_token_ids: tuple[int, ...]
    """Empty: the file names none."""
    bos_token_id: int | None
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    hidden_size: int
    decoder_file: str
    """Name of the graph in the folder."""
    providers: tuple[str, ...]
    """Names in `provider_options`, the first one first."""
    sliding_window: int
    """Tokens that each position looks back; 0: all."""
    past_names: tuple[str, ...] = (_USUAL_KEY, _USUAL_VALUE)
    """Names of the graph's inputs that hold the KV cache, with %d for the layer."""
    tokens_name: str = _USUAL_TOKENS
    """Name of the graph's input for tokens."""
    logits_name: str = _USUAL_LOGITS
    """Name of the graph's output with the logits."""
    shared_data: tuple[SharedData, ...] = ()


def read_config(root: ModelRoot, limits: Limits) -> GenaiConfig:
    """The config of the model in `root`.

    Raises OnnxError `missing`, `bad_json`, `byte_order_mark`, `bad_value`, `not_for_chat`, `unsupported` and
    what the options and the file itself raise.
    """
    return parse_config(read_place(root.locate(CONFIG, CONFIG), limits.config_bytes), limits=limits)


def parse_config(data: bytes, *, limits: Limits | None = None) -> GenaiConfig:
    """The same from the content of a genai_config.json whose folder is elsewhere.

    Raises OnnxError as `read_config` does, and `too_large`.
    """
    limits = limits or Limits()
    if len(data) > limits.config_bytes:
        raise OnnxError("too_large", part=CONFIG, what="size of the file", limit=limits.config_bytes)
    if data.startswith(BYTE_ORDER_MARK):
        # ONNX Runtime GenAI 0.18 stumbles over it here, and reads it in the files of the tokenizer.
        raise OnnxError("byte_order_mark", part=CONFIG)
    return _checked(parse_object(data, CONFIG, limits))


def _checked(whole: Object) -> GenaiConfig:
    for name, section in whole.items():
        if name not in ("model", "search", "speculative", "engine") and isinstance(section, (dict, list)):
            raise OnnxError("unsupported", part=CONFIG, setting=name[:200])
    model = _Section(whole, "").section("model")
    model_type = model.text("type")
    _check_sections(model)
    if model_type in _TYPES_NOT_FOR_CHAT:
        raise OnnxError("not_for_chat", part=CONFIG, setting=model_type)
    decoder = model.section("decoder")
    _check_decoder(decoder)
    _check_search(whole)
    heads = decoder.number("num_attention_heads", least=1, most=_MOST_HEADS, default=0)
    hidden = decoder.number("hidden_size", least=1, most=_WIDEST, default=0)
    config = GenaiConfig(
        model_type=model_type,
        context_length=model.number("context_length", least=1, most=_LARGEST),
        vocab_size=model.number("vocab_size", least=1, most=_LARGEST_VOCABULARY),
        eos_token_ids=model.ids("eos_token_id", least=0),
        bos_token_id=next(iter(model.ids("bos_token_id")), None),
        layers=decoder.number("num_hidden_layers", least=1, most=_MOST_LAYERS),
        heads=heads,
        kv_heads=decoder.number("num_key_value_heads", least=1, most=_MOST_HEADS, default=heads),
        head_size=decoder.number(
            "head_size", least=1, most=_LARGEST_HEAD, default=hidden // heads if heads else 0
        ),
        hidden_size=hidden,
        decoder_file=decoder.text("filename"),
        providers=check_session_options(
            decoder.values.get("session_options", {}), decoder.key("session_options")
        ),
        sliding_window=_sliding_window(decoder),
        past_names=_past_names(decoder),
        tokens_name=_optional(decoder, "inputs").text("input_ids", _USUAL_TOKENS),
        logits_name=_optional(decoder, "outputs").text("logits", _USUAL_LOGITS),
        shared_data=tuple(_shared_data(decoder)),
    )
    if any(token >= config.vocab_size for token in config.eos_token_ids):
        raise model.wrong("eos_token_id")
    _check_products(config, decoder)
    return config


class _Section:
    """One object of the config, whose values are asked for with their type."""

    def __init__(self, values: Object, name: str) -> None:
        self.values = values
        self._name = name

    def key(self, name: str) -> str:
        return f"{self._name}.{name}" if self._name else name

    def wrong(self, name: str) -> OnnxError:
        return OnnxError("bad_value", part=CONFIG, setting=self.key(name)[:200])

    def section(self, name: str) -> _Section:
        value = self.values.get(name)
        if not isinstance(value, dict):
            raise self.wrong(name)
        return _Section(value, self.key(name))

    def text(self, name: str, default: str = "") -> str:
        """Raises `bad_value` for a missing or empty text without a default."""
        value = self.values.get(name, default)
        if not isinstance(value, str) or not value or not value.isprintable() or len(value) > 1024:
            raise self.wrong(name)
        return value

    def number(self, name: str, *, least: int, most: int, default: int | None = None) -> int:
        value = self.values.get(name, default)
        if name not in self.values and default is not None:
            return default
        # JSON has one kind of number: 3.0 is 3, as the native library reads it.
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
            raise self.wrong(name)
        if not least <= value <= most:
            raise self.wrong(name)
        return int(value)

    def ids(self, name: str, *, least: int = -1) -> tuple[int, ...]:
        """One token or a list of them. A `least` of -1 lets -1 stand for none."""
        value = self.values.get(name)
        if value is None:
            return ()
        listed = value if isinstance(value, list) else [value]
        if len(listed) > 1024:
            raise self.wrong(name)
        found = [_Section({name: one}, self._name).number(name, least=least, most=_LARGEST) for one in listed]
        return tuple(one for one in found if one >= 0)


def _check_sections(model: _Section) -> None:
    for name, value in model.values.items():
        key = model.key(name)[:200]
        if name in ("decoder", "type") or not value or _is_ids(value):
            continue
        if name in _NOT_FOR_CHAT:
            raise OnnxError("not_for_chat", part=CONFIG, setting=key)
        # A text may name a folder, as tokenizer_dir does.
        names_files = isinstance(value, (dict, list)) or (isinstance(value, str) and value != ".")
        if name in _SPECULATION or names_files:
            raise OnnxError("unsupported", part=CONFIG, setting=key)


def _check_decoder(decoder: _Section) -> None:
    for name, value in decoder.values.items():
        if name == "pipeline" and value:
            raise OnnxError("not_for_chat", part=CONFIG, setting=decoder.key(name))
        if name == "run_options":
            check_run_options(value, decoder.key(name))
    for name, value in decoder.values.items():
        if name not in _DECODER_VALUES and isinstance(value, (str, dict, list)) and value:
            raise OnnxError("unsupported", part=CONFIG, setting=decoder.key(name)[:200])


def _check_search(whole: Object) -> None:
    """The native library takes numbers and switches, and stumbles over everything else."""
    search = whole.get("search")
    for name, value in search.items() if isinstance(search, dict) else ():
        if not isinstance(value, (int, float)):
            raise _Section({}, "search").wrong(name)


def _check_products(config: GenaiConfig, decoder: _Section) -> None:
    for name, heads in (("num_attention_heads", config.heads), ("num_key_value_heads", config.kv_heads)):
        if heads * config.head_size > MOST_KV_NUMBERS_IN_LAYER:
            raise decoder.wrong(name)
    if config.layers * config.kv_heads * config.head_size > MOST_KV_NUMBERS:
        raise decoder.wrong("num_hidden_layers")


def _is_ids(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(one, (int, float)) for one in value)


def _optional(decoder: _Section, name: str) -> _Section:
    return decoder.section(name) if name in decoder.values else _Section({}, decoder.key(name))


def _sliding_window(decoder: _Section) -> int:
    if decoder.values.get("sliding_window") is None:
        return 0
    return decoder.section("sliding_window").number("window_size", least=0, most=_LARGEST, default=0)


def _past_names(decoder: _Section) -> tuple[str, ...]:
    inputs = _optional(decoder, "inputs")
    if inputs.values.get("past_names"):
        return (inputs.text("past_names"),)
    return inputs.text("past_key_names", _USUAL_KEY), inputs.text("past_value_names", _USUAL_VALUE)


def _shared_data(decoder: _Section) -> list[SharedData]:
    listed = decoder.values.get("shared_initializers", [])
    if not isinstance(listed, list) or len(listed) > _MOST_LAYERS:
        raise decoder.wrong("shared_initializers")
    found = []
    for one in listed:
        if not isinstance(one, dict):
            raise decoder.wrong("shared_initializers")
        section = _Section(one, decoder.key("shared_initializers"))
        numbers = []
        for name in ("offset", "length"):
            text = section.text(name, "0")
            # Numbers as text, because JSON's own are not exact that far.
            if not (text.isascii() and text.isdigit() and len(text) <= 18):
                raise section.wrong(name)
            numbers.append(int(text))
        found.append(SharedData(section.text("data_file"), numbers[0], numbers[1]))
    return found
