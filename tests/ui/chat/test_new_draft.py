"""What is written in a chat that has no message yet is not lost from sight."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slmdesk.ui import MainWindow
from tests.ui.driving import MakeWindow, ask_and_wait, click_chat, focused, listed, settle
from tests.ui.scripted import ScriptedChat, answer_script, make_conversation

CONTROL = Qt.KeyboardModifier.ControlModifier


def open_by_click(qtbot: QtBot, window: MainWindow, title: str) -> None:
    click_chat(window, title)
    qtbot.waitUntil(lambda: window.chat.head.title.whole_text == title)
    settle(qtbot, window)


def begin_a_new_chat(qtbot: QtBot, window: MainWindow, text: str) -> None:
    QTest.keyClick(focused(), Qt.Key.Key_N, CONTROL)
    settle(qtbot, window)
    QTest.keyClicks(focused(), text)


def marked(window: MainWindow) -> list[str]:
    """What the list says has a draft."""
    return [row.title for row in window.chat.list.model.rows if row.draft]


def test_the_row_of_a_new_chat_stays_while_something_is_written_there(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(ScriptedChat([answer_script("One.")], stored=[make_conversation("Older", "1")]))
    begin_a_new_chat(qtbot, window, "half a thought")
    assert marked(window) == []
    open_by_click(qtbot, window, "Older")
    assert listed(window) == ["New chat", "Older"]
    assert marked(window) == ["New chat"]
    window.close()

    again = make_window()
    assert again.chat.head.title.whole_text == "Older"
    assert marked(again) == ["New chat"]
    open_by_click(qtbot, again, "New chat")
    assert again.chat.list.view.hasFocus()
    assert again.chat.composer.input.toPlainText() == "half a thought"
    assert marked(again) == []


def test_the_row_goes_when_it_was_sent_or_emptied(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(ScriptedChat([answer_script("One.")], stored=[make_conversation("Older", "1")]))
    begin_a_new_chat(qtbot, window, "first")
    open_by_click(qtbot, window, "Older")
    assert marked(window) == ["New chat"]
    open_by_click(qtbot, window, "New chat")
    window.chat.focus_input()
    ask_and_wait(qtbot, window, " and last")
    open_by_click(qtbot, window, "Older")
    assert listed(window) == ["first and last", "Older"]
    begin_a_new_chat(qtbot, window, "x")
    open_by_click(qtbot, window, "Older")
    assert marked(window) == ["New chat"]
    open_by_click(qtbot, window, "New chat")
    window.chat.focus_input()
    QTest.keyClick(focused(), Qt.Key.Key_Backspace)
    open_by_click(qtbot, window, "Older")
    assert listed(window) == ["first and last", "Older"]


def test_arrows_reach_the_new_chat(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(ScriptedChat(stored=[make_conversation("Older", "1")]))
    begin_a_new_chat(qtbot, window, "half a thought")
    open_by_click(qtbot, window, "Older")
    QTest.keyClick(focused(), Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: window.chat.head.title.whole_text == "New chat")
    assert window.chat.list.view.hasFocus()
    settle(qtbot, window)
