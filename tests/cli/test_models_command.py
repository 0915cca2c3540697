from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from slmdesk.cli import models
from slmdesk.cli.main import Surroundings
from slmdesk.storage import Paths, Settings

RunCli = Callable[..., subprocess.CompletedProcess[str]]

_TINY_ONNX = Path(__file__).parent.parent / "data" / "tiny-onnx"


@pytest.fixture
def broken(paths: Paths) -> Path:
    paths.models.mkdir(parents=True)
    file = paths.models / "zażółć-Q4_K_M.gguf"
    file.write_bytes(b"not a model")
    return file


def test_list_for_people(run_cli: RunCli, broken: Path, starter_file: Path) -> None:
    done = run_cli("models", "list")
    assert (done.returncode, done.stderr) == (0, "")
    header, starter, bad, problem = done.stdout.replace("\N{NO-BREAK SPACE}", " ").splitlines()
    assert header.split() == ["Name", "Title", "Engine", "Quantization", "Size", "Context"]
    assert starter.split() == ["starter", "SmolLM2", "135M", "llama.cpp", "Q4_1", "98.4", "MB", "8,192"]
    assert bad.split() == ["zażółć-Q4_K_M", "zażółć", "llama.cpp", "–", "11", "bytes", "–"]
    assert problem == f"  The model {broken} cannot be loaded: it is not a GGUF file."


def test_list_as_json(run_cli: RunCli, broken: Path, starter_file: Path) -> None:
    done = run_cli("models", "list", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    starter, bad = json.loads(done.stdout)
    assert starter == {
        "id": "starter",
        "title": "SmolLM2 135M",
        "path": str(starter_file),
        "engine": "llama.cpp",
        "engine_title": "llama.cpp",
        "engine_switched_off": False,
        "size_bytes": starter_file.stat().st_size,
        "architecture": "llama",
        "parameters": 134515008,
        "quantization": "Q4_1",
        "trained_context_length": 8192,
        "problem": None,
    }
    assert bad["path"] == str(broken)
    assert bad["problem"] == f"The model {broken} cannot be loaded: it is not a GGUF file."


def test_folders_of_onnx_models_are_listed(run_cli: RunCli, paths: Paths) -> None:
    shutil.copytree(_TINY_ONNX, paths.models / "below" / "tiny")
    broken = paths.models / "broken"
    shutil.copytree(_TINY_ONNX, broken)
    (broken / "model.onnx.data").unlink()
    done = run_cli("models", "list")
    assert (done.returncode, done.stderr) == (0, "")
    shown = [line for line in done.stdout.splitlines() if "ONNX Runtime GenAI" in line]
    assert sorted(line.split()[0] for line in shown) == ["broken", "tiny"]
    found = {one["id"]: one for one in json.loads(run_cli("models", "list", "--json").stdout)}
    tiny = found["tiny"]
    assert (tiny["engine"], tiny["engine_title"]) == ("onnx", "ONNX Runtime GenAI")
    assert tiny["path"] == str(paths.models / "below" / "tiny")
    assert tiny["problem"] is None
    assert tiny["quantization"] == "FP32"
    assert tiny["parameters"] > 0
    assert tiny["trained_context_length"] == 1024
    assert "model.onnx.data" in found["broken"]["problem"]


def test_models_of_an_engine_that_is_switched_off_say_so(
    run_cli: RunCli, paths: Paths, starter_file: Path
) -> None:
    shutil.copytree(_TINY_ONNX, paths.models / "tiny")
    broken = paths.models / "broken"
    shutil.copytree(_TINY_ONNX, broken)
    (broken / "model.onnx.data").unlink()
    paths.settings_file.write_text(json.dumps({"engines_off": ["onnx"]}))
    done = run_cli("models", "list")
    assert (done.returncode, done.stderr) == (0, "")
    shown = done.stdout.splitlines()
    found = {one["id"]: one for one in json.loads(run_cli("models", "list", "--json").stdout)}
    reason = f"{found['tiny']['title']} cannot be loaded: ONNX Runtime GenAI is turned off in the settings."
    row = next(number for number, line in enumerate(shown) if line.startswith("tiny "))
    assert shown[row + 1] == f"  {reason}"
    assert (found["tiny"]["engine_switched_off"], found["tiny"]["problem"]) == (True, reason)
    assert (found["starter"]["engine_switched_off"], found["starter"]["problem"]) == (False, None)
    # What is wrong with the model itself stays so when the engine is turned on.
    assert found["broken"]["engine_switched_off"]
    assert "model.onnx.data" in found["broken"]["problem"]


def test_where_models_go_is_said_where_there_are_none(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(models, "find_models", lambda paths: [])
    models.build_models().main(["list"], obj=Surroundings(paths, Settings()), standalone_mode=False)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"There is no model yet. Put GGUF files, or folders of ONNX models, into {paths.models}.\n"
