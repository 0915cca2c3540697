"""The program is killed in the middle of an answer: a second of text at most is lost, and no message."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from pytestqt.qtbot import QtBot

from slmdesk.chat import ConversationStore
from slmdesk.storage import Database, Paths
from tests.ui.driving import OpenWindow, foot, kept, last_answer, settle, texts

STORY = "Write a very long story about the sea."
# How long it may write before it is killed: before the first storing, and after some.
MOMENTS_S = (0.4, 2.5)


def kill_while_it_writes(seconds: float) -> tuple[list[tuple[float, int]], float]:
    """What the program said it had shown, and when it was killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ui.driven_program", STORY],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        shown = [_read(process.stdout.readline())]
        while time.monotonic() < shown[0][0] + seconds:
            line = process.stdout.readline()
            assert line, "the answer was over before the program was killed"
            shown.append(_read(line))
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        killed = time.monotonic()
    finally:
        process.kill()
    rest, _ = process.communicate()
    shown += [_read(line) for line in rest.splitlines() if line.count(" ") == 1]
    psutil.wait_procs(children, timeout=30)
    return shown, killed


def _read(line: str) -> tuple[float, int]:
    moment, letters = line.split()
    return float(moment), int(letters)


@pytest.mark.skipif(sys.platform == "win32", reason="the signal is not Windows's")
@pytest.mark.parametrize("seconds", MOMENTS_S)
def test_a_killed_program_is_found_again_as_it_was_a_second_before(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths, seconds: float
) -> None:
    shown, killed = kill_while_it_writes(seconds)
    a_second_before = max((letters for moment, letters in shown if moment <= killed - 1.0), default=0)
    stored = kept(paths)
    assert stored[0] == ("user", STORY, "complete")
    text = stored[1][1] if len(stored) > 1 else ""
    assert len(text) >= a_second_before
    assert a_second_before > 0 or seconds < 1
    window = open_real_window()
    # Where no word of it was stored yet, there is a place that says that it was not answered.
    assert texts(window) == [STORY, text]
    assert window.chat.composer.input.toPlainText() in ("a draft", "")
    assert foot(window).mark_of_end.words
    if text:
        foot(window).go_on.click()
        qtbot.waitUntil(lambda: len(last_answer(window)) > len(text) + 10, timeout=60_000)
        window.chat.stop()
        settle(qtbot, window)
        assert last_answer(window).startswith(text)
    else:
        foot(window).again.click()
        settle(qtbot, window)
        assert last_answer(window)


def test_a_draft_survives_the_kill(paths: Paths) -> None:
    kill_while_it_writes(1.5)
    database = Database(paths.database_file)
    store = ConversationStore(database)
    conversation = store.latest()
    assert conversation is not None
    assert store.draft(conversation.id) == "a draft"
    database.close()
