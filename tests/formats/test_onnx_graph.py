"""model.onnx: broken in every way, and tensors that lie in other files wherever they are named."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from slmdesk.formats.onnx import Limits, OnnxError, read_folder
from slmdesk.formats.onnx.graph import Graph, read_graph
from slmdesk.formats.onnx.places import Place
from tests.formats import onnx_writer as w
from tests.formats.onnx_folders import TINY, code_of, copy_tiny, error_of, write_graph

IDENTITY = w.node("Identity", ["a"], ["b"])
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
MODEL = (TINY / "model.onnx").read_bytes()


def read(data: bytes, folder: Path, limits: Limits | None = None) -> Graph:
    file = folder / "graph.onnx"
    file.write_bytes(data)
    return read_graph(Place("model.onnx", file, len(data)), limits or Limits())


def code(data: bytes, folder: Path, limits: Limits | None = None) -> str:
    with pytest.raises(OnnxError) as caught:
        read(data, folder, limits)
    return caught.value.code


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "empty"),
        (LFS, "lfs_pointer"),
        (b"<!DOCTYPE html><html></html>", "not_onnx"),
        (b"Entry not found", "not_onnx"),
        (b"{}", "not_onnx"),
        (b"GGUF" + bytes(100), "not_onnx"),
        (b"PK\x03\x04" + bytes(100), "not_onnx"),
        (b"\x80\x02}q\x00.", "not_onnx"),
        (bytes(1000), "not_onnx"),
        (b"\xff" * 1000, "not_onnx"),
        (b"\x08", "cut_off"),
        (b"\x08\x0a", "no_graph"),
        (w.model(None), "no_graph"),
        (w.field(1, 10) + w.field(99, "x"), "not_onnx"),
        (MODEL[:-1], "cut_off"),
        (MODEL[: len(MODEL) // 2], "cut_off"),
        (MODEL + b"\x0b", "damaged"),  # a group begins
        (MODEL + b"\x0c", "damaged"),  # one ends
        (MODEL + b"\x00\x00", "damaged"),
        (MODEL + b"\x08" + b"\xff" * 10, "damaged"),
        (MODEL + b"\xff" * 9 + b"\x01", "damaged"),
        (MODEL + w.field(7, w.graph([IDENTITY])), "damaged"),
        (w.model(w.graph([IDENTITY]), ir_version=0), "damaged"),
        (w.model(w.graph([IDENTITY]), opsets={}), "damaged"),
        (w.model(w.graph([IDENTITY]), opsets={w.MICROSOFT: 1}), "damaged"),
        (w.model(w.graph([w.node("MatMulNBits", [], [], domain=w.MICROSOFT)]), opsets={"": 21}), "damaged"),
        (w.model(w.graph([w.node("", [], [])])), "damaged"),
        (w.model(w.graph([w.field(1, b"\xff\xfe") + w.field(4, "Identity")])), "damaged"),
        (w.model(w.field(1, w.varint(0x0A) + w.varint(100))), "damaged"),
        (w.model(w.graph([w.node("Mine", ["a"], ["b"], domain="evil")])), "custom_operator"),
        (w.model(w.graph([IDENTITY], initializers=[w.tensor("t", [2**40, 2**40])])), "damaged"),
        (w.model(w.graph([IDENTITY], initializers=[w.tensor("t", [-1])])), "damaged"),
        (w.model(w.graph([IDENTITY], initializers=[w.tensor("t", [1], external={})])), "damaged"),
        (w.model(w.graph([w.node("x" * 5000, [], [])])), "too_large"),
    ],
)  # fmt: skip
def test_every_way_to_be_broken(tmp_path: Path, data: bytes, expected: str) -> None:
    assert code(data, tmp_path) == expected
    folder = copy_tiny(tmp_path / "m")
    (folder / "model.onnx").write_bytes(data)
    error = error_of(folder)
    assert (error.code, error.facts["part"]) == (expected, "model.onnx")


def test_how_much_is_missing(tmp_path: Path) -> None:
    graph = w.graph([IDENTITY])
    data = w.field(1, 10) + w.field(7, graph)
    with pytest.raises(OnnxError) as caught:
        read(data[:-5], tmp_path)
    assert caught.value.facts == {
        "part": "model.onnx", "have_bytes": len(data) - 5, "need_bytes": len(data),
    }  # fmt: skip


def test_operators_of_the_files_own_functions_need_no_library(tmp_path: Path) -> None:
    node = w.node("Twice", ["a"], ["b"], domain="own")
    function = w.function("Twice", [IDENTITY], domain="own")
    data = w.model(w.graph([node]), functions=[function], opsets={"": 21, "own": 1})
    assert read(data, tmp_path).tensors == []
    assert code(w.model(w.graph([node]), opsets={"": 21, "own": 1}), tmp_path) == "custom_operator"


def test_opset_by_its_other_name(tmp_path: Path) -> None:
    read(w.model(w.graph([IDENTITY]), opsets={"ai.onnx": 21}), tmp_path)


def test_what_a_parser_does_not_know_is_stepped_over(tmp_path: Path) -> None:
    unknown = w.field(77, 5) + w.field(78, "text") + w.field(79, 1.5) + w.varint(80 << 3 | 1) + bytes(8)
    node = IDENTITY + unknown
    tensor = w.tensor("t", [2, 3], raw=bytes(24)) + unknown
    graph = w.graph([node], initializers=[tensor]) + unknown
    found = read(w.model(graph) + unknown, tmp_path)
    assert (found.weights["t"].count, found.weights["t"].size) == (6, 24)


def test_dimensions_written_one_by_one_or_packed(tmp_path: Path) -> None:
    rest = w.field(2, w.FLOAT) + w.field(8, "t")
    packed = w.field(1, w.varint(300) + w.varint(2)) + rest
    single = w.fields(1, [300, 2]) + rest
    for tensor in (packed, single):
        assert read(w.model(w.graph([IDENTITY], initializers=[tensor])), tmp_path).weights["t"].count == 600


def data_in(tensor: w.Message) -> dict[str, w.Message]:
    """Graphs that have `tensor`, each in another of the places where there can be one."""
    inner = w.graph([], initializers=[tensor])
    held = {
        kind: w.node("Constant", [], ["c"], more=[w.attribute("value", content, kind=kind)])
        for kind, content in {
            "tensor": tensor, "tensors": tensor, "graph": inner, "graphs": inner,
            "sparse": w.sparse_tensor(tensor, w.tensor("i", [1], w.INT64, raw=bytes(8)), [4]),
            "sparses": w.sparse_tensor(w.tensor("v", [1], raw=bytes(4)), tensor, [4]),
        }.items()
    }  # fmt: skip
    sparse = w.sparse_tensor(tensor, w.tensor("i", [1], w.INT64, raw=bytes(8)), [4])
    deep = w.attribute("body", w.graph([held["tensor"]]), kind="graph")
    deeper = w.attribute("body", w.graph([w.node("If", [], ["d"], more=[deep])]), kind="graph")
    return {
        "initializer": w.model(w.graph([IDENTITY], initializers=[tensor])),
        "sparse initializer": w.model(w.graph([IDENTITY], sparse=[sparse])),
        **{f"{kind} of a node": w.model(w.graph([node])) for kind, node in held.items()},
        "graph in a graph in a graph": w.model(w.graph([w.node("If", [], ["e"], more=[deeper])])),
        "function": w.model(w.graph([IDENTITY]), functions=[w.function("f", [held["tensor"]])]),
        "default of a function": w.model(
            w.graph([IDENTITY]),
            functions=[w.function("f", [IDENTITY]) + w.field(11, w.attribute("a", tensor, kind="tensor"))],
        ),
        "training": w.model(w.graph([IDENTITY])) + w.field(20, w.field(1, inner)),
    }  # fmt: skip


PLACES = sorted(data_in(b""))


@pytest.mark.parametrize("place", PLACES)
def test_data_elsewhere_is_found_wherever_it_is_named(tmp_path: Path, place: str) -> None:
    def folder_with(name: str, **more: str) -> Path:
        tensor = w.tensor("t", [2, 2], external={"location": name, **more})
        folder = copy_tiny(tmp_path / f"m{len(list(tmp_path.iterdir()))}")
        (folder / "model.onnx").write_bytes(data_in(tensor)[place])
        return folder

    outside = error_of(folder_with("../secret"))
    assert (outside.code, outside.facts) == ("outside", {"part": "model.onnx", "target": "../secret"})
    missing = error_of(folder_with("gone.bin"))
    assert (missing.code, missing.facts) == ("missing", {"part": "gone.bin"})
    short = folder_with("short.bin", offset="8")
    (short / "short.bin").write_bytes(bytes(23))
    error = error_of(short)
    assert (error.code, error.facts) == (
        "cut_off", {"part": "short.bin", "have_bytes": 23, "need_bytes": 24},
    )  # fmt: skip
    (short / "short.bin").write_bytes(bytes(24))
    read_folder(short)


def test_data_elsewhere_without_the_mark_that_it_is(tmp_path: Path) -> None:
    unmarked = (
        w.field(1, 4) + w.field(2, w.FLOAT) + w.field(8, "t") + w.field(13, w.entry("location", "../x"))
    )
    graph = w.graph([IDENTITY], initializers=[unmarked])
    assert code_of(write_graph(copy_tiny(tmp_path / "m"), graph)) == "outside"


@pytest.mark.parametrize(
    "entries",
    [
        {"offset": "0"},
        {"location": ""},
        {"location": "model.onnx.data", "offset": "-1"},
        {"location": "model.onnx.data", "offset": "1_0"},
        {"location": "model.onnx.data", "offset": "٣"},
        {"location": "model.onnx.data", "length": "9" * 19},
        {"location": "model.onnx.data", "length": "0x10"},
    ],
)
def test_odd_places(tmp_path: Path, entries: dict[str, str]) -> None:
    graph = w.graph([IDENTITY], initializers=[w.tensor("t", [4], external=entries)])
    assert code_of(write_graph(copy_tiny(tmp_path / "m"), graph)) == "damaged"


def test_a_place_named_twice(tmp_path: Path) -> None:
    twice = w.tensor("t", [4], external={"location": "model.onnx.data"})
    twice += w.field(13, w.entry("location", "../x"))
    graph = w.graph([IDENTITY], initializers=[twice])
    assert code_of(write_graph(copy_tiny(tmp_path / "m"), graph)) == "damaged"


def test_an_attribute_in_two_halves(tmp_path: Path) -> None:
    halves = w.field(1, "value") + w.field(5, w.tensor("a", [4])) + w.field(5, w.field(14, 1))
    assert code(w.model(w.graph([w.node("Constant", [], ["c"], more=[halves])])), tmp_path) == "damaged"


def test_compiled_code_in_another_file(tmp_path: Path) -> None:
    def folder_with(name: str, file: str, embedded: int) -> Path:
        node = w.node(
            "EPContext", ["a"], ["b"],
            domain=w.MICROSOFT, attributes={"embed_mode": embedded, "ep_cache_context": file},
        )  # fmt: skip
        return write_graph(copy_tiny(tmp_path / name), w.graph([node]))

    assert code_of(folder_with("out", "../engine.bin", 0)) == "outside"
    assert code_of(folder_with("gone", "engine.bin", 0)) == "missing"
    read_folder(folder_with("inside", "../ is content here", 1))
    inner = w.node("EPContext", ["a"], ["b"], domain=w.MICROSOFT)
    data = w.model(w.graph([IDENTITY]), functions=[w.function("f", [inner])])
    assert code(data, tmp_path) == "damaged"


def test_data_of_a_graph_in_a_folder_lies_beside_it(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / "deep").mkdir()
    (folder / "model.onnx").rename(folder / "deep" / "model.onnx")
    config = folder / "genai_config.json"
    config.write_text(config.read_text().replace('"model.onnx"', '"deep/model.onnx"'))
    error = error_of(folder)
    assert (error.code, error.facts["part"]) == ("missing", "deep/model.onnx.data")
    (folder / "model.onnx.data").rename(folder / "deep" / "model.onnx.data")
    assert read_folder(folder).size_bytes == read_folder(TINY).size_bytes + len("deep/")


def too_deep() -> bytes:
    graph = w.graph([IDENTITY])
    for _ in range(2000):
        graph = w.graph([w.node("If", [], [], more=[w.attribute("b", graph, kind="graph")])])
    return w.model(graph)


HUGE: dict[str, Callable[[], bytes]] = {
    "nested graphs": too_deep,
    "nodes": lambda: w.model(w.field(1, w.node("A", [], [])) * 600_000),
    "tensors": lambda: w.model(w.field(5, b"") * 300_000),
    "inputs": lambda: w.model(w.field(11, b"") * 300_000),
    "inputs of a node": lambda: w.model(w.graph([w.node("A", ["x"] * 100_000, [])])),
    "attributes": lambda: w.model(w.graph([w.field(4, "A") + w.field(5, b"") * 100_000])),
    "dimensions": lambda: w.model(w.graph([IDENTITY], initializers=[w.tensor("t", [1] * 100_000)])),
    "dimensions of an input": lambda: w.model(
        w.graph([IDENTITY], inputs=[w.value_info("x", w.FLOAT, [1] * 100_000)])
    ),
    "names": lambda: w.model(
        w.graph([IDENTITY], initializers=[w.tensor(f"{n:04000}", [1]) for n in range(20_000)])
    ),
    "entries": lambda: w.model(w.graph([IDENTITY], initializers=[w.field(13, w.entry("a", "b")) * 100_000])),
    "empty fields": lambda: w.model(w.field(99, 0) * 5_000_000),
}


@pytest.mark.parametrize("what", sorted(HUGE))
def test_huge_counts_end_soon_and_in_little_memory(tmp_path: Path, what: str) -> None:
    data = HUGE[what]()
    file = tmp_path / "graph.onnx"
    file.write_bytes(data)
    limits = Limits(cpu_seconds=1.0)
    tracemalloc.start()
    try:
        began = time.thread_time()
        with pytest.raises(OnnxError) as caught:
            read_graph(Place("model.onnx", file, len(data)), limits)
        took = time.thread_time() - began
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.code in ("too_large", "damaged")
    # A check in between may be late by one window of the file.
    assert took < 2.0
    assert peak < 2 * limits.kept_bytes


def test_weights_inside_the_graph_are_not_read(tmp_path: Path) -> None:
    weight = w.field(1, 1000) + w.field(2, w.FLOAT) + w.field(8, "t")
    length = 3 * 2**30
    head = w.varint(9 << 3 | 2) + w.varint(length)
    tensor_length = len(weight) + len(head) + length
    start = w.varint(5 << 3 | 2) + w.varint(tensor_length) + weight + head
    end = w.field(1, IDENTITY)
    graph_length = len(start) + length + len(end)
    beginning = w.field(1, 10) + w.varint(7 << 3 | 2) + w.varint(graph_length) + start
    file = tmp_path / "model.onnx"
    with file.open("wb") as sparse:
        sparse.write(beginning)
        sparse.seek(len(beginning) + length)
        sparse.write(end + w.field(8, w.field(1, "") + w.field(2, 21)))
    tracemalloc.start()
    graph = read_graph(Place("model.onnx", file, file.stat().st_size), Limits())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert graph.weights["t"].count == 1000
    assert peak < 2 * 2**20


def test_our_writer_writes_what_the_onnx_package_reads() -> None:
    code = (
        "import sys, onnx; m = onnx.load(sys.argv[1], load_external_data=False);"
        "print(*(one.name for one in m.graph.initializer))"
    )
    command = [sys.executable, "-c", code, str(TINY / "model.onnx")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "No module named 'onnx'" in done.stderr:
        pytest.skip("the package onnx is not installed, and nothing but this comparison needs it")
    graph = read_graph(Place("m", TINY / "model.onnx", len(MODEL)), Limits())
    assert done.stdout.split() == list(graph.weights), done.stderr
