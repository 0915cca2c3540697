"""Several threads at one pool: waiting for a turn, having the engines alone, and no deadlock."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from slmdesk.engines import Alone, ChatMessage, End, EnginePool, Lease, LoadOptions
from slmdesk.messages import ErrorKind, UserError, error_sentences
from tests.engines.process.conftest import OPTIONS, REQUEST, Script, engine_processes, is_gone, settle
from tests.engines.process.feather_process import Feathers

COUNTED = (ChatMessage("user", "how many words"),)
BENCHMARK = "Benchmark"


class Worker:
    """A thread whose outcome can be asked for."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.result: object = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(work,))
        self._thread.start()

    def _run(self, work: Callable[[], object]) -> None:
        try:
            self.result = work()
        except BaseException as error:  # noqa: BLE001 - raised where it is asked for
            self.error = error

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def get(self) -> object:
        self._thread.join(120)
        assert not self.running
        if self.error is not None:
            raise self.error
        return self.result


def lease_in(pool: EnginePool | Alone, path: str, options: LoadOptions = OPTIONS) -> Lease | None:
    with pool.use(path, options) as lease:
        return lease


def pid_in(pool: EnginePool | Alone, path: str) -> int:
    lease = lease_in(pool, path)
    assert lease is not None
    assert lease.process.pid is not None
    return lease.process.pid


def is_waiting(pool: EnginePool, number: int) -> bool:
    """Whether so many wait for a turn, besides who has it."""
    return len(pool._turns._queue) - 1 == number


@contextmanager
def alone_in(pool: EnginePool, name: str = BENCHMARK) -> Iterator[Alone]:
    with pool.exclusive(name) as alone:
        assert alone is not None
        yield alone


def test_a_second_model_waits_for_the_first_and_then_replaces_it(
    scripted_pool: EnginePool, script: Script
) -> None:
    first, second = script(), script()
    with scripted_pool.use(first, OPTIONS) as lease:
        assert lease is not None
        other = Worker(lambda: pid_in(scripted_pool, second))
        settle(lambda: is_waiting(scripted_pool, 1), "the other thread waits")
        assert list(lease.process.generate(REQUEST))[-1] == End(reason="stop")
        pid = lease.process.pid
        assert pid is not None
        assert not is_gone(pid)
    assert other.get() != pid
    assert is_gone(pid)
    assert scripted_pool.loaded is not None
    assert scripted_pool.loaded.path == second


def test_turns_come_in_the_order_they_were_asked_for(scripted_pool: EnginePool, script: Script) -> None:
    path = script()
    order: list[int] = []

    def take(number: int) -> None:
        with scripted_pool.use(path, OPTIONS):
            order.append(number)

    with scripted_pool.use(path, OPTIONS):
        others = []
        for number in range(5):
            others.append(Worker(partial(take, number)))
            settle(partial(is_waiting, scripted_pool, number + 1), "it waits")
    for other in others:
        other.get()
    assert order == [0, 1, 2, 3, 4]


def test_cancel_ends_a_wait_for_a_turn_at_once(scripted_pool: EnginePool, script: Script) -> None:
    first, second = script(), script()
    with scripted_pool.use(first, OPTIONS) as lease:
        assert lease is not None
        others = [Worker(lambda: lease_in(scripted_pool, second)) for _ in range(2)]
        settle(lambda: is_waiting(scripted_pool, 2), "the other threads wait")
        scripted_pool.cancel()
        # This thread has its turn all along.
        assert [other.get() for other in others] == [None, None]
        assert is_waiting(scripted_pool, 0)
        assert list(lease.process.generate(REQUEST))[-1] == End(reason="stop")
    # A cancel reaches nobody who comes later.
    assert lease_in(scripted_pool, second) is not None


