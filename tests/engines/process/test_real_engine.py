"""Real models in real engine processes: what a person meets when native code dies, and then."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
from tests.engines.process.paced_engine import paced_entry
from tests.engines.process.striking_engine import llama_abort_entry, striking_entry
from tests.engines.reasoning.templates import OPENED
from tests.engines.shared.models import REAL_ONNX, TINY_ONNX

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="limits another process")

# A step of the real engine may take long; only a stopped process is silent.
WATCHFUL = replace(IMPATIENT, silence_s=5, stall_s=60)
# A load that cannot answer is judged by the other limit.
STRICT = replace(WATCHFUL, stall_s=5)
OPTIONS = LoadOptions(threads=1, context_length=1024, batch_size=64)
SYSTEM = ChatMessage("system", "You are a helpful assistant.")
GREEDY = Sampling(temperature=0)
SHORT = GenerateRequest(
    messages=(SYSTEM, ChatMessage("user", "What is the capital of France?")), sampling=GREEDY, max_tokens=24
)
LONG_PROMPT = GenerateRequest(
    messages=(SYSTEM, ChatMessage("user", "Please count the words. " * 40)), sampling=GREEDY, max_tokens=4
)
STORY = GenerateRequest(messages=(SYSTEM, ChatMessage("user", "Tell me about the sea.")), sampling=GREEDY)


class FirstWatched:
    """Starts real engine processes; the first one with limits that find it stopped soon."""

    def __init__(self, first: ProcessLimits, entry: Entry) -> None:
        self._limits = iter((first,))
        self._entry = entry

    def __call__(self, engine: str, *, log_file: Path) -> EngineProcess:
        limits = next(self._limits, LIMITS)
        return EngineProcess(engine, log_file=log_file, limits=limits, entry=self._entry)


@dataclass(frozen=True)
class RealModel:
    """A model, the process that it runs in, and what is in its answer to `SHORT`."""

    path: str
    entry: Entry = child_main
    says: str = ""
    is_exact: bool = False
    """Whether several tokens at once are evaluated to the same numbers as one after the other."""


@pytest.fixture(scope="module", params=["starter.gguf", "tiny-onnx"])
def real(request: pytest.FixtureRequest) -> RealModel:
    if request.param == "tiny-onnx":
        return RealModel(str(TINY_ONNX), paced_entry)
    return RealModel(str(request.getfixturevalue("starter_file")), says="Paris", is_exact=True)


@pytest.fixture(scope="module", params=["starter.gguf", "smollm2-onnx"])
def real_and_large(request: pytest.FixtureRequest) -> RealModel:
    """One whose KV cache is worth a limit."""
    if request.param == "starter.gguf":
        return RealModel(str(request.getfixturevalue("starter_file")), says="Paris", is_exact=True)
    if not REAL_ONNX.is_dir():
        pytest.skip(f"the model {REAL_ONNX.name} is not there")
    return RealModel(str(REAL_ONNX))


@pytest.fixture(scope="module")
def starter(starter_file: Path) -> RealModel:
    return RealModel(str(starter_file), says="Paris", is_exact=True)


def make_pool(real: RealModel, tmp_path: Path) -> EnginePool:
    return EnginePool(tmp_path / "logs", start=partial(EngineProcess, limits=LIMITS, entry=real.entry))


@pytest.fixture
def real_pool(real: RealModel, tmp_path: Path) -> Iterator[EnginePool]:
    pool = make_pool(real, tmp_path)
    yield pool
    pool.close()


@pytest.fixture
def watched_pool(real: RealModel, tmp_path: Path) -> Iterator[EnginePool]:
    pool = EnginePool(tmp_path / "logs", start=FirstWatched(WATCHFUL, real.entry))
    yield pool
    pool.close()


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Text))


def ask(
    pool: EnginePool,
    real: RealModel,
    request: GenerateRequest = SHORT,
    on_event: Callable[[Event, int], None] = lambda _event, _pid: None,
    into: list[Event] | None = None,
) -> list[Event]:
    """The events of an answer, also in `into`, where those before a death stay."""
    events = into if into is not None else []
    with pool.use(real.path, OPTIONS) as lease:
        assert lease is not None
        assert lease.process.pid is not None
        for event in lease.process.generate(request):
            events.append(event)
            on_event(event, lease.process.pid)
    return events


def check_answers_again(pool: EnginePool, real: RealModel) -> None:
    events = ask(pool, real)
    assert text_of(events)
    assert real.says in text_of(events)
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
    real_pool: EnginePool, watched_pool: EnginePool, real: RealModel, phase: str, name: str, key: str
) -> None:
    pool, number = watched_pool if name == "SIGSTOP" else real_pool, signal.Signals[name]
    events: list[Event] = []
    request = LONG_PROMPT if phase == "prompt" else SHORT
    with pytest.raises(UserError) as caught:
        ask(pool, real, request, strike_at(phase, lambda pid: os.kill(pid, number)), events)
    assert caught.value.key == key
    assert caught.value.kind is ErrorKind.GENERATION
    assert bool(text_of(events)) is (phase == "token")
    assert pool.loaded is None
    assert pool.resident_bytes() == 0
    check_answers_again(pool, real)


STRIKES = [
    ("abort", "engine-crashed-loading"),
    ("segv", "engine-crashed-loading"),
    ("kill", "engine-ended-by-system-loading"),
    ("stop", "engine-not-responding-loading"),
]


@pytest.mark.parametrize(("strike", "key"), STRIKES, ids=[strike for strike, _ in STRIKES])
def test_death_inside_the_load(real: RealModel, tmp_path: Path, strike: str, key: str) -> None:
    entry = partial(striking_entry, strike, str(tmp_path / "struck"))
    pool = EnginePool(tmp_path, start=FirstWatched(STRICT if strike == "stop" else LIMITS, entry))
    try:
        with pytest.raises(UserError) as caught:
            ask(pool, real)
        assert caught.value.key == key
        assert caught.value.kind is ErrorKind.MODEL
        assert "cannot be loaded" in error_sentences(caught.value).what
        check_answers_again(pool, real)
    finally:
        pool.close()


@needs_linux
def test_address_space_limit_inside_the_load(real_and_large: RealModel, tmp_path: Path) -> None:
    real = real_and_large
    entry = partial(striking_entry, "limit", str(tmp_path / "struck"))
    pool = EnginePool(tmp_path, start=partial(EngineProcess, limits=LIMITS, entry=entry))
    try:
        with pytest.raises(UserError) as caught:
            ask(pool, real)
        # llama.cpp returns NULL for a KV cache that does not fit, and aborts for smaller things.
        assert caught.value.key in ("context-refused", "engine-out-of-memory-loading")
        assert caught.value.kind is ErrorKind.MODEL
        check_answers_again(pool, real)
    finally:
        pool.close()


@needs_linux
@pytest.mark.parametrize("phase", ["prompt", "token"])
def test_address_space_limit_while_answering(real_pool: EnginePool, real: RealModel, phase: str) -> None:
    """No new memory at all. What was reserved may be enough; if not, it is told as a lack of memory."""
    import resource

    def limit(pid: int) -> None:
        now = psutil.Process(pid).memory_info().vms
        resource.prlimit(pid, resource.RLIMIT_AS, (now, now))

    request = LONG_PROMPT if phase == "prompt" else SHORT
    events: list[Event] = []
    failures: list[str] = []
    try:
        ask(real_pool, real, request, strike_at(phase, limit), events)
    except UserError as error:
        failures.append(error.key)
    assert failures == ["engine-out-of-memory"] or isinstance(events[-1], End)
    real_pool.unload()
    check_answers_again(real_pool, real)


def test_abort_by_llama_cpp_itself(starter: RealModel, tmp_path: Path) -> None:
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
def test_cancel(real_pool: EnginePool, real: RealModel, phase: str) -> None:
    request = LONG_PROMPT if phase == "prompt" else SHORT
    events = ask(real_pool, real, request, strike_at(phase, lambda _pid: real_pool.cancel()))
    assert events[-1] == End(reason="cancelled")
    stats = events[-2]
    assert isinstance(stats, Stats)
    assert stats.generated_tokens < 24
    assert real_pool.loaded is not None
    check_answers_again(real_pool, real)


def test_cancel_mid_load(real_pool: EnginePool, real: RealModel) -> None:
    with real_pool.use(real.path, OPTIONS, lambda _: real_pool.cancel()) as lease:
        assert lease is None
    check_answers_again(real_pool, real)


def test_counting_while_generating(real_pool: EnginePool, real: RealModel) -> None:
    with real_pool.use(real.path, OPTIONS) as lease:
        assert lease is not None
        idle = lease.process.count_tokens(SHORT.messages)
        answer = lease.process.generate(SHORT)
        next(answer)
        assert lease.process.count_tokens(SHORT.messages) == idle
        *_, stats, _ = answer
        assert isinstance(stats, Stats)
        assert stats.prompt_tokens == idle


def test_closing_the_generator_leaves_the_model_loaded(real_pool: EnginePool, real: RealModel) -> None:
    with real_pool.use(real.path, OPTIONS) as lease:
        assert lease is not None
        answer = lease.process.generate(LONG_PROMPT)
        next(answer)
        answer.close()
        events = list(lease.process.generate(SHORT))
    assert real.says in text_of(events)
    assert real_pool.loaded is not None


def test_unload_gives_all_memory_back(real_pool: EnginePool, real: RealModel) -> None:
    with real_pool.use(real.path, OPTIONS) as lease:
        assert lease is not None
        pid = lease.process.pid
        assert pid is not None
    # The weights and the libraries are in memory.
    assert real_pool.resident_bytes() > Path(real.path).stat().st_size + 40 * 1024 * 1024
    real_pool.unload()
    assert is_gone(pid)
    assert real_pool.resident_bytes() == 0


def test_files_that_cannot_be_loaded(starter_file: Path, tmp_path: Path) -> None:
    pool = EnginePool(tmp_path / "logs", start=partial(EngineProcess, limits=LIMITS))
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(starter_file.read_bytes()[:3_000_000])
    try:
        for path in (cut, tmp_path, tmp_path / "missing.gguf", Path(__file__)):
            with pytest.raises(UserError) as caught, pool.use(str(path), OPTIONS):
                pass
            assert caught.value.kind is ErrorKind.MODEL
            assert error_sentences(caught.value).why
            assert pool.loaded is None
    finally:
        pool.close()


def test_reasoning_comes_through_the_pipe(starter_file: Path, tmp_path: Path) -> None:
    thinking = RealModel(str(with_template(starter_file, OPENED, tmp_path / "thinks.gguf")))
    pool = make_pool(thinking, tmp_path)
    try:
        check_reasoning(pool, thinking)
    finally:
        pool.close()


def check_reasoning(real_pool: EnginePool, thinking: RealModel) -> None:
    counts: list[int | None] = []

    def count_once(event: Event, _pid: int) -> None:
        # Without a lease, in the middle of somebody else's.
        if isinstance(event, Reasoning) and not counts:
            counts.append(real_pool.count_tokens(SHORT.messages))

    events = ask(real_pool, thinking, on_event=count_once)
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


def test_an_answer_goes_on_after_the_engine_died(real_pool: EnginePool, real: RealModel) -> None:
    """The beginning is read again, and then continued; where that can be, as if written in one go."""
    whole = text_of(ask(real_pool, real, replace(STORY, max_tokens=40)))
    cut = text_of(ask(real_pool, real, replace(STORY, max_tokens=20)))
    real_pool.unload()
    rest = ask(real_pool, real, replace(STORY, max_tokens=20, answer_so_far=cut))
    assert text_of(rest)
    if real.is_exact:
        assert cut + text_of(rest) == whole
