from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from slmdesk.storage import Paths

RunCli = Callable[..., subprocess.CompletedProcess[str]]


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
    assert header.split() == ["Name", "Title", "Quantization", "Size", "Context"]
    assert starter.split() == ["starter", "SmolLM2", "135M", "Q4_1", "98.4", "MB", "8,192"]
    assert bad.split() == ["zażółć-Q4_K_M", "zażółć", "–", "11", "bytes", "–"]
    assert problem == f"  The model {broken} cannot be loaded: it is not a GGUF file."


def test_list_as_json(run_cli: RunCli, broken: Path, starter_file: Path) -> None:
    done = run_cli("models", "list", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    starter, bad = json.loads(done.stdout)
    assert starter == {
        "id": "starter",
        "title": "SmolLM2 135M",
        "path": str(starter_file),
        "size_bytes": starter_file.stat().st_size,
        "architecture": "llama",
        "parameters": 134515008,
        "quantization": "Q4_1",
        "trained_context_length": 8192,
        "problem": None,
    }
    assert bad["path"] == str(broken)
    assert bad["problem"] == f"The model {broken} cannot be loaded: it is not a GGUF file."
