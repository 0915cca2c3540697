"""The real window with the real starter model in a real engine process, over a real database."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from slmdesk.app import make_services
from slmdesk.chat import ConversationStore
from slmdesk.engines import LoadOptions, Sampling
from slmdesk.library import InstalledModel
from slmdesk.storage import Database, Paths, SettingsStore, log_file
from slmdesk.ui import MainWindow, Theme
from slmdesk.ui.chat.messages import AnswerMessage

PATIENCE_MS = 60_000
OPTIONS = LoadOptions(context_length=1024)
GREEDY = Sampling(temperature=0.0)

OpenWindow = Callable[..., MainWindow]


@pytest.fixture
def open_real_window(
    qapp: QApplication,
    qtbot: QtBot,
    theme: Theme,
    qt_loop: asyncio.AbstractEventLoop,
    paths: Paths,
    starter: InstalledModel,
) -> Iterator[OpenWindow]:
    """Opens windows as app.py does; each waits until its model list is there and its first load is over."""
    opened: list[tuple[MainWindow, Database]] = []

    def open_window(options: LoadOptions = OPTIONS) -> MainWindow:
        store, database = SettingsStore(paths.settings_file), Database(paths.database_file)
        services = dataclasses.replace(
            make_services(paths, store, store.load(), database, log_file(paths)),
            load_options=lambda: options,
            sampling=lambda: GREEDY,
        )
        window = MainWindow(services, theme)
        opened.append((window, database))
        window.resize(1280, 800)
        window.show()
        window.start()
        qtbot.waitUntil(
            lambda: window.chat.model is not None and not window.inference.running, timeout=PATIENCE_MS
        )
        return window

    yield open_window
    for window, database in opened:
        window.close()
        database.close()
        window.deleteLater()
    qapp.processEvents()


def ask(window: MainWindow, text: str) -> None:
    window.chat.composer.input.insertPlainText(text)
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_Return)


def last_answer(window: MainWindow) -> str:
    answer = window.chat.transcript.messages[-1]
    assert isinstance(answer, AnswerMessage)
    return answer.text.plain_text()


def wait_for_end(qtbot: QtBot, window: MainWindow) -> str:
    """Wait until nothing goes on any more; what is shown of the last answer."""
    qtbot.waitUntil(lambda: not window.inference.running, timeout=PATIENCE_MS)
    return last_answer(window)


def wait_for_words(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: len(last_answer(window)) > 10, timeout=PATIENCE_MS)


def engine_pid(window: MainWindow) -> int:
    chat = window.inference._worker.chat
    assert chat is not None
    process = chat.pool._process
    assert process is not None
    assert process.pid is not None
    return process.pid


def kept(paths: Paths) -> list[tuple[str, str, str]]:
    """What another process would find in the database now."""
    database = Database(paths.database_file)
    conversation = ConversationStore(database).latest()
    database.close()
    assert conversation is not None
    return [(one.role, one.text, one.state) for one in conversation.messages]


def test_type_stream_and_a_second_turn_that_reuses_the_prefix(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = open_real_window()
    streamed: list[str] = []
    window.inference.text.connect(lambda ticket, text: streamed.append(text))
    ask(window, "What is the capital of France? Answer in one sentence.")
    first = wait_for_end(qtbot, window)
    assert "Paris" in first
    assert len(streamed) > 1, "the answer came in pieces"
    assert "".join(streamed) == first
    conversation = window.chat._conversation
    assert conversation is not None
    before = conversation.messages[1].stats
    assert before is not None
    ask(window, "And of Poland?")
    wait_for_end(qtbot, window)
    stats = conversation.messages[3].stats
    assert stats is not None
    new = stats.prompt_tokens - before.context_tokens
    evaluated = stats.prompt_tokens - stats.reused_tokens
    assert stats.reused_tokens >= before.prompt_tokens
    assert evaluated <= new * 1.1
    assert [role for role, _, state in kept(paths) if state == "complete"] == ["user", "assistant"] * 2


def test_stop_keeps_what_was_written_and_the_next_message_is_answered(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = open_real_window()
    ask(window, "Write a very long story about the sea.")
    wait_for_words(qtbot, window)
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_Escape)
    stopped = wait_for_end(qtbot, window)
    assert kept(paths)[1] == ("assistant", stopped, "stopped")
    ask(window, "Say yes.")
    assert wait_for_end(qtbot, window)


def test_right_to_left_and_emoji_survive_the_whole_way(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = open_real_window()
    text = "Repeat this once: שלום עולם مرحبا 👩‍👩‍👧‍👦 🏳️‍🌈 zażółć gęślą jaźń"
    ask(window, text)
    answer = wait_for_end(qtbot, window)
    assert kept(paths)[0][1] == text
    assert kept(paths)[1][1] == answer
    assert "\N{REPLACEMENT CHARACTER}" not in answer


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_an_engine_that_dies_costs_a_banner_and_the_next_message_reloads(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths, number: signal.Signals
) -> None:
    window = open_real_window()
    ask(window, "Write a very long story about the sea.")
    wait_for_words(qtbot, window)
    os.kill(engine_pid(window), number)
    broken = wait_for_end(qtbot, window)
    told = window.chat.banner
    assert told is not None
    assert kept(paths)[1] == ("assistant", broken, "failed")
    assert broken
    ask(window, "Say yes.")
    assert wait_for_end(qtbot, window)
    assert window.chat.banner is not told


def test_a_full_context_is_told_with_its_numbers(open_real_window: OpenWindow, qtbot: QtBot) -> None:
    window = open_real_window(LoadOptions(context_length=256))
    ask(window, "Count. " * 400)
    qtbot.waitUntil(lambda: not window.inference.running, timeout=PATIENCE_MS)
    assert window.chat.banner is not None
    assert "256" in window.chat.banner.accessibleDescription()


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model at all" * 100])
def test_a_broken_model_is_listed_with_its_reason_and_costs_nothing(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths, content: bytes
) -> None:
    paths.models.mkdir(parents=True)
    (paths.models / "broken.gguf").write_bytes(content)
    window = open_real_window()
    assert window.chat.model is not None
    assert window.chat.model.id == "starter"
    problems = {model.id: model.problem for model in window.chat._models or ()}
    assert problems["broken"] is not None
    assert problems["starter"] is None


def test_the_conversation_is_there_again_after_a_restart(open_real_window: OpenWindow, qtbot: QtBot) -> None:
    window = open_real_window()
    ask(window, "Say yes.")
    answer = wait_for_end(qtbot, window)
    window.close()
    again = open_real_window()
    assert last_answer(again) == answer


def test_closing_while_an_answer_is_written_ends_the_engine(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = open_real_window()
    ask(window, "Write a very long story about the sea.")
    wait_for_words(qtbot, window)
    pid = engine_pid(window)
    window.close()
    assert not Path(f"/proc/{pid}").exists()
    assert kept(paths)[1][2] == "stopped"
