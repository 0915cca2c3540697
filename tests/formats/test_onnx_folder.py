"""What a model folder says about itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from slmdesk.formats.onnx import is_genai_folder, read_folder
from tests.formats import onnx_writer as w
from tests.formats.onnx_folders import (
    REAL,
    TINY,
    change_config,
    copy_tiny,
    error_of,
    needs_real_model,
    write_graph,
)

BLOCK = 32


def test_the_tiny_model_says_what_it_is() -> None:
    folder = read_folder(TINY)
    config = folder.config
    assert (folder.path, folder.root, folder.name) == (TINY, TINY.resolve(), "")
    assert (config.model_type, config.context_length, config.vocab_size) == ("llama", 1024, 298)
    assert (config.layers, config.heads, config.kv_heads, config.head_size, config.hidden_size) == (
        2,
        4,
        2,
        16,
        64,
    )
    assert (config.eos_token_ids, config.bos_token_id, config.decoder_file) == ((2,), 1, "model.onnx")
    assert (config.providers, config.sliding_window) == ((), 0)
    # Two tables of 298 x 64; two layers of 64 x 128, 64 x 64 and three of 64 x 128; five norms of 64.
    assert folder.parameters == 2 * 298 * 64 + 2 * (4 * 64 * 128 + 64 * 64) + 5 * 64 == 112_192
    assert folder.quantization == "FP32"
    # With the tables of 2 x 1024 x 8 numbers for positions, and two numbers of 64 bits in the graph.
    assert folder.weights_bytes == 4 * (112_192 + 2 * 1024 * 8) + 2 * 8
    assert folder.size_bytes == sum(file.stat().st_size for file in TINY.iterdir())
    assert folder.kv_bytes_per_token == 2 * 2 * 2 * 16 * 4
    assert folder.chat_template is not None
    assert "<|im_start|>" in folder.chat_template
    assert folder.tokens.control == {"<|endoftext|>": 0, "<|im_start|>": 1, "<|im_end|>": 2}
    assert (folder.tokens.bos_text, folder.tokens.eos_text) == ("<|im_start|>", "<|im_end|>")
    assert folder.token_count == 298


@needs_real_model
def test_the_real_model_says_what_it_is() -> None:
    folder = read_folder(REAL)
    assert folder.quantization == "INT4"
    # Its makers say 134,515,008, as the GGUF file of the same model does: one table for reading and writing.
    assert folder.parameters == 134_515_008
    assert folder.config.context_length == 8192
    assert folder.kv_bytes_per_token == 30 * 2 * 3 * 64 * 4
    assert folder.size_bytes == sum(file.stat().st_size for file in REAL.iterdir())
    assert 0 < folder.weights_bytes - (REAL / "model.onnx.data").stat().st_size < 1000
    assert len(folder.tokens.control) == 17
    assert folder.tokens.control["<|im_end|>"] == 2


def int4_graph(*, kv_type: int = w.FLOAT16, bits: int = 4) -> w.Message:
    """A table of words and a multiplication that share packed weights of 64 x 96, a norm, a KV cache."""
    packed = w.tensor("table", [96, 64 // BLOCK, BLOCK * bits // 8], w.UINT8, raw=bytes(96 * 8 * bits))
    scales = w.tensor("scales", [96 * 64 // BLOCK], w.FLOAT16, raw=bytes(96 * 4))
    norm = w.tensor("norm", [64], w.FLOAT16, raw=bytes(128))
    zeros = w.tensor("zeros", [96], w.UINT8, raw=bytes(96))
    nodes = [
        w.node(
            "GatherBlockQuantized", ["table", "input_ids", "scales", "zeros"], ["x"],
            domain=w.MICROSOFT, attributes={"bits": bits, "block_size": BLOCK},
        ),
        w.node("SimplifiedLayerNormalization", ["x", "norm"], ["y"]),
        w.node(
            "MatMulNBits", ["y", "table", "scales", "zeros"], ["logits"],
            domain=w.MICROSOFT, attributes={"K": 64, "N": 96, "bits": bits, "block_size": BLOCK},
        ),
    ]  # fmt: skip
    past = [
        w.value_info(f"past_key_values.{layer}.{part}", kv_type, ["b", 2, "p", 16])
        for layer in range(2)
        for part in ("key", "value")
    ]
    tokens = w.value_info("input_ids", w.INT64, ["b", "s"])
    logits = w.value_info("logits", w.FLOAT16, ["b", "s", 96])
    tensors = [packed, scales, norm, zeros]
    return w.graph(nodes, initializers=tensors, inputs=[tokens, *past], outputs=[logits])


def int4_folder(folder: Path, *, kv_type: int = w.FLOAT16, bits: int = 4) -> Path:
    """A model with that graph."""
    write_graph(copy_tiny(folder), int4_graph(kv_type=kv_type, bits=bits))
    return change_config(folder, lambda model: model.update(vocab_size=96))


def test_packed_weights_are_counted_once_and_their_scales_not(tmp_path: Path) -> None:
    folder = read_folder(int4_folder(tmp_path / "m"))
    assert folder.parameters == 64 * 96 + 64
    assert folder.quantization == "INT4"
    assert folder.kv_bytes_per_token == 2 * 2 * 2 * 16 * 2
    assert folder.weights_bytes == 96 * 64 // 2 + 96 * 2 * 2 + 128 + 96


def test_eight_bits_are_not_four(tmp_path: Path) -> None:
    folder = read_folder(int4_folder(tmp_path / "m", bits=8, kv_type=w.UINT8))
    assert (folder.quantization, folder.parameters) == ("INT8", 64 * 96 + 64)
    assert folder.kv_bytes_per_token == 2 * 2 * 2 * 16


def test_packed_multiplications_name_the_format_beside_a_larger_table_in_16_bits(tmp_path: Path) -> None:
    table = w.tensor("words", [1000, 64], w.FLOAT16, raw=bytes(128_000))
    weight = w.tensor("w", [96, 2, 16], w.UINT8, raw=bytes(96 * 32))
    node = w.node(
        "MatMulNBits", ["x", "w", "s"], ["y"], domain=w.MICROSOFT, attributes={"K": 64, "N": 96, "bits": 4}
    )
    folder = read_folder(
        write_graph(copy_tiny(tmp_path / "m"), w.graph([node], initializers=[table, weight]))
    )
    assert (folder.quantization, folder.parameters) == ("INT4", 64_000 + 64 * 96)


@pytest.mark.parametrize(
    ("data_type", "name"),
    [(w.FLOAT, "FP32"), (w.FLOAT16, "FP16"), (w.BFLOAT16, "BF16"), (w.INT8, "INT8"), (w.INT4, "INT4")],
)
def test_plain_weights_name_their_type(tmp_path: Path, data_type: int, name: str) -> None:
    tensors = [w.tensor("weight", [64, 64], data_type, raw=b""), w.tensor("shape", [9000], w.INT64, raw=b"")]
    nodes = [w.node("MatMul", ["x", "weight"], ["y"])]
    folder = read_folder(write_graph(copy_tiny(tmp_path / "m"), w.graph(nodes, initializers=tensors)))
    assert (folder.quantization, folder.parameters) == (name, 4096)


def test_a_layer_without_a_cache_takes_nothing_of_it(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    change_config(folder, lambda model: model["decoder"].update(num_hidden_layers=30))
    assert read_folder(folder).kv_bytes_per_token == 2 * 2 * 2 * 16 * 4


def test_keys_and_values_in_one_input(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    change_config(folder, lambda model: model["decoder"]["inputs"].update(past_names="past_%d"))
    inputs = [w.value_info("input_ids", w.INT64, ["b", "s"])]
    inputs += [w.value_info(f"past_{layer}", w.FLOAT16, [2, "b", 2, "p", 16]) for layer in range(2)]
    write_graph(folder, w.graph([w.node("Identity", ["a"], ["b"])], inputs=inputs))
    assert read_folder(folder).kv_bytes_per_token == 2 * 2 * 2 * 16 * 2


def test_several_ends_and_values_by_default(tmp_path: Path) -> None:
    def change(model: dict[str, object]) -> None:
        model["eos_token_id"] = [2, 0]
        providers = [{"cuda": {"device_id": "0"}}, {"cpu": {}}]
        model["decoder"] = {
            "filename": "model.onnx",
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "hidden_size": 64,
            "sliding_window": {"window_size": 512},
            "session_options": {"provider_options": providers},
        }
        del model["bos_token_id"]

    config = read_folder(change_config(copy_tiny(tmp_path / "m"), change)).config
    assert (config.eos_token_ids, config.bos_token_id) == ((2, 0), None)
    assert (config.kv_heads, config.head_size, config.sliding_window) == (4, 16, 512)
    assert config.providers == ("cuda", "cpu")


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("one", "one"),
        ([{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}], "d"),
        ([{"name": "rag", "template": "r"}, {"name": 7, "template": "x"}, "y"], "r"),
        ([], None),
        ("", None),
        (7, None),
        (None, None),
    ],
)
def test_template_in_the_config_of_the_tokenizer(tmp_path: Path, template: object, found: str | None) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / "chat_template.jinja").unlink()
    file = folder / "tokenizer_config.json"
    file.write_text(
        json.dumps({"chat_template": template, "eos_token": {"content": "end"}, "bos_token": None})
    )
    read = read_folder(folder)
    assert read.chat_template == found
    assert (read.tokens.bos_text, read.tokens.eos_text) == ("", "end")


def test_added_tokens_behind_a_large_vocabulary(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    added = [
        {"id": 5, "content": "<a>", "special": True},
        {"id": 6, "content": "<b>", "special": False},
        {"id": True, "content": "<c>", "special": True},
        {"id": -1, "content": "<d>", "special": True},
        {"id": 7, "content": "", "special": True},
        "odd",
    ]
    vocabulary = {f"zażółć{number}": number for number in range(100_000)}
    content = json.dumps({"model": {"vocab": vocabulary}, "added_tokens": added}, ensure_ascii=False)
    (folder / "tokenizer.json").write_text(content, encoding="utf-8")
    assert read_folder(folder).tokens.control == {"<a>": 5}


def test_special_tokens_that_only_the_other_files_name(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    decoder = {
        "7": {"content": "<seven>", "special": True},
        "8": {"content": "<eight>", "special": False},
        "1": {"content": "<|endoftext|>", "special": True},
        "-9": {"content": "<nine>", "special": True},
        "x": {"content": "<x>", "special": True},
        "10": 5,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps({"added_tokens_decoder": decoder}))
    module = {"added_tokens": [{"id": 11, "content": "<eleven>", "special": True}]}
    (folder / "tokenizer_module.json").write_text(json.dumps(module))
    control = read_folder(folder).tokens.control
    assert control == {"<|endoftext|>": 0, "<|im_start|>": 1, "<|im_end|>": 2, "<seven>": 7, "<eleven>": 11}


def test_a_tokenizer_without_added_tokens(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / "tokenizer.json").write_text('{"model": {}}\n')
    assert read_folder(folder).tokens.control == {}


def test_which_folders_are_models(tmp_path: Path) -> None:
    assert is_genai_folder(TINY)
    assert is_genai_folder(str(TINY))
    assert not is_genai_folder(TINY / "genai_config.json")
    assert not is_genai_folder(TINY.parent)
    assert not is_genai_folder(tmp_path / "nothing")
    assert not is_genai_folder("a\0b")
    (tmp_path / "genai_config.json").mkdir()
    assert not is_genai_folder(tmp_path)


def test_only_the_files_of_the_model_are_counted(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / "other.gguf").write_bytes(bytes(5000))
    (folder / "picture.png").write_bytes(bytes(5000))
    (folder / "vocab.txt").write_bytes(bytes(100))
    assert read_folder(folder).size_bytes == read_folder(TINY).size_bytes + 100


def test_a_folder_given_as_a_file_or_not_at_all(tmp_path: Path) -> None:
    assert error_of(TINY / "model.onnx").code == "not_a_folder"
    assert error_of(TINY / "model.onnx" / "x").code in ("not_a_folder", "folder_missing")
    assert error_of(tmp_path / "nothing").code == "folder_missing"
    assert error_of(Path("a\0b")).code == "folder_unreadable"
    missing = error_of(tmp_path)
    assert (missing.code, missing.facts) == ("missing", {"part": "genai_config.json"})


def test_nothing_native_is_imported() -> None:
    code = (
        "import sys; from pathlib import Path; from slmdesk.formats.onnx import read_folder;"
        f"read_folder(Path({str(TINY)!r}));"
        "print(*sorted({'onnx', 'onnxruntime', 'onnxruntime_genai', 'google.protobuf', 'numpy', 'msgspec'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
