"""Finding words in a conversation."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from slmdesk.engines import End
from slmdesk.ui.transcript import Transcript
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
