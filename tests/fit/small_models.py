"""Complete GGUF files with random weights, of architectures that keep a conversation in different ways.

Small enough to fill a context of 8192 tokens in a test, and large enough that each of weights, cache and
buffers weighs something beside the engine's process itself. What they write is noise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.formats.gguf_writer import ARRAY, BOOL, F32, I32, STRING, U32, Typed, header, padded

_F32, _Q8_0, _Q4_0 = 0, 8, 2
_TYPES = {"q8_0": _Q8_0, "q4_0": _Q4_0}
_VOCABULARY = 8192
_CONTEXT = 32768

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class SmallModel:
    """One architecture: its numbers and tensors."""

    architecture: str
    width: int
    layers: int
    metadata: Mapping[str, Typed]
    """Without the architecture's name in front."""
    block: Callable[[SmallModel, int], Shapes]
    """Tensors of one layer, without `blk.N.` in front. A name ends with its kind: `.weight`, `.bias` or
    neither."""
    output: bool = True
    """Whether the output layer has a tensor of its own."""
    output_norm: str = "output_norm.weight"
    extra: Mapping[str, int] = field(default_factory=dict)
    """Sizes that `block` needs."""


def _attention(model: SmallModel, heads: int, kv_heads: int, head: int, *, normed: bool) -> Shapes:
    width = model.width
    shapes: Shapes = {
        "attn_norm.weight": (width,),
        "attn_q.weight": (width, heads * head),
        "attn_k.weight": (width, kv_heads * head),
        "attn_v.weight": (width, kv_heads * head),
        "attn_output.weight": (heads * head, width),
    }
    if normed:
        shapes |= {"attn_q_norm.weight": (head,), "attn_k_norm.weight": (head,)}
    return shapes


def _feed_forward(model: SmallModel, inner: int) -> Shapes:
    width = model.width
    return {
        "ffn_norm.weight": (width,),
        "ffn_gate.weight": (width, inner),
        "ffn_up.weight": (width, inner),
        "ffn_down.weight": (inner, width),
    }


def _gemma3_block(model: SmallModel, layer: int) -> Shapes:
    norms: Shapes = {"post_attention_norm.weight": (model.width,), "post_ffw_norm.weight": (model.width,)}
    return _attention(model, 4, 2, 64, normed=True) | _feed_forward(model, 768) | norms


def _qwen3moe_block(model: SmallModel, layer: int) -> Shapes:
    width, inner, experts = model.width, 128, 32
    return _attention(model, 8, 2, 64, normed=True) | {
        "ffn_norm.weight": (width,),
        "ffn_gate_inp.weight": (width, experts),
        "ffn_gate_exps.weight": (width, inner, experts),
        "ffn_up_exps.weight": (width, inner, experts),
        "ffn_down_exps.weight": (inner, width, experts),
    }


def _lfm2_block(model: SmallModel, layer: int) -> Shapes:
    width = model.width
    rest = _feed_forward(model, 1024)
    if layer % 3 == 2:
        return _attention(model, 8, 4, 64, normed=True) | rest
    return rest | {
        "attn_norm.weight": (width,),
        "shortconv.conv.weight": (3, width),
        "shortconv.in_proj.weight": (width, 3 * width),
        "shortconv.out_proj.weight": (width, width),
    }


