"""The costs of a computer are found again from what models take on it, and give what other models take."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from msgspec.structs import replace

from slmdesk.engines import KvType
from slmdesk.fit.probe_models import ProbeModel
from slmdesk.fit.probe_steps import probe_steps
from slmdesk.fit.roofline import (
    attention_s,
    combine,
    memory_byte_s,
    pace_of,
    pairs,
    seconds_per_token,
    seconds_to_read,
    with_threads,
)
from slmdesk.fit.solving import MEMORY, least_squares, solve
from slmdesk.fit.work import TokenWork
from tests.fit.speed_samples import computer, samples, work_of


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TokenWork]:
    """Models that the probe has none of."""
    folder = tmp_path_factory.mktemp("models")
    shapes = {
        "small": ProbeModel(type="Q4_K", layers=12, width=768, forward_width=2048, vocabulary=20_000),
        "large": ProbeModel(type="Q4_K", layers=28, width=2048, forward_width=5632, vocabulary=30_000),
        "heads": ProbeModel(type="Q6_K", layers=16, width=1024, heads=32, kv_heads=8, vocabulary=9_000),
        "state": ProbeModel(type="Q8_0", layers=12, width=512, forward_width=1024, heads=8, state_length=128),
        "decay": ProbeModel(
            type="Q8_0", layers=12, width=512, forward_width=1024, heads=16, state_length=16, own_decays=True
        ),
    }
    for name, shape in shapes.items():
        shape.write(folder / name)
    return {name: work_of(folder / name) for name in shapes}


@pytest.mark.parametrize("speed", [0.3, 1.0, 8.0])
def test_costs_are_found_again(works: dict[str, TokenWork], speed: float) -> None:
    real = computer(speed)
    found = solve(samples(real), 2)
    kv_types: tuple[KvType, ...] = ("f16", "q8_0")
    for work, depth, kv_type in itertools.product(works.values(), (0, 3000), kv_types):
        expected = seconds_per_token(real, work, kv_type, depth)
        assert seconds_per_token(found, work, kv_type, depth) == pytest.approx(expected, rel=0.06)
    expected = seconds_to_read(real, works["small"], 500)
    assert seconds_to_read(found, works["small"], 500) == pytest.approx(expected, rel=0.1)


def test_noise_in_one_model_does_not_spoil_the_rest(works: dict[str, TokenWork]) -> None:
    real = computer()
    timed = list(samples(real))
    noisy = next(index for index, sample in enumerate(timed) if sample.role == "type")
    timed[noisy] = replace(timed[noisy], token_s=2 * timed[noisy].token_s)
    found = solve(timed, 2)
    for name in ("small", "large"):
        expected = seconds_per_token(real, works[name], "f16", 100)
        assert seconds_per_token(found, works[name], "f16", 100) == pytest.approx(expected, rel=0.12)


def test_a_computer_without_room_for_large_models_is_probed_without_them(works: dict[str, TokenWork]) -> None:
    real = computer()
    found = solve([sample for sample in samples(real) if sample.role != MEMORY], 2)
    assert found.memory == ()
    assert seconds_per_token(found, works["small"], "f16", 0) < seconds_per_token(
        real, works["small"], "f16", 0
    )


def test_nothing_timed_is_no_probe() -> None:
    with pytest.raises(ValueError, match="nothing"):
        solve([], 2)


def test_no_cost_is_negative() -> None:
    costs = least_squares([{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 1}], [1.0, 0.7, 2.1])
    assert min(costs.values()) >= 0
    assert costs["a"] > costs["b"]


def test_a_deeper_context_is_slower_and_a_window_bounds_it(works: dict[str, TokenWork]) -> None:
    c, work = computer(threads=1), works["heads"]
    times = [seconds_per_token(c, work, "f16", depth) for depth in (0, 500, 2000, 8000)]
    assert times == sorted(times)
    assert times[-1] > 1.5 * times[0]
    bounded = replace(work, attention=tuple(replace(one, window=500) for one in work.attention))

    attending = seconds_per_token(replace(c, memory=()), bounded, "f16", 8000)
    assert attending == pytest.approx(seconds_per_token(replace(c, memory=()), work, "f16", 500))


def test_a_type_that_was_not_timed_is_like_one_of_its_size() -> None:
    paces = {kind: pace for kind, pace in computer().paces.items() if kind in ("Q4_K", "Q8_0", "F16")}
    assert pace_of(paces, "IQ4_XS") == paces["Q4_K"]
    assert pace_of(paces, "BF16") == paces["F16"]
    assert pace_of(paces, "Q8_0") == paces["Q8_0"]


def test_a_long_head_is_made_of_steps_and_what_they_leave_over(works: dict[str, TokenWork]) -> None:
    c = replace(computer(threads=1), memory=())
    (heads,) = works["heads"].attention

    def cost(length: int) -> float:
        own = replace(heads, key_length=length, value_length=length)
        return attention_s(c, [own], "f16", 1000)

    assert cost(576) == pytest.approx(cost(64) + 4 * (cost(256) - cost(128)))
    assert cost(64) > cost(72) > cost(80)
    assert cost(32) == pytest.approx(cost(64) / 2)


def test_threads_that_wait_count_as_if_they_worked(works: dict[str, TokenWork]) -> None:
    (heads,) = (replace(one, layers=1, heads=9) for one in works["heads"].attention)
    windowed = replace(heads, window=512)
    assert pairs(heads, "f16", 2000, 1) == 9 * 2000
    # Cells of the cache that are not filled yet are somebody's share too.
    assert pairs(heads, "f16", 2000, 2) == 9 * 2048
    # The window lies within what one of the threads is given.
    assert pairs(windowed, "f16", 2000, 1) == 9 * 512
    assert pairs(windowed, "f16", 2000, 2) == 9 * 2 * 512
    # By heads: five of nine on one thread.
    assert pairs(heads, "q8_0", 2000, 2) == 2 * 5 * 2000
    assert pairs(heads, "q8_0", 2000, 16) == 16 * 2000
    assert pairs(heads, "f16", 2000, 0) == 9 * 2000


def test_memory_between_two_sizes_is_between_them() -> None:
    memory = ((10, 1.0), (1000, 3.0))
    assert [memory_byte_s(memory, size) for size in (1, 10, 100, 1000, 10**6)] == [1, 1, 2, 3, 3]
    assert memory_byte_s((), 100) == 0


def test_kernel_and_memory_overlap_from_not_at_all_to_fully() -> None:
    assert combine(1.0, 2.0, 1.0) == pytest.approx(3.0)
    assert combine(1.0, 2.0, 2.0) == pytest.approx(5**0.5)
    assert combine(1.0, 2.0, 8.0) == 2.0
    assert combine(1.0, 0.0, 1.0) == 1.0


def test_more_threads_help_kernels_and_not_memory(works: dict[str, TokenWork]) -> None:
    c = computer()
    twice = with_threads(c, 2, 4)
    for work in (works["small"], works["large"]):
        assert 0.5 < seconds_per_token(twice, work, "f16", 0) / seconds_per_token(c, work, "f16", 0) < 1
    assert twice.memory == c.memory


def test_reading_a_prompt_grows_faster_than_its_length(works: dict[str, TokenWork]) -> None:
    times = [seconds_to_read(computer(), works["heads"], tokens) for tokens in (100, 1000, 4000)]
    assert times[1] > 5 * times[0]
    assert times[2] > 4 * times[1]


def test_a_probe_has_the_models_that_fit(tmp_path: Path) -> None:
    all_of_them, few = probe_steps(2**40), probe_steps(100_000_000)
    assert len(few) < len(all_of_them)
    for step in few:
        step.model.write(tmp_path / "model.gguf")
        assert (tmp_path / "model.gguf").stat().st_size <= 100_000_000
