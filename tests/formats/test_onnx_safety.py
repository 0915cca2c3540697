"""Folders that would make the native library leave them, load code or write files: refused by name."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from slmdesk.formats.onnx import read_folder
from tests.formats import onnx_writer as w
from tests.formats.onnx_folders import (
    change_config,
    code_of,
    copy_tiny,
    error_of,
    set_option,
    write_graph,
)

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="making links needs a right on Windows")

OUTSIDE = [
    "../secret.bin",
    "data/../../secret.bin",
    "..",
    "data/..",
    "data/.. /../secret.bin",
    ".../secret.bin",
    "/etc/passwd",
    "//server/share/secret.bin",
    "\\\\server\\share\\secret.bin",
    "\\\\?\\C:\\secret.bin",
    "..\\secret.bin",
    "C:\\secret.bin",
    "C:secret.bin",
    "c:/secret.bin",
    "model.onnx.data:stream",
    "*/_ORT_MEM_ADDR_/*",
    "a\0b",
    "a\nb",
    ".",
    "./",
    "//",
]


@pytest.mark.parametrize("target", OUTSIDE)
def test_data_outside_the_folder(tmp_path: Path, target: str) -> None:
    (tmp_path / "secret.bin").write_bytes(bytes(100))
    folder = copy_tiny(tmp_path / "m")
    (folder / "data").mkdir()
    tensor = w.tensor("t", [1], external={"location": target})
    error = error_of(write_graph(folder, w.graph([w.node("A", [], [])], initializers=[tensor])))
    assert (error.code, error.facts) == ("outside", {"part": "model.onnx", "target": target})


@pytest.mark.parametrize("target", [one for one in OUTSIDE if one.isprintable()])
def test_graph_outside_the_folder(tmp_path: Path, target: str) -> None:
    folder = change_config(copy_tiny(tmp_path / "m"), lambda model: model["decoder"].update(filename=target))
    error = error_of(folder)
    assert (error.code, error.facts) == ("outside", {"part": "genai_config.json", "target": target})


@pytest.mark.parametrize("target", ["../secret.bin", "/etc/passwd"])
def test_shared_data_outside_the_folder(tmp_path: Path, target: str) -> None:
    shared = [{"name": "x", "data_file": target, "offset": "0", "length": "10", "shape": [1]}]
    folder = change_config(
        copy_tiny(tmp_path / "m"), lambda model: model["decoder"].update(shared_initializers=shared)
    )
    error = error_of(folder)
    assert (error.code, error.facts) == ("outside", {"part": "genai_config.json", "target": target})


@pytest.mark.parametrize(
    ("offset", "length", "code"),
    [("514300", "4", ""), ("514300", "5", "cut_off"), ("-1", "4", "bad_value"), ("0", "x", "bad_value")],
)
def test_shared_data_is_there(tmp_path: Path, offset: str, length: str, code: str) -> None:
    shared = [{"name": "x", "data_file": "model.onnx.data", "offset": offset, "length": length}]
    folder = change_config(
        copy_tiny(tmp_path / "m"), lambda model: model["decoder"].update(shared_initializers=shared)
    )
    if code:
        assert code_of(folder) == code
    else:
        read_folder(folder)


@pytest.mark.parametrize("part", ["tokenizer_config.json", "tokenizer_module.json"])
def test_vocabulary_outside_the_folder(tmp_path: Path, part: str) -> None:
    folder = copy_tiny(tmp_path / "m")
    for value, code in (("../v.tiktoken", "outside"), ("v.tiktoken", "missing"), ([1], "bad_value")):
        (folder / part).write_text(json.dumps({"tiktoken_file": value}))
        assert code_of(folder) == code
    (folder / "v.tiktoken").write_text("")
    (folder / part).write_text(json.dumps({"tiktoken_file": "v.tiktoken"}))
    read_folder(folder)


def test_graph_in_a_format_that_is_not_checked(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / "model.onnx").rename(folder / "model.ort")
    change_config(folder, lambda model: model["decoder"].update(filename="model.ort"))
    error = error_of(folder)
    assert (error.code, error.facts) == ("not_onnx", {"part": "model.ort"})


REFUSED_OPTIONS = [
    ("custom_ops_library", "libops.so", "custom_library"),
    ("custom_ops_library", "ops", "custom_library"),
    ("enable_profiling", "trace", "writes_file"),
    ("session.optimized_model_filepath", "out.onnx", "writes_file"),
    ("session.collect_node_memory_stats_to_file", "stats.csv", "writes_file"),
    ("ep.context_enable", "1", "writes_file"),
    ("ep.context_file_path", "context.onnx", "unsafe_option"),
    ("ep_context_file_path", "context.onnx", "unsafe_option"),
    ("session.model_external_initializers_file_folder_path", "/", "unsafe_option"),
    ("session.moe.offload.source_root", "x", "unsafe_option"),
    ("session.moe.offload.derived_cache_dir", "x", "writes_file"),
    ("session.node_partition_config_file", "x", "unsafe_option"),
    ("session.load_model_format", "ORT", "unsafe_option"),
    ("session.something_new", "1", "unsafe_option"),
    ("log_id", "evil.so", "custom_library"),
    ("log_id", "../x", "unsafe_option"),
]


@pytest.mark.parametrize(("name", "value", "code"), REFUSED_OPTIONS)
def test_session_options(tmp_path: Path, name: str, value: str, code: str) -> None:
    error = error_of(set_option(copy_tiny(tmp_path / "m"), {name: value}))
    setting = f"model.decoder.session_options.{name}"
    assert (error.code, error.facts) == (code, {"part": "genai_config.json", "setting": setting})


REFUSED_PROVIDER_OPTIONS = [
    ("QNN", "backend_path", "QnnHtp.dll", "custom_library"),
    ("NvTensorRtRtx", "trt_extra_plugin_lib_paths", "x", "custom_library"),
    ("VitisAI", "config_file", "vaip.json", "unsafe_option"),
    ("VitisAI", "cacheDir", "x", "writes_file"),
    ("OpenVINO", "load_config", "{}", "unsafe_option"),
    ("OpenVINO", "cache_dir", "x", "writes_file"),
    # Addresses in memory.
    ("cuda", "user_compute_stream", "139872", "unsafe_option"),
    ("cuda", "gpu_external_alloc", "139872", "unsafe_option"),
    ("WebGPU", "dawnProcTable", "139872", "unsafe_option"),
    ("anything", "device_type", "x.dll", "custom_library"),
    ("anything", "device_type", "/x", "unsafe_option"),
    ("anything", "else", "1", "unsafe_option"),
]


@pytest.mark.parametrize(("provider", "name", "value", "code"), REFUSED_PROVIDER_OPTIONS)
def test_provider_options(tmp_path: Path, provider: str, name: str, value: str, code: str) -> None:
    options = {"provider_options": [{"cpu": {}}, {provider: {"device_id": "0", name: value}}]}
    error = error_of(set_option(copy_tiny(tmp_path / "m"), options))
    setting = f"model.decoder.session_options.provider_options.{provider}.{name}"
    assert (error.code, error.facts) == (code, {"part": "genai_config.json", "setting": setting})


def test_run_options(tmp_path: Path) -> None:
    folder = change_config(
        copy_tiny(tmp_path / "m"),
        lambda model: model["decoder"].update(run_options={"qnn.lora_config": "x"}),
    )
    error = error_of(folder)
    assert (error.code, error.facts["setting"]) == (
        "unsafe_option",
        "model.decoder.run_options.qnn.lora_config",
    )


def test_an_option_in_a_section_that_is_written_twice(tmp_path: Path) -> None:
    """The native library would put both together; whoever reads only one of them would miss the other."""
    folder = copy_tiny(tmp_path / "m")
    file = folder / "genai_config.json"
    hidden = '"model": {"decoder": {"session_options": {"custom_ops_library": "evil.so"}},'
    file.write_text(file.read_text().replace('"model": {', hidden, 1))
    assert code_of(folder) == "bad_json"


def test_harmless_options_are_let_through(tmp_path: Path) -> None:
    options = {
        "intra_op_num_threads": 4, "enable_mem_pattern": False, "graph_optimization_level": "ORT_ENABLE_ALL",
        "session.intra_op.allow_spinning": "0", "session.load_model_format": "ONNX",
        "custom_ops_library": "", "enable_profiling": "", "ep.context_enable": "0",
        "provider_options": [
            {"cuda": {"device_id": "0", "enable_cuda_graph": "0"}},
            {"DML": {}},
            {"OpenVINO": {"device_type": "GPU.0", "device_filtering_options": {"hardware_device_id": 1}}},
        ],
    }  # fmt: skip
    assert read_folder(set_option(copy_tiny(tmp_path / "m"), options)).config.providers == (
        "cuda", "DML", "OpenVINO",
    )  # fmt: skip


@needs_links
@pytest.mark.parametrize(
    "part", ["model.onnx", "model.onnx.data", "genai_config.json", "tokenizer.json", "chat_template.jinja"]
)
def test_a_link_may_lead_to_the_same_folder_and_nowhere_else(tmp_path: Path, part: str) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / part).rename(folder / "real")
    (folder / part).symlink_to("real")
    read_folder(folder)
    (folder / "real").rename(tmp_path / "elsewhere")
    (folder / part).unlink()
    (folder / part).symlink_to(tmp_path / "elsewhere")
    error = error_of(folder)
    target = str((tmp_path / "elsewhere").resolve())
    assert (error.code, error.facts) == ("link_outside", {"part": part, "target": target})


@needs_links
def test_a_link_to_a_link_that_leads_out(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / "model.onnx.data").rename(tmp_path / "elsewhere")
    (folder / "deep").mkdir()
    (folder / "deep" / "link").symlink_to("../../elsewhere")
    (folder / "model.onnx.data").symlink_to("deep/link")
    assert code_of(folder) == "link_outside"


@needs_links
def test_data_through_a_folder_that_is_a_link(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "t.bin").write_bytes(bytes(4))
    (folder / "deep").mkdir()
    (folder / "deep" / "data").symlink_to(tmp_path / "out", target_is_directory=True)
    tensor = w.tensor("t", [1], external={"location": "deep/data/t.bin"})
    error = error_of(write_graph(folder, w.graph([w.node("A", [], [])], initializers=[tensor])))
    assert (error.code, error.facts["part"]) == ("link_outside", "deep/data/t.bin")


@needs_links
def test_a_link_that_no_file_of_the_model_mentions(tmp_path: Path) -> None:
    """The native library looks for files by names of its own."""
    folder = copy_tiny(tmp_path / "m")
    (tmp_path / "map.json").write_text("{}")
    (folder / "special_tokens_map.json").symlink_to(tmp_path / "map.json")
    error = error_of(folder)
    assert (error.code, error.facts["part"]) == ("link_outside", "special_tokens_map.json")


@needs_links
def test_broken_links_and_loops(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / "readme").symlink_to("nothing")
    (folder / "loop").symlink_to("loop")
    read_folder(folder)
    (folder / "model.onnx.data").unlink()
    (folder / "model.onnx.data").symlink_to("nothing")
    assert error_of(folder).facts == {"part": "model.onnx.data"}
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer.json").symlink_to("tokenizer.json")
    (folder / "model.onnx.data").unlink()
    (folder / "model.onnx.data").write_bytes(bytes(514_304))
    error = error_of(folder)
    assert (error.code, error.facts["part"]) == ("unreadable", "tokenizer.json")


@needs_links
def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "models" / "real")
    link = tmp_path / "models" / "link"
    link.symlink_to("real", target_is_directory=True)
    read = read_folder(link)
    assert (read.path, read.root) == (link, folder.resolve())
    away = tmp_path / "other" / "link"
    away.parent.mkdir()
    away.symlink_to(folder, target_is_directory=True)
    read = read_folder(away)
    assert (read.path, read.root) == (away, folder.resolve())
    # Links in it are held to its own place, not to that of the link.
    (folder / "model.onnx.data").rename(tmp_path / "other" / "data")
    (folder / "model.onnx.data").symlink_to("../../other/data")
    assert error_of(away).code == "link_outside"
    (folder / "model.onnx.data").unlink()
    (tmp_path / "other" / "data").rename(folder / "model.onnx.data")
    (tmp_path / "mounted").symlink_to(tmp_path / "models", target_is_directory=True)
    read_folder(tmp_path / "mounted" / "real")


@needs_links
def test_a_link_to_the_folder_itself_leads_nowhere_else(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / "again").symlink_to(".", target_is_directory=True)
    read_folder(folder)
    change_config(folder, lambda model: model["decoder"].update(filename="again/model.onnx"))
    read_folder(folder)
    change_config(folder, lambda model: model["decoder"].update(filename="again"))
    assert (error_of(folder).code, error_of(folder).facts) == ("not_a_file", {"part": "again"})
    (folder / "up").symlink_to("..", target_is_directory=True)
    assert error_of(folder).facts == {"part": "up", "target": str(tmp_path.resolve())}


def hub_cache(top: Path, inside: str = "") -> Path:
    """A snapshot in a cache of the Hub as huggingface_hub lays it out; the model lies in `inside` of it."""
    repository = top / "models--org--Tiny-Model"
    snapshot = repository / "snapshots" / "0123abcd" / inside
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123abcd")
    blobs = copy_tiny(repository / "blobs")
    for file in sorted(blobs.iterdir()):
        blob = file.rename(blobs / f"{len(file.name):040d}{file.suffix[1:2]}")
        (snapshot / file.name).symlink_to(os.path.relpath(blob, snapshot))
    return snapshot


@needs_links
@pytest.mark.parametrize("inside", ["", "cpu_and_mobile/cpu-int4"])
def test_the_cache_of_the_hub_is_made_of_links(tmp_path: Path, inside: str) -> None:
    snapshot = hub_cache(tmp_path, inside)
    assert all(file.is_symlink() for file in snapshot.iterdir())
    read = read_folder(snapshot)
    assert read.name == "Tiny-Model"
    assert read.parameters == 112_192


@needs_links
def test_links_into_the_blobs_of_another_repository(tmp_path: Path) -> None:
    snapshot = hub_cache(tmp_path)
    other = tmp_path / "models--org--other" / "blobs"
    other.mkdir(parents=True)
    data = snapshot / "model.onnx.data"
    data.resolve().rename(other / "blob")
    data.unlink()
    data.symlink_to("../../../models--org--other/blobs/blob")
    error = error_of(snapshot)
    assert (error.code, error.facts["part"]) == ("link_outside", "model.onnx.data")


@needs_links
@pytest.mark.parametrize("target", ["refs/main", "snapshots/other/model.onnx.data", "blobs/deep/blob"])
def test_links_to_other_places_in_the_repository(tmp_path: Path, target: str) -> None:
    snapshot = hub_cache(tmp_path)
    data = snapshot / "model.onnx.data"
    place = snapshot.parent.parent / target
    place.parent.mkdir(exist_ok=True)
    data.resolve().rename(place)
    data.unlink()
    data.symlink_to(Path("../..") / target)
    assert code_of(snapshot) == "link_outside"


@needs_links
def test_blobs_that_are_a_link_themselves(tmp_path: Path) -> None:
    snapshot = hub_cache(tmp_path)
    blobs = snapshot.parent.parent / "blobs"
    blobs.rename(tmp_path / "elsewhere")
    blobs.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert code_of(snapshot) == "link_outside"


@needs_links
def test_a_folder_that_only_looks_like_a_cache(tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "repository" / "snapshots" / "0123")
    blobs = tmp_path / "repository" / "blobs"
    blobs.mkdir()
    (folder / "model.onnx.data").rename(blobs / "blob")
    (folder / "model.onnx.data").symlink_to("../../blobs/blob")
    assert code_of(folder) == "link_outside"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
@pytest.mark.parametrize("part", ["model.onnx", "model.onnx.data", "tokenizer.json", "tokenizer_config.json"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, part: str) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / part).unlink()
    os.mkfifo(folder / part)
    error = error_of(folder)
    assert (error.code, error.facts) == ("not_a_file", {"part": part})


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is unreadable for an administrator"
)
@pytest.mark.parametrize("part", ["genai_config.json", "model.onnx", "model.onnx.data", "tokenizer.json"])
def test_a_file_without_the_right_to_read(tmp_path: Path, part: str) -> None:
    folder = copy_tiny(tmp_path / "m")
    (folder / part).chmod(0)
    error = error_of(folder)
    assert (error.code, error.facts["part"]) == ("unreadable", part)
