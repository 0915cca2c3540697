"""Whether genai_config.json tells of the graph beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from slmdesk.formats.onnx import OnnxError, parse_config, read_folder, read_outline
from tests.formats import onnx_writer as w
from tests.formats.onnx_folders import change_config, copy_tiny, error_of, write_graph


@pytest.mark.parametrize("size", [1, 100, 297, 299, 5000])
def test_as_many_tokens_as_the_graph_has_logits(tmp_path: Path, size: int) -> None:
    def change(model: dict[str, object]) -> None:
        model.update(vocab_size=size)
        del model["eos_token_id"]

    folder = change_config(copy_tiny(tmp_path / "m"), change)
    error = error_of(folder)
    assert error.code == "contradicts_graph"
    assert error.facts == {
        "part": "genai_config.json",
        "setting": "model.vocab_size",
        "value": size,
        "graph_value": 298,
    }


def test_the_same_of_a_folder_that_is_elsewhere(tmp_path: Path) -> None:
    folder = change_config(copy_tiny(tmp_path / "m"), lambda model: model.update(vocab_size=5000))
    sizes = {file.name: file.stat().st_size for file in folder.iterdir()}
    config = parse_config((folder / "genai_config.json").read_bytes())
    with pytest.raises(OnnxError) as caught:
        read_outline(config, (folder / "model.onnx").read_bytes(), sizes)
    assert caught.value.code == "contradicts_graph"


def open_graph(operator: str, looked_up: str, *, shape: tuple[int | str, ...] = ("b", "s", "v")) -> w.Message:
    """A table of 96 words, and logits of `shape`."""
    table = w.tensor("table", [96, 64], w.FLOAT, raw=b"")
    domain = w.MICROSOFT if operator == "GatherBlockQuantized" else ""
    node = w.node(operator, ["table", looked_up], ["x"], domain=domain)
    return w.graph(
        [node],
        initializers=[table],
        inputs=[w.value_info("input_ids", w.INT64, ["b", "s"])],
        outputs=[w.value_info("logits", w.FLOAT, shape)],
    )


@pytest.mark.parametrize("operator", ["Gather", "GatherBlockQuantized"])
@pytest.mark.parametrize(("size", "refused"), [(90, False), (96, False), (97, True)])
def test_no_more_tokens_than_words_where_the_logits_are_of_any_size(
    tmp_path: Path, operator: str, size: int, refused: bool
) -> None:
    folder = write_graph(copy_tiny(tmp_path / "m"), open_graph(operator, "input_ids"))
    change_config(folder, lambda model: model.update(vocab_size=size))
    if refused:
        assert error_of(folder).facts["graph_value"] == 96
    else:
        assert read_folder(folder).token_count == size


@pytest.mark.parametrize("shape", [("b", "s", "v"), ()])
def test_what_the_graph_does_not_say_is_not_checked(tmp_path: Path, shape: tuple[int | str, ...]) -> None:
    folder = write_graph(copy_tiny(tmp_path / "m"), open_graph("Gather", "positions", shape=shape))
    assert read_folder(folder).token_count == 298


@pytest.mark.parametrize(("section", "name"), [("inputs", "input_ids"), ("outputs", "logits")])
def test_names_that_the_graph_does_not_have(tmp_path: Path, section: str, name: str) -> None:
    folder = copy_tiny(tmp_path / "m")
    change_config(folder, lambda model: model["decoder"][section].update({name: "other"}))
    error = error_of(folder)
    assert error.code == "name_not_in_graph"
    assert error.facts == {
        "part": "genai_config.json",
        "setting": f"model.decoder.{section}.{name}",
        "name": "other",
    }


def test_the_cache_is_as_large_as_the_graph_says(tmp_path: Path) -> None:
    """The native library takes what is fixed there."""
    folder = copy_tiny(tmp_path / "m")
    change_config(folder, lambda model: model["decoder"].update(num_key_value_heads=64, head_size=512))
    assert read_folder(folder).kv_bytes_per_token == 2 * 2 * 2 * 16 * 4


def test_a_cache_that_no_computer_could_hold(tmp_path: Path) -> None:
    past = w.value_info("past_key_values.0.key", w.FLOAT16, ["b", 2**30, "p", 2**30])
    tokens = w.value_info("input_ids", w.INT64, ["b", "s"])
    graph = w.graph([w.node("Identity", ["a"], ["b"])], inputs=[tokens, past])
    error = error_of(write_graph(copy_tiny(tmp_path / "m"), graph))
    assert (error.code, error.facts["part"]) == ("too_large", "model.onnx")
