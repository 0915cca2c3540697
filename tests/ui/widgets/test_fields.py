"""Text fields, text areas and number fields."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.field import Field
from slmdesk.ui.widgets.number_field import NumberField, read_number
from slmdesk.ui.widgets.text_area import TextArea
from slmdesk.ui.widgets.text_field import TextField
from tests.ui.widgets.conftest import Show

REASON = "Fixed by your organisation."


def describe(widget: QWidget) -> tuple[QAccessible.Role, str, str]:
    """Role, name and description, as a screen reader gets them."""
    interface = QAccessible.queryAccessibleInterface(widget)
    assert interface is not None
    text = QAccessible.Text
    return interface.role(), interface.text(text.Name), interface.text(text.Description)


def number_field(theme: Theme, value: float | None = 8, *, optional: bool = False) -> NumberField:
    return NumberField(theme, "Threads", least=1, most=16, value=value, optional=optional)


def test_a_field_says_each_change_of_the_person_and_none_of_the_program(
    qtbot: QtBot, show: Show, theme: Theme
) -> None:
    field = TextField(theme, "Name")
    show(field)
    said: list[str] = []
    field.changed.connect(said.append)
    field.set_value("a")
    QTest.keyClicks(field.edit, "bc")
    assert said == ["ab", "abc"]
    assert field.value == "abc"


def test_enter_submits_a_field(qtbot: QtBot, show: Show, theme: Theme) -> None:
    field = TextField(theme, "Name")
    show(field)
    field.set_value("lease")
    with qtbot.waitSignals([field.submitted, field.left]):
        QTest.keyClick(field.edit, Qt.Key.Key_Return)


@pytest.mark.parametrize("kind", [TextField, TextArea])
def test_an_error_is_seen_and_heard(
    qtbot: QtBot, show: Show, theme: Theme, spoken: list[str], kind: type[TextField] | type[TextArea]
) -> None:
    field = kind(theme, "Name")
    show(field)
    height = field.sizeHint().height()
    field.set_error("A name is needed.")
    assert field.sentence.isVisible()
    assert field.sizeHint().height() > height
    assert describe(field.edit)[1:] == ("Name", "A name is needed.")
    assert spoken == ["A name is needed."]
    field.set_error("")
    assert not field.sentence.isVisible()
    assert describe(field.edit)[2] == ""


@pytest.mark.parametrize("kind", ["text", "area", "number"])
def test_a_fixed_field_can_be_reached_and_read_but_not_changed(
    qtbot: QtBot, show: Show, theme: Theme, kind: str
) -> None:
    made: dict[str, Field] = {
        "text": TextField(theme, "Threads"),
        "area": TextArea(theme, "Threads"),
        "number": number_field(theme),
    }
    field = made[kind]
    assert isinstance(field, TextField | TextArea | NumberField)
    if not isinstance(field, NumberField):
        field.set_value("8")
    field.set_fixed(REASON)
    show(field)
    field.setFocus(Qt.FocusReason.TabFocusReason)
    editor = field.focusProxy()
    assert editor is not None
    assert editor.hasFocus()
    QTest.keyClicks(editor, "9")
    QTest.keyClick(editor, Qt.Key.Key_Up)
    assert str(field.value) == "8"
    assert editor.toolTip() == REASON
    assert describe(editor)[2] == REASON
    field.set_fixed("")
    editor.setFocus()
    QTest.keyClick(editor, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(editor, "9")
    assert str(field.value) == "9"


def test_a_search_is_emptied_with_esc_and_with_its_button(qtbot: QtBot, show: Show, theme: Theme) -> None:
    field = TextField(theme, "Search chats", clearable=True, icon="search")
    show(field)
    said: list[str] = []
    field.changed.connect(said.append)
    assert field.clear_button is not None
    assert not field.clear_button.isVisible()
    QTest.keyClicks(field.edit, "a")
    assert field.clear_button.isVisible()
    QTest.keyClick(field.edit, Qt.Key.Key_Escape)
    QTest.keyClicks(field.edit, "b")
    field.clear_button.click()
    assert said == ["a", "", "b", ""]
    assert field.edit.hasFocus()


def test_a_press_anywhere_in_the_box_goes_to_the_text(qtbot: QtBot, show: Show, theme: Theme) -> None:
    field = TextField(theme, "Search chats", icon="search")
    show(field)
    QTest.mouseClick(field.box, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert field.edit.hasFocus()


def test_a_text_area_takes_lines_and_lets_tab_go_on(qtbot: QtBot, show: Show, theme: Theme) -> None:
    area, after = TextArea(theme, "Instructions"), TextField(theme, "Name")
    show(area, after)
    said: list[str] = []
    area.changed.connect(said.append)
    area.set_value("one")
    assert said == []
    area.setFocus()
    QTest.keyClick(area.edit, Qt.Key.Key_End)
    QTest.keyClick(area.edit, Qt.Key.Key_Return)
    assert said == ["one\n"]
    with qtbot.waitSignal(area.left):
        QTest.keyClick(area.edit, Qt.Key.Key_Tab)
    assert after.edit.hasFocus()


def test_a_text_area_keeps_every_letter(theme: Theme, qtbot: QtBot) -> None:
    area = TextArea(theme, "Instructions")
    qtbot.addWidget(area)
    text = "10\N{NO-BREAK SPACE}km\nnext"
    area.set_value(text)
    assert area.value == text


@pytest.mark.parametrize(
    ("text", "decimals", "number"),
    [
        ("8", 0, 8),
        (" 8 ", 0, 8),
        ("8,192", 0, 8192),
        ("8.192", 0, 8192),
        ("8\N{NO-BREAK SPACE}192", 0, 8192),
        ("-1", 0, -1),
        ("\N{MINUS SIGN}1", 0, -1),
        ("0.5", 2, 0.5),
        ("0,5", 2, 0.5),
        (".5", 2, 0.5),
        ("1.239", 2, 1.24),
        ("0.5", 0, None),
        ("", 0, None),
        ("eight", 0, None),
        ("1e5", 0, None),
        ("nan", 2, None),
        ("inf", 2, None),
        ("٨", 0, 8),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, decimals: int, number: float | None) -> None:
    assert read_number(text, decimals) == number


def test_a_number_out_of_range_stays_and_is_explained(
    qtbot: QtBot, show: Show, theme: Theme, spoken: list[str]
) -> None:
    field = number_field(theme)
    show(field)
    said: list[object] = []
    field.changed.connect(said.append)
    field.setFocus()
    field.edit.selectAll()
    QTest.keyClicks(field.spin, "64")
    # The first figure alone is a good number.
    assert said == [6]
    assert field.edit.text() == "64"
    assert field.error == "A whole number from 1 to 16."
    assert field.value == 6
    QTest.keyClick(field.spin, Qt.Key.Key_Backspace)
    assert field.error == ""


def test_a_number_steps_with_keys_arrows_and_stops_at_its_ends(
    qtbot: QtBot, show: Show, theme: Theme
) -> None:
    field = number_field(theme)
    show(field)
    said: list[object] = []
    field.changed.connect(said.append)
    field.setFocus()
    QTest.keyClick(field.spin, Qt.Key.Key_Up)
    QTest.keyClick(field.spin, Qt.Key.Key_PageUp)
    QTest.keyClick(field.spin, Qt.Key.Key_Down)
    up, down = field.arrows
    assert up.isEnabled()
    up.click()
    assert said == [9, 16, 15, 16]
    assert not up.isEnabled()
    assert down.isEnabled()
    assert field.spin.hasFocus()


def test_stepping_at_the_end_says_nothing(qtbot: QtBot, show: Show, theme: Theme) -> None:
    field = number_field(theme, 16)
    show(field)
    said: list[object] = []
    field.changed.connect(said.append)
    field.setFocus()
    QTest.keyClick(field.spin, Qt.Key.Key_Up)
    assert said == []


def test_the_wheel_moves_a_number_only_where_the_keyboard_is(qtbot: QtBot, show: Show, theme: Theme) -> None:
    field, other = number_field(theme), TextField(theme, "Name")
    show(field, other)
    other.setFocus()

    def wheel() -> None:
        turned = QWheelEvent(
            QPointF(5, 5),
            field.spin.mapToGlobal(QPointF(5, 5)),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(field.spin, turned)

    wheel()
    assert field.value == 8
    field.setFocus()
    wheel()
    assert field.value == 9


def test_an_optional_number_may_be_empty(qtbot: QtBot, show: Show, theme: Theme) -> None:
    field = number_field(theme, None, optional=True)
    show(field)
    assert field.value is None
    said: list[object] = []
    field.changed.connect(said.append)
    field.setFocus()
    QTest.keyClicks(field.spin, "5")
    QTest.keyClick(field.spin, Qt.Key.Key_Backspace)
    assert said == [5, None]
    assert field.error == ""


def test_a_number_that_must_be_there_may_not(qtbot: QtBot, show: Show, theme: Theme) -> None:
    field = number_field(theme)
    show(field)
    field.setFocus()
    field.edit.selectAll()
    QTest.keyClick(field.spin, Qt.Key.Key_Backspace)
    assert field.error
    assert field.value == 8


def test_decimals_are_written_briefly(qtbot: QtBot, show: Show, theme: Theme) -> None:
    field = NumberField(theme, "Top-p", least=0, most=1, step=0.05, decimals=2, value=0.9)
    show(field)
    assert field.edit.text() == "0.9"
    field.setFocus()
    QTest.keyClick(field.spin, Qt.Key.Key_Up)
    assert field.edit.text() == "0.95"
    assert field.value == 0.95


def test_a_box_has_room_for_its_longest_number(qtbot: QtBot, theme: Theme) -> None:
    short = number_field(theme)
    long = NumberField(theme, "Seed", least=0, most=2**32 - 1)
    for field in (short, long):
        qtbot.addWidget(field)
    assert short.box.width() == theme.sizes.number_width
    metrics = long.edit.fontMetrics()
    long.set_value(2**32 - 1)
    long.show()
    assert long.edit.contentsRect().width() > metrics.horizontalAdvance(str(2**32 - 1))


def test_a_number_is_a_spin_box_to_a_screen_reader(qtbot: QtBot, show: Show, theme: Theme) -> None:
    field = number_field(theme)
    show(field)
    assert describe(field.spin)[:2] == (QAccessible.Role.SpinBox, "Threads")
    interface = QAccessible.queryAccessibleInterface(field.spin)
    assert interface is not None
    value = interface.valueInterface()
    assert value is not None
    assert (value.currentValue(), value.minimumValue(), value.maximumValue()) == (8, 1, 16)
