"""How the next token is drawn from the model's logits, as llama.cpp draws it, in numpy.

ONNX Runtime GenAI can draw by itself, but with settings that are fixed when its generator is made: changing
the temperature between two turns would cost the KV cache. So tokens are drawn here, in the same order and
with the same meaning as llama.cpp's chain: penalties, top-k, top-p, min-p, temperature, and the draw.
"""

from __future__ import annotations

import math
import secrets
from collections import Counter, deque
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from slmdesk.engines.limits import LARGEST_SEED
from slmdesk.engines.protocol import Sampling
from slmdesk.messages import ErrorKind, UserError

Logits: TypeAlias = NDArray[np.float32]

# How far below the best logit those tokens are mostly found that matter. Only speed depends on it.
_NEAR = 8.0


class Sampler:
    """Draws the tokens of one answer. One thread."""

    def __init__(self, sampling: Sampling, context_length: int) -> None:
        """`sampling` must have been checked."""
        self.seed = secrets.randbelow(LARGEST_SEED + 1) if sampling.seed is None else sampling.seed
        self._sampling = sampling
        self._random = np.random.Generator(np.random.PCG64(self.seed))
        window = sampling.penalty_window
        self._window = context_length if window < 0 else min(window, context_length)
        self._penalizes = self._window > 0 and (
            sampling.repeat_penalty != 1.0
            or sampling.presence_penalty != 0.0
            or sampling.frequency_penalty != 0.0
        )
        self._recent: deque[int] = deque()
        self._counts: Counter[int] = Counter()

    def show(self, tokens: Sequence[int]) -> None:
        """Tell the penalties which tokens came before."""
        if self._penalizes:
            for token in tokens[-self._window :]:
                self._remember(token)

    def draw(self, logits: Logits) -> int:
        """The next token. `logits` may be written to.

        Raises UserError (kind GENERATION) where they are no numbers, which damaged weights give.
        """
        if self._penalizes:
            self._penalize(logits)
        if self._sampling.temperature == 0:
            # NaN counts as the largest here, so looking at the one that is taken finds every NaN.
            token = int(logits.argmax())
            if not math.isfinite(logits[token]):
                raise UserError("model-weights-damaged", ErrorKind.GENERATION)
        else:
            tokens, chances = self.candidates(logits)
            sums = chances.cumsum()
            drawn = int(sums.searchsorted(self._random.random() * sums[-1], side="right"))
            token = int(tokens[min(drawn, len(tokens) - 1)])
        if self._penalizes:
            self._remember(token)
        return token

    def candidates(self, logits: Logits) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """The tokens to draw from and their chances, the most probable first unless it is all of them."""
        best = float(logits.max())
        if not math.isfinite(best):
            raise UserError("model-weights-damaged", ErrorKind.GENERATION)
        sampling = self._sampling
        all_tokens = not 0 < sampling.top_k < len(logits)
        if all_tokens:
            tokens = _most_probable(logits, best, sampling)
        else:
            tokens = _largest(logits, best, sampling.top_k)
        values = logits[tokens].astype(np.float64)
        if sampling.top_p < 1:
            chances = np.exp(values - best)
            total = _total(logits, best) if all_tokens else float(chances.sum())
            # All up to the one with which the sum reaches top_p; at least one.
            kept = int(np.searchsorted(chances.cumsum(), sampling.top_p * total, side="left")) + 1
            tokens, values = tokens[:kept], values[:kept]
        if sampling.min_p > 0:
            kept = max(1, int(np.count_nonzero(values >= best + math.log(sampling.min_p))))
            tokens, values = tokens[:kept], values[:kept]
        # A temperature next to nothing leaves the best token alone.
        with np.errstate(over="ignore", under="ignore"):
            chances = np.exp((values - best) / sampling.temperature)
        return tokens, chances / chances.sum()

    def _penalize(self, logits: Logits) -> None:
        counts = self._counts
        tokens = np.fromiter(counts.keys(), np.intp, len(counts))
        times = np.fromiter(counts.values(), np.float32, len(counts))
        sampling = self._sampling
        values = logits[tokens]
        repeat = np.float32(sampling.repeat_penalty)
        values = np.where(values <= 0, values * repeat, values / repeat)
        values -= times * np.float32(sampling.frequency_penalty) + np.float32(sampling.presence_penalty)
        logits[tokens] = values

    def _remember(self, token: int) -> None:
        if len(self._recent) == self._window:
            gone = self._recent.popleft()
            self._counts[gone] -= 1
            if not self._counts[gone]:
                del self._counts[gone]
        self._recent.append(token)
        self._counts[token] += 1


def _largest(logits: Logits, best: float, count: int) -> NDArray[np.intp]:
    """The `count` tokens with the largest logits, the largest first; of equal ones the lower ids."""
    for reach in (_NEAR, 2 * _NEAR):
        near = np.flatnonzero(logits >= best - reach)
        if len(near) >= count:
            return _sorted(logits, near)[:count]
    least = np.partition(logits, len(logits) - count)[len(logits) - count]
    return _sorted(logits, np.flatnonzero(logits >= least))[:count]


def _most_probable(logits: Logits, best: float, sampling: Sampling) -> NDArray[np.intp]:
    """Those that may pass top-p and min-p, the most probable first; all tokens where neither is set."""
    reach = -math.log(sampling.min_p) if sampling.min_p > 0 else math.inf
    if sampling.top_p < 1:
        wanted = sampling.top_p * _total(logits, best)
        for near in (_NEAR, 2 * _NEAR, 4 * _NEAR):
            chances = np.exp(logits[logits >= best - min(near, reach)].astype(np.float64) - best)
            # A little more than is needed: sums in another order differ in their last digits.
            if float(chances.sum()) > wanted * (1 + 1e-6):
                reach = min(near, reach)
                break
    if math.isinf(reach):
        every = np.arange(len(logits))
        return _sorted(logits, every) if sampling.top_p < 1 else every
    # The last digits of a logit must not decide here what min-p decides exactly.
    return _sorted(logits, np.flatnonzero(logits >= best - reach - 1e-3))


def _sorted(logits: Logits, tokens: NDArray[np.intp]) -> NDArray[np.intp]:
    return tokens[np.argsort(-logits[tokens], kind="stable")]


def _total(logits: Logits, best: float) -> float:
    """What the probabilities are out of, with the best token's being 1."""
    return float(np.exp(logits - np.float32(best)).sum(dtype=np.float64))
