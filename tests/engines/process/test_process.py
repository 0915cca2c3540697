"""Plain work of an engine process: load, answer, count, cancel, close."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from slmdesk.engines import (
    ChatMessage,
    End,
    EngineProcess,
    GenerateRequest,
    LoadProgress,
    ProcessLimits,
    PromptProgress,
    Stats,
    Text,
    frames,
)
from slmdesk.engines.link import Entry
from slmdesk.messages import ErrorKind, UserError, error_sentences
from tests.engines.process.conftest import IMPATIENT, LIMITS, OPTIONS, REQUEST, Script, is_gone, settle
from tests.engines.process.scripted_engine import (
    PIECES,
    WHOLE,
    broken_library_entry,
    crash_at_start_entry,
    hang_at_start_entry,
    killed_at_start_entry,
    missing_package_entry,
    scripted_entry,
    unguarded_exit_entry,
)


def test_loads_and_answers(scripted_process: EngineProcess, script: Script) -> None:
    progress: list[LoadProgress] = []
    report = scripted_process.load(script(), OPTIONS, progress.append)
    assert report is not None
    assert report.context_length == 4096
    assert progress == [LoadProgress(0.5), LoadProgress(1.0)]
    events = list(scripted_process.generate(REQUEST))
    assert events[0] == PromptProgress(processed=5, total=10, reused=0)
    assert [event.text for event in events if isinstance(event, Text)] == list(PIECES)
    assert isinstance(events[-2], Stats)
    assert events[-1] == End(reason="stop")
    assert scripted_process.answers == 1
    assert scripted_process.resident_bytes() > 1_000_000


def test_unknown_pid_before_start(scripted_process: EngineProcess) -> None:
    assert scripted_process.pid is None
    assert not scripted_process.alive
    assert scripted_process.resident_bytes() == 0
    with pytest.raises(RuntimeError, match="no model"):
        next(scripted_process.generate(REQUEST))


def test_counts_tokens_while_generating(scripted_process: EngineProcess, script: Script) -> None:
    scripted_process.load(script(token="wait_for_cancel"), OPTIONS)
    answer = scripted_process.generate(REQUEST)
    assert [next(answer), next(answer)][1] == Text("one ")
    assert scripted_process.count_tokens((ChatMessage("user", "a b c"),)) == 3
    scripted_process.cancel()
    assert list(answer)[-1] == End(reason="cancelled")


def test_bug_while_counting(scripted_process: EngineProcess, script: Script) -> None:
    scripted_process.load(script(), OPTIONS)
    with pytest.raises(UserError) as caught:
        scripted_process.count_tokens((ChatMessage("user", "bug"),))
    assert caught.value.key == "engine-bug"
    assert "ZeroDivisionError" in caught.value.details
    assert "a mistake" not in caught.value.details.rpartition("\n")[2]


def test_cancel_mid_load(scripted_process: EngineProcess, script: Script) -> None:
    report = scripted_process.load(
        script(load="wait_for_cancel"), OPTIONS, lambda _: scripted_process.cancel()
    )
    assert report is None
    assert scripted_process.alive


def test_cancel_before_the_load_began(scripted_process: EngineProcess, script: Script) -> None:
    path = script(load="wait_for_cancel")
    results: list[object] = []
    loading = threading.Thread(target=lambda: results.append(scripted_process.load(path, OPTIONS)))
    loading.start()
    settle(lambda: scripted_process.pid is not None, "the process exists")
    scripted_process.cancel()
    loading.join(60)
    assert results == [None]


@pytest.mark.parametrize("phase", ["prompt", "token"])
def test_cancel_mid_answer(scripted_process: EngineProcess, script: Script, phase: str) -> None:
    scripted_process.load(script(**{phase: "wait_for_cancel"}, once=True), OPTIONS)
    answer = scripted_process.generate(REQUEST)
    events = [next(answer)]
    if phase == "token":
        events.append(next(answer))
    scripted_process.cancel()
    events += answer
    assert isinstance(events[-2], Stats)
    assert events[-1] == End(reason="cancelled")
    assert "".join(event.text for event in events if isinstance(event, Text)) != WHOLE
    assert list(scripted_process.generate(REQUEST))[-1] == End(reason="stop")


def test_a_cancel_never_reaches_the_next_answer(scripted_process: EngineProcess, script: Script) -> None:
    """The control thread is in the midst of cancelling one answer when the next is asked for."""
    scripted_process.load(script(slow_cancel=0.7, every_s=0.3), OPTIONS)
    answer = scripted_process.generate(REQUEST)
    next(answer)
    next(answer)
    scripted_process.cancel()
    assert list(answer)[-1] == End(reason="cancelled")
    assert list(scripted_process.generate(REQUEST))[-1] == End(reason="stop")


def test_closing_the_generator_cancels(scripted_process: EngineProcess, script: Script) -> None:
    scripted_process.load(script(token="wait_for_cancel", once=True), OPTIONS)
    answer = scripted_process.generate(REQUEST)
    next(answer)
    next(answer)
    answer.close()
    # Nothing of the first answer may show in the second.
    events = list(scripted_process.generate(REQUEST))
    assert [event.text for event in events if isinstance(event, Text)] == list(PIECES)
    assert events[-1] == End(reason="stop")


def test_a_second_call_meanwhile_is_a_bug(scripted_process: EngineProcess, script: Script) -> None:
    path = script(token="wait_for_cancel")
    scripted_process.load(path, OPTIONS)
    answer = scripted_process.generate(REQUEST)
    next(answer)
    with pytest.raises(RuntimeError, match=r"load\(\) was called while generate runs"):
        scripted_process.load(path, OPTIONS)
    with pytest.raises(RuntimeError, match=r"generate\(\) was called while generate runs"):
        next(scripted_process.generate(REQUEST))
    answer.close()


def test_close_while_answering_ends_the_answer(scripted_process: EngineProcess, script: Script) -> None:
    scripted_process.load(script(token="wait_for_cancel"), OPTIONS)
    answer = scripted_process.generate(REQUEST)
    next(answer)
    next(answer)
    scripted_process.close()
    assert list(answer) == [End(reason="cancelled")]
    assert not scripted_process.alive
    scripted_process.close()


def test_close_while_loading(scripted_process: EngineProcess, script: Script) -> None:
    assert scripted_process.load(script(load="park"), OPTIONS, lambda _: scripted_process.close()) is None
    pid = scripted_process.pid
    assert pid is not None
    assert is_gone(pid)


def test_closed_before_start(scripted_process: EngineProcess, script: Script) -> None:
    scripted_process.close()
    assert scripted_process.load(script(), OPTIONS) is None
    assert scripted_process.pid is None


def test_close_gives_all_memory_back(scripted_process: EngineProcess, script: Script) -> None:
    scripted_process.load(script(), OPTIONS)
    pid = scripted_process.pid
    assert pid is not None
    scripted_process.close()
    assert is_gone(pid)
    assert scripted_process.resident_bytes() == 0


def test_a_load_that_shows_life_may_be_slow(script: Script, tmp_path: Path) -> None:
    # 5 s of work, each step far below the limits; a fixed deadline of one step would have ended it.
    process = EngineProcess(
        "llama.cpp",
        log_file=tmp_path / "engine.log",
        limits=ProcessLimits(ping_s=0.1, silence_s=3, stall_s=3, cancel_s=3),
        entry=scripted_entry,
    )
    try:
        assert process.load(script(load="count_along"), OPTIONS) is not None
    finally:
        process.close()


def test_output_and_terminal(
    scripted_process: EngineProcess, script: Script, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    scripted_process.load(script(load="say_much"), OPTIONS)
    (file,) = (tmp_path / "logs").iterdir()
    log = file.read_text()
    assert "python out" in log
    assert "python err" in log
    assert "native out" in log
    assert "native err" in log
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("", "")


def test_a_log_that_cannot_be_written(script: Script, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    process = EngineProcess(
        "llama.cpp", log_file=tmp_path / "file" / "engine.log", limits=LIMITS, entry=scripted_entry
    )
    try:
        assert process.load(script(), OPTIONS) is not None
    finally:
        process.close()


def test_each_process_has_a_log_of_its_own(script: Script, tmp_path: Path) -> None:
    """What one process says must not be read as the last words of another."""
    folder = tmp_path / "logs"
    entries = [EngineProcess("llama.cpp", log_file=folder / "engine.log", limits=LIMITS, entry=scripted_entry)
               for _ in range(2)]  # fmt: skip
    try:
        for one, action in zip(entries, ("say_much", "count_once"), strict=True):
            one.load(script(load=action), OPTIONS)
        files = sorted(folder.iterdir(), key=lambda file: int(file.stem.rpartition("-")[2]))
        assert ["native out" in file.read_text() for file in files] == [True, False]
        assert all(file.stem.split("-")[1] == str(os.getpid()) for file in files)
        if sys.platform != "win32":
            assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
            assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        for one in entries:
            one.close()


def test_old_logs_are_tidied_and_those_in_use_kept(script: Script, tmp_path: Path) -> None:
    # No process has such a number; pid 1 always runs.
    gone = [tmp_path / f"engine-{2**30}-{number}.log" for number in range(20)]
    used = tmp_path / "engine-1-1.log"
    other = tmp_path / "slmdesk.log"
    for file in (used, other, *gone):
        file.write_text("old")
        os.utime(file, (1, 1))
    process = EngineProcess(
        "llama.cpp", log_file=tmp_path / "engine.log", limits=LIMITS, entry=scripted_entry
    )
    process.start()
    process.close()
    assert used.exists()
    assert other.exists()
    assert len(list(tmp_path.glob("engine-*.log"))) <= 11


def test_a_log_of_an_earlier_program_of_the_same_number_is_no_last_word(tmp_path: Path) -> None:
    process = EngineProcess(
        "llama.cpp", log_file=tmp_path / "engine.log", limits=LIMITS, entry=unguarded_exit_entry
    )
    for number in range(1, 2000):
        (tmp_path / f"engine-{os.getpid()}-{number}.log").write_text("out of memory")
    with pytest.raises(UserError) as caught:
        process.start()
    assert caught.value.key == "engine-crashed-starting"


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's own means")
def test_no_core_file_is_ever_written(
    scripted_process: EngineProcess, script: Script, tmp_path: Path
) -> None:
    import resource

    scripted_process.load(script(load="say_dumpable"), OPTIONS)
    pid = scripted_process.pid
    assert pid is not None
    assert resource.prlimit(pid, resource.RLIMIT_CORE)[0] == 0
    (log,) = (tmp_path / "logs").iterdir()
    assert "dumpable: 0" in log.read_text()
    # What a process that cannot be looked into must still show its parent.
    assert scripted_process.resident_bytes() > 1_000_000


@pytest.mark.parametrize(
    "flood", [{"text": ["x" * 100_000], "repeat": 1000}, {"text": ["x"], "repeat": 10**9}],
    ids=["text", "events"],
)  # fmt: skip
def test_an_answer_without_end(
    scripted_process: EngineProcess, script: Script, flood: dict[str, Any]
) -> None:
    scripted_process.load(script(**flood), OPTIONS)
    received = 0
    answer = scripted_process.generate(REQUEST)

    def receive() -> None:
        nonlocal received
        for event in answer:
            received += len(event.text) if isinstance(event, Text) else 0

    with pytest.raises(UserError) as caught:
        receive()
    assert caught.value.key == "engine-answer-garbled"
    assert received < 6_000_000
    assert not scripted_process.alive


def test_a_long_name_is_cut_and_loads(scripted_process: EngineProcess, script: Script) -> None:
    report = scripted_process.load(script(device="x" * 10_000), OPTIONS)
    assert report is not None
    assert len(report.device) == frames.STRING_LIMIT


def test_a_reader_that_meets_a_bug_ends_the_process(
    scripted_process: EngineProcess, script: Script, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    scripted_process.load(script(token="wait_for_cancel"), OPTIONS)
    answer = scripted_process.generate(REQUEST)
    next(answer)

    def fail(_data: bytes) -> frames.Frame:
        raise ZeroDivisionError("a word of the person")

    monkeypatch.setattr(frames, "decode_frame", fail)
    with pytest.raises(UserError) as caught:
        list(answer)
    assert caught.value.key == "engine-answer-garbled"
    assert not scripted_process.alive
    assert "ZeroDivisionError" in caplog.text
    assert "ZeroDivisionError: a word" not in caplog.text


@pytest.mark.parametrize("call", ["start", "describe"])
def test_closed_before_a_start_is_an_error_for_people(scripted_process: EngineProcess, call: str) -> None:
    scripted_process.close()
    with pytest.raises(UserError) as caught:
        getattr(scripted_process, call)()
    assert (caught.value.key, caught.value.kind) == ("engine-closed", ErrorKind.MODEL)


@pytest.mark.parametrize("call", ["start", "describe"])
@pytest.mark.parametrize("how", ["close", "cancel"])
def test_ended_while_starting(call: str, how: str, tmp_path: Path) -> None:
    process = EngineProcess(
        "llama.cpp", log_file=tmp_path / "engine.log", limits=IMPATIENT, entry=hang_at_start_entry
    )
    raised: list[UserError] = []

    def run() -> None:
        try:
            getattr(process, call)()
        except UserError as error:
            raised.append(error)

    starting = threading.Thread(target=run)
    starting.start()
    settle(lambda: process.pid is not None, "the process exists")
    getattr(process, how)()
    starting.join(60)
    process.close()
    (error,) = raised
    assert error.key == "engine-closed"


def test_no_network_in_the_engine_process(scripted_process: EngineProcess, script: Script) -> None:
    with pytest.raises(UserError) as caught:
        scripted_process.load(script(load="connect"), OPTIONS)
    assert "PermissionError" in caught.value.details
    assert "_refuse_network" in caught.value.details


def test_a_conversation_beyond_the_limit(scripted_process: EngineProcess, script: Script) -> None:
    scripted_process.load(script(), OPTIONS)
    huge = GenerateRequest(messages=(ChatMessage("user", "x" * frames.COMMAND_LIMIT),))
    with pytest.raises(UserError) as caught:
        list(scripted_process.generate(huge))
    assert caught.value.key == "engine-request-too-large"
    assert list(scripted_process.generate(REQUEST))[-1] == End(reason="stop")


def test_a_long_conversation_passes(scripted_process: EngineProcess, script: Script) -> None:
    scripted_process.load(script(), OPTIONS)
    long = GenerateRequest(messages=(ChatMessage("user", "x" * 5_000_000),))
    assert list(scripted_process.generate(long))[-1] == End(reason="stop")


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        (broken_library_entry, "engine-could-not-start"),
        (crash_at_start_entry, "engine-wrong-processor-starting"),
        (unguarded_exit_entry, "engine-crashed-starting"),
        (killed_at_start_entry, "engine-ended-by-system-starting"),
        (missing_package_entry, "engine-not-installed"),
    ],
)
def test_an_engine_that_cannot_start(entry: Entry, key: str, script: Script, tmp_path: Path) -> None:
    process = EngineProcess("llama.cpp", log_file=tmp_path / "engine.log", limits=LIMITS, entry=entry)
    with pytest.raises(UserError) as caught:
        process.load(script(), OPTIONS)
    assert caught.value.key == key
    assert caught.value.kind is ErrorKind.MODEL
    assert error_sentences(caught.value).what.endswith(" cannot be started.")
    process.close()
    assert not process.alive


def test_an_engine_that_never_gets_ready(script: Script, tmp_path: Path) -> None:
    limits = ProcessLimits(ping_s=0.1, start_s=2, silence_s=1, stall_s=1)
    process = EngineProcess(
        "llama.cpp", log_file=tmp_path / "engine.log", limits=limits, entry=hang_at_start_entry
    )
    with pytest.raises(UserError) as caught:
        process.load(script(), OPTIONS)
    assert caught.value.key == "engine-silent-starting"
    assert "within 2 s" in error_sentences(caught.value).why
    assert not process.alive


def test_nothing_is_left_over(script: Script, tmp_path: Path) -> None:
    path = script()

    def work() -> None:
        process = EngineProcess(
            "llama.cpp", log_file=tmp_path / "engine.log", limits=LIMITS, entry=scripted_entry
        )
        process.load(path, OPTIONS)
        list(process.generate(REQUEST))
        process.close()

    def held() -> tuple[int, int, int]:
        me = psutil.Process()
        return me.num_fds(), threading.active_count(), len(me.children())

    # The first start brings multiprocessing's own helper.
    work()
    before = held()
    for _ in range(3):
        work()
    assert held() == before


def test_importing_stays_light() -> None:
    heavy = (
        "llama_cpp, jinja2, psutil, multiprocessing, PySide6, huggingface_hub, slmdesk.net, slmdesk.storage"
    )
    code = (
        "import sys, slmdesk.engines, slmdesk.engines.child\n"
        f"print([name for name in '{heavy}'.split(', ') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
