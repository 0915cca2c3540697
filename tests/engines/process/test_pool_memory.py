"""Memory of a model that was unloaded is back before the next one asks for some."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from msgspec.structs import replace

from slmdesk.engines import EnginePool, EngineProcess, LoadOptions
from slmdesk.engines.returning_memory import ReturningMemory, private_bytes
from slmdesk.hardware import memory_limits
from tests.engines.process.conftest import (
    LIMITS,
    OPTIONS,
    REQUEST,
    Script,
    Starts,
    engine_processes,
    is_gone,
)

GB = 1_000_000_000
MIB = 1024 * 1024


class Machine:
    """Memory as a test says it: one figure each time it is asked for, and a clock that goes on with it."""

    def __init__(self, figure: Callable[[int], int], step_s: float = 0.05) -> None:
        self.asked = 0
        self.now = 1000.0
        self._figure = figure
        self._step_s = step_s

    def available(self) -> int:
        self.asked += 1
        self.now += self._step_s
        return self._figure(self.asked)

    def clock(self) -> float:
        return self.now


def wait_after(machine: Machine, wanted: Callable[[], bool] = lambda: True) -> int:
    """Have this process "ended"; how often the memory was looked at while it was waited for."""
    returning = ReturningMemory(machine.available, clock=machine.clock)
    returning.expect(os.getpid())
    before = machine.asked
    returning.wait(wanted)
    return machine.asked - before


def test_it_waits_until_most_is_back() -> None:
    held = private_bytes(psutil.Process().memory_info())
    assert held > 10_000_000
    # A slow machine: a tenth comes back at a time.
    looks = wait_after(Machine(lambda asked: GB + (asked - 1) * held // 10))
    assert looks in (9, 10)
    assert wait_after(Machine(lambda asked: GB if asked == 1 else 2 * GB)) == 1


def test_it_stops_when_nothing_more_comes_back() -> None:
    # Nothing at all, and a little at first: another program took the rest.
    assert 4 <= wait_after(Machine(lambda _: GB)) <= 9
    assert 6 <= wait_after(Machine(lambda asked: GB + min(asked, 4) * 2 * MIB)) <= 12
    # Less than before: another program took more than came back.
    assert 4 <= wait_after(Machine(lambda asked: GB - asked * MIB)) <= 9


def test_it_waits_a_few_seconds_at_most() -> None:
    # It never stops rising, and never gets anywhere: each rise is just one that counts.
    held = private_bytes(psutil.Process().memory_info())
    machine = Machine(lambda asked: GB + asked * max(2 * MIB, held // 80), step_s=0.25)
    began = machine.now
    wait_after(machine)
    assert 4 < machine.now - began < 6


def test_it_waits_no_longer_than_it_is_wanted() -> None:
    machine = Machine(lambda _: GB, step_s=0)
    assert wait_after(machine, lambda: machine.asked < 4) == 3


def test_nothing_is_waited_for_twice_or_after_a_long_time() -> None:
    machine = Machine(lambda _: GB)
    returning = ReturningMemory(machine.available, clock=machine.clock)
    returning.wait(lambda: True)
    returning.expect(os.getpid())
    machine.now += 60
    returning.wait(lambda: True)
    returning.expect(2**22 + 1)  # no such process
    returning.wait(lambda: True)
    assert machine.asked == 1
    ReturningMemory(None).expect(os.getpid())


def test_what_a_process_gives_back() -> None:
    """The three kinds of memory figures that psutil has."""
    linux = SimpleNamespace(rss=500, vms=9000, shared=300, text=1, lib=0, data=2, dirty=0)
    windows = SimpleNamespace(rss=500, vms=900, private=200, wset=500)
    assert private_bytes(linux) == 200
    assert private_bytes(windows) == 200
    assert private_bytes(SimpleNamespace(rss=500, vms=900, private=800)) == 500
    assert private_bytes(SimpleNamespace(rss=500, vms=9000)) == 500


def test_the_next_model_is_loaded_only_then(script: Script, tmp_path: Path) -> None:
    machine = Machine(lambda asked: 2 * GB if asked >= 5 else GB, step_s=0)
    asked_at_start: list[int] = []

    def start(engine: str, *, log_file: Path) -> EngineProcess:
        asked_at_start.append(machine.asked)
        return Starts()(engine, log_file=log_file)

    pool = EnginePool(tmp_path, start=start, available_memory=machine.available)
    try:
        for path in (script(), script()):
            with pool.use(path, OPTIONS) as lease:
                assert lease is not None
        assert asked_at_start == [0, 5]
        # However it was unloaded.
        machine.asked = 0
        pool.unload()
        with pool.use(path, OPTIONS) as lease:
            assert lease is not None
        machine.asked = 0
        with pool.exclusive("Benchmark") as alone:
            assert alone is not None
            assert machine.asked == 5
        assert asked_at_start == [0, 5, 5]
    finally:
        pool.close()


def test_a_cancel_ends_the_wait(script: Script, tmp_path: Path) -> None:
    starts: list[str] = []

    def rise(asked: int) -> int:
        if asked == 4:
            pool.cancel()
        return GB + asked * MIB

    def start(engine: str, *, log_file: Path) -> EngineProcess:
        starts.append(engine)
        return Starts()(engine, log_file=log_file)

    machine = Machine(rise, step_s=0)
    pool = EnginePool(tmp_path, start=start, available_memory=machine.available, clock=machine.clock)
    try:
        with pool.use(script(), OPTIONS) as lease:
            assert lease is not None
        with pool.use(script(), OPTIONS) as lease:
            assert lease is None
        assert len(starts) == 1
        assert machine.asked == 4
    finally:
        pool.close()


def test_a_figure_that_cannot_be_had_fails_no_load(
    script: Script, starts: Starts, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def unreadable() -> int:
        raise PermissionError("/sys/fs/cgroup")

    pool = EnginePool(tmp_path, start=starts, available_memory=unreadable)
    try:
        with caplog.at_level(logging.WARNING):
            for path in (script(), script()):
                with pool.use(path, OPTIONS) as lease:
                    assert lease is not None
        assert "/sys/fs/cgroup" in caplog.text
    finally:
        pool.close()


def test_real_models_one_after_the_other(starter_file: Path, tmp_path: Path) -> None:
    """Never two in memory, the memory of each really back, and idle unload ends the process."""
    resident_at_start: list[int] = []
    unloaded: list[str] = []

    def start(engine: str, *, log_file: Path) -> EngineProcess:
        resident_at_start.append(sum(process.memory_info().rss for process in engine_processes()))
        return EngineProcess(engine, log_file=log_file, limits=LIMITS)

    def available() -> int:
        return memory_limits().available_bytes

    options = [LoadOptions(threads=1, context_length=length) for length in (2048, 4096, 2048)]
    pool = EnginePool(tmp_path / "logs", start=start, available_memory=available)
    pool.on_idle_unload = lambda loaded: unloaded.append(loaded.path)
    pids: list[int] = []
    try:
        for wanted in options:
            with pool.use(str(starter_file), wanted) as lease:
                assert lease is not None
                assert lease.process.pid is not None
                pids.append(lease.process.pid)
                assert lease.report.context_length == wanted.context_length
                list(lease.process.generate(replace(REQUEST, max_tokens=4)))
                held = pool.resident_bytes()
                assert held > 100 * MIB
            # Of one model alone, whatever was loaded before it.
            assert sum(process.memory_info().rss for process in engine_processes()) < 1.1 * held
        assert resident_at_start == [0, 0, 0]
        assert [is_gone(pid) for pid in pids] == [True, True, False]
        ended = psutil.Process(pids[-1])
        pool.idle_s = 0
        ended.wait(30)
        assert is_gone(pids[-1])
    finally:
        pool.close()
    assert unloaded == [str(starter_file)]
