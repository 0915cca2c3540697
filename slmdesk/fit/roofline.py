"""How long a token takes on a processor that was measured: bytes over rates, and what each step costs.

A token costs
- a fixed time, and one for each step of the computation, at which all threads meet;
- for each row of a matrix the start of a dot product, and for its bytes the pace of the type's kernel, which
  for most quantizations is slower than the memory;
- the time by which memory is slower than the cache that the small measured models fit into: that depends on
  how many bytes are gone through for each token;
- for each head and token in the cache a dot product with its key and an addition of its value, which depends
  on the length of the head more than linearly;
- reading and writing the state of recurrent layers; and drawing from the vocabulary.

All of it is measured by the same engine on models of known shape (`probe`), and found by `solving`. Pure.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from slmdesk.engines import KvType
from slmdesk.fit.work import TYPES_BY_BITS, Attention, TokenWork

FULL_OVERLAP = 8.0
"""Exponent above which kernel and memory are taken to overlap fully."""
ATTENDED_TYPES: tuple[KvType, ...] = ("f16", "q8_0")
"""Types of the KV cache whose attention is measured; the others are like one of them."""


class Sample(Struct, frozen=True, kw_only=True):
    """One model of known shape, timed."""

    role: str
    """What it was timed for; see `solve`."""
    work: TokenWork
    kv_type: KvType = "f16"
    depth: float = 0.0
    """Tokens in the cache, on the average of the run."""
    token_s: float
    read_tokens: int = 0
    read_s: float = 0.0
    """Seconds for reading a prompt of `read_tokens`; 0: not measured."""


class Pace(Struct, frozen=True, kw_only=True):
    """What one type of weights costs, from cache."""

    byte_s: float
    read_value_s: float
    """Seconds for each weight and token of a prompt."""


class Coefficients(Struct, frozen=True, kw_only=True):
    """A processor with so many threads, as measured. Times in seconds."""

    token_s: float
    node_s: float
    row_s: float
    vocabulary_s: float
    paces: dict[str, Pace]
    memory: tuple[tuple[int, float], ...]
    """By bytes that are gone through: seconds for each byte from memory, the fewest bytes first."""
    sharpness: float
    """How well kernel and memory overlap: 1 not at all, and the more the better."""
    attending: dict[str, tuple[tuple[int, float], ...]]
    """By type of the KV cache: length of a head, and seconds for each head and token in the cache, the
    shortest first. Measured by length, because kernels work in steps: what a length leaves over may cost more
    than all the rest."""
    threads: int
    """0: a device, which divides attention by itself."""
    state_s: float
    """For each byte of a recurrent state."""
    decay_s: float = 0.0
    """For each number of a state that decays by itself."""
    read_head_s: float
    """For each head, token read and token before it, and number of key and value."""


_STEP = 128
"""Values that a kernel takes at once at most."""
_CACHE_STEP = 256
"""Tokens by which the part of the cache that is looked at grows."""
_WHOLE = frozenset({"f16", "f32", "bf16"})


def seconds_per_token(coefficients: Coefficients, work: TokenWork, kv_type: KvType, depth: float) -> float:
    """How long one token takes when `depth` tokens are in the cache."""
    c = coefficients
    fixed = c.token_s + work.nodes * c.node_s + work.vocabulary * c.vocabulary_s
    fixed += (
        sum(matrices.rows for matrices in work.matrices) * c.row_s
        + work.state_bytes * c.state_s
        + work.decays * c.decay_s
    )
    byte_s = memory_byte_s(c.memory, work.model_bytes + work.kv_bytes_at(int(depth), kv_type))
    weights = sum(
        one.bytes * combine(pace_of(c.paces, one.type).byte_s, byte_s, c.sharpness) for one in work.matrices
    )
    return fixed + weights + attention_s(c, work.attention, kv_type, depth)


def attention_s(c: Coefficients, layers: Iterable[Attention], kv_type: KvType, depth: float) -> float:
    """The part of it that grows with the tokens in the cache."""
    return sum(
        pairs(one, kv_type, depth, c.threads)
        * (_head_s(c, kv_type, one.key_length) + _head_s(c, kv_type, one.value_length))
        / 2
        for one in layers
    )


def pairs(layers: Attention, kv_type: KvType, depth: float, threads: int) -> float:
    """Heads times tokens in the cache, counting threads that wait for the slowest as if they worked.

    As ggml's processor backend divides it (ggml_compute_forward_flash_attn_ext_f16 in ops.cpp): of a cache
    that is not quantized, from 512 tokens on, each thread takes as many tokens, those that are out of the
    window or not there yet among them; otherwise the heads are handed out, some at a time.
    """
    tokens = layers.positions(int(depth))
    heads = layers.layers * layers.heads
    if threads < 2 or not tokens:
        return heads * tokens
    padded = -(-int(depth) // _CACHE_STEP) * _CACHE_STEP
    if kv_type in ("f16", "f32") and padded >= 2 * _CACHE_STEP:
        return heads * threads * min(tokens, -(-padded // threads))
    return layers.layers * threads * _heads_of_slowest(layers.heads, threads) * tokens


@functools.lru_cache(maxsize=512)
def _heads_of_slowest(heads: int, threads: int) -> int:
    """Where whoever is ready takes the next few heads."""
    each = max(1, -(-heads // max(threads, -(-heads // -(-heads // (4 * threads))))))
    done = [0] * threads
    for first in range(0, heads, each):
        done[done.index(min(done))] += min(each, heads - first)
    return max(done)


def _head_s(c: Coefficients, kv_type: KvType, length: int) -> float:
    """Seconds for one head of that length and one token in the cache."""
    known = c.attending.get(kv_type) or c.attending.get(ATTENDED_TYPES[0 if kv_type in _WHOLE else 1])
    return _of_length(dict(known), length) if known else 0.0


def _of_length(known: Mapping[int, float], length: int) -> float:
    """From the measured lengths. A longer one is made of whole steps and a shorter one, as kernels do it."""
    if length in known:
        return known[length]
    if length > _STEP and {_STEP, 2 * _STEP} <= known.keys():
        steps = (length - 1) // _STEP
        return _of_length(known, length - steps * _STEP) + steps * max(0.0, known[2 * _STEP] - known[_STEP])
    shorter = max((one for one in known if one < length), default=0)
    longer = min((one for one in known if one > length), default=0)
    if not shorter or not longer:
        nearest = shorter or longer
        return known[nearest] * length / nearest
    share = (length - shorter) / (longer - shorter)
    return known[shorter] + share * (known[longer] - known[shorter])


def seconds_to_read(c: Coefficients, work: TokenWork, tokens: int, kv_type: KvType = "f16") -> float:
    """How long a prompt of `tokens` takes at an empty context, its last token alone as the engine does it."""
    weights = sum(one.values * pace_of(c.paces, one.type).read_value_s for one in work.matrices)
    # Each token looks at those before it, which are half of all on the average.
    looks = [(one, one.layers * one.heads * one.positions(tokens) / 2) for one in work.attention]
    if kv_type in _WHOLE:
        heads = sum(count * (one.key_length + one.value_length) for one, count in looks) * c.read_head_s
    else:
        # Only caches that are not quantized are looked at by many tokens at once.
        heads = sum(
            count * (_head_s(c, kv_type, one.key_length) + _head_s(c, kv_type, one.value_length)) / 2
            for one, count in looks
        )
    return tokens * (weights + heads) + work.nodes * c.node_s + seconds_per_token(c, work, kv_type, tokens)


def combine(kernel_s: float, memory_s: float, sharpness: float) -> float:
    """The time of both together, which overlap more or less."""
    if memory_s <= 0:
        return kernel_s
    if sharpness >= FULL_OVERLAP:
        return max(kernel_s, memory_s)
    return float((kernel_s**sharpness + memory_s**sharpness) ** (1 / sharpness))


def memory_byte_s(memory: Sequence[tuple[int, float]], through: int) -> float:
    """Seconds for each byte from memory when `through` bytes are gone through for each token."""
    if not memory:
        return 0.0
    if through <= memory[0][0]:
        return memory[0][1]
    for (less, less_s), (more, more_s) in itertools.pairwise(memory):
        if through <= more:
            share = math.log(through / less) / math.log(more / less)
            return less_s + share * (more_s - less_s)
    return memory[-1][1]


def with_threads(c: Coefficients, measured: int, wanted: int) -> Coefficients:
    """`c` with another number of threads: kernels divide the work, meetings and memory do not."""
    share = measured / wanted
    paces = {
        kind: Pace(byte_s=pace.byte_s * share, read_value_s=pace.read_value_s * share)
        for kind, pace in c.paces.items()
    }
    attending = {
        kind: tuple((length, cost * share) for length, cost in known) for kind, known in c.attending.items()
    }
    return msgspec.structs.replace(
        c,
        row_s=c.row_s * share,
        paces=paces,
        attending=attending,
        threads=wanted,
        read_head_s=c.read_head_s * share,
    )


def pace_of(paces: Mapping[str, Pace], kind: str) -> Pace:
    """The pace of a type; of one that was not measured, that of the measured one most similar in size."""
    known = paces.get(kind)
    if known is not None:
        return known
    bits = TYPES_BY_BITS.get(kind, 8.0)
    return paces[min(paces, key=lambda name: abs(math.log(TYPES_BY_BITS.get(name, 8.0) / bits)))]
