"""Makes tests/data/tiny-onnx: a model for ONNX Runtime GenAI that is small enough to keep in the repository.

A Llama of two layers with random weights and a byte-level tokenizer of 300 tokens. It answers nonsense, fast,
and the same nonsense everywhere: every number is rounded to what 32-bit floats hold exactly, so no two
machines differ in a bit. It needs nothing installed. To make it again, from the top of the repository:

    python -m tests.data.make_tiny_onnx_model tests/data/tiny-onnx
"""

from __future__ import annotations

import array
import json
import math
import random
import sys
from pathlib import Path

from tests.formats import onnx_writer as w

FOLDER = Path(__file__).parent / "tiny-onnx"

_SEED = 11
_CONTEXT = 1024
_HIDDEN, _INNER, _LAYERS = 64, 128, 2
_HEADS, _KV_HEADS, _HEAD = 4, 2, 16
_ROPE_BASE = 10_000.0
_EPSILON = 2.0**-20

_CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
# As in the files of models that reason: tokens of their own, but no control tokens.
_MARKS = ("<think>", "</think>")
_BOS, _EOS = 1, 2

_MERGES = [
    "h e", "Ġ t", "Ġt he", "a n", "an d", "Ġ and", "i n", "in g", "o n", "r e", "e r", "o r", "l l", "e ll",
    "ell o", "h ello", "Ġ w", "or l", "orl d", "Ġw orld", "u s", "us er", "a s", "s i", "as si", "s t",
    "an t", "assi st", "assist ant", "s y", "sy st", "e m", "syst em", "Ġ a", "Ġa n", "Å ¼", "Ã ³",
]  # fmt: skip

