"""Model folders in the list of models: found, named, resolved, and told what is wrong with them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from slmdesk.engines import ENGINES, engine_for
from slmdesk.library import InstalledModel, find, find_models, resolve_model
from slmdesk.library.titles import make_folder_title
from slmdesk.messages import ErrorKind, UserError, error_sentences, one_line
from slmdesk.storage import Paths

WriteGguf = Callable[..., Path]

TINY = Path(__file__).parent.parent / "data" / "tiny-onnx"
REAL = Path(__file__).parents[3] / "shared" / "models" / "smollm2-135m-instruct-int4-onnx"

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="making links needs a right on Windows")


@pytest.fixture(autouse=True)
def _no_starter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "starter_file", lambda: None)


def copy_tiny(folder: Path) -> Path:
    shutil.copytree(TINY, folder)
    return folder


def ids(paths: Paths) -> dict[str, str | None]:
    """The key of each listed model's problem, by its id."""
    return {one.id: one.problem.key if one.problem else None for one in find_models(paths)}


def problem(text: str | Path, paths: Paths) -> UserError:
    with pytest.raises(UserError) as caught:
        resolve_model(str(text), paths)
    assert caught.value.kind is ErrorKind.MODEL
    return caught.value


def test_a_folder_is_listed_with_its_facts(paths: Paths) -> None:
    folder = copy_tiny(paths.models / "Some-Model-int4-onnx")
    [model] = find_models(paths)
    assert (model.id, model.title, model.path) == ("Some-Model-int4-onnx", "Some Model", folder)
    assert (model.architecture, model.quantization, model.parameters) == ("llama", "FP32", 112_192)
    assert model.size_bytes == sum(file.stat().st_size for file in TINY.iterdir())
    assert (model.trained_context_length, model.system_prompt, model.problem) == (1024, "", None)
    assert (model.layers, model.kv_bytes_per_token) == (2, 512)
    assert model.engine == engine_for(str(folder))
    assert model.engine_title == ENGINES[model.engine].title


def test_folders_and_files_are_for_different_engines(paths: Paths, write_gguf: WriteGguf) -> None:
    copy_tiny(paths.models / "folder")
    write_gguf(paths.models / "file.gguf", {"llama.block_count": 3})
    file, folder = find_models(paths)
    assert (file.id, folder.id) == ("file", "folder")
    assert file.engine != folder.engine
    assert "" not in (file.engine_title, folder.engine_title)
    assert file.layers == 3


def test_a_folder_that_lacks_its_config_is_listed_with_the_reason(paths: Paths) -> None:
    """And not passed over: somebody put it there to use it."""
    folder = copy_tiny(paths.models / "phi-3.5-mini")
    config = folder / "genai_config.json"
    config.unlink()
    (model,) = find_models(paths)
    assert (model.id, model.title, model.engine) == ("phi-3.5-mini", "phi 3.5 mini", "")
    assert model.size_bytes > 0
    assert model.problem is not None
    assert model.problem.key == "library-folder-without-config"
    # The same where it is no file.
    config.mkdir()
    (model,) = find_models(paths)
    assert model.problem is not None
    assert model.problem.key == "library-folder-without-config"


def test_graphs_that_are_parts_of_a_model_are_no_models(paths: Paths) -> None:
    folder = copy_tiny(paths.models / "whole")
    for part in ("vision", "deep/er"):
        (folder / part).mkdir(parents=True)
        (folder / part / "model.onnx").write_bytes(b"\x08\x07")
    (model,) = find_models(paths)
    assert (model.id, model.problem) == ("whole", None)


