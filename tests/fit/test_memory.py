"""Memory by simulation: exact for files that are not here, from little, and never a crash of ours."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# The entry of an engine process is found by its module's name in the child, which is given this path.
sys.path.insert(0, str(Path(__file__).parents[2]))

from slmdesk.engines import PROCESSOR, EngineProcess, LoadOptions, Reserved, SimulatedLoad
from slmdesk.engines.child import serve
from slmdesk.fit import (
    CannotSimulate,
    FitQuestion,
    KeptAnswers,
    MemoryNeed,
    MemorySimulator,
    SparseHeader,
    largest_context,
    layers_that_fit,
    most_gpu_layers,
)
from slmdesk.fit import memory as memory_module
from slmdesk.fit.memory import memory_need
from slmdesk.messages import Message, UserError
from slmdesk.net import Network
from tests.fit.small_models import write_small_model
from tests.formats import gguf_writer as w
from tests.hub import LoopbackHub, SparseFile
from tests.hub.fixtures import hub, network

__all__ = ["hub", "network"]

WHY = Message("hub-why-header")
WINDOW_BYTES = 256 * 1024
"""Least that is asked of a server at a time."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("whole") / "model.gguf"
    return write_small_model("sliding window", file, vocabulary=1024)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("split")
    return write_small_model("sliding window", folder, vocabulary=1024, parts=3)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files of this test go."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def parts_of(first: Path) -> list[Path]:
    return sorted(first.parent.glob("*.gguf"))


def without_runtime(need: MemoryNeed) -> tuple[int, int, int, int]:
    parts = need.parts
    return (parts.weights, parts.kv, parts.compute, parts.output)


def test_a_file_on_a_server_is_exact_after_its_header_alone(
    whole: Path, hub: LoopbackHub, network: Network, temporary: Path
) -> None:
    data = whole.read_bytes()
    head = SparseHeader.read(data).data
    commit = hub.add_model("org/model", {"model.gguf": SparseFile(head, len(data))})
    with network.ranged(network.url_of("org/model", "model.gguf", commit), why=WHY) as source:
        header = SparseHeader.read(source)
        assert source.fetched_bytes <= len(head) + WINDOW_BYTES < len(data)
    assert (header.data, header.size) == (head, len(data))
    question = FitQuestion(context_length=1024)
    with MemorySimulator() as simulator:
        need = simulator.memory([header], question)
        here = simulator.memory(whole, question)
        assert list(temporary.rglob("*.gguf")), "a sparse file, for as long as somebody may ask on"
    assert need.source == "simulated"
    assert without_runtime(need) == without_runtime(here)
    assert not list(temporary.iterdir()), "nothing is left"


def test_a_model_in_parts_on_a_server(split: Path, whole: Path, hub: LoopbackHub, network: Network) -> None:
    names = [path.name for path in parts_of(split)]
    contents: dict[str, Any] = {path.name: path for path in parts_of(split)}
    commit = hub.add_model("org/model", contents)
    headers, fetched = [], 0
    for name in names:
        with network.ranged(network.url_of("org/model", name, commit), why=WHY) as source:
            headers.append(SparseHeader.read(source))
            fetched += source.fetched_bytes
    assert fetched <= sum(len(header.data) for header in headers) + 3 * WINDOW_BYTES
    with MemorySimulator() as simulator:
        question = FitQuestion(context_length=1024)
        need = simulator.memory(headers, question)
        assert without_runtime(need)[1:] == without_runtime(simulator.memory(whole, question))[1:]
        # Between the parts of a file there is padding, and none between files.
        weights = sum(header.header.weights_bytes for header in headers)
        assert need.parts.weights == pytest.approx(weights, abs=4096)
        with pytest.raises(UserError) as caught:
            simulator.memory(headers[:2], question)
    assert caught.value.key == "model-not-first-part"
    assert "/" not in str(caught.value.facts["file"]), "no file of ours that nobody knows"


def test_the_parts_of_an_answer_add_up(whole: Path) -> None:
    with MemorySimulator() as simulator:
        need = simulator.memory(whole, FitQuestion(context_length=512, kv_type="q8_0"))
    (own,) = need.devices
    assert (own.name, own.parts) == (PROCESSOR, need.parts)
    assert own.free is not None
    assert own.total is not None
    assert 0 < own.free <= own.total
    assert need.parts.kv == pytest.approx(12 * 2 * 2 * 64 * 512 * 34 / 32, abs=10_000)
    assert need.resident == need.parts.total, "all that is reserved on the processor is used, context full"
    assert need.parts.runtime > 20 * 2**20
    assert (need.context_length, need.kv_type, need.gpu_layers) == (512, "q8_0", 0)


