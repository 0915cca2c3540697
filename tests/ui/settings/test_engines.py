"""The page about engines and devices, on computers that are written down, and on this one."""

from __future__ import annotations

import dataclasses
import gettext
import threading

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.engines import End, Text
from slmdesk.messages import error_sentences, language
from slmdesk.storage import ModelSettings, Paths, Settings, SettingsStore
from slmdesk.ui import MainWindow, Theme
from slmdesk.ui.main_window import SETTINGS
from slmdesk.ui.settings.engines import EnginesPage
from slmdesk.ui.settings.engines.found import found_devices
from slmdesk.ui.surroundings import Surroundings
from slmdesk.ui.widgets.labels import Label
from tests.ui import machines
from tests.ui.driving import (
    PATIENCE_MS,
    MakeWindow,
    OpenWindow,
    ask,
    ask_and_wait,
    focused,
    last_answer,
    settle,
    wait_for_state,
    words_of,
)
from tests.ui.machines import FIRST, SECOND, Machine, no_gpu, two_devices, wrong_build
from tests.ui.scripted import BROKEN_MODEL, Gate, ScriptedChat, Step, answer_script, make_model

STARTER = str(make_model().path)
TITLE = make_model().engine_title


def show_page(window: MainWindow) -> EnginesPage:
    window.show_panel(SETTINGS)
    panel = window.settings_panel
    panel.show_page(panel.stack.indexOf(panel.engines))
    return panel.engines


def shown(window: MainWindow, qtbot: QtBot) -> EnginesPage:
    page = show_page(window)
    qtbot.waitUntil(lambda: page.looked, timeout=PATIENCE_MS)
    settle(qtbot, window)
    return page


def holds(chat: ScriptedChat) -> bool:
    """Whether a model is loaded."""
    return chat.pool.loaded is not None


def words(widget: QWidget) -> str:
    """Everything that can be read in it."""
    return " ".join(one.text() for one in widget.findChildren(Label) if one.isVisibleTo(widget))


def page_of(
    make_window: MakeWindow, qtbot: QtBot, *found: Surroundings | Exception, **more: object
) -> EnginesPage:
    return shown(make_window(machine=Machine(*found), **more), qtbot)


# What there is


def test_without_a_graphics_processor_the_page_says_so(make_window: MakeWindow, qtbot: QtBot) -> None:
    page = page_of(make_window, qtbot, no_gpu())
    assert [view.state.label.text() for view in page.engines] == ["Works", "Works"]
    assert words(page.engines[0].row) == "llama.cpp 0.5.0 (llama-cpp-python 0.3.36) · GGUF files · CPU Works"
    assert "ONNX folders" in words(page.engines[1].row)
    device = page.device
    assert [text for _, text in device.device.choices] == ["Automatic (CPU)", "Processor (CPU)"]
    assert device.device_row.about == "8 cores, 32\xa0GiB of memory."
    assert device.why_row.name == "Where SmolLM2 135M runs, and why"
    assert device.why_row.about == "Runs on the processor: no graphics processor was found."
    assert device.banner is None
    assert device.layers.fixed == "No engine that works here can place layers on another device."
    assert device.layers_row.about != device.layers.fixed
    assert device.layers_row._icon._name == "layers", "no lock: nobody has fixed it"


