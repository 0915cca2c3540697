"""The bridge to the inference thread: nothing sent is lost, and neither thread can drown the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from slmdesk.chat import Conversation
from slmdesk.engines import End, PromptProgress, Text
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Paths
from slmdesk.ui import inference as module
from slmdesk.ui.inference import Inference, Mailbox
from tests.ui.scripted import Gate, ScriptedChat, answer_script, make_model, make_services

Make = Callable[[ScriptedChat], Inference]
REFUSED = UserError(
    "database-cannot-be-written", ErrorKind.STORAGE, file="slmdesk.sqlite", reason="disk is full"
)


@pytest.fixture
def make(qtbot: QtBot, paths: Paths) -> Iterator[Make]:
    made: list[Inference] = []

    def one(chat: ScriptedChat) -> Inference:
        made.append(Inference(make_services(paths, chat)))
        return made[-1]

    yield one
    for inference in made:
        inference.shut_down()


def _texts(conversation: Conversation) -> list[str]:
    return [message.text for message in conversation.messages]


def test_a_message_cancelled_before_its_turn_is_kept(make: Make, qtbot: QtBot) -> None:
    chat = ScriptedChat([[Text("Old"), Gate()]])
    inference = make(chat)
    first, second = Conversation(), Conversation()
    inference.answer(first, "One", make_model())
    qtbot.waitUntil(lambda: _texts(first) == ["One", "Old"])
    inference.answer(second, "Two", make_model())
    inference.cancel()
    qtbot.waitUntil(lambda: not inference.running)
    assert _texts(second) == ["Two"]


def test_a_message_sent_just_before_closing_is_kept(make: Make, qtbot: QtBot) -> None:
    chat = ScriptedChat([[Text("Old"), Gate()]])
    inference = make(chat)
    first, second = Conversation(), Conversation()
    inference.answer(first, "One", make_model())
    qtbot.waitUntil(lambda: _texts(first) == ["One", "Old"])
    inference.answer(second, "Two", make_model())
    assert inference.shut_down()
    assert _texts(second) == ["Two"]


def test_a_message_that_cannot_be_kept_comes_back_before_the_reason(make: Make, qtbot: QtBot) -> None:
    chat = ScriptedChat()
    chat.refusals.append(REFUSED)
    inference = make(chat)
    said: list[object] = []
    inference.rejected.connect(lambda ticket, text: said.append((ticket, text)))
    inference.failed.connect(lambda ticket, error: said.append((ticket, error)))
    conversation = Conversation()
    ticket = inference.answer(conversation, "Hello", make_model())
    qtbot.waitUntil(lambda: not inference.running)
    assert said == [(ticket, "Hello"), (ticket, REFUSED)]
    assert _texts(conversation) == []


def test_state_is_told_once_per_drain(make: Make, qtbot: QtBot) -> None:
    steps = [PromptProgress(processed=n, total=500, reused=0) for n in range(500)]
    inference = make(ScriptedChat([[*steps, End(reason="stop")]]))
    told: list[object] = []
    drains: list[object] = []
    inference.state_changed.connect(told.append)
    inference._timer.timeout.connect(lambda: drains.append(None))
    inference.answer(Conversation(), "Hello", make_model())
    qtbot.waitUntil(lambda: not inference.running)
    assert len(told) <= len(drains)


def test_a_drain_ends_although_more_keeps_coming(
    make: Make, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_DRAIN_MOST_S", 60)
    inference = make(ScriptedChat([answer_script()]))
    drained: list[str] = []

    def add_another(ticket: int, text: str) -> None:
        drained.append(text)
        if len(drained) < 100:
            inference._mailbox.put(len(drained), Text("more"))

    inference.text.connect(add_another)
    inference._mailbox.put(0, Text("first"))
    inference._drain()
    assert drained == ["first"]


def test_a_drain_stops_when_it_takes_long(make: Make, qtbot: QtBot) -> None:
    inference = make(ScriptedChat())
    inference.ended.connect(lambda ticket, end: time.sleep(0.003))
    for _ in range(100):
        inference._mailbox.put(0, End(reason="stop"))
    inference._drain()
    assert 90 < len(inference._mailbox) < 100


@pytest.mark.parametrize(
    "make_room", [lambda box: box.take(), lambda box: box.let_through(7), lambda box: box.release()]
)
def test_a_full_mailbox_makes_its_writer_wait(make_room: Callable[[Mailbox], Any]) -> None:
    box = Mailbox(most=2)
    box.put(7, Text("1"))
    box.put(7, Text("2"))
    writer = threading.Thread(target=box.put, args=(7, Text("3")))
    writer.start()
    writer.join(0.05)
    assert writer.is_alive()
    make_room(box)
    writer.join(10)
    assert not writer.is_alive()


def test_a_thread_that_is_stuck_does_not_keep_the_window_from_closing(
    make: Make, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_STOP_WAIT_MS", 20)
    monkeypatch.setattr(module, "_END_WAIT_MS", 20)
    chat = ScriptedChat()
    stuck, go_on = threading.Event(), threading.Event()

    def hang(conversation: Conversation, text: str) -> None:
        stuck.set()
        go_on.wait(30)

    monkeypatch.setattr(chat, "add_message", hang)
    inference = make(chat)
    inference.answer(Conversation(), "Hello", make_model())
    qtbot.waitUntil(stuck.is_set)
    assert not inference.shut_down()
    assert "left behind" in caplog.text
    go_on.set()
    assert inference._thread.wait(10_000)
    module._abandoned.clear()
