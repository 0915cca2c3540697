"""Timing small models of known shape with the engine itself, once, in a process of its own.

What a chat does is what is timed: an ordinary load and ordinary answers of the ordinary engine process, so
that its kernels, its loop and its sampling are all in the figures. It takes a few seconds, and all threads
that would decode.
"""

from __future__ import annotations

import contextlib
import logging
import math
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from slmdesk.engines import (
    ChatMessage,
    EffortMeter,
    EngineProcess,
    GenerateRequest,
    LoadOptions,
    Stats,
    engine_of_format,
    processor_seconds,
)
from slmdesk.fit.correction import USEFUL_SHARE
from slmdesk.fit.probe_models import ENDLESS
from slmdesk.fit.probe_steps import ProbeStep, probe_steps
from slmdesk.fit.roofline import Sample
from slmdesk.fit.solving import MEMORY
from slmdesk.fit.work import TokenWork, work_of_headers
from slmdesk.formats.gguf import read_header
from slmdesk.hardware import memory_limits
from slmdesk.messages import UserError

_log = logging.getLogger(__name__)

PROBE_VERSION = 3
"""Rises when the models or what is made of their times change, so that a kept probe is taken again."""

LIMIT_S = 30.0
"""What was not timed by then is left out."""
PATIENCE_S = 10.0
"""Where other programs have kept the computer too busy until then, nothing is timed any more: it would tell
nothing."""

_LEAST_SPAN_S = 0.02
"""Of an answer that tells whether the computer was busy. Much of a shorter one is its beginning and end, when
most threads have nothing to do, the more so the faster the computer."""
_SPARE = 16
_PASSES = 2
_MEMORY_SHARE = 4
"""The largest model takes no more than this part of the memory that is free."""


class ProbeResult(Struct, frozen=True, kw_only=True):
    """What was timed."""

    version: str
    """Of the engine, as it says itself."""
    samples: tuple[Sample, ...]
    seconds: float
    """What the whole probe took."""
    share: float | None = None
    """Of the processor time that the engine's threads could have had, what they had; None: not known, or they
    mostly waited for a device."""
    complete: bool = True
    """Whether there was time for each model."""

    @property
    def is_enough(self) -> bool:
        """Whether anything can be told from it. Without what memory takes, large models would seem fast."""
        roles = {sample.role for sample in self.samples}
        return bool(roles - {MEMORY}) and (self.complete or MEMORY in roles)


