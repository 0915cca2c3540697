"""FitCheck: whether a model runs here and how fast, from the best source there is for it.

The one service that the window, the offers and the command line ask.
"""

from __future__ import annotations

import bisect
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import msgspec

from slmdesk.engines import (
    ALL_LAYERS,
    EngineSurvey,
    KvType,
    Preference,
    context_length_for,
    engine_of_format,
    resolve,
    resolve_without_engine,
    usual_context_length,
)
from slmdesk.fit.facts import ModelFacts, facts_of_list
from slmdesk.fit.folders import SparseFolder
from slmdesk.fit.kept_facts import KeptFacts
from slmdesk.fit.ladder import KV_TYPES, Step, ladder
from slmdesk.fit.largest import CONTEXT_STEP, layers_that_fit
from slmdesk.fit.machine import Machine, machine_of
from slmdesk.fit.other_ways import OtherWays
from slmdesk.fit.speeds import PredictsSpeed, SpeedQuestion, Speeds
from slmdesk.fit.subject import Subject
from slmdesk.fit.types import CannotSimulate, FitQuestion, FitReport, MemoryNeed, Verdict
from slmdesk.fit.verdict import cannot_run, goes_in_now, judge
from slmdesk.messages import Message, UserError

if TYPE_CHECKING:
    from slmdesk.fit.headers import SparseHeader
    from slmdesk.hardware import Computer

_log = logging.getLogger(__name__)

_ANYWHERE = Preference()
_USUAL = FitQuestion()

Simulate: TypeAlias = "Callable[[Sequence[SparseHeader] | Path, FitQuestion], MemoryNeed]"
"""`MemorySimulator.memory`: lays every buffer of a model out. Blocking, from any thread. Raises
CannotSimulate where the engine does not know the model or does not work, and UserError (kind MODEL) for a
damaged file."""


Kept: TypeAlias = "Callable[[Sequence[SparseHeader] | Path, FitQuestion], MemoryNeed | None]"
"""`MemorySimulator.kept`: the same where it was asked before, else None. Raises as it does."""


class _Answer(NamedTuple):
    memory: MemoryNeed | None
    speeds: Speeds
    cannot_run: Message | None
    """Why the engine could not run the model at all; None: it may."""


