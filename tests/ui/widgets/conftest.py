"""Fixtures for tests of single widgets.

| fixture  | what it is |
|----------|------------------------------------------------------------------------|
| `show`   | puts widgets into a window of 600 by 500 pixels, which is active then  |
| `spoken` | what a screen reader was asked to say since the test began             |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.ui.widgets import banner, button, field, slider, undo_bar

Show = Callable[..., QWidget]


@pytest.fixture
def show(qtbot: QtBot) -> Iterator[Show]:
    windows: list[QWidget] = []

    def put(*widgets: QWidget) -> QWidget:
        window = QWidget()
        windows.append(window)
        column = QVBoxLayout(window)
        for widget in widgets:
            column.addWidget(widget)
        window.resize(600, 500)
        with qtbot.waitActive(window):
            window.show()
            window.activateWindow()
        return window

    yield put
    for window in windows:
        window.close()
        window.deleteLater()


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    for module in (banner, button, field, slider, undo_bar):
        monkeypatch.setattr(module, "announce", lambda _widget, sentence: said.append(sentence))
    return said