def test_cancel_reaches_the_answer_of_the_one_and_the_wait_of_the_other(
    scripted_pool: EnginePool, script: Script
) -> None:
    path = script(token="wait_for_cancel")
    with scripted_pool.use(path, OPTIONS) as lease:
        assert lease is not None
        answer = lease.process.generate(REQUEST)
        next(answer)
        other = Worker(lambda: lease_in(scripted_pool, script()))
        settle(lambda: is_waiting(scripted_pool, 1), "the other thread waits")
        scripted_pool.cancel()
        assert list(answer)[-1] == End(reason="cancelled")
        assert other.get() is None


def test_unload_and_close_end_a_wait_too(scripted_pool: EnginePool, script: Script) -> None:
    path = script()
    for end in (scripted_pool.unload, scripted_pool.close):
        with scripted_pool.use(path, OPTIONS):
            other = Worker(lambda: lease_in(scripted_pool, path))
            settle(lambda: is_waiting(scripted_pool, 1), "the other thread waits")
            end()
            assert other.get() is None
    with pytest.raises(RuntimeError, match="closed"), scripted_pool.exclusive(BENCHMARK):
        pass


def test_an_error_in_a_block_gives_the_turn_back(scripted_pool: EnginePool, script: Script) -> None:
    path = script()
    with pytest.raises(ZeroDivisionError), scripted_pool.use(path, OPTIONS):
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), alone_in(scripted_pool):
        raise ZeroDivisionError
    assert scripted_pool.busy_with is None
    assert Worker(lambda: lease_in(scripted_pool, path)).get() is not None


def test_alone(scripted_pool: EnginePool, script: Script) -> None:
    path, other_path = script(), script()
    before = pid_in(scripted_pool, path)
    with alone_in(scripted_pool) as alone:
        assert is_gone(before)
        names = [scripted_pool.busy_with]
        pid = pid_in(alone, path)
        # Equal wishes reuse what is loaded, as with everybody.
        assert pid_in(alone, path) == pid
        assert pid_in(alone, other_path) != pid
        assert is_gone(pid)
        with alone.use(path, OPTIONS) as lease:
            assert lease is not None
            assert list(lease.process.generate(REQUEST))[-1] == End(reason="stop")
        pid = pid_in(alone, path)
        alone.unload()
        assert is_gone(pid)
        pid_in(alone, path)
    # Nobody else knows of what it loaded.
    assert engine_processes() == []
    assert [*names, scripted_pool.busy_with] == [BENCHMARK, None]
    assert pid_in(scripted_pool, path)


def test_everybody_else_is_told_who_has_the_engines_alone(scripted_pool: EnginePool, script: Script) -> None:
    path = script()
    with alone_in(scripted_pool) as alone, alone.use(path, OPTIONS):
        # Its model is nobody else's, neither to see nor to count with.
        assert scripted_pool.loaded is None
        assert scripted_pool.count_tokens(COUNTED) is None
        assert scripted_pool.resident_bytes() > 1_000_000
        with pytest.raises(UserError) as caught:
            Worker(lambda: lease_in(scripted_pool, path)).get()
    assert (caught.value.key, caught.value.kind) == ("engine-busy", ErrorKind.GENERATION)
    assert BENCHMARK in error_sentences(caught.value).why


def test_it_waits_for_earlier_uses_and_lets_no_later_one_in(
    scripted_pool: EnginePool, script: Script
) -> None:
    path = script()
    order: list[str] = []

    def second() -> None:
        with scripted_pool.use(path, OPTIONS):
            order.append("second")

    def measure() -> None:
        with alone_in(scripted_pool) as alone:
            order.append("alone")
            assert lease_in(alone, path) is not None

    with scripted_pool.use(path, OPTIONS) as lease:
        assert lease is not None
        earlier = Worker(second)
        settle(lambda: is_waiting(scripted_pool, 1), "a second thread waits")
        measuring = Worker(measure)
        settle(lambda: scripted_pool.busy_with, "the benchmark waits")
        with pytest.raises(UserError, match="engine-busy"):
            Worker(lambda: lease_in(scripted_pool, path)).get()
        # Until it has its turn, all is as it was for those before it.
        assert scripted_pool.loaded is not None
        assert list(lease.process.generate(REQUEST))[-1] == End(reason="stop")
        order.append("first")
    earlier.get()
    measuring.get()
    assert order == ["first", "second", "alone"]


