"""Several conversations: each keeps its answer, its draft and its name, and what is deleted can come back."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from slmdesk.chat import ConversationStore
from slmdesk.engines import End, Reasoning, Text
from slmdesk.storage import Database, Paths
from slmdesk.ui import MainWindow
from slmdesk.ui.widgets.undo_bar import UndoBar
from tests.ui.driving import (
    MakeWindow,
    ask,
    ask_and_wait,
    focused,
    last_answer,
    listed,
    settle,
    texts,
    wait_for_state,
)
from tests.ui.scripted import Gate, ScriptedChat, Step, answer_script, make_conversation

CONTROL = Qt.KeyboardModifier.ControlModifier


def open_titled(qtbot: QtBot, window: MainWindow, title: str) -> None:
    """Show the conversation with this title."""
    number = next(one.id for one in window.chat._summaries.values() if one.title == title)
    window.chat.open_conversation(number)
    settle_on(qtbot, window, title)


def settle_on(qtbot: QtBot, window: MainWindow, title: str) -> None:
    qtbot.waitUntil(lambda: window.chat.head.title.whole_text == title)


def stored_titles(paths: Paths) -> list[str]:
    database = Database(paths.database_file)
    titles = [one.title for one in ConversationStore(database).summaries()]
    database.close()
    return titles


def undo_bars(window: MainWindow) -> list[UndoBar]:
    return [bar for bar in window.findChildren(UndoBar) if bar.isVisible()]


def two() -> ScriptedChat:
    return ScriptedChat(stored=[make_conversation("Older", "1"), make_conversation("Newer", "2")])


def test_an_answer_goes_on_while_another_chat_is_shown(make_window: MakeWindow, qtbot: QtBot) -> None:
    gate = Gate()
    chat = ScriptedChat([[Text("Old"), gate, Text(" and on"), End(reason="stop")]], stored=two().stored)
    window = make_window(chat)
    ask(window, "And?")
    wait_for_state(qtbot, window, "Writing")
    open_titled(qtbot, window, "Older")
    assert texts(window) == ["Older", "1"]
    assert window.chat.live is None
    assert window.chat.composer.stop_button.isHidden()
    gate.opened.set()
    settle(qtbot, window)
    assert texts(window) == ["Older", "1"]
    open_titled(qtbot, window, "Newer")
    settle(qtbot, window)
    assert texts(window) == ["Newer", "2", "And?", "Old and on"]


def test_an_answer_is_found_again_where_it_is_and_goes_on_there(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    first, second = Gate(), Gate()
    steps: list[Step] = [
        Reasoning("Hm."),
        Text("Old"),
        first,
        Text(" more"),
        second,
        Text(" end"),
        End(reason="stop"),
    ]
    window = make_window(ScriptedChat([steps], stored=two().stored))
    ask(window, "And?")
    wait_for_state(qtbot, window, "Writing")
    open_titled(qtbot, window, "Older")
    first.opened.set()
    live = window.chat.answering.answers.conversations()[0]
    qtbot.waitUntil(lambda: "".join(window.chat.answering.answers.of(live).text) == "Old more")  # type: ignore[union-attr]
    open_titled(qtbot, window, "Newer")
    qtbot.waitUntil(lambda: last_answer(window) == "Old more")
    assert window.chat.transcript.messages[-1].reasoning_source == "Hm."
    assert not window.chat.composer.stop_button.isHidden()
    second.opened.set()
    settle(qtbot, window)
    assert texts(window) == ["Newer", "2", "And?", "Old more end"]


def test_a_new_chat_leaves_the_answer_to_go_on_and_waits_for_its_turn(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    gate = Gate()
    window = make_window(ScriptedChat([[Text("Old"), gate, End(reason="stop")], answer_script("New.")]))
    ask(window, "First")
    wait_for_state(qtbot, window, "Writing")
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_N, CONTROL)
    assert window.chat.head.title.whole_text == "New chat"
    assert window.chat.stack.currentWidget() is window.chat.empty
    ask(window, "Second")
    qtbot.waitUntil(lambda: window.chat.composer.meter.words.text() == "Waits for another answer")
    assert texts(window) == ["Second", ""]
    gate.opened.set()
    settle(qtbot, window)
    assert texts(window) == ["Second", "New."]
    open_titled(qtbot, window, "First")
    assert texts(window) == ["First", "Old"]


def test_an_answer_that_waits_can_be_taken_back(make_window: MakeWindow, qtbot: QtBot) -> None:
    gate = Gate()
    window = make_window(ScriptedChat([[Text("Old"), gate, End(reason="stop")]]))
    ask(window, "First")
    wait_for_state(qtbot, window, "Writing")
    window.chat.start_new_chat()
    ask(window, "Second")
    qtbot.waitUntil(lambda: window.chat.live is not None and window.chat.live.ticket is not None)
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_Escape)
    gate.opened.set()
    settle(qtbot, window)
    assert texts(window)[0] == "Second"
    open_titled(qtbot, window, "First")
    assert texts(window) == ["First", "Old"]


def test_messages_sent_quickly_are_shown_once(make_window: MakeWindow, qtbot: QtBot) -> None:
    gate = Gate()
    window = make_window(ScriptedChat([[Text("Old"), gate, End(reason="stop")]]))
    ask(window, "Quick")
    assert texts(window) == ["Quick", ""]
    wait_for_state(qtbot, window, "Writing")
    qtbot.waitUntil(lambda: texts(window) == ["Quick", "Old"])
    transcript = window.chat.transcript
    shown = [view for view in transcript._stage.views() if view.strip is not None and view.isVisible()]
    assert len(shown) == len(transcript._stage.showing)
    gate.opened.set()
    settle(qtbot, window)
    assert texts(window) == ["Quick", "Old"]


def test_the_list_shows_new_names_and_pins(make_window: MakeWindow, qtbot: QtBot, paths: Paths) -> None:
    window = make_window(two())
    assert listed(window) == ["Newer", "Older"]
    older = next(one.id for one in window.chat._summaries.values() if one.title == "Older")
    window.chat.list.renamed.emit(older, "Oldest")
    window.chat.list.pin_wanted.emit(older, True)
    settle(qtbot, window)
    assert [one for one in listed(window) if one != "New chat"] == ["Oldest", "Newer"]
    assert sorted(stored_titles(paths)) == ["Newer", "Oldest"]
    window.chat.head.renamed.emit("Newest")
    settle(qtbot, window)
    assert window.chat.head.title.whole_text == "Newest"
    assert "Newest" in listed(window)


def test_a_named_chat_keeps_its_name_when_its_first_message_is_edited(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(ScriptedChat([answer_script("One."), answer_script("Two.")]))
    ask_and_wait(qtbot, window, "First")
    window.chat.head.renamed.emit("Mine")
    settle(qtbot, window)
    window.chat.transcript.edited.emit(0, "First, better")
    settle(qtbot, window)
    assert texts(window) == ["First, better", "Two."]
    assert window.chat.head.title.whole_text == "Mine"


def test_the_search_finds_words_of_messages(make_window: MakeWindow, qtbot: QtBot) -> None:
    chat = ScriptedChat(stored=[make_conversation("Zażółć", "Gęślą JAŹŃ"), make_conversation("Other", "2")])
    window = make_window(chat)
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_F, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    field = focused()
    assert isinstance(field, QLineEdit)
    field.insert("jaźń")
    qtbot.waitUntil(lambda: listed(window) == ["Zażółć"])
    QTest.keyClick(field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: "Other" in listed(window))


def test_deleting_can_be_undone_and_shows_what_was_shown(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = make_window(two())
    window.chat.delete((window.chat.conversation.id,))
    settle(qtbot, window)
    assert window.chat.head.title.whole_text == "New chat"
    assert stored_titles(paths) == ["Older"]
    (bar,) = undo_bars(window)
    assert bar.label.whole_text == "“Newer” deleted"
    bar.undo_button.click()
    settle(qtbot, window)
    assert texts(window) == ["Newer", "2"]
    assert sorted(stored_titles(paths)) == ["Newer", "Older"]
    assert not undo_bars(window)


def test_what_was_deleted_is_gone_for_good_when_the_bar_is_closed(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = make_window(two())
    window.chat.delete((window.chat.conversation.id,))
    settle(qtbot, window)
    undo_bars(window)[0].close_button.click()
    settle(qtbot, window)
    window.close()
    assert stored_titles(paths) == ["Older"]
    assert _rows(paths, "SELECT count(*) FROM conversation") == 1
    assert _rows(paths, "SELECT count(*) FROM message") == 2


def test_closing_the_window_makes_deleting_final(make_window: MakeWindow, qtbot: QtBot, paths: Paths) -> None:
    window = make_window(two())
    window.chat.delete(tuple(window.chat._summaries))
    assert undo_bars(window)[0].label.whole_text == "2 conversations deleted"
    window.close()
    assert _rows(paths, "SELECT count(*) FROM conversation") == 0


def test_what_was_deleted_one_after_the_other_comes_back_together(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = make_window(two())
    first, second = list(window.chat._summaries)
    window.chat.delete((first,))
    window.chat.delete((second,))
    settle(qtbot, window)
    assert _rows(paths, "SELECT count(*) FROM conversation") == 2, "nothing is final yet"
    bar = undo_bars(window)[-1]
    assert bar.accessibleName().startswith("2 conversations deleted")
    bar.undo_button.click()
    settle(qtbot, window)
    assert {one.id for one in window.chat._summaries.values()} == {first, second}
    window.chat.delete((first,))
    window.close()
    assert _rows(paths, "SELECT count(*) FROM conversation") == 1


def test_a_chat_that_waits_for_another_answer_says_so(make_window: MakeWindow, qtbot: QtBot) -> None:
    gate = Gate()
    window = make_window(ScriptedChat([[Text("Old"), gate], answer_script("New.")]))
    ask(window, "First")
    wait_for_state(qtbot, window, "Writing")
    window.chat.start_new_chat()
    ask(window, "Second")
    qtbot.waitUntil(lambda: any(row.waiting for row in window.chat.list.model.rows))
    assert [row.title for row in window.chat.list.model.rows if row.writing] == ["First"]
    answered = [row for row in window.chat.list.model.rows if row.waiting or row.writing]
    assert [row.model_title for row in answered] == ["SmolLM2 135M", "SmolLM2 135M"]
    gate.opened.set()
    settle(qtbot, window)
    assert not any(row.waiting or row.writing for row in window.chat.list.model.rows)


def test_deleting_a_chat_ends_its_answer(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(ScriptedChat([[Text("Old"), Gate()]]))
    ask(window, "First")
    wait_for_state(qtbot, window, "Writing")
    window.chat.delete((window.chat.conversation.id,))
    settle(qtbot, window)
    assert window.status.state_segment.words == "Ready"
    undo_bars(window)[0].undo_button.click()
    settle(qtbot, window)
    assert texts(window) == ["First", "Old"]


def _rows(paths: Paths, query: str) -> int:
    database = Database(paths.database_file)
    count = database.read(query)[0][0]
    database.close()
    return int(count)
