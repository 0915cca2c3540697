"""How the states that are drawn are waited for."""

from __future__ import annotations

import time
from itertools import count

import pytest
from PySide6.QtWidgets import QApplication

from tests.ui import render_states


def test_a_state_is_waited_for_on_a_computer_that_is_busy_with_other_things(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute passes between two looks, in which this program was not given the processor."""
    clock = count(0, 60)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    looks = iter((False, False, False, True))
    render_states.wait(lambda: next(looks))


def test_a_state_that_never_comes_is_given_up(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(0, 20)
    monkeypatch.setattr(time, "process_time", lambda: float(next(clock)))
    with pytest.raises(TimeoutError, match="not reached"):
        render_states.wait(lambda: False)
