"""What can be done with a message: copy it, try again, edit it, choose a version; all with the keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QTextEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.ui.theme import Theme
from slmdesk.ui.transcript import Transcript
from slmdesk.ui.transcript.strip_views.editor_view import EditorView
from slmdesk.ui.transcript.strips import StripKind
from slmdesk.ui.widgets.menu import Menu
from tests.ui.transcript.scene import answer, foot, marked, person_foot, point_of, said, show, strips, view_of


def _focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def _name_of_focus() -> str:
    widget = _focused()
    return widget.accessibleName()


def _editor(transcript: Transcript, index: int) -> EditorView:
    [strip] = strips(transcript.messages[index], StripKind.EDITOR)
    return view_of(strip, EditorView)


def test_actions_show_on_hover_and_focus_and_keep_their_place(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("Hello"))
    row = foot(transcript)
    height = row.height()
    for near, faint in ((None, True), (transcript.messages[1], False), (None, True)):
        transcript._stage.set_near(near)
        assert row.copy.faint is faint
    row.copy.setFocus(Qt.FocusReason.TabFocusReason)
    assert row.copy.faint is False
    assert row.height() == height
    row.copy.click()
    assert QApplication.clipboard().text() == "Hello"


def test_only_the_last_answer_can_be_tried_again(transcript: Transcript, qtbot: QtBot) -> None:
    show(transcript, said("Hi"), answer("Hello"), said("Hi", 3), answer("Hello", 4))
    assert not foot(transcript, 1).again.isVisible()
    assert foot(transcript, 3).again.isVisible()
    with qtbot.waitSignal(transcript.again_wanted):
        foot(transcript, 3).again.click()


def test_an_unanswered_message_can_be_tried_again(transcript: Transcript, qtbot: QtBot) -> None:
    show(transcript, said("Hi"))
    row = foot(transcript)
    assert row.mark_of_end.words == "Not answered"
    assert not row.copy.isEnabled()
    with qtbot.waitSignal(transcript.again_wanted):
        row.again.click()


def test_the_place_of_the_unanswered_is_taken_by_the_answer(transcript: Transcript) -> None:
    show(transcript, said("Hi"))
    transcript.begin_answer("SmolLM2 135M", 0)
    assert [one.answered for one in transcript.messages] == [True, True]


def test_versions_are_chosen_with_the_arrows(transcript: Transcript, qtbot: QtBot) -> None:
    show(transcript, said("Hi", version=1, versions=2), answer("Hello", version=2, versions=3))
    row = foot(transcript)
    assert row.version.text() == "2/3"
    with qtbot.waitSignal(transcript.version_wanted) as heard:
        row.previous.click()
    assert heard.args == [1, 1]
    with qtbot.waitSignal(transcript.version_wanted) as heard:
        row.next.click()
    assert heard.args == [1, 3]
    other = person_foot(transcript)
    assert not other.previous.isEnabled()
    assert other.next.isEnabled()


def test_a_single_version_is_not_counted(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("Hello"))
    assert not foot(transcript).version.isVisible()
    assert not foot(transcript).next.isVisible()


def test_a_message_of_the_person_is_edited_in_its_place(transcript: Transcript, qtbot: QtBot) -> None:
    show(transcript, said("Hi"), answer("Hello"))
    with qtbot.waitSignal(transcript.edit_wanted) as heard:
        person_foot(transcript).edit.click()
    assert heard.args == [0]
    transcript.begin_edit(0)
    editor = _editor(transcript, 0)
    assert editor.field.hasFocus()
    assert editor.save.text() == "Save and send"
    QTest.keyClicks(editor.field, " there")
    with qtbot.waitSignal(transcript.edited) as heard:
        QTest.keyClick(editor.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert heard.args == [0, "Hi there"]
    assert point_of(transcript, "Hi there")


def test_editing_is_left_with_escape(transcript: Transcript, qtbot: QtBot) -> None:
    show(transcript, said("Hi"), answer("Hello **you**"))
    transcript.begin_edit(1)
    editor = _editor(transcript, 1)
    assert editor.save.text() == "Save"
    assert editor.field.toPlainText() == "Hello **you**"
    editor.field.setPlainText("")
    assert not editor.save.isEnabled()
    with qtbot.assertNotEmitted(transcript.edited):
        QTest.keyClick(editor.field, Qt.Key.Key_Escape)
    assert point_of(transcript, "Hello you")
    assert transcript.hasFocus()


def test_the_editor_grows_up_to_a_share_of_the_view_and_outlives_scrolling(transcript: Transcript) -> None:
    show(transcript, said("Hi"), *(answer("Text. " * 100, number) for number in range(2, 20)))
    transcript.begin_edit(0)
    editor = _editor(transcript, 0)
    low = editor.height()
    editor.field.setPlainText("line\n" * 5)
    assert editor.height() > low
    editor.field.setPlainText("line\n" * 500)
    assert editor.height() < transcript.viewport().height()
    transcript._scrolling.go_to_end()
    transcript.verticalScrollBar().setValue(0)
    assert _editor(transcript, 0) is editor
    assert editor.field.toPlainText() == "line\n" * 500


def test_tab_goes_through_the_actions_in_order_and_scrolls_along(theme: Theme, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    before, transcript, after = QPushButton("before"), Transcript(theme), QPushButton("after")
    for widget in (before, transcript, after):
        column.addWidget(widget)
    window.resize(900, 400)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    filler = "Text.\n\n" * 30
    show(
        transcript,
        said("Hi"),
        answer(f"```python\nx = 1\n```\n\n{filler}"),
        said("More", 3),
        answer("Hello", 4),
    )
    transcript.verticalScrollBar().setValue(0)
    before.setFocus()
    QTest.keyClick(before, Qt.Key.Key_Tab)
    assert _focused() is transcript
    names = []
    for _ in range(12):
        QTest.keyClick(_focused(), Qt.Key.Key_Tab)
        names.append(_name_of_focus())
        if _focused() is after:
            break
        focused = QApplication.focusWidget()
        assert focused is not None
        assert (
            transcript.viewport()
            .rect()
            .intersects(
                focused.rect().translated(focused.mapTo(transcript.viewport(), focused.rect().topLeft()))
            )
        )
    assert names == [
        "Copy message",
        "Edit message",
        "Copy code",
        "Copy answer",
        "Edit answer",
        "Copy message",
        "Edit message",
        "Copy answer",
        "Try again",
        "Edit answer",
        "",
    ]
    QTest.keyClick(after, Qt.Key.Key_Backtab)
    assert _name_of_focus() == "Edit answer"
    for _ in range(10):
        QTest.keyClick(_focused(), Qt.Key.Key_Backtab)
    assert _focused() is transcript
    QTest.keyClick(transcript, Qt.Key.Key_Backtab)
    assert _focused() is before


def test_keys_scroll(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("Text.\n\n" * 100))
    transcript.setFocus()
    bar = transcript.verticalScrollBar()
    QTest.keyClick(transcript, Qt.Key.Key_Home)
    assert bar.value() == 0
    QTest.keyClick(transcript, Qt.Key.Key_Down)
    assert bar.value() > 0
    QTest.keyClick(transcript, Qt.Key.Key_Up)
    assert bar.value() == 0
    QTest.keyClick(transcript, Qt.Key.Key_PageDown)
    assert bar.value() == bar.pageStep()
    QTest.keyClick(transcript, Qt.Key.Key_PageUp)
    assert bar.value() == 0
    QTest.keyClick(transcript, Qt.Key.Key_End)
    assert bar.value() == bar.maximum()
    assert transcript.at_end


def test_the_keyboard_is_not_lost_when_what_has_it_is_scrolled_away(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("Text.\n\n" * 100), said("More", 3), answer("Text.\n\n" * 100, 4))
    foot(transcript).copy.setFocus(Qt.FocusReason.TabFocusReason)
    transcript.verticalScrollBar().setValue(0)
    assert transcript.hasFocus()


def test_a_screen_reader_can_read_a_message(transcript: Transcript) -> None:
    show(
        transcript,
        said("Some words"),
        answer("An **answer**.\n\n```python\nx = 1\n```\n\n| a | b |\n|---|---|\n| c | d |"),
    )
    texts = {}
    for editor in transcript.findChildren(QTextEdit):
        if editor.isVisible():
            interface = QAccessible.queryAccessibleInterface(editor)
            assert interface is not None
            reader = interface.textInterface()
            assert reader is not None
            texts[reader.text(0, reader.characterCount())] = interface.text(QAccessible.Text.Name)
    assert texts["Some words"] == "Your message"
    assert texts["An answer."] == "Answer"
    assert texts["x = 1"] == "Code, Python"
    assert "Table" in texts.values()
    conversation = QAccessible.queryAccessibleInterface(transcript)
    assert conversation is not None
    assert conversation.text(QAccessible.Text.Name) == "Conversation"


@pytest.mark.parametrize("shown", [True, False])
def test_figures_can_be_hidden(transcript: Transcript, shown: bool) -> None:
    show(transcript, said("Hi"), answer("Hello"))
    transcript.set_show_figures(shown)
    assert foot(transcript).figures.isVisible() == shown


def test_figures_that_have_no_room_are_left_out(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("Hello"))
    assert foot(transcript).figures.text() == "312 tokens · 123.4 tok/s · first word after 0.5 s · 3 s in all"
    transcript.resize(360, 500)
    assert foot(transcript).figures.text() in ("123.4 tok/s · first word after 0.5 s", "123.4 tok/s")


def test_records_are_taken_over_without_moving_anything(transcript: Transcript, qtbot: QtBot) -> None:
    from slmdesk.chat import Conversation
    from slmdesk.engines import End

    transcript.add_person_message("Hi")
    transcript.begin_answer("SmolLM2 135M", 0)
    transcript.append("Hello")
    transcript.end_answer(End(reason="stop"))
    records = [said("Hi", 11), answer("Hello", 12, version=2, versions=2)]
    transcript.refresh_records(Conversation(5, "Hi", "", records))
    qtbot.waitUntil(lambda: foot(transcript).version.text() == "2/2")
    messages = list(transcript.messages)
    transcript.show_conversation(Conversation(5, "Hi", "", records))
    assert transcript.messages == messages


def _open_menu(transcript: Transcript, reason: QContextMenuEvent.Reason, point: QPoint) -> Menu:
    surface = transcript.viewport()
    QApplication.sendEvent(surface, QContextMenuEvent(reason, point, surface.mapToGlobal(point)))
    [menu] = [one for one in transcript.findChildren(Menu) if one.isVisible()]
    return menu


@pytest.mark.parametrize("reason", [QContextMenuEvent.Reason.Mouse, QContextMenuEvent.Reason.Keyboard])
def test_the_menu_of_a_link_copies_it(
    transcript: Transcript, qtbot: QtBot, reason: QContextMenuEvent.Reason
) -> None:
    show(transcript, said("Hi"), answer("See [this](https://example.org/a)"))
    point = point_of(transcript, "this") + QPoint(2, 0)
    if reason is QContextMenuEvent.Reason.Keyboard:
        # The key of the menu is pressed while the link has the keyboard, wherever the pointer is.
        for _ in range(10):
            if transcript._page.link is not None:
                break
            QTest.keyClick(_focused(), Qt.Key.Key_Tab)
        point = QPoint(2, 2)
    menu = _open_menu(transcript, reason, point)
    assert [one.text() for one in menu.actions()][:2] == ["Open link", "Copy link"]
    menu.actions()[1].trigger()
    menu.close()
    assert QApplication.clipboard().text() == "https://example.org/a"


def test_links_are_reached_and_followed_with_the_keyboard(transcript: Transcript, qtbot: QtBot) -> None:
    show(
        transcript,
        said("Hi"),
        answer(
            "One [first **link**](https://one.example) and\n\n| [second](https://two.example) |\n|---|\n| c |"
        ),
    )
    person_foot(transcript).edit.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(_focused(), Qt.Key.Key_Tab)
    assert marked(transcript) == ["first link"]
    with qtbot.waitSignal(transcript.link_wanted) as heard:
        QTest.keyClick(_focused(), Qt.Key.Key_Return)
    assert heard.args == ["https://one.example"]
    QTest.keyClick(_focused(), Qt.Key.Key_Tab)
    assert marked(transcript) == ["second"]
    QTest.keyClick(_focused(), Qt.Key.Key_Backtab)
    assert marked(transcript) == ["first link"]
    QTest.keyClick(_focused(), Qt.Key.Key_Backtab)
    assert _name_of_focus() == "Edit message"
    assert marked(transcript) == []


def test_backtab_reaches_a_link_above_what_turns_out_higher_than_it_was_thought(
    transcript: Transcript,
) -> None:
    higher = "\n\n".join(["# " + "word " * 40] * 6)
    show(
        transcript,
        said("Hi"),
        answer(
            f"A [link](https://one.example)\n\n{higher}\n\nand the [last](https://two.example)\n\n{higher}"
        ),
    )
    foot(transcript).copy.setFocus(Qt.FocusReason.TabFocusReason)
    for words in ("last", "link"):
        QTest.keyClick(_focused(), Qt.Key.Key_Backtab)
        assert marked(transcript) == [words]
        assert transcript.viewport().rect().contains(point_of(transcript, words))
