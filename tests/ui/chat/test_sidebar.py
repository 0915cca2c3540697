"""The list of conversations: what it shows, and what keys and pointer do in it."""

from __future__ import annotations

import dataclasses
from datetime import datetime

import pytest
from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPoint, Qt, QTimer
from PySide6.QtGui import QAccessible, QContextMenuEvent, QHelpEvent, QKeySequence, QPainter, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QStyleOptionViewItem, QToolTip
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from slmdesk.chat import ConversationSummary
from slmdesk.ui.chat.sidebar import ConversationList
from slmdesk.ui.chat.sidebar.delegate import ConversationDelegate
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.menu import Menu

LONG_NAME = "A conversation with a name of more than fifty characters, at the end"
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
PLAIN = Qt.KeyboardModifier.NoModifier


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


class Clock:
    """The time of day, as the test wants it."""

    def __init__(self) -> None:
        self.now = moment("2025-09-30 15:04")

    def __call__(self) -> float:
        return self.now


SUMMARIES = (
    ConversationSummary(
        id=1,
        title="Release notes",
        model_title="Phi-4-mini",
        updated_at=moment("2025-09-26 10:00"),
        pinned=True,
    ),
    ConversationSummary(
        id=2, title="Rename photos", model_title="Qwen3 4B", updated_at=moment("2025-09-30 14:32")
    ),
    ConversationSummary(
        id=3, title="Lease", model_title="Qwen3 4B", updated_at=moment("2025-09-30 11:05"), draft=True
    ),
    ConversationSummary(
        id=4, title="SQL orders", model_title="Llama 3.2", updated_at=moment("2025-09-30 09:47")
    ),
    ConversationSummary(id=5, title=LONG_NAME, model_title="", updated_at=moment("2025-09-29 09:00")),
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chats(qtbot: QtBot, theme: Theme, clock: Clock) -> ConversationList:
    chats = ConversationList(theme, now=clock)
    qtbot.addWidget(chats)
    chats.set_summaries(SUMMARIES)
    chats.set_current(2)
    chats.resize(chats.width(), 700)
    with qtbot.waitActive(chats):
        chats.show()
        chats.activateWindow()
    return chats


def titles(chats: ConversationList) -> list[str]:
    return [row.title for row in chats.model.rows]


def selected(chats: ConversationList) -> tuple[int, ...]:
    return chats.selected


def index_of(chats: ConversationList, conversation: int) -> QModelIndex:
    return chats.model.index(chats.model.row_of(conversation))


def center_of(chats: ConversationList, conversation: int) -> QPoint:
    return chats.view.visualRect(index_of(chats, conversation)).center()


def click(chats: ConversationList, conversation: int, keys: Qt.KeyboardModifier = PLAIN) -> None:
    QTest.mouseClick(chats.view.viewport(), Qt.MouseButton.LeftButton, keys, center_of(chats, conversation))


def press(chats: ConversationList, key: Qt.Key, keys: Qt.KeyboardModifier = PLAIN) -> None:
    QTest.keyClick(chats.view, key, keys)


def editor_of(chats: ConversationList) -> QLineEdit:
    editors = chats.view.viewport().findChildren(QLineEdit)
    assert len(editors) == 1
    return editors[0]


# --- what is shown


def test_it_lists_conversations_below_the_heads_of_their_groups(chats: ConversationList) -> None:
    assert titles(chats) == [
        "Pinned", "Release notes", "Today", "Rename photos", "Lease", "SQL orders", "Yesterday", LONG_NAME,
    ]  # fmt: skip
    assert selected(chats) == (2,)


def test_the_model_keeps_the_rules_of_models_through_changes(
    chats: ConversationList, qtmodeltester: ModelTester
) -> None:
    qtmodeltester.check(chats.model)  # type: ignore[no-untyped-call]
    pinned = dataclasses.replace(SUMMARIES[4], pinned=True)
    chats.set_summaries((*SUMMARIES[:4], pinned))
    qtmodeltester.check(chats.model)  # type: ignore[no-untyped-call]
    chats.set_summaries(SUMMARIES[2:])
    chats.set_current(None)
    qtmodeltester.check(chats.model)  # type: ignore[no-untyped-call]
    chats.set_summaries(())
    qtmodeltester.check(chats.model)  # type: ignore[no-untyped-call]


def test_a_screen_reader_hears_all_that_a_row_shows(chats: ConversationList) -> None:
    chats.set_writing({4})
    view = QAccessible.queryAccessibleInterface(chats.view)
    names = [view.child(row).text(QAccessible.Text.Name) for row in range(view.childCount())]
    assert names == [
        "Pinned",
        "Release notes, Phi-4-mini, Fri, pinned",
        "Today",
        "Rename photos, Qwen3 4B, 14:32",
        "Lease, Qwen3 4B, 11:05, with a draft",
        "SQL orders, Llama 3.2, being answered",
        "Yesterday",
        f"{LONG_NAME}, Mon",
    ]
    assert view.role() == QAccessible.Role.List
    assert view.text(QAccessible.Text.Name) == "Chats"
    chats.set_writing(())
    assert view.child(5).text(QAccessible.Text.Name) == "SQL orders, Llama 3.2, 09:47"


def test_a_conversation_being_answered_is_drawn_with_a_mark(chats: ConversationList) -> None:
    before = chats.grab().toImage()
    chats.set_writing({4})
    assert chats.grab().toImage() != before


def test_a_name_that_gave_way_is_whole_in_the_tooltip(chats: ConversationList, qtbot: QtBot) -> None:
    def ask(conversation: int) -> None:
        place = center_of(chats, conversation)
        where = chats.view.viewport().mapToGlobal(place)
        QApplication.sendEvent(chats.view.viewport(), QHelpEvent(QEvent.Type.ToolTip, place, where))

    ask(5)
    assert QToolTip.text() == LONG_NAME
    ask(2)
    qtbot.waitUntil(lambda: not QToolTip.text() or QToolTip.text() != LONG_NAME)


def test_groups_and_times_change_at_midnight(chats: ConversationList, clock: Clock) -> None:
    clock.now = moment("2025-10-01 00:00")
    chats.look_at_the_clock()
    assert titles(chats) == [
        "Pinned", "Release notes", "Yesterday", "Rename photos", "Lease", "SQL orders",
        "Previous 7 days", LONG_NAME,
    ]  # fmt: skip
    spoken = chats.model.data(index_of(chats, 2), Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Rename photos, Qwen3 4B, Tue"
    assert selected(chats) == (2,)


def test_the_clock_stands_still_while_nobody_looks(chats: ConversationList) -> None:
    def running() -> list[QTimer]:
        return [timer for timer in chats.findChildren(QTimer) if timer.isActive()]

    chats.set_writing({4})
    press(chats, Qt.Key.Key_Down)
    QTest.keyClicks(chats.search.edit, "a")
    assert len(running()) >= 3
    chats.hide()
    assert running() == []
    chats.show()
    assert running()


def test_a_chat_without_a_message_has_a_row_of_its_own(chats: ConversationList) -> None:
    chats.set_current(None)
    chats.set_next_model("Qwen3 4B")
    assert titles(chats)[2:4] == ["Today", "New chat"]
    assert (
        chats.model.data(chats.model.index(3), Qt.ItemDataRole.AccessibleTextRole)
        == "New chat, Qwen3 4B, now"
    )
    assert chats.view.currentIndex().row() == 3
    chats.set_current(2)
    assert "New chat" not in titles(chats)


def test_the_list_is_narrow_in_a_narrow_window(chats: ConversationList) -> None:
    wide = chats.width()
    chats.set_narrow(True)
    assert (wide, chats.width()) == (256, 220)


def test_it_follows_the_theme(chats: ConversationList, theme: Theme) -> None:
    light = chats.grab().toImage()
    theme.choose("dark")
    assert chats.grab().toImage() != light


# --- opening


def test_a_click_opens(chats: ConversationList, qtbot: QtBot) -> None:
    with qtbot.waitSignal(chats.chosen) as chosen:
        click(chats, 4)
    assert chosen.args == [4]
    assert selected(chats) == (4,)
    assert chats.view.hasFocus()


def test_what_is_open_is_not_opened_again_and_a_head_not_at_all(
    chats: ConversationList, qtbot: QtBot
) -> None:
    with qtbot.assertNotEmitted(chats.chosen):
        click(chats, 2)
        head = chats.view.visualRect(chats.model.index(0)).center()
        QTest.mouseClick(chats.view.viewport(), Qt.MouseButton.LeftButton, PLAIN, head)


def test_arrows_step_over_heads_and_open_when_they_rest(chats: ConversationList, qtbot: QtBot) -> None:
    opened: list[int] = []
    chats.chosen.connect(opened.append)
    chats.focus_list()
    press(chats, Qt.Key.Key_Down)
    press(chats, Qt.Key.Key_Down)
    press(chats, Qt.Key.Key_Down)
    assert selected(chats) == (5,)
    qtbot.waitUntil(lambda: opened == [5])
    chats.set_current(5)
    press(chats, Qt.Key.Key_Home)
    assert selected(chats) == (1,)
    press(chats, Qt.Key.Key_Up)
    assert selected(chats) == (1,)
    press(chats, Qt.Key.Key_End)
    assert selected(chats) == (5,)
    press(chats, Qt.Key.Key_PageUp)
    assert selected(chats) == (1,)


def test_enter_opens_at_once_and_goes_to_the_input(chats: ConversationList) -> None:
    said: list[object] = []
    chats.chosen.connect(said.append)
    chats.input_wanted.connect(lambda: said.append("input"))
    chats.focus_list()
    press(chats, Qt.Key.Key_Down)
    press(chats, Qt.Key.Key_Return)
    assert said == [3, "input"]


def test_letters_are_said_and_go_to_no_conversation(chats: ConversationList) -> None:
    said: list[str] = []
    chats.typed.connect(said.append)
    chats.focus_list()
    QTest.keyClicks(chats.view, "sql S")
    assert said == ["s", "q", "l", "S"]
    assert selected(chats) == (2,)


def test_a_chat_without_an_answer_names_the_model_chosen_for_it(chats: ConversationList) -> None:
    def words(conversation: int) -> object:
        return chats.model.data(index_of(chats, conversation), Qt.ItemDataRole.AccessibleTextRole)

    unanswered = [dataclasses.replace(SUMMARIES[4], id=number, model=f"m{number}") for number in (6, 7)]
    chats.set_summaries((*SUMMARIES, *unanswered))
    chats.set_model_titles({"m6": "Qwen3 4B"})
    assert words(6) == f"{LONG_NAME}, Qwen3 4B, Mon"
    assert words(7) == f"{LONG_NAME}, m7, Mon"
    before = chats.grab().toImage()
    chats.set_model_titles({"m6": "Phi-4-mini"})
    assert chats.grab().toImage() != before


def test_the_new_button_asks_for_a_new_chat(chats: ConversationList, qtbot: QtBot) -> None:
    with qtbot.waitSignal(chats.new_wanted):
        chats.new_button.click()


# --- selecting and deleting


def test_several_are_selected_without_being_opened(chats: ConversationList, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(chats.chosen, wait=200):
        click(chats, 4, CONTROL)
        assert selected(chats) == (2, 4)
        click(chats, 1, CONTROL)
        assert selected(chats) == (1, 2, 4)
        click(chats, 5, SHIFT)
    with qtbot.waitSignal(chats.delete_wanted) as wanted:
        press(chats, Qt.Key.Key_Delete)
    assert wanted.args == [selected(chats)]
    assert 5 in selected(chats)


def test_shift_and_arrows_select_and_esc_goes_back_to_what_is_open(
    chats: ConversationList, qtbot: QtBot
) -> None:
    chats.focus_list()
    with qtbot.assertNotEmitted(chats.chosen, wait=200):
        press(chats, Qt.Key.Key_Down, SHIFT)
        press(chats, Qt.Key.Key_Down, SHIFT)
        assert selected(chats) == (2, 3, 4)
        press(chats, Qt.Key.Key_Escape)
    assert selected(chats) == (2,)


def test_control_a_selects_all_and_a_new_chat_cannot_be_deleted(
    chats: ConversationList, qtbot: QtBot
) -> None:
    chats.set_current(None)
    chats.focus_list()
    with qtbot.assertNotEmitted(chats.delete_wanted):
        press(chats, Qt.Key.Key_Delete)
    press(chats, Qt.Key.Key_A, CONTROL)
    with qtbot.waitSignal(chats.delete_wanted) as wanted:
        press(chats, Qt.Key.Key_Delete)
    assert wanted.args == [(1, 2, 3, 4, 5)]


def test_the_selection_stays_when_rows_change(chats: ConversationList) -> None:
    click(chats, 4, CONTROL)
    resets: list[None] = []
    chats.model.modelReset.connect(lambda: resets.append(None))
    answered = dataclasses.replace(SUMMARIES[4], updated_at=moment("2025-09-30 15:03"))
    chats.set_summaries((*SUMMARIES[:4], answered))
    assert titles(chats)[3] == LONG_NAME
    assert selected(chats) == (2, 4)
    assert chats.view.currentIndex() == index_of(chats, 4)
    chats.set_summaries(SUMMARIES[1:3])
    assert selected(chats) == (2,)
    assert resets == []


def test_the_selection_stays_when_a_search_changes_most_rows(chats: ConversationList, clock: Clock) -> None:
    many = [dataclasses.replace(SUMMARIES[1], id=one, updated_at=clock.now - one) for one in range(1, 400)]
    chats.set_summaries(many)
    chats.set_current(200)
    resets: list[None] = []
    chats.model.modelReset.connect(lambda: resets.append(None))
    chats.search.set_value("photos")
    chats.set_matches(range(2, 400, 2))
    assert resets == [None]
    assert selected(chats) == (200,)
    chats.set_matches(range(1, 400, 2))
    assert selected(chats) == ()
    chats.clear_search()
    assert selected(chats) == (200,)


# --- renaming


def test_f2_renames_and_enter_takes_the_name(chats: ConversationList, qtbot: QtBot) -> None:
    chats.focus_list()
    press(chats, Qt.Key.Key_F2)
    editor = editor_of(chats)
    assert editor.hasFocus()
    assert editor.selectedText() == "Rename photos"
    QTest.keyClicks(editor, "  Photos  by date ")
    with qtbot.waitSignal(chats.renamed) as renamed, qtbot.assertNotEmitted(chats.chosen):
        QTest.keyClick(editor, Qt.Key.Key_Return)
    assert renamed.args == [2, "Photos by date"]
    assert "Photos by date" in titles(chats)
    assert chats.view.hasFocus()


@pytest.mark.parametrize(
    ("typed", "key"), [("Other", Qt.Key.Key_Escape), ("   ", Qt.Key.Key_Return), ("Lease", Qt.Key.Key_Return)]
)
def test_esc_an_empty_name_and_the_old_one_change_nothing(
    chats: ConversationList, qtbot: QtBot, typed: str, key: Qt.Key
) -> None:
    chats.begin_rename(3)
    editor = editor_of(chats)
    with qtbot.assertNotEmitted(chats.renamed):
        QTest.keyClicks(editor, typed)
        QTest.keyClick(editor, key)
    assert "Lease" in titles(chats)


def test_esc_is_not_the_windows_while_the_list_needs_it(chats: ConversationList, qtbot: QtBot) -> None:
    shortcut = QShortcut(QKeySequence(Qt.Key.Key_Escape), chats)
    with qtbot.assertNotEmitted(shortcut.activated):
        chats.begin_rename(3)
        QTest.keyClick(editor_of(chats), Qt.Key.Key_Escape)
        chats.focus_search()
        QTest.keyClicks(chats.search.edit, "a")
        QTest.keyClick(chats.search.edit, Qt.Key.Key_Escape)
        assert chats.search.value == ""
        chats.focus_list()
        press(chats, Qt.Key.Key_A, CONTROL)
        press(chats, Qt.Key.Key_Escape)
        assert selected(chats) == (2,)
    with qtbot.waitSignal(shortcut.activated):
        press(chats, Qt.Key.Key_Escape)


def test_a_name_being_written_is_not_disturbed_by_what_the_arrows_chose(
    chats: ConversationList, qtbot: QtBot
) -> None:
    chats.focus_list()
    with qtbot.assertNotEmitted(chats.chosen, wait=250):
        press(chats, Qt.Key.Key_Down)
        press(chats, Qt.Key.Key_F2)
    assert editor_of(chats).hasFocus()


def test_an_editor_goes_along_when_its_row_moves(chats: ConversationList, qtbot: QtBot) -> None:
    chats.begin_rename(4)
    editor = editor_of(chats)
    QTest.keyClicks(editor, "Orders")
    answered = dataclasses.replace(SUMMARIES[3], updated_at=moment("2025-09-30 15:03"))
    chats.set_summaries((*SUMMARIES[:3], answered, SUMMARIES[4]))
    assert editor_of(chats) is editor
    assert editor.text() == "Orders"
    assert chats.view.visualRect(index_of(chats, 4)).contains(editor.geometry().center())
    with qtbot.waitSignal(chats.renamed) as renamed:
        QTest.keyClick(editor, Qt.Key.Key_Return)
    assert renamed.args == [4, "Orders"]


def test_a_new_chat_and_a_head_have_no_name_to_change(chats: ConversationList) -> None:
    chats.set_current(None)
    chats.focus_list()
    press(chats, Qt.Key.Key_F2)
    chats.view.rename(chats.model.index(0))
    assert not chats.view.viewport().findChildren(QLineEdit)


def test_it_can_go_while_a_name_is_written(qtbot: QtBot, theme: Theme, clock: Clock) -> None:
    chats = ConversationList(theme, now=clock)
    chats.set_summaries(SUMMARIES)
    chats.show()
    chats.begin_rename(3)
    QTest.keyClicks(editor_of(chats), "Other")
    with qtbot.waitSignal(chats.destroyed):
        chats.deleteLater()


# --- the menu


def open_menu_by_pointer(chats: ConversationList, conversation: int) -> None:
    place = center_of(chats, conversation)
    viewport = chats.view.viewport()
    QTest.mousePress(viewport, Qt.MouseButton.RightButton, PLAIN, place)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, viewport.mapToGlobal(place))
    QApplication.sendEvent(viewport, event)


def the_menu(chats: ConversationList) -> Menu:
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, Menu)
    return menu


def words_of(menu: Menu) -> list[str]:
    return [action.text() for action in menu.actions() if not action.isSeparator()]


def test_the_menu_is_about_the_row_under_the_pointer(chats: ConversationList, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(chats.chosen):
        open_menu_by_pointer(chats, 4)
    menu = the_menu(chats)
    assert words_of(menu) == ["Rename", "Pin", "Delete"]
    assert selected(chats) == (2,)
    assert chats.view.hovered == index_of(chats, 4)
    with qtbot.waitSignal(chats.pin_wanted) as wanted:
        menu.actions()[1].trigger()
    assert wanted.args == [4, True]
    menu.close()
    assert not chats.view.hovered.isValid()


def test_what_is_pinned_can_be_unpinned(chats: ConversationList, qtbot: QtBot) -> None:
    menu = chats.open_menu(index_of(chats, 1), QPoint(0, 0))
    assert menu is not None
    assert words_of(menu) == ["Rename", "Unpin", "Delete"]
    with qtbot.waitSignal(chats.pin_wanted) as wanted:
        menu.actions()[1].trigger()
    assert wanted.args == [1, False]
    menu.close()


@pytest.mark.parametrize(
    ("key", "keys"), [(Qt.Key.Key_Menu, PLAIN), (Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)]
)
def test_the_menu_opens_by_key_and_says_how_many(
    chats: ConversationList, qtbot: QtBot, key: Qt.Key, keys: Qt.KeyboardModifier
) -> None:
    chats.focus_list()
    press(chats, Qt.Key.Key_Down, SHIFT)
    press(chats, key, keys)
    menu = the_menu(chats)
    assert words_of(menu) == ["Delete 2 chats"]
    with qtbot.waitSignal(chats.delete_wanted) as wanted:
        menu.actions()[0].trigger()
    assert wanted.args == [(2, 3)]
    menu.close()


def test_rename_in_the_menu_opens_the_editor(chats: ConversationList) -> None:
    open_menu_by_pointer(chats, 3)
    menu = the_menu(chats)
    menu.close()
    menu.actions()[0].trigger()
    assert editor_of(chats).text() == "Lease"
    assert selected(chats) == (2,)


def test_a_new_chat_and_a_head_have_no_menu(chats: ConversationList) -> None:
    chats.set_current(None)
    chats.focus_list()
    press(chats, Qt.Key.Key_Menu)
    assert QApplication.activePopupWidget() is None
    assert chats.open_menu(chats.model.index(0), QPoint(0, 0)) is None


# --- searching


def test_a_search_is_said_when_the_typing_rests(chats: ConversationList, qtbot: QtBot) -> None:
    said: list[str] = []
    chats.search_changed.connect(said.append)
    chats.focus_search()
    QTest.keyClicks(chats.search.edit, "lease")
    assert said == []
    qtbot.waitUntil(lambda: said == ["lease"])
    chats.set_matches({3})
    assert titles(chats) == ["Today", "Lease"]
    assert chats.current == 2


def test_what_is_not_found_is_named_with_a_way_back(chats: ConversationList, qtbot: QtBot) -> None:
    QTest.keyClicks(chats.search.edit, "zebra")
    chats.set_matches(())
    assert chats.nothing.isVisible()
    assert chats.nothing.what.text() == "No chat matches “zebra”."
    assert chats.nothing.button is not None
    with qtbot.waitSignal(chats.search_changed) as said:
        chats.nothing.button.click()
    assert said.args == [""]
    assert chats.view.isVisible()
    assert len(titles(chats)) == 8
    assert chats.search.edit.hasFocus()


def test_esc_empties_the_search_and_late_results_do_not_come_back(chats: ConversationList) -> None:
    chats.focus_search()
    QTest.keyClicks(chats.search.edit, "lease")
    chats.set_matches({3})
    QTest.keyClick(chats.search.edit, Qt.Key.Key_Escape)
    assert len(titles(chats)) == 8
    chats.set_matches({3})
    assert len(titles(chats)) == 8


def test_from_the_search_field_the_keyboard_goes_to_what_was_found(
    chats: ConversationList, qtbot: QtBot
) -> None:
    chats.focus_search()
    QTest.keyClicks(chats.search.edit, "a")
    chats.set_matches({3, 4})
    QTest.keyClick(chats.search.edit, Qt.Key.Key_Down)
    assert chats.view.hasFocus()
    assert selected(chats) == (3,)
    chats.focus_search()
    with qtbot.waitSignal(chats.chosen) as chosen:
        QTest.keyClick(chats.search.edit, Qt.Key.Key_Return)
    assert chosen.args == [3]


# --- ten thousand


def test_ten_thousand_conversations_cost_what_ten_do(
    chats: ConversationList, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [
        ConversationSummary(
            id=one, title=f"Chat {one}", model_title="Qwen3 4B", updated_at=clock.now - one * 3000
        )
        for one in range(1, 10_001)
    ]
    chats.set_summaries(many)
    painted: list[int] = []
    measured: list[int] = []
    paint, size = ConversationDelegate.paint, ConversationDelegate.sizeHint

    def count_paint(
        self: ConversationDelegate, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        painted.append(index.row())
        paint(self, painter, option, index)

    def count_size(self: ConversationDelegate, option: QStyleOptionViewItem, index: QModelIndex) -> object:
        measured.append(index.row())
        return size(self, option, index)

    monkeypatch.setattr(ConversationDelegate, "paint", count_paint)
    monkeypatch.setattr(ConversationDelegate, "sizeHint", count_size)
    chats.focus_list()
    press(chats, Qt.Key.Key_End)
    chats.view.viewport().repaint()
    assert 10 < len(set(painted)) < 40
    assert selected(chats) == (10_000,)
    assert chats.view.visualRect(index_of(chats, 10_000)).bottom() < chats.view.viewport().height()
    moved = dataclasses.replace(many[5000], updated_at=clock.now)
    signals: list[str] = []
    chats.model.modelReset.connect(lambda: signals.append("reset"))
    chats.model.rowsMoved.connect(lambda: signals.append("moved"))
    chats.model.dataChanged.connect(lambda: signals.append("changed"))
    chats.set_summaries([*many[:5000], moved, *many[5001:]])
    assert signals == ["moved", "changed"]
    assert len(measured) < 10


def test_every_row_is_where_it_is_drawn(chats: ConversationList) -> None:
    view = chats.view
    for row in range(chats.model.rowCount()):
        box = view.visualRect(chats.model.index(row))
        for place in (box.topLeft(), box.bottomRight()):
            assert view.indexAt(place).row() == row
        if row:
            assert box.top() == view.visualRect(chats.model.index(row - 1)).bottom() + 1
    assert not view.indexAt(QPoint(20, view.viewport().height() - 1)).isValid()
    selection = view.selectionModel()
    selection.select(index_of(chats, 4), QItemSelectionModel.SelectionFlag.ClearAndSelect)
    region = view.visualRegionForSelection(selection.selection())
    assert region.boundingRect() == view.visualRect(index_of(chats, 4))
