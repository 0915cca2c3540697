"""An answer while it is written: it arrives whole, seldom drawn, and nothing moves under the reader."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from slmdesk.engines import End
from slmdesk.ui.theme import Theme
from slmdesk.ui.transcript import Transcript, reading_column
from slmdesk.ui.transcript.markdown.lexers import load_lexer
from slmdesk.ui.transcript.strips import StripKind
from tests.ui.scripted import make_stats
from tests.ui.transcript.scene import answer, drag, foot, marked, point_of, said, show, strips

LONG = "".join(f"A line of text, number {number}.\n\n" for number in range(100))


def test_streamed_text_arrives_whole_and_ends_with_its_figures(transcript: Transcript, qtbot: QtBot) -> None:
    transcript.add_person_message("Hello")
    transcript.begin_answer("SmolLM2 135M", 0)
    for piece in ("One **bo", "ld** line\n\n", "ano", "ther"):
        transcript.append(piece)
    transcript.set_stats(make_stats())
    transcript.end_answer(End(reason="stop"))
    assert transcript.messages[-1].source == "One **bold** line\n\nanother"
    qtbot.waitUntil(lambda: "312 tokens" in foot(transcript).figures.text())
    assert [
        strip.content.document.toPlainText() for strip in strips(transcript.messages[-1]) if strip.content
    ] == [
        "One bold line",
        "another",
    ]
    assert foot(transcript).mark_of_end.words == ""


def test_it_draws_at_most_thirty_times_a_second(transcript: Transcript, qtbot: QtBot) -> None:
    transcript.begin_answer("SmolLM2 135M", 0)
    drawn: list[int] = []
    transcript._writing.grown_in.connect(drawn.append)
    started = time.monotonic()
    pieces = 0
    while time.monotonic() < started + 0.5:
        transcript.append("word ")
        pieces += 1
        QApplication.processEvents()
    assert pieces > 100
    assert 1 <= len(drawn) <= 0.5 * 30 + 1


@pytest.mark.parametrize(
    "batch",
    [
        "lorem ipsum dolor sit amet ",
        "A paragraph of *words*.\n\n",
        "- an item\n",
        "total = one + two\n",
        "| a | b |\n",
    ],
)
def test_the_cost_of_appending_does_not_grow(transcript: Transcript, batch: str) -> None:
    """15,000 tokens of the same, the worst a model can do; the last are about as cheap as the first."""
    transcript.begin_answer("SmolLM2 135M", 0)
    if batch.startswith("total"):
        transcript.append("```python\n")
    elif batch.startswith("|"):
        transcript.append("| one | two |\n|---|---|\n")

    def cost(batches: int) -> float:
        started = time.process_time()
        for _ in range(batches):
            transcript.append(batch * 4)
            transcript._writing.draw()
        return time.process_time() - started

    cost(50)
    early = cost(50)
    cost(450)
    late = cost(50)
    assert late < early * 4 + 0.05
    assert transcript.messages[-1].source.endswith(batch * 2400)


def test_the_reader_at_the_end_stays_there(transcript: Transcript, qtbot: QtBot) -> None:
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.append(LONG)
    transcript.end_answer(End(reason="stop"))
    bar = transcript.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 500)
    assert transcript.at_end
    assert bar.value() == bar.maximum()


def test_the_reader_elsewhere_is_not_moved(transcript: Transcript, qtbot: QtBot) -> None:
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.append(LONG)
    qtbot.waitUntil(lambda: transcript.verticalScrollBar().maximum() > 500)
    transcript.verticalScrollBar().setValue(200)
    before, height = point_of(transcript, "number 8."), transcript.verticalScrollBar().maximum()
    transcript.append(LONG)
    transcript.end_answer(End(reason="stop"))
    qtbot.waitUntil(lambda: transcript.verticalScrollBar().maximum() > height)
    assert point_of(transcript, "number 8.") == before
    assert transcript.verticalScrollBar().value() == 200
    assert not transcript.at_end


def test_scrolling_back_to_the_end_follows_again(transcript: Transcript) -> None:
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.append(LONG)
    transcript._writing.draw()
    bar = transcript.verticalScrollBar()
    bar.setValue(100)
    bar.setValue(bar.maximum())
    transcript.append(LONG)
    transcript._writing.draw()
    assert bar.value() == bar.maximum()


def test_a_selection_made_while_it_is_written_is_kept(transcript: Transcript) -> None:
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.append("The first paragraph.\n\nThe second one")
    transcript._writing.draw()
    drag(transcript, point_of(transcript, "first"), point_of(transcript, "one"))
    assert transcript.selected_text() == "first paragraph.\n\nThe second "
    for _ in range(5):
        transcript.append(" goes on and on.\n\nMore.")
        transcript._writing.draw()
    assert transcript.selected_text() == "first paragraph.\n\nThe second "
    assert marked(transcript) == ["first paragraph.", "The second "]
    transcript.end_answer(End(reason="stop"))
    assert transcript.selected_text() == "first paragraph.\n\nThe second "


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (End(reason="cancelled"), "Stopped"),
        (End(reason="length"), "Length limit reached"),
        (End(reason="context_full", needed_tokens=4096, context_length=4096), "Context full: 4,096 tokens"),
        (None, "Stopped"),
    ],
)
def test_an_answer_that_ended_early_says_so(
    transcript: Transcript, qtbot: QtBot, end: End | None, words: str
) -> None:
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.append("text")
    transcript.end_answer(end)
    qtbot.waitUntil(lambda: foot(transcript).mark_of_end.words == words)


def test_an_answer_that_failed_can_be_gone_on_with_when_there_is_a_model(
    transcript: Transcript, qtbot: QtBot
) -> None:
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.append("The beginning")
    transcript.set_stats(make_stats(generated_tokens=118, tokens_per_second=21.9))
    transcript.end_answer(None, failed=True)
    transcript.set_can_continue(False, "Both become available once the model is loaded again.")
    row = foot(transcript)
    qtbot.waitUntil(lambda: row.mark_of_end.words == "Stopped here")
    assert row.kept.text() == "118 tokens kept · 21.9 tok/s"
    assert row.hint.isVisible()
    assert not row.continue_button.isEnabled()
    assert not row.again_button.isEnabled()
    transcript.set_can_continue(True, "")
    qtbot.waitUntil(lambda: not row.hint.isVisible())
    with qtbot.waitSignal(transcript.continue_wanted):
        row.continue_button.click()
    with qtbot.waitSignal(transcript.again_wanted):
        row.again_button.click()


def test_going_on_adds_to_the_same_answer(transcript: Transcript, qtbot: QtBot) -> None:
    show(transcript, said("Hi"), answer("One **wo", state="stopped", end_reason="cancelled"))
    transcript.begin_answer("SmolLM2 135M", 0, continues=True)
    transcript.append("rd** more.")
    transcript.end_answer(End(reason="stop"))
    assert [one.source for one in transcript.messages] == ["Hi", "One **word** more."]
    qtbot.waitUntil(lambda: point_of(transcript, "One word more.") is not None)
    assert foot(transcript).mark_of_end.words == ""


def test_a_failure_before_the_first_word_leaves_head_and_foot(transcript: Transcript, qtbot: QtBot) -> None:
    transcript.add_person_message("Hello")
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.end_answer(None, failed=True)
    assert [strip.kind for strip in strips(transcript.messages[-1])] == [StripKind.HEAD, StripKind.FOOT]
    qtbot.waitUntil(lambda: foot(transcript).mark_of_end.words == "Not answered")
    assert foot(transcript).again.isVisible()


def test_what_was_rejected_is_taken_back(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("Hello"))
    transcript.add_person_message("More")
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.append("never")
    transcript.drop_rejected()
    assert [one.source for one in transcript.messages] == ["Hi", "Hello"]
    assert foot(transcript).again.isVisible()


def test_reasoning_is_folded_and_timed(transcript: Transcript, qtbot: QtBot) -> None:
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.append_reasoning("First I think about *it*.")
    transcript._writing.draw()
    message = transcript.messages[-1]
    kinds = [strip.kind for strip in strips(message)]
    assert kinds == [StripKind.HEAD, StripKind.FOLD, StripKind.FOOT]
    transcript.append("The answer.")
    transcript._writing.draw()
    [fold] = strips(message, StripKind.FOLD)
    assert fold.widget is not None
    button = fold.widget.button  # type: ignore[attr-defined]
    assert button.text().startswith("Thought for ")
    before = button.mapTo(transcript.viewport(), QPoint())
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert point_of(transcript, "First I think about it.")
    assert button.mapTo(transcript.viewport(), QPoint()) == before
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    with pytest.raises(AssertionError):
        point_of(transcript, "First I think")
    transcript.end_answer(End(reason="stop"))
    assert button.text().startswith("Thought for ")


@pytest.mark.parametrize(("room", "column"), [(1104, 720), (844, 720), (700, 560), (500, 468)])
def test_the_column_is_as_wide_as_reading_likes(theme: Theme, room: int, column: int) -> None:
    assert reading_column(theme, room) == column


@pytest.mark.parametrize("step", [1, 3, 7, 40])
def test_what_was_streamed_is_laid_out_as_what_is_shown_at_once(
    transcript: Transcript, qtbot: QtBot, step: int
) -> None:
    code = "```python\n" + "".join(f"print({number})\n" for number in range(90)) + "```\n"
    table = "| a | b |\n| - | - |\n" + "".join(f"| {number} | x |\n" for number in range(40))
    text = f"Words.\n\n{code}\n- one\n- two\n\n{table}\n{code}\nThe end."

    def laid_out() -> list[tuple[StripKind, int, int]]:
        return [(one.kind, one.block_index, one.start) for one in strips(transcript.messages[-1])]

    transcript.begin_answer("SmolLM2 135M", 0)
    for start in range(0, len(text), step):
        transcript.append(text[start : start + step])
        transcript._writing.draw()
    transcript.end_answer(End(reason="stop"))
    QApplication.processEvents()
    streamed = laid_out()
    show(transcript, answer(text))
    QApplication.processEvents()
    assert streamed == laid_out()


_CODE = (
    "".join(
        f'def part_{number}(text):  # żółć\n    """Says\n    {number}."""\n    return {number}\n'
        for number in range(20)
    )
    + "open = '''never\nclosed\n"
)


def test_code_that_grew_has_the_colours_of_code_that_came_at_once(
    transcript: Transcript, qtbot: QtBot
) -> None:
    load_lexer("python")
    text = f"```python\n{_CODE}"
    show(transcript, said("Hi", 1), answer(text, 2))
    coloring = transcript._page.coloring
    qtbot.waitUntil(lambda: not coloring.timer.isActive())
    whole = _colors(transcript)
    assert len({color for line in whole for *_, color in line}) > 3
    transcript.clear()
    transcript.begin_answer("SmolLM2 135M", 0)
    for start in range(0, len(text), 23):
        transcript.append(text[start : start + 23])
        transcript._writing.draw()
    transcript.end_answer(End(reason="stop"))
    qtbot.waitUntil(lambda: not coloring.timer.isActive() and _colors(transcript) == whole)


def _colors(transcript: Transcript) -> list[list[tuple[int, int, str]]]:
    """Of each line of code on screen, what is coloured how."""
    found = []
    for strip in strips(transcript.messages[-1]):
        if strip.kind is StripKind.CODE and strip.widget is not None and strip.content is not None:
            block = strip.content.document.begin()
            while block.isValid():
                formats = block.layout().formats()
                found.append(
                    [(one.start, one.length, one.format.foreground().color().name()) for one in formats]
                )
                block = block.next()
    return found
