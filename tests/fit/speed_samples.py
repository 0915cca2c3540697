"""What a probe would find on computers that are made up, for tests of what is made of it."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from slmdesk.engines import LoadOptions
from slmdesk.fit.probe import LIMIT_S, ProbeResult
from slmdesk.fit.probe_steps import probe_steps
from slmdesk.fit.roofline import (
    Coefficients,
    Pace,
    Sample,
    seconds_per_token,
    seconds_to_read,
)
from slmdesk.fit.work import TYPES_BY_BITS, TokenWork, work_of_headers
from slmdesk.formats.gguf import read_header

LARGEST = 2**40


def computer(speed: float = 1.0, *, sharpness: float = 2.0, threads: int = 2) -> Coefficients:
    """A processor, `speed` times as fast as a usual one."""
    return Coefficients(
        token_s=6e-5 / speed,
        node_s=1.5e-6 / speed,
        row_s=4e-9 / speed,
        vocabulary_s=3e-9 / speed,
        paces={
            kind: Pace(byte_s=(0.4 + 3 / bits) * 1e-10 / speed, read_value_s=4e-12 / speed)
            for kind, bits in TYPES_BY_BITS.items()
        },
        memory=((20_000_000, 0.0), (150_000_000, 0.7e-10 / speed), (520_000_000, 1e-10 / speed)),
        sharpness=sharpness,
        attending={
            "f16": (
                (64, 9e-8 / speed),
                (80, 7e-8 / speed),
                (96, 5e-8 / speed),
                (128, 3e-8 / speed),
                (256, 5e-8 / speed),
            ),
            "q8_0": ((64, 3e-8 / speed), (96, 4e-8 / speed), (128, 5e-8 / speed), (256, 9e-8 / speed)),
        },
        threads=threads,
        state_s=2e-10 / speed,
        decay_s=5e-9 / speed,
        read_head_s=2e-11 / speed,
    )


def samples(c: Coefficients) -> tuple[Sample, ...]:
    """What the probe's own models take on `c`."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.gguf"
        for step in probe_steps(LARGEST):
            step.model.write(file)
            work = work_of_headers([read_header(file)])
            found.append(
                Sample(
                    role=step.role,
                    work=work,
                    kv_type=step.kv_type,
                    depth=step.depth,
                    token_s=seconds_per_token(c, work, step.kv_type, step.depth),
                    read_tokens=step.read,
                    read_s=seconds_to_read(c, work, step.read) if step.read else 0.0,
                )
            )
    return tuple(found)


_SAMPLES: dict[float, tuple[Sample, ...]] = {}


@dataclass
class MadeUpProbe:
    """Stands in for `probe.measure`."""

    speed: float = 1.0
    asked: list[LoadOptions] = field(default_factory=list)
    stopped: bool = False
    share: float | None = 0.97
    """Of the processor time, what the engine had."""
    roles: frozenset[str] | None = None
    """What there was time for; None: all."""
    limits_s: list[float] = field(default_factory=list)
    """The time that it was given."""

    def __call__(
        self,
        options: LoadOptions,
        *,
        stop: threading.Event | None = None,
        on_progress: Callable[[float], None] | None = None,
        limit_s: float = LIMIT_S,
    ) -> ProbeResult | None:
        self.asked.append(options)
        self.limits_s.append(limit_s)
        if self.stopped:
            return None
        if self.speed not in _SAMPLES:
            _SAMPLES[self.speed] = samples(computer(self.speed))
        if on_progress is not None:
            on_progress(1.0)
        return ProbeResult(
            version="made up",
            samples=tuple(
                one for one in _SAMPLES[self.speed] if self.roles is None or one.role in self.roles
            ),
            seconds=0.0,
            share=self.share,
            complete=self.roles is None,
        )


def work_of(file: Path) -> TokenWork:
    """Of the file of a model."""
    return work_of_headers([read_header(file)])
