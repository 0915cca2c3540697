"""The sampler chain: how the next token is drawn."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from slmdesk.engines.limits import LARGEST_SEED
from slmdesk.engines.llama_cpp.native import lib
from slmdesk.engines.protocol import Sampling

SAMPLERS = (
    "temperature", "top_k", "top_p", "min_p", "repeat_penalty", "presence_penalty", "frequency_penalty",
    "penalty_window", "seed",
)  # fmt: skip
"""Fields of `Sampling` that take effect."""


class SamplerChain:
    """Owns one native chain: penalties, top-k, top-p, min-p, temperature, and the draw. One thread."""

    def __init__(self, sampling: Sampling, vocabulary: int, context_length: int) -> None:
        """`sampling` must have been checked. Raises MemoryError where a sampler cannot be made."""
        self.seed = secrets.randbelow(LARGEST_SEED + 1) if sampling.seed is None else sampling.seed
        self.window = context_length if sampling.penalty_window < 0 else sampling.penalty_window
        # The native sampler reserves the window at once.
        self.window = min(self.window, context_length)
        self.penalizes = self.window > 0 and (
            sampling.repeat_penalty != 1.0
            or sampling.presence_penalty != 0.0
            or sampling.frequency_penalty != 0.0
        )
        self.pointer = _made(lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params()))
        try:
            self._fill(sampling, vocabulary)
        except MemoryError:
            self.close()
            raise

    def _fill(self, sampling: Sampling, vocabulary: int) -> None:
        if self.penalizes:
            self._add(
                lib.llama_sampler_init_penalties(
                    vocabulary,
                    self.window,
                    sampling.repeat_penalty,
                    sampling.frequency_penalty,
                    sampling.presence_penalty,
                )
            )
        if sampling.temperature == 0:
            self._add(lib.llama_sampler_init_greedy())
            return
        if sampling.top_k > 0:
            self._add(lib.llama_sampler_init_top_k(sampling.top_k))
        if sampling.top_p < 1:
            self._add(lib.llama_sampler_init_top_p(sampling.top_p, 1))
        if sampling.min_p > 0:
            self._add(lib.llama_sampler_init_min_p(sampling.min_p, 1))
        self._add(lib.llama_sampler_init_temp(sampling.temperature))
        self._add(lib.llama_sampler_init_dist(self.seed))

    def show(self, tokens: Sequence[int]) -> None:
        """Tell the penalties which tokens came before. All must be of this vocabulary."""
        if self.penalizes:
            for token in tokens[-self.window :]:
                lib.llama_sampler_accept(self.pointer, token)

    def close(self) -> None:
        """Give the chain back. Once more: no effect."""
        if self.pointer is not None:
            lib.llama_sampler_free(self.pointer)
            self.pointer = None

    def _add(self, sampler: Any) -> None:
        # The chain owns what is added, and frees it.
        lib.llama_sampler_chain_add(self.pointer, _made(sampler))


def _made(pointer: Any) -> Any:
    """`pointer`, or MemoryError for NULL: a NULL of ctypes is an object, not None, and false."""
    if not pointer:
        raise MemoryError("llama.cpp could not make a sampler")
    return pointer
