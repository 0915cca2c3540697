"""Who is loaded, and what happens to a model that keeps ending its engine."""

from __future__ import annotations

import os
import queue
import signal
import threading
from pathlib import Path

import pytest

from slmdesk.engines import (
    ChatMessage,
    End,
    EngineFacts,
    EnginePool,
    EngineProcess,
    Lease,
    Loaded,
    LoadOptions,
    LoadProgress,
    engine_for,
    engine_names,
    probe_engine,
)
from slmdesk.messages import UserError, error_sentences
from tests.engines.process.conftest import LIMITS, OPTIONS, REQUEST, Script, is_gone, settle
from tests.engines.process.scripted_engine import broken_library_entry, scripted_entry


def pid_of(pool: EnginePool, path: str, options: LoadOptions = OPTIONS) -> tuple[int, bool]:
    with pool.use(path, options) as lease:
        assert lease is not None
        assert lease.process.pid is not None
        return lease.process.pid, lease.loaded_now


def test_a_model_stays_loaded(scripted_pool: EnginePool, script: Script) -> None:
    path = script()
    first, loaded_now = pid_of(scripted_pool, path)
    assert loaded_now
    assert pid_of(scripted_pool, path) == (first, False)
    loaded = scripted_pool.loaded
    assert isinstance(loaded, Loaded)
    assert (loaded.path, loaded.options, loaded.report.engine) == (path, OPTIONS, "scripted")
    assert scripted_pool.resident_bytes() > 1_000_000


def test_nothing_loaded(scripted_pool: EnginePool) -> None:
    assert scripted_pool.loaded is None
    assert scripted_pool.resident_bytes() == 0
    scripted_pool.cancel()
    scripted_pool.unload()


def test_another_model_or_other_options_replace_it(scripted_pool: EnginePool, script: Script) -> None:
    path = script()
    first, _ = pid_of(scripted_pool, path)
    second, loaded_now = pid_of(scripted_pool, path, LoadOptions(context_length=512))
    assert loaded_now
    assert is_gone(first)
    third, _ = pid_of(scripted_pool, script())
    assert is_gone(second)
    assert not is_gone(third)


def test_the_old_process_is_gone_before_the_next_one_loads(script: Script, tmp_path: Path) -> None:
    alive: list[int] = []
    pids: list[int] = []

    def start(engine: str, *, log_file: Path) -> EngineProcess:
        alive.append(sum(not is_gone(pid) for pid in pids))
        return EngineProcess(engine, log_file=log_file, limits=LIMITS, entry=scripted_entry)

    pool = EnginePool(tmp_path, start=start)
    for _ in range(3):
        pids.append(pid_of(pool, script())[0])
    pool.close()
    assert alive == [0, 0, 0]


def test_unload_gives_all_memory_back(scripted_pool: EnginePool, script: Script) -> None:
    path = script()
    pid, _ = pid_of(scripted_pool, path)
    scripted_pool.unload()
    assert is_gone(pid)
    assert scripted_pool.loaded is None
    assert scripted_pool.resident_bytes() == 0
    scripted_pool.unload()
    assert pid_of(scripted_pool, path)[1]


def test_cancel_mid_load(scripted_pool: EnginePool, script: Script) -> None:
    path = script(load="wait_for_cancel", once=True)
    with scripted_pool.use(path, OPTIONS, lambda _: scripted_pool.cancel()) as lease:
        assert lease is None
    assert scripted_pool.loaded is None
    assert pid_of(scripted_pool, path)[1]


def test_cancel_before_the_process_is_up(scripted_pool: EnginePool, script: Script) -> None:
    path = script(load="wait_for_cancel")
    leases: list[Lease | None] = []

    def use() -> None:
        with scripted_pool.use(path, OPTIONS) as lease:
            leases.append(lease)

    using = threading.Thread(target=use)
    using.start()
    settle(lambda: scripted_pool._use is not None, "the use has begun")
    scripted_pool.cancel()
    using.join(30)
    assert leases == [None]


def test_unload_while_answering(scripted_pool: EnginePool, script: Script) -> None:
    with scripted_pool.use(script(token="wait_for_cancel"), OPTIONS) as lease:
        assert lease is not None
        answer = lease.process.generate(REQUEST)
        next(answer)
        next(answer)
        scripted_pool.unload()
        # With its figures, where the engine was quick to stop before its process ended.
        assert list(answer)[-1] == End(reason="cancelled")
    assert scripted_pool.loaded is None


