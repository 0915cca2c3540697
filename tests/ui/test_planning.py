"""How the program composes engines, devices and settings for the window."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from slmdesk.app import _Planning
from slmdesk.chat import ChatService
from slmdesk.engines import ENGINES
from slmdesk.library import InstalledModel
from slmdesk.storage import Database, ModelSettings, Paths, Settings
from tests.ui.machines import FIRST, SECOND


@pytest.fixture
def opened(paths: Paths) -> Iterator[tuple[_Planning, ChatService]]:
    planning = _Planning(Settings(idle_unload_minutes=5))
    database = Database(paths.database_file)
    chat = planning.open_chat(paths, database)
    yield planning, chat
    chat.pool.close()
    database.close()


def test_the_pool_frees_memory_after_the_time_that_is_set(opened: tuple[_Planning, ChatService]) -> None:
    planning, chat = opened
    times = [chat.pool.idle_s]
    for minutes in (0, 15):
        planning.take_settings(Settings(idle_unload_minutes=minutes))
        times.append(chat.pool.idle_s)
    assert times == [300, None, 900]


def test_an_engine_that_is_off_is_not_started(opened: tuple[_Planning, ChatService]) -> None:
    planning, _ = opened
    planning.take_settings(Settings(engines_off=(SECOND,)))
    found = planning.look_around(False)
    assert [one.name for one in found.engines] == list(ENGINES)
    first, second = found.engine(FIRST), found.engine(SECOND)
    assert first is not None
    assert first.version
    assert second is not None
    assert (second.version, second.problem) == ("", None)


def test_a_plan_obeys_the_settings_as_they_are(
    opened: tuple[_Planning, ChatService], starter: InstalledModel
) -> None:
    planning, _ = opened
    planning.take_settings(Settings(threads=1, context_length=512))
    assert planning.plan(starter).options.context_length == 512
    own = {str(starter.path): ModelSettings(context_length=256)}
    planning.take_settings(replace(Settings(threads=1), model_settings=own))
    options = planning.plan(starter).options
    assert (options.threads, options.context_length) == (1, 256)


def test_nothing_of_it_is_read_before_the_window_shows() -> None:
    script = "import sys, slmdesk.app; print(sorted(one for one in sys.modules if one in sys.argv[1:]))"
    late = ("slmdesk.engines", "slmdesk.chat", "slmdesk.hardware", "llama_cpp", "onnxruntime_genai", "numpy")
    done = subprocess.run([sys.executable, "-c", script, *late], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
