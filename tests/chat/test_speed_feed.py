"""After each answer its speed is told to whoever wants to learn from it, and nothing else is."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import psutil
import pytest

from slmdesk.chat import ChatService, Conversation, ConversationStore
from slmdesk.chat.effort import EffortWatch
from slmdesk.engines import (
    End,
    EnginePool,
    Event,
    PromptProgress,
    Reasoning,
    Stats,
    Text,
    processor_seconds,
)
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Database
from tests.chat.scripted_pool import ANSWER, MODEL, STATS, ScriptedPool


@dataclass
class PoolWithProcess(ScriptedPool):
    """Its engine runs in this very process."""

    pid: int | None = None


class Listener:
    """Takes what is told, and when."""

    def __init__(self, script: list[Event | Exception], store: ConversationStore | None = None) -> None:
        self.told: list[tuple[Stats, float | None]] = []
        self.before: list[object] = []
        self.store = store
        pool = PoolWithProcess(script, pid=os.getpid())
        self.events: list[object] = []
        self.service = ChatService(cast(EnginePool, pool), store, record_run=self._take)
        self.conversation = Conversation()

    def _take(self, loaded: object, stats: Stats, share: float | None) -> None:
        self.told.append((stats, share))
        self.before = list(self.events)

    def answer(self) -> None:
        self.service.answer(self.conversation, "hello", model=MODEL, on_event=self.events.append)


def test_the_speed_is_told_once_when_all_else_is_done(tmp_path: Path) -> None:
    database = Database(tmp_path / "chats.db")
    store = ConversationStore(database)
    try:
        listener = Listener(list(ANSWER), store)
        listener.answer()
        assert [stats for stats, _ in listener.told] == [STATS]
        # The person has the whole answer before anything is learned from it, and the disk has it too.
        assert listener.before[-1] == End(reason="stop")
        kept = store.latest()
        assert kept is not None
        assert kept.messages[-1].text == "Hello"
    finally:
        database.close()


@pytest.mark.parametrize(
    "script",
    [
        [PromptProgress(processed=3, total=3, reused=0), Text("a"), End(reason="stop")],
        [Text("a"), STATS, End(reason="error")],
        [End(reason="cancelled")],
    ],
)
def test_without_figures_or_after_an_error_nothing_is_told(script: list[Event | Exception]) -> None:
    listener = Listener(script)
    listener.answer()
    assert listener.told == []


def test_an_answer_that_broke_off_tells_nothing_and_is_kept() -> None:
    listener = Listener([Text("so far"), UserError("engine-closed", ErrorKind.GENERATION)])
    with pytest.raises(UserError):
        listener.answer()
    assert listener.told == []
    assert listener.conversation.messages[-1].text == "so far"


def _share(*looks: tuple[float, float | None], events: list[Event], threads: int = 2) -> float | None:
    """What the watch finds; each look is the time, and the processor time had so far."""
    left = list(looks)

    def processor() -> float | None:
        return left[0][1]

    def clock() -> float:
        return left.pop(0)[0]

    watch = EffortWatch(processor, threads, clock)
    for event in events:
        watch.take(event)
    return watch.share


def test_the_effort_is_that_of_all_threads_from_the_first_words_on() -> None:
    progress = PromptProgress(processed=3, total=3, reused=0)
    events: list[Event] = [progress, Reasoning("a"), Text("b"), Text("c"), STATS, End(reason="stop")]
    assert _share((10.0, 5.0), (12.0, 9.0), events=events) == pytest.approx(1.0)
    assert _share((10.0, 5.0), (12.0, 7.0), events=events) == pytest.approx(0.5)
    assert _share((10.0, 5.0), (12.0, 7.0), events=events, threads=1) == pytest.approx(1.0)


def test_an_effort_that_cannot_be_seen_is_not_known() -> None:
    assert _share((1.0, None), (2.0, None), events=[Text("a"), STATS]) is None
    assert _share((1.0, 1.0), events=[STATS]) is None
    assert _share((1.0, 1.0), events=[Text("a")]) is None


def test_the_system_tells_the_processor_time_of_a_process() -> None:
    before = processor_seconds(os.getpid())
    assert before is not None
    began = time.process_time()
    while time.process_time() - began < 0.05:
        pass
    after = processor_seconds(os.getpid())
    assert after is not None
    assert 0.03 <= after - before < 5
    assert processor_seconds(None) is None
    assert processor_seconds(max(psutil.pids()) + 10**6) is None
