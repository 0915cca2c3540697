"""The fit check as the commands use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from slmdesk.cli.error_words import in_terminal
from slmdesk.cli.output import Output, stderr_is_terminal
from slmdesk.engines import EngineSurvey
from slmdesk.fit import FitCheck, FitQuestion, KeptAnswers, MemorySimulator, SpeedModel
from slmdesk.hardware import describe_computer
from slmdesk.messages import UserError, tr
from slmdesk.storage import Paths


@dataclass(frozen=True, slots=True)
class Fitting:
    """What tells how models run here."""

    check: FitCheck
    speed: SpeedModel


@contextmanager
def open_fitting(paths: Paths) -> Iterator[Fitting]:
    """This computer as it is now. What is found of it is kept for the one command, what engines answered and
    how fast they were for later ones too."""
    speed = SpeedModel(paths.speed)
    with MemorySimulator(KeptAnswers(paths.cache / "fit" / "memory.json")) as simulator:
        check = FitCheck(
            computer=cache(describe_computer), survey=EngineSurvey(), simulate=simulator.memory, speed=speed
        )
        yield Fitting(check, speed)


def measure_once(speed: SpeedModel, question: FitQuestion, output: Output) -> None:
    """Measure how fast this computer is, unless that was done before. Blocks for some seconds then.

    Where it cannot be measured, that is said and speeds stay unknown.
    """
    if speed.is_probed(question):
        return
    if stderr_is_terminal():
        output.note(tr("Measuring how fast this computer is. This is done once and takes some seconds."))
    try:
        speed.probe(question)
    except UserError as error:
        output.note(f"slmdesk: {in_terminal(error)}")
    except OSError as error:
        output.note(
            tr("slmdesk: How fast this computer is cannot be measured: {reason}.").format(
                reason=error.strerror or error
            )
        )