def test_facts_of_the_starter_for_a_memory_estimate(starter_file: Path, paths: Paths) -> None:
    starter = resolve_model(str(starter_file), paths)
    assert (starter.layers, starter.kv_bytes_per_token) == (30, 90 * 1024 * 1024 // 4096)
    assert starter.engine == engine_for(str(starter_file))


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real ONNX model is not in ../shared/models: {REAL.name}")
def test_the_real_model(paths: Paths) -> None:
    model = resolve_model(str(REAL), paths)
    assert (model.id, model.title) == (REAL.name, "smollm2 135m instruct")
    assert (model.quantization, model.parameters, model.layers) == ("INT4", 134_515_008, 30)


def test_every_way_to_name_a_folder(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copy_tiny(paths.models / "deep" / "phi-3.5-mini")
    [listed] = find_models(paths)
    for text in (
        "phi-3.5-mini",
        folder,
        folder / "genai_config.json",
        folder / "model.onnx",
        f"{folder}{os.sep}",
    ):
        assert resolve_model(str(text), paths) == listed, text
    other = copy_tiny(tmp_path / "qwen2.5")
    assert resolve_model(str(other / "model.onnx"), paths).id == "qwen2.5"
    monkeypatch.chdir(tmp_path)
    assert resolve_model("qwen2.5", paths).path == other
    assert resolve_model("./qwen2.5", paths).path == other
    assert problem("phi-3.5", paths).key == "library-model-unknown"


def test_files_in_a_model_folder_are_no_models_but_those_below_it_are(
    paths: Paths, write_gguf: WriteGguf
) -> None:
    copy_tiny(paths.models / "outer")
    write_gguf(paths.models / "outer" / "inside.gguf")
    copy_tiny(paths.models / "outer" / "inner")
    write_gguf(paths.models / "outer" / "more" / "below.gguf")
    (paths.models / "plain").mkdir()
    shutil.copy(TINY / "model.onnx", paths.models / "plain")
    # A graph alone is a model that cannot be used.
    lacking = "library-folder-without-config"
    assert ids(paths) == {"outer": None, "inner": None, "below": None, "plain": lacking}
    assert resolve_model(str(paths.models / "outer" / "inside.gguf"), paths).id == "inside"


def test_the_folder_of_all_models_may_be_one_and_hides_no_other(paths: Paths, write_gguf: WriteGguf) -> None:
    copy_tiny(paths.models)
    write_gguf(paths.models / "a.gguf")
    copy_tiny(paths.models / "b")
    assert ids(paths) == {paths.models.name: None, "a": None, "b": None}


def test_hidden_folders_are_left_out(paths: Paths) -> None:
    copy_tiny(paths.models / ".cache" / "m")
    copy_tiny(paths.models / ".m")
    assert find_models(paths) == []


def test_ids_of_folders_and_files_are_unique(paths: Paths, write_gguf: WriteGguf) -> None:
    write_gguf(paths.models / "phi.gguf")
    for name in ("phi", "a/phi", "b/phi", "starter"):
        copy_tiny(paths.models / name)
    listed = find_models(paths)
    assert {one.id for one in listed} == {"phi", "phi/", "a/phi", "b/phi", "starter/"}
    for one in listed:
        assert resolve_model(one.id, paths) == one
        assert resolve_model(str(one.path), paths) == one


@needs_links
def test_loops_and_links_of_folders(paths: Paths) -> None:
    copy_tiny(paths.models / "real")
    (paths.models / "real" / "up").symlink_to("..", target_is_directory=True)
    (paths.models / "also").symlink_to("real", target_is_directory=True)
    [model] = find_models(paths)
    # Its link up leads out of the folder, and says so by name.
    assert model.id == "real"
    assert model.problem is not None
    assert model.problem.key == "onnx-link-outside"
    (paths.models / "real" / "up").unlink()
    assert ids(paths) == {"real": None}
    assert resolve_model(str(paths.models / "also"), paths).problem is None


@needs_links
def test_a_model_is_found_where_it_is_and_not_where_a_link_to_it_is_refused(paths: Paths) -> None:
    copy_tiny(paths.models / "z")
    (paths.models / "a").mkdir()
    (paths.models / "a" / "link").symlink_to(paths.models / "z", target_is_directory=True)
    assert ids(paths) == {"z": None}


@needs_links
def test_a_folder_of_models_may_be_a_link_and_so_may_a_model(paths: Paths, tmp_path: Path) -> None:
    folder = copy_tiny(tmp_path / "disk" / "m")
    paths.models.mkdir(parents=True)
    (paths.models / "disk").symlink_to(tmp_path / "disk", target_is_directory=True)
    assert ids(paths) == {"m": None}
    (paths.models / "disk").unlink()
    (paths.models / "linked").symlink_to(folder, target_is_directory=True)
    assert ids(paths) == {"linked": None}
    linked = paths.models / "linked"
    for text in ("linked", linked, linked / "genai_config.json"):
        assert resolve_model(str(text), paths).path == linked, text
    assert resolve_model(str(folder), paths).problem is None
    (folder / "out.json").symlink_to(tmp_path, target_is_directory=True)
    assert one_line(problem(linked, paths)) == (
        f"The model {linked} is not loaded: out.json is a link that leads out of the model's folder, "
        f"to {tmp_path.resolve()}."
    )


def snapshot(models: Path, commit: str, repository: str = "models--org--Tiny-Chat-onnx") -> Path:
    """One commit of a repository as the cache of the Hub keeps it."""
    folder = models / repository / "snapshots" / commit
    folder.mkdir(parents=True)
    blobs = models / repository / "blobs"
    blobs.mkdir(exist_ok=True)
    for number, file in enumerate(sorted(TINY.iterdir())):
        blob = blobs / f"{number:040x}"
        shutil.copy(file, blob)
        (folder / file.name).symlink_to(Path("../../blobs") / blob.name)
    (models / repository / "refs").mkdir(exist_ok=True)
    (models / repository / "refs" / "main").write_text(commit)
    return folder


@needs_links
def test_the_cache_of_the_hub(paths: Paths) -> None:
    folder = snapshot(paths.models, "0a1b2c")
    [model] = find_models(paths)
    assert (model.id, model.title, model.path) == ("Tiny-Chat-onnx", "Tiny Chat", folder)
    assert model.problem is None
    assert model.size_bytes == sum(file.stat().st_size for file in TINY.iterdir())
    assert resolve_model("Tiny-Chat-onnx", paths) == model
    assert resolve_model(str(folder / "model.onnx"), paths) == model
    snapshot(paths.models, "3d4e5f")
    assert ids(paths) == {
        "Tiny-Chat-onnx": None, "models--org--Tiny-Chat-onnx/snapshots/3d4e5f": None,
    }  # fmt: skip
    (folder / "model.onnx.data").resolve().unlink()
    assert set(ids(paths).values()) == {"onnx-file-missing"}
    assert {one.title for one in find_models(paths)} == {"Tiny Chat"}


def spoil(folder: Path, part: str, content: bytes | None) -> Path:
    (folder / part).unlink()
    if content is not None:
        (folder / part).write_bytes(content)
    return folder


BROKEN: list[tuple[str, bytes | None, str, str]] = [
    ("model.onnx.data", None, "onnx-file-missing", "its file model.onnx.data is missing"),
    ("model.onnx", None, "onnx-file-missing", "its file model.onnx is missing"),
    ("model.onnx", b"Entry not found", "onnx-not-onnx", "its file model.onnx is not an ONNX model"),
    ("model.onnx", b"", "onnx-file-empty", "its file model.onnx is empty"),
    (
        "model.onnx", b"\x08\x0a", "onnx-no-graph",
        "its file model.onnx is an ONNX file without a model in it",
    ),
    (
        "model.onnx.data", bytes(1_000), "onnx-cut-off",
        "its file model.onnx.data is cut off: it has 1 kB and should have at least 514 kB",
    ),
    (
        "model.onnx", b"version https://git-lfs.github.com/spec/v1\n", "onnx-file-not-fetched",
        "model.onnx in it is only a note by Git where to find the file",
    ),
    (
        "genai_config.json", b"\xef\xbb\xbf{}", "onnx-byte-order-mark",
        "its file genai_config.json begins with a byte order mark, which ONNX Runtime GenAI cannot read",
    ),
    ("tokenizer.json", b"{}", "onnx-damaged", "its file tokenizer.json is damaged"),
    ("genai_config.json", b"{", "onnx-bad-json", "its file genai_config.json is not valid JSON, or cut off"),
    ("tokenizer.json", b"{", "onnx-bad-json", "its file tokenizer.json is not valid JSON, or cut off"),
    (
        "genai_config.json", b'{"model": {"type": "llama", "decoder": {}}}', "onnx-bad-value",
        "the setting “model.context_length” in genai_config.json is missing or not possible",
    ),
    (
        "genai_config.json", b'{"model": {"type": "whisper", "encoder": {"filename": "x"}}}',
        "onnx-not-for-chat",
        "it is not made for chats in text alone: its genai_config.json has “model.encoder”",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("part", "content", "key", "why"), BROKEN)
def test_a_broken_folder_is_listed_with_its_problem(
    paths: Paths, part: str, content: bytes | None, key: str, why: str
) -> None:
    folder = spoil(copy_tiny(paths.models / "broken-int8"), part, content)
    [model] = find_models(paths)
    assert (model.id, model.title, model.path) == ("broken-int8", "broken", folder)
    assert model.problem is not None
    assert model.problem.key == key
    assert model.size_bytes == sum(file.stat().st_size for file in folder.iterdir())
    assert (model.parameters, model.layers, model.quantization) == (0, 0, "")
    sentence = one_line(problem(folder, paths)).replace("\N{NO-BREAK SPACE}", " ")
    assert sentence == f"The model {folder} cannot be loaded: {why}."
    assert error_sentences(model.problem).do


def test_a_library_of_the_models_own_is_refused_by_name(paths: Paths) -> None:
    folder = copy_tiny(paths.models / "m")
    config = json.loads((folder / "genai_config.json").read_text())
    config["model"]["decoder"]["session_options"]["custom_ops_library"] = "evil.so"
    (folder / "genai_config.json").write_text(json.dumps(config))
    assert one_line(problem("m", paths)) == (
        f"The model {folder} is not loaded: the setting “model.decoder.session_options.custom_ops_library” "
        "in genai_config.json names a library of the model's own, whose code would run."
    )


@needs_links
def test_a_config_that_is_a_link_to_nothing(paths: Paths) -> None:
    """As a download that was broken off leaves it."""
    folder = copy_tiny(paths.models / "m")
    (folder / "genai_config.json").unlink()
    (folder / "genai_config.json").symlink_to("nothing")
    assert ids(paths) == {"m": "onnx-file-missing"}


def test_a_graph_without_a_config(paths: Paths, tmp_path: Path) -> None:
    shutil.copy(TINY / "model.onnx", tmp_path)
    error = problem(tmp_path / "model.onnx", paths)
    assert error.key == "onnx-without-config"
    assert one_line(error).endswith("there is no genai_config.json beside it, which says how it is run.")
    folder = problem(tmp_path, paths)
    assert folder.key == "library-folder-without-config"
    assert one_line(folder).startswith(
        f"The model {tmp_path} cannot be loaded: there is no genai_config.json"
    )


def test_a_folder_around_a_model(paths: Paths, tmp_path: Path, write_gguf: WriteGguf) -> None:
    """As the root of a repository that has one for each device."""
    top = tmp_path / "Phi-onnx"
    copy_tiny(top / "cpu_and_mobile" / "cpu-int4-rtn-block-32")
    (top / ".cache").mkdir()
    shutil.copy(TINY / "model.onnx", top / ".cache")
    error = problem(top, paths)
    inside = Path("cpu_and_mobile", "cpu-int4-rtn-block-32")
    assert one_line(error) == (
        f"The model {top} cannot be loaded: the model is not in this folder itself, but in {inside}."
    )
    assert error_sentences(error).do == f"Choose {top / inside}."
    assert resolve_model(str(error.facts["path"]), paths).path == top / inside
    for name in ("a", "b-00001-of-00002", "b-00002-of-00002", "c"):
        write_gguf(top / f"{name}.gguf")
    error = problem(top, paths)
    assert one_line(error).endswith(
        "it is a folder with 4 models in it: a.gguf, b-00001-of-00002.gguf, c.gguf, …"
    )
    assert error_sentences(error).do == f"Choose one of them, for example {top / 'a.gguf'}."


@needs_links
def test_a_folder_with_loops_and_without_a_model(paths: Paths, tmp_path: Path) -> None:
    top = tmp_path / "empty"
    top.mkdir()
    (top / "again").symlink_to(".", target_is_directory=True)
    (top / "itself").symlink_to("itself")
    error = problem(top, paths)
    assert error.key == "library-folder-without-model"
    assert "neither a genai_config.json nor a GGUF file" in one_line(error)


def test_a_model_that_lies_too_deep_is_not_said_to_be_missing(paths: Paths, tmp_path: Path) -> None:
    top = tmp_path / "cache"
    cached = top / "hub" / "models--a--b" / "snapshots" / ("1" * 40)
    cached.mkdir(parents=True)
    copy_tiny(cached / "cpu")
    assert problem(top, paths).facts["path"] == str(cached / "cpu")
    disk = tmp_path / "disk"
    disk.mkdir()
    top.rename(disk / "cache")
    error = problem(disk, paths)
    assert error.key == "library-folder-too-deep"
    assert "in the part of it that was looked through" in one_line(error)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems refuse such names")
def test_name_that_is_not_text(paths: Paths) -> None:
    folder = copy_tiny(paths.models / os.fsdecode(b"caf\xe9"))
    assert set(ids(paths).values()) == {"library-file-name-not-text"}
    assert one_line(problem(folder, paths)).isprintable()


@pytest.mark.parametrize(
    ("name", "folder", "title"),
    [
        ("", "/m/Phi-3.5-mini-instruct-onnx", "Phi 3.5 mini instruct"),
        ("", "/m/gemma-3-270m-it_genai-INT4-cpu", "gemma 3 270m it"),
        ("", "/m/SmolLM2", "SmolLM2"),
        ("", "/m/onnx", "onnx"),
        ("", "/m/Phi-3/cpu-int4-rtn-block-32", "Phi 3"),
        ("", "/m/models--microsoft--Phi-4-mini-instruct-onnx/snapshots/0a1b", "Phi 4 mini instruct"),
        ("", "/m/models--gpt2/snapshots/0a1b/cpu_and_mobile/cpu-int4", "gpt2"),
        ("", "/m/snapshots/0a1b", "0a1b"),
        ("Given-Name-onnx", "/m/x", "Given Name"),
        ("", "/m/\x1bmodel", "model"),
    ],
)
def test_titles(name: str, folder: str, title: str) -> None:
    assert make_folder_title(name, Path(folder)) == title


def test_what_others_make_needs_no_engine() -> None:
    model = InstalledModel("id", "title", Path("x"), 1, "llama", 1, "Q4", 1, "")
    assert (model.engine, model.engine_title, model.layers, model.kv_bytes_per_token) == ("", "", 0, 0)
