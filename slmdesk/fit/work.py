"""What a model reads and computes for each token: the side of a speed that does not depend on the computer.

Read from the tensor table, because the rate of a processor differs by the type of the weights more than by
anything else. Where only a list of sizes is known, the same struct is filled in by rules of thumb, and says
so.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from slmdesk.engines import KvType, ModelFormat
from slmdesk.fit.caches import caches_of, caches_of_header
from slmdesk.fit.types import Dimensions, LayerCache
from slmdesk.formats.gguf import GgufHeader, TensorInfo, bytes_of

_OUTPUT = "output.weight"
_EMBEDDING = "token_embd.weight"
_TABLES = (_EMBEDDING, "per_layer_token_embd.weight", "position_embd.weight", "token_types.weight")
"""One row of each is read for a token; the first serves as output layer where there is no other."""
_BLOCK = re.compile(r"blk\.(\d{1,9})\.")
_LEAST_MATRIX = 1 << 13
"""Values of a tensor below which it costs no more than a step."""
_LAYER_NODES = 7
"""Steps of a layer that have no weights: rotations, cache writes, attention, additions, activation."""
_EXPERT_NODES = 12
"""Further ones where experts are chosen, beside two for each chosen one."""
_STATE_NODES = 6
"""Further ones of a layer with a recurrent state."""


class Matrices(Struct, frozen=True):
    """Matrices of one type that are multiplied with one vector for each token."""

    type: str
    """ggml's name, for example `Q4_K`."""
    bytes: int
    values: int
    rows: int
    """Rows over all of them: each is one dot product."""


class Attention(Struct, frozen=True):
    """Layers whose attention is of one shape."""

    layers: int
    heads: int
    kv_heads: int
    key_length: int
    value_length: int
    window: int = 0
    """Tokens that are looked back at; 0: all."""
    shared: bool = False
    """Keys and values are one vector."""

    def positions(self, depth: int) -> int:
        """Tokens that one token attends to when `depth` are in the cache."""
        return min(depth, self.window) if self.window else depth


class TokenWork(Struct, frozen=True, kw_only=True):
    """What generating one token takes. Hashable; the same for each copy of the same weights."""

    key: str
    """What measured runs are kept under: the same for models that cannot differ in speed. "": none."""
    format: ModelFormat = "gguf"
    architecture: str = ""
    layers: int
    matrices: tuple[Matrices, ...]
    attention: tuple[Attention, ...] = ()
    state_bytes: int = 0
    """Of recurrent layers: read and written for each token."""
    decays: int = 0
    """Numbers of recurrent states that decay each by its own exponential."""
    nodes: int
    """Steps of the computation: each costs the threads a meeting."""
    vocabulary: int
    model_bytes: int
    """All weights, active or not: what competes for the processor's cache."""
    exact: bool = True
    """False: filled in by rules of thumb."""

    @property
    def active_bytes(self) -> int:
        """Weights read for each token."""
        return sum(one.bytes for one in self.matrices)

    @property
    def active_values(self) -> int:
        """Weights that each token is multiplied with."""
        return sum(one.values for one in self.matrices)

    def kv_bytes_at(self, depth: int, kv_type: KvType) -> int:
        """Bytes of KV cache that are read for a token when `depth` tokens are in it."""
        return sum(
            one.layers
            * one.positions(depth)
            * one.kv_heads
            * (bytes_of(kv_type, one.key_length) + (0 if one.shared else bytes_of(kv_type, one.value_length)))
            for one in self.attention
        )


def speed_key(model_format: str, architecture: str, parameters: int, weights_bytes: int) -> str:
    """What runs of a model are kept under: its shape, as far as both its header and the engine tell it."""
    return f"{model_format}/{architecture}/{parameters}/{weights_bytes}"


