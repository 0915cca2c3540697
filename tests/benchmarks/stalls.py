"""Budget row 4: how long the GUI thread lets nobody in while an answer streams."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

import psutil
from PySide6.QtCore import Qt, QTimer

from slmdesk.chat import ChatOptions, ChatService, ConversationStore
from slmdesk.engines import EnginePool, Sampling
from slmdesk.library import InstalledModel
from slmdesk.storage import Database, Paths, Settings
from slmdesk.ui import MainWindow
from tests.benchmarks.budget import Row
from tests.benchmarks.streaming_engine import LOAD_OPTIONS, start_streaming, write_model
from tests.real_window import Steps, drive

Beats: TypeAlias = list[tuple[float, float]]
"""When the heart beat, and by how many milliseconds late; a beat in which the host of a virtual machine took
the processor away is left out."""

_BUDGET_MS = 16.0
_BEAT_MS = 4
_TOKENS = 20_000
_RATE = 200.0
_REAL_TOKENS = 4096
_REAL_CONTEXT = 4608
# Runs of the same script stall at the same places, if it is the window that stalls.
_PLACE_S = 0.25
# A fixed piece of work after a rest, as the window's own is: what it takes at most, the computer adds.
_CONTROLS = 300
_CONTROL_REST_S = 1 / 30
_CONTROL_ROUNDS = 14_000
# Greedy, the starter goes on and on with this one until the context is full.
_PROMPT = "Write a long story about a lighthouse keeper and everything that happens in one year."


class Heart:
    """Beats in the GUI thread. What it misses is how long nothing else was let in."""

    def __init__(self) -> None:
        self.beats: Beats = []
        self.stolen: list[float] = []
        """By how many milliseconds the beats came late that were left out."""
        self._last = self._stolen_s = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_BEAT_MS)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """From now on."""
        self.beats.clear()
        self._last, self._stolen_s = time.perf_counter(), _stolen_seconds()
        self._timer.start()

    def stop(self) -> Beats:
        """Until now."""
        self._timer.stop()
        return self.beats

    def _beat(self) -> None:
        now, stolen_s = time.perf_counter(), _stolen_seconds()
        late = max(0.0, (now - self._last) * 1000 - _BEAT_MS)
        if stolen_s > self._stolen_s:
            self.stolen.append(late)
        else:
            self.beats.append((now, late))
        self._last, self._stolen_s = now, stolen_s


def _stolen_seconds() -> float:
    """Processor time that the host of a virtual machine gave to others so far; 0 where that is not told."""
    return float(getattr(psutil.cpu_times(), "steal", 0.0))


def _worst(beats: Beats) -> float:
    return max(late for _, late in beats)


def _fifths(beats: Beats) -> list[float]:
    """The worst of each fifth of the time: flat where length costs nothing."""
    first, last = beats[0][0], beats[-1][0]
    step = (last - first) / 5 or 1.0
    worst = [0.0] * 5
    for when, late in beats:
        place = min(4, int((when - first) / step))
        worst[place] = max(worst[place], late)
    return worst


def _at_same_place(results: list[Beats]) -> float:
    """Milliseconds of the worst place of a text that was streamed several times: of each quarter of a second
    the median of the runs' worst. What else a computer does comes at another place in each run."""
    places: dict[int, list[float]] = {}
    for beats in results:
        worst: dict[int, float] = {}
        for when, late in beats:
            place = int((when - beats[0][0]) / _PLACE_S)
            worst[place] = max(worst.get(place, 0.0), late)
        for place, late in worst.items():
            places.setdefault(place, []).append(late)
    return max(statistics.median(lates) for lates in places.values() if len(lates) == len(results))


def _control() -> list[float]:
    """Milliseconds that the same small work takes, each time after a rest."""
    took = []
    for _ in range(_CONTROLS):
        time.sleep(_CONTROL_REST_S)
        start = time.perf_counter()
        parts: dict[int, str] = {}
        for number in range(_CONTROL_ROUNDS):
            parts[number % 97] = str(number)
        took.append((time.perf_counter() - start) * 1000)
    return took


