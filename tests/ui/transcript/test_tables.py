"""Tables: lines inside of cells, and columns that are too many for the width."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from slmdesk.engines import End
from slmdesk.ui.transcript import Transcript
from slmdesk.ui.transcript.strip_views.table_view import TableView
from slmdesk.ui.transcript.strips import StripKind
from tests.ui.transcript.scene import answer, drag, point_of, said, show, strips, view_of

NAMES = [f"Column number {number}" for number in range(1, 13)]
WORD = "measurement"


def table(columns: int, rows: int) -> str:
    lines = [NAMES[:columns], ["---"] * columns]
    lines += [[f"{WORD} {row}.{column}" for column in range(columns)] for row in range(rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def views(transcript: Transcript) -> list[TableView]:
    return [view_of(one, TableView) for one in strips(transcript.messages[1], StripKind.TABLE) if one.widget]


def broken_words(view: TableView) -> list[str]:
    """Where a line of a cell ends in the middle of a word."""
    found = []
    block = view.body.document().firstBlock()
    while block.isValid():
        text, layout = block.text(), block.layout()
        for number in range(1, layout.lineCount()):
            start = layout.lineAt(number).textStart()
            if not text[start - 1].isspace():
                found.append(text)
        block = block.next()
    return found


def most_lines(view: TableView) -> int:
    """Of any cell."""
    document = view.body.document()
    blocks = (document.findBlockByNumber(number) for number in range(document.blockCount()))
    return max(block.layout().lineCount() for block in blocks)


def turn_wheel_sideways(transcript: Transcript, point: QPoint, pixels: int) -> None:
    surface = transcript.viewport()
    event = QWheelEvent(
        QPointF(point),
        QPointF(surface.mapToGlobal(point)),
        QPoint(-pixels, 0),
        QPoint(-pixels * 2, 0),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(surface, event)


def test_a_break_in_a_cell_begins_a_line(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("| a | b |\n|---|---|\n| Oslo<br>Bergen | x |\n\nEnd"))
    [view] = views(transcript)
    oslo, bergen = point_of(transcript, "Oslo"), point_of(transcript, "Bergen")
    assert oslo.x() == bergen.x()
    assert bergen.y() > oslo.y()
    # As wide as its longer line, not as both.
    width = view.body.document().documentLayout().blockBoundingRect(view.body.document().find("x").block())
    assert width.left() < 200
    drag(transcript, oslo, point_of(transcript, "x") + QPoint(20, 0))
    assert transcript.selected_text() == "Oslo Bergen\tx"


def test_words_of_a_table_with_many_columns_are_whole_and_it_scrolls(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer(f"{table(12, 3)}\n\nEnd"))
    [view] = views(transcript)
    assert broken_words(view) == []
    assert view._bar.isVisible()
    assert view._bar.geometry().bottom() < view.height()
    last = f"{WORD} 0.11"
    before = point_of(transcript, last)
    assert before.x() > transcript.viewport().width()
    view._bar.setValue(view._bar.maximum())
    after = point_of(transcript, last)
    assert after.x() == before.x() - view._bar.maximum()
    assert view.rect().contains(view.mapFrom(transcript.viewport(), after))
    # What is pointed at is what is seen there.
    drag(transcript, after + QPoint(1, 0), point_of(transcript, "number 12"))
    assert "number 11" not in transcript.selected_text().replace("\t", " ")


def test_where_it_is_scrolled_in_any_case_nothing_is_squeezed(transcript: Transcript) -> None:
    row = " | ".join(["some words of a text that goes on"] * 12)
    show(transcript, said("Hi"), answer(f"|{' a |' * 12}\n|{'---|' * 12}\n| {row} |\n\nEnd"))
    [view] = views(transcript)
    assert view._bar.isVisible()
    assert most_lines(view) <= 3


def test_the_wheel_and_the_arrows_scroll_it(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer(f"{table(12, 3)}\n\nEnd"))
    [view] = views(transcript)
    before = point_of(transcript, "Column").x()
    turn_wheel_sideways(transcript, point_of(transcript, "Column"), 60)
    assert point_of(transcript, "Column").x() == before - 60
    assert view._bar.value() == 60
    turn_wheel_sideways(transcript, point_of(transcript, "number 3"), 10_000)
    assert view._bar.value() == view._bar.maximum()
    for _ in range(100):
        QTest.keyClick(transcript, Qt.Key.Key_Left)
    assert point_of(transcript, "Column").x() == before
    QTest.keyClick(transcript, Qt.Key.Key_Right)
    assert point_of(transcript, "Column").x() < before


def test_all_parts_of_a_long_table_scroll_as_one(transcript: Transcript) -> None:
    transcript.resize(900, 3000)
    show(transcript, said("Hi"), answer(table(12, 45)))
    parts = views(transcript)
    assert len(parts) == 5
    assert [one._bar.isVisible() for one in parts] == [False] * 4 + [True]
    turn_wheel_sideways(transcript, point_of(transcript, f"{WORD} 2.0"), 90)
    assert [one.body.horizontalScrollBar().value() for one in parts] == [90] * 5
    assert parts[-1]._bar.value() == 90


def test_what_there_is_room_for_does_not_scroll(transcript: Transcript) -> None:
    long = "some words that are wrapped in their column " * 10
    show(transcript, said("Hi"), answer(f"| a | b | c |\n|---|---|---|\n| {long} | {long} | 12 |\n"))
    [view] = views(transcript)
    assert not view._bar.isVisible()
    assert broken_words(view) == []
    assert view.body.horizontalScrollBar().maximum() == 0
    turn_wheel_sideways(transcript, point_of(transcript, "12"), 60)
    QTest.keyClick(transcript, Qt.Key.Key_Right)
    assert view.body.horizontalScrollBar().value() == 0


def test_a_word_that_is_longer_than_any_column_is_broken(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer(f"| a | b |\n|---|---|\n| {'x' * 3000} | word |\n"))
    [view] = views(transcript)
    assert not view._bar.isVisible()
    assert "word" not in broken_words(view)


def test_a_wider_window_takes_the_bar_away(transcript: Transcript, qtbot: QtBot) -> None:
    show(transcript, said("Hi"), answer(f"{table(6, 2)}\n\nEnd"))
    transcript.resize(420, 500)
    [view] = views(transcript)
    qtbot.waitUntil(lambda: view._bar.isVisible())
    view._bar.setValue(view._bar.maximum())
    transcript.resize(900, 500)
    qtbot.waitUntil(lambda: not views(transcript)[0]._bar.isVisible())
    assert views(transcript)[0].body.horizontalScrollBar().value() == 0
    assert broken_words(views(transcript)[0]) == []


def test_a_table_that_is_written_gets_its_bar_and_ends_as_one_shown_at_once(
    transcript: Transcript, qtbot: QtBot
) -> None:
    # All of it is in view, and so measured.
    transcript.resize(900, 1500)
    show(transcript, said("Hi"))
    transcript.begin_answer("SmolLM2 135M", 0)
    text = table(12, 30)
    for start in range(0, len(text), 37):
        transcript.append(text[start : start + 37])
        if start % 5 == 0:
            transcript._writing.draw()
    transcript.end_answer(End(reason="stop"))
    qtbot.waitUntil(lambda: views(transcript)[-1]._bar.isVisible())
    written = [one.height for one in strips(transcript.messages[1], StripKind.TABLE)]
    transcript.clear()
    show(transcript, said("Hi"), answer(text))
    assert [one.height for one in strips(transcript.messages[1], StripKind.TABLE)] == written


def test_the_columns_of_a_long_table_line_up_while_it_is_written(
    transcript: Transcript, qtbot: QtBot
) -> None:
    transcript.resize(900, 3000)
    show(transcript, said("Hi"))
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.append(table(4, 25))
    transcript._writing.draw()
    assert len(views(transcript)) == 3
    transcript.append(f"\n| {'very ' * 30} | a | b | the last")
    transcript._writing.draw()
    xs = [point_of(transcript, f"{WORD} {row}.1").x() for row in (2, 24)]
    assert xs[0] == xs[1]
    # What is added to the last row is shown as it comes.
    assert point_of(transcript, "the last")
    transcript.append(" words |")
    transcript._writing.draw()
    assert point_of(transcript, "the last words")


@pytest.mark.parametrize("word", ["illi_filli_till", "`illi_filli_till`", "WWWWMMMM", "**WWWWMMMM**"])
def test_words_of_any_letters_are_whole(transcript: Transcript, word: str) -> None:
    row = " | ".join([f"extraordinary words and {word} and more of them"] * 9)
    show(transcript, said("Hi"), answer(f"|{' a |' * 9}\n|{'---|' * 9}\n| {row} |\n\nEnd"))
    [view] = views(transcript)
    assert view._bar.isVisible()
    assert broken_words(view) == []
