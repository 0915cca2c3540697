"""From the times of models of known shape to what each of their parts costs. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from slmdesk.fit.roofline import (
    ATTENDED_TYPES,
    FULL_OVERLAP,
    Coefficients,
    Pace,
    Sample,
    pace_of,
    pairs,
    seconds_per_token,
)

MEMORY = "memory"
"""Role of samples that are larger than a cache."""
_HEADS = "heads"
_SHARPNESS = (1.0, 1.25, 1.5, 2.0, 3.0, 5.0, FULL_OVERLAP)
_PASSES = 500
_SETTLED = 1e-5
_ROUNDS = 3
_USUAL_NOISE = 0.04


def solve(samples: Sequence[Sample], threads: int) -> Coefficients:
    """The coefficients that explain `samples` best, which `threads` took (0: a device). Raises ValueError
    where there are none.

    Everything but the memory is linear in what a model has, so that one fit of least squares, relative and
    without negative costs, over the models that fit into a cache finds it. The models of role `memory` are
    of growing size, and what they take longer than that is the memory's.
    """
    small = [sample for sample in samples if sample.role != MEMORY]
    if not small:
        raise ValueError("nothing was timed")
    rows = [_parts(sample, threads) for sample in small]
    costs = least_squares(rows, [sample.token_s for sample in small])
    kinds = sorted({name[5:] for name in costs if name.startswith("byte ")})
    reading, read_head_s = _solve_reading(small, costs.get("node", 0.0))
    usual = sum(reading.values()) / len(reading) if reading else 0.0
    coefficients = Coefficients(
        token_s=costs.get("token", 0.0),
        node_s=costs.get("node", 0.0),
        row_s=costs.get("row", 0.0),
        vocabulary_s=costs.get("word", 0.0),
        paces={
            kind: Pace(byte_s=costs[f"byte {kind}"], read_value_s=reading.get(kind, usual)) for kind in kinds
        },
        memory=(),
        sharpness=1.0,
        attending={kind: _lengths(costs, f"attend {kind} ") for kind in ATTENDED_TYPES},
        threads=threads,
        state_s=costs.get("state", 0.0),
        decay_s=costs.get("decay", 0.0),
        read_head_s=read_head_s,
    )
    cached = max(sample.work.model_bytes for sample in small)
    return _with_memory(coefficients, [sample for sample in samples if sample.role == MEMORY], cached)


def _parts(sample: Sample, threads: int) -> dict[str, float]:
    """How often each cost occurs in one token of `sample`."""
    work = sample.work
    parts: dict[str, float] = {
        "token": 1.0,
        "node": work.nodes,
        "row": sum(matrices.rows for matrices in work.matrices),
        "word": work.vocabulary,
        "state": work.state_bytes,
        "decay": work.decays,
    }
    for matrices in work.matrices:
        parts[f"byte {matrices.type}"] = matrices.bytes
    for one in work.attention:
        name = f"attend {sample.kv_type} {one.key_length}"
        parts[name] = parts.get(name, 0.0) + pairs(one, sample.kv_type, sample.depth, threads)
    return {name: count for name, count in parts.items() if count}


def _lengths(costs: Mapping[str, float], prefix: str) -> tuple[tuple[int, float], ...]:
    found = (
        (int(name.removeprefix(prefix)), cost) for name, cost in costs.items() if name.startswith(prefix)
    )
    return tuple(sorted(found))


def _solve_reading(samples: Sequence[Sample], node_s: float) -> tuple[dict[str, float], float]:
    """Seconds for each weight and token of a prompt by type, and for each of attention's."""
    rows, times = [], []
    for sample in samples:
        # The last token is evaluated alone.
        tokens, left_s = sample.read_tokens - 1, sample.read_s - sample.token_s - sample.work.nodes * node_s
        if tokens < 1 or left_s <= 0:
            continue
        row = {matrices.type: float(matrices.values * tokens) for matrices in sample.work.matrices}
        row[_HEADS] = sum(
            one.layers * one.heads * (one.key_length + one.value_length) * tokens * one.positions(tokens) / 2
            for one in sample.work.attention
        )
        rows.append(row)
        times.append(left_s)
    costs = least_squares(rows, times)
    return {name: cost for name, cost in costs.items() if name != _HEADS}, costs.get(_HEADS, 0.0)


