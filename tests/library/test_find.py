from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from slmdesk.library import find, find_models, resolve_model
from slmdesk.messages import ErrorKind, UserError, one_line
from slmdesk.storage import Paths

WriteGguf = Callable[..., Path]


@pytest.fixture
def no_starter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "starter_file", lambda: None)


def _problem(text: str | Path, paths: Paths) -> UserError:
    with pytest.raises(UserError) as caught:
        resolve_model(str(text), paths)
    assert caught.value.kind is ErrorKind.MODEL
    return caught.value


def test_empty_home_lists_the_starter_alone(starter_file: Path, paths: Paths) -> None:
    [starter] = find_models(paths)
    assert (starter.id, starter.title, starter.path) == ("starter", "SmolLM2 135M", starter_file)
    assert (starter.architecture, starter.quantization) == ("llama", "Q4_1")
    assert (starter.parameters, starter.trained_context_length) == (134_515_008, 8192)
    assert starter.size_bytes == starter_file.stat().st_size
    assert starter.system_prompt == "You are a helpful assistant."
    assert starter.problem is None
    assert resolve_model("starter", paths) == starter
    assert resolve_model(str(starter_file), paths) == starter


@pytest.mark.usefixtures("no_starter")
def test_without_the_starter(paths: Paths) -> None:
    assert find_models(paths) == []
    assert _problem("starter", paths).key == "library-starter-missing"


@pytest.mark.usefixtures("no_starter")
def test_models_are_found_below_folders_in_any_writing(paths: Paths, write_gguf: WriteGguf) -> None:
    write_gguf(paths.models / "b.gguf", {"general.name": "Beta", "llama.context_length": 2048})
    write_gguf(paths.models / "deep" / "er" / "MODEL.GGUF", {"general.name": "Alpha"})
    write_gguf(paths.models / "zażółć 模型.gguf")
    (paths.models / "readme.txt").write_text("no model")
    (paths.models / "._b.gguf").write_bytes(b"left behind by macOS")
    (paths.models / "folder.gguf").mkdir()
    found = find_models(paths)
    assert [(one.id, one.title) for one in found] == [
        ("MODEL", "Alpha"),
        ("b", "Beta"),
        ("zażółć 模型", "zażółć 模型"),
    ]
    assert found[1].trained_context_length == 2048
    assert [one.system_prompt for one in found] == ["", "", ""]
    for one in found:
        assert resolve_model(one.id, paths) == one
        assert resolve_model(str(one.path), paths) == one


@pytest.mark.usefixtures("no_starter")
def test_ids_are_unique(paths: Paths, write_gguf: WriteGguf) -> None:
    for name in ("a.gguf", "one/a.gguf", "two/a.gguf", "starter.gguf"):
        write_gguf(paths.models / name)
    ids = {one.id for one in find_models(paths)}
    assert ids == {"a", "one/a.gguf", "two/a.gguf", "starter.gguf"}
    assert resolve_model("two/a.gguf", paths).path == paths.models / "two" / "a.gguf"


@pytest.mark.usefixtures("no_starter")
def test_broken_file_is_listed_with_its_problem(paths: Paths, write_gguf: WriteGguf) -> None:
    write_gguf(paths.models / "good.gguf")
    (paths.models / "bad-Q4_K_M.gguf").write_bytes(b"junk of some length")
    bad, good = find_models(paths)
    assert good.problem is None
    assert bad.problem is not None
    assert bad.problem.key == "model-not-gguf"
    assert (bad.id, bad.title, bad.size_bytes) == ("bad-Q4_K_M", "bad", 19)


@pytest.mark.usefixtures("no_starter")
def test_parts_for_other_models_are_no_chat_models(paths: Paths, write_gguf: WriteGguf) -> None:
    file = write_gguf(paths.models / "mmproj-model.gguf", {"general.type": "mmproj"})
    write_gguf(paths.models / "old.gguf", {"general.architecture": "clip"})
    write_gguf(paths.models / "lora.gguf", {"general.type": "adapter"})
    assert find_models(paths) == []
    error = _problem(file, paths)
    assert one_line(error) == (
        f"The model {file} cannot chat: it is only a part for another model, of type “mmproj”."
    )


