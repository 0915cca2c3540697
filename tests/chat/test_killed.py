"""kill -9 while an answer streams, through the real pool and process into a real database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from slmdesk.chat import ConversationStore
from slmdesk.storage import Database, Paths
from tests.long_conversations import store_long_conversation

WaitUntil = Callable[[Callable[[], object], str], None]

ROOT = Path(__file__).parents[2]
QUESTION = "What is it that you think?"
PIECES = [f"{number} " for number in range(2_000)]
EVERY_S = 0.01
MOST_LOST_S = 1.0


def read_report(file: Path) -> list[tuple[float, str, str]]:
    lines = file.read_text(encoding="utf-8").split("\n")[:-1] if file.exists() else []
    return [(float(moment), kind, piece) for moment, kind, piece in (line.split(" ", 2) for line in lines)]


@pytest.mark.parametrize(
    ("think", "at"),
    [(0, 0), (0, 1), (0, 250), (2_000, 180), (150, 320)],
    ids=["before a word", "at the first word", "in the text", "in a thought", "after a thought"],
)
def test_a_killed_program_loses_a_second_of_text_at_most_and_no_message(
    database: Database, paths: Paths, tmp_path: Path, wait_until: WaitUntil, think: int, at: int
) -> None:
    number = store_long_conversation(database, 40)
    store = ConversationStore(database)
    before = store.load(number)
    assert before is not None
    model, report = tmp_path / "model.gguf", tmp_path / "report"
    model.write_text(json.dumps({"text": PIECES, "every_s": EVERY_S, "think": think}))
    arguments = [str(database.file), str(number), QUESTION, str(model), str(paths.logs), str(report)]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.chat.answer_until_killed", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as program:
        if at:
            wait_until(lambda: len(read_report(report)) >= at or program.poll() is not None, "it answers")
        else:
            stored = "SELECT 1 FROM message WHERE text = ?"
            wait_until(lambda: database.read(stored, (QUESTION,)), "the question is stored")
        assert program.poll() is None
        engines = psutil.Process(program.pid).children(recursive=True)
        program.kill()
        killed_at = time.monotonic()
    # Who inherits a dead process may be long in fetching it.
    wait_until(
        lambda: all(not one.is_running() or one.status() == psutil.STATUS_ZOMBIE for one in engines),
        "the engine ends with the program",
    )

    after = store.load(number)
    assert after is not None
    question_at = len(before.messages)
    assert after.messages[:question_at] == before.messages
    assert (after.messages[question_at].text, after.messages[question_at].state) == (QUESTION, "complete")
    streamed = read_report(report)
    answers = after.messages[question_at + 1 :]
    whole = {"reasoning": "".join(PIECES[:think]), "text": "".join(PIECES[think:])}
    for kind, kept in (
        ("reasoning", "".join(one.reasoning for one in answers)),
        ("text", "".join(one.text for one in answers)),
    ):
        assert whole[kind].startswith(kept)
        owed = [
            piece for moment, what, piece in streamed if what == kind and moment < killed_at - MOST_LOST_S
        ]
        assert kept.startswith("".join(owed))
    assert bool(answers) or len(streamed) * EVERY_S < MOST_LOST_S
    assert [one.state for one in answers] == ["stopped"] * len(answers)
    assert all(one.can_be_continued for one in answers)