def _with_memory(c: Coefficients, samples: Sequence[Sample], cached: int) -> Coefficients:
    """`c` with what the memory takes, so that the `samples` of one type are explained exactly.

    Those of other types tell how kernel and memory overlap. What goes through `cached` bytes or fewer takes
    no longer than its kernels.
    """
    if not samples:
        return c
    first = samples[0].work.matrices[0].type
    curve = sorted((s for s in samples if s.work.matrices[0].type == first), key=lambda s: s.work.model_bytes)
    others = [sample for sample in samples if sample.work.matrices[0].type != first]
    best: tuple[float, Coefficients] | None = None
    for sharpness in _SHARPNESS if others else _SHARPNESS[:1]:
        memory: list[tuple[int, float]] = [(cached, 0.0)]
        for sample in curve:
            bare_s = seconds_per_token(c, sample.work, sample.kv_type, sample.depth)
            kernel_s = pace_of(c.paces, first).byte_s
            whole_s = kernel_s + (sample.token_s - bare_s) / max(1, sample.work.active_bytes)
            memory.append((sample.work.model_bytes, _memory_part(kernel_s, whole_s, sharpness)))
        tried = msgspec.structs.replace(c, memory=tuple(memory), sharpness=sharpness)
        wrong = sum(
            math.log(seconds_per_token(tried, one.work, one.kv_type, one.depth) / one.token_s) ** 2
            for one in others
        )
        if best is None or wrong < best[0]:
            best = wrong, tried
    assert best is not None
    return best[1]


def _memory_part(kernel_s: float, whole_s: float, sharpness: float) -> float:
    """What the memory takes where both together take `whole_s`."""
    if whole_s <= kernel_s:
        return 0.0
    if sharpness >= FULL_OVERLAP:
        return whole_s
    return float((whole_s**sharpness - kernel_s**sharpness) ** (1 / sharpness))


def least_squares(rows: Sequence[Mapping[str, float]], totals: Sequence[float]) -> dict[str, float]:
    """Costs, none of them negative, by which each row's counts come as near as can be to its total.

    Nearness is relative: a microsecond in ten counts as much as a millisecond in ten. What took much longer
    than the others explain was disturbed, and counts less from one round to the next.
    """
    scaled = [
        {name: count / total for name, count in row.items()} for row, total in zip(rows, totals, strict=True)
    ]
    weights = [1.0] * len(scaled)
    costs: dict[str, float] = {}
    for _ in range(_ROUNDS):
        costs = _descend(scaled, weights, costs)
        explained = (sum(value * costs[name] for name, value in row.items()) for row in scaled)
        weights = [min(1.0, (_USUAL_NOISE / max(_USUAL_NOISE, 1 - part)) ** 2) for part in explained]
    return costs


def _descend(
    rows: Sequence[Mapping[str, float]], weights: Sequence[float], costs: Mapping[str, float]
) -> dict[str, float]:
    """Coordinate descent from `costs` towards rows that come to 1 (Franc, Hlavac and Navara, Sequential
    coordinate-wise algorithm for the non-negative least squares problem, 2005)."""
    names = sorted({name for row in rows for name in row})
    columns = {
        name: [
            (index, row[name], weights[index] * row[name]) for index, row in enumerate(rows) if name in row
        ]
        for name in names
    }
    squares = {name: sum(value * weighted for _, value, weighted in columns[name]) for name in names}
    found = {name: costs.get(name, 0.0) for name in names}
    left = [1 - sum(value * found[name] for name, value in row.items()) for row in rows]
    for _ in range(_PASSES):
        moved = 0.0
        for name in names:
            step = sum(weighted * left[index] for index, _, weighted in columns[name]) / squares[name]
            step = max(step, -found[name])
            found[name] += step
            for index, value, _ in columns[name]:
                left[index] -= step * value
            moved = max(moved, abs(step) * squares[name] ** 0.5)
        if moved < _SETTLED:
            break
    return found
