"""Switches, check boxes, radio buttons and segments."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QAbstractAnimation, QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.check_box import CheckBox
from slmdesk.ui.widgets.choice_button import ChoiceButton
from slmdesk.ui.widgets.radio import Radio
from slmdesk.ui.widgets.segmented import Segmented
from slmdesk.ui.widgets.switch import Switch
from slmdesk.ui.widgets.text_field import TextField
from tests.ui.widgets.conftest import Show
from tests.ui.widgets.test_fields import REASON, describe

THEMES = (("light", "Light"), ("dark", "Dark"), ("system", "System"))


@pytest.mark.parametrize("kind", [Switch, CheckBox])
def test_space_and_a_click_change_it(
    qtbot: QtBot, show: Show, theme: Theme, kind: type[Switch] | type[CheckBox]
) -> None:
    mark = kind(theme, "Reopen the last chat")
    show(mark)
    said: list[bool] = []
    mark.changed.connect(said.append)
    mark.set_value(True)
    mark.setFocus()
    QTest.keyClick(mark, Qt.Key.Key_Space)
    QTest.mouseClick(mark, Qt.MouseButton.LeftButton)
    assert said == [False, True]
    assert describe(mark)[:2] == (QAccessible.Role.CheckBox, "Reopen the last chat")
    interface = QAccessible.queryAccessibleInterface(mark)
    assert interface is not None
    assert interface.state().checked


@pytest.mark.parametrize("kind", [Switch, CheckBox])
def test_what_is_fixed_keeps_the_keyboard_and_its_value(
    qtbot: QtBot, show: Show, theme: Theme, kind: type[Switch] | type[CheckBox]
) -> None:
    mark = kind(theme, "Reopen the last chat")
    mark.set_fixed(REASON)
    show(mark)
    mark.setFocus(Qt.FocusReason.TabFocusReason)
    assert mark.hasFocus()
    QTest.keyClick(mark, Qt.Key.Key_Space)
    QTest.mouseClick(mark, Qt.MouseButton.LeftButton)
    assert not mark.value
    assert describe(mark)[2] == mark.toolTip() == REASON


def test_a_switch_makes_room_for_its_lock(qtbot: QtBot, theme: Theme) -> None:
    switch = Switch(theme, "Think before answering")
    qtbot.addWidget(switch)
    width = switch.sizeHint().width()
    switch.set_fixed(REASON)
    assert switch.sizeHint().width() > width
    switch.set_fixed(REASON, lock=False)
    assert switch.sizeHint().width() == width


def test_a_switch_slides_only_where_motion_is_wanted(qtbot: QtBot, show: Show, theme: Theme) -> None:
    switch = Switch(theme, "Think before answering")
    show(switch)
    theme.set_reduce_motion("on")
    switch.click()
    assert switch._slide.state() is QAbstractAnimation.State.Stopped
    theme.set_reduce_motion("off")
    switch.click()
    assert switch._slide.state() is QAbstractAnimation.State.Running
    qtbot.waitUntil(lambda: switch._slide.state() is QAbstractAnimation.State.Stopped)


def test_arrow_keys_move_among_radio_buttons(qtbot: QtBot, show: Show, theme: Theme) -> None:
    first, second = Radio(theme, "16-bit"), Radio(theme, "8-bit")
    show(first, second)
    first.setChecked(True)
    first.setFocus()
    with qtbot.waitSignal(second.chosen):
        QTest.keyClick(first, Qt.Key.Key_Down)
    assert second.isChecked()
    assert describe(second)[:2] == (QAccessible.Role.RadioButton, "8-bit")


def test_tab_enters_segments_at_the_chosen_one(qtbot: QtBot, show: Show, theme: Theme) -> None:
    before, segmented, after = TextField(theme, "1"), Segmented(theme, THEMES, "Theme"), TextField(theme, "2")
    show(before, segmented, after)
    segmented.set_value("dark")
    before.setFocus()
    QTest.keyClick(before.edit, Qt.Key.Key_Tab)
    assert segmented.segments["dark"].hasFocus()
    QTest.keyClick(segmented.segments["dark"], Qt.Key.Key_Tab)
    assert after.edit.hasFocus()
    QTest.keyClick(after.edit, Qt.Key.Key_Backtab)
    assert segmented.segments["dark"].hasFocus()
    segmented.segments["system"].click()
    after.setFocus()
    QTest.keyClick(after.edit, Qt.Key.Key_Backtab)
    assert segmented.segments["system"].hasFocus()


def test_segments_say_what_is_chosen_once(qtbot: QtBot, show: Show, theme: Theme) -> None:
    segmented = Segmented(theme, THEMES, "Theme")
    show(segmented)
    said: list[str] = []
    segmented.chosen.connect(said.append)
    segmented.set_value("light")
    segmented.segments["dark"].click()
    segmented.segments["dark"].click()
    assert said == ["dark"]
    assert segmented.value == "dark"


def test_fixed_segments_keep_their_value(qtbot: QtBot, show: Show, theme: Theme) -> None:
    segmented = Segmented(theme, THEMES, "Theme")
    show(segmented)
    segmented.set_value("light")
    segmented.set_fixed(REASON)
    segmented.segments["light"].setFocus()
    QTest.keyClick(segmented.segments["light"], Qt.Key.Key_Right)
    segmented.segments["system"].click()
    assert segmented.value == "light"
    assert describe(segmented.segments["light"])[2] == f"Theme. {REASON}"


def ring_of(widget: QWidget) -> QWidget:
    ring: QWidget = widget.focus_ring._ring  # type: ignore[attr-defined]
    assert ring is not None
    return ring


@pytest.mark.parametrize("value", ["light", "dark", "system"])
def test_no_ring_is_cut(qtbot: QtBot, show: Show, theme: Theme, value: str) -> None:
    segmented = Segmented(theme, THEMES, "Theme")
    show(TextField(theme, "First"), segmented)
    segmented.set_value(value)
    segment = segmented.segments[value]
    segment.setFocus(Qt.FocusReason.TabFocusReason)
    ring = ring_of(segment)
    holder = ring.parentWidget()
    assert holder is not None
    assert holder.rect().contains(ring.geometry())
    assert ring.size().height() == segment.height() + 8
    assert ring.mapTo(segment.window(), ring.rect().center()) == segment.mapTo(
        segment.window(), segment.rect().center()
    )


def test_a_ring_follows_its_widget(qtbot: QtBot, show: Show, theme: Theme) -> None:
    segmented = Segmented(theme, THEMES, "Theme")
    window = show(TextField(theme, "First"), segmented)
    segmented.set_value("light")
    segment = segmented.segments["light"]
    segment.setFocus(Qt.FocusReason.TabFocusReason)
    before = ring_of(segment).pos()
    window.resize(600, 300)
    qtbot.waitUntil(lambda: ring_of(segment).pos() != before)
    corner = segment.mapTo(window, segment.rect().topLeft())
    assert ring_of(segment).mapTo(window, ring_of(segment).rect().topLeft()) == corner - QPoint(4, 4)


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Return])
def test_a_choice_opens_by_keyboard_and_is_a_combo_box(
    qtbot: QtBot, show: Show, theme: Theme, key: Qt.Key
) -> None:
    choice = ChoiceButton(theme, THEMES, "Theme")
    window = show(choice)
    choice.set_value("dark")
    choice.setFocus()
    QTest.keyClick(choice, key)
    focus = window.focusWidget()
    assert focus is not None
    with qtbot.waitSignal(choice.chosen) as chosen:
        QTest.keyClick(focus, Qt.Key.Key_Down)
        QTest.keyClick(focus, Qt.Key.Key_Return)
    assert chosen.args == ["system"]
    role, name, about = describe(choice)
    assert role == QAccessible.Role.ComboBox
    assert "Theme" in (name, about)
    interface = QAccessible.queryAccessibleInterface(choice)
    assert interface is not None
    assert interface.text(QAccessible.Text.Value) == "System"


def test_a_fixed_choice_opens_nothing(qtbot: QtBot, show: Show, theme: Theme) -> None:
    choice = ChoiceButton(theme, THEMES, "Theme")
    show(choice)
    choice.set_fixed(REASON)
    choice.setFocus()
    QTest.keyClick(choice, Qt.Key.Key_Space)
    QTest.mouseClick(choice, Qt.MouseButton.LeftButton)
    assert choice.hasFocus()
    assert describe(choice)[2].endswith(REASON)
