"""A link opens nothing before the person has been told where it leads."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slmdesk.ui import MainWindow
from slmdesk.ui.widgets.banner import Banner
from tests.ui.driving import MakeWindow, focused, words_of


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    urls: list[str] = []

    def take(url: QUrl) -> bool:
        urls.append(url.toString())
        return "broken" not in url.host()

    monkeypatch.setattr(QDesktopServices, "openUrl", take)
    return urls


def question(window: MainWindow, url: str) -> Banner:
    window.chat.transcript.link_wanted.emit(url)
    return window.chat.banners.notices[-1]


def test_it_asks_with_the_host_and_opens_then(
    make_window: MakeWindow, qtbot: QtBot, opened: list[str]
) -> None:
    window = make_window()
    asked = question(window, "https://user@example.org:8443/a?b#c")
    assert words_of(asked).startswith("Open example.org in your browser?")
    assert asked.details == "https://user@example.org:8443/a?b#c"
    assert opened == []
    assert focused().text() == "Cancel"  # type: ignore[attr-defined]
    asked.buttons[0].click()
    assert opened == ["https://user@example.org:8443/a?b#c"]
    assert window.chat.banners.notices == []


def test_cancel_opens_nothing(make_window: MakeWindow, qtbot: QtBot, opened: list[str]) -> None:
    window = make_window()
    question(window, "https://example.org").buttons[1].click()
    assert window.chat.banners.notices == []
    assert window.chat.composer.input.hasFocus()
    assert opened == []


def test_escape_takes_the_question_back(make_window: MakeWindow, qtbot: QtBot, opened: list[str]) -> None:
    window = make_window()
    question(window, "https://example.org")
    QTest.keyClick(focused(), Qt.Key.Key_Escape)
    assert window.chat.banners.notices == []
    assert opened == []


def test_one_question_at_a_time(make_window: MakeWindow, qtbot: QtBot, opened: list[str]) -> None:
    window = make_window()
    question(window, "https://example.org").close_button.click()
    question(window, "https://example.org")
    second = question(window, "https://example.net")
    assert window.chat.banners.notices == [second]


def test_letters_that_look_like_others_are_seen_to_be_others(
    make_window: MakeWindow, qtbot: QtBot, opened: list[str]
) -> None:
    # The first letter is Cyrillic.
    asked = question(make_window(), "https://аpple.com/")
    assert "xn--pple-43d.com" in words_of(asked)


def test_a_mail_address_is_told_as_one(make_window: MakeWindow, qtbot: QtBot, opened: list[str]) -> None:
    asked = question(make_window(), "mailto:someone@example.org?subject=x")
    assert words_of(asked).startswith("Write to someone@example.org?")
    asked.buttons[0].click()
    assert opened == ["mailto:someone@example.org?subject=x"]


def test_a_system_that_opens_nothing_is_told(
    make_window: MakeWindow, qtbot: QtBot, opened: list[str]
) -> None:
    window = make_window()
    question(window, "https://broken.example").buttons[0].click()
    assert "cannot be shown" in words_of(window.chat.banners.banner)
