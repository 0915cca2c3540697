"""The real window with a model of the other engine: a tiny one, which says nothing that makes sense."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slmdesk.engines import ENGINES
from slmdesk.storage import Paths
from slmdesk.ui import MainWindow
from tests.ui.driving import (
    OpenWindow,
    ask,
    ask_and_wait,
    engine_pid,
    kept,
    last_answer,
    settle,
    wait_for_words,
)
from tests.ui.machines import SECOND

TINY = Path(__file__).parents[1] / "data" / "tiny-onnx"


@pytest.fixture
def tiny(paths: Paths) -> str:
    """The id of the model in the home of this test."""
    shutil.copytree(TINY, paths.models / "tiny")
    return "tiny"


def opened(open_real_window: OpenWindow, qtbot: QtBot, model_id: str) -> MainWindow:
    window = open_real_window(model=model_id, context_length=512)
    model = window.chat.model
    assert model is not None
    assert (model.id, model.engine) == (model_id, SECOND)
    return window


def test_it_answers_as_the_first_engine_does(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths, tiny: str
) -> None:
    window = opened(open_real_window, qtbot, tiny)
    report = window.inference.state.report
    assert report is not None
    assert ENGINES[SECOND].title in window.status.engine_segment.words
    assert window.status.device_segment.words == "CPU, 1 thread"
    answer = ask_and_wait(qtbot, window, "hello")
    assert answer
    assert kept(paths) == [("user", "hello", "complete"), ("assistant", answer, kept(paths)[1][2])]
    ask_and_wait(qtbot, window, "once more")
    first, second = window.chat.conversation.messages[1].stats, window.chat.conversation.messages[3].stats
    assert first is not None
    assert second is not None
    assert second.reused_tokens >= first.prompt_tokens
    fields = window.chat.drawer.more.numbers
    greyed = {name for name, field in fields.items() if field.fixed}
    assert greyed == set(fields) - set(report.capabilities.samplers) - {"max_tokens"}


def test_a_stop_keeps_what_was_written(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths, tiny: str
) -> None:
    window = opened(open_real_window, qtbot, tiny)
    ask(window, "hello")
    wait_for_words(qtbot, window, 1)
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_Escape)
    settle(qtbot, window)
    assert kept(paths)[1][1] == last_answer(window)


def test_an_engine_that_is_killed_is_started_again_by_the_next_message(
    open_real_window: OpenWindow, qtbot: QtBot, tiny: str
) -> None:
    window = opened(open_real_window, qtbot, tiny)
    before = engine_pid(window)
    os.kill(before, signal.SIGKILL)
    qtbot.waitUntil(lambda: window.status.state_segment.words == "Engine stopped", timeout=60_000)
    assert ask_and_wait(qtbot, window, "hello")
    assert engine_pid(window) != before


def test_turning_it_off_ends_its_process(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths, tiny: str
) -> None:
    window = open_real_window(model=tiny, context_length=512, load_model_at_start=False)
    ask_and_wait(qtbot, window, "hello")
    before = engine_pid(window)
    window._change_settings(engines_off=(SECOND,))
    settle(qtbot, window)
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)
    assert window.status.state_segment.words == "No model loaded"
    assert window.chat.model is not None
    assert window.chat.model.id == "starter"


def test_a_chat_goes_on_with_the_other_engine(open_real_window: OpenWindow, qtbot: QtBot, tiny: str) -> None:
    window = opened(open_real_window, qtbot, tiny)
    ask_and_wait(qtbot, window, "hello")
    window.chat._pick("starter")
    settle(qtbot, window)
    assert window.status.engine_segment.words == "llama.cpp"
    assert ask_and_wait(qtbot, window, "Say yes.")
    assert [one.model_title for one in window.chat.conversation.messages][1::2] == [
        window.chat.choice.models[1].title if window.chat.choice.models else "",
        "SmolLM2 135M",
    ]
