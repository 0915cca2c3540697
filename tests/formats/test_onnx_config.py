"""genai_config.json: broken, and of models that no chat can be held with."""

from __future__ import annotations

import json
import time
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from slmdesk.formats.onnx import Limits, OnnxError, read_folder
from tests.formats.onnx_folders import TINY, change_config, code_of, copy_tiny, error_of

CONFIG = (TINY / "genai_config.json").read_bytes()
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize("part", ["genai_config.json", "tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (LFS, "lfs_pointer"),
        (b"{", "bad_json"),
        (b"[]", "bad_json"),
        (b"7", "bad_json"),
        (b"<html></html>", "bad_json"),
        (b'{"model": {"type": "llama"}', "bad_json"),
        (b'{"a": "\xff\xfe"', "bad_json"),
        (b"\xff\xfe{\x00}\x00", "bad_json"),
        (b'{"a": ' + b"[" * 100_000, "bad_json"),
    ],
)
def test_json_that_is_none(tmp_path: Path, part: str, content: bytes, code: str) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / part).write_bytes(content)
    error = error_of(folder)
    assert (error.code, error.facts["part"]) == (code, part)


@pytest.mark.parametrize(
    "content",
    [
        CONFIG[:-1],
        CONFIG + b"}",
        CONFIG.replace(b"1024", b"NaN"),
        CONFIG.replace(b"1024", b"1" * 5000),
        CONFIG.replace(b'"bos_token_id": 1', b'"bos_token_id": 1, "bos_token_id": 2'),
        b'{"a": 1}' * 2,
    ],
)
def test_config_that_parsers_would_not_agree_on(tmp_path: Path, content: bytes) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / "genai_config.json").write_bytes(content)
    assert code_of(folder) == "bad_json"


def test_in_which_line(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / "genai_config.json").write_text('{\n "model":\n  }')
    assert error_of(folder).facts == {"part": "genai_config.json", "line": 3}


@pytest.mark.parametrize("part", ["genai_config.json", "tokenizer_config.json", "chat_template.jinja"])
def test_files_of_impossible_size(tmp_path: Path, part: str) -> None:
    folder = copy_tiny(tmp_path / "m")
    with (folder / part).open("r+b") as file:
        file.truncate(2**40)
    error = error_of(folder)
    assert (error.code, error.facts["part"]) == ("too_large", part)


def test_tokenizer_of_impossible_size(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    with (folder / "tokenizer.json").open("r+b") as file:
        file.truncate(2**40)
    assert code_of(folder) == "too_large"


def test_nesting(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / "genai_config.json").write_text('{"model": ' + '{"a": ' * 40 + "1" + "}" * 41)
    assert code_of(folder) == "too_large"


@pytest.mark.parametrize("part", ["model.onnx", "model.onnx.data", "tokenizer.json", "tokenizer_config.json"])
def test_what_is_missing_is_named(tmp_path: Path, part: str) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / part).unlink()
    error = error_of(folder)
    assert (error.code, error.facts) == ("missing", {"part": part})
    (folder / part).mkdir()
    error = error_of(folder)
    assert (error.code, error.facts) == ("not_a_file", {"part": part})


def test_data_that_was_not_fetched(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / "model.onnx.data").write_bytes(LFS)
    error = error_of(folder)
    assert (error.code, error.facts) == ("lfs_pointer", {"part": "model.onnx.data"})


def test_template_that_is_no_text(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / "chat_template.jinja").write_bytes(b"{{ \xff }}")
    error = error_of(folder)
    assert (error.code, error.facts["part"]) == ("damaged", "chat_template.jinja")
    (folder / "chat_template.jinja").write_bytes(LFS)
    assert code_of(folder) == "lfs_pointer"


