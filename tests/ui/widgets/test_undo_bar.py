"""The bar that offers a way back."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.text_field import TextField
from slmdesk.ui.widgets.undo_bar import UndoBar
from tests.ui.widgets.conftest import Show

LONG_MS = 60_000


def show_bar(theme: Theme, window: QWidget, timeout_ms: int = LONG_MS) -> UndoBar:
    bar = UndoBar(theme, "3 conversations deleted", window, timeout_ms=timeout_ms)
    bar.show()
    return bar


def test_undo_is_said_once_and_the_bar_goes(qtbot: QtBot, show: Show, theme: Theme) -> None:
    bar = show_bar(theme, show(TextField(theme, "Name")))
    said: list[str] = []
    bar.undone.connect(lambda: said.append("undone"))
    bar.ended.connect(lambda: said.append("ended"))
    QTest.mouseClick(bar.undo_button, Qt.MouseButton.LeftButton)
    bar.end()
    qtbot.waitUntil(lambda: not isValid(bar))
    assert said == ["undone"]


def test_what_is_closed_is_final(qtbot: QtBot, show: Show, theme: Theme) -> None:
    bar = show_bar(theme, show(TextField(theme, "Name")))
    with qtbot.waitSignal(bar.ended):
        bar.close_button.click()
    qtbot.waitUntil(lambda: not isValid(bar))


def test_the_time_runs_out(qtbot: QtBot, show: Show, theme: Theme) -> None:
    bar = show_bar(theme, show(TextField(theme, "Name")), timeout_ms=1)
    with qtbot.waitSignal(bar.ended):
        pass


def test_the_time_stands_still_under_the_pointer(qtbot: QtBot, show: Show, theme: Theme) -> None:
    bar = show_bar(theme, show(TextField(theme, "Name")))
    paused = [bar.paused]
    point = QPointF(20, 20)
    for event in (QEnterEvent(point, point, bar.mapToGlobal(point)), QEvent(QEvent.Type.Leave)):
        QApplication.sendEvent(bar, event)
        paused.append(bar.paused)
    assert paused == [False, True, False]


def test_the_time_stands_still_while_the_keyboard_is_there(qtbot: QtBot, show: Show, theme: Theme) -> None:
    field = TextField(theme, "Name")
    bar = show_bar(theme, show(field))
    bar.undo_button.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(lambda: bar.paused)
    QTest.keyClick(bar.undo_button, Qt.Key.Key_Tab)
    assert bar.close_button.hasFocus()
    assert bar.paused
    field.setFocus()
    qtbot.waitUntil(lambda: not bar.paused)


def test_the_time_stands_still_while_another_window_is_active(qtbot: QtBot, show: Show, theme: Theme) -> None:
    window, other = show(TextField(theme, "Name")), QWidget()
    bar = show_bar(theme, window)
    qtbot.addWidget(other)
    with qtbot.waitActive(other):
        other.show()
        other.activateWindow()
    qtbot.waitUntil(lambda: bar.paused)
    with qtbot.waitActive(window):
        window.activateWindow()
    qtbot.waitUntil(lambda: not bar.paused)


def test_the_keyboard_does_it_all(qtbot: QtBot, show: Show, theme: Theme) -> None:
    window = show(TextField(theme, "Name"))
    bar = show_bar(theme, window)
    with qtbot.waitSignal(bar.undone):
        bar.undo_button.setFocus()
        QTest.keyClick(bar.undo_button, Qt.Key.Key_Return)
    bar = show_bar(theme, window)
    with qtbot.waitSignal(bar.ended):
        bar.undo_button.setFocus()
        QTest.keyClick(bar.undo_button, Qt.Key.Key_Escape)


def test_a_screen_reader_is_told_once(qtbot: QtBot, show: Show, theme: Theme, spoken: list[str]) -> None:
    bar = show_bar(theme, show(TextField(theme, "Name")))
    bar.hide()
    bar.show()
    assert spoken == ["3 conversations deleted. Undo is available."]
    assert bar.undo_button.accessibleDescription() == "3 conversations deleted"


def test_the_bar_stays_at_the_foot_of_its_parent(qtbot: QtBot, show: Show, theme: Theme) -> None:
    window = show(TextField(theme, "Name"))
    bar = show_bar(theme, window)
    window.resize(700, 300)
    qtbot.waitUntil(lambda: window.height() == 300)
    assert bar.geometry().center().x() == window.rect().center().x()
    assert 300 - 40 < bar.geometry().bottom() <= 300 + theme.sizes.shadow
    window.resize(200, 300)
    qtbot.waitUntil(lambda: window.width() == 200)
    assert bar.width() - 2 * theme.sizes.shadow < 200