_TEMPLATE = """\
{% for message in messages %}<|im_start|>{{ message['role'] }}
{{ message['content'] }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


class Weights:
    """The file beside the model that holds the numbers, and what the model says about each tensor in it."""

    def __init__(self) -> None:
        self.content = b""
        self.tensors: list[w.Message] = []

    def add(self, name: str, dims: tuple[int, ...], numbers: list[float]) -> str:
        """Append one tensor, and give its name back."""
        data = array.array("f", numbers)
        if sys.byteorder == "big":
            data.byteswap()
        offset, length = str(len(self.content)), str(len(data) * 4)
        place = {"location": "model.onnx.data", "offset": offset, "length": length}
        self.tensors.append(w.tensor(name, dims, external=place))
        self.content += data.tobytes()
        return name


class Network:
    """The graph as the model builder of ONNX Runtime GenAI writes it, for a Llama in 32-bit floats."""

    def __init__(self, vocabulary: int) -> None:
        self.weights = Weights()
        self._vocabulary = vocabulary
        self._random = random.Random(_SEED)
        self._nodes: list[w.Message] = []

    def build(self) -> bytes:
        """The content of model.onnx."""
        lengths = self._count_tokens()
        table = self._matrix("model.embed_tokens.weight", self._vocabulary, _HIDDEN, 1.0)
        stream = self._node("Gather", "embed", [table, "input_ids"])
        branch = ""
        self._rotations()
        for layer in range(_LAYERS):
            stream, normed = self._norm(f"layers.{layer}.input", stream, branch)
            branch = self._attention(layer, normed, lengths)
            stream, normed = self._norm(f"layers.{layer}.post_attention", stream, branch)
            branch = self._feed_forward(layer, normed)
        _, normed = self._norm("final", stream, branch)
        self._linear("lm_head", normed, _HIDDEN, self._vocabulary, output="logits")
        return w.model(
            w.graph(
                self._nodes, initializers=self.weights.tensors, inputs=self._inputs(), outputs=self._outputs()
            ),
            ir_version=10,
            opsets={"": 21, w.MICROSOFT: 1},
        )

    def _count_tokens(self) -> list[str]:
        """What the attention wants to know: the last position of each sequence, and how many there are."""
        self._constant_one("one", [1])
        self._constant_one("index", [])
        total = self._node("ReduceSum", "mask_sum", ["attention_mask", "one"], keepdims=0)
        last = self._node("Sub", "mask_last", [total, "one"])
        shape = self._node("Shape", "mask_shape", ["attention_mask"])
        length = self._node("Gather", "mask_length", [shape, "index"], axis=0)
        return [
            self._node("Cast", "last_position", [last], to=w.INT32),
            self._node("Cast", "total_length", [length], to=w.INT32),
        ]

    def _constant_one(self, name: str, dims: list[int]) -> None:
        value = w.tensor(name, dims, w.INT64, raw=(1).to_bytes(8, "little"))
        attribute = w.attribute("value", value, kind="tensor")
        self._nodes.append(w.node("Constant", [], [name], name=name, more=[attribute]))

    def _rotations(self) -> None:
        half = _HEAD // 2
        angles = [
            position / _ROPE_BASE ** (index / half) for position in range(_CONTEXT) for index in range(half)
        ]
        self.weights.add("cos_cache", (_CONTEXT, half), [_rounded(math.cos(angle)) for angle in angles])
        self.weights.add("sin_cache", (_CONTEXT, half), [_rounded(math.sin(angle)) for angle in angles])

    def _norm(self, name: str, stream: str, branch: str) -> tuple[str, str]:
        """Add `branch` to the stream, where there is one; the new stream, and it normalized."""
        weight = self.weights.add(f"model.{name}_layernorm.weight", (_HIDDEN,), [1.0] * _HIDDEN)
        if not branch:
            normed = self._node(
                "SimplifiedLayerNormalization", name, [stream, weight],
                axis=-1, stash_type=1, epsilon=_EPSILON,
            )  # fmt: skip
            return stream, normed
        outputs = [f"{name}/normed", "", "", f"{name}/stream"]
        self._nodes.append(
            w.node(
                "SkipSimplifiedLayerNormalization", [stream, branch, weight],
                outputs[:1] if name == "final" else outputs,
                domain=w.MICROSOFT, name=name, attributes={"epsilon": _EPSILON},
            )
        )  # fmt: skip
        return outputs[3], outputs[0]

    def _attention(self, layer: int, normed: str, lengths: list[str]) -> str:
        name = f"layers.{layer}.attn"
        width = (_HEADS + 2 * _KV_HEADS) * _HEAD
        qkv = self._linear(f"{name}.qkv_proj", normed, _HIDDEN, width)
        past = [f"past_key_values.{layer}.{part}" for part in ("key", "value")]
        present = [f"present.{layer}.{part}" for part in ("key", "value")]
        self._nodes.append(
            w.node(
                "GroupQueryAttention",
                [qkv, "", "", *past, *lengths, "cos_cache", "sin_cache"],
                [f"{name}/output", *present],
                domain=w.MICROSOFT, name=name,
                attributes={
                    "num_heads": _HEADS, "kv_num_heads": _KV_HEADS, "scale": _HEAD**-0.5,
                    "local_window_size": -1, "do_rotary": 1, "rotary_interleaved": 0,
                },
            )
        )  # fmt: skip
        return self._linear(f"{name}.o_proj", f"{name}/output", _HEADS * _HEAD, _HIDDEN)

    def _feed_forward(self, layer: int, normed: str) -> str:
        name = f"layers.{layer}.mlp"
        gate = self._linear(f"{name}.gate_proj", normed, _HIDDEN, _INNER)
        up = self._linear(f"{name}.up_proj", normed, _HIDDEN, _INNER)
        open_share = self._node("Sigmoid", f"{name}/sigmoid", [gate])
        gate = self._node("Mul", f"{name}/silu", [gate, open_share])
        gated = self._node("Mul", f"{name}/gated", [gate, up])
        return self._linear(f"{name}.down_proj", gated, _INNER, _HIDDEN)

    def _linear(self, name: str, source: str, rows: int, columns: int, *, output: str = "") -> str:
        weight = self._matrix(f"model.{name}.MatMul.weight", rows, columns, 3.0 / math.sqrt(rows))
        output = output or f"{name}/output"
        self._nodes.append(w.node("MatMul", [source, weight], [output], name=name))
        return output

    def _matrix(self, name: str, rows: int, columns: int, reach: float) -> str:
        """Random weights between -`reach` and `reach`, which is rounded to a power of two."""
        step = 2.0 ** (round(math.log2(reach)) - 7)
        numbers = [(byte - 127.5) * step for byte in self._random.randbytes(rows * columns)]
        return self.weights.add(name, (rows, columns), numbers)

    def _node(self, operator: str, name: str, inputs: list[str], **attributes: int | float) -> str:
        output = f"{name}/output"
        self._nodes.append(w.node(operator, inputs, [output], name=name, attributes=attributes))
        return output

    def _inputs(self) -> list[w.Message]:
        past: list[int | str] = ["batch_size", _KV_HEADS, "past_sequence_length", _HEAD]
        return [
            w.value_info("input_ids", w.INT64, ["batch_size", "sequence_length"]),
            w.value_info("attention_mask", w.INT64, ["batch_size", "total_sequence_length"]),
            *(w.value_info(f"past_key_values.{one}", w.FLOAT, past) for one in _kv_names()),
        ]

    def _outputs(self) -> list[w.Message]:
        present: list[int | str] = ["batch_size", _KV_HEADS, "total_sequence_length", _HEAD]
        return [
            w.value_info("logits", w.FLOAT, ["batch_size", "sequence_length", self._vocabulary]),
            *(w.value_info(f"present.{one}", w.FLOAT, present) for one in _kv_names()),
        ]


def _kv_names() -> list[str]:
    return [f"{layer}.{part}" for layer in range(_LAYERS) for part in ("key", "value")]


def _rounded(number: float) -> float:
    """`number` to six digits or so: mathematics libraries differ in the last ones."""
    return round(number * 2**20) / 2**20


def _byte_letters() -> list[str]:
    """The letter that stands for each byte in the vocabulary of a byte-level tokenizer."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in shown else next(others)) for byte in range(256)]


