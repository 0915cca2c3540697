"""Every way in which an engine process dies, in every phase, and the sentence that comes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from slmdesk.engines import (
    Cause,
    EnginePool,
    EngineProcess,
    LoadProgress,
    PromptProgress,
    Text,
)
from slmdesk.engines.deaths import Death, classify, exit_status, last_words, start_error
from slmdesk.messages import ErrorKind, UserError, error_sentences
from tests.engines.process.conftest import (
    IMPATIENT,
    OPTIONS,
    REQUEST,
    Script,
    Starts,
    engine_processes,
    is_gone,
    settle,
)
from tests.engines.process.scripted_engine import WHOLE

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="limits another process")

PHASES = ("load", "prompt", "token")


class Conversation:
    """What a front does with a pool: loads, answers, and keeps the text so far."""

    def __init__(self, pool: EnginePool) -> None:
        self.pool = pool
        self.text = ""
        self.strike: object = None
        """Called with the pid in the middle of the phase that `at` names."""
        self.at = ""
        self._path = ""

    def say(self, path: str) -> None:
        self.text, self._path = "", path

        def on_progress(progress: LoadProgress) -> None:
            if progress.fraction == 0.5:
                self._strike("load")

        with self.pool.use(path, OPTIONS, on_progress) as lease:
            assert lease is not None
            for event in lease.process.generate(REQUEST):
                if isinstance(event, PromptProgress):
                    self._strike("prompt")
                elif isinstance(event, Text):
                    self.text += event.text
                    self._strike("token")

    def _strike(self, phase: str) -> None:
        strike, self.strike = (self.strike, None) if phase == self.at else (None, self.strike)
        if strike is not None:
            # The news of the phase arrives before the child is really in it.
            settle(Path(self._path).with_suffix(".done").exists, "the child has begun to act")
            (process,) = engine_processes()
            assert callable(strike)
            strike(process.pid)


@pytest.fixture
def conversation(scripted_pool: EnginePool) -> Conversation:
    return Conversation(scripted_pool)


def check_death(conversation: Conversation, path: str, phase: str, key: str) -> UserError:
    """One message that fits the phase tells of it, the text so far is kept, and the next one answers."""
    with pytest.raises(UserError) as caught:
        conversation.say(path)
    error = caught.value
    assert conversation.text == ("one " if phase == "token" else "")
    name = Path(path).name
    if phase == "load":
        assert error.key == f"{key}-loading"
        assert error.kind is ErrorKind.MODEL
        assert error_sentences(error).what == f"{name} cannot be loaded."
    else:
        assert error.key == key
        assert error.kind is ErrorKind.GENERATION
        assert error_sentences(error).what == "The engine stopped while it was answering."
    sentences = error_sentences(error)
    assert sentences.why
    assert sentences.do
    assert conversation.pool.loaded is None
    conversation.say(path)
    assert conversation.text == WHOLE
    return error


@pytest.mark.parametrize("phase", PHASES)
def test_native_abort(conversation: Conversation, script: Script, phase: str) -> None:
    error = check_death(conversation, script(once=True, **{phase: "abort"}), phase, "engine-crashed")
    assert error.details.startswith("SIGABRT\n")
    assert "Fatal Python error: Aborted" in error.details


@pytest.mark.parametrize("phase", PHASES)
def test_native_segmentation_fault(conversation: Conversation, script: Script, phase: str) -> None:
    error = check_death(conversation, script(once=True, **{phase: "segv"}), phase, "engine-crashed")
    assert error.details.startswith("SIGSEGV\n")
    assert "SIGSEGV" in error_sentences(error).why


@needs_posix
@pytest.mark.parametrize("phase", PHASES)
def test_an_instruction_that_the_processor_does_not_have(
    conversation: Conversation, script: Script, phase: str
) -> None:
    path = script(once=True, **{phase: "illegal_instruction"})
    error = check_death(conversation, path, phase, "engine-wrong-processor")
    assert error.details.startswith("SIGILL\n")
    sentences = error_sentences(error)
    assert "SIGILL" in sentences.why
    # It would end in the same way each time.
    assert "Send your message again" not in sentences.do
    assert "built for this processor" in sentences.do


@needs_posix
@pytest.mark.parametrize("phase", PHASES)
def test_killed_by_the_system(conversation: Conversation, script: Script, phase: str) -> None:
    conversation.at, conversation.strike = phase, lambda pid: os.kill(pid, signal.SIGKILL)
    path = script(once=True, **{phase: "park"})
    error = check_death(conversation, path, phase, "engine-ended-by-system")
    assert "memory" in error_sentences(error).why


@needs_posix
@pytest.mark.parametrize("phase", PHASES)
def test_stopped_process(conversation: Conversation, script: Script, starts: Starts, phase: str) -> None:
    starts.limits = IMPATIENT
    stopped: list[int] = []

    def stop(pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)
        stopped.append(pid)

    conversation.at, conversation.strike = phase, stop
    path = script(once=True, **{phase: "park"})
    error = check_death(conversation, path, phase, "engine-not-responding")
    assert "stopped responding" in error_sentences(error).why
    assert is_gone(stopped[0])


@needs_posix
@pytest.mark.parametrize("phase", PHASES)
def test_native_code_that_hangs(
    conversation: Conversation, script: Script, starts: Starts, phase: str
) -> None:
    """It still answers pings, so only its activity tells."""
    starts.limits = IMPATIENT
    check_death(conversation, script(once=True, **{phase: "park"}), phase, "engine-not-responding")


@needs_linux
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("how", ["eat_native_memory", "eat_python_memory"])
def test_address_space_limit(conversation: Conversation, script: Script, phase: str, how: str) -> None:
    import resource

    def limit(pid: int) -> None:
        now = psutil.Process(pid).memory_info().vms
        resource.prlimit(pid, resource.RLIMIT_AS, (now + 100_000_000, now + 100_000_000))

    conversation.at, conversation.strike = phase, limit
    path = script(once=True, **{phase: how})
    check_death(conversation, path, phase, "engine-out-of-memory")


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize(
    "what", ["not_a_frame", "pickled", "oversized", "unknown_error", "error_without_facts"]
)
def test_garbled_frames(conversation: Conversation, script: Script, phase: str, what: str) -> None:
    path = script(once=True, **{phase: what})
    check_death(conversation, path, phase, "engine-answer-garbled")
    assert not Path(path + ".trap").exists()


@needs_posix
def test_half_a_frame(conversation: Conversation, script: Script, starts: Starts) -> None:
    starts.limits = IMPATIENT
    check_death(conversation, script(once=True, token="half_a_frame"), "token", "engine-not-responding")


def test_a_child_that_only_closes_its_pipe(conversation: Conversation, script: Script) -> None:
    check_death(conversation, script(once=True, token="close_pipe"), "token", "engine-crashed")


def test_numbers_that_are_none(conversation: Conversation, script: Script) -> None:
    with pytest.raises(UserError) as caught:
        conversation.say(script(rate=-1.0))
    assert caught.value.key == "engine-answer-garbled"
    assert conversation.text == WHOLE


@pytest.mark.parametrize("phase", PHASES)
def test_bug_in_an_engine(
    conversation: Conversation, script: Script, phase: str, caplog: pytest.LogCaptureFixture
) -> None:
    error = check_death(conversation, script(once=True, **{phase: "bug"}), phase, "engine-bug")
    for report in (error.details, caplog.text):
        assert "ZeroDivisionError" in report
        assert "scripted_engine.py" in report
        # The message of an exception may quote the conversation.
        assert "Error: a mistake" not in report


def test_an_error_of_the_engine_leaves_it_alive(scripted_process: EngineProcess, script: Script) -> None:
    scripted_process.load(script(once=True, prompt="known_error"), OPTIONS)
    with pytest.raises(UserError) as caught:
        list(scripted_process.generate(REQUEST))
    error = caught.value
    assert (error.key, error.kind, error.details) == (
        "engine-request-too-large",
        ErrorKind.GENERATION,
        "why",
    )
    assert dict(error.facts) == {"size_bytes": 10, "limit_bytes": 5}
    assert scripted_process.alive
    assert "".join(e.text for e in scripted_process.generate(REQUEST) if isinstance(e, Text)) == WHOLE


def test_dead_between_answers(scripted_pool: EnginePool, script: Script) -> None:
    path = script()
    with scripted_pool.use(path, OPTIONS) as lease:
        assert lease is not None
        process = lease.process
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSEGV)
    settle(lambda: scripted_pool.loaded is None, "the death is noticed without any call")
    assert is_gone(process.pid)
    assert process.resident_bytes() == 0
    with scripted_pool.use(path, OPTIONS) as lease:
        assert lease is not None
        assert lease.loaded_now


def test_stopping_a_hung_answer_ends_it_as_cancelled(
    impatient_process: EngineProcess, script: Script
) -> None:
    impatient_process.load(script(token="park"), OPTIONS)
    answer = impatient_process.generate(REQUEST)
    next(answer)
    next(answer)
    impatient_process.cancel()
    (end,) = list(answer)
    assert end.reason == "cancelled"  # type: ignore[union-attr]
    assert impatient_process.death is not None
    assert impatient_process.death.cause is Cause.NOT_RESPONDING


def test_cancelling_a_hung_load(impatient_process: EngineProcess, script: Script) -> None:
    assert impatient_process.load(script(load="park"), OPTIONS, lambda _: impatient_process.cancel()) is None
    assert not impatient_process.alive


PARENT = """
import signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.engines.process.conftest import OPTIONS, REQUEST
from tests.engines.process.scripted_engine import scripted_entry
from slmdesk.engines import EngineProcess

