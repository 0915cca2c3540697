"""Small windows, large text, and the keyboard alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.app import _brought_forward_on_request
from slmdesk.engines import Text
from slmdesk.storage import Paths, WindowLock
from slmdesk.ui import MainWindow, Theme
from slmdesk.ui.chat.empty_state import SuggestionRow
from slmdesk.ui.main_window import SETTINGS
from slmdesk.ui.theme import first_window, least_window
from tests.ui.driving import MakeWindow, ask, ask_and_wait, focused, settle, texts, wait_for_state
from tests.ui.scripted import Gate, ScriptedChat, answer_script, make_conversation


def place(widget: QWidget, window: QWidget) -> QRect:
    return QRect(widget.mapTo(window, widget.rect().topLeft()), widget.size())


def test_in_a_narrow_window_the_drawer_takes_the_place_of_the_list(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(size=(900, 600))
    chat = window.chat
    assert chat.list.isVisible()
    chat.head.drawer_button.click()
    assert not chat.list.isVisible()
    assert chat.drawer.isVisible()
    assert place(chat.drawer, window).right() <= 900
    QTest.keyClick(
        focused(), Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert chat.list.isVisible()
    assert chat.list.isAncestorOf(focused())
    window.resize(1280, 800)
    chat.show_drawer(True)
    assert chat.list.isVisible()


def test_a_window_made_narrow_in_one_step_is_laid_out_in_that_step(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(ScriptedChat([answer_script()]), size=(1264, 800))
    ask_and_wait(qtbot, window)
    chat = window.chat
    chat.show_drawer(True)
    QApplication.processEvents()
    for width in (900, 1264):
        window.resize(width, 800)
        left = chat.list if chat.list.isVisible() else window.rail
        begins, ends = place(left, window).right() + 1, place(chat.drawer, window).left()
        assert place(chat.drawer, window).right() + 1 == width
        for part in (chat.head, chat.transcript):
            assert (place(part, window).left(), place(part, window).right() + 1) == (begins, ends)
        assert begins <= place(chat.composer, window).left()
        assert place(chat.composer, window).right() < ends


def test_where_there_is_little_room_the_composer_says_less(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(ScriptedChat([answer_script()]))
    ask_and_wait(qtbot, window)
    words = window.chat.composer.meter.words
    assert words.text() == "486 of 4,096 tokens"
    window.chat.show_drawer(True)
    qtbot.waitUntil(lambda: words.text() == "486 of 4,096")
    window.chat.show_drawer(False)
    qtbot.waitUntil(lambda: words.text() == "486 of 4,096 tokens")


def test_a_window_is_no_larger_than_its_screen() -> None:
    small, large = QSize(731, 457), QSize(1920, 1040)
    assert least_window(small) == (731, 457)
    assert least_window(large) == (900, 600)
    assert first_window(small, 1280, 800) == (731, 457)
    assert first_window(large, 1280, 800) == (1280, 800)
    assert first_window(large, 400, 300) == (900, 600)
    assert first_window(QSize(1000, 500), 1280, 550) == (1000, 500)


def test_on_a_small_screen_shown_twice_as_large_nothing_is_cut(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(ScriptedChat([answer_script("An answer.")]))
    window.setMinimumSize(731, 457)
    window.resize(731, 457)
    ask_and_wait(qtbot, window)
    chat = window.chat
    for drawer in (False, True):
        chat.show_drawer(drawer)
        QApplication.processEvents()
        assert (window.width(), window.height()) == (731, 457)
        button, meter = chat.composer.model_button, chat.composer.meter
        qtbot.waitUntil(lambda: button.width() >= button.sizeHint().width())  # noqa: B023 - waited for here
        assert meter.words.width() >= meter.words.sizeHint().width()
        for one in (*chat.head.findChildren(QAbstractButton), *chat.composer.findChildren(QAbstractButton)):
            if one.isVisible():
                assert window.rect().contains(place(one, window)), one
    assert window.rect().contains(place(chat.drawer, window))


def test_a_suggestion_that_is_too_long_for_a_line_has_two(qtbot: QtBot, theme: Theme) -> None:
    text = "Write a short, friendly note to thank a neighbour for watering my plants."
    row = SuggestionRow(theme, "list", "Write", text)
    qtbot.addWidget(row)
    assert row.text_lines(560) == [text]
    assert row.heightForWidth(560) == theme.sizes.prompt_row
    lines = row.text_lines(380)
    assert len(lines) == 2
    assert " ".join(lines) == text
    assert row.heightForWidth(380) > theme.sizes.prompt_row
    assert row.text_lines(200)[1].endswith("…")
    row.resize(380, row.heightForWidth(380))
    assert not row.grab().isNull()


@pytest.fixture
def large_theme(qapp: QApplication) -> Iterator[Theme]:
    theme = Theme(qapp, "light", scale=3.0)
    theme.set_style()
    yield theme
    Theme(qapp, "light").set_style()


@pytest.fixture
def theme(request: pytest.FixtureRequest, qapp: QApplication) -> Theme:
    """Three times as large where the test asks for it."""
    if "large_theme" in request.fixturenames:
        return request.getfixturevalue("large_theme")  # type: ignore[no-any-return]
    theme = Theme(qapp, "light")
    theme.set_style()
    return theme


@pytest.mark.parametrize("size", [(900, 600), (1280, 800)])
def test_with_text_three_times_as_large_nothing_lies_over_anything(
    large_theme: Theme, make_window: MakeWindow, qtbot: QtBot, size: tuple[int, int]
) -> None:
    window = make_window(ScriptedChat([answer_script("An answer.")]), size=size)
    ask_and_wait(qtbot, window)
    assert (window.width(), window.height()) == size
    chat = window.chat
    parts = [window.rail, chat.list, chat.head, chat.composer]
    places = [place(part, window) for part in parts]
    for index, one in enumerate(places):
        assert window.rect().contains(one), parts[index]
        assert not any(one.intersects(other) for other in places[index + 1 :]), parts[index]
    for button in chat.composer.findChildren(QAbstractButton):
        if button.isVisible():
            assert chat.composer.rect().contains(place(button, chat.composer)), button
    chat.show_drawer(True)
    assert window.rect().contains(place(chat.drawer, window))
    chat.show_drawer(False)
    assert chat.composer.input.isVisible()
    assert chat.composer.input.hasFocus()
    window.show_panel(SETTINGS)
    for setting in window.settings_panel.general.settings:
        assert setting.row.rect().contains(place(setting.widget, setting.row)), setting.name


def reach(name: str, steps: int = 60) -> QWidget:
    """Press Tab until a control with this accessible name has the keyboard."""
    for _ in range(steps):
        QTest.keyClick(focused(), Qt.Key.Key_Tab)
        if focused().accessibleName() == name:
            return focused()
    raise AssertionError(f"{name} is not reached with Tab")


def test_a_message_is_edited_and_an_answer_asked_for_again_with_the_keyboard_alone(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(
        ScriptedChat([answer_script("One."), answer_script("Two."), answer_script("Three.")])
    )
    QTest.keyClicks(focused(), "First")
    QTest.keyClick(focused(), Qt.Key.Key_Return)
    settle(qtbot, window)
    QTest.keyClick(reach("Edit message"), Qt.Key.Key_Space)
    editor = focused()
    assert isinstance(editor, QPlainTextEdit)
    QTest.keyClicks(editor, ", better")
    QTest.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, window)
    assert texts(window) == ["First, better", "Two."]
    QTest.keyClick(reach("Try again"), Qt.Key.Key_Space)
    settle(qtbot, window)
    assert texts(window) == ["First, better", "Three."]
    QTest.keyClick(reach("Previous version"), Qt.Key.Key_Space)
    settle(qtbot, window)
    assert texts(window) in (["First", "One."], ["First, better", "Two."])


def test_a_chat_is_renamed_deleted_and_brought_back_with_the_keyboard_alone(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(
        ScriptedChat(stored=[make_conversation("Older", "1"), make_conversation("Newer", "2")])
    )
    rows = reach("Chats")
    QTest.keyClick(rows, Qt.Key.Key_F2)
    QTest.keyClicks(focused(), "Mine")
    QTest.keyClick(focused(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.chat.head.title.whole_text == "Mine")
    settle(qtbot, window)
    assert window.chat.list.isAncestorOf(focused())
    QTest.keyClick(focused(), Qt.Key.Key_Delete)
    settle(qtbot, window)
    assert [one.title for one in window.chat._summaries.values()] == ["Older"]
    undo = next(
        one for one in window.findChildren(QAbstractButton) if one.isVisible() and one.text() == "Undo"
    )
    for _ in range(60):
        QTest.keyClick(focused(), Qt.Key.Key_Tab)
        if undo.hasFocus():
            break
    QTest.keyClick(undo, Qt.Key.Key_Return)
    settle(qtbot, window)
    assert texts(window) == ["Mine", "2"] or window.chat.head.title.whole_text == "Mine"


def test_escape_closes_what_is_open_from_the_last_to_the_first(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(ScriptedChat([answer_script("One."), [Text("So far"), Gate()]]))
    ask_and_wait(qtbot, window)
    chat = window.chat
    chat.show_drawer(True)
    chat.open_find()
    ask(window, "More")
    wait_for_state(qtbot, window, "Writing")
    chat.focus_input()
    QTest.keyClick(focused(), Qt.Key.Key_Escape)
    settle(qtbot, window)
    assert not chat.find_bar.isHidden()
    QTest.keyClick(focused(), Qt.Key.Key_Escape)
    assert (chat.find_bar.isHidden(), chat.drawer.isHidden()) == (True, False)
    QTest.keyClick(focused(), Qt.Key.Key_Escape)
    assert chat.drawer.isHidden()


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_a_second_start_brings_the_window_forward(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths, qt_loop: asyncio.AbstractEventLoop
) -> None:
    window: MainWindow = make_window()
    lock = WindowLock(paths.window_lock)
    assert lock.take()
    with _brought_forward_on_request(window, lock):
        window.showMinimized()
        assert window.isMinimized()
        lock.ask_for_attention()
        qtbot.waitUntil(lambda: not window.isMinimized() and window.isActiveWindow())
    lock.release()
