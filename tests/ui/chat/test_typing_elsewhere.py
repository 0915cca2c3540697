"""Typing where nothing takes it: it goes into the input, and nothing else happens."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from slmdesk.ui import MainWindow
from tests.ui.driving import MakeWindow, click_chat, focused, listed, settle
from tests.ui.scripted import ScriptedChat, make_conversation

SHIFT = Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier


def two() -> ScriptedChat:
    return ScriptedChat(stored=[make_conversation("Grip", "1"), make_conversation("Newer", "2")])


def type_where_it_goes(text: str) -> None:
    """Each key where the keyboard is by then, as a person types."""
    for letter in text:
        QTest.keyClicks(focused(), letter)


def written(window: MainWindow) -> str:
    return window.chat.composer.input.toPlainText()


def test_letters_typed_after_a_click_on_a_chat_are_written_and_backspace_takes_one_away(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(two())
    click_chat(window, "Newer")
    assert window.chat.list.view.hasFocus()
    type_where_it_goes("Grip")
    QTest.keyClick(focused(), Qt.Key.Key_Backspace)
    settle(qtbot, window)
    assert written(window) == "Gri"
    assert window.chat.composer.input.hasFocus()
    assert window.chat.head.title.whole_text == "Newer"
    assert listed(window) == ["Newer", "Grip"]


def test_backspace_in_the_list_deletes_nothing_and_delete_all_that_is_selected(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(two())
    click_chat(window, "Newer")
    click_chat(window, "Grip", CONTROL)
    for keys in (Qt.KeyboardModifier.NoModifier, CONTROL):
        QTest.keyClick(focused(), Qt.Key.Key_Backspace, keys)
    settle(qtbot, window)
    assert len(window.chat._summaries) == 2
    QTest.keyClick(focused(), Qt.Key.Key_Delete)
    settle(qtbot, window)
    assert not window.chat._summaries


def test_letters_typed_after_a_click_into_the_conversation_are_written(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(two())
    transcript = window.chat.transcript
    window.chat.composer.input.insertPlainText("Once ")
    QTest.mouseClick(transcript.viewport(), Qt.MouseButton.LeftButton, pos=transcript.rect().center())
    assert transcript.hasFocus()
    QTest.keyClicks(focused(), "U", SHIFT)
    type_where_it_goes("pon a")
    assert written(window) == "Once Upon a"
    assert window.chat.composer.input.hasFocus()


@pytest.mark.parametrize("part", ["list", "transcript"])
def test_keys_that_do_something_are_not_typing(make_window: MakeWindow, qtbot: QtBot, part: str) -> None:
    window = make_window(two())
    widget: QWidget = {"list": window.chat.list.view, "transcript": window.chat.transcript}[part]
    widget.setFocus()
    for key, keys in (
        (Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_A, CONTROL),
        (Qt.Key.Key_X, ALT),
    ):
        QTest.keyClick(widget, key, keys)
        assert widget.hasFocus(), key
    assert written(window) == ""
    # As AltGr arrives from the keyboards of Windows.
    QTest.keyClicks(widget, "@", CONTROL | ALT)
    assert written(window) == "@"


def test_a_name_being_written_in_the_list_keeps_its_letters(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(two())
    click_chat(window, "Newer")
    QTest.keyClick(focused(), Qt.Key.Key_F2)
    type_where_it_goes("Mine")
    QTest.keyClick(focused(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: listed(window) == ["Mine", "Grip"])
    assert written(window) == ""
