"""Folders: one home for all of them, private, and resources wherever the program runs from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from slmdesk.messages import UserError
from slmdesk.storage import WindowLock, find_paths, make_private_folder, resources_folder


def test_slmdesk_home_holds_everything(tmp_path: Path) -> None:
    paths = find_paths({"SLMDESK_HOME": str(tmp_path / "żółw")})
    for path in (
        paths.config,
        paths.data,
        paths.state,
        paths.cache,
        paths.models,
        paths.logs,
        paths.window_lock,
        paths.speed,
    ):
        assert path.is_relative_to(tmp_path / "żółw")
    assert not (tmp_path / "żółw").exists(), "nothing is made before it is needed"


def test_without_it_the_system_decides() -> None:
    paths = find_paths({})
    assert paths.config.name.lower() == "slmdesk"
    assert paths.settings_file.suffix == ".json"


def test_resources_are_found() -> None:
    assert (resources_folder() / "icons" / "LICENSE").is_file()
    assert (resources_folder() / "locale").is_dir()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError) as caught:
        make_private_folder(tmp_path / "file" / "below")
    assert caught.value.key == "folder-cannot-be-made"


def test_one_window_per_home(tmp_path: Path) -> None:
    """Another process is refused, can ask for attention, and gets the lock once the first is killed."""
    file = tmp_path / "state" / "window.lock"
    script = (
        "import sys, pathlib; from slmdesk.storage import WindowLock\n"
        f"lock = WindowLock(pathlib.Path({str(file)!r})); print(lock.take(), flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "True"
    mine = WindowLock(file)
    assert not mine.take()
    before = mine.attention_file.stat().st_mtime_ns
    mine.ask_for_attention()
    assert mine.attention_file.stat().st_mtime_ns >= before
    holder.kill()
    holder.communicate()
    assert mine.take()
    mine.release()
