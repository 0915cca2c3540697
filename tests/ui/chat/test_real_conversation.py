"""Editing, answering again, going on and switching in the real window with the real starter model."""

from __future__ import annotations

import os
import signal

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from slmdesk.storage import Paths
from slmdesk.ui import MainWindow
from tests.ui.driving import (
    PATIENCE_MS,
    OpenWindow,
    ask,
    ask_and_wait,
    engine_pid,
    focused,
    foot,
    kept,
    last_answer,
    person_foot,
    settle,
    texts,
    wait_for_words,
)

STORY = "Write a very long story about the sea."


def edit(window: MainWindow, index: int, text: str) -> None:
    person_foot(window, index).edit.click()
    editor = focused()
    assert isinstance(editor, QPlainTextEdit)
    editor.selectAll()
    editor.insertPlainText(text)
    QTest.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def test_an_edited_message_gets_its_own_answer(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = open_real_window()
    first = ask_and_wait(qtbot, window, "What is the capital of France? One word.")
    edit(window, 0, "What is the capital of Poland? One word.")
    settle(qtbot, window)
    second = last_answer(window)
    assert "Poland" in second
    assert person_foot(window, 0).version.text() == "2/2"
    person_foot(window, 0).previous.click()
    settle(qtbot, window)
    assert texts(window) == ["What is the capital of France? One word.", first]
    assert kept(paths)[1][1] == first


def test_answering_again_makes_a_version_and_both_can_be_read(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = open_real_window()
    first = ask_and_wait(qtbot, window, "Say yes.")
    foot(window).again.click()
    settle(qtbot, window)
    assert foot(window).version.text() == "2/2"
    second = last_answer(window)
    foot(window).previous.click()
    settle(qtbot, window)
    assert texts(window) == ["Say yes.", first]
    foot(window).next.click()
    settle(qtbot, window)
    assert texts(window) == ["Say yes.", second]
    assert kept(paths) == [("user", "Say yes.", "complete"), ("assistant", second, "complete")]


def test_a_stopped_answer_goes_on_where_it_was(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = open_real_window()
    ask(window, STORY)
    wait_for_words(qtbot, window, 30)
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_Escape)
    settle(qtbot, window)
    stopped = last_answer(window)
    foot(window).go_on.click()
    qtbot.waitUntil(lambda: len(last_answer(window)) > len(stopped) + 20, timeout=PATIENCE_MS)
    window.chat.stop()
    settle(qtbot, window)
    whole = last_answer(window)
    assert whole.startswith(stopped)
    assert kept(paths)[1] == ("assistant", whole, "stopped")
    stats = window.chat.conversation.messages[-1].stats
    assert stats is not None
    assert stats.reused_tokens > 0


def test_after_the_engine_was_killed_the_answer_goes_on(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = open_real_window()
    ask(window, STORY)
    wait_for_words(qtbot, window, 30)
    os.kill(engine_pid(window), signal.SIGKILL)
    settle(qtbot, window)
    broken = last_answer(window)
    assert kept(paths)[1] == ("assistant", broken, "failed")
    banner = window.chat.banners.banner
    assert banner is not None
    assert not foot(window).continue_button.isEnabled()
    banner.buttons[-1].click()
    qtbot.waitUntil(lambda: foot(window).continue_button.isEnabled(), timeout=PATIENCE_MS)
    foot(window).continue_button.click()
    qtbot.waitUntil(lambda: len(last_answer(window)) > len(broken) + 20, timeout=PATIENCE_MS)
    window.chat.stop()
    settle(qtbot, window)
    assert last_answer(window).startswith(broken)
    assert kept(paths)[1] == ("assistant", last_answer(window), "stopped")


def test_two_chats_are_answered_one_after_the_other_while_the_person_looks_elsewhere(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = open_real_window()
    ask(window, "Count from one to ten.")
    wait_for_words(qtbot, window)
    first = window.chat.conversation
    window.chat.start_new_chat()
    ask(window, "Say yes.")
    second = window.chat.conversation
    window.chat.start_new_chat()
    assert texts(window) == []
    settle(qtbot, window)
    for conversation in (first, second):
        window.chat.open_conversation(conversation.id)
        settle(qtbot, window)
        shown = texts(window)
        assert len(shown) == 2
        assert shown[1]
    assert window.chat.conversation.id == second.id
