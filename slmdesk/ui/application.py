"""Starting Qt, and running the window until it is closed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QLibraryInfo, Qt, QTimer, QTranslator
from PySide6.QtWidgets import QApplication, QMessageBox

from slmdesk.ui.main_window import MainWindow
from slmdesk.ui.theme import Theme

if TYPE_CHECKING:
    from slmdesk.ui.services import Services

_LATEST_START_MS = 1000
# Qt lets go of Python's lock in most of its calls, and with Python's own 5 ms waits that long each time to
# get it back from a thread that works: a window that draws a picture in twenty calls stood still for 80 ms.
_SWITCH_INTERVAL_S = 0.0001


def make_application(arguments: Sequence[str] = (), language: str = "en") -> QApplication:
    """The one QApplication of this process, with Qt's own texts in `language` (an ISO 639-1 code).

    Aborts the process where there is no display, which is Qt's way: find out before.
    """
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    app = QApplication([sys.argv[0], *arguments])
    app.setApplicationName("slmdesk")
    app.setApplicationDisplayName("SLM Desk")
    app.setDesktopFileName("slmdesk")
    # Not when the last window closes: there is work to end after that.
    app.setQuitOnLastWindowClosed(False)
    translator = QTranslator(app)
    if translator.load(f"qtbase_{language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(translator)
    return app


def show_box(sentence: str) -> None:
    """Say `sentence` where there is neither a window nor a terminal, and wait until it is closed."""
    app = QApplication.instance() or make_application()
    box = QMessageBox(QMessageBox.Icon.Critical, app.applicationName(), sentence)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setWindowTitle("SLM Desk")
    box.exec()


def open_window(app: QApplication, services: Services) -> MainWindow:
    """The window, on its way to the screen."""
    theme = Theme(app, services.settings.theme)
    window = MainWindow(services, theme)
    window.show()
    return window


def run_until_closed(app: QApplication, window: MainWindow) -> None:
    """Run Qt and asyncio together until `window` is closed; nothing of it is left running then."""
    # asyncio and qasync are not needed to show the window, and take their time to import.
    until_painted = QEventLoop()
    window.painted.connect(until_painted.quit)
    window.closed.connect(until_painted.quit)
    # A window that starts minimised is not painted.
    QTimer.singleShot(_LATEST_START_MS, until_painted.quit)
    until_painted.exec()
    if not window.isVisible():
        return
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    import qasync

    loop = qasync.QEventLoop(app)
    # qasync's own executor would start ten threads for the two or three files that are read.
    loop.set_default_executor(ThreadPoolExecutor(2, thread_name_prefix="slmdesk-window"))
    with loop:

        async def until_closed() -> None:
            done = asyncio.Event()
            window.closed.connect(done.set)
            window.start()
            await done.wait()

        loop.run_until_complete(until_closed())
