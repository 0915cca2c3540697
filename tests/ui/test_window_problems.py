"""Whatever goes wrong around the window is seen in it, and costs nothing a person wrote."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

import slmdesk.ui
from slmdesk.chat import ChatMessageRecord, Conversation
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import (
    Database,
    Paths,
    Settings,
    SettingsStore,
    back_up,
    find_and_repair_damage,
    log,
    show_uncaught,
)
from slmdesk.ui import MainWindow, Theme
from slmdesk.ui import main_window as module
from slmdesk.ui.chat.composer import MessageInput
from slmdesk.ui.main_window import SETTINGS
from slmdesk.ui.settings_lane import SettingsLane
from slmdesk.ui.widgets.labels import ElidedLabel
from tests.ui.driving import MakeWindow, ask, ask_and_wait, foot, kept, settle, texts, words_of
from tests.ui.scripted import ScriptedChat, answer_script, keep, make_conversation, make_services

REFUSED = UserError(
    "database-cannot-be-written", ErrorKind.STORAGE, file="slmdesk.sqlite", reason="disk is full"
)


def _make_newer(file: Path) -> None:
    database = Database(file)
    with database.transaction() as cursor:
        cursor.execute("PRAGMA user_version = 9999")
    database.close()


def test_a_database_of_a_newer_version_is_told_at_start_and_left_alone(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    _make_newer(paths.database_file)
    before = paths.database_file.read_bytes()
    window = make_window()
    banner = window.chat.banners.banner
    assert "A newer version of SLM Desk" in words_of(banner)
    assert str(paths.database_file) in words_of(banner)
    assert banner is not None
    assert not banner.buttons
    # It is not about the engine, and the model was loaded by itself meanwhile.
    assert window.status.state_segment.words == "Ready"
    ask(window, "My words")
    settle(qtbot, window)
    assert window.chat.composer.input.toPlainText() == "My words"
    window.close()
    assert paths.database_file.read_bytes() == before


def test_a_damaged_database_is_repaired_at_start_and_the_conversation_shown(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths
) -> None:
    database = Database(paths.database_file)
    keep(database, make_conversation("Kept", "And answered."))
    back_up(database, paths.backups)
    database.close()
    paths.database_file.write_bytes(b"not a database at all" * 1000)
    chat = ScriptedChat()
    window = make_window(chat, check=lambda database: find_and_repair_damage(database, paths.backups))
    assert "has been repaired" in words_of(window.chat.banners.notices[0])
    assert window.chat.banners.banner is None
    assert texts(window) == ["Kept", "And answered."]


def test_a_message_that_cannot_be_kept_goes_back_into_the_input(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    chat = ScriptedChat([answer_script("Here.")])
    chat.refusals.append(REFUSED)
    window = make_window(chat)
    ask(window, "My words")
    settle(qtbot, window)
    assert window.chat.composer.input.toPlainText() == "My words"
    assert window.chat.stack.currentWidget() is window.chat.empty
    assert "disk is full" in words_of(window.chat.banners.banner)
    assert window.status.state_segment.words == "Ready"
    QTest.keyClick(window.chat.composer.input, Qt.Key.Key_Return)
    settle(qtbot, window)
    assert chat.asked == ["My words"]
    assert window.chat.banners.banner is None
    assert texts(window) == ["My words", "Here."]


def test_what_was_written_since_is_kept_behind_a_message_that_comes_back(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    chat = ScriptedChat([answer_script("One."), answer_script("Two.")])
    window = make_window(chat)
    ask_and_wait(qtbot, window, "First")
    chat.refusals.append(REFUSED)
    ask(window, "Second")
    window.chat.composer.input.setPlainText("and more")
    settle(qtbot, window)
    assert window.chat.composer.input.toPlainText() == "Second\n\nand more"
    assert texts(window) == ["First", "One."]


def test_a_message_refused_in_a_chat_that_was_left_is_found_in_its_input(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    chat = ScriptedChat(stored=[make_conversation("Hi", "Hello")])
    window = make_window(chat)
    number = window.chat.conversation.id
    chat.refusals.append(REFUSED)
    ask(window, "Refused")
    window.chat.start_new_chat()
    settle(qtbot, window)
    assert "disk is full" in words_of(window.chat.banners.notices[0])
    window.chat.open_conversation(number)
    settle(qtbot, window)
    assert window.chat.composer.input.toPlainText() == "Refused"


def test_an_answer_that_could_not_be_stored_is_stored_when_the_window_closes(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = ScriptedChat([answer_script("Only in memory.")])
    window = make_window(chat)
    real = chat.store.add_message

    def refuse(conversation: Conversation, message: ChatMessageRecord, *, at: int | None = None) -> None:
        if message.role == "assistant":
            raise REFUSED
        real(conversation, message, at=at)

    monkeypatch.setattr(chat.store, "add_message", refuse)
    ask_and_wait(qtbot, window)
    assert "disk is full" in words_of(window.chat.banners.banner)
    assert kept(paths) == [("user", "Hello", "complete")]
    number = window.chat.conversation.id
    window.chat.start_new_chat()
    window.chat.open_conversation(number)
    settle(qtbot, window)
    assert texts(window) == ["Hello", "Only in memory."]
    window.close()
    assert kept(paths) == [("user", "Hello", "complete"), ("assistant", "Only in memory.", "complete")]


def test_a_bug_anywhere_is_shown_once(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    show_uncaught(window.bug_found.emit)
    try:

        def raise_one() -> None:
            error = KeyError("in a slot")
            log._log_uncaught(KeyError, error, None)

        thread = threading.Thread(target=raise_one)
        thread.start()
        thread.join()
        qtbot.waitUntil(lambda: window.chat.banners.banner is not None)
        banner = window.chat.banners.banner
        assert banner is not None
        assert "KeyError: 'in a slot'" in banner.details
        raise_one()
        QTest.qWait(10)
        assert window.chat.banners.banner is banner
    finally:
        show_uncaught(None)


def test_a_bug_before_the_chat_is_there_is_shown_when_it_is(
    qtbot: QtBot, theme: Theme, qt_loop: object, paths: Paths
) -> None:
    chat = ScriptedChat()
    window = MainWindow(make_services(paths, chat), theme)
    window.show_report("Traceback: early")
    window.show()
    window.start()
    assert window.chat.banners.banner is not None
    assert window.chat.banners.banner.details == "Traceback: early"
    settle(qtbot, window)
    window.close()
    chat.close()
    window.deleteLater()


@pytest.mark.parametrize(
    ("stored", "settings"),
    [
        ('{"theme": "pink"}', ["Theme"]),
        (
            '{"theme": "pink", "window_width": 1, "model_settings": {"/a.gguf": {"threads": -5}}}',
            ["Theme", "Width of the window", "Threads"],
        ),
    ],
)
def test_settings_that_could_not_be_used_are_told_at_start_in_one_place(
    make_window: MakeWindow,
    qtbot: QtBot,
    paths: Paths,
    monkeypatch: pytest.MonkeyPatch,
    stored: str,
    settings: list[str],
) -> None:
    paths.settings_file.parent.mkdir(parents=True, exist_ok=True)
    paths.settings_file.write_text(stored)
    real = slmdesk.ui.Services.__init__

    def loaded(services: slmdesk.ui.Services, **given: object) -> None:
        store = given["settings_store"]
        assert isinstance(store, SettingsStore)
        store.load()
        real(services, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(slmdesk.ui.Services, "__init__", loaded)
    window = make_window()
    (notice,) = window.chat.banners.notices
    shown = words_of(notice)
    for setting in settings:
        assert f"The setting “{setting}”" in (shown if len(settings) == 1 else notice.details)
    if len(settings) > 1:
        assert f"{len(settings)} settings have values that cannot be used." in shown
        assert str(paths.settings_file) in shown
        assert len(notice.details.splitlines()) == len(settings)
        assert "pink" in notice.details
    window.chat.show_error(REFUSED)
    assert len(window.chat.banners.notices) == 1
    notice.close_button.click()
    assert window.chat.banners.notices == []


def test_painted_is_said_once(qtbot: QtBot, theme: Theme, paths: Paths) -> None:
    window = MainWindow(make_services(paths, ScriptedChat()), theme)
    qtbot.addWidget(window)
    painted: list[None] = []
    window.painted.connect(lambda: painted.append(None))
    for _ in range(2):
        window.show()
        QTest.qWait(30)
        window.hide()
        QTest.qWait(10)
    assert len(painted) == 1


def test_older_settings_are_never_saved_over_newer_ones(paths: Paths) -> None:
    began, go_on = threading.Event(), threading.Event()
    saved: list[str] = []

    class Slow(SettingsStore):
        def save(self, settings: Settings) -> None:
            began.set()
            go_on.wait(10)
            saved.append(settings.theme)

    lane = SettingsLane(Slow(paths.settings_file), Settings())
    lane.wanted = Settings(theme="dark")
    first = threading.Thread(target=lane.save)
    first.start()
    began.wait(10)
    others = [threading.Thread(target=lane.save) for _ in range(2)]
    for theme in ("system", "light"):
        lane.wanted = Settings(theme=theme)
    for one in others:
        one.start()
    go_on.set()
    for one in (first, *others):
        one.join(10)
    assert saved == ["dark", "light"]


def test_closing_saves_what_differs_from_what_was_saved_last(
    make_window: MakeWindow, qtbot: QtBot, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window()
    window.show_panel(SETTINGS)
    segments = window.settings_panel.appearance.theme_control.segments
    segments["dark"].click()
    qtbot.waitUntil(lambda: SettingsStore(paths.settings_file).load().theme == "dark")
    assert window._tasks is not None
    # As when the window closes before the thread had its turn.
    monkeypatch.setattr(window._tasks, "run", lambda *_: None)
    segments["light"].click()
    window.close()
    assert SettingsStore(paths.settings_file).load().theme == "light"


def test_numbers_are_made_ready_away_from_the_window(
    make_window: MakeWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    monkeypatch.setattr(
        module, "format_integer", lambda value: threads.append(threading.current_thread().name)
    )
    make_window()
    qtbot.waitUntil(lambda: bool(threads))
    assert "MainThread" not in threads


def test_copying_an_answer_copies_what_is_stored(make_window: MakeWindow, qtbot: QtBot) -> None:
    text = "a\N{NO-BREAK SPACE}b\r\nc\N{LINE SEPARATOR}d\N{PARAGRAPH SEPARATOR}e"
    window = make_window(ScriptedChat([answer_script(text)]))
    ask_and_wait(qtbot, window)
    foot(window).copy.click()
    assert QGuiApplication.clipboard().text() == text


def test_the_input_keeps_no_break_spaces(qtbot: QtBot, theme: Theme) -> None:
    field = MessageInput(theme)
    qtbot.addWidget(field)
    field.setPlainText("10\N{NO-BREAK SPACE}km\nnext")
    QTest.keyClick(field, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(field, "last")
    assert field.plain_text() == "10\N{NO-BREAK SPACE}km\nnext\nlast"


def test_a_name_that_looks_like_html_stays_a_name(qtbot: QtBot, theme: Theme) -> None:
    label = ElidedLabel(theme, "<img src='file:///x'>\n<b>a model</b> &amp; more")
    qtbot.addWidget(label)
    label.resize(10, 20)
    label.show()
    assert label.toolTip().startswith('<p style="white-space: pre-wrap">&lt;img ')
    assert "&amp;amp; more" in label.toolTip()
    assert label.textFormat() is Qt.TextFormat.PlainText


def test_tooltips_and_labels_are_made_where_markup_is_kept_out() -> None:
    folder = Path(slmdesk.ui.__file__).parent
    makers = {"tooltip.py": r"setToolTip\(", "labels.py": r"QLabel\b", "application.py": r"QMessageBox\b"}
    for file in folder.rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        for maker, call in makers.items():
            assert file.name == maker or not re.search(call, source), f"{file} uses {call}"
        for line in re.findall(r"ToolTipRole:\n(.*)", source):
            assert "plain_tooltip(" in line, file
