"""A conversation whose model cannot be used any more goes on with another one, and says so."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slmdesk.engines import ENGINES, End, LoadProgress, Text
from slmdesk.library import InstalledModel
from slmdesk.messages import ErrorKind, UserError, error_sentences
from slmdesk.storage import Settings
from slmdesk.ui import MainWindow
from slmdesk.ui.chat.banners import ways_on
from slmdesk.ui.state import EngineState, Phase
from slmdesk.ui.widgets.popup import ChoicePopup
from tests.ui.driving import MakeWindow, ask, ask_and_wait, focused, settle, wait_for_state, words_of
from tests.ui.machines import FIRST, SECOND, Machine, no_gpu
from tests.ui.scripted import (
    BROKEN_MODEL,
    Gate,
    ScriptedChat,
    answer_script,
    make_conversation,
    make_model,
    make_report,
)

STARTER, OTHER = make_model(), make_model("other", "Other 1B")
OF_SECOND = make_model("phi", "Phi 4 mini", engine=SECOND, engine_title=ENGINES[SECOND].title)
GONE = "SmolLM2 135M is no longer on this computer."
NO_FILE = UserError("model-missing", ErrorKind.MODEL, file=str(STARTER.path))
CONTROL = Qt.KeyboardModifier.ControlModifier


def two(model: str = "starter", **script: object) -> ScriptedChat:
    """The older conversation is with `model`, and answered by the starter model; the newer one is not."""
    stored = [make_conversation("Older", "1", model=model), make_conversation("Newer", "2", model="other")]
    return ScriptedChat(stored=stored, **script)  # type: ignore[arg-type]


def step(qtbot: QtBot, window: MainWindow, key: Qt.Key, title: str) -> None:
    QTest.keyClick(focused(), key, CONTROL)
    qtbot.waitUntil(lambda: window.chat.head.title.whole_text == title)
    settle(qtbot, window)


def test_it_says_which_model_is_gone_and_which_answers(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(two(), models=(OTHER,))
    assert window.chat.banners.banner is None
    step(qtbot, window, Qt.Key.Key_PageDown, "Older")
    said = words_of(window.chat.banners.banner)
    assert GONE in said
    assert "Other 1B will answer your next message." in said
    step(qtbot, window, Qt.Key.Key_PageUp, "Newer")
    assert window.chat.banners.banner is None


def test_it_is_said_at_the_start(make_window: MakeWindow) -> None:
    stored = [make_conversation("Older", "1", model="starter")]
    window = make_window(ScriptedChat(stored=stored), models=(OTHER,))
    assert GONE in words_of(window.chat.banners.banner)


def test_it_is_said_when_the_file_goes_while_the_chat_is_open_and_taken_back_when_it_comes(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    models = [STARTER, OTHER]
    window = make_window(ScriptedChat(stored=[make_conversation("Older", "1", model="starter")]), models)
    assert window.chat.banners.banner is None
    window._services = dataclasses.replace(window._services, list_models=lambda: list(models))
    models.remove(STARTER)
    window._list_models()
    settle(qtbot, window)
    assert GONE in words_of(window.chat.banners.banner)
    models.append(STARTER)
    window._list_models()
    settle(qtbot, window)
    assert window.chat.banners.banner is None


def test_it_is_not_said_again_once_the_person_has_closed_it(make_window: MakeWindow, qtbot: QtBot) -> None:
    stored = [make_conversation("Older", "1", model="starter")]
    window = make_window(ScriptedChat(stored=stored), models=(OTHER,))
    banner = window.chat.banners.banner
    assert banner is not None
    QTest.mouseClick(banner.close_button, Qt.MouseButton.LeftButton)
    window._list_models()
    settle(qtbot, window)
    assert window.chat.banners.banner is None


def test_it_is_not_said_once_the_other_model_has_answered(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(two(scripts=[answer_script("Here.")]), models=(OTHER,))
    step(qtbot, window, Qt.Key.Key_PageDown, "Older")
    assert window.chat.banners.banner is not None
    window.chat.focus_input()
    ask_and_wait(qtbot, window, "And?")
    step(qtbot, window, Qt.Key.Key_PageDown, "Newer")
    step(qtbot, window, Qt.Key.Key_PageUp, "Older")
    assert window.chat.banners.banner is None


def test_choosing_another_model_ends_it(make_window: MakeWindow, qtbot: QtBot) -> None:
    third = make_model("third", "Third 3B")
    window = make_window(two(), models=(OTHER, third))
    step(qtbot, window, Qt.Key.Key_PageDown, "Older")
    assert window.chat.banners.banner is not None
    QTest.keyClick(focused(), Qt.Key.Key_M, CONTROL)
    popup = next(one for one in window.findChildren(ChoicePopup) if one.isVisible())
    QTest.keyClick(popup.list, Qt.Key.Key_End)
    QTest.keyClick(popup.list, Qt.Key.Key_Return)
    settle(qtbot, window)
    assert window.chat.model is not None
    assert window.chat.model.id == "third"
    assert window.chat.banners.banner is None


def test_a_model_that_is_broken_is_named(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(two(BROKEN_MODEL.id), models=(OTHER, BROKEN_MODEL))
    step(qtbot, window, Qt.Key.Key_PageDown, "Older")
    assert BROKEN_MODEL.problem is not None
    said = words_of(window.chat.banners.banner)
    assert "A model that was cut off cannot be used any more." in said
    assert error_sentences(BROKEN_MODEL.problem).why in said


# The model chosen last, before any conversation


def test_a_model_that_went_away_while_the_program_was_closed_is_not_replaced_in_silence(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(models=(OTHER,), settings=Settings(model="qwen3-4b"))
    said = words_of(window.chat.banners.banner)
    assert "qwen3-4b is no longer on this computer." in said
    assert "Other 1B will answer your next message." in said
    assert window._settings.model == "qwen3-4b", "it may come back"
    window.chat.start_new_chat()
    assert window.chat.banners.banner is None


def test_one_that_broke_while_the_program_was_closed_says_why(make_window: MakeWindow) -> None:
    window = make_window(models=(OTHER, BROKEN_MODEL), settings=Settings(model=str(BROKEN_MODEL.path)))
    assert BROKEN_MODEL.problem is not None
    said = words_of(window.chat.banners.banner)
    assert "A model that was cut off cannot be used any more." in said
    assert error_sentences(BROKEN_MODEL.problem).why in said
    assert "Other 1B will answer your next message." in said


def test_one_whose_engine_was_turned_off_says_so(make_window: MakeWindow) -> None:
    settings = Settings(model="phi", engines_off=(SECOND,))
    window = make_window(models=(STARTER, OF_SECOND), settings=settings, machine=Machine(no_gpu()))
    said = words_of(window.chat.banners.banner)
    assert "Phi 4 mini cannot be used any more." in said
    assert f"{ENGINES[SECOND].title} is turned off in the settings." in said
    assert "SmolLM2 135M will answer your next message." in said


def test_nothing_is_said_where_the_chosen_model_answers_or_none_was_chosen(make_window: MakeWindow) -> None:
    for chosen in ("", "other", str(OTHER.path)):
        window = make_window(models=(STARTER, OTHER), settings=Settings(model=chosen))
        assert window.chat.banners.banner is None
        assert window.chat.model == (OTHER if chosen else STARTER)


def test_nothing_is_said_of_it_where_the_chat_that_is_reopened_has_its_model(make_window: MakeWindow) -> None:
    stored = [make_conversation("Older", "1", model="other")]
    window = make_window(ScriptedChat(stored=stored), (STARTER, OTHER), settings=Settings(model="gone"))
    assert window.chat.model == OTHER
    assert window.chat.banners.banner is None


def test_choosing_the_model_that_stands_in_ends_it_for_good(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(models=(OTHER,), settings=Settings(model="gone"))
    banner = window.chat.banners.banner
    assert banner is not None
    QTest.keyClick(banner.buttons[0], Qt.Key.Key_Space)
    popup = next(one for one in window.findChildren(ChoicePopup) if one.isVisible())
    QTest.keyClick(popup.list, Qt.Key.Key_Return)
    settle(qtbot, window)
    assert window.chat.banners.banner is None
    assert window._settings.model == "other"


def test_it_is_said_before_the_first_message_too_when_the_model_goes(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(models=(STARTER, OTHER))
    window._services = dataclasses.replace(window._services, list_models=lambda: [OTHER])
    window._list_models()
    settle(qtbot, window)
    assert GONE in words_of(window.chat.banners.banner)


def test_it_is_the_model_that_comes_back_that_answers(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(models=(OTHER,), settings=Settings(model="starter"))
    assert window.chat.banners.banner is not None
    window._services = dataclasses.replace(window._services, list_models=lambda: [OTHER, STARTER])
    window._list_models()
    settle(qtbot, window)
    assert window.chat.model == STARTER
    assert window.chat.banners.banner is None


def test_who_has_asked_the_other_model_goes_on_with_it(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat([answer_script("Here.")])
    window = make_window(chat, models=(OTHER,), settings=Settings(model="starter"))
    ask_and_wait(qtbot, window)
    assert window.chat.banners.banner is None
    window._services = dataclasses.replace(window._services, list_models=lambda: [OTHER, STARTER])
    window._list_models()
    settle(qtbot, window)
    assert window.chat.model == OTHER


# What it says stays true


def test_it_follows_one_engine_after_the_other_that_is_turned_off(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    machine, gate = Machine(no_gpu()), Gate()
    chat = ScriptedChat([[Text("The first half"), gate, End(reason="stop")]], machine=machine)
    window = make_window(chat, (STARTER, OF_SECOND), machine=machine)
    ask(window)
    wait_for_state(qtbot, window, "Writing")
    window._change_settings(engines_off=(FIRST,))
    said = words_of(window.chat.banners.banner)
    assert "SmolLM2 135M cannot be used any more." in said
    assert "Phi 4 mini will answer your next message." in said
    window._change_settings(engines_off=(FIRST, SECOND))
    assert window.chat.composer.model_button.text() == "No model"
    said = words_of(window.chat.banners.banner)
    assert "SmolLM2 135M cannot be used any more." in said
    assert "will answer" not in said
    assert "Turn an engine on first." in said
    assert window.chat.composer.input.placeholderText() == "Turn an engine on first."
    gate.opened.set()
    settle(qtbot, window)
    assert "Turn an engine on first." in words_of(window.chat.banners.banner)
    banner = window.chat.banners.banner
    assert banner is not None
    QTest.keyClick(banner.buttons[0], Qt.Key.Key_Space)
    assert window.settings_panel.stack.currentWidget() is window.settings_panel.engines
    window._change_settings(engines_off=(SECOND,))
    settle(qtbot, window)
    assert window.chat.model == STARTER
    assert window.chat.banners.banner is None


def test_without_any_model_left_it_names_the_one_that_is_gone(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(ScriptedChat(stored=[make_conversation("Older", "1", model="starter")]))
    window._services = dataclasses.replace(window._services, list_models=list)
    window._list_models()
    settle(qtbot, window)
    banner = window.chat.banners.banner
    assert GONE in words_of(banner)
    assert "Add a model first." in words_of(banner)
    assert banner is not None
    assert banner.buttons == []


# The file goes while its engine is not there


def vanish(window: MainWindow, chat: ScriptedChat, left: Sequence[InstalledModel]) -> list[int]:
    """The starter model's file is deleted and its engine killed. Returns how often the list was read since,
    by the number of models in it.
    """
    reads: list[int] = []

    def list_models() -> Sequence[InstalledModel]:
        # What is loaded after that is another model.
        chat.pool.loading[:] = [LoadProgress(0.5), make_report()]
        reads.append(len(left))
        return left

    chat.pool.loaded = None
    chat.pool.loading[:] = [NO_FILE]
    window._services = dataclasses.replace(window._services, list_models=list_models)
    return reads


def buttons(window: MainWindow) -> list[str]:
    banner = window.chat.banners.banner
    assert banner is not None
    return [one.text() for one in banner.buttons]


def test_a_model_that_is_gone_when_it_is_asked_is_replaced_as_at_the_start(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    chat = ScriptedChat([answer_script("Here."), answer_script("And here.")])
    window = make_window(chat, models=(STARTER, OTHER))
    ask_and_wait(qtbot, window)
    reads = vanish(window, chat, (OTHER,))
    ask_and_wait(qtbot, window, "Still there?")
    assert reads == [1], "once, and without the window being left"
    said = words_of(window.chat.banners.banner)
    assert GONE in said
    assert "Other 1B will answer your next message." in said
    assert buttons(window) == ["Choose a model"]
    assert window.chat.composer.input.placeholderText().startswith("Write the next message.")
    assert window.status.state_segment.words == "Ready"
    assert [one.value for one in window.chat.composer.model_button.open_list().choices] == ["other"]
    window.chat.start_new_chat()
    assert window.chat.empty.head.text() == "Other 1B is ready"


def test_it_is_told_though_the_other_has_answered_there_before(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat([answer_script("Here.")])
    window = make_window(chat, models=(OTHER, STARTER))
    ask_and_wait(qtbot, window)
    window.chat._pick("starter")
    settle(qtbot, window)
    vanish(window, chat, (OTHER,))
    ask_and_wait(qtbot, window, "And you?")
    assert GONE in words_of(window.chat.banners.banner)


def test_without_another_model_there_is_nothing_to_reload(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat([answer_script("Here.")])
    window = make_window(chat)
    ask_and_wait(qtbot, window)
    vanish(window, chat, ())
    ask_and_wait(qtbot, window, "Still there?")
    assert GONE in words_of(window.chat.banners.banner)
    assert buttons(window) == []
    assert window.chat.composer.input.placeholderText() == "Add a model first."
    window.chat.start_new_chat()
    assert window.chat.stack.currentWidget() is window.chat.no_model


@pytest.mark.parametrize("key", ["model-missing", "model-part-missing", "onnx-file-missing"])
def test_reloading_is_not_offered_before_the_list_is_read_either(key: str) -> None:
    state = EngineState(Phase.FAILED, report=make_report())
    assert ways_on(UserError(key, ErrorKind.MODEL), state, lambda length: None) == ()


def test_an_engine_that_ends_by_itself_has_the_list_read_as_well(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    chat = ScriptedChat()
    window = make_window(chat, models=(STARTER, OTHER))
    vanish(window, chat, (OTHER,))
    window.inference._take_death()
    settle(qtbot, window)
    assert window.chat.model == OTHER
    assert GONE in words_of(window.chat.banners.banner)


def test_what_was_being_read_when_it_went_is_read_again(make_window: MakeWindow, qtbot: QtBot) -> None:
    gate, lists = threading.Event(), [[STARTER, OTHER], [OTHER]]
    chat = ScriptedChat()
    window = make_window(chat, models=(STARTER, OTHER))
    vanish(window, chat, (OTHER,))

    def read() -> list[InstalledModel]:
        gate.wait(60)
        return lists.pop(0)

    window._services = dataclasses.replace(window._services, list_models=read)
    window._list_models()
    window.inference._take_death()
    gate.set()
    settle(qtbot, window)
    assert lists == []
    assert window.chat.model == OTHER


def test_where_models_are_not_loaded_by_themselves_nothing_is_said_of_reloading(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    chat = ScriptedChat([answer_script("Here.")])
    settings = Settings(load_model_at_start=False)
    window = make_window(chat, models=(STARTER, OTHER), settings=settings)
    ask_and_wait(qtbot, window)
    vanish(window, chat, (OTHER,))
    ask_and_wait(qtbot, window, "Still there?")
    assert GONE in words_of(window.chat.banners.banner)
    assert window.chat.composer.input.placeholderText().startswith("Write the next message.")