def _stream(text: str, runs: int, results: list[Beats], stolen: list[float], control: list[float]) -> Steps:
    def steps(window: MainWindow) -> Iterator[Callable[[], bool]]:
        heart = Heart()
        for _ in range(runs):
            window.chat.start_new_chat()
            yield lambda: window.settled
            window.chat.send(text)
            yield lambda: window.chat.live is not None and bool(window.chat.live.text)
            heart.start()
            yield lambda: window.chat.live is None
            results.append(heart.stop()[:])
            yield lambda: window.settled
            control.extend(_control())
        stolen.extend(heart.stolen)

    return steps


def _row(
    what: str, results: list[Beats], stolen: list[float], control: list[float], tokens: str, same: str = ""
) -> Row:
    work = f"; a work of {statistics.median(control):.1f} ms took up to {max(control):.0f} ms meanwhile"
    left_out = f"; {len(stolen)} beats left out, up to {max(stolen):.0f} ms" if stolen else ""
    worst = [_worst(beats) for beats in results]
    figure = statistics.median(worst)
    fifths = [statistics.median(column) for column in zip(*map(_fifths, results), strict=True)]
    flat = " ".join(f"{one:.0f}" for one in fifths)
    runs = f"median of the worst of {len(results)} runs"
    return Row(
        number=4,
        what=what,
        figure=figure,
        unit="ms",
        budget=f"<= {_BUDGET_MS:.0f}",
        holds=figure <= _BUDGET_MS,
        detail=f"{runs}; {tokens}; each fifth: {flat} ms{same}{work}{left_out}",
        samples={
            "worst_ms": worst,
            "stolen_ms": stolen,
            "control_ms": control,
            **{f"fifths_{n}": _fifths(beats) for n, beats in enumerate(results)},
        },
    )


def measure_scripted(paths: Paths, runs: int = 5) -> Row:
    """20,000 tokens of a Markdown corpus at 200 tokens per second, from a scripted engine in its process."""
    paths.data.mkdir(parents=True, exist_ok=True)
    file = write_model(paths.data / "corpus.gguf", tokens=_TOKENS, rate=_RATE)
    model = InstalledModel(
        id="corpus",
        title="Corpus",
        path=file,
        size_bytes=file.stat().st_size,
        architecture="none",
        parameters=0,
        quantization="",
        trained_context_length=LOAD_OPTIONS.context_length or 0,
        system_prompt="",
        problem=None,
    )
    database = Database(paths.database_file)
    results: list[Beats] = []
    stolen: list[float] = []
    control: list[float] = []

    drive(
        paths,
        database,
        _stream("Go on.", runs, results, stolen, control),
        list_models=lambda: [model],
        open_chat=lambda: ChatService(
            EnginePool(paths.logs, start=start_streaming), ConversationStore(database)
        ),
        load_options=lambda: LOAD_OPTIONS,
    )
    database.close()
    what = f"longest stall of the GUI thread, {_TOKENS:,} tokens at {_RATE:.0f} tok/s"
    same = f"; at the same place in all runs: {_at_same_place(results):.0f} ms"
    return _row(what, results, stolen, control, "scripted", same)


def measure_real(model: InstalledModel, paths: Paths, runs: int = 5) -> Row:
    """An answer of the starter model that fills a context of 4,608 tokens."""
    database = Database(paths.database_file)
    results: list[Beats] = []
    stolen: list[float] = []
    control: list[float] = []
    made: list[int] = []
    greedy = ChatOptions(sampling=Sampling(temperature=0.0), max_tokens=_REAL_TOKENS)

    def steps(window: MainWindow) -> Iterator[Callable[[], bool]]:
        window.inference.stats.connect(lambda ticket, stats: made.append(stats.generated_tokens))
        yield from _stream(_PROMPT, runs, results, stolen, control)(window)

    drive(
        paths,
        database,
        steps,
        list_models=lambda: [model],
        settings=Settings(context_length=_REAL_CONTEXT),
        new_chat_options=lambda: greedy,
    )
    database.close()
    tokens = f"{min(made):,} to {max(made):,} tokens"
    return _row("the same while the starter model answers", results, stolen, control, tokens)
