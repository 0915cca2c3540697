"""The list while conversations are being opened or repaired, and where they cannot be."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pytestqt.qtbot import QtBot

from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Database, RepairReport
from tests.ui.driving import MakeWindow, listed, settle
from tests.ui.scripted import Gate, ScriptedChat, make_conversation, make_report

REPAIRED = RepairReport(2, 0, (), Path("damaged.db"), None)


def test_it_says_that_chats_are_being_opened_until_they_are(
    make_window: MakeWindow, qtbot: QtBot, qt_loop: asyncio.AbstractEventLoop
) -> None:
    opened = threading.Event()
    # As in the program: models are listed while what is stored is checked.
    qt_loop.set_default_executor(ThreadPoolExecutor(4))

    def check(database: Database) -> RepairReport | None:
        assert opened.wait(60)
        return REPAIRED

    # The window is not waited for where a load waits.
    load = Gate()
    chat = ScriptedChat(loading=[load, make_report()], stored=[make_conversation("Older", "1")])
    window = make_window(chat, check=check)
    pages = window.chat.list.pages
    qtbot.waitUntil(lambda: pages.opening.what.isVisible() and bool(pages.opening.what.text()))
    assert pages.opening.what.text() == "Opening your chats…"
    assert listed(window) == []
    opened.set()
    load.opened.set()
    settle(qtbot, window)
    assert window.chat.list.view.isVisible()
    assert listed(window) == ["Older"]


def test_it_says_that_they_cannot_be_opened(make_window: MakeWindow, qtbot: QtBot) -> None:
    def check(database: Database) -> RepairReport | None:
        raise UserError("database-cannot-be-opened", ErrorKind.STORAGE, file="chats.db", reason="busy")

    window = make_window(check=check)
    pages = window.chat.list.pages
    qtbot.waitUntil(lambda: pages.opening.what.text() == "Your chats cannot be opened.")
    assert pages.opening.isVisible()
    assert listed(window) == []


def test_chats_that_are_there_at_once_are_just_listed(make_window: MakeWindow) -> None:
    window = make_window(ScriptedChat(stored=[make_conversation("Older", "1")]))
    assert listed(window) == ["Older"]
    window.close()
    assert not window.chat.list.pages._timer.isActive()
