"""Whatever the bytes are: an answer or a GgufError, soon, and nothing else."""

from __future__ import annotations

import random
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slmdesk.formats.gguf import GgufError, read_header
from tests.formats import gguf_writer as w

SECONDS = 2.0
"""Of processor time for one header: the limit is 1, and a check in between may be late."""


def read(data: bytes) -> None:
    began = time.thread_time()
    try:
        header = read_header(data)
        header.require_complete()
    except GgufError:
        pass
    else:
        # Every fact must be derivable from anything that was accepted.
        header.kv_bytes_per_token("q8_0")
        assert header.parameters >= 0
        assert isinstance(header.quantization, str)
    assert time.thread_time() - began < SECONDS


numbers = st.sampled_from([0, 1, 2, 7, 8, 9, 255, 4096, 2**31, 2**32 - 1, 2**63, 2**64 - 1])
typed = st.one_of(
    st.tuples(st.just(w.U32), st.integers(0, 2**32 - 1)),
    st.tuples(st.just(w.F64), st.floats()),
    st.tuples(st.just(w.STRING), st.text(max_size=20)),
    st.tuples(st.just(w.ARRAY), st.tuples(st.just(w.STRING), st.lists(st.text(max_size=4), max_size=9))),
)
keys = st.sampled_from(
    ["general.architecture", "general.alignment", "llama.block_count", "llama.attention.head_count", "x", ""]
)
tensors = st.tuples(st.text(max_size=9), st.lists(numbers, max_size=6), st.integers(0, 50), numbers)


@settings(max_examples=300, deadline=None, database=None)
@given(
    metadata=st.lists(st.tuples(keys, typed), max_size=6),
    table=st.lists(tensors, max_size=4),
    order=st.sampled_from("<>"),
    version=st.sampled_from([2, 3]),
    extra=st.binary(max_size=64),
)
def test_headers_of_odd_values(
    metadata: list[tuple[str, w.Typed]],
    table: list[tuple[str, list[int], int, int]],
    order: str,
    version: int,
    extra: bytes,
) -> None:
    read(w.header(metadata, table, order=order, version=version) + extra)


@settings(max_examples=300, deadline=None, database=None)
@given(st.binary(max_size=400))
def test_noise_behind_a_right_beginning(noise: bytes) -> None:
    read(b"GGUF" + struct.pack("<IQQ", 3, 3, 3) + noise)


@settings(max_examples=200, deadline=None, database=None)
@given(st.binary(max_size=100))
def test_noise(noise: bytes) -> None:
    read(noise)


def mutate(seed: bytes, numbers: random.Random) -> bytes:
    """`seed` with up to four wounds, near its structure more often than inside of its long arrays."""
    data = bytearray(seed)
    for _ in range(numbers.randint(1, 4)):
        near = numbers.random() < 0.7
        at = numbers.randrange(min(len(data), 1_200) if near else len(data))
        kind = numbers.randrange(5)
        if kind == 0:
            data[at] ^= 1 << numbers.randrange(8)
        elif kind == 1:
            wide = numbers.choice([0, 1, 2**16, 2**31, 2**32 - 1, 2**63, 2**64 - 1])
            data[at : at + 8] = struct.pack("<Q", wide)
        elif kind == 2:
            del data[at : at + numbers.randint(1, 40)]
        elif kind == 3:
            data[at:at] = numbers.randbytes(numbers.randint(1, 40))
        else:
            del data[at:]
        if not data:
            return b""
    return bytes(data)


def fuzz(starter_file: Path, count: int, seed: int) -> None:
    numbers = random.Random(seed)
    with starter_file.open("rb") as file:
        whole = file.read(1_785_664)
    # The real header; and the same values without the vocabulary, where nearly each byte is structure.
    end = whole.index(b"tokenizer.ggml.tokens") - 8
    short = b"GGUF" + struct.pack("<IQQ", 3, 0, 24) + whole[24:end]
    read_header(short)
    for index in range(count):
        read(mutate(whole if index % 32 == 0 else short, numbers))


def test_mutations_of_the_real_header(starter_file: Path) -> None:
    fuzz(starter_file, 2_000, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_mutations_of_the_real_header(starter_file: Path) -> None:
    fuzz(starter_file, 20_000, seed=2)
