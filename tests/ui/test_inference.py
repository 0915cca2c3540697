"""The bridge to the inference thread: nothing sent is lost, and neither thread can drown the other."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from slmdesk.chat import ChatMessageRecord, ChatService, Conversation
from slmdesk.engines import End, PromptProgress, Reasoning, Text
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Database, Paths, Settings
from slmdesk.ui import inference as module
from slmdesk.ui.inference import Inference
from slmdesk.ui.mailbox import Mailbox
from slmdesk.ui.state import EngineState, Phase
from tests.ui.machines import FIRST, SECOND, Machine, no_gpu, two_devices
from tests.ui.scripted import Gate, ScriptedChat, Step, answer_script, make_model

Make = Callable[[ScriptedChat], Inference]
OTHER = make_model("other", "Other")
REFUSED = UserError(
    "database-cannot-be-written", ErrorKind.STORAGE, file="slmdesk.sqlite", reason="disk is full"
)


def asked(text: str) -> Conversation:
    """A conversation that waits for its answer. Not stored."""
    return Conversation(messages=[ChatMessageRecord(0, "user", text, "complete", "", 0)])


def texts(conversation: Conversation) -> list[str]:
    return [message.text for message in conversation.messages]


@pytest.fixture
def make(qtbot: QtBot, paths: Paths) -> Iterator[Make]:
    made: list[tuple[Inference, ScriptedChat]] = []

    def one(chat: ScriptedChat) -> Inference:
        database = Database(paths.database_file)
        made.append((Inference(lambda: chat.open(database)), chat))
        return made[-1][0]

    yield one
    for inference, chat in made:
        inference.shut_down()
        chat.close()


def test_requests_have_their_turn_one_after_the_other(make: Make, qtbot: QtBot) -> None:
    inference = make(ScriptedChat([answer_script("One."), answer_script("Two.")]))
    said: list[tuple[str, int]] = []
    inference.began.connect(lambda ticket: said.append(("began", ticket)))
    inference.finished.connect(lambda ticket: said.append(("finished", ticket)))
    first, second = asked("1"), asked("2")
    tickets = [inference.answer(first, make_model()), inference.answer(second, make_model())]
    qtbot.waitUntil(lambda: not inference.running)
    expected = [(what, ticket) for ticket in tickets for what in ("began", "finished")]
    assert said == expected
    assert texts(first) == ["1", "One."]
    assert texts(second) == ["2", "Two."]


def test_a_request_cancelled_before_its_turn_never_begins(make: Make, qtbot: QtBot) -> None:
    gate = Gate()
    chat = ScriptedChat([[Text("Old"), gate, End(reason="stop")]])
    inference = make(chat)
    began: list[int] = []
    inference.began.connect(began.append)
    first, second = asked("One"), asked("Two")
    running = inference.answer(first, make_model())
    qtbot.waitUntil(lambda: inference.state.phase is Phase.WRITING)
    inference.cancel(inference.answer(second, make_model()))
    gate.opened.set()
    qtbot.waitUntil(lambda: not inference.running)
    assert began == [running]
    assert texts(first) == ["One", "Old"]
    assert texts(second) == ["Two"]
    assert chat.pool.cancels == 0


def test_a_cancel_reaches_the_request_that_has_its_turn(make: Make, qtbot: QtBot) -> None:
    inference = make(ScriptedChat([[Text("Old"), Gate()], answer_script("Next.")]))
    first, second = asked("One"), asked("Two")
    running = inference.answer(first, make_model())
    inference.answer(second, make_model())
    qtbot.waitUntil(lambda: inference.state.phase is Phase.WRITING)
    inference.cancel(running)
    qtbot.waitUntil(lambda: not inference.running)
    assert first.messages[-1].state == "stopped"
    assert texts(second) == ["Two", "Next."]


def test_reasoning_is_told_apart_from_text(make: Make, qtbot: QtBot) -> None:
    steps: list[Step] = [
        Reasoning("Let me "),
        Reasoning("see."),
        Text("It "),
        Text("is."),
        End(reason="stop"),
    ]
    inference = make(ScriptedChat([steps]))
    said: list[tuple[str, str, int]] = []
    inference.reasoning.connect(lambda ticket, text, pieces: said.append(("reasoning", text, pieces)))
    inference.text.connect(lambda ticket, text, pieces: said.append(("text", text, pieces)))
    inference.answer(asked("One"), make_model())
    qtbot.waitUntil(lambda: not inference.running)
    kinds = [kind for kind, _, _ in said]
    assert kinds == sorted(kinds)
    assert "".join(text for kind, text, _ in said if kind == "reasoning") == "Let me see."
    assert "".join(text for kind, text, _ in said if kind == "text") == "It is."
    assert sum(pieces for _, _, pieces in said) == 4


def states_of(inference: Inference) -> list[EngineState]:
    """Every state that is told from now on."""
    told: list[EngineState] = []
    inference.state_changed.connect(told.append)
    return told


def wait(qtbot: QtBot, inference: Inference) -> None:
    qtbot.waitUntil(lambda: not inference.running and not inference._timer.isActive())


def test_nothing_of_the_model_before_is_said_of_the_next_one(make: Make, qtbot: QtBot) -> None:
    chat = ScriptedChat([answer_script()])
    inference = make(chat)
    inference.answer(asked("1"), make_model())
    wait(qtbot, inference)
    assert inference.state.tokens_per_second
    chat.pool.loading.insert(0, gate := Gate())
    told = states_of(inference)
    inference.load(OTHER)
    qtbot.waitUntil(lambda: inference.state.model == OTHER)
    assert inference.state == EngineState(phase=Phase.LOADING, model=OTHER)
    gate.opened.set()
    wait(qtbot, inference)
    assert {one.tokens_per_second for one in told} == {0.0}
    assert inference.state.phase is Phase.READY


@pytest.mark.parametrize("planned", [False, True])
def test_a_load_that_fails_is_said_of_its_own_model(make: Make, qtbot: QtBot, planned: bool) -> None:
    chat = ScriptedChat(machine=Machine(no_gpu()) if planned else None)
    inference = make(chat)
    inference.load(make_model())
    wait(qtbot, inference)
    chat.pool.loading = [UserError("engine-killed-loading", ErrorKind.MODEL, name="Other", status="9")]
    told = states_of(inference)
    inference.load(OTHER)
    wait(qtbot, inference)
    assert (inference.state.phase, inference.state.model) == (Phase.FAILED, OTHER)
    assert inference.state.report is None
    assert all(one.model == OTHER and one.report is None for one in told)


def test_after_a_crash_the_next_load_is_a_load_from_its_beginning(make: Make, qtbot: QtBot) -> None:
    died = UserError("engine-killed", ErrorKind.GENERATION, status="9")
    chat = ScriptedChat([[Text("On"), died], answer_script()])
    inference = make(chat)
    inference.answer(asked("1"), make_model())
    wait(qtbot, inference)
    assert (inference.state.phase, inference.state.report is None) == (Phase.FAILED, False)
    chat.pool.loading.insert(0, gate := Gate())
    inference.answer(asked("2"), make_model())
    qtbot.waitUntil(lambda: inference.state.phase is Phase.LOADING)
    assert inference.state.report is None
    gate.opened.set()
    wait(qtbot, inference)
    assert inference.state.phase is Phase.READY


def test_a_model_that_is_loaded_already_is_not_said_to_be_loading(make: Make, qtbot: QtBot) -> None:
    machine = Machine(no_gpu())
    chat = ScriptedChat([answer_script(), [gate := Gate(), *answer_script()]], machine=machine)
    inference = make(chat)
    inference.load(make_model())
    wait(qtbot, inference)
    told = states_of(inference)
    inference.answer(asked("1"), make_model())
    wait(qtbot, inference)
    # It is planned anew, and comes to the same.
    machine.settings = Settings(device="cpu")
    inference.answer(asked("2"), make_model())
    qtbot.waitUntil(lambda: len(chat.pool.requests) == 2 and not inference._mailbox)
    gate.opened.set()
    inference.load(make_model())
    wait(qtbot, inference)
    assert len(chat.pool.loads) == 1
    assert Phase.LOADING not in {one.phase for one in told}
    assert all(one.report is not None and one.memory_bytes for one in told)


def test_another_device_is_a_load_before_the_engine_says_so(make: Make, qtbot: QtBot) -> None:
    machine = Machine(two_devices())
    chat = ScriptedChat([answer_script()], machine=machine)
    inference = make(chat)
    inference.answer(asked("1"), make_model())
    wait(qtbot, inference)
    machine.settings = Settings(device="cpu")
    chat.pool.loading.insert(0, gate := Gate())
    inference.load(make_model())
    qtbot.waitUntil(lambda: inference.state.phase is Phase.LOADING)
    assert (inference.state.report, inference.state.memory_bytes) == (None, 0)
    gate.opened.set()
    wait(qtbot, inference)
    assert inference.state.phase is Phase.READY


def test_what_is_loaded_holds_where_another_load_never_begins(make: Make, qtbot: QtBot) -> None:
    chat = ScriptedChat([answer_script()])
    inference = make(chat)
    inference.answer(asked("1"), make_model())
    wait(qtbot, inference)
    before = inference.state
    chat.pool.busy = UserError("engine-busy", ErrorKind.GENERATION, name="Benchmark")
    inference.load(OTHER)
    wait(qtbot, inference)
    assert inference.state == before
    chat.pool.busy = None
    inference.load(dataclasses.replace(OTHER, problem=REFUSED))
    wait(qtbot, inference)
    assert inference.state == before


def test_only_a_model_of_the_engines_named_is_unloaded(make: Make, qtbot: QtBot) -> None:
    chat = ScriptedChat()
    inference = make(chat)
    inference.load(make_model())
    wait(qtbot, inference)
    inference.unload({SECOND})
    wait(qtbot, inference)
    assert inference.state.phase is Phase.READY
    inference.unload({FIRST})
    wait(qtbot, inference)
    assert chat.pool.loaded is None
    assert inference.state == EngineState()


def test_state_is_told_once_per_drain(make: Make, qtbot: QtBot) -> None:
    steps = [PromptProgress(processed=n, total=500, reused=0) for n in range(500)]
    inference = make(ScriptedChat([[*steps, End(reason="stop")]]))
    told: list[object] = []
    drains: list[object] = []
    inference.state_changed.connect(told.append)
    inference._timer.timeout.connect(lambda: drains.append(None))
    inference.answer(asked("Hello"), make_model())
    qtbot.waitUntil(lambda: not inference.running)
    assert len(told) <= len(drains)


def test_a_drain_ends_although_more_keeps_coming(
    make: Make, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_DRAIN_MOST_S", 60)
    inference = make(ScriptedChat([answer_script()]))
    drained: list[str] = []

    def add_another(ticket: int, text: str, pieces: int) -> None:
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
def test_a_full_mailbox_makes_its_writer_wait(make_room: Callable[[Mailbox[Text]], Any]) -> None:
    box: Mailbox[Text] = Mailbox(most=2)
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
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_STOP_WAIT_MS", 20)
    monkeypatch.setattr(module, "_END_WAIT_MS", 20)
    stuck, go_on = threading.Event(), threading.Event()

    def hang() -> ChatService:
        stuck.set()
        go_on.wait(30)
        raise REFUSED

    inference = Inference(hang)
    inference.answer(asked("Hello"), make_model())
    qtbot.waitUntil(stuck.is_set)
    assert not inference.shut_down()
    assert "left behind" in caplog.text
    go_on.set()
    assert inference._thread.wait(10_000)
    module._abandoned.clear()
