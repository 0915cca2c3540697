"""Advice about models for tests of the window: the real catalogue and fit check on a made-up computer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from slmdesk.catalogue import HubCatalogue
from slmdesk.engines import EngineSurvey
from slmdesk.fit import FitCheck, SpeedQuestion, SpeedRange, Speeds
from slmdesk.fit.check import Simulate
from slmdesk.hardware import Computer
from slmdesk.library import InstalledModel
from slmdesk.net import Network
from slmdesk.ui import ModelAdvice
from tests.ui import machines

GIB = 2**30
# A computer of 16 GiB, as in the pictures that the window is judged beside.
COMPUTER = dataclasses.replace(
    machines.COMPUTER, total_memory_bytes=16 * GIB, available_memory_bytes=round(9.6 * GIB)
)
_BYTES_PER_SECOND = 60e9
_SPREAD = 0.13


class SteadySpeed:
    """Reads 60 GB of weights and cache a second."""

    def speeds(self, question: SpeedQuestion) -> Speeds:
        work, asked = question.work, question.question
        return Speeds(
            empty=self._range(work.active_bytes),
            full=self._range(work.active_bytes + work.kv_bytes_at(asked.context_length, asked.kv_type)),
            first_token_s=work.active_bytes / 2.5e9,
        )

    @staticmethod
    def _range(read_bytes: int) -> SpeedRange:
        rate = _BYTES_PER_SECOND / max(read_bytes, 1)
        return SpeedRange(low=rate * (1 - _SPREAD), expected=rate, high=rate * (1 + _SPREAD), measured=False)


def make_advice(
    network: Network,
    folder: Path,
    *,
    installed: Sequence[InstalledModel] = (),
    computer: Computer = COMPUTER,
    simulate: Simulate | None = None,
    measure_speed: Callable[[], bool] | None = None,
) -> ModelAdvice:
    """The catalogue of `network`, kept in `folder`, for `computer`. No engine is started for it."""
    check = FitCheck(computer=lambda: computer, survey=EngineSurvey(), simulate=simulate, speed=SteadySpeed())
    return ModelAdvice(
        hub=HubCatalogue(network, folder),
        check=check,
        installed=lambda: installed,
        computer=lambda: computer,
        measure_speed=measure_speed,
        free_disk=lambda: 212 * 10**9,
    )