def test_what_is_on_other_devices_is_not_resident() -> None:
    load = SimulatedLoad(
        reserved=(
            Reserved(device=PROCESSOR, weights=5, kv=2),
            Reserved(device="GPU0", weights=70, compute=9),
        ),
        runtime_bytes=100,
        context_length=512,
        gpu_layers=3,
        layers=4,
    )
    need = memory_need(load, FitQuestion(devices=("GPU0",)))
    assert need.resident == 107
    assert need.parts.total == 186
    assert [one.parts.total for one in need.devices] == [107, 79]
    assert need.devices[1].free is None


def test_a_file_is_answered_as_often_as_asked_from_one_asking(whole: Path, tmp_path: Path) -> None:
    file, question = tmp_path / "kept" / "memory.json", FitQuestion(context_length=512)
    with MemorySimulator(KeptAnswers(file)) as simulator:
        need = simulator.memory(whole, question)
        header = SparseHeader.read(whole)
        assert simulator.memory([header], question).parts == need.parts, "wherever the model lies"
    later = KeptAnswers(file)
    assert later.find(header.digest, question) is None, "the digest of a model is not that of a file"
    with MemorySimulator(later) as simulator:
        process = simulator._session
        assert simulator.memory(whole, question).parts == need.parts
        assert simulator._session is process is None, "nothing was started"
        assert simulator.memory(whole, FitQuestion(context_length=768)).parts != need.parts
    file.write_bytes(b"{ not ours")
    assert KeptAnswers(file).find(b"", question) is None


