"""The head of a conversation, and the find bar under it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.ui.chat.find_bar import FindBar
from slmdesk.ui.chat.head import ChatHead
from slmdesk.ui.chat.name_editor import NameEditor
from slmdesk.ui.theme import Theme

LONG_NAME = "A conversation with a name of more than fifty characters, at the end"


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[QWidget]:
    window = QWidget()
    QVBoxLayout(window)
    window.resize(500, 200)
    yield window
    window.close()
    window.deleteLater()


def show(qtbot: QtBot, window: QWidget, widget: QWidget) -> None:
    layout = window.layout()
    assert layout is not None
    layout.addWidget(widget)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()


def editor_of(head: ChatHead) -> NameEditor | None:
    return head.editor


@pytest.fixture
def head(qtbot: QtBot, theme: Theme, window: QWidget) -> ChatHead:
    head = ChatHead(theme)
    head.set_conversation("Rename photos")
    show(qtbot, window, head)
    return head


@pytest.fixture
def bar(qtbot: QtBot, theme: Theme, window: QWidget) -> FindBar:
    bar = FindBar(theme)
    show(qtbot, window, bar)
    return bar


def test_a_double_click_renames_and_enter_takes_the_name(head: ChatHead, qtbot: QtBot) -> None:
    QTest.mouseDClick(head.title, Qt.MouseButton.LeftButton)
    assert head.editor is not None
    assert head.editor.hasFocus()
    assert head.editor.selectedText() == "Rename photos"
    QTest.keyClicks(head.editor, "  Photos  by date ")
    with qtbot.waitSignal(head.renamed) as renamed:
        QTest.keyClick(head.editor, Qt.Key.Key_Return)
    assert renamed.args == ["Photos by date"]
    assert editor_of(head) is None
    assert head.title.isVisible()
    assert head.title.whole_text == "Photos by date"
    assert head.more_button.hasFocus()


@pytest.mark.parametrize(
    ("typed", "key"),
    [("Other", Qt.Key.Key_Escape), ("  ", Qt.Key.Key_Return), ("Rename photos", Qt.Key.Key_Return)],
)
def test_esc_an_empty_name_and_the_old_one_change_nothing(
    head: ChatHead, qtbot: QtBot, typed: str, key: Qt.Key
) -> None:
    head.begin_rename()
    assert head.editor is not None
    with qtbot.assertNotEmitted(head.renamed):
        QTest.keyClicks(head.editor, typed)
        QTest.keyClick(head.editor, key)
    assert head.title.whole_text == "Rename photos"
    assert head.title.isVisible()


def test_esc_is_not_the_windows_while_a_name_is_written(head: ChatHead, qtbot: QtBot) -> None:
    shortcut = QShortcut(QKeySequence(Qt.Key.Key_Escape), head.window())
    head.begin_rename()
    assert head.editor is not None
    with qtbot.assertNotEmitted(shortcut.activated):
        QTest.keyClick(head.editor, Qt.Key.Key_Escape)
    assert editor_of(head) is None


def test_the_name_is_taken_when_the_keyboard_goes_elsewhere(head: ChatHead, qtbot: QtBot) -> None:
    head.begin_rename()
    assert head.editor is not None
    QTest.keyClicks(head.editor, "Photos")
    with qtbot.waitSignal(head.renamed) as renamed:
        head.find_button.setFocus()
    assert renamed.args == ["Photos"]
    assert head.find_button.hasFocus()


def test_news_about_the_same_conversation_leave_the_editor_alone(head: ChatHead, qtbot: QtBot) -> None:
    head.begin_rename()
    editor = head.editor
    assert editor is not None
    QTest.keyClicks(editor, "Photos")
    head.set_conversation("Rename photos", pinned=True)
    assert head.editor is editor
    with qtbot.assertNotEmitted(head.renamed):
        head.set_conversation("Another conversation")
    assert editor_of(head) is None
    assert head.title.whole_text == "Another conversation"


def test_a_new_chat_has_nothing_to_rename_find_or_delete(head: ChatHead) -> None:
    head.set_conversation("", stored=False)
    assert head.title.whole_text == "New chat"
    assert not head.find_button.isEnabled()
    assert not head.more_button.isEnabled()
    head.begin_rename()
    assert editor_of(head) is None
    assert head.drawer_button.isEnabled()


def test_the_menu_does_what_it_says(head: ChatHead, qtbot: QtBot) -> None:
    said: list[object] = []
    head.pin_wanted.connect(said.append)
    head.copy_wanted.connect(lambda: said.append("copy"))
    head.delete_wanted.connect(lambda: said.append("delete"))
    menu = head.open_menu()
    actions = [action for action in menu.actions() if not action.isSeparator()]
    assert [action.text() for action in actions] == ["Rename", "Pin", "Copy chat as Markdown", "Delete"]
    for action in actions[1:]:
        action.trigger()
    assert said == [True, "copy", "delete"]
    menu.close()
    actions[0].trigger()
    assert head.editor is not None
    head.set_conversation("Rename photos", pinned=True)
    menu = head.open_menu()
    assert "Unpin" in [action.text() for action in menu.actions()]
    menu.close()


def test_the_drawer_button_shows_whether_the_drawer_is_open(head: ChatHead, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(head.drawer_toggled):
        head.set_drawer_open(True)
    assert head.drawer_button.isChecked()
    with qtbot.waitSignal(head.drawer_toggled) as toggled:
        head.drawer_button.click()
    assert toggled.args == [False]
    with qtbot.waitSignal(head.find_wanted):
        head.find_button.click()


def test_a_long_name_gives_way_in_the_middle(head: ChatHead) -> None:
    head.resize(300, head.height())
    head.set_conversation(LONG_NAME)
    assert "…" in head.title.text()
    assert head.title.toolTip() == LONG_NAME


# --- find


def test_typing_says_what_to_look_for(bar: FindBar, qtbot: QtBot) -> None:
    bar.focus_field()
    with qtbot.waitSignal(bar.text_changed) as said:
        QTest.keyClicks(bar.field.edit, "a")
    assert said.args == ["a"]


@pytest.mark.parametrize(
    ("key", "keys", "wanted"),
    [
        (Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, "next"),
        (Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier, "previous"),
        (Qt.Key.Key_F3, Qt.KeyboardModifier.NoModifier, "next"),
        (Qt.Key.Key_F3, Qt.KeyboardModifier.ShiftModifier, "previous"),
        (Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier, "close"),
    ],
)
def test_keys_of_the_find_bar(bar: FindBar, key: Qt.Key, keys: Qt.KeyboardModifier, wanted: str) -> None:
    said: list[str] = []
    bar.next_wanted.connect(lambda: said.append("next"))
    bar.previous_wanted.connect(lambda: said.append("previous"))
    bar.closed.connect(lambda: said.append("close"))
    shortcut = QShortcut(QKeySequence(Qt.Key.Key_Escape), bar.window())
    shortcut.activated.connect(lambda: said.append("the window's"))
    bar.focus_field()
    QTest.keyClicks(bar.field.edit, "photo")
    bar.set_position(1, 3)
    QTest.keyClick(bar.field.edit, key, keys)
    assert said == [wanted]
    if key != Qt.Key.Key_Return:
        bar.next_button.setFocus()
        QTest.keyClick(bar.next_button, key, keys)
        assert said == [wanted, wanted]


def test_it_says_which_hit_of_how_many(bar: FindBar) -> None:
    bar.field.set_value("photo")
    bar.set_position(3, 1200)
    assert bar.words.text() == "3 of 1,200"
    assert bar.next_button.isEnabled()
    bar.set_position(0, 0)
    assert bar.words.text() == "Not found"
    assert not bar.next_button.isEnabled()
    bar.field.set_value("")
    bar.set_position(0, 0)
    assert bar.words.text() == ""


def test_opened_again_it_looks_for_the_same(bar: FindBar, qtbot: QtBot) -> None:
    bar.field.set_value("photo")
    with qtbot.waitSignal(bar.text_changed) as said:
        bar.focus_field()
    assert said.args == ["photo"]
    assert bar.field.edit.selectedText() == "photo"
    assert bar.text == "photo"
