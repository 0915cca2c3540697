"""Asking and being answered in the window, with a scripted model."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slmdesk.engines import ChatMessage, End, LoadProgress, PromptProgress, Text
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Paths, Settings
from tests.ui.driving import (
    MakeWindow,
    ask,
    ask_and_wait,
    foot,
    kept,
    last_answer,
    listed,
    settle,
    texts,
    wait_for_state,
    words_of,
)
from tests.ui.scripted import Gate, ScriptedChat, answer_script, make_conversation, make_report, make_stats

ERROR = UserError("nothing-to-answer", ErrorKind.GENERATION, details="exit status -6")


def test_a_message_is_answered(make_window: MakeWindow, qtbot: QtBot, paths: Paths) -> None:
    chat = ScriptedChat([answer_script("A streamed answer."), answer_script("A second one.")])
    window = make_window(chat)
    answer = ask_and_wait(qtbot, window)
    assert answer == "A streamed answer."
    assert chat.asked == ["Hello"]
    assert chat.pool.requests[0].messages == (
        ChatMessage("system", "You are a helpful assistant."),
        ChatMessage("user", "Hello"),
    )
    assert window.chat.head.title.whole_text == "Hello"
    assert window.chat.composer.meter.words.text() == "486 of 4,096 tokens"
    assert window.status.speed_segment.words == "123 tok/s"
    assert ask_and_wait(qtbot, window, "And again") == "A second one."
    assert texts(window) == ["Hello", "A streamed answer.", "And again", "A second one."]
    assert len(chat.pool.requests[1].messages) == 4
    assert kept(paths) == [
        ("user", "Hello", "complete"),
        ("assistant", "A streamed answer.", "complete"),
        ("user", "And again", "complete"),
        ("assistant", "A second one.", "complete"),
    ]


def test_the_model_runs_in_a_thread_of_its_own(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat([answer_script()])
    window = make_window(chat)
    ask_and_wait(qtbot, window)
    assert chat.pool.threads
    assert "MainThread" not in chat.pool.threads


def test_it_starts_by_loading_the_model(make_window: MakeWindow, qtbot: QtBot) -> None:
    gate = Gate()
    window = make_window(ScriptedChat(loading=[LoadProgress(0.43), gate, make_report()]))
    qtbot.waitUntil(lambda: window.chat.empty.progress.fraction > 0.4)
    assert window.chat.empty.head.text() == "Loading SmolLM2 135M"
    assert window.status.state_segment.words == "Loading"
    gate.opened.set()
    qtbot.waitUntil(lambda: window.chat.empty.head.text() == "SmolLM2 135M is ready")
    assert not window.chat.empty.progress.isVisible()
    assert window.chat.empty.instructions_label.text() == "Instructions: You are a helpful assistant."
    assert window.status.memory_segment.words == "262\N{NO-BREAK SPACE}MiB"


def test_loading_can_be_stopped_and_sending_loads_again(make_window: MakeWindow, qtbot: QtBot) -> None:
    gate = Gate()
    chat = ScriptedChat([answer_script("Here.")], loading=[LoadProgress(0.1), gate, make_report()])
    window = make_window(chat)
    wait_for_state(qtbot, window, "Loading")
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.chat.empty.head.text() == "SmolLM2 135M is not loaded")
    gate.opened.set()
    assert ask_and_wait(qtbot, window) == "Here."


def test_a_message_sent_while_loading_waits_for_the_model(make_window: MakeWindow, qtbot: QtBot) -> None:
    gate = Gate()
    chat = ScriptedChat([answer_script("Here.")], loading=[LoadProgress(0.1), gate, make_report()])
    window = make_window(chat)
    ask(window)
    assert window.chat.live is not None
    gate.opened.set()
    settle(qtbot, window)
    assert last_answer(window) == "Here."


def test_escape_stops_the_answer_and_keeps_what_came(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat([[PromptProgress(processed=1, total=1, reused=0), Text("So far"), Gate()]])
    window = make_window(chat)
    ask(window)
    wait_for_state(qtbot, window, "Writing")
    assert window.chat.composer.stop_button.isVisible()
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_Escape)
    settle(qtbot, window)
    assert last_answer(window) == "So far"
    assert foot(window).mark_of_end.words == "Stopped"
    assert window.chat.banners.banner is None
    assert window.chat.composer.input.hasFocus()


def test_typing_goes_on_while_an_answer_comes(make_window: MakeWindow, qtbot: QtBot) -> None:
    gate = Gate()
    window = make_window(ScriptedChat([[Text("So far"), gate, *answer_script(" and on")]]))
    ask(window)
    wait_for_state(qtbot, window, "Writing")
    QTest.keyClicks(window.chat.composer.input, "next")
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_Return)
    gate.opened.set()
    settle(qtbot, window)
    assert last_answer(window) == "So far and on"
    assert window.chat.composer.input.toPlainText() == "next"


def test_a_dead_engine_costs_a_banner_and_nothing_else(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat([[Text("So far"), ERROR], answer_script("Whole.")])
    window = make_window(chat)
    answer = ask_and_wait(qtbot, window)
    assert answer == "So far"
    assert foot(window).mark_of_end.words == "Stopped here"
    banner = window.chat.banners.banner
    assert banner is not None
    assert banner.details == "exit status -6"
    assert window.status.state_segment.words == "Engine stopped"
    assert window.status.memory_segment.words == "memory released"
    assert window.chat.composer.input.hasFocus()
    banner.buttons[0].click()
    assert not banner.isVisible()
    wait_for_state(qtbot, window, "Ready")
    qtbot.waitUntil(foot(window).again_button.isEnabled)
    foot(window).again_button.click()
    settle(qtbot, window)
    assert texts(window) == ["Hello", "Whole."]
    qtbot.waitUntil(lambda: foot(window).version.text() == "2/2")
    assert window.status.state_segment.words == "Ready"


def test_a_dead_engine_leaves_figures_and_a_full_meter(make_window: MakeWindow, qtbot: QtBot) -> None:
    read = (PromptProgress(processed=done, total=600, reused=0) for done in (0, 300, 600))
    pieces = (Text(f"word {number} ") for number in range(118))
    chat = ScriptedChat([answer_script("One."), [*read, *pieces, ERROR]])
    window = make_window(chat)
    ask_and_wait(qtbot, window)
    meter = window.chat.composer.meter.words
    assert meter.text() == "486 of 4,096 tokens"
    ask_and_wait(qtbot, window, "And again")
    assert meter.text() == "718 of 4,096 tokens"
    kept_words = foot(window).kept
    assert kept_words.isVisible()
    assert kept_words.text().startswith("118 tokens kept · ")
    assert kept_words.text().endswith(" tok/s")
    window.close()
    again = make_window(ScriptedChat(loading=[ERROR]))
    assert foot(again).kept.text() == kept_words.text()
    assert again.chat._context_tokens == 718


def test_a_shorter_conversation_does_not_keep_the_figures_of_the_longer(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    died = (PromptProgress(processed=20, total=20, reused=0), Text("So far"), ERROR)
    window = make_window(ScriptedChat([answer_script("One."), died]))
    ask_and_wait(qtbot, window)
    window.chat.transcript.edited.emit(0, "Hi")
    settle(qtbot, window)
    assert window.chat.composer.meter.words.text() == "21 of 4,096 tokens"


def test_a_model_that_cannot_be_loaded_says_so(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat(loading=[LoadProgress(0.1), ERROR])
    window = make_window(chat)
    assert window.chat.banners.banner is not None
    assert window.status.state_segment.words == "Could not be loaded"
    chat.pool.loading = [make_report()]
    window.chat.banners.banner.buttons[0].click()
    wait_for_state(qtbot, window, "Ready")
    assert chat.pool.forgiven == ["starter.gguf"]


def test_a_bug_is_shown_as_such_with_its_report(
    make_window: MakeWindow, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    window = make_window(ScriptedChat([[RuntimeError("a bug")]]))
    ask_and_wait(qtbot, window)
    banner = window.chat.banners.banner
    assert banner is not None
    assert "RuntimeError: a bug" in banner.details
    next(button for button in banner.buttons if button.text() == "Copy report").click()
    assert "RuntimeError: a bug" in QGuiApplication.clipboard().text()
    assert foot(window).mark_of_end.words == "Not answered"
    assert foot(window).again.isEnabled()
    assert "a bug" in caplog.text


def test_a_conversation_that_does_not_fit_is_told_with_numbers(make_window: MakeWindow, qtbot: QtBot) -> None:
    full = End(reason="context_full", needed_tokens=5200, context_length=4096)
    window = make_window(ScriptedChat([[make_stats(), full]]))
    ask_and_wait(qtbot, window)
    said = words_of(window.chat.banners.banner)
    assert "It needs 5,200 tokens, and the context holds 4,096." in said


def test_that_a_message_did_not_fit_is_still_said_when_it_is_shown_again(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    full = End(reason="context_full", needed_tokens=5200, context_length=4096)
    window = make_window(ScriptedChat([[make_stats(), full]]))
    ask_and_wait(qtbot, window)
    assert foot(window).mark_of_end.words == "Context full: 4,096 tokens"
    assert window.chat.composer.meter.warning.isVisible()
    number = window.chat.conversation.id
    window.chat.start_new_chat()
    settle(qtbot, window)
    window.chat.open_conversation(number)
    settle(qtbot, window)
    assert foot(window).mark_of_end.words == "Context full"
    window.close()
    died = (PromptProgress(processed=1, total=1, reused=0), ERROR)
    again = make_window(ScriptedChat([died]))
    assert foot(again).mark_of_end.words == "Context full"
    again.chat.try_again()
    settle(qtbot, again)
    assert foot(again).mark_of_end.words == "Not answered"


def test_an_answer_that_does_not_fit_offers_a_longer_context_and_an_edit(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    full = End(reason="context_full", needed_tokens=5200, context_length=4096)
    window = make_window(ScriptedChat([[make_stats(), full]]))
    ask_and_wait(qtbot, window)
    banner = window.chat.banners.banner
    assert banner is not None
    longer = next(one for one in banner.buttons if one.text() == "Change the context length")
    longer.click()
    assert window.chat.drawer.isVisible()
    edit = next(one for one in banner.buttons if one.text() == "Edit the message")
    edit.click()
    assert window.chat.transcript.messages[0].editing


def test_a_message_sent_just_before_closing_is_kept(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = make_window(ScriptedChat([answer_script()]))
    ask(window, "Just in time")
    window.close()
    assert kept(paths)[0] == ("user", "Just in time", "complete")


def test_a_message_stopped_before_its_turn_is_kept_and_can_be_answered_later(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    chat = ScriptedChat([answer_script("Here.")], loading=[Gate()])
    window = make_window(chat)
    ask(window)
    window.chat.stop()
    qtbot.waitUntil(lambda: window.chat.live is None)
    assert kept(paths) == [("user", "Hello", "complete")]
    # The window's own loading still waits at the gate.
    window.chat.stop()
    settle(qtbot, window)
    chat.pool.loading = []
    window.chat.try_again()
    settle(qtbot, window)
    assert [text for _, text, _ in kept(paths)] == ["Hello", "Here."]


def test_the_last_conversation_is_there_again(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(ScriptedChat(stored=[make_conversation("Hi", "Hello")]))
    assert window.chat.head.title.whole_text == "Hi"
    assert texts(window) == ["Hi", "Hello"]
    assert window.chat.composer.meter.words.text() == "486 of 4,096 tokens"


def test_a_new_chat_is_there_where_the_last_one_is_not_wanted(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat(stored=[make_conversation("Hi", "Hello")])
    window = make_window(chat, settings=Settings(reopen_last_chat=False))
    assert window.chat.head.title.whole_text == "New chat"
    assert listed(window) == ["New chat", "Hi"]
