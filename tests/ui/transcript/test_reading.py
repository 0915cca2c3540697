"""Reading a conversation of any length: what is on screen, what it costs, and what keeps its place."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetrics, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTextEdit, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.chat import Conversation
from slmdesk.ui.theme import Theme
from slmdesk.ui.transcript import Transcript
from slmdesk.ui.transcript.strip_views.code_view import CodeHeadView, CodeView
from slmdesk.ui.transcript.strips import StripKind
from tests.long_conversations import make_messages
from tests.ui.transcript.scene import answer, foot, person_foot, point_of, said, show, strips, view_of


def _widgets(transcript: Transcript) -> int:
    return len(transcript.findChildren(QWidget))


def test_five_thousand_messages_own_few_widgets(transcript: Transcript) -> None:
    transcript.show_conversation(Conversation(1, "Long", "", make_messages(5000)))
    assert len(transcript.messages) >= 5000
    read = sum(message.strips is not None for message in transcript.messages)
    assert read < 50
    bar = transcript.verticalScrollBar()
    most = 0
    for step in range(60):
        bar.setValue(bar.maximum() * step // 60)
        most = max(most, _widgets(transcript))
    assert most < 900
    assert sum(widget.isVisible() for widget in transcript.findChildren(QTextEdit)) < 60
    assert len(transcript._stage._kept) <= 300


def test_line_breaks_at_the_end_of_what_was_said_are_not_drawn(transcript: Transcript) -> None:
    show(transcript, said("two\nlines", 1), answer("Yes", 2), said("two\nlines\n\n", 3), answer("Yes", 4))
    plain, ended = (strips(transcript.messages[index], StripKind.TYPED) for index in (0, 2))
    assert [strip.height for strip in ended] == [strip.height for strip in plain] != []
    assert transcript.messages[2].source == "two\nlines\n\n"
    person_foot(transcript, 2).copy.click()
    assert QGuiApplication.clipboard().text() == "two\nlines\n\n"


def test_scrolling_up_meets_every_message_in_order(transcript: Transcript) -> None:
    records = [
        answer(f"Number {number}.\n\n" + "A paragraph. " * (number % 40), number + 1) for number in range(120)
    ]
    show(transcript, *records)
    bar = transcript.verticalScrollBar()
    seen: list[int] = []
    while bar.value() > 0:
        bar.setValue(bar.value() - 80)
        top = min(strip.message.index for strip in transcript._stage.showing)
        if not seen or seen[-1] != top:
            seen.append(top)
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 0
    assert set(range(110)) <= set(seen)


def test_what_is_read_stays_where_it_is_while_heights_become_known(transcript: Transcript) -> None:
    transcript.show_conversation(Conversation(1, "Long", "", make_messages(400)))
    bar = transcript.verticalScrollBar()
    for _ in range(40):
        view = next(
            view
            for strip, view in transcript._stage.showing.items()
            if strip.selectable and -view.height() < view.y() < 300
        )
        strip, before = view.strip, view.y()
        bar.setValue(bar.value() - 30)
        # It moved by what was scrolled, whatever the heights of what came on screen above turned out to be.
        assert view.strip is strip
        assert view.y() == before + 30


def test_resizing_keeps_the_place(transcript: Transcript) -> None:
    transcript.show_conversation(Conversation(1, "Long", "", make_messages(200)))
    bar = transcript.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    first = min(transcript._stage.showing.values(), key=lambda view: (view.y() < 0, view.y()))
    strip = first.strip
    assert strip is not None
    transcript.resize(640, 500)
    assert strip.widget is not None
    assert abs(strip.widget.y() - first.y()) < 40
    bar.setValue(bar.maximum())
    transcript.resize(900, 400)
    assert bar.value() == bar.maximum()


def test_a_message_can_be_gone_to(transcript: Transcript) -> None:
    conversation = Conversation(1, "Long", "", make_messages(300))
    transcript.show_conversation(conversation, at_message=100)
    shown = {strip.message.index for strip in transcript._stage.showing}
    assert min(shown) == 100
    # A message that is in view already is not moved.
    value = transcript.verticalScrollBar().value()
    transcript.show_conversation(conversation, at_message=101)
    assert transcript.verticalScrollBar().value() == value


@pytest.mark.parametrize("percent", [50, 100, 150, 300])
def test_zoom_grows_the_texts_and_keeps_the_place(transcript: Transcript, percent: int) -> None:
    records = [answer(f"Number {number} with some words. " * 6, number + 1) for number in range(60)]
    show(transcript, *records)
    bar = transcript.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    first = min(strip.message.index for strip in transcript._stage.showing)
    transcript.set_zoom(percent)
    assert transcript.zoom == percent
    assert abs(min(strip.message.index for strip in transcript._stage.showing) - first) <= 1
    editor = next(one for one in transcript.findChildren(QTextEdit) if one.isVisible())
    assert editor.document().defaultFont().pixelSize() == pytest.approx(14 * percent / 100, abs=1)


def test_another_theme_recolours_what_is_on_screen(transcript: Transcript, theme: Theme) -> None:
    show(transcript, said("Hi"), answer("See [this](https://example.org) and\n\n```python\nx = 1\n```"))
    theme.choose("dark")
    editor = next(one for one in transcript.findChildren(QTextEdit) if "See this" in one.toPlainText())
    found = editor.document().find("See")
    assert found.charFormat().foreground().color() == theme.color("text")
    assert editor.document().find("this").charFormat().foreground().color() == theme.color("accent_ink")


def test_code_scrolls_to_the_side_and_wraps(transcript: Transcript) -> None:
    line = "x = 1  # " + "a very long comment " * 20
    show(transcript, said("Hi"), answer(f"```python\n{line}\ny = 2\n```"))
    message = transcript.messages[1]
    [head] = strips(message, StripKind.CODE_HEAD)
    [code] = strips(message, StripKind.CODE)
    buttons = view_of(head, CodeHeadView)
    view = view_of(code, CodeView)
    before = point_of(transcript, "y = 2").x()
    view._bar.setValue(200)
    assert point_of(transcript, "y = 2").x() == before - 200
    height = code.height
    buttons.wrap.click()
    assert code.height > height
    assert point_of(transcript, "y = 2").x() == before
    buttons.wrap.click()
    assert code.height == height


def test_short_code_offers_no_wrapping(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("```python\nx = 1\n```"))
    [head] = strips(transcript.messages[1], StripKind.CODE_HEAD)
    buttons = view_of(head, CodeHeadView)
    assert buttons.language.text() == "Python"
    assert buttons.copy.isVisible()
    assert not buttons.wrap.isVisible()


def test_code_is_coloured(transcript: Transcript, theme: Theme, qtbot: QtBot) -> None:
    show(transcript, said("Hi"), answer('```python\nimport os\nx = "one\n```\n\nEnd'))
    editor = next(one for one in transcript.findChildren(QTextEdit) if "import os" in one.toPlainText())
    qtbot.waitUntil(lambda: bool(editor.document().firstBlock().layout().formats()), timeout=10_000)
    first = editor.document().firstBlock().layout().formats()[0]
    assert (first.start, first.length) == (0, 6)


def test_a_pasted_text_of_ten_thousand_lines(transcript: Transcript) -> None:
    text = "\n".join(f"line {number} of what was pasted" for number in range(10_000))
    transcript.add_person_message(text)
    assert _widgets(transcript) < 300
    assert point_of(transcript, "line 9999 of")
    transcript.verticalScrollBar().setValue(0)
    assert point_of(transcript, "line 0 of")
    height = QFontMetrics(transcript._lettering.reading).height()
    assert transcript.verticalScrollBar().maximum() > 10_000 * height
    transcript.select_all()
    assert transcript.selected_text() == text


@pytest.mark.parametrize("text", ["x" * 1_000_000, "word " * 200_000, "```\n" + "x" * 1_000_000 + "\n```"])
def test_a_line_of_a_million_letters(transcript: Transcript, text: str) -> None:
    show(transcript, said(text), answer(text))
    bar = transcript.verticalScrollBar()
    for value in (bar.maximum() // 2, 0):
        bar.setValue(value)
        assert transcript._stage.showing
    transcript._scrolling.go_to_end()
    assert foot(transcript).isVisible()
    assert bar.maximum() > 10_000


def test_right_to_left_and_emoji(transcript: Transcript) -> None:
    hebrew, mixed = "שלום עולם 😀", "And English 🧑‍🚀"
    show(transcript, said("Hi"), answer(f"{hebrew}\n\n{mixed}\n\n- {hebrew}"))
    blocks = {
        one.toPlainText(): one.document().firstBlock()
        for one in transcript.findChildren(QTextEdit)
        if one.isVisible()
    }
    assert blocks[hebrew].textDirection() == Qt.LayoutDirection.RightToLeft
    assert blocks[mixed].textDirection() == Qt.LayoutDirection.LeftToRight
    text = strips(transcript.messages[1], StripKind.TEXT)
    column = transcript._page.column
    assert text[0].widget is not None
    bounds = [
        strip.content.document.firstBlock().layout().lineAt(0).naturalTextRect()
        for strip in text
        if strip.content
    ]
    assert bounds[0].right() == pytest.approx(column, abs=2)
    # The item's text keeps away from the right edge, where its mark stands.
    assert bounds[2].right() < column - 10


def test_lines_of_a_person_run_in_their_own_directions(transcript: Transcript) -> None:
    show(transcript, said("שלום\nHello"))
    editor = next(one for one in transcript.findChildren(QTextEdit) if one.isVisible())
    assert editor.document().firstBlock().textDirection() == Qt.LayoutDirection.RightToLeft
    assert editor.document().lastBlock().textDirection() == Qt.LayoutDirection.LeftToRight


def test_links_are_asked_about_and_nothing_else_is_one(transcript: Transcript, qtbot: QtBot) -> None:
    show(
        transcript,
        said("https://person.example"),
        answer(
            "[web](https://example.org/a) [mail](mailto:a@b.c) "
            "[file](file:///etc/passwd) [js](javascript:alert(1))"
        ),
    )
    heard: list[str] = []
    transcript.link_wanted.connect(heard.append)
    for words in ("web", "mail", "file", "js", "https://person"):
        QTest.mouseClick(
            transcript.viewport(), Qt.MouseButton.LeftButton, pos=point_of(transcript, words) + QPoint(2, 0)
        )
    assert heard == ["https://example.org/a", "mailto:a@b.c"]


def test_selecting_over_a_link_does_not_follow_it(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("See [the whole page](https://example.org/a) here"))
    heard: list[str] = []
    transcript.link_wanted.connect(heard.append)
    surface, start = transcript.viewport(), point_of(transcript, "whole")
    QTest.mousePress(surface, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(surface, start + QPoint(30, 0))
    QTest.mouseRelease(surface, Qt.MouseButton.LeftButton, pos=start + QPoint(30, 0))
    assert heard == []
    assert transcript.selected_text()


def test_a_footnote_is_gone_to(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("Word[^n].\n\n" + "Text.\n\n" * 80 + "[^n]: The note."))
    transcript.verticalScrollBar().setValue(0)
    QTest.mouseClick(
        transcript.viewport(), Qt.MouseButton.LeftButton, pos=point_of(transcript, "1") + QPoint(1, -3)
    )
    assert point_of(transcript, "The note.")


def test_another_conversation_takes_its_place(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("Hello"))
    first = transcript.messages[0]
    show(transcript, said("Other", 7), answer("Else", 8))
    assert point_of(transcript, "Other")
    assert first not in transcript.messages
    assert first.strips is None
    transcript.clear()
    assert transcript.messages == []
    assert not [one for one in transcript.findChildren(QTextEdit) if one.isVisible()]


def test_a_lost_message_says_so(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("", state="lost", stats=None))
    [note] = strips(transcript.messages[1], StripKind.NOTE)
    assert note.widget is not None
    assert "could not be restored" in note.widget.words.text()  # type: ignore[attr-defined]


def test_a_very_long_answer_is_read_in_turns(transcript: Transcript, qtbot: QtBot) -> None:
    text = "".join(f"Paragraph **{number}** of many.\n\n" for number in range(8000))
    show(transcript, said("Hi"), answer(f"{text}The end."))
    message = transcript.messages[1]
    assert message.unread
    estimate = transcript.verticalScrollBar().maximum()
    qtbot.waitUntil(lambda: not message.unread, timeout=30_000)
    assert len(message.text.blocks()) == 8001
    assert point_of(transcript, "The end.")
    assert transcript.verticalScrollBar().value() == transcript.verticalScrollBar().maximum()
    assert estimate > transcript.verticalScrollBar().maximum() / 3


def test_a_reader_is_not_moved_while_a_long_answer_is_read(transcript: Transcript, qtbot: QtBot) -> None:
    text = "".join(f"Paragraph **{number}** of many.\n\n" for number in range(4000))
    transcript.show_conversation(Conversation(1, "Long", "", [said("Hi"), answer(text)]), at_message=1)
    transcript.verticalScrollBar().setValue(500)
    before = point_of(transcript, "Paragraph 20 ")
    qtbot.waitUntil(lambda: not transcript.messages[1].unread, timeout=30_000)
    assert point_of(transcript, "Paragraph 20 ") == before


def test_a_transcript_can_go_while_it_is_in_use(theme: Theme, qtbot: QtBot) -> None:
    transcript = Transcript(theme)
    transcript.resize(900, 500)
    transcript.show()
    show(transcript, said("Hi"), answer("Hello\n\n```python\nx = 1\n```"))
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.append("More")
    transcript.find_text("Hello")
    transcript.begin_edit(0)
    transcript.deleteLater()
    with qtbot.waitSignal(transcript.destroyed):
        pass
    theme.choose("dark")
    QTest.qWait(60)
