"""Editing, answering again, going on, and the way between versions: nothing that was written is replaced."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from slmdesk.chat import Conversation, ConversationStore
from slmdesk.engines import End, Text
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Paths
from slmdesk.ui import MainWindow
from tests.ui.driving import (
    MakeWindow,
    ask,
    ask_and_wait,
    focused,
    foot,
    kept,
    person_foot,
    settle,
    texts,
    wait_for_state,
    words_of,
)
from tests.ui.scripted import Gate, ScriptedChat, answer_script, make_stats

ERROR = UserError("nothing-to-answer", ErrorKind.GENERATION, details="exit status -6")


def edit(window: MainWindow, text: str) -> None:
    """Replace what is in the editor that has the keyboard, and save it."""
    editor = focused()
    assert isinstance(editor, QPlainTextEdit)
    assert editor is not window.chat.composer.input
    editor.selectAll()
    editor.insertPlainText(text)
    QTest.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def test_an_edited_message_is_answered_anew_and_the_old_one_stays(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    chat = ScriptedChat([answer_script("One."), answer_script("Two."), answer_script("Three.")])
    window = make_window(chat)
    ask_and_wait(qtbot, window, "First")
    ask_and_wait(qtbot, window, "Second")
    person_foot(window, 0).edit.click()
    edit(window, "First, better")
    settle(qtbot, window)
    assert texts(window) == ["First, better", "Three."]
    assert [one.content for one in chat.pool.requests[-1].messages[1:]] == ["First, better"]
    assert person_foot(window, 0).version.text() == "2/2"
    person_foot(window, 0).previous.click()
    settle(qtbot, window)
    assert texts(window) == ["First", "One.", "Second", "Two."]
    assert [text for _, text, _ in kept(paths)] == ["First", "One.", "Second", "Two."]


def test_the_versions_are_counted_while_the_new_answer_is_written(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    gate = Gate()
    window = make_window(ScriptedChat([answer_script("One."), [Text("Two"), gate, End(reason="stop")]]))
    ask_and_wait(qtbot, window, "First")
    person_foot(window, 0).edit.click()
    edit(window, "First, better")
    wait_for_state(qtbot, window, "Writing")
    qtbot.waitUntil(lambda: person_foot(window, 0).version.text() == "2/2")
    gate.opened.set()
    settle(qtbot, window)


def test_escape_leaves_a_message_as_it_was(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat([answer_script("One.")])
    window = make_window(chat)
    ask_and_wait(qtbot, window, "First")
    person_foot(window, 0).edit.click()
    editor = focused()
    assert isinstance(editor, QPlainTextEdit)
    editor.insertPlainText("not this")
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    settle(qtbot, window)
    assert texts(window) == ["First", "One."]
    assert not window.chat.transcript.messages[0].editing
    assert len(chat.pool.requests) == 1


def test_an_answer_can_be_asked_for_again_and_both_are_kept(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = make_window(ScriptedChat([answer_script("One."), answer_script("Two.")]))
    ask_and_wait(qtbot, window)
    foot(window).again.click()
    settle(qtbot, window)
    assert texts(window) == ["Hello", "Two."]
    assert foot(window).version.text() == "2/2"
    foot(window).previous.click()
    settle(qtbot, window)
    assert texts(window) == ["Hello", "One."]
    assert kept(paths)[1][1] == "One."
    foot(window).next.click()
    settle(qtbot, window)
    assert texts(window) == ["Hello", "Two."]


def test_an_answer_again_that_comes_to_nothing_leaves_the_one_before(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = make_window(ScriptedChat([answer_script("One."), [ERROR]]))
    ask_and_wait(qtbot, window)
    window.chat.try_again()
    settle(qtbot, window)
    assert texts(window) == ["Hello", "One."]
    assert foot(window).mark_of_end.words == ""
    assert words_of(window.chat.banners.banner)
    assert kept(paths)[1] == ("assistant", "One.", "complete")


def test_a_stopped_answer_is_gone_on_with_in_its_place(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    chat = ScriptedChat([[Text("So far"), Gate()], [Text(" and on."), make_stats(), End(reason="stop")]])
    window = make_window(chat)
    ask(window)
    wait_for_state(qtbot, window, "Writing")
    window.chat.stop()
    settle(qtbot, window)
    assert foot(window).mark_of_end.words == "Stopped"
    foot(window).go_on.click()
    settle(qtbot, window)
    assert texts(window) == ["Hello", "So far and on."]
    assert chat.pool.requests[-1].answer_so_far == "So far"
    assert kept(paths)[1] == ("assistant", "So far and on.", "complete")
    assert foot(window).mark_of_end.words == ""
    assert not foot(window).version.isVisible()


def test_both_ways_on_wait_until_the_model_is_there_again(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat([[Text("So far"), ERROR], [Text(" and on."), End(reason="stop")]])
    window = make_window(chat)
    ask_and_wait(qtbot, window)
    row = foot(window)
    assert (row.continue_button.isEnabled(), row.again_button.isEnabled()) == (False, False)
    assert row.hint.text() == "Both become available once the model is loaded again."
    banner = window.chat.banners.banner
    assert banner is not None
    banner.buttons[0].click()
    wait_for_state(qtbot, window, "Ready")
    qtbot.waitUntil(lambda: row.continue_button.isEnabled() and row.again_button.isEnabled())
    row.continue_button.click()
    settle(qtbot, window)
    assert texts(window) == ["Hello", "So far and on."]


def test_an_answer_can_be_edited_and_what_followed_stays_with_the_old_one(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = make_window(ScriptedChat([answer_script("One."), answer_script("Two.")]))
    ask_and_wait(qtbot, window, "First")
    ask_and_wait(qtbot, window, "Second")
    foot(window, 1).edit.click()
    edit(window, "One, as it should be.")
    settle(qtbot, window)
    assert texts(window) == ["First", "One, as it should be."]
    assert [text for _, text, _ in kept(paths)] == ["First", "One, as it should be."]
    foot(window).previous.click()
    settle(qtbot, window)
    assert texts(window) == ["First", "One.", "Second", "Two."]


def test_an_edit_that_cannot_be_stored_comes_back(
    make_window: MakeWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window(ScriptedChat([answer_script("One.")]))
    ask_and_wait(qtbot, window)

    def refuse(self: ConversationStore, conversation: Conversation, index: int, text: str) -> None:
        raise UserError("database-cannot-be-written", ErrorKind.STORAGE, file="x", reason="disk is full")

    monkeypatch.setattr(ConversationStore, "edit_answer", refuse)
    foot(window).edit.click()
    edit(window, "Better.")
    settle(qtbot, window)
    assert texts(window) == ["Hello", "One."]
    assert window.chat.composer.input.toPlainText() == "Better."
    assert "disk is full" in words_of(window.chat.banners.banner)


def test_an_edit_that_is_saved_while_an_answer_comes_is_not_lost(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(ScriptedChat([answer_script("One."), [Text("Two"), Gate()]]))
    ask_and_wait(qtbot, window, "First")
    person_foot(window, 0).edit.click()
    editor = focused()
    assert isinstance(editor, QPlainTextEdit)
    window.chat.send("Second")
    wait_for_state(qtbot, window, "Writing")
    window.chat.transcript.edited.emit(0, "First, better")
    assert window.chat.composer.input.toPlainText() == "First, better"
    assert texts(window)[:3] == ["First", "One.", "Second"]
    window.chat.stop()
    settle(qtbot, window)
