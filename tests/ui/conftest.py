"""Fixtures for tests of the window.

theme             a light theme on the test's application
qt_loop           an asyncio loop on Qt's; the test that takes it runs inside
make_window       shows a started window around a `ScriptedChat`, whose conversations are really stored
open_real_window  shows a window as the program does, with the real starter model; greedy, so that a
                  question gets the same answer each time; takes settings that are other than the defaults

Both windows fail where closing leaves anything behind.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import qasync
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from slmdesk.app import make_services as make_real_services
from slmdesk.chat import ChatOptions
from slmdesk.engines import Sampling
from slmdesk.fit import Step
from slmdesk.library import InstalledModel
from slmdesk.storage import Database, Paths, RepairReport, Settings, SettingsStore, log_file
from slmdesk.ui import MainWindow, ModelAdvice, Theme
from tests.ui.driving import PATIENCE_MS, MakeWindow, OpenWindow
from tests.ui.machines import Machine
from tests.ui.scripted import ScriptedChat, make_model, make_services

# One thread: several wait for each other where other programs work, too.
REAL_SETTINGS: dict[str, Any] = {"context_length": 1024, "threads": 1}
# Long enough to be interrupted, short enough for a slow machine.
REAL_CHAT_OPTIONS = ChatOptions(sampling=Sampling(temperature=0.0), max_tokens=160)


def pytest_itemcollected(item: pytest.Item) -> None:
    """The offscreen platform warns of every window with a least size, and of every popup; any other warning
    fails the test.
    """
    if Path(__file__).parent in item.path.parents:
        unsupported = "This plugin does not support (propagateSizeHints|raise|grabbing the keyboard)"
        item.add_marker(pytest.mark.qt_log_ignore(unsupported))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that takes `qt_loop` as a callback of that loop: Qt's and asyncio's events both go on."""
    loop = pyfuncitem.funcargs.get("qt_loop")
    if not isinstance(loop, asyncio.AbstractEventLoop):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    raised: list[BaseException] = []

    def run() -> None:
        try:
            pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
        except BaseException as error:  # noqa: BLE001 - raised again outside the loop
            raised.append(error)
        finally:
            loop.stop()

    loop.call_soon(run)
    loop.run_forever()
    if raised:
        raise raised[0]
    return True


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    theme = Theme(qapp, "light")
    theme.set_style()
    return theme


@pytest.fixture
def qt_loop(qapp: QApplication) -> Iterator[asyncio.AbstractEventLoop]:
    qapp.setQuitOnLastWindowClosed(False)
    loop = qasync.QEventLoop(qapp)
    loop.set_default_executor(ThreadPoolExecutor(1, thread_name_prefix="test-window"))
    yield loop
    # What was cancelled gets its turn to end.
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@pytest.fixture
def make_window(
    qapp: QApplication, qtbot: QtBot, theme: Theme, qt_loop: asyncio.AbstractEventLoop, paths: Paths
) -> Iterator[MakeWindow]:
    opened: list[tuple[MainWindow, ScriptedChat]] = []

    def make(
        chat: ScriptedChat | None = None,
        models: Sequence[InstalledModel] = (make_model(),),
        size: tuple[int, int] = (1280, 800),
        settings: Settings | None = None,
        fixed: Mapping[str, str] | None = None,
        check: Callable[[Database], RepairReport | None] = lambda _: None,
        machine: Machine | None = None,
        open_advice: Callable[[], ModelAdvice] | None = None,
        find_steps: Callable[[InstalledModel, int | None], Sequence[Step]] | None = None,
    ) -> MainWindow:
        chat = chat or ScriptedChat(machine=machine)
        services = make_services(
            paths, chat, models, settings, fixed, check, machine, open_advice, find_steps
        )
        window = MainWindow(services, theme)
        opened.append((window, chat))
        window.resize(*size)
        window.show()
        window.activateWindow()
        window.start()
        qtbot.waitUntil(lambda: window.chat.stack.currentWidget() is not window.chat.nothing, timeout=10_000)
        if not chat.holds:
            qtbot.waitUntil(lambda: window.settled, timeout=10_000)
        return window

    yield make
    for window, chat in opened:
        chat.pool.release()
        inference = window.inference
        if window.isVisible():
            window.close()
        chat.close()
        assert chat.pool.closed or not chat.pool.threads
        assert inference._thread.isFinished()
        assert not [timer.parent() for timer in window.findChildren(QTimer) if timer.isActive()]
        window.deleteLater()
    qapp.processEvents()


@pytest.fixture
def open_real_window(
    qapp: QApplication,
    qtbot: QtBot,
    theme: Theme,
    qt_loop: asyncio.AbstractEventLoop,
    paths: Paths,
    starter: InstalledModel,
) -> Iterator[OpenWindow]:
    opened: list[tuple[MainWindow, Database]] = []

    def open_window(**changes: object) -> MainWindow:
        store, database = SettingsStore(paths.settings_file), Database(paths.database_file)
        settings = dataclasses.replace(store.load(), **{**REAL_SETTINGS, **changes})
        services = dataclasses.replace(
            make_real_services(paths, store, settings, database, log_file(paths)),
            new_chat_options=lambda: REAL_CHAT_OPTIONS,
        )
        window = MainWindow(services, theme)
        opened.append((window, database))
        window.resize(1280, 800)
        window.show()
        window.activateWindow()
        window.start()
        qtbot.waitUntil(lambda: window.chat.model is not None and window.settled, timeout=PATIENCE_MS)
        return window

    yield open_window
    for window, database in opened:
        if window.isVisible():
            window.close()
        database.close()
        assert not [timer.parent() for timer in window.findChildren(QTimer) if timer.isActive()]
        window.deleteLater()
    qapp.processEvents()
