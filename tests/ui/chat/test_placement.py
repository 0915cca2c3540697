"""What the chat says about where a model runs: warnings, the picker, the status bar, and freed memory."""

from __future__ import annotations

import dataclasses

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slmdesk.engines import End, LoadProgress, LoadReport, Text
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import ModelSettings, Paths, Settings, SettingsStore
from slmdesk.ui import MainWindow
from slmdesk.ui.chat.placement_notice import identity
from slmdesk.ui.main_window import SETTINGS
from slmdesk.ui.state import Phase
from slmdesk.ui.widgets.banner import Banner
from tests.ui import machines
from tests.ui.driving import MakeWindow, ask, ask_and_wait, focused, settle, texts, wait_for_state, words_of
from tests.ui.machines import FEW, SECOND, Machine, no_gpu, two_devices, wrong_build
from tests.ui.scripted import Gate, ScriptedChat, answer_script, make_model, make_report

OTHER = make_model("other", "Other", engine=SECOND, engine_title="ONNX Runtime GenAI")


def window_on(make_window: MakeWindow, machine: Machine, **report: object) -> MainWindow:
    chat = ScriptedChat(
        [answer_script("One."), answer_script("Two.")],
        (LoadProgress(0.5), make_report(**report)),
        machine=machine,
    )
    return make_window(chat, models=(make_model(), OTHER), machine=machine)


def warning(window: MainWindow) -> Banner | None:
    return window.run_places.notice.banner


# The warning


