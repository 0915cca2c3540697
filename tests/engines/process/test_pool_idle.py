"""A model that nobody uses gives its memory back, and nobody ever meets one that is just going."""

from __future__ import annotations

import os
import queue
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from slmdesk.engines import ChatMessage, End, EnginePool, Loaded
from slmdesk.engines.idle_timer import IdleTimer
from tests.engines.process.conftest import OPTIONS, REQUEST, Script, Starts, is_gone, settle
from tests.engines.process.feather_process import Feathers

COUNTED = (ChatMessage("user", "how many words"),)
SOON_S = 0.2


@pytest.fixture
def unloads() -> queue.SimpleQueue[Loaded]:
    return queue.SimpleQueue()


@pytest.fixture
def idle_pool(tmp_path: Path, starts: Starts, unloads: queue.SimpleQueue[Loaded]) -> Iterator[EnginePool]:
    """A pool that unloads soon."""
    pool = EnginePool(tmp_path / "logs", start=starts, idle_s=SOON_S)
    pool.on_idle_unload = unloads.put
    yield pool
    pool.close()


def load(pool: EnginePool, path: str) -> int:
    with pool.use(path, OPTIONS) as lease:
        assert lease is not None
        assert lease.process.pid is not None
        return lease.process.pid


def timers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "engine idle timer"]


def test_it_ends_the_process_and_the_next_use_loads_again(
    idle_pool: EnginePool, unloads: queue.SimpleQueue[Loaded], script: Script
) -> None:
    path = script()
    for _ in range(2):
        pid = load(idle_pool, path)
        assert unloads.get(timeout=30).path == path
        assert is_gone(pid)
        assert idle_pool.loaded is None
        assert idle_pool.resident_bytes() == 0
        assert idle_pool.count_tokens(COUNTED) is None


def test_the_listener_may_ask_the_pool_in_its_thread(
    idle_pool: EnginePool, unloads: queue.SimpleQueue[Loaded], script: Script
) -> None:
    loads: queue.SimpleQueue[int] = queue.SimpleQueue()
    path = script()

    def load_again(loaded: Loaded) -> None:
        assert idle_pool.loaded is None
        assert idle_pool.busy_with is None
        idle_pool.on_idle_unload = unloads.put
        loads.put(load(idle_pool, loaded.path))
        idle_pool.idle_s = SOON_S

    idle_pool.on_idle_unload = load_again
    first = load(idle_pool, path)
    assert loads.get(timeout=30) != first
    assert unloads.get(timeout=30).path == path


def test_the_listener_may_close_the_pool(idle_pool: EnginePool, script: Script) -> None:
    closed = threading.Event()

    def close(_: Loaded) -> None:
        idle_pool.close()
        closed.set()

    idle_pool.on_idle_unload = close
    load(idle_pool, script())
    assert closed.wait(30)
    settle(lambda: not timers(), "its thread ends")


def test_never_by_itself(scripted_pool: EnginePool, script: Script) -> None:
    load(scripted_pool, script())
    assert (scripted_pool.idle_s, timers()) == (None, [])


def test_a_use_in_progress_is_no_idle_time(
    idle_pool: EnginePool, unloads: queue.SimpleQueue[Loaded], script: Script
) -> None:
    with idle_pool.use(script(every_s=0.3), OPTIONS) as lease:
        assert lease is not None
        # Twice as long as it would take, with and without something going on.
        with pytest.raises(queue.Empty):
            unloads.get(timeout=2 * SOON_S)
        assert list(lease.process.generate(REQUEST))[-1] == End(reason="stop")
        assert idle_pool.loaded is not None
    unloads.get(timeout=30)


def test_counting_tokens_is_a_use(
    idle_pool: EnginePool, unloads: queue.SimpleQueue[Loaded], script: Script
) -> None:
    load(idle_pool, script())
    began = time.monotonic()
    longest = 0.0
    while time.monotonic() - began < 4 * SOON_S:
        before = time.monotonic()
        counted = idle_pool.count_tokens(COUNTED)
        # What a busy machine let pass between two counts may have been long enough.
        longest = max(longest, time.monotonic() - before)
        if counted is None:
            break
    if longest < SOON_S / 2:
        assert unloads.empty()
    unloads.get(timeout=30)


def test_it_is_set_at_run_time_from_any_thread(
    scripted_pool: EnginePool, unloads: queue.SimpleQueue[Loaded], script: Script
) -> None:
    scripted_pool.on_idle_unload = unloads.put
    path = script()
    pid = load(scripted_pool, path)
    scripted_pool.idle_s = 3600
    settle(timers, "the timer runs")
    scripted_pool.idle_s = None
    settle(lambda: not timers(), "the timer ends")
    assert not is_gone(pid)
    # The time since the last use counts, not since it was set.
    setting = threading.Thread(target=lambda: setattr(scripted_pool, "idle_s", 0))
    setting.start()
    setting.join()
    assert unloads.get(timeout=30).path == path
    for nonsense in (-1, float("nan")):
        with pytest.raises(ValueError, match="length of time"):
            scripted_pool.idle_s = nonsense


