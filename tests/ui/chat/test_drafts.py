"""What is written and not sent stays where it was written, over switching, closing and starting again."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slmdesk.chat import ChatOptions, ConversationStore
from slmdesk.storage import Database, Paths, Settings
from slmdesk.ui import MainWindow
from slmdesk.ui.chat.situation import Situation
from slmdesk.ui.transcript.strip_views.editor_view import EditorView
from slmdesk.ui.transcript.strips import StripKind
from tests.ui.driving import MakeWindow, ask, ask_and_wait, focused, settle
from tests.ui.scripted import ScriptedChat, answer_script, make_conversation


def written(window: MainWindow) -> str:
    return window.chat.composer.input.toPlainText()


def stored_draft(paths: Paths, number: int) -> str:
    database = Database(paths.database_file)
    text = ConversationStore(database).draft(number)
    database.close()
    return text


def fill_the_disk(chat: ScriptedChat, full: bool) -> None:
    chat.store._database.read(f"PRAGMA query_only = {int(full)}")


def two() -> ScriptedChat:
    return ScriptedChat(stored=[make_conversation("Older", "1"), make_conversation("Newer", "2")])


def switch(qtbot: QtBot, window: MainWindow, number: int) -> None:
    window.chat.open_conversation(number)
    settle(qtbot, window)


def test_each_chat_keeps_its_own_draft(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(two())
    newer, older = window.chat._summaries
    window.chat.composer.fill("for the newer\nin two lines")
    switch(qtbot, window, older)
    assert written(window) == ""
    window.chat.composer.fill("for the older")
    window.chat.start_new_chat()
    settle(qtbot, window)
    assert written(window) == ""
    window.chat.composer.fill("for a new one")
    switch(qtbot, window, newer)
    assert written(window) == "for the newer\nin two lines"
    switch(qtbot, window, older)
    assert written(window) == "for the older"
    window.chat.start_new_chat()
    settle(qtbot, window)
    assert written(window) == "for a new one"
    drafts = {one.id: one.draft for one in window.chat._summaries.values()}
    assert drafts == {newer: True, older: True}


def test_a_draft_is_there_after_a_restart(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(two())
    window.chat.composer.fill("written and not sent")
    window.close()
    again = make_window()
    assert written(again) == "written and not sent"
    again.chat.start_new_chat()
    settle(qtbot, again)
    again.chat.composer.fill("and in a new chat")
    again.close()
    third = make_window()
    third.chat.start_new_chat()
    settle(qtbot, third)
    assert written(third) == "and in a new chat"


def test_a_draft_is_on_the_disk_soon_after_a_pause(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = make_window(two())
    number = window.chat.conversation.id
    window.chat.composer.fill("half a thought")
    qtbot.waitUntil(lambda: stored_draft(paths, number) == "half a thought", timeout=10_000)


def test_a_sent_message_is_no_draft_any_more(make_window: MakeWindow, qtbot: QtBot, paths: Paths) -> None:
    window = make_window(ScriptedChat([answer_script("One.")]))
    window.chat.composer.fill("Hello")
    window.chat.drafts.save()
    settle(qtbot, window)
    assert stored_draft(paths, 0) == "Hello"
    ask(window, " there")
    settle(qtbot, window)
    number = window.chat.conversation.id
    assert (stored_draft(paths, 0), stored_draft(paths, number)) == ("", "")


def test_what_is_written_while_the_first_message_is_stored_belongs_to_its_chat(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(ScriptedChat([answer_script("One.")]))
    ask(window, "First")
    window.chat.composer.fill("and next")
    settle(qtbot, window)
    number = window.chat.conversation.id
    window.chat.start_new_chat()
    settle(qtbot, window)
    assert written(window) == ""
    switch(qtbot, window, number)
    assert written(window) == "and next"


def test_a_draft_that_cannot_be_stored_is_there_when_its_chat_is_shown_again(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    chat = two()
    window = make_window(chat)
    newer, older = window.chat._summaries
    fill_the_disk(chat, True)
    window.chat.composer.fill("pasted\n" * 3000)
    window.chat.drafts.save()
    settle(qtbot, window)
    assert window.chat.banners.banner is not None
    window.chat.start_new_chat()
    settle(qtbot, window)
    assert written(window) == ""
    window.chat.composer.fill("another, in a new chat")
    switch(qtbot, window, older)
    window.chat.composer.fill("and a third")
    switch(qtbot, window, newer)
    assert written(window) == "pasted\n" * 3000
    switch(qtbot, window, older)
    assert written(window) == "and a third"
    window.chat.start_new_chat()
    settle(qtbot, window)
    assert written(window) == "another, in a new chat"
    assert [stored_draft(paths, number) for number in (newer, older, 0)] == ["", "", ""]
    window.close()


@pytest.mark.parametrize("later", ["after a while", "when it is closed"])
def test_a_draft_that_could_not_be_stored_is_stored_later(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths, later: str
) -> None:
    chat = two()
    window = make_window(chat)
    newer, older = window.chat._summaries
    fill_the_disk(chat, True)
    window.chat.composer.fill("for the newer")
    switch(qtbot, window, older)
    window.chat.composer.fill("for the older")
    window.chat.drafts.save()
    settle(qtbot, window)
    window.chat.banners.close_banner()
    retry = window.chat.drafts._retry_timer
    retry.timeout.emit()
    settle(qtbot, window)
    # What was said once is not said again while nobody does anything.
    assert window.chat.banners.banner is None
    assert retry.isActive()
    fill_the_disk(chat, False)
    if later == "after a while":
        retry.timeout.emit()
        settle(qtbot, window)
        assert not retry.isActive()
    window.close()
    assert (stored_draft(paths, newer), stored_draft(paths, older)) == ("for the newer", "for the older")


def test_a_draft_that_was_changed_since_is_not_stored_as_it_was(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    chat = two()
    window = make_window(chat)
    newer, older = window.chat._summaries
    fill_the_disk(chat, True)
    window.chat.composer.fill("first")
    switch(qtbot, window, older)
    fill_the_disk(chat, False)
    switch(qtbot, window, newer)
    window.chat.composer.fill("second")
    window.chat.drafts.save()
    settle(qtbot, window)
    window.chat.drafts._retry_timer.timeout.emit()
    settle(qtbot, window)
    assert stored_draft(paths, newer) == "second"
    window.close()


def edit(window: MainWindow, index: int, typed: str) -> EditorView:
    """Open the editor of a message, and type behind its text."""
    window.chat.transcript.begin_edit(index)
    strips = window.chat.transcript.messages[index].strips or ()
    strip = next(one for one in strips if one.kind is StripKind.EDITOR)
    assert isinstance(strip.widget, EditorView)
    QTest.keyClicks(strip.widget.field, typed)
    return strip.widget


def test_an_edit_that_was_not_saved_is_in_the_draft_after_closing(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = make_window(two())
    newer, older = window.chat._summaries
    edit(window, 0, ", and colder")
    switch(qtbot, window, older)
    window.chat.composer.fill("a draft")
    edit(window, 1, " and more")
    window.close()
    assert stored_draft(paths, newer) == "Newer, and colder"
    assert stored_draft(paths, older) == "a draft\n\n1 and more"


@pytest.mark.parametrize("leave", ["esc", "save", "nothing typed"])
def test_an_edit_that_is_over_is_in_no_draft(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths, leave: str
) -> None:
    chat = two()
    chat.pool.scripts = [answer_script("One.")]
    window = make_window(chat)
    number = window.chat.conversation.id
    editor = edit(window, 0, "" if leave == "nothing typed" else "!")
    if leave == "esc":
        QTest.keyClick(editor.field, Qt.Key.Key_Escape)
    elif leave == "save":
        editor.save.click()
        settle(qtbot, window)
    window.close()
    assert stored_draft(paths, number) == ""


def test_an_edit_that_was_left_and_taken_up_again_is_in_the_draft(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    window = make_window(two())
    number = window.chat.conversation.id
    QTest.keyClick(edit(window, 0, "!").field, Qt.Key.Key_Escape)
    edit(window, 0, "")
    window.close()
    assert stored_draft(paths, number) == "Newer!"


def test_a_suggestion_gives_the_draft_back(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    window.chat.composer.input.insertPlainText("written for half an hour")
    window.chat.empty.suggested.emit("Explain a thing")
    assert written(window) == "Explain a thing"
    QTest.keyClick(focused(), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert written(window) == "written for half an hour"
    window.close()


def test_words_typed_before_a_draft_was_read_do_not_replace_it(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(two())
    newer, older = window.chat._summaries
    window.chat.composer.fill("a draft")
    switch(qtbot, window, older)
    window.chat.open_conversation(newer)
    qtbot.waitUntil(lambda: window.chat.conversation.id == newer)
    window.chat.composer.input.insertPlainText("typed")
    window.close()
    again = make_window()
    assert written(again) in ("a draft\n\ntyped", "a drafttyped")


def test_a_suggestion_and_a_draft_are_counted_in_tokens(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(ScriptedChat([answer_script("One.")]))
    ask_and_wait(qtbot, window)
    meter = window.chat.composer.meter.words
    assert meter.text() == "486 of 4,096 tokens"
    # The scripted model takes a word for a token: five of instructions, two said, three written.
    window.chat.composer.fill("one two three")
    qtbot.waitUntil(lambda: meter.text() == "10 of 4,096 tokens")
    window.chat.composer.input.clear()
    qtbot.waitUntil(lambda: meter.text() == "486 of 4,096 tokens")


def test_a_conversation_is_counted_without_a_draft(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(ScriptedChat([answer_script("One.")]))
    ask_and_wait(qtbot, window)
    drafts, counts = window.chat.drafts, list[int]()
    drafts.conversation_counted.connect(counts.append)
    drafts.count_conversation()
    # Five of instructions, one said, one answered.
    qtbot.waitUntil(lambda: counts == [7])
    window.chat.conversation.messages[-1].text = "One two three."
    drafts.count_conversation()
    qtbot.waitUntil(lambda: counts == [7, 9])


def test_the_count_of_a_conversation_that_is_not_shown_any_more_is_not_said(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(ScriptedChat([answer_script("One.")]))
    ask_and_wait(qtbot, window)
    counts: list[int] = []
    window.chat.drafts.conversation_counted.connect(counts.append)
    window.chat.drafts.count_conversation()
    window.chat.start_new_chat()
    settle(qtbot, window)
    assert counts == []


def test_the_meter_shows_the_context_that_the_next_message_will_have(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window(ScriptedChat([answer_script("One.")]))
    ask_and_wait(qtbot, window)

    def situation(length: int) -> Situation:
        return Situation(
            state=window.inference.state,
            model=window.chat.model,
            live=None,
            has_messages=True,
            load_wanted=False,
            context_tokens=486,
            draft_tokens=None,
            next_context_length=length,
        )

    meter = window.chat.composer.meter.words
    situation(8192).show_in(window.chat)
    assert meter.text() == "486 of 8,192 tokens"
    situation(0).show_in(window.chat)
    assert meter.text() == "486 of 4,096 tokens"


def test_the_meter_says_the_length_that_the_next_message_gets(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    assert window.chat.composer.meter.words.text().endswith("of 4,096 tokens")
    window.chat.drawer.options_changed.emit(ChatOptions(context_length=2048))
    assert window.chat.composer.meter.words.text().endswith("of 2,048 tokens")
    window.chat.start_new_chat()
    settle(qtbot, window)
    assert window.chat.composer.meter.words.text().endswith("of 4,096 tokens")


def test_how_long_the_context_is_can_be_said_before_a_model_is_loaded(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    chat = ScriptedChat()
    window = make_window(chat, settings=Settings(theme="light", load_model_at_start=False))
    window.chat.show_drawer(True)
    assert not chat.pool.loads
    assert window.chat.drawer.context_row.isVisible()
    assert window.chat.drawer.context.number == 4096
    # No model is loaded: nothing is said of how full its context is.
    assert not window.chat.composer.meter.isVisible()


def test_messages_that_nobody_answered_are_counted(make_window: MakeWindow, qtbot: QtBot) -> None:
    stored = make_conversation("One two three")
    window = make_window(ScriptedChat(stored=[stored]))
    # The instructions, too, one token a word.
    qtbot.waitUntil(lambda: window.chat.composer.meter.words.text().startswith("3 of"))
