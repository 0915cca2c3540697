"""The drawer: what it shows, what it says, and what it does not let through."""

from __future__ import annotations

import gettext

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from slmdesk.chat import ChatOptions
from slmdesk.engines import Sampling, Thinking
from slmdesk.messages import language
from slmdesk.ui.chat.drawer import ChatDrawer
from slmdesk.ui.chat.drawer_fields import number_options, read_stop_strings, write_stop_strings
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.labels import Label


@pytest.fixture
def drawer(qtbot: QtBot, theme: Theme) -> ChatDrawer:
    drawer = ChatDrawer(theme)
    qtbot.addWidget(drawer)
    fill(drawer)
    drawer.resize(drawer.width(), 900)
    with qtbot.waitActive(drawer):
        drawer.show()
        drawer.activateWindow()
    return drawer


def test_long_names_of_options_are_wrapped_and_their_fields_stand_in_a_line(
    qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Longer(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return {"Most candidates": "Największa liczba kandydatów"}.get(message, message)

    monkeypatch.setattr(language._spoken, "translations", Longer())
    drawer = ChatDrawer(theme)
    qtbot.addWidget(drawer)
    fill(drawer)
    drawer.resize(drawer.width(), 900)
    drawer.show()
    drawer.more_button.click()
    qtbot.waitUntil(lambda: drawer.more.isVisible())
    QApplication.processEvents()
    content = drawer.area.widget()
    assert content is not None
    assert content.width() <= drawer.area.viewport().width()
    one, other = drawer.more.numbers["top_k"], drawer.more.numbers["top_p"]
    assert one.y() == other.y()
    labels = {label.text(): label for label in drawer.more.findChildren(Label)}
    long, short = labels["Największa liczba kandydatów"], labels["Candidates’ share"]
    assert long.height() >= 2 * long.fontMetrics().height()
    assert long.geometry().bottom() == short.geometry().bottom() < one.y()


def fill(
    drawer: ChatDrawer,
    prompt: str = "Be brief.",
    options: ChatOptions | None = None,
    *,
    context: int = 4096,
    trained: int = 32_768,
    thinking: Thinking = "no",
    conversation: int = 0,
) -> None:
    drawer.set_options(
        prompt,
        options or ChatOptions(),
        context_length=context,
        trained_context_length=trained,
        thinking=thinking,
        conversation=conversation,
    )


@pytest.fixture
def said(drawer: ChatDrawer) -> list[ChatOptions]:
    said: list[ChatOptions] = []
    drawer.options_changed.connect(said.append)
    return said


def test_what_it_is_given_is_shown_and_not_said(
    drawer: ChatDrawer, said: list[ChatOptions], qtbot: QtBot
) -> None:
    options = ChatOptions(
        sampling=Sampling(temperature=0.3, top_k=7, seed=5), max_tokens=300, stop=("\n\n", "User:")
    )
    with qtbot.assertNotEmitted(drawer.instructions_changed):
        fill(drawer, "Answer in French.", options)
    assert said == []
    assert drawer.instructions.value == "Answer in French."
    assert drawer.creativity.number == pytest.approx(0.3)
    assert drawer.more.numbers["top_k"].value == 7
    assert drawer.more.numbers["seed"].value == 5
    assert drawer.more.numbers["max_tokens"].value == 300
    assert drawer.more.stop.value == "\\n\\n\nUser:"
    assert drawer.more_button.text() == "More sampling options · 4 set"
    fill(drawer)
    assert drawer.more.numbers["max_tokens"].edit.text() == ""
    assert drawer.more_button.text() == "More sampling options"


def test_instructions_are_said_with_each_key(drawer: ChatDrawer, qtbot: QtBot) -> None:
    drawer.focus_first()
    with qtbot.waitSignal(drawer.instructions_changed) as changed:
        QTest.keyClicks(drawer.instructions.edit, "!")
    assert changed.args == ["!Be brief."]
    place = drawer.instructions.edit.textCursor().position()
    fill(drawer, "!Be brief.")
    assert drawer.instructions.edit.textCursor().position() == place


def test_the_focused_field_is_in_view(drawer: ChatDrawer) -> None:
    drawer.resize(drawer.width(), 457)
    drawer.more_button.click()
    QApplication.processEvents()
    bar = drawer.area.verticalScrollBar()
    bar.setValue(bar.maximum())
    assert bar.value() > 0
    drawer.focus_first()
    assert bar.value() == 0
    assert drawer.instructions.edit.hasFocus()


def test_the_number_fields_have_one_width(drawer: ChatDrawer) -> None:
    drawer.more_button.click()
    QApplication.processEvents()
    assert len({field.box.width() for field in drawer.more.numbers.values()}) == 1
    # Nothing is wider than the page.
    content = drawer.area.widget()
    assert content is not None
    assert content.width() == drawer.area.viewport().width()


def test_creativity_is_the_temperature(drawer: ChatDrawer, said: list[ChatOptions]) -> None:
    drawer.creativity.setFocus()
    QTest.keyClick(drawer.creativity, Qt.Key.Key_Right)
    assert [one.sampling.temperature for one in said] == [pytest.approx(0.9)]
    assert "Temperature" in drawer.creativity.toolTip()
    assert drawer.creativity.accessibleName() == "Creativity"
    QTest.keyClick(drawer.creativity, Qt.Key.Key_Home)
    assert said[-1].sampling.temperature == 0


def test_a_slider_that_is_dragged_says_its_change_when_it_is_let_go(
    drawer: ChatDrawer, said: list[ChatOptions]
) -> None:
    slider = drawer.context
    middle = slider.height() // 2
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() // 2, middle))
    for x in (slider.width() // 2 + 30, slider.width() - 2):
        QTest.mouseMove(slider, QPoint(x, middle))
    assert said == []
    fill(drawer)
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() - 2, middle))
    assert [one.context_length for one in said] == [32_768]


def test_thinking_is_offered_only_where_it_can_be_chosen(drawer: ChatDrawer, said: list[ChatOptions]) -> None:
    assert not drawer.thinking_row.isVisible()
    fill(drawer, thinking="always")
    assert not drawer.thinking_row.isVisible()
    fill(drawer, thinking="optional")
    assert drawer.thinking_row.isVisible()
    assert drawer.thinking.value
    drawer.thinking.click()
    assert [one.thinking for one in said] == [False]


def test_the_context_goes_in_doublings_to_what_the_model_was_trained_for(
    drawer: ChatDrawer, said: list[ChatOptions]
) -> None:
    fill(drawer, context=4096, trained=10_000)
    assert drawer.context.number == 4096
    drawer.context.setFocus()
    QTest.keyClick(drawer.context, Qt.Key.Key_Right)
    QTest.keyClick(drawer.context, Qt.Key.Key_Right)
    assert [one.context_length for one in said] == [8192, 10_000]
    assert "reloads" in drawer.context_note.text()


def test_without_a_model_and_a_choice_there_is_no_context_to_show(drawer: ChatDrawer) -> None:
    fill(drawer, context=0, trained=0)
    assert not drawer.context_row.isVisible()
    fill(drawer, options=ChatOptions(context_length=2048), context=0, trained=0)
    assert drawer.context_row.isVisible()
    assert drawer.context.number == 2048


def test_a_context_too_long_for_the_model_is_named(drawer: ChatDrawer) -> None:
    fill(drawer, options=ChatOptions(context_length=65_536), trained=8192)
    assert drawer.context_note.text() == "Too long for this model: it was made for 8,192 tokens at most."


def test_more_options_are_behind_a_fold(drawer: ChatDrawer) -> None:
    assert not drawer.more.isVisible()
    drawer.more_button.click()
    assert drawer.more.isVisible()
    fill(drawer, "Another chat")
    assert drawer.more.isVisible()
    drawer.more_button.click()
    assert not drawer.more.isVisible()


def test_every_number_reaches_the_options(drawer: ChatDrawer, said: list[ChatOptions]) -> None:
    drawer.more_button.click()
    wanted = ChatOptions(
        sampling=Sampling(
            top_k=20, top_p=0.5, min_p=0.1, repeat_penalty=1.1, presence_penalty=0.5,
            frequency_penalty=-0.5, penalty_window=-1, seed=4_294_967_294,
        ),
        max_tokens=300,
        stop=("User:", "\n\n"),
    )  # fmt: skip
    for name, text in (
        ("top_k", "20"), ("top_p", "0.5"), ("min_p", "0,1"), ("repeat_penalty", "1.1"),
        ("presence_penalty", "0.5"), ("frequency_penalty", "-0.5"), ("penalty_window", "-1"),
        ("seed", "4294967294"), ("max_tokens", "300"),
    ):  # fmt: skip
        field = drawer.more.numbers[name]  # type: ignore[index]
        field.edit.selectAll()
        QTest.keyClicks(field.edit, text)
    QTest.keyClicks(drawer.more.stop.edit, "User:")
    QTest.keyClick(drawer.more.stop.edit, Qt.Key.Key_Return)
    QTest.keyClicks(drawer.more.stop.edit, "\\n\\n")
    assert said[-1] == wanted
    assert drawer.options == wanted


@pytest.mark.parametrize(
    ("name", "text"),
    [("top_p", "1.5"), ("top_k", "-1"), ("top_k", "many"), ("max_tokens", "0"), ("seed", "4294967295")],
)
def test_a_number_that_cannot_be_is_wrong_in_its_place_and_not_said(
    drawer: ChatDrawer, said: list[ChatOptions], name: str, text: str
) -> None:
    drawer.more_button.click()
    field = drawer.more.numbers[name]  # type: ignore[index]
    before = drawer.options
    field.edit.selectAll()
    QTest.keyClicks(field.edit, text)
    assert field.error
    assert field.edit.text() == text
    fill(drawer, options=drawer.options)
    assert field.edit.text() == text
    # What was good on the way there was said, and the last of it stands.
    value = field.value
    assert value is None or field.least <= value <= field.most
    assert drawer.options == (said[-1] if said else before)
    fill(drawer, options=drawer.options, conversation=7)
    assert not field.error
    assert field.value == value


def test_too_many_and_too_long_stop_strings_are_wrong_in_their_place(
    drawer: ChatDrawer, said: list[ChatOptions]
) -> None:
    drawer.more_button.click()
    drawer.more.stop.edit.setPlainText("\n".join("x" * 65))
    assert drawer.more.stop.error == "At most 64 lines."
    drawer.more.stop.edit.setPlainText("x" * 1025)
    assert drawer.more.stop.error == "At most 1,024 characters on a line."
    assert said == []
    drawer.more.stop.edit.setPlainText("x")
    assert not drawer.more.stop.error
    assert said[-1].stop == ("x",)


def test_a_reset_keeps_the_instructions_and_can_be_undone(
    drawer: ChatDrawer, said: list[ChatOptions]
) -> None:
    assert not drawer.reset_button.isEnabled()
    options = ChatOptions(sampling=Sampling(temperature=0.3), context_length=8192, stop=("x",))
    fill(drawer, "Be brief.", options)
    drawer.reset_button.click()
    assert said == [ChatOptions()]
    assert drawer.instructions.value == "Be brief."
    assert drawer.creativity.number == pytest.approx(0.8)
    fill(drawer, "Be brief.", ChatOptions())
    assert drawer.reset_button.text() == "Undo the reset"
    drawer.reset_button.click()
    assert said[-1] == options
    assert drawer.more.stop.value == "x"
    assert drawer.reset_button.text() == "Reset to defaults"


def test_the_close_button_says_so(drawer: ChatDrawer, qtbot: QtBot) -> None:
    with qtbot.waitSignal(drawer.closed):
        drawer.close_button.click()


def test_every_option_has_its_term_and_a_name_of_its_own(drawer: ChatDrawer) -> None:
    options = number_options()
    assert len({option.label for option in options}) == len(options)
    for option in options:
        field = drawer.more.numbers[option.name]
        assert field.spin.toolTip() == option.term
        usual = ChatOptions()
        value = usual.max_tokens if option.name == "max_tokens" else getattr(usual.sampling, option.name)
        assert value is None or option.least <= value <= option.most


def test_every_control_is_reached_by_tab(drawer: ChatDrawer) -> None:
    fill(drawer, options=ChatOptions(max_tokens=5), thinking="optional")
    drawer.more_button.click()
    drawer.focus_first()
    reached = set()
    for _ in range(40):
        reached.add(drawer.focusWidget())
        drawer.focusNextChild()
    wanted = [
        drawer.close_button, drawer.instructions.edit, drawer.creativity, drawer.thinking, drawer.context,
        drawer.more_button, drawer.more.stop.edit, drawer.reset_button,
        *(field.spin for field in drawer.more.numbers.values()),
    ]  # fmt: skip
    assert reached >= set(wanted)


stop_strings = st.lists(st.text(min_size=1), max_size=5).map(tuple)


@given(stop_strings)
def test_stop_strings_come_back_as_they_were(stop: tuple[str, ...]) -> None:
    assert read_stop_strings(write_stop_strings(stop)) == stop


def test_a_stray_backslash_stands_for_itself() -> None:
    assert read_stop_strings("\\d\\\\n\\") == ("\\d\\n\\",)