def test_a_second_thread_waits_its_turn(scripted_pool: EnginePool, script: Script) -> None:
    first, second = script(), script()
    order: list[str] = []
    waiting = threading.Event()

    def use_second() -> None:
        waiting.set()
        with scripted_pool.use(second, OPTIONS) as lease:
            assert lease is not None
            order.append("second")

    other = threading.Thread(target=use_second)
    with scripted_pool.use(first, OPTIONS) as lease:
        assert lease is not None
        other.start()
        waiting.wait(10)
        assert list(lease.process.generate(REQUEST))[-1] == End(reason="stop")
        order.append("first")
    other.join(30)
    assert order == ["first", "second"]


def test_use_inside_use_is_a_bug(scripted_pool: EnginePool, script: Script) -> None:
    path = script()
    with (
        scripted_pool.use(path, OPTIONS),
        pytest.raises(RuntimeError, match="inside"),
        scripted_pool.use(path, OPTIONS),
    ):
        pass


def test_closed_for_good(scripted_pool: EnginePool, script: Script) -> None:
    path = script()
    pid, _ = pid_of(scripted_pool, path)
    scripted_pool.close()
    scripted_pool.close()
    assert is_gone(pid)
    with pytest.raises(RuntimeError, match="closed"), scripted_pool.use(path, OPTIONS):
        pass


def say(pool: EnginePool, path: str, kill: signal.Signals | None = None) -> None:
    """Have one answer; `kill` ends the process before it."""
    with pool.use(path, OPTIONS) as lease:
        assert lease is not None
        assert lease.process.pid is not None
        if kill is not None:
            os.kill(lease.process.pid, kill)
        list(lease.process.generate(REQUEST))


def die(pool: EnginePool, path: str) -> UserError:
    with pytest.raises(UserError) as caught:
        say(pool, path)
    return caught.value


@pytest.mark.parametrize("phase", ["load", "prompt", "token"])
def test_a_model_that_killed_its_engine_twice(scripted_pool: EnginePool, script: Script, phase: str) -> None:
    path = script(**{phase: "segv"})
    for _ in range(2):
        assert die(scripted_pool, path).key.startswith("engine-crashed")
    refused = die(scripted_pool, path)
    assert refused.key == "engine-killed-twice"
    assert Path(path).name in error_sentences(refused).what
    assert scripted_pool.loaded is None
    # Another model is not to blame.
    assert pid_of(scripted_pool, script())[1]
    scripted_pool.forgive(path)
    assert die(scripted_pool, path).key.startswith("engine-crashed")


def test_another_file_of_the_same_name_starts_afresh(scripted_pool: EnginePool, script: Script) -> None:
    path = script(load="segv")
    for _ in range(2):
        die(scripted_pool, path)
    Path(path).write_text("{}")
    assert pid_of(scripted_pool, path)[1]


def test_a_finished_answer_clears_the_count(scripted_pool: EnginePool, script: Script) -> None:
    path = script()
    for _ in range(3):
        say(scripted_pool, path)
        with pytest.raises(UserError) as caught:
            say(scripted_pool, path, signal.SIGKILL)
        assert caught.value.key == "engine-ended-by-system"


@pytest.mark.parametrize("what", ["bug", "known_error"])
def test_errors_that_kill_nothing_do_not_count(scripted_pool: EnginePool, script: Script, what: str) -> None:
    path = script(prompt=what)
    for _ in range(3):
        assert die(scripted_pool, path).key in ("engine-bug", "engine-request-too-large")


def test_an_idle_death_is_told(scripted_pool: EnginePool, script: Script) -> None:
    told: queue.SimpleQueue[UserError] = queue.SimpleQueue()
    scripted_pool.on_idle_death = told.put
    path = script()
    for _ in range(2):
        pid, loaded_now = pid_of(scripted_pool, path)
        assert loaded_now
        os.kill(pid, signal.SIGKILL)
        error = told.get(timeout=30)
        assert scripted_pool.loaded is None
        assert (error.key, error.facts["status"]) == ("engine-ended", "SIGKILL")
        assert error_sentences(error).do
    # Inside a `use`, between two answers, nobody else would say it either.
    with scripted_pool.use(path, OPTIONS) as lease:
        assert lease is not None
        assert lease.process.pid is not None
        os.kill(lease.process.pid, signal.SIGKILL)
        assert told.get(timeout=30).key == "engine-ended"


