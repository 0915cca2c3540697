"""What `slmdesk doctor --json` prints. Keys are added, never renamed: scripts read them."""

from __future__ import annotations

import dataclasses
from typing import Any

from slmdesk import __version__
from slmdesk.cli.findings import EngineFinding, Findings, problems
from slmdesk.engines import Device, Placement
from slmdesk.hardware import Computer
from slmdesk.messages import UserError, error_sentences, one_line, say


def findings_as_json(findings: Findings) -> dict[str, Any]:
    """The one object. Sizes are in bytes; sentences are in the person's language."""
    return {
        "slmdesk": __version__,
        "python": findings.python,
        "system": findings.system,
        "dependencies": findings.dependencies,
        "engines": [_engine(engine) for engine in findings.engines],
        "hardware": _computer(findings.computer),
        "threads": findings.threads,
        "disk_free_bytes": findings.disk_free_bytes,
        "paths": findings.paths,
        "starter": findings.starter,
        "display": {"available": findings.display is None, "reason": findings.display},
        "problems": list(problems(findings)),
    }


def _engine(engine: EngineFinding) -> dict[str, Any]:
    facts = engine.facts
    return {
        "name": facts.name,
        "title": facts.title,
        "switched_off": engine.switched_off,
        "version": facts.version,
        "library": facts.library,
        "package": facts.package,
        "backends": list(facts.backends),
        "devices": [_device(device) for device in facts.devices],
        "placement": {"runs": engine.runs, **_placement(engine.placement)},
        "problem": one_line(facts.problem) if facts.problem else None,
        "details": facts.problem.details if facts.problem else "",
    }


def _device(device: Device) -> dict[str, Any]:
    return {
        "name": device.name,
        "description": device.description,
        "kind": device.kind,
        "backend": device.backend,
        "free_memory_bytes": device.free_memory,
        "total_memory_bytes": device.total_memory,
        "largest_buffer_bytes": device.largest_buffer,
    }


def _placement(placement: Placement) -> dict[str, Any]:
    """Where the engine would run a model, if at all, and why. No `devices`: on the processor."""
    return {
        "title": placement.title,
        "devices": list(placement.devices),
        "reason": say(placement.reason),
        "warning": _warning(placement.warning) if placement.warning else None,
    }


def _warning(error: UserError) -> dict[str, str]:
    words = error_sentences(error, in_doctor=True)
    return {"key": error.key, "what": words.what, "why": words.why, "do": words.do}


def _computer(computer: Computer) -> dict[str, Any]:
    facts = dataclasses.asdict(computer)
    return {**facts, "notes": [say(note) for note in computer.notes]}
