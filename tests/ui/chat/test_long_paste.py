"""Ten thousand lines, pasted: they can be sent, read, edited and searched, and never stop the window."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from slmdesk.storage import Paths
from tests.ui.driving import MakeWindow, focused, kept, person_foot, settle, texts
from tests.ui.scripted import ScriptedChat, answer_script

LINES = 10_000
TEXT = "\n".join(f"line {number}: some words that are pasted from a log" for number in range(LINES))
# Of the window's own thread, so that a machine under load does not matter.
PASTE_S, SEND_S = 1.0, 1.5


def test_ten_thousand_lines_are_pasted_sent_and_stored(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = make_window(ScriptedChat([answer_script("Long."), answer_script("Longer.")]))
    field = window.chat.composer.input
    one_line = field.height()
    QGuiApplication.clipboard().setText(TEXT)
    start = time.thread_time()
    QTest.keyClick(field, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    window.grab()
    pasted = time.thread_time() - start
    assert field.blockCount() == LINES
    assert one_line < field.height() < 12 * one_line
    start = time.thread_time()
    QTest.keyClick(field, Qt.Key.Key_Return)
    settle(qtbot, window)
    window.grab()
    sent = time.thread_time() - start
    assert texts(window) == [TEXT, "Long."]
    assert kept(paths)[0] == ("user", TEXT, "complete")
    assert pasted < PASTE_S
    assert sent < SEND_S


def test_a_message_of_ten_thousand_lines_is_read_found_in_and_edited(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(ScriptedChat([answer_script("Long."), answer_script("Longer.")]))
    transcript = window.chat.transcript
    window.chat.send(TEXT)
    settle(qtbot, window)
    assert transcript.find_text("line 9876:") == 1
    transcript.find_next()
    window.grab()
    transcript.verticalScrollBar().setValue(0)
    window.grab()
    transcript.verticalScrollBar().setValue(transcript.verticalScrollBar().maximum())
    qtbot.waitUntil(lambda: person_foot(window, 0).isVisible())
    person_foot(window, 0).edit.click()
    editor = focused()
    assert isinstance(editor, QPlainTextEdit)
    assert editor.blockCount() == LINES
    editor.appendPlainText("and one more")
    QTest.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, window)
    assert texts(window) == [f"{TEXT}\nand one more", "Longer."]
