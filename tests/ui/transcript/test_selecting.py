"""Selecting and copying over blocks and messages, with the mouse and with keys."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from slmdesk.ui.transcript import Transcript
from tests.ui.transcript.scene import answer, drag, foot, marked, person_foot, point_of, said, show

ANSWER = (
    "A first paragraph.\n\n- one **item**\n- another\n\n```python\nx = 1\ny = 2\n```\n\n"
    "| a | b |\n|---|---|\n| c | d |"
)


def _click(transcript: Transcript, words: str, times: int) -> None:
    point = point_of(transcript, words) + QPoint(3, 0)
    for count in range(times):
        if count == 1:
            QTest.mouseDClick(transcript.viewport(), Qt.MouseButton.LeftButton, pos=point)
        else:
            QTest.mouseClick(transcript.viewport(), Qt.MouseButton.LeftButton, pos=point)


def test_a_selection_goes_over_blocks_and_messages(transcript: Transcript) -> None:
    transcript.resize(900, 700)
    show(transcript, said("Hi there"), answer(ANSWER), said("And then", 3), answer("More", 4))
    drag(transcript, point_of(transcript, "there"), point_of(transcript, "then"))
    # The answer between is given as it was written; of the others what was selected.
    assert transcript.selected_text() == f"there\n\n{ANSWER}\n\nAnd "
    assert marked(transcript)[0] == "there"
    assert "And " in marked(transcript)
    QTest.keyClick(transcript, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == f"there\n\n{ANSWER}\n\nAnd "


def test_blocks_are_copied_as_plain_text(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer(ANSWER))
    drag(transcript, point_of(transcript, "first"), point_of(transcript, "y = 2"))
    assert transcript.selected_text() == "first paragraph.\n\n• one item\n• another\n\nx = 1\n"


def test_cells_are_divided_by_tabs(transcript: Transcript) -> None:
    transcript.resize(900, 700)
    show(transcript, said("Hi"), answer("| ab | b |\n|---|---|\n| c | d |\n\nEnd"))
    drag(transcript, point_of(transcript, "ab") + QPoint(0, 2), point_of(transcript, "End"))
    assert transcript.selected_text() == "ab\tb\nc\td"
    assert sorted(marked(transcript)) == ["ab", "b", "c", "d"]


def test_what_leads_back_from_a_footnote_is_not_copied(transcript: Transcript) -> None:
    text = "One[^n] two.\n\n[^n]: The note.\n\n    ↩ is an arrow."
    show(transcript, said("Hi"), answer(text))
    drag(transcript, point_of(transcript, "two"), point_of(transcript, "is an arrow") + QPoint(600, 0))
    # Nor is the line above the notes, which would be empty lines.
    assert transcript.selected_text() == "two.\n\n1. The note.\n↩ is an arrow."
    drag(transcript, point_of(transcript, "arrow"), point_of(transcript, "arrow") + QPoint(600, 0))
    assert transcript.selected_text() == "arrow."


def test_a_selection_drawn_backwards_is_the_same(transcript: Transcript) -> None:
    show(transcript, said("Hi there"), answer("One two three"))
    drag(transcript, point_of(transcript, "three"), point_of(transcript, "there"))
    assert transcript.selected_text() == "there\n\nOne two "


def test_a_double_click_selects_a_word_and_a_third_click_the_block(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("One two three.\n\nAnother block."))
    _click(transcript, "two", 2)
    assert transcript.selected_text() == "two"
    _click(transcript, "two", 1)
    assert transcript.selected_text() == "One two three."


def test_emoji_are_counted_right(transcript: Transcript) -> None:
    show(transcript, said("😀😀 end"), answer("אבג 😀 end"))
    drag(transcript, point_of(transcript, "😀😀"), point_of(transcript, "end"))
    assert transcript.selected_text() == "😀😀 "


def test_everything_can_be_selected(transcript: Transcript) -> None:
    records = [said("Hi", 1), answer("One **two**", 2)] * 50
    show(transcript, *records)
    transcript.setFocus()
    QTest.keyClick(transcript, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(transcript, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "\n\n".join(["Hi", "One **two**"] * 50)
    transcript.verticalScrollBar().setValue(0)
    # What comes on screen later is marked as well.
    assert "One two" in marked(transcript)


def test_drawing_out_of_the_view_scrolls_along(transcript: Transcript, qtbot: QtBot) -> None:
    show(transcript, said("Hi"), answer("".join(f"Line {number}.\n\n" for number in range(200))))
    transcript.verticalScrollBar().setValue(0)
    surface = transcript.viewport()
    QTest.mousePress(surface, Qt.MouseButton.LeftButton, pos=point_of(transcript, "Line 1."))
    QTest.mouseMove(surface, QPoint(300, surface.height() + 80))
    qtbot.waitUntil(lambda: transcript.verticalScrollBar().value() > 200, timeout=5000)
    QTest.mouseRelease(surface, Qt.MouseButton.LeftButton, pos=QPoint(300, surface.height() + 80))
    text = transcript.selected_text()
    assert text.startswith("Line 1.\n\nLine 2.\n\n")
    assert "Line 15." in text
    stopped = transcript.verticalScrollBar().value()
    QTest.qWait(100)
    assert transcript.verticalScrollBar().value() == stopped


def test_shift_and_a_click_extend(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("One two three four"))
    QTest.mouseClick(transcript.viewport(), Qt.MouseButton.LeftButton, pos=point_of(transcript, "two"))
    QTest.mouseClick(
        transcript.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.ShiftModifier,
        point_of(transcript, "four"),
    )
    assert transcript.selected_text() == "two three "


def test_the_buttons_copy_what_was_written(transcript: Transcript, qtbot: QtBot) -> None:
    show(transcript, said("Hi **there**"), answer("One **two**"))
    with qtbot.waitSignal(transcript.copied):
        foot(transcript).copy.click()
    assert QApplication.clipboard().text() == "One **two**"
    person_foot(transcript).copy.click()
    assert QApplication.clipboard().text() == "Hi **there**"
    transcript.copy_last_answer()
    assert QApplication.clipboard().text() == "One **two**"