def test_answers_of_a_disk_that_is_full_are_no_error(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    KeptAnswers(blocked / "memory.json").save()


@pytest.mark.parametrize(
    ("data", "size", "key"),
    [
        (w.tiny_model({"llama.block_count": (w.U32, 100_000)}), None, "model-damaged"),
        (w.tiny_model(), 1 << 60, "model-header-too-large"),
        (w.tiny_model(), 1 << 40, "model-damaged"),
        (w.tiny_model(), 5000, "model-cut-off"),
    ],
)
def test_hostile_headers_make_no_file_and_no_crash(
    data: bytes, size: int | None, key: str, temporary: Path
) -> None:
    header = SparseHeader(SparseHeader.read(data).data, len(data) if size is None else size)
    with MemorySimulator() as simulator, pytest.raises(UserError) as caught:
        simulator.memory([header], FitQuestion(context_length=256))
    assert caught.value.key == key
    assert not list(temporary.iterdir())


def test_a_question_that_cannot_be_is_said_so(whole: Path) -> None:
    with MemorySimulator() as simulator, pytest.raises(UserError) as caught:
        simulator.memory(whole, FitQuestion(context_length=40_000))
    assert caught.value.key == "context-too-long"


def test_a_model_that_the_engine_does_not_know_is_asked_about_once(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(w.tiny_model(architecture="not-yet"))
    with MemorySimulator() as simulator:
        with pytest.raises(CannotSimulate, match="not-yet"):
            simulator.memory(file, FitQuestion(context_length=512))
        assert simulator._session is None
        began = time.monotonic()
        with pytest.raises(CannotSimulate, match="not-yet"):
            simulator.memory(file, FitQuestion(context_length=256))
        assert simulator._session is None, f"started again, {time.monotonic() - began:.1f} s"


def test_what_the_engine_refused_is_known_at_the_next_start(tmp_path: Path) -> None:
    unknown, damaged = tmp_path / "unknown.gguf", tmp_path / "damaged.gguf"
    unknown.write_bytes(w.tiny_model(architecture="not-yet"))
    damaged.write_bytes(w.tiny_model({"llama.block_count": (w.U32, 3)}))
    for _ in range(2):
        with MemorySimulator(KeptAnswers(tmp_path / "memory.json")) as simulator:
            with pytest.raises(CannotSimulate) as reason:
                simulator.memory(unknown, FitQuestion(context_length=512))
            assert reason.value.cannot_run is not None
            assert reason.value.cannot_run.facts["architecture"] == "not-yet"
            with pytest.raises(UserError) as caught:
                simulator.memory([SparseHeader.read(damaged)], FitQuestion(context_length=512))
            assert caught.value.key == "model-refused"
            assert str(tmp_path) not in str(caught.value.facts["file"])
    with MemorySimulator(KeptAnswers(tmp_path / "memory.json")) as simulator:
        with pytest.raises(CannotSimulate):
            simulator.kept(unknown, FitQuestion(context_length=256))
        with pytest.raises(UserError, match="model-refused"):
            simulator.kept([SparseHeader.read(damaged)], FitQuestion(context_length=256))
        assert simulator._session is None, "nothing was started"


def test_what_was_asked_before_is_told_without_the_engine(whole: Path) -> None:
    question = FitQuestion(context_length=512)
    with MemorySimulator() as simulator:
        assert simulator.kept(whole, question) is None
        assert simulator._session is None
        need = simulator.memory(whole, question)
        found = simulator.kept(whole, question)
    assert found is not None
    assert found.parts == need.parts


class _Dying:
    """Ends its process, as native code does."""

    def simulate(self, path: str, options: LoadOptions) -> SimulatedLoad:
        import os

        os.abort()


def dying_entry(connection: Any, _engine: str, log_path: str) -> None:
    from tests.engines.process.scripted_engine import ScriptedEngine

    serve(connection, lambda: ScriptedEngine(connection), log_path, create_simulator=_Dying)


def test_native_code_that_dies_is_no_crash_of_ours(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def process(engine: str, **given: Any) -> EngineProcess:
        return EngineProcess(engine, entry=dying_entry, **given)

    monkeypatch.setattr(memory_module, "EngineProcess", process)
    with MemorySimulator() as simulator, pytest.raises(CannotSimulate, match="engine-crashed-loading"):
        simulator.memory(whole, FitQuestion(context_length=512))


def test_a_disk_that_fills_such_files(whole: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = SparseHeader.read(whole)
    monkeypatch.setattr("slmdesk.fit.sparse_files._taken_bytes", lambda descriptor: 1 << 30)
    with MemorySimulator() as simulator, pytest.raises(CannotSimulate, match="sparse"):
        simulator.memory([header], FitQuestion(context_length=512))
    assert not list(temporary.iterdir())


def test_the_process_ends_by_itself(
    whole: Path, wait_until: Callable[[Callable[[], object], str], None]
) -> None:
    with MemorySimulator(idle_s=0.1) as simulator:
        simulator.memory(whole, FitQuestion(context_length=512))
        wait_until(lambda: simulator._session is None, "the process is ended")
        simulator.memory(whole, FitQuestion(context_length=768))


def test_several_threads_ask_one_process(whole: Path) -> None:
    found: dict[int, MemoryNeed] = {}
    with MemorySimulator() as simulator:

        def ask(length: int) -> None:
            found[length] = simulator.memory(whole, FitQuestion(context_length=length))

        threads = [threading.Thread(target=ask, args=(256 * count,)) for count in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [found[256 * count].parts.kv for count in range(1, 5)] == [
        count * found[256].parts.kv for count in range(1, 5)
    ]


def test_the_largest_context_that_fits(whole: Path) -> None:
    with MemorySimulator() as simulator:
        question = FitQuestion()
        asked: list[int] = []

        def fits(need: MemoryNeed) -> bool:
            asked.append(need.context_length)
            return need.parts.kv <= 12 * 2 * 2 * 64 * 2 * 5000

        need = largest_context(whole, question, fits, simulate=simulator.memory)
        assert need is not None
        assert need.context_length == 4864, "19 steps; 20 would take more"
        assert asked[0] == 32768
        assert len(asked) <= 9
        everything = largest_context(whole, question, lambda need: True, most=1000, simulate=simulator.memory)
        assert everything is not None
        assert everything.context_length == 1000
        assert largest_context(whole, question, lambda need: False, simulate=simulator.memory) is None


def _simulated_gpu(model: Any, question: FitQuestion) -> MemoryNeed:
    """What a layer takes on a device is 10, and 7 for computing there at all."""
    layers = min(question.gpu_layers, 13)
    load = SimulatedLoad(
        reserved=(
            Reserved(device=PROCESSOR, weights=130 - 10 * layers),
            Reserved(device="GPU0", weights=10 * layers, compute=7),
        ),
        runtime_bytes=100,
        context_length=question.context_length,
        gpu_layers=layers,
        layers=13,
    )
    return memory_need(load, question)


@pytest.mark.parametrize(("free", "layers"), [(10_000, 13), (137, 13), (136, 12), (47, 4), (17, 1), (16, 0)])
def test_the_most_layers_that_fit(whole: Path, free: int, layers: int) -> None:
    found = layers_that_fit(whole, FitQuestion(), {"GPU0": free}, simulate=_simulated_gpu)
    assert found == layers
    assert most_gpu_layers(whole, FitQuestion(), lambda need: True, simulate=_simulated_gpu) is None


def test_where_it_cannot_be_told_layers_are_estimated(whole: Path) -> None:
    def refuses(model: Any, question: FitQuestion) -> MemoryNeed:
        raise CannotSimulate("no")

    assert layers_that_fit(whole, FitQuestion(), {"GPU0": 99}, simulate=refuses) is None