class FitCheck:
    """Answers whether a model fits. Blocking; usable from any thread, several at once."""

    def __init__(
        self,
        *,
        computer: Callable[[], Computer],
        survey: EngineSurvey,
        simulate: Simulate | None,
        speed: PredictsSpeed | None,
        kept: Kept | None = None,
    ) -> None:
        """`computer` is asked at each check: whoever gives it keeps what changes seldom, but not what is
        free. `simulate` None: formulas alone. `speed` None: no speeds. `kept`: what was simulated before is
        used for quick answers, too, where there are headers."""
        self._computer = computer
        self._survey = survey
        self._simulate = simulate
        self._kept = kept
        self._speed = speed
        self._facts = KeptFacts()

    def check(
        self,
        subject: Subject,
        question: FitQuestion | None = None,
        *,
        smaller: Sequence[Subject] = (),
        quick: bool = False,
    ) -> FitReport:
        """Whether `subject` runs, loaded as `question` says; None: `usual_question`.

        `smaller` are other variants of the same model, the better ones first: one of them may be what would
        change the verdict. `quick`: formulas, or what was simulated before; without headers under a
        millisecond, for lists of thousands. Otherwise up to a second where it was not asked before. What is
        merely not known is no error, but the verdict `unknown`, and so is a kind of model that the installed
        engine does not know. Raises UserError (kind MODEL) for a file that is damaged or hostile, and for a
        question that the engine would refuse, such as more context than the model was trained for.
        """
        asked = self.usual_question(subject, quick=quick) if question is None else question
        self._refuse(subject, asked)
        # Once: what is free changes from one look to the next.
        machine = self.machine(subject, asked)
        memory, speeds, why_not = self._told(subject, asked, quick, machine)
        report = judge(memory, speeds, machine, asked, weights_bytes=self._weights_bytes(subject))
        if why_not is not None:
            return cannot_run(report, why_not)
        if memory is None or report.verdict in (Verdict.FITS, Verdict.UNKNOWN):
            return report
        others = self._others(subject, asked, memory, machine, smaller)
        found = others.for_verdict(report.verdict, quick=quick)
        return judge(memory, speeds, machine, asked, alternatives=found)

    def largest_context(self, subject: Subject, question: FitQuestion, *, quick: bool = False) -> int | None:
        """The longest context, in steps of 256 tokens and as far as the model was trained, that goes into the
        memory that is free now, be it only just, with everything else as in `question`; None: none does, or
        nothing is known. Asks about ten times. Raises as `check` does."""
        facts = self._facts_of(subject)
        trained = facts.dimensions.trained_context_length if facts is not None else None
        machine = self.machine(subject, question)

        def is_too_long(context_length: int) -> bool:
            asked = msgspec.structs.replace(question, context_length=context_length)
            memory, _ = self._answer(subject, asked, quick, machine)
            return memory is None or not goes_in_now(memory, machine, asked)

        lengths = range(CONTEXT_STEP, (trained or question.context_length) + 1, CONTEXT_STEP)
        count = bisect.bisect_left(lengths, True, key=is_too_long)
        return lengths[count - 1] if count else None

    def ladder(
        self, subject: Subject, question: FitQuestion, *, smaller: Sequence[Subject] = ()
    ) -> tuple[Step, ...]:
        """What to offer where the memory did not suffice for loading: each step with what it takes, the least
        painful one first. Only steps that fit now; empty: nothing does. Raises as `check` does."""
        machine = self.machine(subject, question)
        failed, _ = self._answer(subject, question, False, machine)
        others = self._others(subject, question, failed, machine, smaller)
        return ladder(failed, others.for_ladder(failed), machine)

    def memory(self, subject: Subject, question: FitQuestion, *, quick: bool = False) -> MemoryNeed | None:
        """What `subject` takes; None: not known. Raises as `check` does."""
        return self._answer(subject, question, quick, self.machine(subject, question))[0]

    def usual_question(
        self,
        subject: Subject,
        *,
        context_length: int | None = None,
        kv_type: KvType = "f16",
        gpu_layers: int | None = None,
        preference: Preference = _ANYWHERE,
        quick: bool = False,
    ) -> FitQuestion:
        """How `subject` would be loaded here: on the devices that `preference` leads to.

        None: a context of 4096 tokens, or what the model was trained for where that is less; and as many GPU
        layers as fit, which the engine is asked for unless `quick`. Blocks about a second at the first call
        on a computer with a graphics processor. Raises as `check` does.
        """
        facts = self._facts_of(subject)
        trained = facts.dimensions.trained_context_length if facts is not None else None
        length = context_length or usual_context_length(trained or 0)
        if facts is not None and facts.is_onnx:
            kv_type = _USUAL.kv_type
        question = FitQuestion(context_length=length, kv_type=kv_type)
        if gpu_layers is not None:
            preference = replace(preference, gpu_layers=gpu_layers)
        computer, engine = self._computer(), engine_of_format(subject.format)
        placement = None
        if self._survey.known(engine) is None:
            # Starting an engine only to hear of devices costs a second.
            placement = resolve_without_engine(computer, preference)
        if placement is None:
            needs = facts.needs(question) if facts is not None else None
            model = subject.model
            if needs is not None and self._simulate is not None and model is not None and not quick:
                ask = partial(layers_that_fit, model, question, simulate=self._simulate)
                needs = replace(needs, layers_that_fit=ask)
            placement = resolve(self._survey.facts(engine), computer, preference, needs)
        layers = placement.gpu_layers if placement.devices else ALL_LAYERS
        return msgspec.structs.replace(question, devices=placement.devices, gpu_layers=layers)

    def machine(self, subject: Subject, question: FitQuestion) -> Machine:
        """This computer with the devices of `question`, as the verdict sees it. Blocks about a second where
        the engine of `subject` was not asked for its devices before and the question names some."""
        names = question.devices if question.gpu_layers else ()
        engine = self._survey.facts(engine_of_format(subject.format)) if names else None
        return machine_of(self._computer(), engine, names)

    def _answer(
        self, subject: Subject, question: FitQuestion, quick: bool, machine: Machine
    ) -> tuple[MemoryNeed | None, Speeds]:
        """What it takes and how fast it would be. `machine` has the devices of `question`, or more."""
        memory, speeds, _ = self._told(subject, question, quick, machine)
        return memory, speeds

    def _told(self, subject: Subject, question: FitQuestion, quick: bool, machine: Machine) -> _Answer:
        facts = self._facts_of(subject)
        if facts is not None and facts.is_onnx:
            # The graph decides, whatever is asked for.
            question = msgspec.structs.replace(question, kv_type=_USUAL.kv_type)
        memory, why_not = self._simulated(subject, question, quick)
        if memory is None and facts is not None:
            memory = facts.estimate(
                question, [one for one in machine.devices if one.name in question.devices]
            )
        return _Answer(memory, self._speeds(subject, facts, memory, question), why_not)

    def _simulated(
        self, subject: Subject, question: FitQuestion, quick: bool
    ) -> tuple[MemoryNeed | None, Message | None]:
        """What the engine says, and why it could not run the model."""
        model = subject.model
        # A local file would have to be read for it.
        ask = self._simulate if not quick else self._kept if subject.headers else None
        if ask is None or model is None:
            return None, None
        try:
            return ask(model, question), None
        except CannotSimulate as reason:
            _log.info("%r is estimated: %s", subject.key, reason)
            return None, reason.cannot_run
        except UserError as error:
            if not subject.headers:
                raise
            # What is elsewhere was laid out under a name that nobody knows.
            raise _renamed(error, subject.called) from error

    def _speeds(
        self, subject: Subject, facts: ModelFacts | None, memory: MemoryNeed | None, question: FitQuestion
    ) -> Speeds:
        if self._speed is None or facts is None:
            return Speeds()
        if facts.work is None:
            return Speeds(note=Message("fit-speed-model-unknown"))
        layers = facts.dimensions.layers or 0
        placed = memory.gpu_layers if memory is not None and question.devices else 0
        asked = SpeedQuestion(
            work=facts.work,
            engine=engine_of_format(subject.format),
            placed_share=min(1.0, placed / (layers + 1)),
            question=question,
        )
        return self._speed.speeds(asked)

    def _others(
        self,
        subject: Subject,
        question: FitQuestion,
        memory: MemoryNeed | None,
        machine: Machine,
        smaller: Sequence[Subject],
    ) -> OtherWays[Subject]:
        facts = self._facts_of(subject)
        kv_types: Sequence[KvType] = ()
        if facts is not None and facts.takes_quantized_kv and subject.format == "gguf":
            known = self._survey.known(engine_of_format(subject.format))
            kv_types = known.capabilities.kv_types if known is not None else KV_TYPES
        return OtherWays(
            partial(self._answer, machine=machine),
            subject,
            question,
            machine,
            smaller=smaller,
            placed=memory.gpu_layers if memory is not None and question.devices else 0,
            kv_types=kv_types,
        )

    def _refuse(self, subject: Subject, question: FitQuestion) -> None:
        """Raise UserError where formulas would answer a question that the engine refuses."""
        whole = subject.path is not None or isinstance(subject.headers, SparseFolder)
        facts = self._facts_of(subject) if whole else None
        if facts is not None and facts.is_onnx:
            trained = facts.dimensions.trained_context_length or 0
            context_length_for(subject.called, trained, question.context_length)

    def _facts_of(self, subject: Subject) -> ModelFacts | None:
        """What the formulas look at; None: nothing is there to be looked at."""
        if isinstance(subject.headers, SparseFolder):
            return self._facts.of_folder(
                subject.headers, subject.called, subject.dimensions, subject.quantization
            )
        if subject.headers:
            return self._facts.of_headers(subject.headers, subject.called)
        if subject.path is not None:
            return self._facts.of_path(subject.path)
        if subject.dimensions is None or subject.weights_bytes is None:
            return None
        return facts_of_list(subject.dimensions, subject.weights_bytes, subject.quantization, subject.format)

    def _weights_bytes(self, subject: Subject) -> int | None:
        facts = self._facts_of(subject)
        return facts.weights_bytes if facts is not None else subject.weights_bytes


def _renamed(error: UserError, name: str) -> UserError:
    """The same error about a model of that name."""
    facts = {key: name if key in ("file", "name") else value for key, value in error.facts.items()}
    return UserError(error.key, error.kind, details=error.details, **facts)