def test_two_who_want_it_alone_come_one_after_the_other(scripted_pool: EnginePool, script: Script) -> None:
    path = script()
    inside: list[str] = []

    def measure(name: str) -> None:
        with alone_in(scripted_pool, name) as alone:
            assert lease_in(alone, path) is not None
            inside.append(name)

    with alone_in(scripted_pool, "one"):
        other = Worker(lambda: measure("two"))
        settle(lambda: is_waiting(scripted_pool, 1), "the other waits")
        assert scripted_pool.busy_with == "one"
        inside.append("one")
    other.get()
    assert inside == ["one", "two"]


def test_who_has_it_alone_is_cancelled_by_name(scripted_pool: EnginePool, script: Script) -> None:
    path = script(token="wait_for_cancel")
    with alone_in(scripted_pool) as alone:
        with alone.use(path, OPTIONS) as lease:
            assert lease is not None
            answer = lease.process.generate(REQUEST)
            next(answer)
            # The Stop button of a chat is not meant for it.
            scripted_pool.cancel()
            untouched = (alone.cancelled, scripted_pool.stopping)
            scripted_pool.cancel(BENCHMARK)
            assert list(answer)[-1] == End(reason="cancelled")
        assert untouched == (False, False)
        # Nor does it go on with the next model.
        assert alone.cancelled
        assert lease_in(alone, path) is None


@pytest.mark.parametrize("end", [lambda pool: pool.cancel(BENCHMARK), EnginePool.unload, EnginePool.close])
def test_its_wait_can_be_cancelled(
    scripted_pool: EnginePool, script: Script, end: Callable[[EnginePool], None]
) -> None:
    def measure() -> Alone | None:
        with scripted_pool.exclusive(BENCHMARK) as alone:
            return alone

    with scripted_pool.use(script(), OPTIONS):
        measuring = Worker(measure)
        settle(lambda: scripted_pool.busy_with, "the benchmark waits")
        scripted_pool.cancel("Another")
        assert measuring.running
        end(scripted_pool)
        assert measuring.get() is None
        assert scripted_pool.busy_with is None


def test_unload_ends_what_is_done_alone(scripted_pool: EnginePool, script: Script) -> None:
    path = script(token="wait_for_cancel")
    with alone_in(scripted_pool) as alone, alone.use(path, OPTIONS) as lease:
        assert lease is not None
        answer = lease.process.generate(REQUEST)
        next(answer)
        scripted_pool.unload()
        assert list(answer)[-1] == End(reason="cancelled")
        assert alone.cancelled


def test_misuse_is_a_bug(scripted_pool: EnginePool, script: Script) -> None:
    path = script()
    with scripted_pool.use(path, OPTIONS):
        for inner in (scripted_pool.use(path, OPTIONS), scripted_pool.exclusive(BENCHMARK)):
            with pytest.raises(RuntimeError, match="inside"), inner:
                pass
    with alone_in(scripted_pool) as alone:
        for inner in (scripted_pool.use(path, OPTIONS), scripted_pool.exclusive("Another")):
            with pytest.raises(RuntimeError, match="inside"), inner:
                pass
        with alone.use(path, OPTIONS):
            with pytest.raises(RuntimeError, match="inside"), alone.use(path, OPTIONS):
                pass
            with pytest.raises(RuntimeError, match="inside"):
                alone.unload()
        assert lease_in(alone, path) is not None
    with pytest.raises(RuntimeError, match="no longer"), alone.use(path, OPTIONS):
        pass
    with pytest.raises(RuntimeError, match="no longer"):
        alone.unload()
    with pytest.raises(ValueError, match="name"), scripted_pool.exclusive(""):
        pass


