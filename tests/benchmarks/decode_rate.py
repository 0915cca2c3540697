"""Budget row 1: the decode rate a person gets in the window / that of the plainest loop, by engine."""

from __future__ import annotations

import dataclasses
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from slmdesk.app import make_services
from slmdesk.chat import ChatOptions, ChatService, ConversationStore
from slmdesk.engines import End, EnginePool, LoadOptions, Sampling, Stats
from slmdesk.hardware import physical_cores
from slmdesk.library import InstalledModel
from slmdesk.storage import Database, Paths, SettingsStore, log_file
from slmdesk.ui import MainWindow, make_application, open_window, run_until_closed
from tests.benchmarks.budget import Row, median_ratio

_CONTEXT = 448
_POLL_MS = 20
_PROMPT = "Write a long story about a lighthouse keeper and everything that happens in one year."
_BUDGET_WITH_A_FREE_CORE = 0.97
_BUDGET_ALL_CORES = 0.88


class _RawLoop:
    """The other side, in a process of its own that loads the model once."""

    def __init__(self, module: str, file: Path, threads: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"tests.benchmarks.{module}", str(file), str(threads), str(_CONTEXT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def rate(self, tokens: int) -> float:
        """Tokens per second of generating `tokens` after the same prompt."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([_PROMPT, tokens]) + "\n")
        self._process.stdin.flush()
        return float(self._read())

    def close(self) -> None:
        self._process.communicate()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the raw loop ended")
        return line


class _Driver:
    """Sends the prompt in a real window, again and again, and measures each answer where it is drawn."""

    def __init__(self, window: MainWindow, raw: _RawLoop, runs: int) -> None:
        self._window, self._raw, self._runs = window, raw, runs
        self._first = self._last = 0.0
        self._stats: Stats | None = None
        self.ours: list[float] = []
        self.child: list[float] = []
        self.raw: list[float] = []
        self.problem = ""
        self._waiting = False
        window.started.connect(self._listen)

    def _listen(self) -> None:
        inference = self._window.inference
        inference.text.connect(self._take_text)
        inference.stats.connect(self._take_stats)
        inference.ended.connect(self._take_end)
        inference.failed.connect(lambda ticket, error: self._fail(str(error)))
        inference.crashed.connect(lambda ticket, report: self._fail(report))
        inference.finished.connect(self._go_on)

    def _fail(self, problem: str) -> None:
        self.problem = problem
        self._window.close()

    def _take_text(self, ticket: int, text: str, pieces: int) -> None:
        self._last = time.perf_counter()
        self._first = self._first or self._last

    def _take_stats(self, ticket: int, stats: Stats) -> None:
        self._stats = stats

    def _take_end(self, ticket: int, end: End) -> None:
        self._last = time.perf_counter()

    def _go_on(self, ticket: int) -> None:
        if not self._waiting:
            self._waiting = True
            self._look()

    def _look(self) -> None:
        if self._window.chat.model is None or not self._window.settled:
            # What is stored and listed after an answer comes from a thread.
            QTimer.singleShot(_POLL_MS, self._look)
            return
        self._waiting = False
        if self._stats is not None:
            tokens = self._stats.generated_tokens
            self.ours.append((tokens - 1) / (self._last - self._first))
            self.child.append(self._stats.tokens_per_second)
            # In turn with ours, while our engine process only waits.
            self.raw.append(self._raw.rate(tokens))
        if len(self.ours) > self._runs:
            self._window.close()
            return
        self._first, self._stats = 0.0, None
        self._window.chat.start_new_chat()
        self._window.chat.send(_PROMPT)


def _measure(
    app: QApplication, model: InstalledModel, paths: Paths, threads: int, runs: int, *, raw_loop: str
) -> _Driver:
    options = LoadOptions(context_length=_CONTEXT, threads=threads)
    database = Database(paths.database_file)
    store = SettingsStore(paths.settings_file)
    raw = _RawLoop(raw_loop, model.path, threads)
    services = dataclasses.replace(
        make_services(paths, store, store.load(), database, log_file(paths)),
        list_models=lambda: [model],
        # Nobody else decides about threads and context.
        open_chat=lambda: ChatService(EnginePool(paths.logs), ConversationStore(database)),
        plan=None,
        load_options=lambda: options,
        new_chat_options=lambda: ChatOptions(sampling=Sampling(temperature=0.0)),
    )
    try:
        window = open_window(app, services)
        driver = _Driver(window, raw, runs)
        run_until_closed(app, window)
    finally:
        raw.close()
        database.close()
    if driver.problem:
        raise RuntimeError(driver.problem)
    # The first of each warmed everything up.
    del driver.ours[0], driver.child[0], driver.raw[0]
    return driver


def measure(model: InstalledModel, paths: Paths, runs: int = 15) -> list[Row]:
    """llama.cpp, with one core left to the window, and with all cores decoding."""
    app = make_application()
    cores = physical_cores()
    rows = []
    for threads, budget in ((max(1, cores - 1), _BUDGET_WITH_A_FREE_CORE), (cores, _BUDGET_ALL_CORES)):
        driver = _measure(app, model, paths, threads, runs, raw_loop="raw_loop")
        what = "decode rate through the whole path / raw low-level loop"
        all_cores = ", all cores decoding" if threads == cores else ""
        rows.append(_row(what + all_cores, driver, budget, threads, runs))
    return rows


def measure_onnx(model: InstalledModel, paths: Paths, runs: int = 15) -> Row:
    """ONNX Runtime GenAI, with one core left to the window."""
    threads = max(1, physical_cores() - 1)
    driver = _measure(make_application(), model, paths, threads, runs, raw_loop="raw_onnx_loop")
    what = "decode rate of the ONNX engine through the whole path / bare generator loop"
    return _row(what, driver, _BUDGET_WITH_A_FREE_CORE, threads, runs)


def _row(what: str, driver: _Driver, budget: float, threads: int, runs: int) -> Row:
    ratio = median_ratio(driver.ours, driver.raw)
    return Row(
        number=1,
        what=what,
        figure=ratio,
        budget=f">= {budget}",
        holds=ratio >= budget,
        detail=(
            f"median of {runs}; {threads} of {physical_cores()} cores; "
            f"{statistics.median(driver.ours):.1f} and {statistics.median(driver.raw):.1f} tok/s; "
            f"inside the engine process {median_ratio(driver.child, driver.raw):.3f}"
        ),
        samples={"ours": driver.ours, "raw": driver.raw, "engine_process": driver.child},
    )
