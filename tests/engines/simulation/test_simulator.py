"""A simulated load is what a real one then reports, in this process: nothing here may end it."""

from __future__ import annotations

from pathlib import Path

import pytest

from slmdesk.engines.llama_cpp import LlamaCppEngine, native
from slmdesk.engines.llama_cpp.simulation import LoadSimulator
from slmdesk.engines.protocol import LoadOptions, Reserved
from slmdesk.messages import ErrorKind, UserError
from tests.engines.simulation.conftest import Small
from tests.fit.small_models import SMALL_MODELS
from tests.formats import gguf_writer as w


def loaded(path: Path, options: LoadOptions) -> Reserved:
    engine = LlamaCppEngine()
    try:
        report = engine.load(str(path), options, lambda progress: None)
        assert report is not None
        assert len(report.reserved) == 1
        return report.reserved[0]
    finally:
        engine.unload()


def assert_same(simulated: Reserved, real: Reserved) -> None:
    # The log rounds to hundredths of a MiB, caches of two parts twice.
    for kind in ("weights", "kv", "compute", "output"):
        assert getattr(simulated, kind) == pytest.approx(getattr(real, kind), abs=22_000), kind
    assert simulated.total == pytest.approx(real.total, rel=0.01)


@pytest.mark.parametrize("name", SMALL_MODELS)
def test_every_kind_of_model(small: Small, name: str) -> None:
    path, simulator = small(name), LoadSimulator()
    for options in (
        LoadOptions(threads=1, context_length=512),
        LoadOptions(threads=1, context_length=4096, kv_type="q8_0", batch_size=256),
    ):
        load = simulator.simulate(str(path), options)
        assert (load.context_length, load.gpu_layers) == (options.context_length, 0)
        assert load.layers == SMALL_MODELS[name].layers + 1
        assert load.runtime_bytes > 20 * 2**20
        (reserved,) = load.reserved
        assert_same(reserved, loaded(path, options))


@pytest.mark.parametrize(
    ("name", "kind"), [("sliding window", "q4_0"), ("mixture of experts", "q4_0"), ("hybrid", "q8_0")]
)
def test_weights_that_are_kept_twice(
    small: Small, name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which are depends on the processor; on some it is none."""
    monkeypatch.setattr(native, "amx_is_left_alone", lambda: False)
    path, options = small(name, kind=kind), LoadOptions(threads=1, context_length=512)
    (reserved,) = LoadSimulator().simulate(str(path), options).reserved
    assert_same(reserved, loaded(path, options))


def test_the_same_model_is_kept_for_another_context(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    path, simulator = str(small("mixture of experts")), LoadSimulator()
    first = simulator.simulate(path, LoadOptions(context_length=512))
    monkeypatch.setattr(native.lib, "llama_model_load_from_file", None)
    second = simulator.simulate(path, LoadOptions(context_length=1024))
    assert second.reserved[0].kv == 2 * first.reserved[0].kv
    assert second.reserved[0].weights == first.reserved[0].weights


def test_more_memory_than_there_is_is_no_error(small: Small) -> None:
    path = str(small("sliding window"))
    load = LoadSimulator().simulate(path, LoadOptions(context_length=32768, kv_type="f32"))
    assert load.reserved[0].kv == 12 * 2 * 2 * 64 * 4 * 32768


def test_options_are_checked_as_for_a_load(small: Small) -> None:
    with pytest.raises(UserError) as caught:
        LoadSimulator().simulate(str(small("sliding window")), LoadOptions(context_length=32769))
    assert caught.value.key == "context-too-long"
    with pytest.raises(UserError) as caught:
        LoadSimulator().simulate(str(small("sliding window")), LoadOptions(devices=("Nowhere0",)))
    assert caught.value.key in ("device-unknown", "device-unknown-none")


def test_a_model_that_is_not_known(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(w.tiny_model(architecture="not-yet"))
    with pytest.raises(UserError) as caught:
        LoadSimulator().simulate(str(file), LoadOptions())
    assert (caught.value.key, caught.value.kind) == ("simulation-refused", ErrorKind.MODEL)
    assert "not-yet" in caught.value.details
    assert caught.value.facts["architecture"] == "not-yet"


def test_a_header_that_would_kill_is_refused_before(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(w.tiny_model({"llama.block_count": (w.U32, 100_000)}))
    with pytest.raises(UserError) as caught:
        LoadSimulator().simulate(str(file), LoadOptions())
    assert caught.value.key == "model-damaged"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"llama.block_count": (w.U32, 3)}, "model-refused"),
        ({"llama.attention.head_count": (w.U32, 0)}, "model-refused"),
        ({"general.architecture": (w.STRING, "bert")}, "model-refused"),
        ({"general.architecture": (w.STRING, "clip")}, "model-not-for-chat"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_as_by_a_load(
    tmp_path: Path, change: dict[str, w.Typed], key: str
) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(w.tiny_model(change))
    with pytest.raises(UserError) as caught:
        LoadSimulator().simulate(str(file), LoadOptions())
    assert (caught.value.key, caught.value.kind) == (key, ErrorKind.MODEL)
    assert caught.value.facts["file"] == str(file)
    assert "error loading model" in caught.value.details
