"""What each layer of a model keeps of a conversation: keys and values, a window of them, or a state.

The rules are llama.cpp's (src/llama-hparams.cpp, src/llama-model.cpp `create_memory`, and `load_arch_hparams`
of src/models/*.cpp); gguf-parser-go (file_estimate__llamacpp.go) counts the same parts. What a header does
not say is taken so that too much is counted rather than too little. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from slmdesk.fit.types import Dimensions, LayerCache
from slmdesk.formats.gguf import GgufHeader

_STATE_NUMBER_BYTES = 4
"""States are kept as F32, whatever the type of the KV cache."""

# Every how many layers one looks at everything, and whether that one is the first of them, where the file
# does not say: `load_swa_pattern` in src/models/*.cpp.
_FULL_EVERY = {
    "afmoe": 4, "cohere2": 4, "exaone-moe": 4, "exaone4": 4, "gemma2": 2, "gemma3": 6, "gemma3n": 5,
    "gpt-oss": 2, "llama4": 4, "mellum": 4, "muse-glimmer": 4, "olmo2": 4, "plamo3": 8,
}  # fmt: skip
_FULL_FIRST_EVERY = {"cohere2moe": 4, "laguna": 4, "smallthinker": 4}
# Only these layers have keys and values of their own: src/models/gemma3n.cpp.
_OWN_LAYERS = {"gemma3n": 20}
_RECURRENT = frozenset({"mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7"})
# Attention and recurrence beside each other in every layer.
_BOTH = frozenset({"falcon-h1"})
# Every fourth layer has attention, the others a state, where the file does not say.
_FULL_ATTENTION_EVERY = {"qwen3next": 4, "qwen35": 4, "qwen35moe": 4, "qwen4exp": 4}
_LARGEST = 2**31 - 1

# Names that the configuration files of the original models have for the same.
_OTHER_NAMES = {
    "gemma3_text": "gemma3", "gemma4_text": "gemma4", "gpt_oss": "gpt-oss",
    "granitemoehybrid": "granitehybrid", "lfm2_moe": "lfm2moe", "nemotron_h_moe": "nemotron_h",
    "olmo3": "olmo2", "qwen3_5": "qwen35", "qwen3_5_moe": "qwen35moe", "qwen3_next": "qwen3next",
    "falcon_h1": "falcon-h1",
}  # fmt: skip


def caches_of_header(header: GgufHeader) -> tuple[LayerCache, ...]:
    """One for each layer that runs; empty where the header does not say how many there are."""
    name = header.architecture
    heads = header.per_layer("attention.head_count", 0)
    stated = header.per_layer("attention.head_count_kv", -1)
    kv_heads = [_bounded(one if kv < 0 else kv) for one, kv in zip(heads, stated, strict=True)]
    # Layers that only predict further tokens are not run.
    running = max(0, len(kv_heads) - _number(header, "nextn_predict_layers"))
    own = running - _number(header, "attention.shared_kv_layers")
    own = min(own, _OWN_LAYERS.get(name, running))
    recurrent = _recurrent_layers(header, kv_heads)
    windows = _windows(header, len(kv_heads), recurrent)
    state = _state_bytes(header, max(0, heads[0]) if heads else 0)
    found = []
    for layer in range(running):
        has_state = recurrent[layer]
        attends = (not has_state or name in _BOTH) and layer < own
        key, value = _head_lengths(header, windowed=windows[layer] > 0) if attends else (0, 0)
        found.append(
            LayerCache(
                key_values=key * kv_heads[layer],
                value_values=value * kv_heads[layer],
                window=windows[layer] if attends else 0,
                state_bytes=state if has_state else 0,
            )
        )
    return tuple(found)


@lru_cache(maxsize=1024)
def caches_of(dimensions: Dimensions) -> tuple[LayerCache, ...] | None:
    """The same from dimensions alone; None where they do not tell.

    Of a hybrid model only the share of layers with attention is known, not its states: those are small
    beside everything else.
    """
    if dimensions.caches:
        return dimensions.caches
    layers, heads = dimensions.layers, dimensions.kv_heads or dimensions.heads
    size = head_size(dimensions)
    if not layers or not heads or not size:
        return None
    layers = min(layers, 4096)
    name = _OTHER_NAMES.get(dimensions.architecture.lower(), dimensions.architecture.lower())
    numbers = min(heads * size, _LARGEST)
    window = dimensions.sliding_window or 0
    windowed = _pattern(name, layers) if window else [False] * layers
    interval = _FULL_ATTENTION_EVERY.get(name, 1)
    own = _OWN_LAYERS.get(name, layers)
    found = []
    for layer in range(layers):
        attends = layer < own and (layer + 1) % interval == 0 and name not in _RECURRENT
        found.append(
            LayerCache(
                key_values=numbers if attends else 0,
                value_values=numbers if attends else 0,
                window=window if attends and windowed[layer] else 0,
            )
        )
    return tuple(found)


def head_size(dimensions: Dimensions) -> int | None:
    """Numbers in one attention head, where it follows from what is known."""
    if dimensions.head_dim:
        return dimensions.head_dim
    if dimensions.hidden_size and dimensions.heads:
        return dimensions.hidden_size // dimensions.heads
    return None


def _head_lengths(header: GgufHeader, *, windowed: bool) -> tuple[int, int]:
    """Numbers per head in key and value, which layers with a window may have fewer of."""
    if _number(header, "attention.key_length_mla") and _number(header, "attention.value_length_mla"):
        # Latent attention: one compressed vector with the rotated part, from which both are made.
        return _number(header, "attention.key_length"), 0
    heads = max(header.per_layer("attention.head_count", 0), default=0)
    usual = _number(header, "embedding_length") // heads if heads > 0 else 0
    key = _number(header, "attention.key_length") or usual
    value = _number(header, "attention.value_length") or usual
    if windowed:
        key = _number(header, "attention.key_length_swa") or key
        value = _number(header, "attention.value_length_swa") or value
    return key, value


def _recurrent_layers(header: GgufHeader, kv_heads: Sequence[int]) -> list[bool]:
    name, count = header.architecture, len(kv_heads)
    if name in _RECURRENT or name in _BOTH:
        return [True] * count
    listed = header.metadata.get(f"{name}.attention.recurrent_layers")
    if isinstance(listed, tuple):
        return [bool(one) for one in listed[:count]] + [False] * (count - len(listed))
    interval = _number(header, "full_attention_interval") or _FULL_ATTENTION_EVERY.get(name, 0)
    if interval > 0:
        return [(layer + 1) % interval != 0 for layer in range(count)]
    if not any(_number(header, key) for key in ("ssm.inner_size", "shortconv.l_cache", "kda.head_dim")):
        return [False] * count
    # Layers of neither kind (of Nemotron-H) are those that have a feed-forward network instead.
    alone = name.startswith("nemotron_h")
    forward = header.per_layer("feed_forward_length", 0)
    return [kv == 0 and not (alone and size > 0) for kv, size in zip(kv_heads, forward, strict=True)]


def _windows(header: GgufHeader, count: int, recurrent: Sequence[bool]) -> list[int]:
    """The window of each layer, 0 for one that looks at everything."""
    name = header.architecture
    window = _number(header, "attention.sliding_window") or {"gemma2": 4096, "llama4": 8192}.get(name, 0)
    if not window or name == "phi3" or (name == "exaone4" and count != 64):
        # llama.cpp does not use the window of Phi 3, nor that of the small EXAONE 4.
        return [0] * count
    listed = header.metadata.get(f"{name}.attention.sliding_window_pattern")
    if isinstance(listed, tuple):
        windowed = [bool(one) for one in listed[:count]] + [False] * (count - len(listed))
    elif name.startswith("lfm2"):
        windowed = [not one for one in recurrent]
    else:
        windowed = _pattern(name, count, _number(header, "attention.sliding_window_pattern"))
    return [window if one else 0 for one in windowed]


def _pattern(name: str, count: int, stated: int = 0) -> list[bool]:
    """Which layers have a window; none where the pattern of the architecture is not known."""
    if name in _FULL_FIRST_EVERY:
        every = stated or _FULL_FIRST_EVERY[name]
        return [layer % every != 0 for layer in range(count)]
    every = stated or _FULL_EVERY.get(name, 1)
    return [layer % every < every - 1 for layer in range(count)]


def _state_bytes(header: GgufHeader, heads: int) -> int:
    """State of one recurrent layer: `n_embd_r` and `n_embd_s` of src/llama-hparams.cpp."""
    hidden = _number(header, "embedding_length")
    kernel = _number(header, "ssm.conv_kernel")
    inner, size = _number(header, "ssm.inner_size"), _number(header, "ssm.state_size")
    head, wkv = _number(header, "kda.head_dim"), _number(header, "wkv.head_size")
    short = _number(header, "shortconv.l_cache")
    if wkv:
        shift = _number(header, "token_shift_count") or 2
        numbers = shift * hidden + hidden * wkv
    elif short:
        numbers = hidden * (short - 1) + size * inner
    elif head:
        numbers = 3 * (kernel - 1 if kernel else 3) * heads * head + head * head * heads
    else:
        groups = _number(header, "ssm.group_count")
        numbers = max(0, kernel - 1) * (inner + 2 * groups * size) + size * inner
    return _bounded(numbers) * _STATE_NUMBER_BYTES


def _number(header: GgufHeader, key: str) -> int:
    """The number at `ARCHITECTURE.key`; 0 where there is none or it cannot be one."""
    return _bounded(header.of_architecture(key) or 0)


def _bounded(value: int) -> int:
    return value if 0 <= value <= _LARGEST else 0
