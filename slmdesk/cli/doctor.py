"""`slmdesk doctor`: what is installed here, what works, and what does not."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import click

from slmdesk import __version__
from slmdesk.cli.display import describe_problem, find_display_problem
from slmdesk.cli.error_words import with_advice
from slmdesk.cli.output import Output
from slmdesk.cli.table import align
from slmdesk.engines import EngineFacts, engine_names, probe_engine
from slmdesk.hardware import Computer, describe_computer
from slmdesk.library import starter_file
from slmdesk.messages import UserError, format_bytes, format_integer, one_line, tr
from slmdesk.storage import Paths, log_file, storage_problems

_PROJECT = "slmdesk"


@dataclass(frozen=True, slots=True)
class _Findings:
    python: str
    system: str
    dependencies: dict[str, str | None]
    """Version of each, None where it is not installed."""
    engines: list[EngineFacts]
    computer: Computer
    paths: dict[str, str]
    storage: list[UserError]
    """What of it cannot be read or written."""
    starter: str | None
    display: str | None
    """Why no window can be opened; None: one can."""


def build_doctor() -> click.Command:
    """The command `doctor`."""

    @click.command(
        "doctor",
        short_help=tr("Show what is installed and what does not work."),
        help=tr(
            "Show versions, engines, devices and folders, and name what does not work."
            " The exit code is 0 whenever it could look, whatever it found."
        ),
    )
    @click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON object."))
    @click.pass_context
    def doctor(context: click.Context, as_json: bool) -> int:
        findings = _look(context.obj.paths)
        Output(as_json=as_json).report(_as_json(findings), _lines(findings))
        return 0

    return doctor


def _look(paths: Paths) -> _Findings:
    starter = starter_file()
    display = find_display_problem()
    return _Findings(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        system=platform.platform(),
        dependencies=_dependencies(),
        engines=[probe_engine(name) for name in engine_names()],
        computer=describe_computer(),
        paths={
            "settings": str(paths.settings_file),
            "database": str(paths.database_file),
            "backups": str(paths.backups),
            "models": str(paths.models),
            "log": str(log_file(paths)),
            "cache": str(paths.cache),
        },
        storage=storage_problems(paths),
        starter=str(starter) if starter else None,
        display=describe_problem(display) if display else None,
    )


def _dependencies() -> dict[str, str | None]:
    """The version of every package that this installation of SLM Desk asks for."""
    try:
        required = importlib.metadata.requires(_PROJECT) or []
    except importlib.metadata.PackageNotFoundError:
        # A bare copy of the source says nothing about what it needs.
        return {}
    names = [re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in required if "extra ==" not in line]
    return {name: _version(name) for name in dict.fromkeys(names)}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _problems(findings: _Findings) -> Iterator[str]:
    for name, version in findings.dependencies.items():
        if version is None:
            yield tr("The Python package {name} is not installed.").format(name=name)
    for engine in findings.engines:
        if engine.problem is not None:
            yield f"{engine.title}: {with_advice(engine.problem)}"
    for problem in findings.storage:
        yield with_advice(problem)
    if findings.starter is None:
        yield tr("The starter model is not installed.")
    if findings.display is not None:
        yield f"{findings.display}."


def _as_json(findings: _Findings) -> dict[str, Any]:
    return {
        "slmdesk": __version__,
        "python": findings.python,
        "system": findings.system,
        "dependencies": findings.dependencies,
        "engines": [_engine_as_json(engine) for engine in findings.engines],
        "hardware": asdict(findings.computer),
        "paths": findings.paths,
        "starter": findings.starter,
        "display": {"available": findings.display is None, "reason": findings.display},
        "problems": list(_problems(findings)),
    }


def _engine_as_json(engine: EngineFacts) -> dict[str, Any]:
    return {
        "name": engine.name,
        "title": engine.title,
        "version": engine.version,
        "library": engine.library,
        "devices": [
            {
                "name": device.name,
                "description": device.description,
                "kind": device.kind,
                "free_memory_bytes": device.free_memory,
                "total_memory_bytes": device.total_memory,
            }
            for device in engine.devices
        ],
        "problem": one_line(engine.problem) if engine.problem else None,
        "details": engine.problem.details if engine.problem else "",
    }


def _lines(findings: _Findings) -> Iterator[str]:
    yield f"SLM Desk {__version__}"
    yield from _section(
        tr("System"), {tr("Python"): findings.python, tr("Operating system"): findings.system}
    )
    yield from _section(tr("Computer"), _computer(findings.computer))
    for engine in findings.engines:
        yield from _section(engine.title, _engine(engine))
    yield from _section(
        tr("Dependencies"),
        {name: version or tr("missing") for name, version in findings.dependencies.items()},
    )
    yield from _section(
        tr("Paths"),
        {
            tr("Settings"): findings.paths["settings"],
            tr("Conversations"): findings.paths["database"],
            tr("Backups"): findings.paths["backups"],
            tr("Models"): findings.paths["models"],
            tr("Log"): findings.paths["log"],
            tr("Cache"): findings.paths["cache"],
        },
    )
    yield from _section(
        tr("Ready to use"),
        {
            tr("Starter model"): findings.starter or tr("not installed"),
            tr("Display"): findings.display or tr("available"),
        },
    )
    problems = list(_problems(findings))
    yield ""
    if not problems:
        yield tr("No problem was found.")
        return
    yield tr("Problems")
    for problem in problems:
        yield f"  {problem}"


def _computer(computer: Computer) -> dict[str, str]:
    return {
        tr("Processor"): f"{computer.cpu_name} ({computer.machine})",
        tr("Physical cores"): format_integer(computer.physical_cores),
        tr("Logical cores"): format_integer(computer.logical_cores),
        tr("Threads used for decoding"): format_integer(computer.default_threads),
        tr("Memory"): tr("{available} of {total} available").format(
            available=format_bytes(computer.available_memory_bytes, binary=True),
            total=format_bytes(computer.total_memory_bytes, binary=True),
        ),
    }


def _engine(engine: EngineFacts) -> dict[str, str]:
    if engine.problem is not None:
        facts = {tr("State"): one_line(engine.problem)}
        # The details are a traceback or a native log, whose last line says most.
        reason = engine.problem.details.strip().rpartition("\n")[2]
        return {**facts, tr("Reason"): reason} if reason else facts
    facts = {tr("Version"): engine.version, tr("Native library"): engine.library}
    for device in engine.devices:
        memory = tr("{available} of {total} available").format(
            available=format_bytes(device.free_memory, binary=True),
            total=format_bytes(device.total_memory, binary=True),
        )
        # The CPU's is the computer's memory, of which llama.cpp tells only the total.
        own_memory = device.total_memory and device.kind != "cpu"
        facts[tr("Device {name}").format(name=device.name)] = (
            f"{device.description}, {memory}" if own_memory else device.description
        )
    return facts


def _section(title: str, facts: dict[str, str]) -> Iterator[str]:
    yield ""
    yield title
    for line in align(list(facts.items())):
        yield f"  {line}"
