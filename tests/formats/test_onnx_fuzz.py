"""Whatever a folder holds: an answer or an OnnxError, soon, and nothing else."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slmdesk.formats.onnx import GenaiFolder, OnnxError, read_folder
from slmdesk.formats.onnx.graph import read_graph
from slmdesk.formats.onnx.limits import Limits
from slmdesk.formats.onnx.places import Place
from tests.formats import onnx_writer as w
from tests.formats.onnx_folders import REAL, TINY, needs_real_model

SECONDS = 6.0
"""Of processor time for one folder: the limit is 5 for the graph, and a check in between may be late."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tiny model for all examples of one test; each puts back what it has changed."""
    folder = tmp_path_factory.mktemp("fuzz") / "m"
    shutil.copytree(TINY, folder)
    return folder


def read(folder: Path) -> GenaiFolder | None:
    """What the folder says, or None where it is refused."""
    began = time.thread_time()
    found: GenaiFolder | None = None
    try:
        found = read_folder(folder)
    except OnnxError:
        pass
    else:
        assert min(found.parameters, found.weights_bytes, found.kv_bytes_per_token) >= 0
    assert time.thread_time() - began < SECONDS
    return found


def read_with(folder: Path, part: str, content: bytes) -> GenaiFolder | None:
    """The same with other content in one file, which is put back afterwards."""
    whole = (folder / part).read_bytes()
    (folder / part).write_bytes(content)
    try:
        return read(folder)
    finally:
        (folder / part).write_bytes(whole)


def test_the_graph_cut_off_at_every_length(tmp_path: Path) -> None:
    whole = (TINY / "model.onnx").read_bytes()
    file = tmp_path / "model.onnx"
    file.write_bytes(whole)
    for length in range(len(whole) - 1, -1, -1):
        with file.open("r+b") as cut:
            cut.truncate(length)
        with pytest.raises(OnnxError) as caught:
            read_graph(Place("model.onnx", file, length), Limits())
        assert caught.value.code in ("cut_off", "damaged", "no_graph", "empty"), length


@pytest.mark.parametrize("part", ["genai_config.json", "tokenizer.json", "tokenizer_config.json"])
def test_texts_cut_off_at_every_length(folder: Path, part: str) -> None:
    whole = (folder / part).read_bytes()
    lengths = range(len(whole)) if len(whole) < 2000 else random.Random(1).sample(range(len(whole)), 200)
    for length in lengths:
        # Behind the tokens that are wanted a tokenizer is not read, but its end is looked at.
        if part != "tokenizer.json" or not whole[:length].rstrip().endswith(b"}"):
            assert read_with(folder, part, whole[:length]) is None, length


def test_data_cut_off(folder: Path) -> None:
    whole = (folder / "model.onnx.data").read_bytes()
    for missing in (1, 2, 4096, len(whole)):
        assert read_with(folder, "model.onnx.data", whole[:-missing]) is None
    assert read_with(folder, "model.onnx.data", whole + b"more") is not None


def mutate(seed: bytes, numbers: random.Random) -> bytes:
    """`seed` with up to four wounds."""
    data = bytearray(seed)
    for _ in range(numbers.randint(1, 4)):
        at = numbers.randrange(len(data))
        kind = numbers.randrange(5)
        if kind == 0:
            data[at] ^= 1 << numbers.randrange(8)
        elif kind == 1:
            data[at:at] = w.varint(numbers.choice([0, 1, 127, 2**31, 2**32 - 1, 2**63, 2**64 - 1]))
        elif kind == 2:
            del data[at : at + numbers.randint(1, 40)]
        elif kind == 3:
            data[at:at] = numbers.randbytes(numbers.randint(1, 40))
        else:
            other = numbers.randrange(len(data))
            data[at : at + 30] = data[other : other + 30]
        if not data:
            return b""
    return bytes(data)


def fuzz_graph(whole: bytes, file: Path, count: int, seed: int) -> int:
    """How many of `count` wounded graphs were taken all the same."""
    numbers = random.Random(seed)
    taken = 0
    for _ in range(count):
        data = mutate(whole, numbers)
        file.write_bytes(data)
        began = time.thread_time()
        try:
            read_graph(Place("model.onnx", file, len(data)), Limits())
            taken += 1
        except OnnxError:
            pass
        assert time.thread_time() - began < SECONDS
    return taken


def test_mutations_of_the_tiny_graph(tmp_path: Path) -> None:
    taken = fuzz_graph((TINY / "model.onnx").read_bytes(), tmp_path / "m.onnx", 800, seed=1)
    # Most wounds hit the structure; some a name, which cannot be told from a right one.
    assert 0 < taken < 600


@pytest.mark.slow
@pytest.mark.timeout(900)
@needs_real_model
def test_mutations_of_a_real_graph(tmp_path: Path) -> None:
    fuzz_graph((REAL / "model.onnx").read_bytes(), tmp_path / "m.onnx", 200, seed=2)


@settings(max_examples=200, deadline=None, database=None)
@given(st.binary(max_size=200))
def test_noise_as_a_graph(folder: Path, noise: bytes) -> None:
    assert read_with(folder, "model.onnx", noise) is None
    read_with(folder, "model.onnx", w.model(noise))


def odd_fields(numbers: random.Random, depth: int) -> bytes:
    """Fields of a message with the right numbers and anything in them."""
    data = b""
    for _ in range(numbers.randrange(6)):
        number = numbers.randint(1, 26)
        kind = numbers.randrange(4)
        if kind == 0 and depth:
            data += w.field(number, odd_fields(numbers, depth - 1))
        elif kind == 1:
            data += w.field(number, numbers.choice([0, 1, 4, 10, 2**31, 2**63, 2**64 - 1]))
        elif kind == 2:
            data += w.field(number, numbers.choice(["", "location", "offset", "../x", "9", "MatMulNBits"]))
        else:
            data += w.field(number, numbers.randbytes(numbers.randrange(5)))
    return data


def test_messages_of_odd_fields(tmp_path: Path) -> None:
    numbers = random.Random(3)
    file = tmp_path / "m.onnx"
    for _ in range(1500):
        data = w.model(odd_fields(numbers, depth=6))
        file.write_bytes(data)
        with suppress(OnnxError):
            read_graph(Place("model.onnx", file, len(data)), Limits())


json_values: st.SearchStrategy[object] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=9)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)
CONFIG: dict[str, object] = json.loads((TINY / "genai_config.json").read_text(encoding="utf-8"))


def places(value: object, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*above, key)
            yield from places(inner, (*above, key))


@settings(max_examples=200, deadline=None, database=None)
@given(st.sampled_from(list(places(CONFIG))), json_values)
def test_configs_with_odd_values(folder: Path, place: tuple[str, ...], value: object) -> None:
    config = json.loads(json.dumps(CONFIG))
    inner = config
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    read_with(folder, "genai_config.json", json.dumps(config).encode())


@settings(max_examples=100, deadline=None, database=None)
@given(json_values, st.sampled_from(["tokenizer.json", "tokenizer_config.json", "genai_config.json"]))
def test_any_json(folder: Path, value: object, part: str) -> None:
    read_with(folder, part, json.dumps(value).encode())
    inside = {"added_tokens": value, "chat_template": value, "model": value}
    read_with(folder, part, json.dumps(inside).encode())