def test_a_build_without_support_warns_and_its_command_can_be_copied(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    page = page_of(make_window, qtbot, wrong_build())
    banner = page.device.banner
    assert "NVIDIA GeForce RTX 4060 Laptop GPU is not used." in words_of(banner)
    assert banner is not None
    banner.buttons[0].click()
    assert QGuiApplication.clipboard().text() in words_of(banner)
    assert "Also found: NVIDIA GeForce RTX 4060 Laptop GPU." in page.device.device_row.about
    qtbot.waitUntil(lambda: "driver" in words(page._found))
    rows = words(page._found)
    assert "No installed engine can use it" in rows
    assert "driver 560.35.03" in rows
    assert "7.1\xa0GiB of 8\xa0GiB free" in rows
    page.device.device.picked.emit("cpu")
    settle(qtbot, page.window())  # type: ignore[arg-type]
    assert page.device.banner is None, "who chose the processor is not warned"


def test_every_device_can_be_chosen_and_is_listed_with_its_memory(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    page = page_of(make_window, qtbot, two_devices())
    choice = page.device.device
    assert [value for value, _ in choice.choices] == ["auto", "cpu", "Vulkan0", "Vulkan1"]
    assert choice.toolTip() == choice.currentText(), "there is no room for all of it"
    assert choice.choices[2][1] == "NVIDIA GeForce RTX 4060 Laptop GPU (Vulkan)"
    popup = choice.open_list()
    assert [one.note for one in popup.choices] == [
        "",
        "",
        "7.1\xa0GiB of 8\xa0GiB free",
        "11\xa0GiB of 16\xa0GiB free",
    ]
    for _ in range(3):
        QTest.keyClick(popup.list, Qt.Key.Key_Down)
    QTest.keyClick(popup.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: SettingsStore(paths.settings_file).load().device == "Vulkan1")
    settle(qtbot, page.window())  # type: ignore[arg-type]
    assert "Radeon 780M" in page.device.why_row.about
    assert page.device.layers.fixed == ""


def test_what_is_found_is_named_once_though_engine_and_system_tell_of_it() -> None:
    rows = [(one.title, one.about) for one in found_devices(two_devices())]
    assert rows == [
        ("AMD Ryzen 7 7840U w/ Radeon 780M Graphics", "8 cores · 16 threads"),
        ("NVIDIA GeForce RTX 4060 Laptop GPU", "Used by llama.cpp (Vulkan) · driver 560.35.03"),
        (
            "AMD Radeon 780M Graphics",
            "Used by llama.cpp (Vulkan) · driver 6.12.0 · Shares the computer’s memory",
        ),
    ]
    only_engine = dataclasses.replace(two_devices(), computer=machines.COMPUTER)
    assert [one.title for one in found_devices(only_engine)][1:] == [
        "NVIDIA GeForce RTX 4060 Laptop GPU (Vulkan)",
        "AMD Radeon 780M Graphics (Vulkan)",
    ]


def test_an_engine_that_does_not_work_says_why_and_what_to_do(make_window: MakeWindow, qtbot: QtBot) -> None:
    broken = Surroundings((machines.make_engine(), machines.BROKEN), machines.COMPUTER)
    page = page_of(make_window, qtbot, broken)
    view = page.engines[1]
    assert view.state.label.text() == "Does not work"
    assert machines.BROKEN.problem is not None
    assert error_sentences(machines.BROKEN.problem).do in words_of(view.banner)
    assert view.banner is not None
    assert view.banner.details == "exit status -4 (SIGILL)"


def test_no_name_of_the_program_itself_is_shown(make_window: MakeWindow, qtbot: QtBot) -> None:
    page = page_of(make_window, qtbot, two_devices())
    seen = words(page)
    for hidden in ("Vulkan0", "gpu_layers", "kv_type", "q8_0", "f16", "Placement", f" {SECOND} "):
        assert hidden not in seen


# Looking


def test_looking_is_shown_and_does_not_hold_up_the_window(make_window: MakeWindow, qtbot: QtBot) -> None:
    gate, machine = threading.Event(), Machine(no_gpu())
    machine.before_looking = lambda: (gate.wait(60), None)[1]
    window = make_window(machine=machine)
    page = show_page(window)
    assert page.engines[0].state.label.text() == "Looking"
    qtbot.waitUntil(lambda: "Looking at engines and devices" in words(page._found))
    assert not page.look_button.isEnabled()
    page.device.threads.set_value(3)
    assert page.device.threads.value == 3
    gate.set()
    qtbot.waitUntil(lambda: page.looked)
    assert page.look_button.isEnabled()
    assert machine.looks == [False]


def test_where_looking_fails_the_page_says_so_and_looks_again(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(machine=Machine(RuntimeError("a bug"), two_devices()))
    page = show_page(window)
    qtbot.waitUntil(lambda: page.notice is not None)
    notice = page.notice
    assert notice is not None
    assert "RuntimeError: a bug" in notice.details
    assert [view.state.label.text() for view in page.engines] == ["Not known", "Not known"]
    notice.buttons[0].click()
    qtbot.waitUntil(lambda: page.looked)
    assert not notice.isVisible()
    assert len(page.device.device.choices) == 4


def test_a_device_that_was_plugged_in_or_pulled_out_is_seen_by_looking_again(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    machine = Machine(no_gpu(), two_devices(), no_gpu())
    window = make_window(machine=machine)
    page = shown(window, qtbot)
    page.look_button.click()
    qtbot.waitUntil(lambda: len(page.device.device.choices) == 4)
    page.device.device.set_value("Vulkan0")
    page.device.device.picked.emit("Vulkan0")
    settle(qtbot, window)
    page.look_button.click()
    qtbot.waitUntil(lambda: page.device.device.currentText() == "Vulkan0 (not found)")
    assert machine.looks == [False, True, True]
    settle(qtbot, window)
    assert window._settings.device == "Vulkan0", "what was chosen stays chosen"


# Setting


def test_an_engine_is_turned_off_and_its_models_say_so(make_window: MakeWindow, qtbot: QtBot) -> None:
    other = make_model("other", "Other", engine=SECOND, engine_title="ONNX Runtime GenAI")
    machine = Machine(no_gpu())
    window = make_window(models=(make_model(), other), machine=machine)
    page = shown(window, qtbot)
    page.engines[1].switch.click()
    settle(qtbot, window)
    assert machine.settings.engines_off == (SECOND,)
    assert page.engines[1].state.label.text() == "Off"
    why = "One engine stays on: without any, no model can answer."
    assert page.engines[0].switch.fixed == why
    assert why in [label.text() for label in page.engines[0].row.findChildren(Label) if label.isVisible()]
    rows = {one.value: one for one in window.chat.composer.model_button.open_list().choices}
    assert not rows["other"].usable
    assert rows["other"].about == "ONNX Runtime GenAI is turned off in the settings."
    page.engines[1].switch.click()
    settle(qtbot, window)
    assert page.engines[1].state.label.text() == "Works"
    assert page.engines[0].switch.fixed == ""
    assert all(one.usable for one in window.chat.composer.model_button.open_list().choices)


def test_turning_off_the_engine_of_the_chosen_model_takes_another_model(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    other = make_model("other", "Other", engine=SECOND, engine_title="ONNX Runtime GenAI")
    window = make_window(models=(make_model(), other), machine=Machine(no_gpu()))
    page = shown(window, qtbot)
    page.engines[0].switch.click()
    settle(qtbot, window)
    assert window.chat.model is not None
    assert window.chat.model.id == "other"


def test_with_every_engine_off_the_chat_says_so_and_leads_to_the_page(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(machine=Machine(no_gpu()), settings=Settings(engines_off=(FIRST, SECOND)))
    no_model = window.chat.no_model
    assert window.chat.stack.currentWidget() is no_model
    assert no_model.head.text() == f"{TITLE} is turned off"
    assert "pip install" not in words(no_model)
    assert not no_model.again_button.isVisible()
    assert window.chat.composer.input.placeholderText() == f"Turn {TITLE} on first."
    no_model.engines_button.click()
    assert window.stack.currentWidget() is window.settings_panel
    assert window.settings_panel.stack.currentWidget() is window.settings_panel.engines
    page = shown(window, qtbot)
    assert [view.state.label.text() for view in page.engines] == ["Off", "Off"]
    page.engines[0].switch.click()
    settle(qtbot, window)
    assert window.chat.model is not None
    assert window.status.state_segment.words == "Ready"


def test_several_engines_that_are_off_are_named_and_a_broken_model_is_another_matter(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    other = make_model("other", "Other", engine=SECOND, engine_title="ONNX Runtime GenAI")
    off = Settings(engines_off=(FIRST, SECOND))
    window = make_window(models=(make_model(), other), machine=Machine(no_gpu()), settings=off)
    assert window.chat.no_model.head.text() == "The engines are turned off"
    assert f"{TITLE}, ONNX Runtime GenAI" in words(window.chat.no_model)
    assert window.chat.composer.input.placeholderText() == "Turn an engine on first."
    window = make_window(models=(make_model(), BROKEN_MODEL), machine=Machine(no_gpu()), settings=off)
    assert window.chat.no_model.head.text() == "No model can be used"
    assert f"an engine that is turned off: {TITLE}." in words(window.chat.no_model)
    assert window.chat.no_model.again_button.isVisible()
    assert window.chat.no_model.engines_button.isVisible()
    assert window.chat.composer.input.placeholderText() == f"Turn {TITLE} on first."
    window = make_window(models=(BROKEN_MODEL,), machine=Machine(no_gpu()), settings=off)
    assert window.chat.composer.input.placeholderText() == "Add a model first."
    assert not window.chat.no_model.engines_button.isVisible()


def test_an_engine_that_is_turned_off_gives_its_model_back(make_window: MakeWindow, qtbot: QtBot) -> None:
    machine = Machine(no_gpu())
    chat = ScriptedChat(machine=machine)
    window = make_window(chat, machine=machine)
    page = shown(window, qtbot)
    page.engines[1].switch.click()
    settle(qtbot, window)
    assert holds(chat), "it is not of that engine"
    page.engines[1].switch.click()
    page.engines[0].switch.click()
    settle(qtbot, window)
    assert not holds(chat)
    assert threading.current_thread().name not in chat.pool.threads
    assert window.status.state_segment.words == "No model loaded"
    assert window.status.model_segment.words == ""
    page.engines[0].switch.click()
    settle(qtbot, window)
    assert window.status.state_segment.words == "Ready"


def test_an_answer_that_is_being_written_ends_before_its_engine_does(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    machine, gate = Machine(no_gpu()), Gate()
    script: list[Step] = [Text("The first half"), gate, Text(", and the rest."), End(reason="stop")]
    chat = ScriptedChat([script], machine=machine)
    window = make_window(chat, machine=machine)
    ask(window)
    wait_for_state(qtbot, window, "Writing")
    show_page(window).engines[0].switch.click()
    assert holds(chat)
    gate.opened.set()
    settle(qtbot, window)
    assert last_answer(window) == "The first half, and the rest."
    assert not holds(chat)


def test_threads_go_back_to_what_was_found(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(machine=Machine(no_gpu()), settings=Settings(threads=6))
    page = shown(window, qtbot)
    device = page.device
    assert device.threads.edit.text() == "6"
    assert device.found_button.text() == "Use 8 (found here)"
    QTest.keyClick(device.found_button, Qt.Key.Key_Return)
    assert window._settings.threads == 0
    assert device.found_button.isHidden()
    assert (device.threads.edit.text(), device.threads.edit.placeholderText()) == ("", "8")
    assert device.threads.isAncestorOf(focused()) or device.threads.hasFocus()


def test_the_only_engine_that_works_stays_on(make_window: MakeWindow, qtbot: QtBot) -> None:
    broken = Surroundings((machines.make_engine(), machines.BROKEN), machines.COMPUTER)
    page = page_of(make_window, qtbot, broken)
    works, does_not = page.engines
    assert works.switch.fixed
    assert not does_not.switch.fixed


def test_layers_that_nothing_here_places_can_be_taken_back(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(machine=Machine(no_gpu()), settings=Settings(gpu_layers=5))
    device = shown(window, qtbot).device
    assert device.layers.fixed
    assert device.layers.edit.text() == "5"
    QTest.keyClick(device.reset_button, Qt.Key.Key_Return)
    settle(qtbot, window)
    assert window._settings.gpu_layers == -1
    assert device.reset_button.isHidden()
    assert device.layers.edit.text() == ""


def test_a_model_has_settings_of_its_own_until_they_are_removed(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    machine = Machine(two_devices())
    window = make_window(machine=machine, settings=Settings(threads=4))
    page = shown(window, qtbot)
    own = page.this_model
    assert own.group.head.text() == "Only for SmolLM2 135M"
    assert own.rows[2].row.about == "For all models: 4"
    assert not own.remove_button.isEnabled()
    own.device.set_value("cpu")
    own.device.picked.emit("cpu")
    own.threads.edit.setFocus()
    QTest.keyClicks(own.threads.edit, "2")
    own.context.picked.emit("8192")
    settle(qtbot, window)
    wanted = ModelSettings(device="cpu", threads=2, context_length=8192)
    assert SettingsStore(paths.settings_file).load().model_settings == {STARTER: wanted}
    assert page.device.why_row.about == "Runs on the processor: it was chosen for this model."
    assert window.inference.context_length(make_model()) == 8192
    QTest.keyClick(own.remove_button, Qt.Key.Key_Space)
    settle(qtbot, window)
    assert SettingsStore(paths.settings_file).load().model_settings == {}
    assert own.device.value == ""
    assert own.device.hasFocus()
    assert "NVIDIA" in page.device.why_row.about


def test_what_the_engine_of_the_model_cannot_do_is_greyed_with_the_reason(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    model = make_model("other", "Other", engine=SECOND, engine_title="ONNX Runtime GenAI")
    page = page_of(make_window, qtbot, two_devices(), models=(model,))
    limits = {one.name: one.row.fixed for one in page.this_model.rows}
    no = "The engine of this model does not support it."
    assert limits == {"device": "", "gpu_layers": no, "threads": "", "context_length": "", "kv_type": no}
    assert page.memory.kv.fixed == "", "another engine can"


def test_without_a_model_there_is_nothing_to_set_for_one(make_window: MakeWindow, qtbot: QtBot) -> None:
    page = page_of(make_window, qtbot, no_gpu(), models=())
    assert {one.row.fixed for one in page.this_model.rows} == {"Choose a model in the chat first."}
    assert page.device.why_row.name == "Why this device"
    assert page.device.why_row.about


def test_policy_fixes_the_device_also_for_single_models(make_window: MakeWindow, qtbot: QtBot) -> None:
    reason = "Set by your organisation."
    settings = Settings(device="cpu", model_settings={STARTER: ModelSettings(device="Vulkan0")})
    machine = Machine(two_devices())
    page = page_of(make_window, qtbot, two_devices(), settings=settings, fixed={"device": reason})
    assert page.device.device.fixed == reason
    assert page.this_model.rows[0].row.fixed == reason
    assert page.this_model.rows[2].row.fixed == ""
    assert settings.in_effect_for(STARTER, {"device": reason}).device == "cpu"
    assert machine.looks == []


def test_policy_leaves_the_facts_and_adds_the_reason(make_window: MakeWindow, qtbot: QtBot) -> None:
    reason = "Set by your organisation."
    fixed = dict.fromkeys(("engines_off", "device"), reason)
    page = page_of(make_window, qtbot, two_devices(), fixed=fixed)
    engine = words(page.engines[0].row)
    assert "llama-cpp-python 0.3.36" in engine
    assert "GGUF files" in engine
    assert reason in engine
    device = words(page.device.device_row)
    assert "8 cores" in device
    assert reason in device
    assert words(page.device.layers_row).count(reason) == 0


def test_any_graphics_processor_is_no_device_that_is_missing(make_window: MakeWindow, qtbot: QtBot) -> None:
    page = page_of(make_window, qtbot, two_devices(), settings=Settings(device="gpu"))
    assert page.device.device.value == "gpu"
    assert page.device.device.currentText() == "Any graphics processor"
    assert "Any graphics processor" in page.this_model.rows[0].row.about


def test_a_value_that_is_not_offered_stands_in_its_place(make_window: MakeWindow, qtbot: QtBot) -> None:
    own = {STARTER: ModelSettings(context_length=3000)}
    settings = Settings(context_length=100_000, idle_unload_minutes=45, model_settings=own)
    page = page_of(make_window, qtbot, no_gpu(), settings=settings)
    lengths = [value for value, _ in page.memory.context.choices]
    assert lengths[0] == "0"
    assert lengths[-3:] == ["65536", "100000", "131072"]
    assert page.memory.context.value == "100000"
    assert [value for value, _ in page.memory.idle.choices] == ["5", "15", "30", "45", "60", "0"]
    of_model = [value for value, _ in page.this_model.context.choices]
    assert of_model[:5] == ["", "0", "2048", "3000", "4096"]


def test_a_device_that_was_found_is_found_by_the_search(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(machine=Machine(two_devices()))
    shown(window, qtbot)
    search = window.settings_panel.search
    for text in ("rtx 4060", "radeon vulkan"):
        search.field.edit.clear()
        QTest.keyClicks(search.field.edit, text)
        assert "Run models on" in [one.text() for one in search.results]


# The next load


def test_a_change_waits_for_the_next_load_which_can_be_had_at_once(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    machine = Machine(two_devices())
    chat = ScriptedChat([answer_script()], machine=machine)
    window = make_window(chat, machine=machine)
    assert [load.devices for load in chat.pool.loads] == [("Vulkan0",)]
    page = shown(window, qtbot)
    bar = window.settings_panel.reload_bar
    assert bar.isHidden()
    page.device.device.set_value("cpu")
    page.device.device.picked.emit("cpu")
    settle(qtbot, window)
    assert bar.isVisible()
    assert "next load" in words(bar)
    assert len(chat.pool.loads) == 1, "nothing is loaded by itself"
    QTest.keyClick(bar.button, Qt.Key.Key_Return)
    settle(qtbot, window)
    assert [load.devices for load in chat.pool.loads] == [("Vulkan0",), ()]
    assert bar.isHidden()
    assert window.stack.currentWidget() is window.settings_panel


def test_loading_again_waits_for_the_answer_that_is_being_written(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    machine, gate = Machine(no_gpu()), Gate()
    chat = ScriptedChat([[Text("So far"), gate, *answer_script(" so good.")]], machine=machine)
    window = make_window(chat, machine=machine)
    ask(window)
    wait_for_state(qtbot, window, "Writing")
    page = show_page(window)
    page.memory.kv.segments["q8_0"].click()
    bar = window.settings_panel.reload_bar
    bar.button.click()
    assert not bar.button.isEnabled()
    gate.opened.set()
    settle(qtbot, window)
    assert last_answer(window) == "So far so good."
    assert [load.kv_type for load in chat.pool.loads] == ["f16", "q8_0"]
    assert bar.isHidden()


def test_a_change_that_is_taken_back_waits_for_nothing(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(machine=Machine(no_gpu()))
    page = shown(window, qtbot)
    page.memory.kv.segments["q8_0"].click()
    assert window.settings_panel.reload_bar.isVisible()
    page.memory.kv.segments["f16"].click()
    assert window.settings_panel.reload_bar.isHidden()
    page.memory.idle.picked.emit(0)
    assert window.settings_panel.reload_bar.isHidden(), "idle time needs no load"


def test_a_message_after_a_change_is_answered_with_it(make_window: MakeWindow, qtbot: QtBot) -> None:
    machine = Machine(no_gpu())
    chat = ScriptedChat([answer_script("Yes.")], machine=machine)
    window = make_window(chat, machine=machine)
    shown(window, qtbot).device.threads.picked.emit(3)
    window.show_chat()
    assert ask_and_wait(qtbot, window) == "Yes."
    assert chat.pool.loads[-1].threads == 3


# Keyboard, sizes, languages


def test_the_page_is_used_with_the_keyboard_alone(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(machine=Machine(two_devices()))
    page = shown(window, qtbot)
    window.settings_panel.focus_page()
    reached: list[str] = []
    for _ in range(60):
        QTest.keyClick(focused(), Qt.Key.Key_Tab)
        if not page.isAncestorOf(focused()):
            if reached:
                break
            continue
        interface = QAccessible.queryAccessibleInterface(focused())
        assert interface is not None
        name = interface.text(QAccessible.Text.Name) or focused().accessibleName()
        reached.append(focused().accessibleName() or name)
        area = QRect(focused().mapTo(page, focused().rect().topLeft()), focused().size())
        assert page.rect().intersects(area), f"{name} is scrolled into view"
    for wanted in (
        "Use llama.cpp",
        "Use ONNX Runtime GenAI",
        "Run models on",
        "Layers on the device",
        "Threads",
        "Context length of new chats",
        "Free the memory when idle",
        "Run this model on",
        "Threads of this model",
    ):
        assert wanted in reached


@pytest.fixture
def theme(request: pytest.FixtureRequest, qapp: QApplication) -> Theme:
    """Twice as large where the test asks for it."""
    large = request.node.get_closest_marker("parametrize") is not None and "scale" in request.fixturenames
    scale = request.getfixturevalue("scale") if large else 1.0
    theme = Theme(qapp, "light", scale=scale)
    theme.set_style()
    return theme


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("size", [(900, 600), (1280, 800)])
@pytest.mark.parametrize("found", [no_gpu, wrong_build, two_devices])
def test_nothing_is_cut_or_lies_over_anything(
    make_window: MakeWindow, qtbot: QtBot, size: tuple[int, int], scale: float, found: object
) -> None:
    assert callable(found)
    window = make_window(machine=Machine(found()), size=size, settings=Settings(threads=6))
    page = shown(window, qtbot)
    page.device.device.picked.emit("cpu")
    settle(qtbot, window)
    QApplication.processEvents()
    assert (window.width(), window.height()) == size
    check_rows(page)
    bar = window.settings_panel.reload_bar
    assert bar.isVisible()
    assert bar.rect().contains(QRect(bar.button.pos(), bar.button.size()))


def check_rows(page: EnginesPage) -> None:
    """Every control is whole and inside its row, and no text lacks room for its lines."""
    content = page.widget()
    assert content is not None
    assert content.width() <= page.viewport().width(), "nothing is beyond the edge"
    rows = [
        *(one.row for one in page.settings),
        *(one.row for one in page.this_model.rows),
        page.device.why_row,
    ]
    for row in rows:
        assert content.rect().contains(QRect(row.mapTo(content, row.rect().topLeft()), row.size()))
        control = row._control
        if control is not None:
            assert row.rect().contains(QRect(control.mapTo(row, control.rect().topLeft()), control.size())), (
                row.name
            )
            assert not control.geometry().intersects(row._about.geometry()) or not row._about.isVisible(), (
                row.name
            )
        for label in row.findChildren(Label):
            if label.isVisible():
                needed = (
                    label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
                )
                assert label.height() >= needed, (row.name, label.text())


class Longer(gettext.NullTranslations):
    """Each text half as long again, as a translation may be."""

    def gettext(self, message: str) -> str:
        return message + " " + "żółć " * (len(message) // 10)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


def test_texts_half_as_long_again_have_room(
    make_window: MakeWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language._spoken, "translations", Longer())
    window = make_window(machine=Machine(two_devices()), size=(900, 600))
    page = shown(window, qtbot)
    for _ in range(5):
        # Each layout tells the one around it.
        QApplication.processEvents()
    assert "żółć" in page.device.device_row.name
    check_rows(page)


# For real


def test_this_computer_is_looked_at_and_the_starter_is_loaded_again_as_set(
    open_real_window: OpenWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = open_real_window()
    page = shown(window, qtbot)
    first = page.engines[0]
    assert first.engine == FIRST
    assert first.state.label.text() == "Works"
    assert "llama-cpp-python" in first.row.about
    assert "CPU" in first.row.about
    before = window.inference.state.report
    assert before is not None
    page.memory.kv.segments["q8_0"].click()
    page.memory.context.picked.emit(512)
    settle(qtbot, window)
    window.settings_panel.reload_bar.button.click()
    settle(qtbot, window)
    report = window.inference.state.report
    assert report is not None
    assert report.context_length == 512
    assert report.kv_bytes < before.kv_bytes / 3, "half the length, and about half the precision"
    assert window.status.device_segment.words == "CPU, 1 thread"
    window.show_chat()
    assert ask_and_wait(qtbot, window, "Say yes.")