if __name__ == "__main__":
    # Whoever runs the tests (nohup, a job in the background) may have had them ignored, which is inherited.
    for name in ("SIGHUP", "SIGTERM"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = EngineProcess("llama.cpp", log_file=Path(sys.argv[3]), entry=scripted_entry)
    process.load(sys.argv[2], OPTIONS)
    answer = process.generate(REQUEST)
    next(answer)
    next(answer)
    print(process.pid, flush=True)
    if sys.argv[4] == "wait":
        next(answer)
"""


def start_parent(tmp_path: Path, model: str, then: str) -> subprocess.Popen[str]:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    root = str(Path(__file__).parents[3])
    return subprocess.Popen(
        [sys.executable, str(script), root, model, str(tmp_path / "engine.log"), then],
        stdout=subprocess.PIPE,
        text=True,
    )


@needs_posix
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGHUP"])
def test_a_killed_parent_leaves_no_child_behind(script: Script, tmp_path: Path, name: str) -> None:
    how = signal.Signals[name]
    with start_parent(tmp_path, script(token="park"), "wait") as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        family = psutil.Process(parent.pid).children(recursive=True)
        assert pid in [child.pid for child in family]
        parent.send_signal(how)
        assert parent.wait(60) == -how
        settle(lambda: not any(is_running(child) for child in family), "the children end with their parent")


def test_a_parent_that_just_ends_leaves_no_child_behind(script: Script, tmp_path: Path) -> None:
    with start_parent(tmp_path, script(token="park"), "end") as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert parent.wait(60) == 0
        assert is_gone(pid)


@needs_posix
def test_a_parent_that_ends_with_a_stopped_child(script: Script, tmp_path: Path) -> None:
    """multiprocessing alone would wait for it forever."""
    with start_parent(tmp_path, script(token="park"), "wait") as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.kill(pid, signal.SIGSTOP)
        parent.send_signal(signal.SIGINT)
        parent.wait(60)
        assert is_gone(pid)


@needs_posix
def test_ctrl_c_belongs_to_the_parent(scripted_process: EngineProcess, script: Script) -> None:
    scripted_process.load(script(), OPTIONS)
    pid = scripted_process.pid
    assert pid is not None
    os.kill(pid, signal.SIGINT)
    assert "".join(e.text for e in scripted_process.generate(REQUEST) if isinstance(e, Text)) == WHOLE


def is_running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("code", "log", "platform", "cause", "status"),
    [
        (-9, "", "linux", Cause.ENDED_BY_SYSTEM, "SIGKILL"),
        (-15, "", "linux", Cause.ENDED_BY_SYSTEM, "SIGTERM"),
        (-11, "", "linux", Cause.CRASHED, "SIGSEGV"),
        (-6, "GGML_ASSERT(n > 0) failed", "linux", Cause.CRASHED, "SIGABRT"),
        (-6, "terminate called: 'std::bad_alloc'", "linux", Cause.OUT_OF_MEMORY, "SIGABRT"),
        (-11, "ggml_aligned_malloc: insufficient memory", "linux", Cause.OUT_OF_MEMORY, "SIGSEGV"),
        (1, "Could not allocate the key-value cache buffer of", "linux", Cause.OUT_OF_MEMORY, "exit code 1"),
        (1, "Traceback\nMemoryError", "linux", Cause.OUT_OF_MEMORY, "exit code 1"),
        (0, "", "linux", Cause.CRASHED, "exit code 0"),
        (None, "", "linux", Cause.CRASHED, "exit code unknown"),
        (-250, "", "linux", Cause.CRASHED, "signal 250"),
        (0xC0000005, "", "win32", Cause.CRASHED, "exit code 0xC0000005 (access violation)"),
        (-1073741819, "", "win32", Cause.CRASHED, "exit code 0xC0000005 (access violation)"),
        (3, "", "win32", Cause.CRASHED, "exit code 3 (abort)"),
        (-4, "", "linux", Cause.WRONG_PROCESSOR, "SIGILL"),
        (0xC000001D, "", "win32", Cause.WRONG_PROCESSOR, "exit code 0xC000001D (illegal instruction)"),
        (-1073741795, "", "win32", Cause.WRONG_PROCESSOR, "exit code 0xC000001D (illegal instruction)"),
        (0xC0000017, "", "win32", Cause.OUT_OF_MEMORY, "exit code 0xC0000017 (no memory)"),
        (1, "", "win32", Cause.CRASHED, "exit code 1"),
    ],
)  # fmt: skip
def test_exit_codes(code: int | None, log: str, platform: str, cause: Cause, status: str) -> None:
    assert classify(code, log, platform=platform) is cause
    assert exit_status(code, platform=platform) == status


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ("", ""),
        ("Traceback (most recent call last):\n  File\nOSError: no lib\n", "OSError: no lib"),
        (
            "SIGSEGV\nan older line\nFatal Python error: Segmentation fault\n\nCurrent thread",
            "Segmentation fault",
        ),
        ("SIGABRT\nwhat(): bad\nFatal Python error: Aborted\n\nExtension modules: x", "what(): bad"),
        ("SIGABRT\nFatal Python error: Aborted\n\nExtension modules: x", "Aborted"),
        ("exit code 0xC0000005\nWindows fatal exception: access violation\n\nThread", "access violation"),
    ],
)
def test_what_was_said_last(details: str, said: str) -> None:
    assert last_words(details) == said


def test_an_engine_that_gets_ready_and_then_hangs() -> None:
    death = Death(Cause.NOT_RESPONDING, "SIGKILL", "")
    assert start_error(death, engine="One", limit_s=30.0).facts["seconds"] == 30.0
    assert start_error(death, engine="One").key == "engine-stuck-starting"
    # That it was killed from here is no reason.
    assert start_error(death, engine="One").details == ""