def test_a_card_that_is_not_used_is_told_with_its_fix(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = window_on(make_window, Machine(wrong_build()))
    banner = warning(window)
    assert banner in window.chat.banners.notices
    assert "NVIDIA GeForce RTX 4060 Laptop GPU is not used." in words_of(banner)
    assert "pip install" in words_of(banner)
    assert window.status.device_segment._icon is not None
    assert window.status.device_segment._icon.isVisible()
    assert "is not used" in window.status.device_segment.toolTip()


def test_where_all_is_well_nothing_is_told(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = window_on(make_window, Machine(no_gpu()))
    assert warning(window) is None
    assert window.status.device_segment.toolTip() == "Runs on the processor: no graphics processor was found."
    assert window.status.device_segment._icon is not None
    assert not window.status.device_segment._icon.isVisible()


def test_a_dismissed_warning_comes_back_only_when_it_is_another(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    machine = Machine(wrong_build())
    window = window_on(make_window, machine)
    banner = warning(window)
    assert banner is not None
    QTest.keyClick(banner.close_button, Qt.Key.Key_Space)
    settle(qtbot, window)
    assert window.chat.banners.notices == []
    kept = SettingsStore(paths.settings_file).load()
    assert len(kept.warnings_dismissed) == 1
    window.chat.reload()
    settle(qtbot, window)
    assert warning(window) is None
    # Another one is told; also after a restart, where the first one is not.
    again = make_window(
        ScriptedChat(machine=machine), models=(make_model(), OTHER), settings=kept, machine=machine
    )
    assert warning(again) is None
    again.chat._pick("other")
    settle(qtbot, again)
    assert warning(again) is not None
    assert "ONNX" in words_of(warning(again))


def test_a_warning_that_no_longer_holds_goes_by_itself(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = window_on(make_window, Machine(wrong_build()))
    assert warning(window) is not None
    window._change_settings(device="cpu")
    window.chat.reload()
    settle(qtbot, window)
    assert warning(window) is None
    assert window.chat.banners.notices == []
    window._change_settings(device="auto")
    window.chat.reload()
    settle(qtbot, window)
    assert warning(window) is not None, "nobody has dismissed it"


def test_a_warning_goes_with_the_setting_that_it_warned_of(make_window: MakeWindow, qtbot: QtBot) -> None:
    machine = Machine(no_gpu())
    machine.settings = Settings(device="CUDA7")
    chat = ScriptedChat([[Text("One"), gate := Gate(), End(reason="stop")]], machine=machine)
    window = make_window(chat, machine=machine, settings=machine.settings)
    assert "CUDA7" in words_of(warning(window))
    window._change_settings(device="cpu")
    settle(qtbot, window)
    assert warning(window) is None
    assert window.chat.banners.notices == []
    # Whoever chooses it again hears of it before it is loaded; while an answer is written, after that.
    ask(window)
    wait_for_state(qtbot, window, "Writing")
    window._change_settings(device="CUDA7")
    assert warning(window) is None
    gate.opened.set()
    settle(qtbot, window)
    assert "CUDA7" in words_of(warning(window))


def test_a_warning_leads_to_the_page(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = window_on(make_window, Machine(wrong_build()))
    banner = warning(window)
    assert banner is not None
    button = next(one for one in banner.buttons if one.text() == "Engines and devices")
    QTest.keyClick(button, Qt.Key.Key_Return)
    panel = window.settings_panel
    assert window.stack.currentWidget() is panel
    assert panel.stack.currentWidget() is panel.engines
    assert focused() is panel.page_buttons[1]
    settle(qtbot, window)


def test_how_much_memory_is_free_makes_no_other_warning() -> None:
    one, other = (
        UserError("gpu-memory-too-small", ErrorKind.MODEL, device="Card", free_memory=free) for free in (1, 2)
    )
    assert identity(one) == identity(other)
    assert identity(one) != identity(
        UserError("gpu-memory-too-small", ErrorKind.MODEL, device="Other", free_memory=1)
    )


# Picker and status bar


def test_the_picker_names_engine_and_device_of_each_model(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = window_on(make_window, Machine(two_devices()))
    settle(qtbot, window)
    about = {one.value: one.about for one in window.chat.composer.model_button.open_list().choices}
    assert about["starter"].startswith("llama.cpp on NVIDIA GeForce RTX 4060")
    assert about["other"].startswith("ONNX Runtime GenAI on CPU")


def test_the_picker_follows_what_is_set_for_one_model(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = window_on(make_window, Machine(two_devices()))
    window._change_settings(model_settings={str(make_model().path): ModelSettings(device="cpu")})
    settle(qtbot, window)
    about = {one.value: one.about for one in window.chat.composer.model_button.open_list().choices}
    assert about["starter"] == "llama.cpp on CPU"


def test_the_status_bar_says_how_much_is_on_the_device(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = window_on(
        make_window,
        Machine(two_devices()),
        device="NVIDIA GeForce RTX 4060",
        gpu_layers=20,
        layers=31,
        used_devices=("Vulkan0",),
    )
    assert window.status.engine_segment.words == "llama.cpp"
    assert window.status.device_segment.words == "NVIDIA GeForce RTX 4060, 20 of 31 layers"
    # Where there is no room for all, the engine goes first; nothing is cut.
    window.resize(900, 600)
    for segment in (window.status.device_segment, window.status.memory_segment):
        assert segment.isHidden() or segment.width() >= segment.sizeHint().width()


def test_an_engine_that_places_no_layers_names_its_device_alone(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = window_on(make_window, Machine(two_devices()), device="CUDA", used_devices=("cuda",))
    assert window.status.device_segment.words == "CUDA"


# What the engine cannot do


def test_samplers_that_the_engine_does_not_have_are_greyed(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = window_on(make_window, Machine(no_gpu()), capabilities=FEW)
    drawer = window.chat.drawer
    window.chat.show_drawer(True)
    drawer.more_button.click()
    greyed = {name for name, field in drawer.more.numbers.items() if field.fixed}
    assert greyed == {"min_p", "presence_penalty", "penalty_window"}
    field = drawer.more.numbers["min_p"]
    assert field.fixed == "This engine does not support it."
    assert "Min-p" in field.spin.toolTip()
    assert field.fixed in field.spin.toolTip()
    field.edit.setFocus()
    QTest.keyClicks(field.edit, "9")
    QTest.keyClick(field.edit, Qt.Key.Key_Up)
    assert window.chat.conversation.options.sampling.min_p == 0.05
    assert drawer.more.unsupported_note.isVisible()
    assert drawer.more.unsupported_note.text().startswith("3 of these are greyed")


def test_with_an_engine_that_has_them_all_nothing_is_greyed(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = window_on(make_window, Machine(no_gpu()))
    assert not any(field.fixed for field in window.chat.drawer.more.numbers.values())
    assert window.chat.drawer.more.unsupported_note.isHidden()


# Freed memory, and an engine that somebody else has


def test_a_model_that_was_freed_is_loaded_again_by_the_next_message(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    machine = Machine(no_gpu())
    chat = ScriptedChat([answer_script("One."), answer_script("Two.")], machine=machine)
    window = make_window(chat, machine=machine)
    ask_and_wait(qtbot, window, "First")
    window.chat.composer.input.insertPlainText("half a thought")
    chat.pool.unload_idle()
    wait_for_state(qtbot, window, "Unloaded to free memory")
    assert window.inference.state.phase is Phase.UNLOADED
    assert window.status.model_segment.words == "SmolLM2 135M"
    assert window.status.memory_segment.words == ""
    assert window.chat.composer.input.hasFocus()
    assert window.chat.composer.input.toPlainText() == "half a thought"
    assert window.chat.banners.banner is None
    assert texts(window) == ["First", "One."]
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_Return)
    settle(qtbot, window)
    assert texts(window) == ["First", "One.", "half a thought", "Two."]
    assert len(chat.pool.loads) == 2
    assert window.status.state_segment.words == "Ready"


def test_after_how_long_memory_is_freed_is_told_to_whoever_frees_it(make_window: MakeWindow) -> None:
    machine = Machine(no_gpu())
    window = make_window(machine=machine, settings=Settings(idle_unload_minutes=5))
    assert machine.told[0].idle_unload_minutes == 5
    window._change_settings(idle_unload_minutes=0)
    assert machine.told[-1].idle_unload_minutes == 0


def test_an_engine_that_somebody_else_has_is_told_in_its_place_and_loses_nothing(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    chat = ScriptedChat([answer_script("At last.")])
    window = make_window(chat)
    chat.pool.busy = UserError("engine-busy", ErrorKind.GENERATION, name="Benchmark")
    ask(window, "Hello")
    settle(qtbot, window)
    banner = window.chat.banners.banner
    assert "Benchmark" in words_of(banner)
    assert window.status.state_segment.words == "Ready", "nothing is wrong with the engine"
    assert [one.text for one in window.chat.conversation.messages] == ["Hello"]
    chat.pool.busy = None
    assert banner is not None
    again = next(one for one in banner.buttons if one.text() == "Try again")
    QTest.keyClick(again, Qt.Key.Key_Return)
    settle(qtbot, window)
    assert texts(window) == ["Hello", "At last."]


def test_a_model_is_loaded_with_the_length_of_its_chat(make_window: MakeWindow, qtbot: QtBot) -> None:
    machine = Machine(no_gpu())
    chat = ScriptedChat([answer_script("One.")], machine=machine)
    window = make_window(chat, machine=machine, settings=Settings(context_length=2048))
    assert chat.pool.loads[-1].context_length == 2048
    assert window.chat.composer.meter.words.text().endswith("of 2,048 tokens")
    window.chat.reload(1024)
    settle(qtbot, window)
    assert chat.pool.loads[-1].context_length == 1024
    ask_and_wait(qtbot, window)
    assert len(chat.pool.loads) == 2, "it is not loaded once more for the answer"


def test_the_report_of_a_model_is_not_mixed_up_with_the_next_one(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    machine = Machine(
        dataclasses.replace(wrong_build(), engines=(machines.make_engine(), machines.second_engine()))
    )
    window = window_on(make_window, machine)
    state = window.inference.state
    assert isinstance(state.report, LoadReport)
    assert state.placement is not None
    assert state.placement.title == "CPU"
    window.show_panel(SETTINGS)
    window.show_chat()
    assert warning(window) is not None
