"""A conversation whose model cannot be used any more goes on with another one, and says so."""

from __future__ import annotations

import dataclasses

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slmdesk.messages import error_sentences
from slmdesk.ui import MainWindow
from slmdesk.ui.widgets.popup import ChoicePopup
from tests.ui.driving import MakeWindow, ask_and_wait, focused, settle, words_of
from tests.ui.scripted import BROKEN_MODEL, ScriptedChat, answer_script, make_conversation, make_model

STARTER, OTHER = make_model(), make_model("other", "Other 1B")
GONE = "SmolLM2 135M is no longer on this computer."
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
