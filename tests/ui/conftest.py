"""Fixtures for tests of the window with a scripted chat.

| fixture       | what it is |
|---------------|--------------------------------------------------------------------------------------------|
| `theme`       | a light theme on the test's application |
| `qt_loop`     | an asyncio loop on Qt's; the test that takes it runs inside |
| `make_window` | shows a started window around a `ScriptedChat`; fails where closing leaves anything behind |
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import qasync
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from slmdesk.library import InstalledModel
from slmdesk.storage import Paths, Settings
from slmdesk.ui import MainWindow, Theme
from tests.ui.scripted import ScriptedChat, make_model, make_services

MakeWindow = Callable[..., MainWindow]


def pytest_itemcollected(item: pytest.Item) -> None:
    """The offscreen platform warns of every window with a least size; any other warning fails the test."""
    if Path(__file__).parent in item.path.parents:
        item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints"))


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
    ) -> MainWindow:
        chat = chat or ScriptedChat()
        window = MainWindow(make_services(paths, chat, models, settings), theme)
        opened.append((window, chat))
        window.resize(*size)
        window.show()
        window.activateWindow()
        window.start()
        qtbot.waitUntil(lambda: window.chat.stack.currentWidget() is not window.chat._nothing, timeout=10_000)
        if not chat.holds:
            qtbot.waitUntil(lambda: not window.inference.running, timeout=10_000)
        return window

    yield make
    for window, chat in opened:
        chat.release()
        inference = window.inference
        window.close()
        assert chat.pool.closed
        assert inference._thread.isFinished()
        assert not [timer for timer in window.findChildren(QTimer) if timer.isActive()]
        window.deleteLater()
    qapp.processEvents()
