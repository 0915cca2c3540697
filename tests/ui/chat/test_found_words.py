"""A conversation that was found by its words is opened where they stand."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slmdesk.ui import MainWindow
from tests.ui.driving import MakeWindow, click_chat, focused, listed, settle
from tests.ui.scripted import ScriptedChat, make_conversation

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LONG = "\n\n".join(["Nothing of it is here."] * 60)


def several() -> ScriptedChat:
    return ScriptedChat(
        stored=[
            make_conversation(
                "Long", LONG, "And?", f"{LONG}\n\nThe quokka is here.\n\n{LONG}", f"{LONG} Quokka?"
            ),
            make_conversation("The quokka by name", "2"),
            make_conversation("Other quokka", "A quokka."),
            make_conversation("Newer", "2"),
        ]
    )


def search(qtbot: QtBot, window: MainWindow, words: str, found: int) -> None:
    QTest.keyClick(focused(), Qt.Key.Key_F, CONTROL | SHIFT)
    QTest.keyClicks(focused(), words)
    qtbot.waitUntil(lambda: len(listed(window)) == found)
    settle(qtbot, window)


def open_by_click(qtbot: QtBot, window: MainWindow, title: str) -> None:
    click_chat(window, title)
    qtbot.waitUntil(lambda: window.chat.head.title.whole_text == title)
    settle(qtbot, window)


def test_it_opens_at_the_first_place_which_is_marked(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(several())
    search(qtbot, window, "quokka", 3)
    open_by_click(qtbot, window, "Long")
    bar, transcript = window.chat.find_bar, window.chat.transcript
    qtbot.waitUntil(lambda: bar.words.text() == "1 of 2")
    assert bar.isVisible()
    assert bar.text == "quokka"
    assert not transcript.at_end
    hit = transcript._finder.current
    assert hit is not None
    assert hit.message == 3
    assert hit.message in {strip.message.index for strip in transcript._stage.showing}
    assert window.chat.list.view.hasFocus()


def test_arrows_lead_through_what_was_found_and_the_keyboard_stays_in_the_list(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(several())
    search(qtbot, window, "quokka", 3)
    open_by_click(qtbot, window, "Other quokka")
    bar = window.chat.find_bar
    qtbot.waitUntil(lambda: bar.words.text() == "1 of 2")
    QTest.keyClick(focused(), Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: window.chat.head.title.whole_text == "The quokka by name")
    assert window.chat.list.view.hasFocus()
    QTest.keyClick(focused(), Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: window.chat.head.title.whole_text == "Long")
    qtbot.waitUntil(lambda: bar.isVisible() and bar.words.text() == "1 of 2")
    assert window.chat.list.view.hasFocus()
    settle(qtbot, window)


def test_the_chat_that_is_open_already_shows_them_too(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(several())
    open_by_click(qtbot, window, "Long")
    search(qtbot, window, "quokka", 3)
    assert window.chat.transcript.at_end
    open_by_click(qtbot, window, "Long")
    qtbot.waitUntil(lambda: window.chat.find_bar.words.text() == "1 of 2")
    assert not window.chat.transcript.at_end


@pytest.mark.parametrize("found", [True, False])
def test_the_bar_stays_closed_where_the_words_are_only_in_the_name_or_nothing_is_searched(
    make_window: MakeWindow, qtbot: QtBot, found: bool
) -> None:
    chat = several()
    chat.stored[0].title, chat.stored[0].named = "Quagga", True
    window = make_window(chat)
    if found:
        search(qtbot, window, "quagga", 1)
    open_by_click(qtbot, window, "Quagga")
    assert window.chat.find_bar.isHidden()
    assert window.chat.transcript.at_end
