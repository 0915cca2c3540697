"""What another program stores while the window is open is found when the person comes back to it."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from slmdesk.chat import ConversationStore, ConversationSummary
from slmdesk.storage import Database, Paths
from slmdesk.ui import MainWindow
from tests.ui.driving import MakeWindow, listed, settle
from tests.ui.scripted import ScriptedChat, keep, make_conversation


def save_from_elsewhere(paths: Paths, title: str) -> None:
    """As `slmdesk chat --save` does, by a connection of its own."""
    database = Database(paths.database_file)
    keep(database, make_conversation(title, "1"))
    database.close()


def come_back(qtbot: QtBot, window: MainWindow) -> None:
    """Go to another window and come back."""
    other = QWidget()
    qtbot.addWidget(other)
    with qtbot.waitActive(other):
        other.show()
        other.activateWindow()
    with qtbot.waitActive(window):
        window.activateWindow()
    settle(qtbot, window)


def test_a_chat_saved_by_the_command_line_appears(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = make_window(ScriptedChat(stored=[make_conversation("Older", "1")]))
    save_from_elsewhere(paths, "From a terminal")
    assert listed(window) == ["Older"]
    come_back(qtbot, window)
    assert listed(window) == ["From a terminal", "Older"]
    assert window.chat.head.title.whole_text == "Older"


def test_nothing_is_read_again_where_nothing_was_written(
    make_window: MakeWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window(ScriptedChat(stored=[make_conversation("Older", "1")]))
    come_back(qtbot, window)
    read: list[object] = []
    summaries = ConversationStore.summaries

    def count(store: ConversationStore) -> list[ConversationSummary]:
        read.append(store)
        return summaries(store)

    monkeypatch.setattr(ConversationStore, "summaries", count)
    window.chat.keeper.set_pinned(window.chat.conversation.id, True)
    settle(qtbot, window)
    read.clear()
    come_back(qtbot, window)
    assert read == []
