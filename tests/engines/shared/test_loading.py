"""Loading, unloading, and what cannot be loaded, of every engine."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from slmdesk import hardware
from slmdesk.engines.engine import Engine
from slmdesk.engines.protocol import GenerateRequest, LoadOptions, LoadProgress, LoadReport
from slmdesk.hardware import MemoryFacts
from slmdesk.messages import ErrorKind, UserError, error_sentences
from tests.engines.answers import GREEDY, collect, user
from tests.engines.shared.conftest import Needs
from tests.engines.shared.subjects import OPTIONS, Subject

SHORT = GenerateRequest(messages=(user("Hello"),), sampling=GREEDY, max_tokens=5)


@pytest.fixture
def fresh(subject: Subject) -> Iterator[Engine]:
    engine = subject.create()
    yield engine
    engine.unload()


def load(engine: Engine, path: Path, options: LoadOptions = OPTIONS) -> LoadReport:
    report = engine.load(str(path), options, lambda progress: None)
    assert report is not None
    return report


def refused(engine: Engine, path: Path, options: LoadOptions = OPTIONS) -> UserError:
    with pytest.raises(UserError) as caught:
        engine.load(str(path), options, lambda progress: None)
    assert caught.value.kind is ErrorKind.MODEL
    sentences = error_sentences(caught.value)
    assert sentences.what
    assert sentences.why
    assert sentences.do
    return caught.value


def test_the_report(subject: Subject, fresh: Engine) -> None:
    seen: list[LoadProgress] = []
    report = fresh.load(str(subject.path), OPTIONS, seen.append)
    assert report is not None
    assert report.engine
    assert report.engine_version
    assert report.model_name
    assert report.architecture == "llama"
    assert report.parameters > 100_000
    assert report.quantization
    assert report.context_length == OPTIONS.context_length
    assert report.trained_context_length >= report.context_length
    assert (report.device, report.gpu_layers, report.used_devices) == ("CPU", 0, ())
    assert report.threads == 1
    assert report.weights_bytes > 0
    assert report.kv_bytes > 0
    assert report.load_seconds > 0
    assert report.has_chat_template
    assert report.capabilities == fresh.capabilities
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1] <= 1


def test_options_that_are_not_given(subject: Subject, fresh: Engine) -> None:
    report = load(fresh, subject.path, LoadOptions())
    assert report.context_length == min(4096, report.trained_context_length)
    assert report.threads >= 1


def test_every_option_that_an_engine_has_is_checked(fresh: Engine, subject: Subject) -> None:
    impossible = {
        "context_length": (1, 10**7),
        "threads": (0, 100_000),
        "batch_size": (0, 10**6),
        "devices": (("NoSuchDevice0",), ("CUDA77",)),
    }
    for name in set(fresh.capabilities.load_options) & set(impossible):
        for value in impossible[name]:
            refused(fresh, subject.path, replace(OPTIONS, **{name: value}))
    load(fresh, subject.path)


def test_too_little_memory_is_told_before_loading(
    fresh: Engine, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(hardware, "memory_limits", lambda: MemoryFacts(2**30, 100_000))
        error = refused(fresh, subject.path)
    assert error.key == "memory-too-small"
    assert error.facts["needed_memory"] > 100_000  # type: ignore[operator]
    load(fresh, subject.path)


def test_a_cancelled_load_is_no_error(subject: Subject, fresh: Engine) -> None:
    assert fresh.load(str(subject.path), OPTIONS, lambda progress: fresh.cancel()) is None
    with pytest.raises(UserError) as caught:
        fresh.count_tokens((user("x"),))
    assert caught.value.key == "no-model-loaded"
    load(fresh, subject.path)


def test_unloaded_and_loaded_again(subject: Subject, fresh: Engine) -> None:
    load(fresh, subject.path)
    first = collect(fresh.generate(SHORT))
    fresh.unload()
    fresh.unload()
    with pytest.raises(UserError) as caught:
        next(iter(fresh.generate(SHORT)))
    assert caught.value.key == "no-model-loaded"
    for _ in range(3):
        load(fresh, subject.path)
    again = collect(fresh.generate(SHORT))
    assert (again.text, again.stats.reused_tokens) == (first.text, 0)


def test_what_is_no_model_is_refused_by_name(subject: Subject, fresh: Engine, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a model")
    for path in (tmp_path / "missing", tmp_path, text):
        assert str(path) in error_sentences(refused(fresh, path)).what
    load(fresh, subject.path)


def test_a_cut_off_model_is_refused_before_native_code_sees_it(
    subject: Subject, fresh: Engine, tmp_path: Path
) -> None:
    broken = tmp_path / subject.path.name
    if subject.path.is_dir():
        shutil.copytree(subject.path, broken)
        cut = broken / "model.onnx.data"
    else:
        shutil.copyfile(subject.path, broken)
        cut = broken
    cut.chmod(0o600)
    with cut.open("r+b") as file:
        file.truncate(cut.stat().st_size // 2)
    error = refused(fresh, broken)
    assert error.facts["have_bytes"] < error.facts["need_bytes"]  # type: ignore[operator]
    load(fresh, subject.path)


def test_the_size_of_batches_is_kept_to(subject: Subject, fresh: Engine, needs: Needs) -> None:
    needs(load_options="batch_size")
    load(fresh, subject.path, replace(OPTIONS, batch_size=3))
    answer = collect(fresh.generate(GenerateRequest(messages=(user("ab" * 20),), max_tokens=1)))
    done = [progress.processed for progress in answer.progress]
    steps = [after - before for before, after in itertools.pairwise(done)]
    assert all(0 < step <= 3 for step in steps)
    assert steps[-1] == 1, "the last token is always evaluated alone"
    assert done[-1] == answer.stats.prompt_tokens


def test_a_name_in_any_script(subject: Subject, fresh: Engine, tmp_path: Path) -> None:
    odd = tmp_path / f"zażółć 😀 模型{subject.path.suffix}"
    (shutil.copytree if subject.path.is_dir() else shutil.copyfile)(subject.path, odd)
    load(fresh, odd)
