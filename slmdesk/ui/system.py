"""What the window asks of the system around it, and what it reads before it is needed."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from PySide6.QtCore import QSize, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QWidget

from slmdesk.storage import WINDOW_SIDE_LEAST, WINDOW_SIDE_MOST

# What a system puts around a window at most, in its two directions: how much that is, is known only once the
# window has been shown.
_FRAME = QSize(16, 48)


def screen_size(window: QWidget) -> QSize:
    """What there is on the screen for a window without the frame that the system puts around it."""
    if QGuiApplication.platformName() == "offscreen":
        # A picture of a window has no screen to fit on.
        return QSize(WINDOW_SIDE_MOST, WINDOW_SIDE_MOST)
    return window.screen().availableSize() - _frame(window)


def keep_on_screen(window: QWidget) -> None:
    """Make a window that is shown no larger than its screen has room for it, now that its frame is known."""
    room = screen_size(window)
    window.setMinimumSize(window.minimumSize().boundedTo(room))
    if not (window.isMaximized() or window.isFullScreen()):
        window.resize(window.size().boundedTo(room))


def _frame(window: QWidget) -> QSize:
    """Width and height of what the system puts around a window; a guess before it is shown."""
    frame = window.frameGeometry().size() - window.size()
    return frame if window.isVisible() and not frame.isNull() else _FRAME


def storable(side: int) -> int:
    """A side of the window as the settings take it."""
    return min(max(side, WINDOW_SIDE_LEAST), WINDOW_SIDE_MOST)


def make_openable(path: Path) -> Path:
    """What can be opened for `path`: a file that is not written yet cannot, but its folder. Blocks."""
    folder = path.parent if path.suffix else path
    folder.mkdir(parents=True, exist_ok=True)
    return path if path.exists() else folder


def open_in_system(path: Path) -> bool:
    """Show a file or folder in the system's own program. Returns whether there is one."""
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


def read_bus_library() -> None:
    """Import what asks the desktop over its bus. Blocks."""
    if sys.platform not in ("win32", "darwin"):
        importlib.import_module("PySide6.QtDBus")


def warm_up_transcript() -> None:
    """Import what the first conversation shown would make the window wait for. Blocks."""
    from slmdesk.ui.transcript import warm_up

    warm_up()
