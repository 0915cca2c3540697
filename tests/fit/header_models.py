"""Headers of models as large as real ones, without a single weight: what a simulated load looks at.

Dimensions are those of the models that the functions are named for, all layers of one quantization. The
vocabulary is a number alone (`tokenizer.ggml.model` is `no_vocab`), so a header takes a few kilobytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from slmdesk.formats.gguf import bytes_of
from tests.formats.gguf_writer import ARRAY, BOOL, F32, I32, STRING, U16, U32, Typed, header, padded

_Q4_K, _F32 = 12, 0
_NAMES = {_Q4_K: "Q4_K", _F32: "F32"}
# As llama.cpp's own quantizer leaves them, or nearly.
_NOT_QUANTIZED = ("conv", "gate_inp", "attn_k_b", "attn_v_b")


@dataclass
class HeaderModel:
    """What a header says; `write` makes the sparse file of it."""

    architecture: str
    layers: int
    hidden: int
    vocabulary: int
    metadata: dict[str, Typed] = field(default_factory=dict)
    tensors: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)

    def number(self, key: str, value: int) -> None:
        self.metadata[f"{self.architecture}.{key}"] = (U32, value)

    def numbers(self, key: str, values: Sequence[int]) -> None:
        self.metadata[f"{self.architecture}.{key}"] = (ARRAY, (I32, list(values)))

    def flags(self, key: str, values: Sequence[bool]) -> None:
        self.metadata[f"{self.architecture}.{key}"] = (ARRAY, (BOOL, list(values)))

    def tensor(self, name: str, *shape: int) -> None:
        self.tensors.append((name, shape))

    def block(self, layer: int, **shapes: tuple[int, ...]) -> None:
        """Tensors `blk.LAYER.NAME.weight`."""
        for name, shape in shapes.items():
            self.tensor(f"blk.{layer}.{name}.weight", *shape)

    def attention(self, layer: int, heads: int, kv_heads: int, head: int, *, normed: bool = False) -> None:
        self.block(
            layer,
            attn_q=(self.hidden, heads * head),
            attn_k=(self.hidden, kv_heads * head),
            attn_v=(self.hidden, kv_heads * head),
            attn_output=(heads * head, self.hidden),
        )
        if normed:
            self.block(layer, attn_q_norm=(head,), attn_k_norm=(head,))

    def feed_forward(self, layer: int, size: int) -> None:
        self.block(layer, ffn_norm=(self.hidden,))
        self.block(
            layer,
            ffn_gate=(self.hidden, size),
            ffn_up=(self.hidden, size),
            ffn_down=(size, self.hidden),
        )

    def experts(self, layer: int, size: int, count: int) -> None:
        self.block(
            layer,
            ffn_gate_inp=(self.hidden, count),
            ffn_gate_exps=(self.hidden, size, count),
            ffn_up_exps=(self.hidden, size, count),
            ffn_down_exps=(size, self.hidden, count),
        )

    def header(self) -> bytes:
        """The header alone, up to where the weights would begin."""
        return self._parts()[0]

    def split(self, count: int) -> list[HeaderModel]:
        """The same in so many parts, the first with all of the metadata."""
        size = -(-len(self.tensors) // count)
        parts = []
        for index in range(count):
            part = replace(self, metadata=dict(self.metadata) if index == 0 else {})
            part.tensors = self.tensors[index * size : (index + 1) * size]
            part.metadata |= {
                "split.count": (U16, count),
                "split.no": (U16, index),
                "split.tensors.count": (I32, len(self.tensors)),
            }
            parts.append(part)
        return parts

    def write(self, path: Path) -> Path:
        """The header, and a hole as large as the weights."""
        head, size = self._parts()
        with path.open("wb") as file:
            file.write(head)
            file.truncate(len(head) + size)
        return path

    def _parts(self) -> tuple[bytes, int]:
        name = self.architecture
        metadata: dict[str, Typed] = {
            "general.architecture": (STRING, name),
            f"{name}.block_count": (U32, self.layers),
            f"{name}.context_length": (U32, 131072),
            f"{name}.embedding_length": (U32, self.hidden),
            f"{name}.vocab_size": (U32, self.vocabulary),
            f"{name}.attention.layer_norm_rms_epsilon": (F32, 1e-5),
            "tokenizer.ggml.model": (STRING, "no_vocab"),
            **self.metadata,
        }
        table, at = [], 0
        for tensor, shape in self.tensors:
            whole_blocks = len(shape) > 1 and shape[0] % 256 == 0
            kind = _Q4_K if whole_blocks and not any(word in tensor for word in _NOT_QUANTIZED) else _F32
            table.append((tensor, shape, kind, at))
            at += -(-bytes_of(_NAMES[kind], math.prod(shape)) // 32) * 32
        return padded(header(metadata, table)), at


def _model(
    architecture: str,
    layers: int,
    hidden: int,
    vocabulary: int,
    *,
    tied: bool = True,
    norm: str = "output_norm",
) -> HeaderModel:
    model = HeaderModel(architecture, layers, hidden, vocabulary)
    model.tensor("token_embd.weight", hidden, vocabulary)
    model.tensor(f"{norm}.weight", hidden)
    if not tied:
        model.tensor("output.weight", hidden, vocabulary)
    for layer in range(layers):
        model.block(layer, attn_norm=(hidden,))
    return model


def _heads(model: HeaderModel, heads: int, kv_heads: int | Sequence[int], head: int) -> None:
    model.number("attention.head_count", heads)
    if isinstance(kv_heads, int):
        model.number("attention.head_count_kv", kv_heads)
    else:
        model.numbers("attention.head_count_kv", kv_heads)
    model.number("attention.key_length", head)
    model.number("attention.value_length", head)
    model.number("rope.dimension_count", head)


def llama_8b() -> HeaderModel:
    """Llama 3.1 8B: grouped-query attention, an output layer of its own."""
    model = _model("llama", 32, 4096, 128256, tied=False)
    _heads(model, 32, 8, 128)
    model.number("feed_forward_length", 14336)
    for layer in range(32):
        model.attention(layer, 32, 8, 128)
        model.feed_forward(layer, 14336)
    return model


def gemma3_4b() -> HeaderModel:
    """Gemma 3 4B: five layers with a window of 1024 tokens to one without."""
    model = _model("gemma3", 34, 2560, 262144)
    _heads(model, 8, 4, 256)
    model.number("feed_forward_length", 10240)
    model.number("attention.sliding_window", 1024)
    for layer in range(34):
        model.attention(layer, 8, 4, 256, normed=True)
        model.feed_forward(layer, 10240)
        model.block(layer, post_attention_norm=(2560,), post_ffw_norm=(2560,))
    return model


def qwen3_30b_a3b() -> HeaderModel:
    """Qwen3 30B-A3B: 8 of 128 experts for each token."""
    model = _model("qwen3moe", 48, 2048, 151936, tied=False)
    _heads(model, 32, 4, 128)
    model.number("feed_forward_length", 6144)
    model.number("expert_feed_forward_length", 768)
    model.number("expert_count", 128)
    model.number("expert_used_count", 8)
    for layer in range(48):
        model.attention(layer, 32, 4, 128, normed=True)
        model.block(layer, ffn_norm=(2048,))
        model.experts(layer, 768, 128)
    return model


def deepseek_v2_lite() -> HeaderModel:
    """DeepSeek V2 Lite: multi-head latent attention, 6 of 64 experts and two shared ones."""
    model = _model("deepseek2", 27, 2048, 102400, tied=False)
    model.number("attention.head_count", 16)
    model.number("attention.head_count_kv", 1)
    model.number("attention.key_length", 576)
    model.number("attention.value_length", 512)
    model.number("attention.key_length_mla", 192)
    model.number("attention.value_length_mla", 128)
    model.number("attention.kv_lora_rank", 512)
    model.number("rope.dimension_count", 64)
    model.number("feed_forward_length", 10944)
    model.number("expert_feed_forward_length", 1408)
    model.number("expert_count", 64)
    model.number("expert_used_count", 6)
    model.number("expert_shared_count", 2)
    model.number("leading_dense_block_count", 1)
    model.metadata["deepseek2.expert_weights_scale"] = (F32, 1.0)
    for layer in range(27):
        model.block(
            layer,
            attn_q=(2048, 16 * 192),
            attn_kv_a_mqa=(2048, 576),
            attn_kv_a_norm=(512,),
            attn_k_b=(128, 512, 16),
            attn_v_b=(512, 128, 16),
            attn_output=(16 * 128, 2048),
        )
        if layer < 1:
            model.feed_forward(layer, 10944)
            continue
        model.block(layer, ffn_norm=(2048,))
        model.experts(layer, 1408, 64)
        model.block(
            layer,
            ffn_gate_shexp=(2048, 2816),
            ffn_up_shexp=(2048, 2816),
            ffn_down_shexp=(2816, 2048),
        )
    return model


def mamba_1_4b() -> HeaderModel:
    """Mamba 1.4B: recurrent layers alone."""
    model = _model("mamba", 48, 2048, 50280)
    _state(model, conv=4, inner=4096, state=16, rank=128)
    for layer in range(48):
        model.block(
            layer,
            ssm_in=(2048, 8192),
            ssm_conv1d=(4, 4096),
            ssm_x=(4096, 128 + 32),
            ssm_dt=(128, 4096),
            ssm_out=(4096, 2048),
        )
        for name in ("ssm_conv1d", "ssm_dt"):
            model.tensor(f"blk.{layer}.{name}.bias", 4096)
        model.tensor(f"blk.{layer}.ssm_a", 16, 4096)
        model.tensor(f"blk.{layer}.ssm_d", 4096)
    return model


def granite_h_1b() -> HeaderModel:
    """Granite 4.0 H 1B: four layers with attention among 36 recurrent ones."""
    attention = (5, 15, 25, 35)
    kv_heads = [4 if layer in attention else 0 for layer in range(40)]
    model = _model("granitehybrid", 40, 1536, 100352)
    _heads(model, 12, kv_heads, 128)
    model.number("feed_forward_length", 4096)
    _state(model, conv=4, inner=3072, state=128, rank=48, groups=1)
    for layer in range(40):
        if layer in attention:
            model.attention(layer, 12, 4, 128)
        else:
            _mamba2(model, layer, inner=3072, state=128, rank=48, groups=1)
        model.feed_forward(layer, 4096)
    return model


def falcon_h1_1b() -> HeaderModel:
    """Falcon H1 1.5B: attention and recurrence beside each other in every layer."""
    model = _model("falcon-h1", 24, 2048, 65537)
    _heads(model, 8, 2, 128)
    model.number("feed_forward_length", 4096)
    _state(model, conv=4, inner=3072, state=256, rank=48, groups=1)
    for layer in range(24):
        model.attention(layer, 8, 2, 128)
        _mamba2(model, layer, inner=3072, state=256, rank=48, groups=1)
        model.feed_forward(layer, 4096)
        # This architecture's name of it has no ending.
        model.tensors.remove((f"blk.{layer}.ffn_norm.weight", (2048,)))
        model.tensor(f"blk.{layer}.ffn_norm", 2048)
    return model


def lfm2_1b() -> HeaderModel:
    """LFM2 1.2B: short convolutions, and attention in six of 16 layers."""
    attention = (2, 5, 8, 10, 12, 14)
    kv_heads = [8 if layer in attention else 0 for layer in range(16)]
    model = _model("lfm2", 16, 2048, 65536, norm="token_embd_norm")
    _heads(model, 32, kv_heads, 64)
    model.number("feed_forward_length", 8192)
    model.number("shortconv.l_cache", 3)
    for layer in range(16):
        if layer in attention:
            model.attention(layer, 32, 8, 64, normed=True)
        else:
            model.tensor(f"blk.{layer}.shortconv.conv.weight", 3, 2048)
            model.tensor(f"blk.{layer}.shortconv.in_proj.weight", 2048, 6144)
            model.tensor(f"blk.{layer}.shortconv.out_proj.weight", 2048, 2048)
        model.feed_forward(layer, 8192)
    return model


def _state(model: HeaderModel, *, conv: int, inner: int, state: int, rank: int, groups: int = 0) -> None:
    model.number("ssm.conv_kernel", conv)
    model.number("ssm.inner_size", inner)
    model.number("ssm.state_size", state)
    model.number("ssm.time_step_rank", rank)
    if groups:
        model.number("ssm.group_count", groups)


def _mamba2(model: HeaderModel, layer: int, *, inner: int, state: int, rank: int, groups: int) -> None:
    conv = inner + 2 * groups * state
    model.block(
        layer,
        ssm_in=(model.hidden, inner + conv + rank),
        ssm_conv1d=(4, conv),
        ssm_norm=(inner // groups, groups),
        ssm_out=(inner, model.hidden),
    )
    model.tensor(f"blk.{layer}.ssm_conv1d.bias", conv)
    model.tensor(f"blk.{layer}.ssm_dt.bias", rank)
    model.tensor(f"blk.{layer}.ssm_a", 1, rank)
    model.tensor(f"blk.{layer}.ssm_d", 1, rank)


HEADER_MODELS = {
    model.__name__: model
    for model in (
        llama_8b,
        gemma3_4b,
        qwen3_30b_a3b,
        deepseek_v2_lite,
        mamba_1_4b,
        granite_h_1b,
        falcon_h1_1b,
        lfm2_1b,
    )
}
