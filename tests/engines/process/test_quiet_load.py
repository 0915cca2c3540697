"""Loads during which the process cannot answer: it is judged by what the system says of it from outside."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from slmdesk.engines import EngineProcess, LoadProgress
from slmdesk.engines.deaths import Cause
from slmdesk.engines.outside_signs import OutsideSigns
from slmdesk.messages import UserError
from tests.engines.process.conftest import LIMITS, OPTIONS, settle
from tests.engines.process.quiet_engine import quiet_entry

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a PyDLL of the C library")

Model = Callable[[str, float], str]


@pytest.fixture
def model(tmp_path: Path) -> Model:
    def write(load: str, seconds: float) -> str:
        file = tmp_path / f"{load}.gguf"
        file.write_text(json.dumps({"load": load, "seconds": seconds}))
        return str(file)

    return write


@pytest.fixture
def process(tmp_path: Path) -> Iterator[EngineProcess]:
    # Silence is what a process that cannot answer is not to be judged by.
    limits = replace(LIMITS, silence_s=0.5, stall_s=3)
    process = EngineProcess("llama.cpp", log_file=tmp_path / "engine.log", limits=limits, entry=quiet_entry)
    yield process
    process.close()


def test_a_load_that_works_may_be_silent_for_longer_than_any_limit(
    process: EngineProcess, model: Model
) -> None:
    assert process.load(model("work", 5), OPTIONS) is not None
    assert process.alive


def test_a_load_that_hangs_is_ended(process: EngineProcess, model: Model) -> None:
    with pytest.raises(UserError) as caught:
        process.load(model("hang", 600), OPTIONS)
    assert caught.value.key == "engine-not-responding-loading"
    assert process.death is not None
    assert process.death.cause is Cause.NOT_RESPONDING


@pytest.mark.parametrize("kind", ["work", "hang"])
def test_a_cancel_ends_it_at_once(tmp_path: Path, model: Model, kind: str) -> None:
    # With limits of a minute each: nothing but the cancel can end it.
    process = EngineProcess("llama.cpp", log_file=tmp_path / "engine.log", limits=LIMITS, entry=quiet_entry)
    begun, results = threading.Event(), []

    def load() -> None:
        def started(_: LoadProgress) -> None:
            begun.set()

        results.append(process.load(model(kind, 600), OPTIONS, started))

    loading = threading.Thread(target=load)
    loading.start()
    assert begun.wait(60)
    process.cancel()
    loading.join(60)
    try:
        assert results == [None]
        assert process.death is not None
        assert process.death.cause is Cause.CLOSED
    finally:
        process.close()


def test_signs_from_outside(tmp_path: Path) -> None:
    go = tmp_path / "go"
    script = (
        f"import os, sys, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\nsys.stdin.read(1)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as child:
        signs = OutsideSigns(child.pid)
        settle(signs.moved, "it starts and polls, which takes processor time")
        go.touch()
        # Once it only waits, it does nothing.
        settle(lambda: not signs.moved() and not signs.moved(), "it waits")
        assert not OutsideSigns(child.pid).moved()
        child.kill()
        child.communicate()
        assert OutsideSigns(child.pid).moved() is False
