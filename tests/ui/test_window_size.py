"""A window and its frame are never larger than what the screen has for them."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect, QSize
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.storage import WINDOW_SIDE_MOST
from slmdesk.ui import system
from tests.ui.driving import MakeWindow


class Screen:
    """A screen of which there is `available` for windows."""

    def __init__(self, available: QSize) -> None:
        self.available = available

    def availableSize(self) -> QSize:
        return self.available


class Framed(QWidget):
    """A window around which the system puts a frame once it is shown."""

    def __init__(self, available: QSize, frame: QSize) -> None:
        super().__init__()
        self.available, self.frame = available, frame

    def screen(self) -> Screen:  # type: ignore[override]
        return Screen(self.available)

    def frameGeometry(self) -> QRect:
        return QRect(self.pos(), self.size() + (self.frame if self.isVisible() else QSize()))


@pytest.fixture
def on_a_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slmdesk.ui.system.QGuiApplication.platformName", lambda: "xcb")


@pytest.mark.usefixtures("on_a_desktop")
def test_before_it_is_shown_room_is_left_for_a_frame(qtbot: QtBot) -> None:
    window = Framed(QSize(1280, 800), QSize(2, 30))
    qtbot.addWidget(window)
    room = system.screen_size(window)
    assert room.width() <= 1280 - 2
    assert room.height() <= 800 - 30


@pytest.mark.usefixtures("on_a_desktop")
@pytest.mark.parametrize("frame", [QSize(2, 30), QSize(20, 90)])
def test_once_it_is_shown_its_own_frame_counts(qtbot: QtBot, frame: QSize) -> None:
    window = Framed(QSize(880, 573), frame)
    qtbot.addWidget(window)
    window.setMinimumSize(864, 525)
    window.resize(864, 525)
    window.show()
    system.keep_on_screen(window)
    around = window.frameGeometry().size()
    assert around.boundedTo(window.available) == around
    assert window.minimumSize().boundedTo(window.size()) == window.minimumSize()


@pytest.mark.usefixtures("on_a_desktop")
def test_a_window_that_fits_is_left_as_it_is(qtbot: QtBot) -> None:
    window = Framed(QSize(1920, 1040), QSize(2, 30))
    qtbot.addWidget(window)
    window.setMinimumSize(900, 600)
    window.resize(1280, 800)
    window.show()
    system.keep_on_screen(window)
    assert (window.size(), window.minimumSize()) == (QSize(1280, 800), QSize(900, 600))
    window.showMaximized()
    size = window.size()
    window.available = QSize(500, 500)
    system.keep_on_screen(window)
    assert window.size() == size


def test_a_picture_of_a_window_has_no_screen_to_fit_on(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    assert system.screen_size(window) == QSize(WINDOW_SIDE_MOST, WINDOW_SIDE_MOST)


@pytest.mark.usefixtures("on_a_desktop")
def test_the_program_fits_on_a_small_screen(make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    available = QSize(880, 573)
    monkeypatch.setattr("slmdesk.ui.main_window.MainWindow.screen", lambda self: Screen(available))
    window = make_window(size=(1280, 800))
    QApplication.processEvents()
    around = window.frameGeometry().size()
    assert around.boundedTo(available) == around
    assert window.minimumHeight() < available.height()
