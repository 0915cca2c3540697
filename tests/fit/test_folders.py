"""Model folders that are elsewhere: which of their files are asked for, and what they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slmdesk.fit import FitQuestion, SparseFolder, Subject
from slmdesk.fit.facts import facts_of_folder, facts_of_path
from slmdesk.fit.folders import MOST_GRAPH_BYTES
from slmdesk.formats.onnx import Limits, OnnxError, read_folder
from slmdesk.messages import ErrorKind, UserError
from tests.fit.test_check import Bench
from tests.formats import onnx_writer as w
from tests.formats.onnx_folders import REAL, TINY, change_config, copy_tiny, needs_real_model, write_graph

CONFIG, GRAPH, DATA = "genai_config.json", "model.onnx", "model.onnx.data"


def distant(folder: Path) -> tuple[SparseFolder, list[str]]:
    """What is made of `folder` as if it were elsewhere, and the names that were asked for."""
    asked: list[str] = []

    def fetch(name: str) -> bytes:
        asked.append(name)
        return (folder / name).read_bytes()

    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    return SparseFolder.read({name: file.stat().st_size for name, file in files.items()}, fetch), asked


@pytest.mark.parametrize("folder", [TINY, pytest.param(REAL, marks=needs_real_model)], ids=["tiny", "real"])
def test_it_says_what_the_folder_says(folder: Path) -> None:
    found, asked = distant(folder)
    assert asked == [CONFIG, GRAPH]
    read, outline = read_folder(folder), found.outline
    assert outline is not None
    names = ("config", "weights_bytes", "parameters", "quantization", "kv_bytes_per_token")
    assert [getattr(outline, name) for name in names] == [getattr(read, name) for name in names]
    assert facts_of_folder(found, "there") == facts_of_path(folder)


def test_a_graph_in_a_folder_of_its_own_has_its_data_beside_it(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "model")
    (folder / "graphs").mkdir()
    for name in (GRAPH, DATA):
        (folder / name).rename(folder / "graphs" / name)
    change_config(folder, lambda model: model["decoder"].update(filename="./graphs//model.onnx"))
    found, asked = distant(folder)
    assert asked == [CONFIG, f"graphs/{GRAPH}"]
    assert facts_of_folder(found, "there") == facts_of_path(folder)
    (folder / "graphs" / DATA).rename(folder / DATA)
    with pytest.raises(OnnxError, match="missing"):
        distant(folder)


def test_the_type_of_the_cache_is_that_of_the_graph(tmp_path: Path) -> None:
    node = w.node("Gather", ["table", "input_ids"], ["logits"])
    table = w.tensor("table", [298, 64], w.FLOAT16, raw=bytes(298 * 64 * 2))
    caches = [
        w.value_info(f"past_key_values.{layer}.{part}", w.FLOAT16, ["b", 2, "p", 16])
        for layer in range(2)
        for part in ("key", "value")
    ]
    inputs = [w.value_info("input_ids", w.INT64, ["b", "s"]), *caches]
    folder = write_graph(copy_tiny(tmp_path / "model"), w.graph([node], initializers=[table], inputs=inputs))
    question = FitQuestion(context_length=512)
    for one in (subject(distant(folder)[0]), Subject(key="here", format="onnx", path=folder)):
        memory = Bench().check.memory(one, question)
        assert memory is not None
        # 2 layers, keys and values, 2 heads of 16 numbers, half precision.
        assert (memory.parts.kv, memory.kv_type) == (2 * 2 * 2 * 16 * 2 * 512, "f16")
        assert memory.parts.weights == 298 * 64 * 2


def test_what_is_too_large_is_not_asked_for() -> None:
    def fetch(name: str) -> bytes:
        assert name == CONFIG, f"asked for {name}"
        return (TINY / CONFIG).read_bytes()

    sizes = {CONFIG: 1095, GRAPH: MOST_GRAPH_BYTES + 1}
    assert SparseFolder.read(sizes, fetch).graph is None
    with pytest.raises(OnnxError, match="too_large"):
        SparseFolder.read({**sizes, CONFIG: Limits().config_bytes + 1}, fetch)
    with pytest.raises(OnnxError, match="missing"):
        SparseFolder.read({GRAPH: 1}, fetch)


def test_answers_are_kept_for_the_same_files_only() -> None:
    found, _ = distant(TINY)
    config = json.loads(found.config)
    config["model"]["decoder"]["num_hidden_layers"] = 1
    other = SparseFolder(json.dumps(config).encode(), found.graph, found.sizes)
    sizes = tuple((name, size + (name == DATA)) for name, size in found.sizes)
    digests = {one.digest for one in (found, other, SparseFolder(found.config, found.graph, sizes))}
    assert len(digests) == 3
    assert SparseFolder(found.config, found.graph, found.sizes).digest == found.digest
    check, question = Bench().check, FitQuestion(context_length=512)
    needs = [check.memory(subject(one), question) for one in (found, other, found)]
    assert needs[0] == needs[2]
    assert needs[0] is not None
    assert needs[1] is not None
    assert needs[0].parts.kv == 2 * needs[1].parts.kv


def test_one_that_was_kept_and_is_damaged_is_an_error_about_the_model() -> None:
    found, _ = distant(TINY)
    damaged = SparseFolder(found.config, (found.graph or b"")[:-20], found.sizes)
    with pytest.raises(UserError) as caught:
        Bench().check.check(subject(damaged))
    assert caught.value.kind is ErrorKind.MODEL


def subject(folder: SparseFolder, **more: Any) -> Subject:
    return Subject(key="there", format="onnx", headers=folder, **more)
