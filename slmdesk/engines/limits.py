"""What may be asked of any engine, checked before native code sees it. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

from slmdesk.engines.protocol import USUAL_CONTEXT_LENGTH, GenerateRequest, Sampling
from slmdesk.messages import ErrorKind, UserError

SMALLEST_CONTEXT = 16
LARGEST_BATCH = 4096
MOST_STOP_STRINGS = 64
LONGEST_STOP_STRING = 1024
LARGEST_SEED = 2**32 - 2

_SAMPLING_RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0.0, 100.0),
    "top_k": (0, 2**31 - 1),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 1.0),
    "repeat_penalty": (0.01, 100.0),
    "presence_penalty": (-100.0, 100.0),
    "frequency_penalty": (-100.0, 100.0),
    "penalty_window": (-1, 2**31 - 1),
}


def most_threads(logical_cores: int) -> int:
    """The most threads that make sense: thousands of them take a minute to start and never finish."""
    return min(512, max(8, 2 * logical_cores))


def usual_context_length(trained: int) -> int:
    """Tokens of context where nothing else is said, of a model `trained` for as many; 0: it does not say."""
    return min(USUAL_CONTEXT_LENGTH, trained or USUAL_CONTEXT_LENGTH)


def context_length_for(name: str, trained: int, wanted: int | None) -> int:
    """Tokens of context for the model `name`, which was `trained` for as many; 0: it does not say.

    Raises UserError (kind MODEL) where `wanted` is too few or too many.
    """
    if wanted is None:
        return usual_context_length(trained)
    if wanted < SMALLEST_CONTEXT:
        raise UserError(
            "context-too-short", ErrorKind.MODEL, context_length=wanted, smallest=SMALLEST_CONTEXT
        )
    if trained and wanted > trained:
        raise UserError(
            "context-too-long", ErrorKind.MODEL, name=name, context_length=wanted, trained=trained
        )
    return wanted


def require_memory(name: str, needed_bytes: int, available_bytes: int, context_length: int) -> None:
    """Raise UserError (kind MODEL) where the model `name` needs more memory than there is."""
    if needed_bytes > available_bytes:
        raise UserError(
            "memory-too-small",
            ErrorKind.MODEL,
            name=name,
            needed_memory=needed_bytes,
            available_memory=available_bytes,
            context_length=context_length,
        )


def require_within(name: str, value: int, least: int, most: int) -> None:
    """Raise UserError (kind MODEL) `NAME-out-of-range` unless `value` is one from `least` to `most`."""
    if not least <= value <= most:
        raise UserError(f"{name}-out-of-range", ErrorKind.MODEL, value=value, least=least, most=most)


def check_request(request: GenerateRequest) -> None:
    """Raise UserError (kind GENERATION) for a request that cannot be."""
    _check_sampling(request.sampling)
    if request.max_tokens is not None and request.max_tokens < 1:
        raise UserError("max-tokens-out-of-range", ErrorKind.GENERATION, value=request.max_tokens)
    if len(request.stop) > MOST_STOP_STRINGS:
        raise UserError("stop-too-many", ErrorKind.GENERATION, most=MOST_STOP_STRINGS)
    if any(not 0 < len(stop) <= LONGEST_STOP_STRING for stop in request.stop):
        raise UserError("stop-length", ErrorKind.GENERATION, most=LONGEST_STOP_STRING)
    if not request.messages:
        raise UserError("no-message", ErrorKind.GENERATION)


def _check_sampling(sampling: Sampling) -> None:
    for name, (least, most) in _SAMPLING_RANGES.items():
        value = getattr(sampling, name)
        if not math.isfinite(value) or not least <= value <= most:
            raise UserError(
                "sampling-out-of-range", ErrorKind.GENERATION,
                setting=name, value=str(value), least=str(least), most=str(most),
            )  # fmt: skip
    if sampling.seed is not None and not 0 <= sampling.seed <= LARGEST_SEED:
        raise UserError(
            "sampling-out-of-range", ErrorKind.GENERATION,
            setting="seed", value=str(sampling.seed), least="0", most=str(LARGEST_SEED),
        )  # fmt: skip
