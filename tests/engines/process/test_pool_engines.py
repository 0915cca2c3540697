"""Which engine a model is loaded with, and what makes a model the same one."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from slmdesk.engines import ENGINES, LLAMA_CPP, EnginePool, EngineProcess
from slmdesk.engines.strikes import Strikes, model_identity
from slmdesk.messages import ErrorKind, UserError, error_sentences
from tests.engines.process.conftest import OPTIONS, REQUEST, Script, Starts, is_gone

OTHER = "another engine"


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the engines that were started. There is one more: it takes every file."""
    entry = dataclasses.replace(
        ENGINES[LLAMA_CPP], name=OTHER, title="Another Engine", accepts=os.path.isfile
    )
    monkeypatch.setitem(ENGINES, OTHER, entry)
    return []


@pytest.fixture
def start(started: list[str]) -> Callable[..., EngineProcess]:
    def start(engine: str, *, log_file: Path) -> EngineProcess:
        started.append(engine)
        return Starts()(engine, log_file=log_file)

    return start


def pid_with(pool: EnginePool, path: str, engine: str | None) -> int:
    with pool.use(path, OPTIONS, engine=engine) as lease:
        assert lease is not None
        assert lease.process.pid is not None
        assert list(lease.process.generate(REQUEST))
        return lease.process.pid


def test_a_model_is_loaded_with_the_engine_asked_for(
    start: Callable[..., EngineProcess], started: list[str], script: Script, tmp_path: Path
) -> None:
    pool = EnginePool(tmp_path, start=start)
    path = script()
    try:
        first = pid_with(pool, path, None)
        # The one for it, by its name: the same request.
        assert pid_with(pool, path, LLAMA_CPP) == first
        second = pid_with(pool, path, OTHER)
        assert is_gone(first)
        assert pid_with(pool, path, OTHER) == second
        loaded = pool.loaded
        assert loaded is not None
        assert (loaded.engine, loaded.path) == (OTHER, path)
        # What the engine itself said of what it can do.
        assert loaded.capabilities.samplers == ("temperature",)
        with pool.exclusive("Benchmark") as alone:
            assert alone is not None
            with alone.use(path, OPTIONS, engine=OTHER) as lease:
                assert lease is not None
        assert started == [LLAMA_CPP, OTHER, OTHER]
    finally:
        pool.close()


def test_an_engine_that_there_is_not(scripted_pool: EnginePool, script: Script) -> None:
    pid = pid_with(scripted_pool, script(), None)
    with pytest.raises(UserError) as caught, scripted_pool.use(script(), OPTIONS, engine="ollama"):
        pass
    assert (caught.value.key, caught.value.kind) == ("engine-unknown", ErrorKind.USAGE)
    sentences = error_sentences(caught.value)
    assert "ollama" in sentences.what
    assert LLAMA_CPP in sentences.why
    # What is loaded stays so.
    assert not is_gone(pid)


def test_an_engine_that_does_not_take_the_model(
    start: Callable[..., EngineProcess], started: list[str], script: Script, tmp_path: Path
) -> None:
    odd = tmp_path / "odd.model"
    odd.write_text("{}")
    pool = EnginePool(tmp_path, start=start)
    try:
        pid = pid_with(pool, script(), None)
        with pytest.raises(UserError) as caught, pool.use(str(odd), OPTIONS, engine=LLAMA_CPP):
            pass
        assert (caught.value.key, caught.value.kind) == ("engine-does-not-take", ErrorKind.MODEL)
        sentences = error_sentences(caught.value)
        assert "odd.model" in sentences.what
        assert ENGINES[LLAMA_CPP].title in sentences.what
        assert "Another Engine" in sentences.do
        assert not is_gone(pid)
        with pool.exclusive("Benchmark") as alone:
            assert alone is not None
            with (
                pytest.raises(UserError, match="does-not-take"),
                alone.use(str(odd), OPTIONS, engine=LLAMA_CPP),
            ):
                pass
    finally:
        pool.close()
    assert started == [LLAMA_CPP]


def test_what_no_engine_takes_is_for_the_one_asked_for_to_refuse(
    start: Callable[..., EngineProcess], started: list[str], tmp_path: Path
) -> None:
    pool = EnginePool(tmp_path, start=start)
    try:
        # The scripted engine says it in its own way; a real one has a sentence.
        with pytest.raises(UserError) as caught, pool.use(str(tmp_path), OPTIONS, engine=OTHER):
            pass
        assert caught.value.key == "engine-bug-loading"
    finally:
        pool.close()
    assert started == [OTHER]


def test_a_file_is_the_same_until_it_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    missing = model_identity(str(file))
    file.write_text("one")
    first = model_identity(str(file))
    assert model_identity(str(file)) == first
    file.write_text("three")
    second = model_identity(str(file))
    os.utime(file, ns=(1, 1))
    assert len({missing, first, second, model_identity(str(file))}) == 4
    file.rename(tmp_path / "other.gguf")
    assert model_identity(str(file)) == missing
    assert model_identity("not\0a path") == (("not\0a path", 0, 0),)


def test_a_folder_is_the_same_until_one_of_its_files_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    blob = tmp_path / "blob"
    blob.write_text("weights")
    config = folder / "genai_config.json"
    config.write_text("{}")
    (folder / "model.onnx").write_text("graph")
    # The cache of the Hub is links to blobs.
    (folder / "model.onnx.data").symlink_to(blob)
    (folder / "gone.data").symlink_to(tmp_path / "nothing")
    seen = [model_identity(str(folder))]
    assert model_identity(str(folder)) == seen[0]
    config.write_text("{ }")
    seen.append(model_identity(str(folder)))
    blob.write_text("other weights")
    seen.append(model_identity(str(folder)))
    (folder / "tokenizer.json").write_text("{}")
    seen.append(model_identity(str(folder)))
    (folder / "model.onnx").unlink()
    seen.append(model_identity(str(folder)))
    assert len(set(seen)) == 5
    # A folder in it is none of its files.
    (folder / "notes").mkdir()
    assert model_identity(str(folder)) == seen[-1]


def test_a_folder_that_killed_its_engine_twice_starts_afresh_with_other_files(tmp_path: Path) -> None:
    strikes = Strikes()
    (tmp_path / "model.onnx").write_text("damaged")
    for _ in range(2):
        assert not strikes.is_out(model_identity(str(tmp_path)))
        strikes.add(model_identity(str(tmp_path)))
    assert strikes.is_out(model_identity(str(tmp_path)))
    (tmp_path / "model.onnx").write_text("whole")
    assert not strikes.is_out(model_identity(str(tmp_path)))
