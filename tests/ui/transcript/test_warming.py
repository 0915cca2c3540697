"""Letters are drawn before text needs them: a little at a time, once for each size."""

from __future__ import annotations

from collections.abc import Iterator

from slmdesk.ui.theme import Theme
from slmdesk.ui.transcript.lettering import Lettering
from slmdesk.ui.transcript.warming import Warming


def _steps(warming: Warming, pixel_ratio: float = 1.0) -> Iterator[None]:
    while warming.step(pixel_ratio):
        yield


def test_each_size_is_drawn_once_in_many_steps(theme: Theme) -> None:
    lettering = Lettering(theme)
    warming = Warming(lettering)
    first = len(list(_steps(warming)))
    assert first > 20
    assert not list(_steps(warming))
    assert len(list(_steps(warming, 2.0))) == first
    lettering.set_zoom(150)
    assert len(list(_steps(warming))) == first


def test_another_zoom_in_the_middle_does_no_harm(theme: Theme) -> None:
    lettering = Lettering(theme)
    warming = Warming(lettering)
    assert warming.step(1.0)
    lettering.set_zoom(200)
    assert list(_steps(warming))
    assert list(_steps(warming))
    assert not list(_steps(warming))