WRONG: list[tuple[str, object]] = [
    ("model.type", None),
    ("model.type", 7),
    ("model.type", ""),
    ("model.type", "ll\x1bama"),
    ("model.context_length", None),
    ("model.context_length", 0),
    ("model.context_length", -1),
    ("model.context_length", 2**31),
    ("model.context_length", 1.5),
    ("model.context_length", True),
    ("model.context_length", "1024"),
    ("model.context_length", 1e300),
    ("model.vocab_size", None),
    ("model.vocab_size", [1]),
    ("model.vocab_size", 2**31 - 1),
    ("model.eos_token_id", ["2"]),
    ("model.eos_token_id", [2.5]),
    ("model.eos_token_id", list(range(2000))),
    ("model.eos_token_id", -1),
    ("model.eos_token_id", [2, 298]),
    ("model.eos_token_id", 2**31 - 1),
    ("model.bos_token_id", True),
    ("model.decoder", None),
    ("model.decoder", "model.onnx"),
    ("model.decoder.filename", None),
    ("model.decoder.filename", 3),
    ("model.decoder.num_hidden_layers", None),
    ("model.decoder.num_hidden_layers", 0),
    ("model.decoder.num_hidden_layers", 100_000),
    ("model.decoder.head_size", -16),
    ("model.decoder.head_size", 2**31 - 1),
    ("model.decoder.hidden_size", 2**31 - 1),
    ("model.decoder.num_attention_heads", 2**31 - 1),
    ("model.decoder.num_key_value_heads", 2**31 - 1),
    ("model.decoder.num_key_value_heads", 0),
    ("model.decoder.inputs", 5),
    ("model.decoder.inputs.input_ids", 5),
    ("model.decoder.outputs.logits", ""),
    ("model.decoder.inputs.past_key_names", 5),
    ("model.decoder.sliding_window", 5),
    ("model.decoder.session_options", []),
    ("model.decoder.session_options.provider_options", {}),
    ("model.decoder.session_options.provider_options", ["cuda"]),
    ("model.decoder.session_options.intra_op_num_threads", [1]),
    ("model.decoder.run_options", 1),
]


def set_value(folder: Path, place: str, value: object) -> Path:
    """The same folder with `value` at `place` in its config; None: without it."""
    names = place.split(".")[1:]

    def change(model: dict[str, Any]) -> None:
        for name in names[:-1]:
            model = model[name]
        model[names[-1]] = value
        if value is None:
            del model[names[-1]]

    return change_config(folder, change)


@pytest.mark.parametrize(("place", "value"), WRONG)
def test_values_of_the_wrong_type_or_size(tmp_path: Path, place: str, value: object) -> None:
    error = error_of(set_value(copy_tiny(tmp_path / "m"), place, value))
    assert error.code in ("bad_value", "unsupported")
    assert str(error.facts["setting"]).startswith(place.removesuffix(".0"))


@pytest.mark.parametrize(
    ("values", "setting"),
    [
        ({"num_attention_heads": 16_000, "head_size": 16_000}, "num_attention_heads"),
        ({"num_key_value_heads": 16_000, "head_size": 16_000}, "num_key_value_heads"),
        ({"num_hidden_layers": 4000, "num_key_value_heads": 1000, "head_size": 1000}, "num_hidden_layers"),
    ],
)
def test_values_that_only_together_are_impossible(
    tmp_path: Path, values: dict[str, int], setting: str
) -> None:
    folder = change_config(copy_tiny(tmp_path / "m"), lambda model: model["decoder"].update(values))
    assert error_of(folder).facts == {"part": "genai_config.json", "setting": f"model.decoder.{setting}"}


@pytest.mark.parametrize("value", ["many", None, [50], {}])
def test_search_settings_that_are_no_numbers(tmp_path: Path, value: object) -> None:
    folder = copy_tiny(tmp_path / "m")
    file = folder / "genai_config.json"
    config = json.loads(file.read_text())
    config["search"]["top_k"] = value
    file.write_text(json.dumps(config))
    error = error_of(folder)
    assert (error.code, error.facts["setting"]) == ("bad_value", "search.top_k")


def test_a_byte_order_mark_is_named_where_the_library_stumbles_over_it(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / "genai_config.json").write_bytes(b"\xef\xbb\xbf" + CONFIG)
    error = error_of(folder)
    assert (error.code, error.facts) == ("byte_order_mark", {"part": "genai_config.json"})


def test_a_byte_order_mark_is_no_part_of_the_other_texts(tmp_path: Path) -> None:
    """The library reads these with one."""
    folder = copy_tiny(tmp_path / "m")
    before = read_folder(folder)
    for part in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        file = folder / part
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    after = read_folder(folder)
    assert (after.chat_template, after.tokens) == (before.chat_template, before.tokens)


def test_a_tokenizer_with_nothing_in_it(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / "tokenizer.json").write_text("{}")
    error = error_of(folder)
    assert (error.code, error.facts["part"]) == ("damaged", "tokenizer.json")


