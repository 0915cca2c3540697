"""Which model answers in the terminal where nobody names one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from slmdesk.cli import chosen_model
from slmdesk.cli.chosen_model import chosen_or_another
from slmdesk.cli.output import Output
from slmdesk.library import find, find_models
from slmdesk.messages import UserError
from slmdesk.storage import Paths, Settings

_TINY_ONNX = Path(__file__).parent.parent / "data" / "tiny-onnx"


@pytest.fixture(autouse=True)
def without_starter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "starter_file", lambda: None)


@pytest.fixture
def tiny(paths: Paths) -> str:
    """The title of the only model that can be used, with the id `tiny`."""
    shutil.copytree(_TINY_ONNX, paths.models / "tiny")
    return find_models(paths)[0].title


def _chosen(paths: Paths, settings: Settings) -> str:
    return chosen_or_another(paths, settings, Output()).id


def test_the_model_chosen_last_answers(
    paths: Paths, tiny: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(paths: Paths) -> list[object]:
        raise AssertionError("nobody needs the whole list")

    monkeypatch.setattr(chosen_model, "find_models", look)
    assert _chosen(paths, Settings(model="tiny")) == "tiny"
    assert _chosen(paths, Settings(model=str(paths.models / "tiny"))) == "tiny"
    assert capsys.readouterr().err == ""


def test_without_a_choice_and_a_starter_any_model_answers(
    paths: Paths, tiny: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _chosen(paths, Settings()) == "tiny"
    assert capsys.readouterr().err == "", "nothing was chosen, so nothing is replaced"


@pytest.mark.parametrize("by_path", [False, True])
def test_one_that_is_gone(by_path: bool, paths: Paths, tiny: str, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = str(paths.models / "gone.gguf") if by_path else "gone"
    assert _chosen(paths, Settings(model=wanted)) == "tiny"
    name = "gone.gguf" if by_path else "gone"
    expected = f"slmdesk: {name} is no longer on this computer, so {tiny} answers.\n"
    assert capsys.readouterr().err == expected


def test_one_that_broke(paths: Paths, tiny: str, capsys: pytest.CaptureFixture[str]) -> None:
    (paths.models / "chosen-Q4_1.gguf").write_bytes(b"not a model")
    assert _chosen(paths, Settings(model="chosen-Q4_1")) == "tiny"
    expected = f"slmdesk: chosen cannot be used any more, so {tiny} answers. It is not a GGUF file.\n"
    assert capsys.readouterr().err == expected


def test_one_whose_engine_was_turned_off(
    paths: Paths, tiny: str, starter_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (paths.models / "mine.gguf").symlink_to(starter_file)
    mine = next(one for one in find_models(paths) if one.id == "mine")
    assert _chosen(paths, Settings(model="mine", engines_off=("llama.cpp",))) == "tiny"
    said = capsys.readouterr().err
    assert said.startswith(f"slmdesk: {mine.title} cannot be used any more, so {tiny} answers. llama.cpp is")


def test_without_any_that_can_be_used_the_reason_is_that_of_the_chosen_one(paths: Paths, tiny: str) -> None:
    with pytest.raises(UserError, match="engine-turned-off"):
        _chosen(paths, Settings(model="tiny", engines_off=("onnx",)))
    with pytest.raises(UserError, match="library-model-unknown"):
        _chosen(paths, Settings(model="gone", engines_off=("onnx",)))
    with pytest.raises(UserError, match="library-starter-missing"):
        _chosen(paths, Settings(engines_off=("onnx",)))