@pytest.mark.usefixtures("no_starter")
def test_split_model_is_one_row_with_the_size_of_all(paths: Paths, write_gguf: WriteGguf) -> None:
    files = [write_gguf(paths.models / f"big-Q8_0-0000{n}-of-00003.gguf") for n in (1, 2, 3)]
    [model] = find_models(paths)
    assert (model.id, model.title, model.path) == ("big-Q8_0", "big", files[0])
    assert model.size_bytes == sum(file.stat().st_size for file in files)
    assert model.problem is None
    files[1].unlink()
    [model] = find_models(paths)
    assert model.problem is not None
    assert one_line(model.problem).endswith("cannot be loaded: 1 of its 3 parts is not beside it.")
    files[0].unlink()
    [model] = find_models(paths)
    assert model.path == files[2]
    assert one_line(_problem("big-Q8_0", paths)).endswith("2 of its 3 parts are not beside it.")


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs a right on Windows")
@pytest.mark.usefixtures("no_starter")
def test_loops_of_links_end(paths: Paths, write_gguf: WriteGguf) -> None:
    write_gguf(paths.models / "inside" / "a.gguf")
    (paths.models / "inside" / "up").symlink_to(paths.models, target_is_directory=True)
    (paths.models / "self").symlink_to("self")
    (paths.models / "self.gguf").symlink_to("self.gguf")
    (paths.models / "gone.gguf").symlink_to("nowhere.gguf")
    problems = {one.id: one.problem and one.problem.key for one in find_models(paths)}
    assert problems == {
        "a": None,
        "gone": "model-missing",
        "self": "model-unreadable",
    }


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs a right on Windows")
@pytest.mark.usefixtures("no_starter")
def test_linked_folder_of_models_is_walked(paths: Paths, tmp_path: Path, write_gguf: WriteGguf) -> None:
    write_gguf(tmp_path / "elsewhere" / "a.gguf")
    paths.models.mkdir(parents=True)
    (paths.models / "link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert [one.id for one in find_models(paths)] == ["a"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
@pytest.mark.usefixtures("no_starter")
def test_pipe_is_neither_waited_for_nor_shown_to_an_engine(paths: Paths, write_gguf: WriteGguf) -> None:
    write_gguf(paths.models / "big-00001-of-00002.gguf")
    pipe = paths.models / "pipe.gguf"
    for file in (pipe, paths.models / "big-00002-of-00002.gguf"):
        os.mkfifo(file)
    problems = {one.id: one.problem and one.problem.key for one in find_models(paths)}
    assert problems == {"big": "library-parts-missing", "pipe": "model-not-a-file"}
    assert one_line(_problem("pipe", paths)) == (
        f"The model {pipe} cannot be loaded: it is a pipe, a socket or a device, not a file."
    )


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems refuse such names")
@pytest.mark.usefixtures("no_starter")
def test_name_that_is_not_text(paths: Paths, write_gguf: WriteGguf) -> None:
    file = write_gguf(paths.models / os.fsdecode(b"caf\xe9.gguf"))
    [model] = find_models(paths)
    assert model.problem is not None
    assert model.problem.key == "library-file-name-not-text"
    assert one_line(_problem(file, paths)).isprintable()


def test_unknown_name_and_missing_file(paths: Paths) -> None:
    assert one_line(_problem("nothing", paths)) == (
        "There is no model “nothing”: it is neither the name of a model in the list nor a file."
    )
    assert one_line(_problem("", paths)) == "No model can be chosen: the name given for it is empty."
    for text in ("nothing.gguf", "./nothing", "no/such/file"):
        assert _problem(text, paths).key == "model-missing"


def test_every_way_to_be_broken(paths: Paths, tmp_path: Path, write_gguf: WriteGguf) -> None:
    whole = write_gguf(tmp_path / "whole.gguf").read_bytes()
    same_key = struct.pack("<Q", 1) + b"k" + struct.pack("<II", 4, 1)
    cases = {
        "model-empty": b"",
        "model-not-gguf": b"GGML" + whole[4:],
        "model-version": whole[:4] + b"\x63\0\0\0" + whole[8:],
        "model-cut-off": whole[:-10],
        "model-damaged": b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + same_key * 2,
        "model-header-too-large": b"GGUF" + struct.pack("<IQQ", 3, 0, 2**60) + same_key,
    }
    for key, content in cases.items():
        file = tmp_path / f"{key}.gguf"
        file.write_bytes(content)
        error = _problem(file, paths)
        assert error.key == key
        sentence = one_line(error)
        assert str(file) in sentence
        assert sentence.startswith("The model ")
    assert _problem(tmp_path, paths).key == "library-folder-of-models"


def test_cut_off_file_is_told_with_both_sizes(paths: Paths, tmp_path: Path, starter_file: Path) -> None:
    cut = tmp_path / "cut.gguf"
    with starter_file.open("rb") as source:
        cut.write_bytes(source.read(5_000_000))
    sentence = one_line(_problem(cut, paths)).replace("\N{NO-BREAK SPACE}", " ")
    assert sentence.endswith("the file is cut off: it has 5 MB and should have at least 98.4 MB.")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is unreadable for an administrator"
)
def test_file_without_the_right_to_read(paths: Paths, tmp_path: Path, write_gguf: WriteGguf) -> None:
    file = write_gguf(tmp_path / "secret.gguf")
    file.chmod(0)
    error = _problem(file, paths)
    assert error.key == "model-unreadable"
    assert error.facts["reason"] == "Permission denied"