def test_config_without_a_model(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / "genai_config.json").write_text("{}")
    assert error_of(folder).facts == {"part": "genai_config.json", "setting": "model"}


def test_numbers_as_json_writes_them(tmp_path: Path) -> None:
    folder = set_value(copy_tiny(tmp_path / "m"), "model.context_length", 512.0)
    assert read_folder(folder).config.context_length == 512


@pytest.mark.parametrize(
    "section", ["encoder", "vision", "speech", "embedding", "joiner", "vad", "decoder.pipeline"]
)
def test_models_that_are_not_for_chat(tmp_path: Path, section: str) -> None:
    folder = set_value(copy_tiny(tmp_path / "m"), f"model.{section}", {"filename": "other.onnx"})
    error = error_of(folder)
    assert (error.code, error.facts["setting"]) == ("not_for_chat", f"model.{section}")
    read_folder(set_value(folder, f"model.{section}", {}))


@pytest.mark.parametrize("model_type", ["whisper", "phi4mm", "decoder-pipeline"])
def test_types_that_are_not_for_chat(tmp_path: Path, model_type: str) -> None:
    error = error_of(set_value(copy_tiny(tmp_path / "m"), "model.type", model_type))
    assert (error.code, error.facts["setting"]) == ("not_for_chat", model_type)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("model.draft", {"filename": "draft.onnx"}),
        ("model.mtp", {"filename": "mtp.onnx"}),
        ("model.dspark", {"filename": "x.onnx"}),
        ("model.tokenizer_dir", "../other"),
        ("model.tokenizer_dir", "/etc"),
        ("model.something_new", {"filename": "x"}),
        ("model.something_new", "x"),
        ("model.decoder.something_new", {"filename": "x"}),
        ("model.decoder.something_new", "/x"),
        ("model.decoder.something_new", ["x"]),
    ],
)
def test_sections_that_may_name_files_nobody_has_looked_at(tmp_path: Path, place: str, value: object) -> None:
    error = error_of(set_value(copy_tiny(tmp_path / "m"), place, value))
    assert (error.code, error.facts["setting"]) == ("unsupported", place)


def test_profiles_beside_the_model_are_not_supported(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    config = json.loads(CONFIG)
    config["runtime_profiles"] = [{"model": {"decoder": {"filename": "../other.onnx"}}}]
    (folder / "genai_config.json").write_text(json.dumps(config))
    error = error_of(folder)
    assert (error.code, error.facts["setting"]) == ("unsupported", "runtime_profiles")


def test_a_tokenizer_config_that_lists_thousands_of_tokens(tmp_path: Path) -> None:
    """The largest known has 1.2 MB."""
    folder = copy_tiny(tmp_path / "m")
    decoder = {str(n): {"content": f"<unused{n}>", "lstrip": False, "special": True} for n in range(20_000)}
    (folder / "tokenizer_config.json").write_text(json.dumps({"added_tokens_decoder": decoder}, indent=1))
    assert (folder / "tokenizer_config.json").stat().st_size > 1_500_000
    assert len(read_folder(folder).tokens.control) == 20_003


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("brackets before the tokens", '{"model": [' + "[]," * 8_000_000 + '[]], "added_tokens": []}'),
        ("brackets in the tokens", '{"added_tokens": [' + "[]," * 8_000_000 + "[]]}"),
        ("texts before the tokens", '{"model": [' + '"a",' * 6_000_000 + '""], "added_tokens": []}'),
        ("tokens", '{"added_tokens": [' + '{"id": 1, "content": "a", "special": true},' * 700_000 + "{}]}"),
        ("nesting", '{"added_tokens": ' + "[" * 500_000 + "]" * 500_000 + "}"),
    ],
    ids=lambda value: value if len(value) < 40 else "",
)
def test_hostile_tokenizers_take_little_memory_and_time(tmp_path: Path, name: str, content: str) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / "tokenizer.json").write_text(content)
    tracemalloc.start()
    try:
        began = time.thread_time()
        with suppress(OnnxError):
            read_folder(folder, limits=Limits(cpu_seconds=1.0))
        took = time.thread_time() - began
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The file as bytes and as text; its values would take ten times as much.
    assert peak < 4 * len(content) + 2**20
    assert took < 4.0
