"""What is written and not sent stays where it was written, over switching, closing and starting again."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from slmdesk.chat import ConversationStore
from slmdesk.storage import Database, Paths
from slmdesk.ui import MainWindow
from tests.ui.driving import MakeWindow, ask, ask_and_wait, settle
from tests.ui.scripted import ScriptedChat, answer_script, make_conversation


def written(window: MainWindow) -> str:
    return window.chat.composer.input.toPlainText()


def stored_draft(paths: Paths, number: int) -> str:
    database = Database(paths.database_file)
    text = ConversationStore(database).draft(number)
    database.close()
    return text


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