def measure(
    options: LoadOptions,
    *,
    steps: Sequence[ProbeStep] | None = None,
    stop: threading.Event | None = None,
    on_progress: Callable[[float], None] | None = None,
    limit_s: float = LIMIT_S,
    patience_s: float = PATIENCE_S,
    clock: Callable[[], float] = time.monotonic,
) -> ProbeResult | None:
    """Time the models with the threads and devices of `options`, at context lengths of the probe's own.

    All of them twice, because what else a computer does comes and goes; what is usual of both counts. What
    does not run there, being too large for a device for example, is left out, and so is what was not timed
    when `limit_s` were over, which may be all; after `patience_s` on a computer that is too busy the rest is
    left out too. Blocks for some seconds; None: `stop` was set meanwhile.
    `on_progress` is told in this thread how much of it is done, 0 to 1. Raises UserError (kind MODEL or
    GENERATION) where the engine does not work at all, and OSError where there is no room for a file.
    """
    began = clock()
    if steps is None:
        steps = probe_steps(memory_limits().available_bytes // _MEMORY_SHARE)

    def stopped() -> bool:
        return stop is not None and stop.is_set()

    def over() -> bool:
        passed, share = clock() - began, bench.effort.share
        return (
            stopped()
            or passed >= limit_s
            or (passed >= patience_s and share is not None and share < USEFUL_SHARE)
        )

    done = 0
    samples: dict[ProbeStep, Sample] = {}
    # On Windows a file that is still mapped cannot go.
    with tempfile.TemporaryDirectory(prefix="slmdesk-probe-", ignore_cleanup_errors=True) as name:
        bench = _Bench(Path(name), options, over)
        try:
            for step in (step for _ in range(_PASSES) for step in steps):
                if over():
                    break
                try:
                    sample = bench.time(step)
                except UserError as error:
                    if not samples:
                        raise
                    _log.warning(
                        "%s of %s is left out of the probe: %s", step.role, step.model.type, error.key
                    )
                    bench.restart()
                else:
                    if sample is None:
                        break
                    before = samples.get(step)
                    samples[step] = sample if before is None else _between(before, sample)
                done += 1
                if on_progress is not None:
                    on_progress(done / (_PASSES * len(steps)))
        finally:
            bench.close()
    if stopped():
        return None
    return ProbeResult(
        version=bench.version,
        samples=tuple(samples.values()),
        seconds=clock() - began,
        share=bench.effort.share,
        complete=done >= len(steps),
    )


class _Bench:
    """An engine process, and the files of the models that it times one after the other."""

    def __init__(self, folder: Path, options: LoadOptions, over: Callable[[], bool]) -> None:
        self._folder, self._options, self._over = folder, options, over
        self._number = 0
        self.effort = EffortMeter(lambda: processor_seconds(self._process.pid), least_s=_LEAST_SPAN_S)
        """Of all answers until now."""
        self._threads: int | None = None
        self.version = ""
        self._process = self._start()

    def time(self, step: ProbeStep) -> Sample | None:
        """None: it was over before that."""
        self._number += 1
        file = self._folder / f"{self._number}.gguf"
        step.model.write(file)
        work = work_of_headers([read_header(file)])
        room = max(step.depth, step.read) + step.tokens + _SPARE
        options = msgspec.structs.replace(self._options, context_length=room, kv_type=step.kv_type)
        report = self._process.load(str(file), options)
        # The one before is not in use any more. Its pages are memory that the next can have.
        with contextlib.suppress(OSError):
            (self._folder / f"{self._number - 1}.gguf").unlink()
        if report is None:
            return None
        self.version = report.engine_version
        # With layers on a device the threads mostly wait for that.
        self._threads = report.threads if not report.gpu_layers else None
        return _time(self._answer, step, work)

    def restart(self) -> None:
        """Take a new process: the one before may have ended."""
        self.close()
        self._process = self._start()

    def close(self) -> None:
        """End the process."""
        self._process.close()

    def _start(self) -> EngineProcess:
        return EngineProcess(engine_of_format("gguf"), log_file=self._folder / "engine.log")

    def _answer(self, prompt: int, tokens: int) -> Stats | None:
        """The figures of one answer; None: it was over before its end."""
        request = GenerateRequest(messages=(ChatMessage("user", ENDLESS * prompt),), max_tokens=tokens)
        found = None
        if self._threads is not None:
            self.effort.begin()
        with contextlib.closing(self._process.generate(request)) as events:
            for event in events:
                if isinstance(event, Stats):
                    found = event
                elif found is None and self._over():
                    break
        if self._threads is not None:
            self.effort.end(self._threads)
        return found


def _between(one: Sample, other: Sample) -> Sample:
    """What is usual here, between the two as ratios go: chats meet what else the computer does. The better
    of both would promise, on a computer that is never quite idle, what hardly any answer reaches."""
    return msgspec.structs.replace(
        one,
        token_s=math.sqrt(one.token_s * other.token_s),
        read_s=math.sqrt(one.read_s * other.read_s),
    )


def _time(answer: Callable[[int, int], Stats | None], step: ProbeStep, work: TokenWork) -> Sample | None:
    """Some short answers, of which the second best counts: the first finds every cache cold. None: it was
    over before that."""
    read = answer(step.read, 1) if step.read else None
    runs = []
    for _ in range(step.rounds):
        run = answer(step.depth, step.tokens)
        if run is None:
            return None
        runs.append(run)
    rates = sorted((run.tokens_per_second for run in runs), reverse=True)
    return Sample(
        role=step.role,
        work=work,
        kv_type=step.kv_type,
        depth=step.depth + step.tokens / 2,
        token_s=1 / rates[1],
        read_tokens=read.prompt_tokens if read is not None else 0,
        read_s=read.prompt_tokens / read.prompt_tokens_per_second if read is not None else 0.0,
    )
