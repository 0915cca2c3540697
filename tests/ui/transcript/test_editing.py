"""The editor of a message: it is high enough for its text, and what was typed into it is not lost."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slmdesk.chat import Conversation
from slmdesk.ui.transcript import Transcript
from slmdesk.ui.transcript.strip_views.editor_view import EditorView
from slmdesk.ui.transcript.strips import StripKind
from tests.ui.transcript.scene import answer, said, show, strips, view_of


def _edit(transcript: Transcript, index: int) -> EditorView:
    transcript.begin_edit(index)
    [strip] = strips(transcript.messages[index], StripKind.EDITOR)
    return view_of(strip, EditorView)


def test_esc_keeps_what_was_typed_until_it_is_saved(transcript: Transcript, qtbot: QtBot) -> None:
    show(transcript, said("Hi", 1), answer("Hello", 2))
    QTest.keyClicks(_edit(transcript, 0).field, " there")
    QTest.keyClick(_edit(transcript, 0).field, Qt.Key.Key_Escape)
    assert transcript.messages[0].source == "Hi"
    assert _edit(transcript, 1).field.text() == "Hello"
    editor = _edit(transcript, 0)
    assert editor.field.text() == "Hi there"
    with qtbot.waitSignal(transcript.edited) as heard:
        editor.save.click()
    assert heard.args == [0, "Hi there"]
    show(transcript, said("Hi", 1), answer("Hello", 2))
    assert _edit(transcript, 0).field.text() == "Hi"


@pytest.mark.parametrize("leave", ["other chat", "new chat", "other message", "same chat"])
def test_what_was_typed_outlives_leaving(transcript: Transcript, leave: str) -> None:
    here = (said("Hi", 1), answer("Hello", 2))
    show(transcript, *here)
    QTest.keyClicks(_edit(transcript, 0).field, " there")
    match leave:
        case "other chat":
            other = [said("Other", 11), answer("Chat", 12)]
            transcript.show_conversation(Conversation(2, "Other", "", other))
            assert _edit(transcript, 0).field.text() == "Other"
        case "new chat":
            transcript.clear()
        case "other message":
            _edit(transcript, 1)
    if leave != "other message":
        show(transcript, *here)
    assert _edit(transcript, 0).field.text() == "Hi there"


def test_a_text_that_is_as_it_was_is_not_kept(transcript: Transcript) -> None:
    show(transcript, said("Hi", 1), answer("Hello", 2))
    editor = _edit(transcript, 0)
    QTest.keyClicks(editor.field, "x")
    QTest.keyClick(editor.field, Qt.Key.Key_Backspace)
    QTest.keyClick(editor.field, Qt.Key.Key_Escape)
    show(transcript, said("Ho", 1), answer("Hello", 2))
    assert _edit(transcript, 0).field.text() == "Ho"


def test_only_the_last_edits_are_kept(transcript: Transcript) -> None:
    records = [said(f"Message {number}", number) for number in range(1, 31)]
    show(transcript, *records)
    for index in range(25):
        QTest.keyClicks(_edit(transcript, index).field, "!")
    assert _edit(transcript, 24).field.text() == "Message 25!"
    assert _edit(transcript, 5).field.text() == "Message 6!"
    assert _edit(transcript, 4).field.text() == "Message 5"


@pytest.mark.parametrize("text", ["one\ntwo\nthree", "word " * 60], ids=["lines", "wrapped"])
def test_a_short_text_is_seen_as_a_whole(transcript: Transcript, qtbot: QtBot, text: str) -> None:
    show(transcript, said(text), answer("Hello"))
    field = _edit(transcript, 0).field
    qtbot.waitUntil(lambda: not field.verticalScrollBar().isVisible())
    assert field.viewport().height() >= 3 * field.fontMetrics().lineSpacing()


def test_a_message_is_seen_as_a_whole_when_it_is_edited_again(transcript: Transcript, qtbot: QtBot) -> None:
    show(transcript, said("one\ntwo\nthree\nfour\nfive"), answer("Hello"))
    highs = []
    for _ in range(3):
        editor = _edit(transcript, 0)
        qtbot.waitUntil(lambda: not editor.field.verticalScrollBar().isVisible())  # noqa: B023
        highs.append(editor.field.viewport().height())
        QTest.keyClick(editor.field, Qt.Key.Key_Escape)
    assert highs[0] == highs[1] == highs[2] >= 5 * editor.field.fontMetrics().lineSpacing()


def test_a_long_text_gets_about_ten_lines(transcript: Transcript) -> None:
    show(transcript, said("line\n" * 100), answer("Hello"))
    transcript.resize(900, 900)
    field = _edit(transcript, 0).field
    assert 9.5 < field.viewport().height() / field.fontMetrics().lineSpacing() < 11


def test_enter_begins_a_line_and_the_button_says_what_sends(transcript: Transcript, qtbot: QtBot) -> None:
    show(transcript, said("Hi"), answer("Hello"))
    editor = _edit(transcript, 0)
    with qtbot.assertNotEmitted(transcript.edited):
        QTest.keyClick(editor.field, Qt.Key.Key_Return)
    QTest.keyClicks(editor.field, "there")
    assert editor.field.text() == "Hi\nthere"
    assert "Ctrl+Enter" in editor.save.toolTip()
