"""Computers to show the window on: what engines and the system say of themselves there.

no_gpu         a laptop without a graphics processor that anything here could use
wrong_build    an NVIDIA card, and a build of the engine that was made for the processor alone
two_devices    a card and integrated graphics, both reached with Vulkan
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from slmdesk.chat import LoadPlanner, LoadWishes, PlannedLoad, wishes_of
from slmdesk.engines import (
    ENGINES,
    Capabilities,
    Device,
    EngineFacts,
    EngineSurvey,
    Sampling,
)
from slmdesk.hardware import Computer, Gpu
from slmdesk.library import InstalledModel
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Settings
from slmdesk.ui.surroundings import Surroundings

FIRST, SECOND = tuple(ENGINES)[:2]
GIB = 2**30

CPU = Device(
    name="CPU",
    description="AMD Ryzen 7 7840U w/ Radeon 780M Graphics",
    kind="cpu",
    backend="CPU",
    free_memory=0,
    total_memory=32 * GIB,
)
CARD = Device(
    name="Vulkan0",
    description="NVIDIA GeForce RTX 4060 Laptop GPU",
    kind="gpu",
    backend="Vulkan",
    free_memory=round(7.1 * GIB),
    total_memory=8 * GIB,
)
INTEGRATED = Device(
    name="Vulkan1",
    description="AMD Radeon 780M Graphics",
    kind="integrated gpu",
    backend="Vulkan",
    free_memory=11 * GIB,
    total_memory=16 * GIB,
)
COMPUTER = Computer(
    system="Linux 6.12.0",
    machine="x86_64",
    cpu_name="AMD Ryzen 7 7840U w/ Radeon 780M Graphics",
    physical_cores=8,
    logical_cores=16,
    default_threads=8,
    total_memory_bytes=32 * GIB,
    available_memory_bytes=21 * GIB,
    family="linux",
    instruction_sets=("avx2", "fma", "f16c"),
)
NVIDIA = Gpu(
    vendor="nvidia",
    name="NVIDIA GeForce RTX 4060 Laptop GPU",
    total_memory_bytes=8 * GIB,
    free_memory_bytes=round(7.1 * GIB),
    driver="560.35.03",
    cuda="12.6",
    compute_capability="8.9",
    probe="nvidia-smi",
)
RADEON = Gpu(
    vendor="amd",
    name="AMD Radeon 780M Graphics",
    integrated=True,
    total_memory_bytes=16 * GIB,
    driver="6.12.0",
)
# As an engine without a choice of samplers and without layers says it.
FEW = Capabilities(
    kv_types=("f16",),
    samplers=tuple(
        name
        for name in Sampling.__struct_fields__
        if name not in ("min_p", "presence_penalty", "penalty_window")
    ),
    load_options=("context_length", "threads", "devices"),
)


def make_engine(name: str = FIRST, *devices: Device, **changes: object) -> EngineFacts:
    """An engine that works, with the processor and `devices`."""
    backends = tuple(dict.fromkeys(one.backend for one in (CPU, *devices)))
    able = Capabilities(gpu_offload=len(backends) > 1, kv_types=("f32", "f16", "q8_0"))
    facts: dict[str, object] = {
        "version": "0.5.0 (llama-cpp-python 0.3.36)",
        "library": "libllama.so",
        "devices": (CPU, *devices),
        "package": "llama-cpp-python",
        "backends": backends,
        "capabilities": able,
    }
    return EngineFacts(name, ENGINES[name].title, **{**facts, **changes})  # type: ignore[arg-type]


def second_engine() -> EngineFacts:
    """One with fewer abilities, on the processor."""
    return make_engine(
        SECOND, version="0.18.0 (onnxruntime-genai 0.18.0)", package="onnxruntime-genai", capabilities=FEW
    )


BROKEN = EngineFacts(
    SECOND,
    ENGINES[SECOND].title,
    problem=UserError(
        "engine-crashed-starting",
        ErrorKind.MODEL,
        engine=ENGINES[SECOND].title,
        status="SIGILL",
        details="exit status -4 (SIGILL)",
    ),
)


def no_gpu() -> Surroundings:
    """A laptop without a graphics processor."""
    return Surroundings((make_engine(), second_engine()), COMPUTER)


def wrong_build() -> Surroundings:
    """A card that the build of the engine cannot use."""
    return Surroundings((make_engine(), second_engine()), dataclasses.replace(COMPUTER, gpus=(NVIDIA,)))


def two_devices() -> Surroundings:
    """A card and integrated graphics."""
    engine = make_engine(FIRST, CARD, INTEGRATED)
    return Surroundings((engine, second_engine()), dataclasses.replace(COMPUTER, gpus=(NVIDIA, RADEON)))


class Machine:
    """Looks around and plans for the window as the program does, on a computer that is written down."""

    def __init__(self, *found: Surroundings | Exception) -> None:
        """What is found one time after the other, the last one from then on."""
        self.script = list(found)
        self.looks: list[bool] = []
        self.settings = Settings()
        self.told: list[Settings] = []
        self.before_looking: Callable[[], None] = lambda: None

    @property
    def planner(self) -> LoadPlanner:
        """The real planner, on this computer."""
        survey = EngineSurvey(self._probe)
        return LoadPlanner(survey, lambda: self._now.computer, self._wishes)

    def look_around(self, again: bool) -> Surroundings:
        """See `Services.look_around`."""
        self.looks.append(again)
        self.before_looking()
        found = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(found, Exception):
            raise found
        off = self.settings.engines_off
        engines = (EngineFacts(one.name, one.title) if one.name in off else one for one in found.engines)
        return Surroundings(tuple(engines), found.computer)

    def settings_changed(self, settings: Settings) -> None:
        """See `Services.settings_changed`."""
        self.settings = settings
        self.told.append(settings)

    def plan(self, model: InstalledModel) -> PlannedLoad:
        """See `Services.plan`."""
        return self.planner.plan(model)

    @property
    def _now(self) -> Surroundings:
        return next(one for one in reversed(self.script) if isinstance(one, Surroundings))

    def _probe(self, name: str) -> EngineFacts:
        found = self._now.engine(name)
        assert found is not None
        return found

    def _wishes(self, model: InstalledModel) -> LoadWishes:
        return wishes_of(self.settings, model, self._now.engines)