def work_of_headers(headers: Sequence[GgufHeader]) -> TokenWork:
    """The work of a GGUF model, from the headers of all its parts in their order.

    Never raises for headers that were read: what a damaged one claims is taken as it is.
    """
    first = headers[0]
    tensors = [tensor for header in headers for tensor in header.tensors]
    experts = max(1, first.of_architecture("expert_count") or 0)
    used = min(experts, max(1, *first.per_layer("expert_used_count", 0))) if first.layers else 1
    kinds: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    caches = caches_of_header(first)
    nodes = 0
    for tensor in _read_for_each_token(first, tensors):
        # A norm is two steps: to divide, and to multiply.
        nodes += 2 if tensor.name.endswith("norm.weight") else 1
        small = len(tensor.shape) < 2 or tensor.values < _LEAST_MATRIX
        if small or tensor.size_bytes is None or tensor.name.endswith("ssm_a"):
            continue
        share = used / experts if "_exps." in tensor.name else 1.0
        kind = kinds[tensor.type_name]
        kind[0] += round(tensor.size_bytes * share)
        kind[1] += round(tensor.values * share)
        kind[2] += round(tensor.values / max(1, tensor.shape[0]) * share)
        if "_exps." in tensor.name:
            nodes += _EXPERT_NODES // 3
    nodes += _LAYER_NODES * len(caches) + _STATE_NODES * sum(1 for cache in caches if cache.state_bytes)
    parameters = sum(header.parameters for header in headers)
    weights = sum(header.weights_bytes for header in headers)
    return TokenWork(
        key=speed_key("gguf", first.architecture, parameters, weights),
        architecture=first.architecture,
        layers=len(caches),
        matrices=tuple(Matrices(name, *numbers) for name, numbers in sorted(kinds.items())),
        attention=_attention(first, caches),
        state_bytes=sum(cache.state_bytes for cache in caches),
        decays=_decays(tensors),
        nodes=nodes,
        vocabulary=first.vocabulary,
        model_bytes=weights,
    )


def _decays(tensors: Sequence[TensorInfo]) -> int:
    """Of Mamba, whose decays are as many as its state; Mamba 2 has one for each head."""
    return sum(tensor.values for tensor in tensors if tensor.name.endswith("ssm_a") and tensor.shape[0] > 1)


def _read_for_each_token(header: GgufHeader, tensors: Sequence[TensorInfo]) -> list[TensorInfo]:
    """Without tables of which one row is read, and without layers that only predict further tokens."""
    tied = not any(tensor.name == _OUTPUT for tensor in tensors)
    running = header.layers - max(0, header.of_architecture("nextn_predict_layers") or 0)
    found = []
    for tensor in tensors:
        if tensor.name in _TABLES and not (tied and tensor.name == _EMBEDDING):
            continue
        block = _BLOCK.match(tensor.name)
        if block is None or running <= 0 or int(block[1]) < running:
            found.append(tensor)
    return found


def _attention(header: GgufHeader, caches: Sequence[LayerCache]) -> tuple[Attention, ...]:
    """The layers that attend, those of one shape together."""
    heads = header.per_layer("attention.head_count", 0)
    kv_heads = header.per_layer("attention.head_count_kv", 0)
    found: Counter[Attention] = Counter()
    for layer, cache in enumerate(caches):
        if not cache.key_values or not heads[layer]:
            continue
        own = max(1, kv_heads[layer])
        key = cache.key_values // own
        # One compressed vector is key and value at once.
        value = cache.value_values // own or (header.of_architecture("attention.value_length") or key)
        shape = Attention(0, heads[layer], own, key, value, cache.window, not cache.value_values)
        found[shape] += 1
    return tuple(msgspec.structs.replace(shape, layers=count) for shape, count in found.items())


