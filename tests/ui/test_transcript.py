"""The column of messages: streaming, selecting, and staying where the reader is."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from slmdesk.chat import ChatMessageRecord, Conversation
from slmdesk.engines import End
from slmdesk.ui.chat.message_text import MessageText
from slmdesk.ui.chat.messages import AnswerFoot, AnswerMessage
from slmdesk.ui.chat.transcript import Transcript, reading_column
from slmdesk.ui.theme import Theme
from tests.ui.scripted import make_stats


@pytest.fixture
def transcript(qtbot: QtBot, theme: Theme) -> Transcript:
    transcript = Transcript(theme)
    qtbot.addWidget(transcript)
    transcript.resize(900, 500)
    with qtbot.waitActive(transcript):
        transcript.show()
        transcript.activateWindow()
    return transcript


@pytest.fixture
def text(qtbot: QtBot, theme: Theme) -> MessageText:
    text = MessageText(theme, "Answer")
    qtbot.addWidget(text)
    text.set_width(600)
    with qtbot.waitActive(text):
        text.show()
        text.activateWindow()
    return text


def _hidden(foot: AnswerFoot) -> bool:
    return foot.copy.faint and foot.again.faint


def _answer(transcript: Transcript) -> AnswerMessage:
    last = transcript.messages[-1]
    assert isinstance(last, AnswerMessage)
    return last


def test_streamed_text_arrives_whole_and_ends_with_its_figures(transcript: Transcript, qtbot: QtBot) -> None:
    transcript.add_person_message("Hello")
    transcript.begin_answer("SmolLM2 135M", 0)
    for piece in ("One", " line\n", "another", " line"):
        transcript.append(piece)
    transcript.set_stats(make_stats())
    transcript.end_answer(End(reason="stop"))
    answer = _answer(transcript)
    assert answer.text.plain_text() == "One line\nanother line"
    assert "312 tokens" in answer.foot.figures.text()
    assert answer.foot.mark.isHidden()


def test_it_draws_at_most_thirty_times_a_second(
    transcript: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcript.begin_answer("SmolLM2 135M", 0)
    drawn: list[str] = []
    monkeypatch.setattr(_answer(transcript).text, "append", drawn.append)
    started = time.monotonic()
    pieces = 0
    while time.monotonic() < started + 0.5:
        transcript.append("word ")
        pieces += 1
        QApplication.processEvents()
    assert pieces > 100
    assert 1 <= len(drawn) <= 0.5 * 30 + 1


def test_the_cost_of_appending_does_not_grow(text: MessageText) -> None:
    """20,000 tokens in a single paragraph, the worst a model can do; the last are as cheap as the first."""
    batch = "lorem ipsum dolor sit amet "

    def cost(batches: int) -> float:
        started = time.process_time()
        for _ in range(batches):
            text.append(batch)
        return time.process_time() - started

    cost(100)
    early = cost(100)
    cost(3600)
    late = cost(100)
    assert late < early * 4 + 0.05
    assert text.plain_text() == batch * 3900


def test_a_long_paragraph_is_one_again_when_it_is_finished(text: MessageText) -> None:
    for _ in range(300):
        text.append("lorem ipsum dolor sit amet ")
    assert text.document().blockCount() > 1
    text.selectAll()
    assert "\n" not in text.createMimeDataFromSelection().text()
    text.finish()
    assert text.document().blockCount() == 1
    assert text.plain_text() == "lorem ipsum dolor sit amet " * 300


def test_right_to_left_and_emoji(text: MessageText) -> None:
    mixed = "שלום עולם 😀\nAnd English 🧑‍🚀"
    for piece in mixed:
        text.append(piece)
    first, second = text.document().firstBlock(), text.document().lastBlock()
    assert first.textDirection() == Qt.LayoutDirection.RightToLeft
    assert second.textDirection() == Qt.LayoutDirection.LeftToRight
    line = first.layout().lineAt(0)
    assert line.naturalTextRect().right() == pytest.approx(600, abs=2)
    assert text.plain_text() == mixed


def test_copying_part_of_a_text_counts_emoji_right(text: MessageText) -> None:
    text.set_text("😀😀 end")
    cursor = QTextCursor(text.document())
    cursor.setPosition(2)
    cursor.setPosition(4, QTextCursor.MoveMode.KeepAnchor)
    text.setTextCursor(cursor)
    assert text.createMimeDataFromSelection().text() == "😀"


def test_text_can_be_selected_with_the_keyboard(text: MessageText, qtbot: QtBot) -> None:
    text.set_text("Some words")
    text.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(text, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(text, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "Some words"


def test_a_screen_reader_can_read_a_message(text: MessageText) -> None:
    text.set_text("Some words")
    interface = QAccessible.queryAccessibleInterface(text)
    assert interface is not None
    assert interface.text(QAccessible.Text.Name) == "Answer"
    reader = interface.textInterface()
    assert reader is not None
    assert reader.text(0, reader.characterCount()) == "Some words"


def test_the_reader_at_the_end_stays_there(transcript: Transcript) -> None:
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.append("line\n" * 100)
    transcript.end_answer(End(reason="stop"))
    assert transcript.at_end
    assert transcript.verticalScrollBar().maximum() > 500


def test_the_reader_elsewhere_is_not_moved(transcript: Transcript, qtbot: QtBot) -> None:
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.append("line\n" * 100)
    qtbot.waitUntil(lambda: transcript.verticalScrollBar().maximum() > 500)
    transcript.verticalScrollBar().setValue(200)
    transcript.append("line\n" * 100)
    transcript.end_answer(End(reason="stop"))
    assert transcript.verticalScrollBar().value() == 200


def test_an_answer_that_ended_early_says_so(transcript: Transcript) -> None:
    for end, words in (
        (End(reason="cancelled"), "Stopped"),
        (End(reason="length"), "Length limit reached"),
        (End(reason="context_full", needed_tokens=4096, context_length=4096), "Context full: 4,096 tokens"),
    ):
        transcript.begin_answer("SmolLM2 135M", 0)
        transcript.append("text")
        transcript.end_answer(end)
        assert _answer(transcript).foot.mark.words == words
        assert not _answer(transcript).foot.mark.isHidden()


def test_actions_show_on_hover_and_focus_and_keep_their_place(transcript: Transcript, qtbot: QtBot) -> None:
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.append("text")
    transcript.end_answer(End(reason="stop"))
    foot = _answer(transcript).foot
    height = foot.height()
    # Wherever the platform has put the pointer.
    foot.set_pointer_near(False)
    assert _hidden(foot)
    foot.set_pointer_near(True)
    assert not _hidden(foot)
    foot.set_pointer_near(False)
    foot.copy.setFocus(Qt.FocusReason.TabFocusReason)
    assert not _hidden(foot)
    assert foot.height() == height
    foot.copy.click()
    assert QApplication.clipboard().text() == "text"


def test_only_the_last_answer_can_be_tried_again(transcript: Transcript, qtbot: QtBot) -> None:
    said = ChatMessageRecord(1, "user", "Hi", "complete", "", 0)
    answer = ChatMessageRecord(2, "assistant", "Hello", "complete", "SmolLM2 135M", 0, "stop", make_stats())
    transcript.show_conversation(Conversation(1, "Hi", "", [said, answer, said, answer]))
    answers = [one for one in transcript.messages if isinstance(one, AnswerMessage)]
    assert [one.foot.again.isHidden() for one in answers] == [True, False]
    with qtbot.waitSignal(transcript.again_wanted):
        answers[1].foot.again.click()


def test_an_unanswered_message_can_be_tried_again(transcript: Transcript) -> None:
    said = ChatMessageRecord(1, "user", "Hi", "complete", "", 0)
    transcript.show_conversation(Conversation(1, "Hi", "", [said]))
    foot = _answer(transcript).foot
    assert foot.mark.words == "Not answered"
    assert foot.again.isEnabled()
    assert not foot.copy.isEnabled()


@pytest.mark.parametrize(("room", "column"), [(1104, 720), (844, 720), (700, 560), (500, 468)])
def test_the_column_is_as_wide_as_reading_likes(theme: Theme, room: int, column: int) -> None:
    assert reading_column(theme, room) == column
