"""Finding words in a conversation."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QObject, QRect
from PySide6.QtGui import QPaintEvent
from pytestqt.qtbot import QtBot

from slmdesk.engines import End
from slmdesk.ui.transcript import Transcript, find
from slmdesk.ui.transcript.hits import MessageHits
from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.selection import Place
from slmdesk.ui.transcript.strip_views.view import TextBody
from tests.ui.transcript.scene import answer, marked, point_of, said, show


def _found(transcript: Transcript) -> list[tuple[int, int]]:
    heard: list[tuple[int, int]] = []
    transcript.found.connect(lambda current, total: heard.append((current, total)))
    return heard


def test_hits_are_marked_and_gone_through(transcript: Transcript, qtbot: QtBot) -> None:
    heard = _found(transcript)
    records = []
    for number in range(40):
        records += [
            said(f"Question {number}", 2 * number + 1),
            answer(f"Answer **{number}**: wörd", 2 * number + 2),
        ]
    show(transcript, *records, said("The WÖRD again, wörd", 99), answer("nothing", 100))
    transcript.verticalScrollBar().setValue(0)
    assert transcript.find_text("Wörd") >= 1
    qtbot.waitUntil(lambda: heard[-1] == (1, 42))
    assert point_of(transcript, "Answer 0: wörd")
    transcript.find_previous()
    assert heard[-1] == (42, 42)
    assert point_of(transcript, "The WÖRD again")
    assert "WÖRD" in marked(transcript)
    transcript.find_next()
    assert heard[-1] == (1, 42)
    transcript.close_find()
    assert marked(transcript) == []


def test_words_are_found_through_markdown(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("Some **bo**ld words in `code`.\n\n```\nsome bold code\n```\n"))
    assert transcript.find_text("bold words in code") == 1
    assert marked(transcript) == ["bold words in code"]
    assert transcript.find_text("**") == 0


@pytest.mark.parametrize(
    ("text", "words", "hit"), [("Straße", "STRASSE", "Straße"), ("ŻÓŁW", "żółw", "ŻÓŁW"), ("😀 x", "X", "x")]
)
def test_case_does_not_matter(transcript: Transcript, text: str, words: str, hit: str) -> None:
    show(transcript, said("Hi"), answer(f"See {text} here"))
    assert transcript.find_text(words) == 1
    assert marked(transcript) == [hit]


def _fold_is_open(transcript: Transcript, index: int) -> bool:
    return transcript.messages[index].fold_open


def test_what_was_thought_is_found_and_unfolded(transcript: Transcript, qtbot: QtBot) -> None:
    heard = _found(transcript)
    thoughts = "A lynx, perhaps.\n\n" + "Or something else.\n\n" * 60 + "No: a **marm**ot."
    show(
        transcript,
        said("An animal?"),
        answer("Hello", reasoning=thoughts),
        said("And?", 3),
        answer("A marmot.", 4, reasoning="As I said."),
    )
    assert not _fold_is_open(transcript, 1)
    transcript.verticalScrollBar().setValue(0)
    transcript.find_text("marmot")
    qtbot.waitUntil(lambda: heard[-1][1] == 2)
    # Found before the answer that has the word, in the order of the conversation.
    assert heard[-1] == (1, 2)
    assert _fold_is_open(transcript, 1)
    assert point_of(transcript, "No: a marmot.").y() in range(transcript.viewport().height())
    assert "marmot" in marked(transcript)
    transcript.find_next()
    assert heard[-1] == (2, 2)
    assert not _fold_is_open(transcript, 3)
    assert point_of(transcript, "A marmot.")


def test_what_is_found_in_thoughts_that_are_read_later_is_unfolded(
    transcript: Transcript, qtbot: QtBot
) -> None:
    thoughts = "Some words of a thought.\n\n" * 8_000 + "A marmot."
    show(transcript, said("An animal?"), answer("Hello", reasoning=thoughts))
    transcript.find_text("marmot")
    qtbot.waitUntil(lambda: _fold_is_open(transcript, 1), timeout=20_000)
    qtbot.waitUntil(lambda: marked(transcript) == ["marmot"], timeout=20_000)
    assert point_of(transcript, "A marmot.").y() in range(transcript.viewport().height())


def test_folded_again_it_stays_found(transcript: Transcript, qtbot: QtBot) -> None:
    heard = _found(transcript)
    show(transcript, said("An animal?"), answer("Hello", reasoning="A marmot."))
    transcript.find_text("marmot")
    transcript._page.acted.emit(transcript.messages[1], "fold")
    assert not _fold_is_open(transcript, 1)
    qtbot.waitUntil(lambda: not transcript._finder.timer.isActive())
    assert heard[-1] == (1, 1)
    transcript.find_next()
    assert _fold_is_open(transcript, 1)


def test_nothing_found_is_told(transcript: Transcript) -> None:
    heard = _found(transcript)
    show(transcript, said("Hi"), answer("Hello"))
    assert transcript.find_text("zebra") == 0
    assert heard[-1] == (0, 0)
    assert transcript.find_text("") == 0


def test_what_is_written_meanwhile_is_found(transcript: Transcript, qtbot: QtBot) -> None:
    heard = _found(transcript)
    show(transcript, said("zebra"), answer("Hello"))
    assert transcript.find_text("zebra") == 1
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.append("A zebra and a zebra.")
    transcript.end_answer(End(reason="stop"))
    qtbot.waitUntil(lambda: heard[-1] == (1, 3))


def test_thousands_of_hits_are_counted_in_slices(transcript: Transcript, qtbot: QtBot) -> None:
    heard = _found(transcript)
    records = [answer(f"word {number} *word*", number + 1) for number in range(1500)]
    show(transcript, *records)
    transcript.find_text("word")
    qtbot.waitUntil(lambda: heard[-1][1] == 3000, timeout=20_000)
    assert heard[-1][0] >= 1


def test_the_place_found_is_in_view_in_a_long_message(transcript: Transcript) -> None:
    show(transcript, said("x\n" * 9000 + "needle\n" + "x\n" * 900), answer("Hello"))
    transcript.verticalScrollBar().setValue(0)
    assert transcript.find_text("needle") == 1
    assert transcript.viewport().rect().contains(point_of(transcript, "needle"))


def test_a_long_message_is_searched_in_slices_from_what_is_seen_on(
    transcript: Transcript, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "_SLICE_SECONDS", 0.0)
    heard = _found(transcript)
    show(transcript, said("".join(f"Line {number} and more\n" for number in range(10_000))), answer("Hello"))
    transcript.verticalScrollBar().setValue(transcript.verticalScrollBar().maximum() // 2)
    seen = transcript._searching._place_at_top()
    known = transcript.find_text("e")
    assert 0 < known < 2000
    assert heard[-1] == (0, known)
    qtbot.waitUntil(lambda: heard[-1][1] == 20_001, timeout=20_000)
    current = transcript._finder.current
    assert current is not None
    assert seen <= current.place
    assert 8000 < heard[-1][0] < 12_000
    assert len(marked(transcript)) < 1000
    number = heard[-1][0]
    transcript.find_next()
    assert heard[-1] == (number + 1, 20_001)
    transcript.find_previous()
    transcript.find_previous()
    assert heard[-1] == (number - 1, 20_001)


@pytest.mark.parametrize(
    ("text", "words"), [("x" * 20_001, "xx"), ("Straße 😀 " * 3000, "e 😀 s"), ("ab\n" * 9000, "b\na")]
)
def test_slices_miss_nothing_and_find_nothing_twice(text: str, words: str) -> None:
    message = Message(0, "user", text)
    hits = MessageHits(0)
    slices = sum(1 for _ in hits.search(message, words))
    folded = text.casefold()
    assert slices > 1
    assert hits.count == folded.count(words)
    utf = text.encode("utf-16-le")
    for number in range(hits.count):
        hit = hits[number]
        assert utf[2 * hit.start : 2 * hit.end].decode("utf-16-le").casefold() == words
        assert hits.number_from(hit.place) == number
    assert hits.number_from(Place(1, 0, 0, 0)) == hits.count


def test_a_letter_that_folds_to_two_is_one_hit(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("Straße"))
    assert transcript.find_text("s") == 2
    assert marked(transcript) == ["S", "ß"]


def test_of_very_many_hits_in_one_text_only_those_in_view_are_marked(
    transcript: Transcript, qtbot: QtBot
) -> None:
    heard = _found(transcript)
    show(transcript, said("x " * 9000), answer("Hello"))
    transcript.verticalScrollBar().setValue(0)
    transcript.find_text("x")
    qtbot.waitUntil(lambda: heard[-1] == (1, 9000))
    [before] = [
        len(one._fills) for one in transcript.findChildren(TextBody) if one.isVisible() and one._fills
    ]
    assert 300 < before < 4000
    assert marked(transcript) == ["x"]
    transcript.verticalScrollBar().setValue(1000)
    [box] = [one for one in transcript.findChildren(TextBody) if one.isVisible() and one._fills]
    inside = 1000 + transcript.viewport().height() // 2 - 10
    assert any(fill.top() <= inside <= fill.bottom() for fill, _ in box._fills)


class _Painted(QObject):
    """Where a widget was drawn again."""

    def __init__(self) -> None:
        super().__init__()
        self.area = QRect()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.area |= event.rect()
        return False


def test_marks_leave_nothing_behind(transcript: Transcript, qtbot: QtBot) -> None:
    show(transcript, said("Hi"), answer("Some words\n\nwithout"))
    [body] = [
        one
        for one in transcript.findChildren(TextBody)
        if one.isVisible() and one.toPlainText() == "Some words"
    ]
    transcript.find_text("words")
    [(filled, _)] = body._fills
    qtbot.wait(1)
    painted = _Painted()
    body.viewport().installEventFilter(painted)
    transcript.close_find()
    qtbot.waitUntil(lambda: not painted.area.isNull())
    assert painted.area.contains(filled.toAlignedRect() & body.viewport().rect())
