"""The way back from deleting: by key, in the order of Tab, and at the next start."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slmdesk.chat import ConversationStore
from slmdesk.storage import Database, Paths, back_up
from slmdesk.ui import MainWindow
from slmdesk.ui.widgets.undo_bar import UNDO_MS, UndoBar
from tests.ui.driving import MakeWindow, focused, listed, settle, texts
from tests.ui.scripted import ScriptedChat, keep, make_conversation

CONTROL = Qt.KeyboardModifier.ControlModifier
SECRET = "Xyzzy4711"


def two() -> ScriptedChat:
    return ScriptedChat(stored=[make_conversation("Older", "1"), make_conversation("Newer", "2")])


def bars(window: MainWindow) -> list[UndoBar]:
    return [bar for bar in window.findChildren(UndoBar) if bar.isVisible()]


def delete_in_list(qtbot: QtBot, window: MainWindow) -> None:
    """Delete what is shown, with the keyboard in the list."""
    window.chat.list.focus_list()
    QTest.keyClick(focused(), Qt.Key.Key_Delete)
    settle(qtbot, window)
    assert window.chat.list.view.hasFocus()


def leave_deleted(paths: Paths, *titles: str) -> None:
    """What a program leaves that is killed while the bar is up: one kept conversation and deleted ones."""
    database = Database(paths.database_file, paths.backups)
    store = ConversationStore(database)
    deleted = []
    for title in ("Kept", *titles):
        conversation = make_conversation(title, f"{SECRET} of {title}" if titles else "1")
        keep(database, conversation)
        if title != "Kept":
            deleted.append(conversation.id)
    back_up(database, paths.backups)
    store.delete(deleted)
    database.close()


def holders(paths: Paths, words: Sequence[str]) -> list[str]:
    """The files in which any of the words can be read."""
    files = [one for one in paths.data.rglob("*") if one.is_file()]
    return [one.name for one in files if any(word.encode() in one.read_bytes() for word in words)]


def test_control_z_brings_back_from_the_list(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(two())
    delete_in_list(qtbot, window)
    assert listed(window) == ["New chat", "Older"]
    QTest.keyClick(focused(), Qt.Key.Key_Z, CONTROL)
    settle(qtbot, window)
    assert listed(window) == ["Newer", "Older"]
    assert texts(window) == ["Newer", "2"]
    assert not bars(window)


def test_control_z_is_the_inputs_as_long_as_there_is_something_to_undo_in_it(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(two())
    window.chat.delete((window.chat.conversation.id,))
    settle(qtbot, window)
    field = window.chat.composer.input
    assert field.hasFocus()
    QTest.keyClicks(field, "a")
    QTest.keyClick(field, Qt.Key.Key_Z, CONTROL)
    settle(qtbot, window)
    assert field.toPlainText() == ""
    assert bars(window)
    QTest.keyClick(field, Qt.Key.Key_Z, CONTROL)
    settle(qtbot, window)
    assert listed(window) == ["Newer", "Older"]


def test_control_z_does_nothing_once_the_bar_has_gone(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(two())
    delete_in_list(qtbot, window)
    bars(window)[0].end()
    QTest.keyClick(focused(), Qt.Key.Key_Z, CONTROL)
    settle(qtbot, window)
    assert listed(window) == ["New chat", "Older"]


def test_one_tab_leads_from_the_list_to_the_way_back(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(two())
    delete_in_list(qtbot, window)
    (bar,) = bars(window)
    QTest.keyClick(focused(), Qt.Key.Key_Tab)
    assert bar.undo_button.hasFocus()
    qtbot.waitUntil(lambda: bar.paused)
    QTest.keyClick(focused(), Qt.Key.Key_Tab)
    assert bar.close_button.hasFocus()
    QTest.keyClick(focused(), Qt.Key.Key_Backtab)
    QTest.keyClick(focused(), Qt.Key.Key_Return)
    settle(qtbot, window)
    assert listed(window) == ["Newer", "Older"]


def test_the_keyboard_goes_to_the_input_when_its_bar_is_closed(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(two())
    delete_in_list(qtbot, window)
    QTest.keyClick(focused(), Qt.Key.Key_Tab)
    QTest.keyClick(focused(), Qt.Key.Key_Escape)
    assert window.chat.composer.input.hasFocus()
    settle(qtbot, window)
    assert not bars(window)


def test_the_bar_stays_twenty_seconds(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(two())
    delete_in_list(qtbot, window)
    (bar,) = bars(window)
    assert (UNDO_MS, bar._timer.interval(), bar.paused) == (20_000, 20_000, False)


def test_what_was_deleted_before_a_kill_is_offered_at_the_next_start(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    leave_deleted(paths, "Mine")
    window = make_window()
    assert listed(window) == ["Kept"]
    (bar,) = bars(window)
    assert bar.label.whole_text == "“Mine” deleted"
    window.chat.list.focus_list()
    QTest.keyClick(focused(), Qt.Key.Key_Z, CONTROL)
    settle(qtbot, window)
    assert sorted(listed(window)) == ["Kept", "Mine"]
    assert texts(window) == ["Kept", f"{SECRET} of Kept"]
    window.close()
    again = make_window()
    assert sorted(listed(again)) == ["Kept", "Mine"]
    assert not bars(again)


def test_its_words_are_nowhere_once_that_bar_has_gone(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    words = [f"{SECRET} of {one}" for one in ("Mine", "Yours")]
    leave_deleted(paths, "Mine", "Yours")
    assert holders(paths, words)
    window = make_window()
    (bar,) = bars(window)
    assert bar.label.whole_text == "2 conversations deleted"
    QTest.mouseClick(bar.close_button, Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    window.close()
    assert holders(paths, words) == []
    assert holders(paths, [f"{SECRET} of Kept"])


def test_closing_the_window_ends_what_was_offered_at_its_start(make_window: MakeWindow, paths: Paths) -> None:
    leave_deleted(paths, "Mine")
    window = make_window()
    assert bars(window)
    window.close()
    assert holders(paths, [f"{SECRET} of Mine"]) == []


def test_what_is_deleted_while_more_is_offered_comes_back_with_it(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    leave_deleted(paths, "Mine")
    window = make_window()
    delete_in_list(qtbot, window)
    bar = bars(window)[-1]
    assert bar.label.whole_text == "2 conversations deleted"
    QTest.mouseClick(bar.undo_button, Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    assert sorted(listed(window)) == ["Kept", "Mine"]
