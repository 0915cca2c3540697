"""`slmdesk doctor`: what is installed here, what works and where models would run, and what does not work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from slmdesk import __version__
from slmdesk.cli.findings import ENGINE_LIMIT_S, EngineFinding, Findings, OnWait, look, problems
from slmdesk.cli.findings_as_json import findings_as_json
from slmdesk.cli.output import Output, stderr_is_terminal
from slmdesk.cli.table import align
from slmdesk.engines import Device, last_words
from slmdesk.hardware import Computer, Gpu
from slmdesk.messages import format_bytes, format_integer, format_seconds, one_line, say, tr

Facts = list[tuple[str, str]]
"""Lines of one section: what, and what is known of it."""


def build_doctor() -> click.Command:
    """The command `doctor`."""

    @click.command(
        "doctor",
        short_help=tr("Show what is installed and what does not work."),
        help=tr(
            "Show versions, engines, devices and folders, on which device each engine would run a model and"
            " why, and name what does not work. The exit code is 0 whenever it could look, whatever it found."
        ),
    )
    @click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON object."))
    @click.pass_context
    def doctor(context: click.Context, as_json: bool) -> int:
        output = Output(as_json=as_json)
        on_wait = _say_waiting(output) if stderr_is_terminal() else None
        surroundings = context.obj
        findings = look(surroundings.paths, surroundings.settings, on_wait, surroundings.settings_problems)
        output.report(findings_as_json(findings), lines(findings))
        return 0

    return doctor


def _say_waiting(output: Output) -> OnWait:
    def say_waiting(titles: Sequence[str]) -> None:
        output.note(
            tr("Waiting for {engines} to start, {seconds} at most").format(
                engines=", ".join(titles), seconds=format_seconds(ENGINE_LIMIT_S)
            )
        )

    return say_waiting


def lines(findings: Findings) -> Iterator[str]:
    """The findings for people."""
    yield f"SLM Desk {__version__}"
    yield from _section(
        tr("System"), [(tr("Python"), findings.python), (tr("Operating system"), findings.system)]
    )
    yield from _section(
        tr("Computer"), _computer(findings.computer, findings.threads, findings.disk_free_bytes)
    )
    for engine in findings.engines:
        yield from _section(engine.facts.title, _engine(engine))
    yield from _section(
        tr("Dependencies"),
        [(name, version or tr("missing")) for name, version in findings.dependencies.items()],
    )
    yield from _section(
        tr("Paths"),
        [
            (tr("Settings"), findings.paths["settings"]),
            (tr("Conversations"), findings.paths["database"]),
            (tr("Backups"), findings.paths["backups"]),
            (tr("Models"), findings.paths["models"]),
            (tr("Log"), findings.paths["log"]),
            (tr("Cache"), findings.paths["cache"]),
        ],
    )
    yield from _section(
        tr("Ready to use"),
        [
            (tr("Starter model"), _starter(findings)),
            (tr("Display"), findings.display or tr("available")),
        ],
    )
    found = list(problems(findings))
    yield ""
    if not found:
        yield tr("No problem was found.")
        return
    yield tr("Problems")
    for problem in found:
        yield f"  {problem}"


def _starter(findings: Findings) -> str:
    if findings.starter is None:
        return tr("not installed")
    engine = next((one for one in findings.engines if one.facts.name == findings.starter_engine), None)
    if engine is None or engine.runs:
        return findings.starter
    words = (
        tr("{file}, not to be used: {engine} is switched off in the settings")
        if engine.switched_off
        else tr("{file}, not to be used: {engine} does not work on this computer")
    )
    return words.format(file=findings.starter, engine=engine.facts.title)


def _computer(computer: Computer, threads: int, disk_free_bytes: int | None) -> Facts:
    machine = computer.machine
    if computer.native_machine:
        machine = tr("{machine}, emulated on {native}").format(
            machine=machine, native=computer.native_machine
        )
    facts = [
        (tr("Processor"), f"{computer.cpu_name} ({machine})"),
        (tr("Instruction sets"), ", ".join(computer.instruction_sets)),
        (tr("Physical cores"), format_integer(computer.physical_cores)),
        (tr("Logical cores"), format_integer(computer.logical_cores)),
        (tr("Threads used for decoding"), format_integer(threads)),
        (tr("Memory"), _memory(computer.available_memory_bytes, computer.total_memory_bytes)),
    ]
    if computer.memory_limit_bytes is not None:
        limit = format_bytes(computer.memory_limit_bytes, binary=True)
        facts.append((tr("Memory limit of the container"), limit))
    if disk_free_bytes is not None:
        free = tr("{size} free").format(size=format_bytes(disk_free_bytes))
        facts.append((tr("Disk of the models"), free))
    facts += [(tr("GPU"), _gpu(gpu)) for gpu in computer.gpus] or [(tr("GPU"), tr("none was found"))]
    facts += [(tr("Note"), say(note)) for note in computer.notes]
    return [(name, fact) for name, fact in facts if fact]


def _gpu(gpu: Gpu) -> str:
    memory = ""
    if gpu.total_memory_bytes:
        memory = (
            _memory(gpu.free_memory_bytes, gpu.total_memory_bytes)
            if gpu.free_memory_bytes is not None
            else format_bytes(gpu.total_memory_bytes, binary=True)
        )
    parts = (
        gpu.name,
        tr("integrated") if gpu.integrated else "",
        memory,
        tr("driver {version}").format(version=gpu.driver) if gpu.driver else "",
        tr("CUDA up to {version}").format(version=gpu.cuda) if gpu.cuda else "",
        tr("compute capability {number}").format(number=gpu.compute_capability)
        if gpu.compute_capability
        else "",
    )
    return ", ".join(part for part in parts if part)


def _engine(engine: EngineFinding) -> Facts:
    facts, placement = engine.facts, engine.placement
    switched_off = [(tr("State"), tr("switched off in the settings"))] if engine.switched_off else []
    if facts.problem is not None:
        reason = last_words(facts.problem.details)
        said = [(tr("State"), one_line(facts.problem))]
        # It may be in the sentence: a process that said nothing leaves its exit status.
        is_new = reason and reason not in facts.problem.facts.values()
        return switched_off + said + ([(tr("Reason"), reason)] if is_new else [])
    known = [
        (tr("Version"), facts.version),
        (tr("Python package"), facts.package),
        (tr("Native library"), facts.library),
        (tr("Built for"), ", ".join(facts.backends)),
        *((tr("Device {name}").format(name=device.name), _device(device)) for device in facts.devices),
    ]
    if engine.runs:
        known += [(tr("Models run on"), placement.title), (tr("Because"), say(placement.reason))]
    return switched_off + [(name, fact) for name, fact in known if fact]


def _device(device: Device) -> str:
    # The CPU's is the computer's memory, of which engines tell only the total.
    own_memory = device.total_memory and device.kind != "cpu"
    parts = (
        device.description,
        device.backend if device.backend not in (device.name, "CPU") else "",
        _memory(device.free_memory, device.total_memory) if own_memory else "",
    )
    return ", ".join(part for part in parts if part)


def _memory(available: int, total: int) -> str:
    return tr("{available} of {total} available").format(
        available=format_bytes(available, binary=True), total=format_bytes(total, binary=True)
    )


def _section(title: str, facts: Facts) -> Iterator[str]:
    yield ""
    yield title
    for line in align(facts):
        yield f"  {line}"
