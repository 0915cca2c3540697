"""The keys of the window, and the sheet that shows them."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slmdesk.ui import MainWindow
from slmdesk.ui.shortcuts import ShortcutSheet, shortcut_groups
from slmdesk.ui.shortcuts.binding import window_actions
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.popup import ChoicePopup
from tests.ui.driving import MakeWindow, ask_and_wait, focused, settle, texts
from tests.ui.scripted import ScriptedChat, answer_script, make_conversation

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def sheet_of(window: MainWindow) -> ShortcutSheet:
    (sheet,) = [one for one in window.findChildren(ShortcutSheet) if one.isVisible()]
    return sheet


def test_every_key_of_the_table_is_bound_once(make_window: MakeWindow) -> None:
    window = make_window()
    bound = Counter(one.key().toString() for one in window.findChildren(QShortcut))
    actions = window_actions(window)
    table = [one for group in shortcut_groups() for one in group.shortcuts]
    for one in table:
        if one.action:
            assert one.action in actions
            for keys in one.keys:
                assert bound.pop(QKeySequence(keys).toString(), 0) == 1, keys
    assert not {one.action for one in table if one.action} ^ set(actions)


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_F1])
def test_the_sheet_opens_and_closes_with_a_key_and_the_keyboard_goes_back(
    make_window: MakeWindow, qtbot: QtBot, key: Qt.Key
) -> None:
    window = make_window()
    before = window.chat.composer.model_button
    before.setFocus()
    QTest.keyClick(before, Qt.Key.Key_F1)
    sheet = sheet_of(window)
    words = {label.text() for label in sheet.findChildren(Label)}
    for group in shortcut_groups():
        assert {group.title, *(one.words for one in group.shortcuts)} <= words
    assert sheet.isAncestorOf(focused())
    QTest.keyClick(focused(), Qt.Key.Key_Comma, CONTROL)
    assert window.stack.currentWidget() is window.chat
    for _ in range(3):
        QTest.keyClick(focused(), Qt.Key.Key_Tab)
        assert sheet.isAncestorOf(focused())
    QTest.keyClick(focused(), key)
    assert focused() is before
    assert not sheet.isVisible()
    assert window.stack.currentWidget() is window.chat


def test_a_click_beside_the_sheet_closes_it(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    window.show_shortcuts()
    sheet = sheet_of(window)
    QTest.mouseClick(sheet, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert not sheet.isVisible()


def test_a_second_f1_never_opens_a_second_sheet(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    window.show_shortcuts()
    window.show_shortcuts()
    sheet_of(window).leave()


def test_keys_lead_through_the_chats(make_window: MakeWindow, qtbot: QtBot) -> None:
    stored = [make_conversation("Older", "1"), make_conversation("Newer", "2")]
    window = make_window(ScriptedChat(stored=stored))
    field = window.chat.composer.input
    QTest.keyClick(field, Qt.Key.Key_PageDown, CONTROL)
    qtbot.waitUntil(lambda: window.chat.head.title.whole_text == "Older")
    QTest.keyClick(focused(), Qt.Key.Key_PageUp, CONTROL)
    qtbot.waitUntil(lambda: window.chat.head.title.whole_text == "Newer")
    QTest.keyClick(focused(), Qt.Key.Key_N, CONTROL)
    assert window.chat.head.title.whole_text == "New chat"
    settle(qtbot, window)


def test_keys_open_drawer_models_and_find(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(ScriptedChat([answer_script("Find the word.")]))
    ask_and_wait(qtbot, window)
    chat = window.chat
    QTest.keyClick(chat.composer.input, Qt.Key.Key_D, CONTROL)
    assert chat.drawer.isAncestorOf(focused())
    QTest.keyClick(focused(), Qt.Key.Key_D, CONTROL)
    assert chat.drawer.isHidden()
    assert chat.composer.input.hasFocus()
    QTest.keyClick(chat.composer.input, Qt.Key.Key_M, CONTROL)
    popup = next(one for one in window.findChildren(ChoicePopup) if one.isVisible())
    QTest.keyClick(popup.list, Qt.Key.Key_Escape)
    chat.focus_input()
    QTest.keyClick(chat.composer.input, Qt.Key.Key_F, CONTROL)
    QTest.keyClicks(focused(), "word")
    qtbot.waitUntil(lambda: chat.find_bar.words.text() == "1 of 1")
    QTest.keyClick(focused(), Qt.Key.Key_F3)
    QTest.keyClick(focused(), Qt.Key.Key_F3, SHIFT)
    assert chat.find_bar.words.text() == "1 of 1"
    QTest.keyClick(focused(), Qt.Key.Key_Escape)
    assert chat.find_bar.isHidden()
    assert chat.composer.input.hasFocus()


def test_keys_copy_the_answer_and_ask_again(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(ScriptedChat([answer_script("One."), answer_script("Two.")]))
    ask_and_wait(qtbot, window)
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_C, CONTROL | SHIFT)
    assert QGuiApplication.clipboard().text() == "One."
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_R, CONTROL)
    settle(qtbot, window)
    assert texts(window) == ["Hello", "Two."]


def test_focus_leaves_a_drawer_that_is_closed(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    window.chat.show_drawer(True)
    QTest.keyClick(focused(), Qt.Key.Key_Escape)
    assert window.chat.drawer.isHidden()
    assert window.chat.composer.input.hasFocus()
