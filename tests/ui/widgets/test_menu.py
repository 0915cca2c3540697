"""Menus, context menus of texts, and lists of choices."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QContextMenuEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from slmdesk.ui.theme import Theme, ThemeChoice
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.menu import Menu
from slmdesk.ui.widgets.popup import Choice, ChoicePopup
from slmdesk.ui.widgets.popup_rows import Head, NoMatch, arrange
from slmdesk.ui.widgets.text_field import TextField
from tests.ui.widgets.conftest import Show

CHOICES = (
    Choice("qwen", "Qwen3 4B", "Q4_K_M", group="On this computer"),
    Choice("phi", "Phi-4-mini", "Q4_K_M", group="On this computer", current=True),
    Choice("office", "office-server", "Qwen3 14B", group="Somewhere else"),
    Choice("broken", "Llama", note="The file is cut off.", usable=False),
)


def test_a_menu_runs_what_is_chosen_by_keyboard_and_goes(qtbot: QtBot, show: Show, theme: Theme) -> None:
    button = Button(theme, icon="ellipsis", name="More")
    show(button)
    ran: list[str] = []
    menu = Menu(theme, button)
    menu.add_head("This chat")
    menu.add("Rename", lambda: ran.append("rename"), icon="pencil", shortcut="F2")
    menu.add_divider()
    menu.add("Delete", lambda: ran.append("delete"), destructive=True)
    menu.open_below(button)
    assert menu.isVisible()
    # The head and the divider are passed over.
    QTest.keyClick(menu, Qt.Key.Key_Down)
    QTest.keyClick(menu, Qt.Key.Key_Down)
    QTest.keyClick(menu, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not isValid(menu))
    assert ran == ["delete"]


def test_a_row_that_cannot_be_chosen_says_why(qtbot: QtBot, show: Show, theme: Theme) -> None:
    window = show(Button(theme, "More"))
    ran: list[str] = []
    menu = Menu(theme, window)
    action = menu.add("Copy", lambda: ran.append("copy"), enabled=False, reason="Nothing yet.")
    menu.open_at(window.mapToGlobal(QPoint(10, 10)))
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
    assert ran == []
    assert action.toolTip() == "Nothing yet."
    menu.close()


def test_a_menu_is_heard(qtbot: QtBot, show: Show, theme: Theme) -> None:
    window = show(Button(theme, "More"))
    menu = Menu(theme, window)
    menu.add("Drag & drop", lambda: None, shortcut="Ctrl+D", checked=True)
    interface = QAccessible.queryAccessibleInterface(menu)
    assert interface is not None
    assert interface.role() == QAccessible.Role.PopupMenu
    row = interface.child(0)
    assert row is not None
    text = QAccessible.Text
    assert row.text(text.Name) == "Drag & drop"
    assert row.text(text.Accelerator) == QKeySequence("Ctrl+D").toString(
        QKeySequence.SequenceFormat.NativeText
    )
    assert row.state().checked
    menu.deleteLater()


def test_a_list_goes_with_its_opener_and_leaves_the_keyboard_where_it_is(
    qtbot: QtBot, show: Show, theme: Theme
) -> None:
    opener, field = Button(theme, "Open"), TextField(theme, "Name")
    show(opener, field)
    popup = ChoicePopup(theme, CHOICES, "Models", opener, 200)
    field.edit.setFocus()
    with qtbot.waitSignal(popup.closed):
        opener.hide()
    assert field.edit.hasFocus()
    opener.show()
    assert not opener.hasFocus()
    assert field.edit.hasFocus()


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_a_divider_can_be_seen(qtbot: QtBot, show: Show, theme: Theme, choice: ThemeChoice) -> None:
    theme.choose(choice)
    menu = Menu(theme, show(Button(theme, "More")))
    menu.add("Rename", lambda: None)
    menu.add_divider()
    menu.add("Delete", lambda: None)
    menu.open_at(QPoint(10, 10))
    image = menu.grab().toImage()
    row = menu.actionGeometry(menu.actions()[1])
    column = [image.pixelColor(row.center().x(), y).name() for y in range(row.top(), row.bottom() + 1)]
    assert column.count(theme.color("border_control").name()) == 1
    assert column.index(theme.color("border_control").name()) == len(column) // 2
    menu.close()


def test_shown_shortcuts_do_not_run_anything(qtbot: QtBot, show: Show, theme: Theme) -> None:
    window = show(Button(theme, "More"))
    ran: list[str] = []
    menu = Menu(theme, window)
    menu.add("Rename", lambda: ran.append("rename"), shortcut="F2")
    QTest.keyClick(window, Qt.Key.Key_F2)
    assert ran == []
    menu.deleteLater()


def test_rows_of_a_menu_do_not_overlap_and_hold_their_texts(qtbot: QtBot, show: Show, theme: Theme) -> None:
    window = show(Button(theme, "More"))
    menu = Menu(theme, window)
    menu.add_head("This chat")
    menu.add("Copy conversation as Markdown", lambda: None, icon="copy", shortcut="Ctrl+Shift+C")
    menu.add_divider()
    menu.add("Delete", lambda: None, icon="trash-2", shortcut="Del", destructive=True)
    places = [menu.actionGeometry(action) for action in menu.actions()]
    for above, below in itertools.pairwise(places):
        assert above.bottom() < below.top()
    words = menu.fontMetrics().horizontalAdvance("Copy conversation as Markdown" + "Ctrl+Shift+C")
    assert places[1].width() > words
    assert menu.sizeHint().width() > words
    assert places[0].height() == theme.sizes.group_head
    assert places[1].height() == theme.sizes.menu_row
    menu.deleteLater()


def test_the_menu_of_a_text_is_ours_and_works(qtbot: QtBot, show: Show, theme: Theme) -> None:
    field = TextField(theme, "Name")
    show(field)
    field.set_value("lease")
    field.setFocus()
    middle = field.edit.rect().center()
    asked = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, middle, field.edit.mapToGlobal(middle))
    QApplication.sendEvent(field.edit, asked)
    menu = field.edit.findChild(Menu)
    assert menu is not None
    assert menu.isVisible()
    select_all = menu.actions()[-1]
    select_all.trigger()
    assert field.edit.selectedText() == "lease"
    menu.close()
    qtbot.waitUntil(lambda: not isValid(menu))


def test_choices_stand_under_the_heads_of_their_groups() -> None:
    rows = arrange(CHOICES)
    assert rows == (
        Head("On this computer", line=False),
        CHOICES[0],
        CHOICES[1],
        Head("Somewhere else", line=True),
        CHOICES[2],
        Head("", line=True),
        CHOICES[3],
    )


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("QWEN", ["qwen", "office"]), ("14b qwen", ["office"]), ("", ["qwen", "phi", "office", "broken"])],
)
def test_choices_are_found_by_any_of_their_words(wanted: str, found: list[str]) -> None:
    assert [row.value for row in arrange(CHOICES, wanted) if isinstance(row, Choice)] == found


def test_nothing_found_is_said() -> None:
    assert arrange(CHOICES, "mistral") == (NoMatch(),)


def open_popup(theme: Theme, opener: QWidget, find: str = "") -> ChoicePopup:
    return ChoicePopup(theme, CHOICES, "Models", opener, theme.sizes.menu, find=find)


def test_a_list_is_searched_and_chosen_from_without_leaving_the_field(
    qtbot: QtBot, show: Show, theme: Theme
) -> None:
    button = Button(theme, "Model")
    show(button)
    popup = open_popup(theme, button, "Find a model")
    assert popup.find_field is not None
    edit = popup.find_field.edit
    assert edit.hasFocus()
    QTest.keyClicks(edit, "qwen")
    assert len(popup.box.model.rows) == 4
    with qtbot.waitSignal(popup.chosen) as chosen:
        QTest.keyClick(edit, Qt.Key.Key_Down)
        QTest.keyClick(edit, Qt.Key.Key_Return)
    assert chosen.args == ["office"]
    assert button.hasFocus()


def test_heads_and_broken_rows_cannot_be_chosen(qtbot: QtBot, show: Show, theme: Theme) -> None:
    button = Button(theme, "Model")
    show(button)
    popup = open_popup(theme, button)
    said: list[str] = []
    popup.chosen.connect(said.append)
    for row in (0, 3, 5, 6):
        where = popup.list.visualRect(popup.list.model().index(row, 0)).center()
        QTest.mouseClick(popup.list.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert said == []
    popup.close_menu()


def test_a_list_starts_at_what_is_current_and_needs_no_scroll_bar(
    qtbot: QtBot, show: Show, theme: Theme
) -> None:
    button = Button(theme, "Model")
    show(button).resize(600, 900)
    popup = open_popup(theme, button)
    assert popup.list.currentIndex().data() == "Phi-4-mini"
    assert not popup.list.verticalScrollBar().isVisible()
    assert popup.rect().contains(popup.box.geometry().adjusted(14, 14, -14, -14))
    popup.close_menu()


def test_a_list_that_is_scrolled_to_its_end_ends_with_its_last_row(
    qtbot: QtBot, show: Show, theme: Theme
) -> None:
    button = Button(theme, "Model")
    show(button).resize(600, 300)
    many = [Choice(str(number), f"Model {number}", about="From a file") for number in range(40)]
    popup = ChoicePopup(theme, many, "Models", button, theme.sizes.menu)
    # No whole number of rows has room in it.
    popup.box.resize(popup.box.width(), popup.box.height() - 17)
    QApplication.processEvents()
    popup.list.scrollToBottom()
    last = popup.list.visualRect(popup.list.model().index(39, 0))
    assert abs(last.bottom() - popup.list.viewport().rect().bottom()) <= 1
    popup.close_menu()


def test_a_space_between_typed_letters_belongs_to_the_name(
    qtbot: QtBot, show: Show, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = QApplication.keyboardInputInterval()
    button = Button(theme, "Model")
    show(button)
    choices = [Choice("good", "B angel"), Choice("evil", "B evil"), Choice("other", "Other")]
    popup = ChoicePopup(theme, choices, "Models", button, theme.sizes.menu)
    said: list[str] = []
    popup.chosen.connect(said.append)
    try:
        QApplication.setKeyboardInputInterval(60_000)
        QTest.keyClicks(popup.list, "b ")
        assert said == []
        QTest.keyClicks(popup.list, "evil")
        assert popup.list.currentIndex().data() == "B evil"
        # Typed long ago.
        QApplication.setKeyboardInputInterval(0)
        QTest.qWait(20)
        QTest.keyClick(popup.list, Qt.Key.Key_Space)
    finally:
        QApplication.setKeyboardInputInterval(before)
    assert said == ["evil"]


def test_a_list_closes_when_its_window_changes(qtbot: QtBot, show: Show, theme: Theme) -> None:
    button = Button(theme, "Model")
    window = show(button)
    popup = open_popup(theme, button)
    with qtbot.waitSignal(popup.closed):
        window.resize(500, 400)
