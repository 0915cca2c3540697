"""Whether a model on the Hub would run here, from its header or the small files of its folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from slmdesk.catalogue import HubCatalogue
from slmdesk.fit import FitQuestion, MemorySimulator, Subject
from slmdesk.offers import subject_of
from tests.fit.small_models import write_small_model
from tests.fit.test_check import Bench
from tests.formats.onnx_folders import REAL, TINY, needs_real_model
from tests.hub import LoopbackHub, SparseFile

REPO = "maker/Model-GGUF"
# What may be fetched for nothing, of each file: a piece (net.ranged) behind the reader's window.
MOST_AHEAD_BYTES = 2 * 1024 * 1024 + 256 * 1024
QUESTIONS = [FitQuestion(context_length=4096), FitQuestion(context_length=1024, kv_type="q8_0")]


TINY_RANDOM = REAL.with_name("tiny-random-llama-onnx")


def check(hub: LoopbackHub, catalogue: HubCatalogue, files: list[Path]) -> None:
    """The answer from the Hub is the one that the file itself gives, and of the file only the header came."""
    hub.add_model(REPO, {file.name: file for file in files})
    (variant,) = catalogue.find(REPO).variants
    headers = catalogue.header(variant)
    assert isinstance(headers, tuple)
    fetched = hub.sent_bytes("/resolve") + hub.sent_bytes(host="localhost")
    assert fetched <= sum(len(one.data) + MOST_AHEAD_BYTES for one in headers)
    assert fetched < sum(file.stat().st_size for file in files) / 10
    asked = len(hub.requests)
    with MemorySimulator() as simulator:
        for question in QUESTIONS:
            far = simulator.memory(headers, question)
            assert far.source == "simulated"
            near = simulator.memory(files[0], question)
            assert (far.parts, far.resident) == (near.parts, near.resident)
    assert len(hub.requests) == asked


def test_the_starter(hub: LoopbackHub, catalogue: HubCatalogue, starter_file: Path) -> None:
    check(hub, catalogue, [starter_file])


@pytest.mark.slow
def test_a_split_set(hub: LoopbackHub, catalogue: HubCatalogue, tmp_path: Path) -> None:
    first = write_small_model("mixture of experts", tmp_path, parts=2)
    check(hub, catalogue, sorted(first.parent.glob("*.gguf")))


@pytest.mark.parametrize(
    ("source", "most_bytes"),
    [
        (TINY, 10_000),
        pytest.param(REAL, 230_000, marks=needs_real_model),
        pytest.param(
            TINY_RANDOM,
            20_000,
            marks=pytest.mark.skipif(
                not TINY_RANDOM.is_dir(), reason="the tiny random ONNX model is not in ../shared/models"
            ),
        ),
    ],
    ids=["tiny", "real", "tiny random"],
)
def test_an_onnx_folder_is_estimated_as_on_the_disk(
    hub: LoopbackHub, catalogue: HubCatalogue, source: Path, most_bytes: int
) -> None:
    """The answer from the Hub is the one that the folder itself gives, and only its small files came."""
    hub.add_model(REPO, {f"cpu/{file.name}": file for file in source.iterdir()})
    model = catalogue.find(REPO)
    (variant,) = model.variants
    headers = catalogue.header(variant)
    asked = len(hub.requests)
    bench = Bench()
    far, near = subject_of(model, variant, headers), Subject(key="near", format="onnx", path=source)
    usual = bench.check.usual_question(far)
    assert usual == bench.check.usual_question(near)
    for question in (usual, *QUESTIONS):
        memory = bench.check.memory(far, question)
        assert memory is not None
        assert memory.source == "estimated"
        assert memory == bench.check.memory(near, question)
    assert bench.check.check(far, usual) == bench.check.check(near, usual)
    # Speeds that were measured of the folder on the disk hold for the one on the Hub.
    there, here = bench.speed_asked[-2:]
    assert there == here
    assert there.work.key
    assert bench.check.largest_context(far, usual) == bench.check.largest_context(near, usual)
    assert bench.simulated == []
    assert len(hub.requests) == asked
    fetched = hub.sent_bytes("/resolve") + hub.sent_bytes(host="localhost")
    assert fetched == (source / "genai_config.json").stat().st_size + (source / "model.onnx").stat().st_size
    assert fetched <= most_bytes


def test_the_config_of_an_onnx_folder_says_more_than_models_of_its_size_usually_have(
    hub: LoopbackHub, catalogue: HubCatalogue
) -> None:
    """Also where the graph has the weights inside and is not fetched."""
    files = {file.name: file.read_bytes() for file in TINY.iterdir()}
    large = SparseFile(files["model.onnx"], 1_000_000_000)
    hub.add_model(REPO, {**files, "model.onnx": large})
    model = replace(catalogue.find(REPO), billions=1.0)
    (variant,) = model.variants
    bench = Bench()
    question = FitQuestion(context_length=1024)
    listed = bench.check.memory(subject_of(model, variant), question)
    read = bench.check.check(subject_of(model, variant, catalogue.header(variant)), question)
    assert listed is not None
    assert read.memory is not None
    # 2 layers, 2 heads of keys and of values with 16 numbers, in 4 bytes each.
    assert read.memory.parts.kv == 2 * 2 * 2 * 16 * 4 * 1024
    assert listed.parts.kv == 28 * 2 * 8 * 128 * 4 * 1024
    assert read.memory.parts.weights == 1_000_000_000 + len(files["model.onnx.data"])
    # The list knows how many weights there are.
    assert read.speed is not None
    assert bench.speed_asked[-1].work.active_values == 1_000_000_000
