"""What an engine says about itself, asked in a child process: a broken library is a fact, never a crash."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from slmdesk.engines.calls import ProcessLimits
from slmdesk.engines.child import child_main
from slmdesk.engines.link import Entry
from slmdesk.engines.process import EngineProcess
from slmdesk.engines.protocol import Capabilities, Device
from slmdesk.engines.registry import ENGINES
from slmdesk.messages import UserError


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """One engine on this computer. With a `problem` it does not work, and the facts before it are empty."""

    name: str
    title: str
    version: str = ""
    library: str = ""
    """Where the native library is."""
    devices: tuple[Device, ...] = ()
    package: str = ""
    """The Python package that brings it."""
    backends: tuple[str, ...] = ()
    """See `Build.backends`."""
    capabilities: Capabilities = field(default_factory=Capabilities)
    problem: UserError | None = None


def probe_engine(name: str, *, limits: ProcessLimits | None = None, entry: Entry = child_main) -> EngineFacts:
    """Start the engine called `name`, ask it what it runs on, and end it. Takes under a second as a rule."""
    # Not at the top: a window starts without it.
    import tempfile

    title = ENGINES[name].title
    with tempfile.TemporaryDirectory(prefix="slmdesk-probe-") as folder:
        process = EngineProcess(name, log_file=Path(folder) / "engine.log", limits=limits, entry=entry)
        try:
            build = process.describe()
            capabilities = process.capabilities or Capabilities()
        except UserError as problem:
            return EngineFacts(name, title, problem=problem)
        finally:
            process.close()
    return EngineFacts(
        name,
        title,
        build.version,
        build.library,
        build.devices,
        build.package,
        build.backends,
        capabilities,
    )
