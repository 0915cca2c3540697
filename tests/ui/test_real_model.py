"""The real window with the real starter model in a real engine process, over a real database."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slmdesk.storage import Paths
from tests.ui.driving import (
    OpenWindow,
    ask,
    ask_and_wait,
    engine_pid,
    kept,
    last_answer,
    settle,
    texts,
    wait_for_state,
    wait_for_words,
    words_of,
)


def test_type_stream_and_a_second_turn_that_reuses_the_prefix(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = open_real_window()
    streamed: list[str] = []
    window.inference.text.connect(lambda ticket, text, pieces: streamed.append(text))
    first = ask_and_wait(qtbot, window, "What is the capital of France? Answer in one sentence.")
    assert "Paris" in first
    assert len(streamed) > 1, "the answer came in pieces"
    assert "".join(streamed) == first
    conversation = window.chat.conversation
    before = conversation.messages[1].stats
    assert before is not None
    ask_and_wait(qtbot, window, "And of Poland?")
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
    settle(qtbot, window)
    stopped = last_answer(window)
    assert kept(paths)[1] == ("assistant", stopped, "stopped")
    assert ask_and_wait(qtbot, window, "Say yes.")


def test_right_to_left_and_emoji_survive_the_whole_way(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = open_real_window()
    text = "Repeat this once: שלום עולם مرحبا 👩‍👩‍👧‍👦 🏳️‍🌈 zażółć gęślą jaźń"
    answer = ask_and_wait(qtbot, window, text)
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
    settle(qtbot, window)
    broken = last_answer(window)
    told = window.chat.banners.banner
    assert told is not None
    assert kept(paths)[1] == ("assistant", broken, "failed")
    assert broken
    assert ask_and_wait(qtbot, window, "Say yes.")
    assert window.chat.banners.banner is not told


def test_a_full_context_is_told_with_its_numbers(open_real_window: OpenWindow, qtbot: QtBot) -> None:
    window = open_real_window(context_length=256)
    ask(window, "Count. " * 400)
    settle(qtbot, window)
    assert "256" in words_of(window.chat.banners.banner)


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model at all" * 100])
def test_a_broken_model_is_listed_with_its_reason_and_costs_nothing(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths, content: bytes
) -> None:
    paths.models.mkdir(parents=True)
    (paths.models / "broken.gguf").write_bytes(content)
    window = open_real_window()
    assert window.chat.model is not None
    assert window.chat.model.id == "starter"
    problems = {model.id: model.problem for model in window.chat.choice.models or ()}
    assert problems["broken"] is not None
    assert problems["starter"] is None


def test_the_conversation_is_there_again_after_a_restart(open_real_window: OpenWindow, qtbot: QtBot) -> None:
    window = open_real_window()
    answer = ask_and_wait(qtbot, window, "Say yes.")
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


def test_a_model_that_nobody_uses_gives_its_memory_back_until_the_next_message(
    open_real_window: OpenWindow, qtbot: QtBot
) -> None:
    window = open_real_window()
    first = ask_and_wait(qtbot, window, "Say yes.")
    chat = window.inference._worker.chat
    assert chat is not None
    process = Path(f"/proc/{engine_pid(window)}")
    chat.pool.idle_s = 0.2
    wait_for_state(qtbot, window, "Unloaded to free memory")
    assert not process.exists()
    chat.pool.idle_s = None
    assert texts(window) == ["Say yes.", first]
    assert ask_and_wait(qtbot, window, "Say it again.")


def test_while_somebody_else_has_the_engines_a_message_waits_for_another_try(
    open_real_window: OpenWindow, qtbot: QtBot
) -> None:
    window = open_real_window()
    chat = window.inference._worker.chat
    assert chat is not None
    with chat.pool.exclusive("Benchmark"):
        ask(window, "Say yes.")
        settle(qtbot, window)
        banner = window.chat.banners.banner
        assert "Benchmark" in words_of(banner)
        assert window.status.state_segment.words == "No model loaded"
    assert banner is not None
    banner.buttons[0].click()
    settle(qtbot, window)
    assert last_answer(window)