def test_what_crashes_alone_counts_and_is_told_by_the_call(scripted_pool: EnginePool, script: Script) -> None:
    told: list[UserError] = []
    scripted_pool.on_idle_death = told.append
    path = script(load="segv")
    with alone_in(scripted_pool) as alone:
        for key in ("engine-crashed-loading", "engine-crashed-loading", "engine-killed-twice"):
            with pytest.raises(UserError) as caught, alone.use(path, OPTIONS):
                pass
            assert caught.value.key == key
        lease = lease_in(alone, script())
        assert lease is not None
        settle(lambda: lease.process.alive, "it runs")
    assert told == []


def test_threads_hammer_real_processes(scripted_pool: EnginePool, script: Script) -> None:
    paths = [script(), script()]
    scripted_pool.idle_s = 0.05

    def hammer(seed: int) -> int:
        choices = random.Random(seed)
        answers = 0
        for _ in range(6):
            with scripted_pool.use(choices.choice(paths), OPTIONS) as lease:
                assert lease is not None
                assert list(lease.process.generate(REQUEST))[-1] == End(reason="stop")
                assert scripted_pool.count_tokens(COUNTED) == 3
                answers += 1
        return answers

    workers = [Worker(partial(hammer, seed)) for seed in range(4)]
    assert [worker.get() for worker in workers] == [6] * 4
    settle(lambda: not engine_processes(), "what nobody uses is unloaded")


def test_threads_hammer_everything(tmp_path: Path) -> None:
    feathers = Feathers()
    pool = EnginePool(tmp_path, start=feathers, idle_s=0.001, available_memory=lambda: 0)
    alone_now = threading.Event()
    busy = threading.Lock()
    seen: dict[str, int] = {}
    keys: set[str] = set()

    def use(engines: EnginePool | Alone, choices: random.Random) -> None:
        with engines.use(choices.choice("abc"), OPTIONS) as lease:
            if lease is None:
                seen["cancelled"] = seen.get("cancelled", 0) + 1
                return
            assert busy.acquire(blocking=False)
            assert isinstance(engines, Alone) == alone_now.is_set()
            seen["used"] = seen.get("used", 0) + 1
            busy.release()

    def take_alone(choices: random.Random) -> None:
        with pool.exclusive(BENCHMARK) as alone:
            if alone is None:
                return
            assert feathers.alive == 0
            alone_now.set()
            for _ in range(3):
                use(alone, choices)
            alone_now.clear()
            seen["alone"] = seen.get("alone", 0) + 1

    def look() -> None:
        assert pool.busy_with in (None, BENCHMARK)
        assert pool.resident_bytes() in (0, 1)
        assert pool.stopping in (False, True)
        assert pool.loaded is None or pool.loaded.path in "abc"

    def hammer(seed: int) -> None:
        choices = random.Random(seed)
        for _ in range(600):
            act: Callable[[], object] = choices.choices(
                [
                    lambda: use(pool, choices),
                    lambda: take_alone(choices),
                    lambda: pool.count_tokens(COUNTED),
                    pool.cancel,
                    lambda: pool.cancel(BENCHMARK),
                    pool.unload,
                    lambda: setattr(pool, "idle_s", choices.choice([None, 0, 0.0005, 10])),
                    look,
                ],
                weights=[40, 8, 10, 4, 1, 2, 10, 10],
            )[0]
            try:
                act()
            except UserError as error:
                keys.add(error.key)

    workers = [Worker(partial(hammer, seed)) for seed in range(8)]
    for worker in workers:
        worker.get()
    pool.close()
    assert feathers.misuses == []
    assert feathers.alive == 0
    assert keys == {"engine-busy"}
    # Every path was taken, or this tests less than it says.
    assert seen["used"] > 100
    assert seen["alone"] > 10
    assert seen["cancelled"] > 0