def _tokenizer() -> dict[str, object]:
    tokens = [*_CONTROL, *_MARKS, *_byte_letters(), *(merge.replace(" ", "") for merge in _MERGES)]
    added = [
        {
            "id": index, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": content in _CONTROL,
        }
        for index, content in enumerate([*_CONTROL, *_MARKS])
    ]  # fmt: skip
    bytes_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": bytes_level,
        "post_processor": None,
        "decoder": bytes_level,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
            "vocab": {token: index for index, token in enumerate(tokens)},
            "merges": _MERGES,
        },
    }  # fmt: skip


def _config(vocabulary: int) -> dict[str, object]:
    decoder = {
        "session_options": {"log_id": "onnxruntime-genai", "provider_options": []},
        "filename": "model.onnx",
        "head_size": _HEAD,
        "hidden_size": _HIDDEN,
        "inputs": {
            "input_ids": "input_ids",
            "attention_mask": "attention_mask",
            "past_key_names": "past_key_values.%d.key",
            "past_value_names": "past_key_values.%d.value",
        },
        "outputs": {
            "logits": "logits",
            "present_key_names": "present.%d.key",
            "present_value_names": "present.%d.value",
        },
        "num_attention_heads": _HEADS,
        "num_hidden_layers": _LAYERS,
        "num_key_value_heads": _KV_HEADS,
    }
    return {
        "model": {
            "bos_token_id": _BOS,
            "context_length": _CONTEXT,
            "decoder": decoder,
            "eos_token_id": _EOS,
            "pad_token_id": _EOS,
            "type": "llama",
            "vocab_size": vocabulary,
        },
        "search": {
            "do_sample": False,
            "max_length": _CONTEXT,
            "min_length": 0,
            "num_beams": 1,
            "num_return_sequences": 1,
            "past_present_share_buffer": True,
            "repetition_penalty": 1.0,
            "temperature": 1.0,
            "top_k": 50,
            "top_p": 1.0,
        },
    }


def make(folder: Path) -> None:
    """Write all files of the model into `folder`, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = len(_CONTROL) + len(_MARKS) + 256 + len(_MERGES)
    network = Network(vocabulary)
    (folder / "model.onnx").write_bytes(network.build())
    (folder / "model.onnx.data").write_bytes(network.weights.content)
    texts = {
        "genai_config.json": json.dumps(_config(vocabulary), indent=2),
        "tokenizer.json": json.dumps(_tokenizer(), ensure_ascii=False, indent=1),
        "tokenizer_config.json": json.dumps(
            {
                "bos_token": _CONTROL[_BOS],
                "eos_token": _CONTROL[_EOS],
                "pad_token": _CONTROL[_EOS],
                "model_max_length": _CONTEXT,
                "tokenizer_class": "Qwen2Tokenizer",
            },
            indent=2,
        ),
        "chat_template.jinja": _TEMPLATE,
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
