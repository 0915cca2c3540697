"""Sliders in equal and in doubling steps."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.slider import Slider, doubling_steps, equal_steps
from tests.ui.widgets.conftest import Show
from tests.ui.widgets.test_fields import REASON, describe

CONTEXTS = (512, 1024, 2048, 4096, 8192, 16_384, 32_768, 40_960)


def context_slider(theme: Theme, value: float = 8192) -> Slider:
    words = "{:.0f} tokens".format
    return Slider(theme, "Context length", doubling_steps(512, 40_960), value=value, words=words)


def test_steps_double_up_to_the_end() -> None:
    assert doubling_steps(512, 40_960) == CONTEXTS
    assert doubling_steps(512, 2048) == (512, 1024, 2048)
    assert doubling_steps(512, 512) == (512,)


def test_equal_steps_are_exact_and_end_at_the_end() -> None:
    assert equal_steps(0, 1, 0.1) == (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)
    assert equal_steps(1, 10, 4) == (1, 5, 9, 10)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (Qt.Key.Key_Right, 16_384),
        (Qt.Key.Key_Up, 16_384),
        (Qt.Key.Key_Left, 4096),
        (Qt.Key.Key_Down, 4096),
        (Qt.Key.Key_PageUp, 16_384),
        (Qt.Key.Key_Home, 512),
        (Qt.Key.Key_End, 40_960),
    ],
)
def test_keys_move_by_steps(
    qtbot: QtBot, show: Show, theme: Theme, spoken: list[str], key: Qt.Key, value: float
) -> None:
    slider = context_slider(theme)
    show(slider)
    slider.setFocus()
    said: list[float] = []
    slider.changed.connect(said.append)
    with qtbot.waitSignal(slider.settled):
        QTest.keyClick(slider, key)
    assert said == [value] == [slider.number]
    assert spoken == [f"{value} tokens"]


def test_pages_are_a_tenth_of_the_way(qtbot: QtBot, show: Show, theme: Theme) -> None:
    slider = Slider(theme, "Creativity", equal_steps(0, 2, 0.05), value=1)
    show(slider)
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_PageUp)
    assert slider.number == pytest.approx(1.2)
    QTest.keyClick(slider, Qt.Key.Key_PageDown)
    assert slider.number == 1


def test_right_is_less_where_reading_begins_on_the_right(qtbot: QtBot, show: Show, theme: Theme) -> None:
    slider = context_slider(theme)
    slider.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    show(slider)
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert slider.number == 4096
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(2, slider.height() // 2))
    assert slider.number == 40_960


def test_a_drag_says_each_step_and_settles_once(qtbot: QtBot, show: Show, theme: Theme) -> None:
    slider = context_slider(theme)
    show(slider)
    said: list[float] = []
    settled: list[float] = []
    slider.changed.connect(said.append)
    slider.settled.connect(settled.append)
    middle = slider.height() // 2
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(2, middle))
    for x in (3, slider.width() // 2, slider.width() - 2):
        QTest.mouseMove(slider, QPoint(x, middle))
    assert settled == []
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() - 2, middle))
    assert said == [512, 8192, 40_960] or said == [512, 4096, 40_960]
    assert settled == [40_960]


def test_a_value_between_two_steps_is_kept_until_it_is_moved(qtbot: QtBot, show: Show, theme: Theme) -> None:
    slider = context_slider(theme, 6000)
    show(slider)
    assert slider.number == 6000
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert slider.number == 8192
    slider.set_value(6000)
    QTest.keyClick(slider, Qt.Key.Key_Left)
    assert slider.number == 4096


def test_a_screen_reader_hears_and_sets_the_number_itself(qtbot: QtBot, show: Show, theme: Theme) -> None:
    slider = context_slider(theme)
    show(slider)
    assert describe(slider) == (QAccessible.Role.Slider, "Context length", "8192 tokens")
    interface = QAccessible.queryAccessibleInterface(slider)
    assert interface is not None
    value = interface.valueInterface()
    assert value is not None
    assert (value.currentValue(), value.minimumValue(), value.maximumValue()) == (8192, 512, 40_960)
    with qtbot.waitSignal(slider.settled):
        value.setCurrentValue(15_000)
    assert slider.number == 16_384


def test_a_fixed_slider_can_be_reached_but_not_moved(qtbot: QtBot, show: Show, theme: Theme) -> None:
    slider = context_slider(theme)
    slider.set_fixed(REASON)
    show(slider)
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_End)
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))
    assert slider.number == 8192
    assert slider.hasFocus()
    assert describe(slider)[2] == f"8192 tokens. {REASON}"


def test_fewer_values_take_the_nearer_end(qtbot: QtBot, theme: Theme) -> None:
    slider = context_slider(theme)
    qtbot.addWidget(slider)
    said: list[float] = []
    slider.changed.connect(said.append)
    slider.set_values(doubling_steps(512, 2048))
    assert slider.number == 2048
    assert said == []


def test_the_ring_goes_along_with_the_handle(qtbot: QtBot, show: Show, theme: Theme) -> None:
    slider = context_slider(theme)
    show(context_slider(theme), slider)
    slider.setFocus(Qt.FocusReason.TabFocusReason)
    ring = slider.focus_ring._ring
    assert ring is not None
    before = ring.x()
    QTest.keyClick(slider, Qt.Key.Key_End)
    assert ring.x() > before
    assert ring.width() == theme.sizes.slider_handle + 8
