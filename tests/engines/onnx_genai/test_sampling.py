"""The sampler against the plainest way to say the same, over all kinds of logits and settings."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from slmdesk.engines.onnx_genai.sampling import Logits, Sampler
from slmdesk.engines.protocol import Sampling
from slmdesk.messages import UserError

NOTHING = Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, seed=1)


def reference(logits: list[float], sampling: Sampling) -> dict[int, float]:
    """What llama.cpp's chain leaves to draw from: tokens and probabilities, with full sorts and floats."""
    kept = sorted(enumerate(logits), key=lambda pair: -pair[1])
    if sampling.top_k > 0:
        kept = kept[: sampling.top_k]
    best = kept[0][1]
    if sampling.top_p < 1:
        weights = [math.exp(value - best) for _, value in kept]
        total, so_far, count = sum(weights), 0.0, 0
        for weight in weights:
            so_far += weight
            count += 1
            if so_far >= sampling.top_p * total:
                break
        kept = kept[:count]
    if sampling.min_p > 0:
        kept = [pair for pair in kept if pair[1] >= best + math.log(sampling.min_p)]
    weights = [math.exp((value - best) / sampling.temperature) for _, value in kept]
    return {token: weight / sum(weights) for (token, _), weight in zip(kept, weights, strict=True)}


def left(logits: Logits, sampling: Sampling) -> dict[int, float]:
    tokens, chances = Sampler(sampling, 1000).candidates(logits.copy())
    assert len(set(tokens.tolist())) == len(tokens)
    return dict(zip(tokens.tolist(), chances.tolist(), strict=True))


def random_logits(seed: int, count: int, spread: float) -> Logits:
    return np.random.default_rng(seed).normal(0, spread, count).astype(np.float32)


settings_of_a_draw = st.builds(
    Sampling,
    temperature=st.floats(0.1, 5),
    top_k=st.sampled_from([0, 1, 2, 5, 40, 300, 5000]),
    # Away from the borders, where the last digit of a sum decides.
    top_p=st.sampled_from([1.0, 0.951, 0.503, 0.0107, 0.9999]),
    min_p=st.sampled_from([0.0, 0.0503, 0.5, 1.0, 1e-7]),
)


@given(st.integers(0, 2**32), st.sampled_from([1, 2, 50, 3000]), st.floats(0.01, 30), settings_of_a_draw)
@settings(max_examples=300, deadline=None)
def test_it_leaves_what_the_reference_leaves(
    seed: int, count: int, spread: float, sampling: Sampling
) -> None:
    logits = random_logits(seed, count, spread)
    expected = reference([float(value) for value in logits], sampling)
    found = left(logits, sampling)
    # Two logits a last digit apart may change places at a border.
    different = set(found) ^ set(expected)
    assert sum(max(found.get(t, 0), expected.get(t, 0)) for t in different) < 1e-3
    assert len(different) <= 1
    for token in set(found) & set(expected):
        assert found[token] == pytest.approx(expected[token], rel=2e-3, abs=1e-6)


def test_a_flat_vocabulary_of_real_size() -> None:
    """Where hardly any token is near the best by chance, none may be lost."""
    logits = np.zeros(150_000, dtype=np.float32)
    logits[7] = 0.5
    found = left(logits, replace(NOTHING, top_p=0.5))
    assert 74_000 < len(found) < 76_000
    assert len(left(logits, replace(NOTHING, top_k=1000))) == 1000
    assert len(left(logits, NOTHING)) == 150_000


def test_far_apart_logits() -> None:
    logits = np.array([0.0, -5.0, -30.0, -1e4, -np.inf], dtype=np.float32)
    assert set(left(logits, replace(NOTHING, top_k=3))) == {0, 1, 2}
    assert set(left(logits, replace(NOTHING, top_p=0.9999))) == {0, 1}
    assert left(logits, NOTHING)[4] == 0


def test_the_draw_follows_the_probabilities() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05], dtype=np.float32))
    sampler = Sampler(NOTHING, 100)
    drawn = Counter(sampler.draw(logits.copy()) for _ in range(20_000))
    for token, chance in enumerate((0.5, 0.3, 0.15, 0.05)):
        assert drawn[token] / 20_000 == pytest.approx(chance, abs=0.02)


def test_a_seed_repeats_the_draw() -> None:
    logits = random_logits(1, 500, 1)

    def draws(seed: int | None) -> list[int]:
        sampler = Sampler(replace(NOTHING, seed=seed), 100)
        return [sampler.draw(logits.copy()) for _ in range(50)]

    assert draws(3) == draws(3) != draws(4)
    assert draws(None) != draws(None)


def test_temperature_0_takes_the_best_whatever_else_is_set() -> None:
    logits = random_logits(2, 500, 3)
    sampler = Sampler(Sampling(temperature=0, top_k=3, min_p=0.5), 100)
    assert sampler.draw(logits.copy()) == int(logits.argmax())


def test_next_to_no_temperature() -> None:
    logits = random_logits(2, 500, 3)
    assert Sampler(replace(NOTHING, temperature=1e-300), 100).draw(logits.copy()) == int(logits.argmax())


def penalized(sampling: Sampling, before: list[int], logits: list[float], context: int = 100) -> list[float]:
    """The logits as the penalties leave them, read off the draw's probabilities."""
    sampler = Sampler(replace(sampling, top_k=0, top_p=1.0, min_p=0.0, temperature=1.0), context)
    sampler.show(before)
    values = np.array(logits, dtype=np.float32)
    sampler.draw(values)
    return [float(value) for value in values]


def test_the_penalties_are_llama_cpps() -> None:
    logits = [2.0, -2.0, 1.0, 0.5]
    assert penalized(Sampling(repeat_penalty=2.0), [0, 0, 1], logits) == [1.0, -4.0, 1.0, 0.5]
    assert penalized(Sampling(presence_penalty=0.5), [0, 0, 1], logits) == [1.5, -2.5, 1.0, 0.5]
    assert penalized(Sampling(frequency_penalty=0.5), [0, 0, 1], logits) == [1.0, -2.5, 1.0, 0.5]
    both = Sampling(repeat_penalty=2.0, presence_penalty=0.25, frequency_penalty=0.5)
    assert penalized(both, [0, 0, 1], logits) == [-0.25, -4.75, 1.0, 0.5]


def test_the_window_of_the_penalties() -> None:
    logits = [2.0, 2.0, 2.0, 2.0]
    window = Sampling(presence_penalty=1.0, penalty_window=2)
    assert penalized(window, [0, 1, 2], logits) == [2.0, 1.0, 1.0, 2.0]
    everything = Sampling(presence_penalty=1.0, penalty_window=-1)
    assert penalized(everything, [0, 1, 2], logits) == [1.0, 1.0, 1.0, 2.0]
    none = Sampling(presence_penalty=1.0, penalty_window=0)
    assert penalized(none, [0, 1, 2], logits) == logits


def test_what_was_drawn_is_penalized_too() -> None:
    sampler = Sampler(Sampling(temperature=0, presence_penalty=10.0, penalty_window=2), 100)
    logits = np.array([3.0, 2.0, 1.0], dtype=np.float32)
    # Each comes back when it has left the window.
    assert [sampler.draw(logits.copy()) for _ in range(6)] == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("sampling", [NOTHING, Sampling(temperature=0), Sampling(temperature=0.5)])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_weights_that_are_no_numbers_are_told(sampling: Sampling, bad: float) -> None:
    logits = random_logits(1, 100, 1)
    logits[50] = bad
    with pytest.raises(UserError) as caught:
        Sampler(sampling, 100).draw(logits)
    assert caught.value.key == "model-weights-damaged"
