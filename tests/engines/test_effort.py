"""How much of its processor time a process had is added up over spans."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from slmdesk.engines import EffortMeter


class Looks:
    """What is seen one look after the other: the time, and the processor time had so far."""

    def __init__(self, *looks: tuple[float, float | None]) -> None:
        self._left: Iterator[tuple[float, float | None]] = iter(looks)
        self._now = 0.0

    def processor(self) -> float | None:
        self._now, had = next(self._left)
        return had

    def meter(self, least_s: float = 0.0) -> EffortMeter:
        return EffortMeter(self.processor, lambda: self._now, least_s=least_s)


def test_spans_are_added_up_and_what_is_between_them_does_not_count() -> None:
    meter = Looks((1, 0), (2, 2), (10, 2.5), (13, 3.5)).meter()
    assert meter.share is None
    meter.begin()
    meter.end(2)
    assert meter.share == pytest.approx(1.0)
    meter.begin()
    meter.end(1)
    assert meter.share == pytest.approx((2 + 1) / (2 + 3))


def test_short_spans_do_not_count() -> None:
    meter = Looks((1, 0), (1.5, 0), (10, 2), (13, 5)).meter(least_s=1)
    meter.begin()
    meter.end(1)
    assert meter.share is None
    meter.begin()
    meter.end(1)
    assert meter.share == pytest.approx(1.0)


def test_a_process_that_has_ended_says_nothing() -> None:
    meter = Looks((1, 0), (2, None), (3, None)).meter()
    meter.end(1)
    running = []
    for change in (meter.begin, lambda: meter.end(1), meter.begin):
        change()
        running.append(meter.running)
    assert running == [True, False, False]
    assert meter.share is None