def test_a_death_that_a_call_tells_of_is_not_told_twice(scripted_pool: EnginePool, script: Script) -> None:
    told: list[UserError] = []
    scripted_pool.on_idle_death = told.append
    assert die(scripted_pool, script(token="segv")).key == "engine-crashed"
    assert die(scripted_pool, script(load="segv")).key == "engine-crashed-loading"
    assert pid_of(scripted_pool, script())[1]
    scripted_pool.unload()
    assert pid_of(scripted_pool, script())[1]
    scripted_pool.close()
    assert told == []


def test_a_cancel_that_is_not_obeyed_yet_is_seen(scripted_pool: EnginePool, script: Script) -> None:
    scripted_pool.cancel()
    seen = [scripted_pool.stopping]
    with scripted_pool.use(script(token="wait_for_cancel", slow_cancel=0.3), OPTIONS) as lease:
        assert lease is not None
        answer = lease.process.generate(REQUEST)
        next(answer)
        seen.append(scripted_pool.stopping)
        scripted_pool.cancel()
        seen.append(scripted_pool.stopping)
        assert list(answer)[-1] == End(reason="cancelled")
        seen.append(scripted_pool.stopping)
    assert [*seen, scripted_pool.stopping] == [False, False, True, False, False]


def test_a_cancelled_load_is_seen(scripted_pool: EnginePool, script: Script) -> None:
    seen: list[bool] = []

    def cancel(_: LoadProgress) -> None:
        seen.append(scripted_pool.stopping)
        scripted_pool.cancel()
        seen.append(scripted_pool.stopping)

    with scripted_pool.use(script(load="wait_for_cancel"), OPTIONS, cancel) as lease:
        assert lease is None
    assert seen == [False, True]
    assert not scripted_pool.stopping


COUNTED = (ChatMessage("user", "how many words"),)


def test_tokens_are_counted_without_a_lease(scripted_pool: EnginePool, script: Script) -> None:
    assert scripted_pool.count_tokens(COUNTED) is None
    path = script(token="wait_for_cancel")
    with scripted_pool.use(path, OPTIONS) as lease:
        assert lease is not None
        answer = lease.process.generate(REQUEST)
        next(answer), next(answer)
        counts: list[int | None] = []
        other = threading.Thread(target=lambda: counts.append(scripted_pool.count_tokens(COUNTED)))
        other.start()
        other.join(30)
        # The answer is still being written.
        assert counts == [3]
        scripted_pool.cancel()
        assert list(answer)[-1] == End(reason="cancelled")
    assert scripted_pool.count_tokens(COUNTED) == 3
    scripted_pool.unload()
    assert scripted_pool.count_tokens(COUNTED) is None


def test_counting_says_what_is_wrong_with_the_messages_and_not_that_the_engine_is_gone(
    scripted_pool: EnginePool, script: Script
) -> None:
    path = script()
    pid_of(scripted_pool, path)
    with pytest.raises(UserError) as caught:
        scripted_pool.count_tokens((ChatMessage("user", "known error"),))
    assert caught.value.key == "engine-request-too-large"
    assert not pid_of(scripted_pool, path)[1]
    # A bug ends the engine, and what is gone counts nothing.
    assert scripted_pool.count_tokens((ChatMessage("user", "bug"),)) is None
    assert scripted_pool.loaded is None


def test_which_engine(tmp_path: Path) -> None:
    assert engine_names()[0] == "llama.cpp"
    header = tmp_path / "model.bin"
    header.write_bytes(b"GGUF")
    for path in (header, tmp_path / "a.GGUF", tmp_path, tmp_path / "nothing"):
        assert engine_for(str(path)) == "llama.cpp"


def test_probe_of_the_real_engine() -> None:
    facts = probe_engine("llama.cpp")
    assert facts.problem is None
    assert facts.version
    assert Path(facts.library).exists()
    assert "cpu" in [device.kind for device in facts.devices]


def test_probe_of_a_broken_library() -> None:
    facts = probe_engine("llama.cpp", limits=LIMITS, entry=broken_library_entry)
    assert isinstance(facts, EngineFacts)
    assert facts.problem is not None
    assert facts.problem.key == "engine-could-not-start"
    assert "libllama.so" in facts.problem.details


def test_probe_of_something_undescribed() -> None:
    facts = probe_engine("llama.cpp", limits=LIMITS, entry=scripted_entry)
    assert facts.problem is not None
    assert facts.problem.key == "engine-bug"
