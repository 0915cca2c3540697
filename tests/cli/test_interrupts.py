from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable

import pytest

from slmdesk.cli.interrupts import run_interruptible, wait_for_abandoned_work

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself Ctrl-C there")

_LIMIT_S = 60

Emit = Callable[[int], None]


def _press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_events_arrive_in_order_in_the_calling_thread() -> None:
    seen: list[tuple[int, str]] = []

    def work(emit: Emit) -> str:
        for number in range(100):
            emit(number)
        return threading.current_thread().name

    result = run_interruptible(
        work, lambda number: seen.append((number, threading.current_thread().name)), lambda: None
    )
    assert [number for number, _ in seen] == list(range(100))
    assert {name for _, name in seen} == {threading.current_thread().name}
    assert result != threading.current_thread().name


def test_first_ctrl_c_cancels_and_the_work_ends_by_itself() -> None:
    cancelled = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def work(emit: Emit) -> str:
        emit(1)
        assert cancelled.wait(_LIMIT_S)
        return "stopped"

    assert run_interruptible(work, lambda _: _press_ctrl_c(), cancelled.set) == "stopped"
    assert signal.getsignal(signal.SIGINT) is before


def test_cancel_that_came_too_early_is_said_again() -> None:
    heard = 0
    begun = threading.Event()

    def cancel() -> None:
        nonlocal heard
        heard += begun.is_set()

    def work(emit: Emit) -> None:
        emit(1)
        assert pressed.wait(_LIMIT_S)
        begun.set()
        emit(2)

    pressed = threading.Event()

    def on_event(number: int) -> None:
        if number == 1:
            _press_ctrl_c()
            pressed.set()

    run_interruptible(work, on_event, cancel)
    assert heard == 1


def test_second_ctrl_c_does_not_wait() -> None:
    never = threading.Event()
    cancels: list[None] = []

    def cancel() -> None:
        cancels.append(None)
        _press_ctrl_c()

    def work(emit: Emit) -> None:
        _press_ctrl_c()
        never.wait(_LIMIT_S)

    with pytest.raises(KeyboardInterrupt):
        run_interruptible(work, lambda _: None, cancel)
    assert len(cancels) == 1
    never.set()


def test_errors_of_both_sides_come_out() -> None:
    def fail(emit: Emit) -> None:
        raise LookupError("work")

    with pytest.raises(LookupError, match="work"):
        run_interruptible(fail, lambda _: None, lambda: None)

    cancelled = threading.Event()
    ended = threading.Event()

    def work(emit: Emit) -> None:
        emit(1)
        assert cancelled.wait(_LIMIT_S)
        ended.set()

    def refuse(_: int) -> None:
        raise ValueError("shown")

    with pytest.raises(ValueError, match="shown"):
        run_interruptible(work, refuse, cancelled.set)
    assert ended.is_set()


def test_work_left_behind_can_be_waited_for() -> None:
    """What it uses is closed only when it has ended."""
    cancelled, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work(emit: Emit) -> None:
        emit(1)
        assert cancelled.wait(_LIMIT_S)
        emit(2)
        assert go_on.wait(_LIMIT_S)
        ended.set()

    with pytest.raises(KeyboardInterrupt):
        run_interruptible(work, lambda _: _press_ctrl_c(), cancelled.set)
    assert not wait_for_abandoned_work(0.1)
    go_on.set()
    assert wait_for_abandoned_work(_LIMIT_S)
    assert ended.is_set()
