"""How fast models run here: predicted from a probe of this computer, corrected by what was measured on it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from slmdesk.engines import Loaded, Stats, installed_version
from slmdesk.fit.correction import LEAST_READ_TOKENS, is_measurement
from slmdesk.fit.facts import facts_of_path
from slmdesk.fit.kept_probes import KeptProbe
from slmdesk.fit.learned import Learned
from slmdesk.fit.prediction import Prediction
from slmdesk.fit.probe import measure
from slmdesk.fit.probing import PROBED_ENGINE, Measures, Probing
from slmdesk.fit.records import Run, RunFile, RunSettings
from slmdesk.fit.speeds import SpeedQuestion, Speeds
from slmdesk.fit.types import FitQuestion, SpeedRange
from slmdesk.fit.work import TokenWork
from slmdesk.hardware import cpu_name, default_threads
from slmdesk.messages import Message, UserError

_log = logging.getLogger(__name__)

FIRST_PROMPT = 130
"""Tokens of a question of about a hundred words."""
_USUAL = FitQuestion()


class SpeedModel:
    """Predicts speeds, and learns from runs. Cheap to make; usable from any thread.

    What was probed and measured is kept below `folder`. Only `probe` and `record` block: the one for some
    seconds, the other for a write to the disk.
    """

    def __init__(
        self,
        folder: Path,
        *,
        measures: Measures = measure,
        work_of_path: Callable[[Path], TokenWork | None] = lambda path: facts_of_path(path).work,
        cpu: Callable[[], str] = cpu_name,
        threads: Callable[[], int] = default_threads,
        version: Callable[[str], str] = installed_version,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`work_of_path`: of a model on this disk; blocking, raises UserError; None: not known."""
        self._probing = Probing(folder, measures=measures, cpu=cpu, threads=threads, version=version, now=now)
        self._runs = RunFile(folder)
        self._work_of_path, self._now = work_of_path, now
        # Guards the fields below it.
        self._state = threading.Lock()
        self._works: dict[str, TokenWork | None] = {}
        self._learned: tuple[tuple[Run, ...], tuple[KeptProbe, ...], Learned] | None = None

    def is_probed(self, question: FitQuestion = _USUAL) -> bool:
        """Whether `probe` has nothing to do: this computer was timed undisturbed, or that was tried less than
        ten minutes ago. Reads two small files at its first call."""
        return self._probing.is_done(question)

    def is_disturbed(self, question: FitQuestion = _USUAL) -> bool:
        """Whether other programs kept this computer busy when it was timed, so that `probe` does it again."""
        return self._probing.is_disturbed(question)

    def probe(
        self,
        question: FitQuestion = _USUAL,
        *,
        stop: threading.Event | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> bool:
        """Time this computer with the threads and devices of `question`, unless that was done before and not
        disturbed, or tried less than ten minutes ago.

        Blocks for some seconds, during which nothing else should decode; never in the GUI thread.
        `on_progress` is told in this thread how much of it is done, 0 to 1. False: nothing can be told of
        speeds, because `stop` was set meanwhile, or the computer was too busy. Raises UserError (kind MODEL
        or GENERATION) where the engine does not work, and OSError where the temporary folder has no room.
        """
        return self._probing.take(question, stop=stop, on_progress=on_progress)

    def speeds(self, question: SpeedQuestion) -> Speeds:
        """What `FitCheck` asks: with an empty and with a filled context, and to the first token."""
        asked, work = question.question, question.work
        predict = self._prediction(work, asked, question.engine, question.placed_share)
        empty = predict.rate(0)
        note = None
        if empty is None:
            note = self._probing.nothing_known(asked)
        elif predict.doubt > 1:
            note = Message("fit-speed-disturbed")
        return Speeds(
            empty=empty,
            full=predict.rate(asked.context_length),
            first_token_s=predict.first_token_s(FIRST_PROMPT),
            note=note,
            slack=predict.doubt,
        )

    def predict(
        self, work: TokenWork, question: FitQuestion, *, depth: int = 0, engine: str = PROBED_ENGINE
    ) -> SpeedRange | None:
        """Token generation when `depth` tokens are in the cache. None: neither probed nor ever run here."""
        return self._prediction(work, question, engine, placed_share(work, question)).rate(depth)

    def first_token_s(
        self,
        work: TokenWork,
        question: FitQuestion,
        *,
        prompt_tokens: int = FIRST_PROMPT,
        engine: str = PROBED_ENGINE,
    ) -> float | None:
        """Seconds from a prompt of so many tokens to the first token of a loaded model. None: not known."""
        predict = self._prediction(work, question, engine, placed_share(work, question))
        return predict.first_token_s(prompt_tokens)

    def record(self, loaded: Loaded, stats: Stats, share: float | None = None) -> bool:
        """Learn from an answer that the `loaded` model gave; at once for what is predicted next.

        `share`: the part of the processor time which its threads could have had, that they had; None: not
        known. False: it says nothing, being too short or disturbed. Never raises; blocks for a write, and for
        reading the model's header at its first run.
        """
        report = loaded.report
        if report.gpu_layers:
            share = None
        if not is_measurement(stats.generated_tokens, stats.tokens_per_second, share):
            return False
        read = stats.prompt_tokens - stats.reused_tokens
        timed = read >= LEAST_READ_TOKENS and stats.prompt_tokens_per_second > 0
        work = self._work(loaded)
        if work is None or not work.key:
            return False
        run = Run(
            key=work.key,
            settings=RunSettings(
                engine=loaded.engine,
                version=self._probing.version(loaded.engine),
                cpu=self._probing.cpu_name(),
                threads=report.threads,
                devices=report.used_devices,
                gpu_layers=report.gpu_layers,
                kv_type=loaded.options.kv_type,
            ),
            depth=max(0.0, stats.context_tokens - stats.generated_tokens / 2),
            tokens=stats.generated_tokens,
            tokens_per_second=stats.tokens_per_second,
            read_tokens=read if timed else 0,
            read_tokens_per_second=stats.prompt_tokens_per_second if timed else 0.0,
            at=self._now(),
            work=work,
        )
        self._runs.add(run)
        return True

    def _prediction(self, work: TokenWork, question: FitQuestion, engine: str, share: float) -> Prediction:
        threads = self._probing.threads(question)
        devices = question.devices if share > 0 else ()
        settings = RunSettings(
            engine=engine,
            version=self._probing.version(engine),
            cpu=self._probing.cpu_name(),
            threads=threads,
            devices=devices,
            gpu_layers=round(share * (work.layers + 1)) if devices else 0,
            kv_type=question.kv_type,
        )
        processor = self._probing.nearest(threads, "")
        matters = processor is not None and (share < 1 or not devices)
        return Prediction(
            work=work,
            settings=settings,
            share=share if devices else 0.0,
            processor=self._probing.coefficients(threads, ""),
            device=self._probing.coefficients(threads, devices[0]) if devices else None,
            exact=work.exact
            and engine == PROBED_ENGINE
            and processor is not None
            and processor.key.threads == threads
            and processor.complete,
            learned=self._all_learned(),
            slack=processor.slack if processor is not None and matters else 1.0,
            useful=processor.is_useful if processor is not None and matters else True,
        )

    def _all_learned(self) -> Learned:
        """From all runs and probes until now."""
        with self._state:
            kept = self._learned
        now = (self._runs.runs(), self._probing.probes)
        if kept is None or kept[0] is not now[0] or kept[1] is not now[1]:
            kept = (*now, Learned(now[0], self._probing.coefficients))
            with self._state:
                self._learned = kept
        return kept[2]

    def _work(self, loaded: Loaded) -> TokenWork | None:
        with self._state:
            if loaded.path in self._works:
                return self._works[loaded.path]
        try:
            work = self._work_of_path(Path(loaded.path))
        except UserError as error:
            _log.info("%r was run, and cannot be read: %s", loaded.path, error.key)
            work = None
        with self._state:
            self._works[loaded.path] = work
        return work


def placed_share(work: TokenWork, question: FitQuestion) -> float:
    """Of the layers of a model, the part that `question` places on its devices."""
    if not question.devices:
        return 0.0
    return 1.0 if question.gpu_layers < 0 else min(1.0, question.gpu_layers / (work.layers + 1))