def test_a_model_that_died_is_not_said_to_be_unloaded(
    idle_pool: EnginePool, unloads: queue.SimpleQueue[Loaded], script: Script
) -> None:
    deaths: queue.SimpleQueue[object] = queue.SimpleQueue()
    idle_pool.on_idle_death = deaths.put
    idle_pool.idle_s = 3600
    path = script()
    os.kill(load(idle_pool, path), signal.SIGKILL)
    deaths.get(timeout=30)
    idle_pool.idle_s = 0
    settle(lambda: not timers(), "there is nothing to unload any more")
    assert unloads.empty()
    idle_pool.idle_s = SOON_S
    load(idle_pool, path)
    unloads.get(timeout=30)


def test_no_timer_outlives_what_it_waits_for(scripted_pool: EnginePool, script: Script) -> None:
    scripted_pool.idle_s = 3600
    assert timers() == []
    path = script()
    load(scripted_pool, path)
    assert len(timers()) == 1
    scripted_pool.unload()
    settle(lambda: not timers(), "the timer ends")
    load(scripted_pool, path)
    assert len(timers()) == 1
    scripted_pool.close()
    assert timers() == []


def test_no_use_meets_a_model_that_is_going(tmp_path: Path) -> None:
    feathers = Feathers()
    pool = EnginePool(tmp_path, start=feathers, idle_s=0.001)
    unloaded: list[Loaded] = []
    pool.on_idle_unload = unloaded.append
    choices = random.Random(1)
    reused = 0
    for _ in range(2000):
        with pool.use("model", OPTIONS) as lease:
            assert lease is not None
            assert lease.process.alive
            assert pool.count_tokens(COUNTED) == 1
            reused += not lease.loaded_now
            assert lease.process.alive
        # Often at the very moment when it is time, often a little before or after.
        threading.Event().wait(choices.uniform(0.0005, 0.0015))
        assert pool.count_tokens(COUNTED) in (None, 1)
    pool.close()
    assert (feathers.misuses, feathers.cut_counts) == ([], 0)
    assert len(unloaded) in (feathers.loads, feathers.loads - 1)
    # Both happened often, or the moment was never met.
    assert len(unloaded) > 100
    assert reused > 100


def test_a_use_between_the_decision_and_the_unload_keeps_it(tmp_path: Path) -> None:
    """The moment that the test before meets by chance only: the timer decided, and something came first."""
    pool = EnginePool(tmp_path, start=Feathers(), idle_s=3600)
    with pool.use("model", OPTIONS) as lease:
        assert lease is not None
        # It has its turn; and then it was used just now.
        pool._unload_idle()
        assert lease.process.alive
    pool._unload_idle()
    assert pool.loaded is not None
    pool.close()


def test_the_same_with_real_processes(
    idle_pool: EnginePool, unloads: queue.SimpleQueue[Loaded], script: Script
) -> None:
    path = script()
    idle_pool.idle_s = 0.02
    choices = random.Random(2)
    for _ in range(12):
        with idle_pool.use(path, OPTIONS) as lease:
            assert lease is not None
            assert list(lease.process.generate(REQUEST))[-1] == End(reason="stop")
        threading.Event().wait(choices.uniform(0.015, 0.025))
    assert unloads.get(timeout=30).path == path


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def due() -> threading.Event:
    return threading.Event()


@pytest.fixture
def timer(clock: Clock, due: threading.Event) -> Iterator[IdleTimer]:
    """Ten minutes of that clock; `due` is set when they are over."""

    def on_idle() -> None:
        due.set()
        made.disarm()

    made = IdleTimer(on_idle, idle_s=600, clock=clock)
    yield made
    made.close()


def test_sleep_of_the_computer_is_no_idle_time(timer: IdleTimer, clock: Clock, due: threading.Event) -> None:
    timer.arm()
    settle(lambda: timer._changed._waiters, "the timer waits")  # type: ignore[attr-defined]
    # The lid was shut for eight hours, and the clock went on.
    clock.now += 8 * 3600
    timer.idle_s = 600
    settle(lambda: not timer.due, "the timer has seen it")
    clock.now += 599
    seen = [timer.due]
    # From then on it counts as ever.
    clock.now += 1
    seen.append(timer.due)
    assert seen == [False, True]
    assert not due.is_set()


def test_time_that_passed_is_idle_time(timer: IdleTimer, clock: Clock, due: threading.Event) -> None:
    seen = []
    with timer.in_use():
        timer.arm()
        clock.now += 6000
        seen.append(timer.due)
    seen.append(timer.due)
    timer.idle_s = 3
    settle(lambda: timer._changed._waiters, "the timer waits")  # type: ignore[attr-defined]
    clock.now += 4
    timer.idle_s = 3
    assert due.wait(30)
    assert seen == [False, False]
