"""What was probed of this computer, and probing it: when, for how long, and what is kept of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from slmdesk.engines import LoadOptions, engine_of_format
from slmdesk.fit.kept_probes import KeptProbe, ProbeFile, ProbeKey
from slmdesk.fit.probe import LIMIT_S, ProbeResult
from slmdesk.fit.probe_tries import Outcome, ProbeTry, TryFile
from slmdesk.fit.roofline import Coefficients, with_threads
from slmdesk.fit.solving import solve
from slmdesk.fit.types import FitQuestion
from slmdesk.messages import Message, UserError

PROBED_ENGINE = engine_of_format("gguf")
"""The one that the probe's models are of."""
UNKEPT_LIMIT_S = 10.0
"""In place of `LIMIT_S` where nothing can be kept, so that each command measures anew: time for all models
that matter, once."""


class Measures(Protocol):
    """Times the models of the probe; `probe.measure` is one."""

    def __call__(
        self,
        options: LoadOptions,
        *,
        stop: threading.Event | None = None,
        on_progress: Callable[[float], None] | None = None,
        limit_s: float = LIMIT_S,
    ) -> ProbeResult | None:
        """None: `stop` was set meanwhile."""


class Probing:
    """The probes of this computer. Cheap to make; usable from any thread. Only `take` blocks."""

    def __init__(
        self,
        folder: Path,
        *,
        measures: Measures,
        cpu: Callable[[], str],
        threads: Callable[[], int],
        version: Callable[[str], str],
        now: Callable[[], float],
    ) -> None:
        """What was probed is kept below `folder`. `now`: seconds since 1970."""
        self._probes = ProbeFile(folder)
        self._tries = TryFile(folder)
        self._measures = measures
        self._ask_cpu, self._ask_threads, self._ask_version, self._now = cpu, threads, version, now
        self._taking = threading.Lock()
        # Guards the fields below it.
        self._state = threading.Lock()
        self._cpu: str | None = None
        self._versions: dict[str, str] = {}

    @property
    def probes(self) -> tuple[KeptProbe, ...]:
        """All that are kept, the same object until there is another."""
        return self._probes.probes()

    def is_done(self, question: FitQuestion) -> bool:
        """Whether `take` has nothing to do now. Reads two small files at its first call."""
        return not self._left(question)

    def is_disturbed(self, question: FitQuestion) -> bool:
        """Whether other programs kept this computer busy when it was timed, so that `take` does it again."""
        known = self._known()
        return any(known[key].disturbed for key in self._keys(question) if key in known)

    def take(
        self,
        question: FitQuestion,
        *,
        stop: threading.Event | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> bool:
        """See `SpeedModel.probe`."""
        with self._taking:
            left = self._left(question)
            limit_s = LIMIT_S if not left or self._tries.can_keep() else UNKEPT_LIMIT_S
            for number, key in enumerate(left):
                devices = (key.device,) if key.device else ()
                try:
                    found = self._measures(
                        LoadOptions(threads=key.threads, devices=devices),
                        stop=stop,
                        on_progress=_part_of(on_progress, number, len(left)),
                        limit_s=limit_s,
                    )
                except (UserError, OSError):
                    self._tried(key, "failed")
                    raise
                if found is None:
                    return False
                self._keep(key, found)
        known = self._known()
        return all(key in known and known[key].is_useful for key in self._keys(question))

    def nothing_known(self, question: FitQuestion) -> Message:
        """Why speeds that need a probe for `question` are not known, as a sentence."""
        missing = [key for key in self._keys(question) if self.nearest(key.threads, key.device) is None]
        tries = [self._tries.last(key) for key in missing]
        if not missing or any(one is not None and one.outcome == "busy" for one in tries):
            return Message("fit-speed-busy")
        if any(one is not None and one.outcome == "failed" for one in tries):
            return Message("fit-speed-failed")
        return Message("fit-speed-not-measured")

    def nearest(self, threads: int, device: str) -> KeptProbe | None:
        """The probe with the most similar number of threads, of those that tell something if there are any;
        None: there is none on this computer."""
        wanted = ProbeKey(
            cpu=self.cpu_name(), threads=threads, engine=self.version(PROBED_ENGINE), device=device
        )
        fitting = (probe for probe in self.probes if replace(probe.key, threads=threads) == wanted)
        return min(
            fitting, key=lambda probe: (not probe.is_useful, abs(probe.key.threads - threads)), default=None
        )

    def coefficients(self, threads: int, device: str) -> Coefficients | None:
        """Of the probe with the most similar number of threads; None: there is none on this computer."""
        best = self.nearest(threads, device)
        if best is None:
            return None
        if best.key.threads == threads or device:
            return best.coefficients
        return with_threads(best.coefficients, best.key.threads, threads)

    def threads(self, question: FitQuestion) -> int:
        """With how many it would run."""
        return question.threads or self._ask_threads()

    def cpu_name(self) -> str:
        """Of this computer."""
        with self._state:
            if self._cpu is None:
                self._cpu = self._ask_cpu()
            return self._cpu

    def version(self, engine: str) -> str:
        """Of the engine's installed package."""
        with self._state:
            if engine not in self._versions:
                # A hundredth of a second, for each row of a long list otherwise.
                self._versions[engine] = self._ask_version(engine)
            return self._versions[engine]

    def _keep(self, key: ProbeKey, found: ProbeResult) -> None:
        if not found.is_enough:
            self._tried(key, "busy")
            return
        self._probes.keep(
            KeptProbe(
                key=key,
                coefficients=solve(found.samples, 0 if key.device else key.threads),
                at=self._now(),
                share=found.share,
                complete=found.complete,
            )
        )
        self._tried(key, "measured")

    def _tried(self, key: ProbeKey, outcome: Outcome) -> None:
        self._tries.keep(ProbeTry(key=key, at=self._now(), outcome=outcome))

    def _keys(self, question: FitQuestion) -> list[ProbeKey]:
        """What has to be probed for `question`: the processor, and its first device, which speaks for all."""
        usual = ProbeKey(
            cpu=self.cpu_name(), threads=self.threads(question), engine=self.version(PROBED_ENGINE)
        )
        devices = question.devices[:1] if question.gpu_layers else ()
        return [usual, *(replace(usual, device=name) for name in devices)]

    def _known(self) -> dict[ProbeKey, KeptProbe]:
        return {probe.key: probe for probe in self.probes}

    def _left(self, question: FitQuestion) -> list[ProbeKey]:
        """What `take` would measure: it was not, or it was disturbed, and the computer was not as busy just
        now."""
        known, now = self._known(), self._now()
        return [
            key
            for key in self._keys(question)
            if (key not in known and not self._tries.is_recent(key, now, "busy"))
            or (
                key in known
                and known[key].disturbed
                and not self._tries.is_recent(key, now, "measured", "busy")
            )
        ]


def _part_of(
    on_progress: Callable[[float], None] | None, number: int, count: int
) -> Callable[[float], None] | None:
    """Tells of one of `count` things that are done one after the other."""
    if on_progress is None:
        return None
    return lambda fraction: on_progress((number + fraction) / count)
