"""What tests do to a window as a person would, and what they look at in it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.chat import ConversationStore
from slmdesk.storage import Database, Paths
from slmdesk.ui import MainWindow
from slmdesk.ui.transcript.strip_views.foot_view import FootView, PersonFootView
from slmdesk.ui.widgets.banner import Banner
from slmdesk.ui.widgets.labels import Label

MakeWindow = Callable[..., MainWindow]
OpenWindow = Callable[..., MainWindow]

# A machine under load is slow, never wrong.
PATIENCE_MS = 120_000


def focused() -> QWidget:
    """What has the keyboard."""
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def ask(window: MainWindow, text: str = "Hello") -> None:
    """Write `text` behind what is in the input, and send it."""
    window.chat.composer.input.insertPlainText(text)
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_Return)


def settle(qtbot: QtBot, window: MainWindow) -> None:
    """Wait until nothing is on its way."""
    qtbot.waitUntil(lambda: window.settled, timeout=PATIENCE_MS)


def ask_and_wait(qtbot: QtBot, window: MainWindow, text: str = "Hello") -> str:
    """Ask, and wait for the whole answer, which is returned."""
    ask(window, text)
    settle(qtbot, window)
    return last_answer(window)


def wait_for_state(qtbot: QtBot, window: MainWindow, words: str) -> None:
    """Wait until the status bar says `words` of the engine."""
    qtbot.waitUntil(lambda: window.status.state_segment.words == words, timeout=PATIENCE_MS)


def wait_for_words(qtbot: QtBot, window: MainWindow, letters: int = 10) -> None:
    """Wait until the answer that is being written has more than `letters` letters."""
    qtbot.waitUntil(lambda: len(last_answer(window)) > letters, timeout=PATIENCE_MS)


def engine_pid(window: MainWindow) -> int:
    """The engine process."""
    chat = window.inference._worker.chat
    assert chat is not None
    process = chat.pool._process
    assert process is not None
    assert process.pid is not None
    return process.pid


def texts(window: MainWindow) -> list[str]:
    """The messages in the transcript, as they were written."""
    return [one.source for one in window.chat.transcript.messages]


def last_answer(window: MainWindow) -> str:
    """The answer at the end of the transcript."""
    message = window.chat.transcript.messages[-1]
    assert not message.by_person
    return message.source


def foot(window: MainWindow, index: int = -1) -> FootView:
    """The row under an answer, which must be in view."""
    message = window.chat.transcript.messages[index]
    assert message.strips is not None
    view = message.strips[-1].widget
    assert isinstance(view, FootView)
    return view


def person_foot(window: MainWindow, index: int) -> PersonFootView:
    """The row under a message of the person, which must be in view."""
    message = window.chat.transcript.messages[index]
    assert message.strips is not None
    view = message.strips[-1].widget
    assert isinstance(view, PersonFootView)
    return view


def listed(window: MainWindow) -> list[str]:
    """The titles in the list of conversations, from top to bottom, without the heads."""
    model = window.chat.list.view.model()
    rows = (model.index(row, 0) for row in range(model.rowCount()))
    return [str(row.data()) for row in rows if row.flags() & Qt.ItemFlag.ItemIsSelectable]


def click_chat(
    window: MainWindow, title: str, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    """Click the conversation with this title in the list."""
    chats = window.chat.list
    row = next(number for number, one in enumerate(chats.model.rows) if one.title == title)
    place = chats.view.visualRect(chats.model.index(row)).center()
    QTest.mouseClick(chats.view.viewport(), Qt.MouseButton.LeftButton, keys, place)


def words_of(banner: Banner | None) -> str:
    """Everything a banner says."""
    assert banner is not None
    return " ".join(label.text() for label in banner.findChildren(Label))


def kept(paths: Paths) -> list[tuple[str, str, str]]:
    """Role, text and state of each message that another process would find in the newest conversation."""
    database = Database(paths.database_file)
    try:
        conversation = ConversationStore(database).latest()
    finally:
        database.close()
    assert conversation is not None
    return [(one.role, one.text, one.state) for one in conversation.messages]
