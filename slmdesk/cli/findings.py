"""What `slmdesk doctor` looks at: this installation, this computer, the engines, and what is wrong."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from slmdesk.chat import preference_of
from slmdesk.cli.display import describe_problem, find_display_problem
from slmdesk.cli.error_words import with_advice
from slmdesk.engines import (
    ENGINES,
    EngineFacts,
    Placement,
    ProcessLimits,
    engine_for,
    engine_names,
    most_threads,
    probe_engine,
    resolve,
)
from slmdesk.hardware import Computer, describe_computer, disk_free_bytes
from slmdesk.library import starter_file
from slmdesk.messages import ErrorKind, Message, UserError, tr
from slmdesk.storage import Paths, Settings, log_file, storage_problems

_PROJECT = "slmdesk"

ENGINE_LIMIT_S = 30.0
"""How long an engine may take to say what it is. Somebody waits for all of them, so less than for a model."""
_LIMITS = ProcessLimits(start_s=ENGINE_LIMIT_S, stall_s=ENGINE_LIMIT_S)
# Engines take about a second; who waits longer is told for what.
_SILENT_S = 2.0

OnWait: TypeAlias = "Callable[[Sequence[str]], None]"
"""Called once with the titles of the engines that let others wait."""


@dataclass(frozen=True, slots=True)
class EngineFinding:
    """One engine, and where it would run a model here."""

    facts: EngineFacts
    placement: Placement
    """As the settings ask for; only its title and reason count where nothing runs."""
    switched_off: bool
    """By the settings."""

    @property
    def runs(self) -> bool:
        """Whether a model would run at all."""
        return self.facts.problem is None and not self.switched_off


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that was looked at."""

    python: str
    system: str
    dependencies: dict[str, str | None]
    """Version of each, None where it is not installed."""
    engines: list[EngineFinding]
    computer: Computer
    disk_free_bytes: int | None
    """For models; None: the disk does not answer."""
    paths: dict[str, str]
    storage: list[UserError]
    """What of it cannot be read or written, and settings that cannot be used."""
    starter: str | None
    starter_engine: str
    """The name of the engine that runs the starter; empty where there is no starter."""
    threads: int
    """That decode, as the settings ask for."""
    display: str | None
    """Why no window can be opened; None: one can."""


def look(
    paths: Paths,
    settings: Settings,
    on_wait: OnWait | None = None,
    settings_problems: Sequence[UserError] = (),
) -> Findings:
    """Look at everything. Takes some seconds: each engine is started once.

    `settings_problems`: what was found when `settings` were loaded.
    """
    names = engine_names()
    with ThreadPoolExecutor(len(names)) as pool:
        probes = {pool.submit(probe_engine, name, limits=_LIMITS): name for name in names}
        computer = describe_computer()
        late = wait(probes, timeout=_SILENT_S).not_done
        if late and on_wait is not None:
            on_wait([ENGINES[name].title for probe, name in probes.items() if probe in late])
        engines = [probe.result() for probe in probes]
    starter = starter_file()
    display = find_display_problem()
    return Findings(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        system=platform.platform(),
        dependencies=find_dependencies([one.package for one in engines]),
        engines=[_placed(one, computer, settings) for one in engines],
        computer=computer,
        disk_free_bytes=_room(paths.models),
        paths={
            "settings": str(paths.settings_file),
            "database": str(paths.database_file),
            "backups": str(paths.backups),
            "models": str(paths.models),
            "log": str(log_file(paths)),
            "cache": str(paths.cache),
        },
        storage=[*settings_problems, *storage_problems(paths)],
        starter=str(starter) if starter else None,
        starter_engine=engine_for(str(starter)) if starter else "",
        threads=decoding_threads(computer, settings),
        display=describe_problem(display) if display else None,
    )


def decoding_threads(computer: Computer, settings: Settings) -> int:
    """Threads that decode a model without settings of its own."""
    if settings.threads:
        return min(settings.threads, most_threads(computer.logical_cores))
    return computer.default_threads


def find_dependencies(engine_packages: Sequence[str]) -> dict[str, str | None]:
    """The version of every package that this installation of SLM Desk asks for on this system.

    One that stands in for another, as a build of an engine for GPUs does, is named in its place.
    """
    try:
        lines = importlib.metadata.requires(_PROJECT) or []
    except importlib.metadata.PackageNotFoundError:
        # A bare copy of the source says nothing about what it needs.
        return {}
    required = [Requirement(line) for line in lines]
    names = [one.name for one in required if one.marker is None or one.marker.evaluate({"extra": ""})]
    return dict(_installed(name, engine_packages) for name in dict.fromkeys(names))


def problems(findings: Findings) -> Iterator[str]:
    """What does not work, and what to do about it, one sentence or two each."""
    for name, version in findings.dependencies.items():
        if version is None:
            yield tr("The Python package {name} is not installed.").format(name=name)
    for engine in findings.engines:
        trouble = engine.facts.problem or engine.placement.warning
        if trouble is not None and not engine.switched_off:
            yield f"{engine.facts.title}: {with_advice(trouble, in_doctor=True)}"
    if all(engine.switched_off for engine in findings.engines):
        trouble = UserError("engines-turned-off", ErrorKind.MODEL, file=findings.paths["settings"])
        yield with_advice(trouble, in_doctor=True)
    for trouble in findings.storage:
        yield with_advice(trouble, in_doctor=True)
    if findings.starter is None:
        yield tr("The starter model is not installed.")
    if findings.display is not None:
        yield f"{findings.display}."


def _placed(facts: EngineFacts, computer: Computer, settings: Settings) -> EngineFinding:
    switched_off = facts.name in settings.engines_off
    if switched_off or facts.problem is not None:
        key = "placed-nowhere-off" if switched_off else "placed-cpu-engine"
        placement = Placement(title=tr("nowhere"), reason=Message(key, {"engine": facts.title}))
    else:
        placement = resolve(facts, computer, preference_of(settings, facts.name))
    return EngineFinding(facts, placement, switched_off)


def _installed(name: str, engine_packages: Sequence[str]) -> tuple[str, str | None]:
    """The package installed for the requirement `name`, and its version."""
    version = _version(name)
    if version is None:
        for package in engine_packages:
            if canonicalize_name(package).startswith(f"{canonicalize_name(name)}-"):
                return package, _version(package)
    return name, version


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _room(folder: Path) -> int | None:
    try:
        return disk_free_bytes(folder)
    except OSError:
        return None
