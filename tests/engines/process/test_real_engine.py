"""The real starter model in a real engine process: what a person meets when llama.cpp dies, and then."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from slmdesk.engines import (
    ChatMessage,
    End,
    EnginePool,
    EngineProcess,
    Event,
    GenerateRequest,
    LoadOptions,
    ProcessLimits,
    PromptProgress,
    Reasoning,
    Sampling,
    Stats,
    Text,
)
from slmdesk.engines.child import child_main
from slmdesk.engines.link import Entry
from slmdesk.messages import ErrorKind, UserError, error_sentences
from tests.engines.llama_cpp.rewritten import with_template
from tests.engines.process.conftest import IMPATIENT, LIMITS, is_gone
from tests.engines.process.striking_engine import llama_abort_entry, striking_entry
from tests.engines.reasoning.templates import OPENED

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="limits another process")

# A step of the real engine may take long; only a stopped process is silent.
WATCHFUL = replace(IMPATIENT, silence_s=5, stall_s=60)
OPTIONS = LoadOptions(threads=1, context_length=2048, batch_size=64)
SYSTEM = ChatMessage("system", "You are a helpful assistant.")
GREEDY = Sampling(temperature=0)
SHORT = GenerateRequest(
    messages=(SYSTEM, ChatMessage("user", "What is the capital of France?")), sampling=GREEDY, max_tokens=24
)
LONG_PROMPT = GenerateRequest(
    messages=(SYSTEM, ChatMessage("user", "Please count the words. " * 100)), sampling=GREEDY, max_tokens=4
)
STORY = GenerateRequest(messages=(SYSTEM, ChatMessage("user", "Tell me about the sea.")), sampling=GREEDY)


class FirstWatched:
    """Starts real engine processes; the first one with limits that find it stopped soon."""

    def __init__(self, first: ProcessLimits, entry: Entry = child_main) -> None:
        self._limits = iter((first,))
        self._entry = entry

    def __call__(self, engine: str, *, log_file: Path) -> EngineProcess:
        limits = next(self._limits, LIMITS)
        return EngineProcess(engine, log_file=log_file, limits=limits, entry=self._entry)


@pytest.fixture(scope="module")
def starter(starter_file: Path) -> str:
    return str(starter_file)


@pytest.fixture
def real_pool(tmp_path: Path) -> Iterator[EnginePool]:
    pool = EnginePool(tmp_path / "logs", start=partial(EngineProcess, limits=LIMITS))
    yield pool
    pool.close()


@pytest.fixture
def watched_pool(tmp_path: Path) -> Iterator[EnginePool]:
    pool = EnginePool(tmp_path / "logs", start=FirstWatched(WATCHFUL))
    yield pool
    pool.close()


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Text))


def ask(
    pool: EnginePool,
    path: str,
    request: GenerateRequest = SHORT,
    on_event: Callable[[Event, int], None] = lambda _event, _pid: None,
    into: list[Event] | None = None,
) -> list[Event]:
    """The events of an answer, also in `into`, where those before a death stay."""
    events = into if into is not None else []
    with pool.use(path, OPTIONS) as lease:
        assert lease is not None
        assert lease.process.pid is not None
        for event in lease.process.generate(request):
            events.append(event)
            on_event(event, lease.process.pid)
    return events


def check_answers_again(pool: EnginePool, path: str) -> None:
    events = ask(pool, path)
    assert "Paris" in text_of(events)
    assert isinstance(events[-2], Stats)
    assert isinstance(events[-1], End)


def strike_at(phase: str, strike: Callable[[int], None]) -> Callable[[Event, int], None]:
    """Strikes once, from outside: in the midst of the prompt, or after the third piece of text."""
    pieces: list[str] = []
    struck: list[int] = []

    def on_event(event: Event, pid: int) -> None:
        if isinstance(event, Text):
            pieces.append(event.text)
        halfway = isinstance(event, PromptProgress) and 0 < event.processed < event.total / 2
        if not struck and (halfway if phase == "prompt" else len(pieces) == 3):
            struck.append(pid)
            strike(pid)

    return on_event


# By name: not every system has all of them.
SIGNALS = [
    ("SIGABRT", "engine-crashed"),
    ("SIGSEGV", "engine-crashed"),
    ("SIGKILL", "engine-ended-by-system"),
    ("SIGSTOP", "engine-not-responding"),
]


@pytest.mark.parametrize("phase", ["prompt", "token"])
@pytest.mark.parametrize(("name", "key"), SIGNALS, ids=[name for name, _ in SIGNALS])
def test_death_while_answering(
    real_pool: EnginePool, watched_pool: EnginePool, starter: str, phase: str, name: str, key: str
) -> None:
    pool, number = watched_pool if name == "SIGSTOP" else real_pool, signal.Signals[name]
    events: list[Event] = []
    request = LONG_PROMPT if phase == "prompt" else SHORT
    with pytest.raises(UserError) as caught:
        ask(pool, starter, request, strike_at(phase, lambda pid: os.kill(pid, number)), events)
    assert caught.value.key == key
    assert caught.value.kind is ErrorKind.GENERATION
    assert bool(text_of(events)) is (phase == "token")
    assert pool.loaded is None
    assert pool.resident_bytes() == 0
    check_answers_again(pool, starter)


STRIKES = [
    ("abort", "engine-crashed-loading"),
    ("segv", "engine-crashed-loading"),
    ("kill", "engine-ended-by-system-loading"),
    ("stop", "engine-not-responding-loading"),
]


@pytest.mark.parametrize(("strike", "key"), STRIKES, ids=[strike for strike, _ in STRIKES])
def test_death_inside_the_native_load(starter: str, tmp_path: Path, strike: str, key: str) -> None:
    entry = partial(striking_entry, strike, str(tmp_path / "struck"))
    pool = EnginePool(tmp_path, start=FirstWatched(WATCHFUL if strike == "stop" else LIMITS, entry))
    try:
        with pytest.raises(UserError) as caught:
            ask(pool, starter)
        assert caught.value.key == key
        assert caught.value.kind is ErrorKind.MODEL
        assert "cannot be loaded" in error_sentences(caught.value).what
        check_answers_again(pool, starter)
    finally:
        pool.close()


@needs_linux
def test_address_space_limit_inside_the_native_load(starter: str, tmp_path: Path) -> None:
    entry = partial(striking_entry, "limit", str(tmp_path / "struck"))
    pool = EnginePool(tmp_path, start=partial(EngineProcess, limits=LIMITS, entry=entry))
    try:
        with pytest.raises(UserError) as caught:
            ask(pool, starter)
        # llama.cpp returns NULL for a KV cache that does not fit, and aborts for smaller things.
        assert caught.value.key in ("context-refused", "engine-out-of-memory-loading")
        assert caught.value.kind is ErrorKind.MODEL
        check_answers_again(pool, starter)
    finally:
        pool.close()


@needs_linux
@pytest.mark.parametrize("phase", ["prompt", "token"])
def test_address_space_limit_while_answering(real_pool: EnginePool, starter: str, phase: str) -> None:
    """No new memory at all. What was reserved may be enough; if not, it is told as a lack of memory."""
    import resource

    def limit(pid: int) -> None:
        now = psutil.Process(pid).memory_info().vms
        resource.prlimit(pid, resource.RLIMIT_AS, (now, now))

    request = LONG_PROMPT if phase == "prompt" else SHORT
    events: list[Event] = []
    failures: list[str] = []
    try:
        ask(real_pool, starter, request, strike_at(phase, limit), events)
    except UserError as error:
        failures.append(error.key)
    assert failures == ["engine-out-of-memory"] or isinstance(events[-1], End)
    real_pool.unload()
    check_answers_again(real_pool, starter)


def test_abort_by_llama_cpp_itself(starter: str, tmp_path: Path) -> None:
    entry = partial(llama_abort_entry, str(tmp_path / "struck"))
    pool = EnginePool(tmp_path, start=partial(EngineProcess, limits=LIMITS, entry=entry))
    events: list[Event] = []
    try:
        with pytest.raises(UserError) as caught:
            ask(pool, starter, into=events)
        assert caught.value.key == "engine-crashed"
        assert text_of(events)
        check_answers_again(pool, starter)
    finally:
        pool.close()


@pytest.mark.parametrize("phase", ["prompt", "token"])
def test_cancel(real_pool: EnginePool, starter: str, phase: str) -> None:
    request = LONG_PROMPT if phase == "prompt" else SHORT
    events = ask(real_pool, starter, request, strike_at(phase, lambda _pid: real_pool.cancel()))
    assert events[-1] == End(reason="cancelled")
    stats = events[-2]
    assert isinstance(stats, Stats)
    assert stats.generated_tokens < 24
    assert real_pool.loaded is not None
    check_answers_again(real_pool, starter)


def test_cancel_mid_load(real_pool: EnginePool, starter: str) -> None:
    with real_pool.use(starter, OPTIONS, lambda _: real_pool.cancel()) as lease:
        assert lease is None
    check_answers_again(real_pool, starter)


def test_counting_while_generating(real_pool: EnginePool, starter: str) -> None:
    with real_pool.use(starter, OPTIONS) as lease:
        assert lease is not None
        idle = lease.process.count_tokens(SHORT.messages)
        answer = lease.process.generate(SHORT)
        next(answer)
        assert lease.process.count_tokens(SHORT.messages) == idle
        *_, stats, _ = answer
        assert isinstance(stats, Stats)
        assert stats.prompt_tokens == idle


def test_closing_the_generator_leaves_the_model_loaded(real_pool: EnginePool, starter: str) -> None:
    with real_pool.use(starter, OPTIONS) as lease:
        assert lease is not None
        answer = lease.process.generate(LONG_PROMPT)
        next(answer)
        answer.close()
        events = list(lease.process.generate(SHORT))
    assert "Paris" in text_of(events)
    assert real_pool.loaded is not None


def test_unload_gives_all_memory_back(real_pool: EnginePool, starter: str) -> None:
    with real_pool.use(starter, OPTIONS) as lease:
        assert lease is not None
        pid = lease.process.pid
        assert pid is not None
    # Weights of 92 MiB and the library are in memory.
    assert real_pool.resident_bytes() > 100 * 1024 * 1024
    real_pool.unload()
    assert is_gone(pid)
    assert real_pool.resident_bytes() == 0


def test_files_that_cannot_be_loaded(real_pool: EnginePool, starter: str, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    with Path(starter).open("rb") as whole:
        cut.write_bytes(whole.read(3_000_000))
    for path in (cut, tmp_path, tmp_path / "missing.gguf", Path(__file__)):
        with pytest.raises(UserError) as caught, real_pool.use(str(path), OPTIONS):
            pass
        assert caught.value.kind is ErrorKind.MODEL
        assert error_sentences(caught.value).why
        assert real_pool.loaded is None


def test_reasoning_comes_through_the_pipe(real_pool: EnginePool, starter_file: Path, tmp_path: Path) -> None:
    path = str(with_template(starter_file, OPENED, tmp_path / "thinks.gguf"))
    counts: list[int | None] = []

    def count_once(event: Event, _pid: int) -> None:
        # Without a lease, in the middle of somebody else's.
        if isinstance(event, Reasoning) and not counts:
            counts.append(real_pool.count_tokens(SHORT.messages))

    events = ask(real_pool, path, on_event=count_once)
    loaded = real_pool.loaded
    assert loaded is not None
    assert loaded.report.thinking == "always"
    reasoning = "".join(event.text for event in events if isinstance(event, Reasoning))
    assert len(reasoning) > 20
    # The starter was never taught to close it.
    assert text_of(events) == ""
    assert isinstance(events[-1], End)
    assert isinstance(events[-2], Stats)
    assert counts == [events[-2].prompt_tokens]


def test_an_answer_goes_on_after_the_engine_died(real_pool: EnginePool, starter: str) -> None:
    """As if it had been written in one go: the beginning is read again, and then continued."""
    whole = text_of(ask(real_pool, starter, replace(STORY, max_tokens=40)))
    cut = text_of(ask(real_pool, starter, replace(STORY, max_tokens=20)))
    real_pool.unload()
    rest = ask(real_pool, starter, replace(STORY, max_tokens=20, answer_so_far=cut))
    assert cut + text_of(rest) == whole