def work_of_dimensions(
    dimensions: Dimensions, weights_bytes: int, quantization: str = "", *, model_format: ModelFormat = "gguf"
) -> TokenWork | None:
    """The same by rules of thumb, where no header is at hand; None: not enough is known.

    `quantization` as in the name of the file, `Q4_K_M`; without it the type is told from bits per weight.
    """
    parameters = dimensions.parameters or dimensions.active_parameters
    if weights_bytes <= 0 or not parameters:
        return None
    if not (dimensions.active_parameters or dimensions.active_bytes) and _is_mixture(dimensions):
        # Which share of it is read for a token, nobody says: a tenth, or all of it.
        return None
    active = min(dimensions.active_parameters or parameters, parameters)
    active_bytes = dimensions.active_bytes or round(weights_bytes * active / parameters)
    layers = dimensions.layers or max(4, min(128, round((parameters / 5e6) ** 0.5)))
    width = dimensions.hidden_size or max(256, round((active / layers / 12) ** 0.5))
    kind = _usual_type(quantization, 8 * weights_bytes / parameters)
    caches = caches_of(dimensions) or ()
    heads = dimensions.heads or dimensions.kv_heads or max(1, width // 128)
    own = max(1, dimensions.kv_heads or heads)
    shapes: Counter[Attention] = Counter(
        Attention(
            0,
            heads,
            own,
            cache.key_values // own,
            (cache.value_values or cache.key_values) // own,
            cache.window,
        )
        for cache in caches
        if cache.key_values
    )  # fmt: skip
    nodes = (_LAYER_NODES + 11) * layers
    if dimensions.experts:
        nodes += _EXPERT_NODES * layers
    return TokenWork(
        # A list rounds, so that nothing was ever run under its key; a folder on this disk does not.
        key=speed_key(model_format, dimensions.architecture, parameters, weights_bytes),
        format=model_format,
        architecture=dimensions.architecture,
        layers=layers,
        matrices=(Matrices(kind, active_bytes, active, max(1, active // width)),),
        attention=tuple(msgspec.structs.replace(shape, layers=count) for shape, count in shapes.items()),
        state_bytes=sum(cache.state_bytes for cache in caches),
        nodes=nodes,
        vocabulary=dimensions.vocab_size or 64_000,
        model_bytes=weights_bytes,
        exact=False,
    )


def _is_mixture(dimensions: Dimensions) -> bool:
    """Whether only some experts of it compute for each token, by its architecture where no more is known."""
    name = dimensions.architecture.lower().replace("_", "-")
    return (dimensions.experts or 0) > 1 or "moe" in name or name in _MIXTURES


def _usual_type(quantization: str, bits: float) -> str:
    """The type that most weights have in a file named so, else one of about so many bits."""
    name = quantization.upper().removesuffix("_M").removesuffix("_S").removesuffix("_L").removesuffix("_XL")
    for known in (name, f"{name}_K", f"{name}_S"):
        if known in TYPES_BY_BITS:
            return known
    return min(TYPES_BY_BITS, key=lambda kind: abs(TYPES_BY_BITS[kind] - bits))


_MIXTURES = frozenset({"mixtral", "deepseek2", "dbrx", "grok", "arctic", "gpt-oss", "llama4", "dots1"})
"""Architectures of mixtures of experts whose names do not say so (gguf-py/gguf/constants.py)."""

TYPES_BY_BITS: Mapping[str, float] = {
    "Q4_K": 4.5, "Q8_0": 8.5, "Q6_K": 6.5625, "Q5_K": 5.5, "Q3_K": 3.4375, "Q2_K": 2.625, "F16": 16.0,
    "BF16": 16.0, "F32": 32.0, "Q4_0": 4.5, "Q4_1": 5.0, "Q5_0": 5.5, "Q5_1": 6.0, "IQ4_XS": 4.25,
    "IQ4_NL": 4.5, "IQ3_S": 3.4375, "IQ3_XXS": 3.0625, "IQ2_S": 2.5625, "IQ2_XS": 2.3125, "IQ2_XXS": 2.0625,
    "IQ1_S": 1.5625, "IQ1_M": 1.75, "TQ1_0": 1.6875, "TQ2_0": 2.0625, "MXFP4": 4.25,
}  # fmt: skip
"""Bits per weight of the types there are models of, the most usual first."""
