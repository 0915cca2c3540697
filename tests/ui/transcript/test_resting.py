"""What nobody sees costs nothing: no timer runs in a transcript that is hidden or closed."""

from __future__ import annotations

import time

from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from slmdesk.engines import End
from slmdesk.ui.transcript import Transcript
from tests.ui.transcript.scene import answer, said, show


def running(transcript: Transcript) -> list[QTimer]:
    return [timer for timer in transcript.findChildren(QTimer) if timer.isActive()]


def test_an_answer_that_ends_unseen_leaves_no_timer_running(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("Hello"))
    assert running(transcript)
    transcript.hide()
    assert not running(transcript)
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.append("More to ")
    transcript.find_text("hello")
    transcript.append("read.")
    assert not running(transcript)
    transcript.end_answer(End(reason="stop"))
    assert transcript.messages[-1].source == "More to read."
    assert not running(transcript)
    transcript.show()
    assert transcript._collecting.timer.isActive()
    transcript.close()
    assert not running(transcript)


def test_what_came_unseen_is_there_when_it_is_seen(transcript: Transcript, qtbot: QtBot) -> None:
    show(transcript, said("Hi"))
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.hide()
    transcript.append("While nobody looked.")
    transcript.show()
    assert transcript.messages[-1].source == "While nobody looked."
    transcript.append(" And after.")
    qtbot.waitUntil(lambda: transcript.messages[-1].source.endswith("And after."))


def test_thinking_is_timed_while_nobody_sees_it(transcript: Transcript, qtbot: QtBot) -> None:
    show(transcript, said("Hi"))
    transcript.hide()
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.append_reasoning("Hm.")
    transcript.append("Yes.")
    ended = time.monotonic()
    qtbot.waitUntil(lambda: time.monotonic() > ended + 0.3)
    transcript.end_answer(End(reason="stop"))
    assert transcript.messages[-1].reasoning_seconds < 0.2
