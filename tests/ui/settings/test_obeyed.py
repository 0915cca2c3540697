"""Every setting on a page does what it says, is kept, and is the same on its page wherever it was changed."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slmdesk.storage import Paths, Settings, SettingsStore, WindowLock
from slmdesk.ui import MainWindow
from slmdesk.ui.main_window import SETTINGS
from slmdesk.ui.settings import SettingsPanel
from slmdesk.ui.widgets.number_field import NumberField
from slmdesk.ui.widgets.popup import ChoicePopup
from tests.ui.driving import MakeWindow, ask_and_wait, foot, settle
from tests.ui.machines import SECOND
from tests.ui.scripted import ScriptedChat, answer_script

CONTROL = Qt.KeyboardModifier.ControlModifier


def choose(popup: ChoicePopup) -> None:
    """The choice below the current one."""
    QTest.keyClick(popup.list, Qt.Key.Key_Down)
    QTest.keyClick(popup.list, Qt.Key.Key_Return)


def type_number(control: NumberField, text: str) -> None:
    field = control.edit
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def type_zoom(panel: SettingsPanel) -> None:
    type_number(panel.appearance.zoom_control, "150")


def type_hosts(panel: SettingsPanel, text: str) -> None:
    edit = panel.privacy.hosts_control.edit
    edit.setFocus()
    edit.selectAll()
    QTest.keyClick(edit, Qt.Key.Key_Delete)
    QTest.keyClicks(edit, text)
    QTest.keyClick(edit, Qt.Key.Key_Return)


HOSTS = ("a.test", "*.cdn.test")
CHANGES: dict[str, tuple[Callable[[SettingsPanel], object], object]] = {
    "language": (lambda panel: choose(panel.general.language_control.open_list()), "en"),
    "reopen_last_chat": (lambda panel: panel.general.reopen_control.click(), False),
    "load_model_at_start": (lambda panel: panel.general.load_control.click(), False),
    "send_with": (lambda panel: panel.general.send_control.segments["ctrl_enter"].click(), "ctrl_enter"),
    "theme": (lambda panel: panel.appearance.theme_control.segments["dark"].click(), "dark"),
    "reduce_motion": (lambda panel: choose(panel.appearance.motion_control.open_list()), "on"),
    "text_zoom": (lambda panel: type_zoom(panel), 150),
    "show_figures": (lambda panel: panel.appearance.figures_control.click(), False),
    "engines_off": (lambda panel: panel.engines.engines[1].switch.click(), (SECOND,)),
    "device": (lambda panel: choose(panel.engines.device.device.open_list()), "cpu"),
    "gpu_layers": (lambda panel: type_number(panel.engines.device.layers, "12"), 12),
    "threads": (lambda panel: type_number(panel.engines.device.threads, "6"), 6),
    "context_length": (lambda panel: choose(panel.engines.memory.context.open_list()), 2048),
    "kv_type": (lambda panel: panel.engines.memory.kv.segments["q8_0"].click(), "q8_0"),
    "idle_unload_minutes": (lambda panel: choose(panel.engines.memory.idle.open_list()), 30),
    "offline": (lambda panel: panel.privacy.offline_control.click(), True),
    "loopback_when_offline": (lambda panel: panel.privacy.loopback_control.click(), True),
    "allowed_hosts": (lambda panel: type_hosts(panel, "https://A.test/x, *.cdn.test"), HOSTS),
}
# What the control says of the value, where that is something else.
SHOWN: dict[str, object] = {
    "engines_off": False,
    "context_length": "2048",
    "idle_unload_minutes": "30",
    "allowed_hosts": "a.test, *.cdn.test",
}


def shown(window: MainWindow) -> SettingsPanel:
    window.show_panel(SETTINGS)
    return window.settings_panel


def test_every_setting_of_a_page_is_tested_here(make_window: MakeWindow) -> None:
    assert set(shown(make_window()).settings) == set(CHANGES)
    of_no_page = {"model", "window_width", "window_height", "model_settings", "warnings_dismissed"}
    assert {one.name for one in dataclasses.fields(Settings)} == set(CHANGES) | of_no_page


@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_is_kept(make_window: MakeWindow, qtbot: QtBot, paths: Paths, name: str) -> None:
    window = make_window()
    change, expected = CHANGES[name]
    panel = shown(window)
    pages = (panel.general, panel.engines, panel.privacy, panel.appearance)
    page = next(page for page in pages if any(one.name == name for one in page.settings))
    panel.show_page(panel.stack.indexOf(page))
    assert getattr(window._settings, name) != expected
    change(panel)
    qtbot.waitUntil(lambda: getattr(SettingsStore(paths.settings_file).load(), name) == expected)
    again = make_window(settings=SettingsStore(paths.settings_file).load())
    control = shown(again).settings[name].control
    assert control.value == SHOWN.get(name, expected)  # type: ignore[attr-defined]


def test_what_is_no_host_is_said_and_not_kept(make_window: MakeWindow, paths: Paths) -> None:
    panel = shown(make_window(settings=Settings(allowed_hosts=HOSTS)))
    panel.show_page(2)
    control = panel.privacy.hosts_control
    told: list[tuple[str, ...]] = []
    control.hosts_changed.connect(told.append)
    type_hosts(panel, "a.test, b:80")
    assert control.error == "“b:80” is not the name of a host."
    assert control.edit.text() == "a.test, b:80"
    type_hosts(panel, "a.test,*.cdn.test")
    assert (control.error, control.edit.text()) == ("", "a.test,*.cdn.test")
    type_hosts(panel, "")
    assert told == [()]


def test_the_theme_is_obeyed(make_window: MakeWindow) -> None:
    assert make_window(settings=Settings(theme="dark"))._theme.dark


def test_reduced_motion_is_obeyed(make_window: MakeWindow) -> None:
    assert make_window(settings=Settings(reduce_motion="on"))._theme.motion_ms == 0
    assert make_window(settings=Settings(reduce_motion="off"))._theme.motion_ms > 0


def test_the_size_of_chat_text_is_obeyed_and_changed_by_keys(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(settings=Settings(text_zoom=290))
    transcript, field = window.chat.transcript, window.chat.composer.input
    assert transcript.zoom == 290
    QTest.keyClick(field, Qt.Key.Key_Plus, CONTROL)
    QTest.keyClick(field, Qt.Key.Key_Plus, CONTROL)
    assert transcript.zoom == 300
    assert shown(window).appearance.zoom_control.value == 300
    window.show_chat()
    QTest.keyClick(field, Qt.Key.Key_Minus, CONTROL)
    assert transcript.zoom == 290
    QTest.keyClick(field, Qt.Key.Key_0, CONTROL)
    assert transcript.zoom == 100


def test_figures_are_left_out_where_they_are_not_wanted(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(ScriptedChat([answer_script()]))
    ask_and_wait(qtbot, window)
    assert foot(window).figures.isVisible()
    shown(window).appearance.figures_control.click()
    window.show_chat()
    assert not foot(window).figures.isVisible()


def test_enter_starts_a_line_where_ctrl_enter_sends(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat([answer_script()])
    window = make_window(chat, settings=Settings(send_with="ctrl_enter"))
    field = window.chat.composer.input
    QTest.keyClicks(field, "one")
    QTest.keyClick(field, Qt.Key.Key_Return)
    QTest.keyClicks(field, "two")
    assert "Ctrl+Enter" in window.chat.composer.send_button.toolTip()
    QTest.keyClick(field, Qt.Key.Key_Return, CONTROL)
    settle(qtbot, window)
    assert chat.asked == ["one\ntwo"]


def test_the_model_is_loaded_at_start_only_where_that_is_wanted(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    chat = ScriptedChat([answer_script("Here.")])
    window = make_window(chat, settings=Settings(load_model_at_start=False))
    assert not chat.pool.threads
    assert window.chat.empty.head.text() == "SmolLM2 135M is not loaded"
    assert ask_and_wait(qtbot, window) == "Here."


def test_the_language_is_obeyed_at_the_next_start(paths: Paths) -> None:
    SettingsStore(paths.settings_file).save(Settings(language="pl"))
    lock = WindowLock(paths.window_lock)
    assert lock.take()
    # With a window open already, a start is over at once, and says so.
    done = subprocess.run([sys.executable, "-m", "slmdesk"], capture_output=True, text=True, timeout=60)
    lock.release()
    assert done.stderr.startswith("SLM Desk jest już")
