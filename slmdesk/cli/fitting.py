"""The fit check as the commands use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from slmdesk.cli.error_words import in_terminal
from slmdesk.cli.output import Output, stderr_is_terminal
from slmdesk.cli.progress_bar import ProgressBar
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
            computer=cache(describe_computer),
            survey=EngineSurvey(),
            simulate=simulator.memory,
            speed=speed,
            kept=simulator.kept,
        )
        yield Fitting(check, speed)


def measure_once(speed: SpeedModel, question: FitQuestion, output: Output) -> None:
    """Measure how fast this computer is, unless that was done before and not disturbed, or tried just now.
    Blocks for some seconds then.

    Where it cannot be measured, that is said and speeds stay unknown. That other programs kept it busy is
    said by the fit itself.
    """
    if speed.is_probed(question):
        return
    watched = stderr_is_terminal()
    if watched:
        output.note(_why_measured(speed, question))
    # Whatever else runs makes the computer seem slower.
    bar = ProgressBar(still=True)
    try:
        speed.probe(question, on_progress=lambda fraction: bar.show(tr("Measuring this computer"), fraction))
    except UserError as error:
        output.note(f"slmdesk: {in_terminal(error)}")
    except OSError as error:
        output.note(
            tr("slmdesk: How fast this computer is cannot be measured: {reason}.").format(
                reason=error.strerror or error
            )
        )
    finally:
        bar.close()


def _why_measured(speed: SpeedModel, question: FitQuestion) -> str:
    if speed.is_disturbed(question):
        return tr(
            "Measuring again how fast this computer is, because other programs kept it busy the last time."
            " This takes half a minute at most."
        )
    return tr("Measuring how fast this computer is. This is done once and takes half a minute at most.")