def _falcon_h1_block(model: SmallModel, layer: int) -> Shapes:
    width, inner, state, heads, groups = model.width, 1024, 64, 16, 1
    conv = inner + 2 * groups * state
    rest = _feed_forward(model, 1024)
    # As llama.cpp wants it of this architecture.
    rest["ffn_norm"] = rest.pop("ffn_norm.weight")
    return (
        _attention(model, 8, 2, 64, normed=False)
        | rest
        | {
            "ssm_in.weight": (width, inner + conv + heads),
            "ssm_conv1d.weight": (4, conv),
            "ssm_conv1d.bias": (conv,),
            "ssm_dt.bias": (heads,),
            "ssm_a": (1, heads),
            "ssm_d": (1, heads),
            "ssm_norm.weight": (inner // groups, groups),
            "ssm_out.weight": (inner, width),
        }
    )


def _mamba_block(model: SmallModel, layer: int) -> Shapes:
    width, inner, state, rank = model.width, 2 * model.width, 16, 32
    return {
        "attn_norm.weight": (width,),
        "ssm_in.weight": (width, 2 * inner),
        "ssm_conv1d.weight": (4, inner),
        "ssm_conv1d.bias": (inner,),
        "ssm_x.weight": (inner, rank + 2 * state),
        "ssm_dt.weight": (rank, inner),
        "ssm_dt.bias": (inner,),
        "ssm_a": (state, inner),
        "ssm_d": (inner,),
        "ssm_out.weight": (inner, width),
    }


def _deepseek2_block(model: SmallModel, layer: int) -> Shapes:
    """Latent attention: what is kept of each token is one short row for all heads."""
    width, heads, query, latent, rotated, plain, value = model.width, 8, 96, 128, 32, 64, 64
    return _feed_forward(model, 1024) | {
        "attn_norm.weight": (width,),
        "attn_q_a.weight": (width, query),
        "attn_q_a_norm.weight": (query,),
        "attn_q_b.weight": (query, heads * (plain + rotated)),
        "attn_kv_a_mqa.weight": (width, latent + rotated),
        "attn_kv_a_norm.weight": (latent,),
        "attn_k_b.weight": (plain, latent, heads),
        "attn_v_b.weight": (latent, value, heads),
        "attn_output.weight": (heads * value, width),
    }


def _heads(heads: int, kv_heads: int | list[int], head: int) -> dict[str, Typed]:
    kv: Typed = (ARRAY, (I32, kv_heads)) if isinstance(kv_heads, list) else (U32, kv_heads)
    return {
        "attention.head_count": (U32, heads),
        "attention.head_count_kv": kv,
        "attention.key_length": (U32, head),
        "attention.value_length": (U32, head),
        "rope.dimension_count": (U32, head),
    }


_SSM: dict[str, Typed] = {"ssm.conv_kernel": (U32, 4)}

SMALL_MODELS: dict[str, SmallModel] = {
    "sliding window": SmallModel(
        "gemma3",
        384,
        12,
        {"feed_forward_length": (U32, 768), "attention.sliding_window": (U32, 512), **_heads(4, 2, 64)},
        _gemma3_block,
        output=False,
    ),
    "mixture of experts": SmallModel(
        "qwen3moe",
        384,
        6,
        {
            "feed_forward_length": (U32, 1024),
            "expert_count": (U32, 32),
            "expert_used_count": (U32, 4),
            "expert_feed_forward_length": (U32, 128),
            **_heads(8, 2, 64),
        },
        _qwen3moe_block,
    ),
    "hybrid": SmallModel(
        "lfm2",
        512,
        9,
        {
            "feed_forward_length": (U32, 1024),
            "shortconv.l_cache": (U32, 3),
            **_heads(8, [0, 0, 4] * 3, 64),
        },
        _lfm2_block,
        output=False,
        output_norm="token_embd_norm.weight",
    ),
    "attention beside recurrence": SmallModel(
        "falcon-h1",
        512,
        6,
        {
            "feed_forward_length": (U32, 1024),
            "ssm.inner_size": (U32, 1024),
            "ssm.state_size": (U32, 64),
            "ssm.time_step_rank": (U32, 16),
            "ssm.group_count": (U32, 1),
            **_SSM,
            **_heads(8, 2, 64),
        },
        _falcon_h1_block,
    ),
    "recurrent": SmallModel(
        "mamba",
        512,
        8,
        {
            "feed_forward_length": (U32, 0),
            "attention.head_count": (U32, 0),
            "ssm.inner_size": (U32, 1024),
            "ssm.state_size": (U32, 16),
            "ssm.time_step_rank": (U32, 32),
            **_SSM,
        },
        _mamba_block,
    ),
    "latent attention": SmallModel(
        "deepseek2",
        512,
        6,
        {
            "feed_forward_length": (U32, 1024),
            "attention.head_count": (U32, 8),
            "attention.head_count_kv": (U32, 1),
            "attention.key_length": (U32, 160),
            "attention.value_length": (U32, 128),
            "attention.key_length_mla": (U32, 96),
            "attention.value_length_mla": (U32, 64),
            "attention.q_lora_rank": (U32, 96),
            "attention.kv_lora_rank": (U32, 128),
            "rope.dimension_count": (U32, 32),
            "leading_dense_block_count": (U32, 6),
            "expert_count": (U32, 0),
            "expert_used_count": (U32, 0),
            "expert_shared_count": (U32, 0),
            "expert_feed_forward_length": (U32, 128),
            "expert_weights_scale": (F32, 1.0),
        },
        _deepseek2_block,
    ),
}


def write_small_model(
    name: str,
    target: Path,
    *,
    kind: str = "q8_0",
    vocabulary: int = _VOCABULARY,
    parts: int = 1,
    changes: Mapping[str, Typed] | None = None,
) -> Path:
    """Write the model called `name` to the file or folder `target`, with matrices of `kind`.

    Of several `parts` each gets a share of the tensors; returns the path of the first.
    """
    model = SMALL_MODELS[name]
    metadata = _metadata(model, vocabulary) | dict(changes or {})
    shapes = _shapes(model, vocabulary)
    if parts == 1:
        target.write_bytes(_file(metadata, shapes, _TYPES[kind]))
        return target
    paths = [target / f"model-{number:05d}-of-{parts:05d}.gguf" for number in range(1, parts + 1)]
    names = list(shapes)
    share = -(-len(names) // parts)
    for number, path in enumerate(paths):
        split: dict[str, Typed] = {
            "split.no": (2, number),
            "split.count": (2, parts),
            "split.tensors.count": (I32, len(names)),
        }
        mine = {key: shapes[key] for key in names[number * share : (number + 1) * share]}
        path.write_bytes(_file((metadata if number == 0 else {}) | split, mine, _TYPES[kind]))
    return paths[0]


def _metadata(model: SmallModel, vocabulary: int) -> dict[str, Typed]:
    own: dict[str, Typed] = {
        "block_count": (U32, model.layers),
        "context_length": (U32, _CONTEXT),
        "embedding_length": (U32, model.width),
        "attention.layer_norm_rms_epsilon": (F32, 1e-5),
        "vocab_size": (U32, vocabulary),
        **model.metadata,
    }
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    # Ordinary characters have a token each, so that a text has as many tokens as it is long.
    letters = ["▁", *map(chr, range(33, 127))]
    words = [f"word{number}" for number in range(vocabulary - 3 - 256 - len(letters))]
    tokens = ["<unk>", "<s>", "</s>", *bytes_, *letters, *words]
    kinds = [2, 3, 3] + [6] * 256 + [1] * (vocabulary - 259)
    return {
        "general.architecture": (STRING, model.architecture),
        "general.name": (STRING, f"small {model.architecture}"),
        **{f"{model.architecture}.{key}": value for key, value in own.items()},
        "tokenizer.ggml.model": (STRING, "llama"),
        "tokenizer.ggml.tokens": (ARRAY, (STRING, tokens)),
        "tokenizer.ggml.scores": (ARRAY, (F32, [-float(i) for i in range(vocabulary)])),
        "tokenizer.ggml.token_type": (ARRAY, (I32, kinds)),
        "tokenizer.ggml.bos_token_id": (U32, 1),
        "tokenizer.ggml.eos_token_id": (U32, 2),
        "tokenizer.ggml.add_space_prefix": (BOOL, False),
    }


def _shapes(model: SmallModel, vocabulary: int) -> Shapes:
    shapes: Shapes = {"token_embd.weight": (model.width, vocabulary), model.output_norm: (model.width,)}
    if model.output:
        shapes["output.weight"] = (model.width, vocabulary)
    for layer in range(model.layers):
        for name, shape in model.block(model, layer).items():
            shapes[f"blk.{layer}.{name}"] = shape
    return shapes


def _file(metadata: Mapping[str, Typed], shapes: Shapes, kind: int) -> bytes:
    tensors, data = [], []
    at = 0
    for name, shape in shapes.items():
        quantized = len(shape) > 1 and shape[0] % 32 == 0 and "ssm_" not in name.replace("ssm_in", "")
        type_ = kind if quantized and "ffn_gate_inp" not in name else _F32
        weights = _weights(name, int(np.prod(shape)), type_)
        tensors.append((name, shape, type_, at))
        data.append(padded(weights))
        at += len(data[-1])
    return padded(header(metadata, tensors)) + b"".join(data)


def _weights(name: str, count: int, kind: int) -> bytes:
    """Random numbers of about 0.03, the same each time; norms are 1, so that nothing grows without end."""
    numbers = np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little"))
    if kind == _F32:
        if "norm" in name:
            return np.ones(count, np.float32).tobytes()
        values = numbers.standard_normal(count, np.float32) * np.float32(0.03)
        if name.endswith("ssm_a"):
            values = -np.abs(values) - np.float32(0.5)
        return values.tobytes()
    size = 32 if kind == _Q8_0 else 16
    blocks: npt.NDArray[np.uint8] = np.empty((count // 32, 2 + size), np.uint8)
    scale = np.float16(0.0005 if kind == _Q8_0 else 0.006)
    blocks[:, :2] = np.frombuffer(scale.tobytes(), np.uint8)
    blocks[:, 2:] = numbers.integers(0, 256, (count // 32, size), np.uint8)
    return blocks.tobytes()


def small_models(folder: Path, names: Iterable[str] = SMALL_MODELS) -> dict[str, Path]:
    """All of `names`, written to `folder`."""
    return {name: write_small_model(name, folder / f"{name.replace(' ', '-')}.gguf") for name in names}
