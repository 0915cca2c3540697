"""The settings shell: pages, the search, and what a policy has fixed."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slmdesk.storage import Paths, SettingsStore
from slmdesk.ui import MainWindow, system
from slmdesk.ui.main_window import SETTINGS
from slmdesk.ui.settings import SettingsPanel
from slmdesk.ui.settings.rows import Setting
from slmdesk.ui.widgets.labels import Label
from tests.ui.driving import MakeWindow, focused, settle

REASON = "Set by your organisation."
MEMORY = "Free the memory when idle"


def shown(window: MainWindow) -> SettingsPanel:
    window.show_panel(SETTINGS)
    return window.settings_panel


def found(panel: SettingsPanel) -> list[str]:
    return [one.text() for one in panel.search.results]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("theme", ["Theme"]),
        ("SHIFT+enter", ["Send with"]),
        (
            "memory",
            ["Load the model at start", "Context length of new chats", "Precision of the KV cache", MEMORY],
        ),
        ("gguf", ["llama.cpp"]),
        ("physical core", ["Threads"]),
        ("chat start", ["Open the last chat at start"]),
        ("dark", ["Theme"]),
        ("Dark theme", ["Theme"]),
        ("16-bit", ["Precision of the KV cache"]),
        ("polski", ["Language"]),
        ("gpu", ["Run models on", "Layers on the device"]),
        ("CUDA", ["Run models on", "Layers on the device"]),
        ("vulkan", ["Run models on", "Layers on the device"]),
        ("metal", ["Run models on", "Layers on the device"]),
        ("graphics card", ["Run models on", "Layers on the device"]),
        ("cpu", ["Run models on", "Threads"]),
        ("onnx", ["ONNX Runtime GenAI"]),
        ("nothing like it", []),
    ],
)
def test_the_search_finds_settings_by_name_by_what_is_said_and_by_what_can_be_chosen(
    make_window: MakeWindow, qtbot: QtBot, text: str, names: list[str]
) -> None:
    panel = shown(make_window())
    panel.search.field.edit.setFocus()
    QTest.keyClicks(panel.search.field.edit, text)
    assert found(panel) == names
    assert panel.search.nothing.isVisible() is not bool(names)
    assert not panel.page_buttons[0].isVisible()


def test_a_result_leads_to_its_control_and_an_emptied_search_back_to_the_pages(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    panel = shown(make_window())
    field = panel.search.field.edit
    field.setFocus()
    QTest.keyClicks(field, "size chat text")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert panel.stack.currentWidget() is panel.appearance
    assert panel.appearance.zoom_control.isAncestorOf(focused()) or panel.appearance.zoom_control.hasFocus()
    field.selectAll()
    QTest.keyClick(field, Qt.Key.Key_Delete)
    assert panel.page_buttons[0].isVisible()
    assert panel.page_buttons[3].isChecked()


def test_escape_empties_the_search_before_it_leaves_the_settings(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window()
    panel = shown(window)
    field = panel.search.field.edit
    field.setFocus()
    QTest.keyClicks(field, "theme")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == ""
    assert window.stack.currentWidget() is panel
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert window.stack.currentWidget() is window.chat


NAMES = (
    "language reopen_last_chat load_model_at_start send_with theme reduce_motion text_zoom show_figures"
    " engines_off device gpu_layers threads context_length kv_type idle_unload_minutes offline"
    " loopback_when_offline allowed_hosts"
)
FIXED = dict.fromkeys(NAMES.split(), REASON)


def show_page_of(panel: SettingsPanel, setting: Setting) -> None:
    pages = (panel.general, panel.engines, panel.privacy, panel.appearance)
    page = next(page for page in pages if setting in page.settings)
    panel.show_page(panel.stack.indexOf(page))


def test_a_value_fixed_by_policy_shows_why_and_can_be_read_with_the_keyboard(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    panel = shown(make_window(fixed=FIXED))
    for name, setting in panel.settings.items():
        assert setting.row.fixed == REASON
        assert REASON in [label.text() for label in setting.row.findChildren(Label)]
        assert setting.row._icon._name == "lock", name
        show_page_of(panel, setting)
        setting.widget.setFocus(Qt.FocusReason.TabFocusReason)
        at = focused()
        assert at is setting.widget or setting.widget.isAncestorOf(at), name
        interface = QAccessible.queryAccessibleInterface(at)
        assert interface is not None
        assert REASON in interface.text(QAccessible.Text.Description), name


def test_a_value_fixed_by_policy_cannot_be_changed(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The arrows go from a switch to the button beside it, which opens the log.
    monkeypatch.setattr(system, "open_in_system", lambda path: True)
    window = make_window(fixed=FIXED)
    before = window._settings
    panel = shown(window)
    for setting in panel.settings.values():
        show_page_of(panel, setting)
        setting.widget.setFocus(Qt.FocusReason.TabFocusReason)
        for key in (Qt.Key.Key_Space, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Return):
            QTest.keyClick(focused(), key)
        QTest.mouseClick(setting.widget, Qt.MouseButton.LeftButton)
    window.show_chat()
    QTest.keyClick(focused(), Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, window)
    assert window._settings == before
    assert window.chat.transcript.zoom == before.text_zoom
    window.close()
    kept = SettingsStore(paths.settings_file).load()
    assert (kept.text_zoom, kept.show_figures, kept.send_with) == (100, True, "enter")


def test_other_settings_can_be_changed_beside_a_fixed_one(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(fixed={"theme": REASON})
    panel = shown(window)
    panel.general.reopen_control.click()
    assert not window._settings.reopen_last_chat
    assert panel.general.reopen_control.fixed == ""


def test_each_page_is_reached_with_the_keyboard(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    panel = shown(window)
    pages = []
    for _ in panel.page_buttons:
        pages.append(panel.stack.currentWidget())
        QTest.keyClick(focused(), Qt.Key.Key_Down)
        QTest.keyClick(focused(), Qt.Key.Key_Space)
    assert pages == [panel.general, panel.engines, panel.privacy, panel.appearance, panel.about]
