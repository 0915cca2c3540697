"""What is kept on this disk, and what becomes of it when it is damaged or too much."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from msgspec import Struct

from slmdesk.catalogue.snapshot import SnapshotFolder


class Thing(Struct, frozen=True):
    name: str
    count: int = 0


def things(folder: Path, most_files: int = 10, most_bytes: int = 100_000) -> SnapshotFolder[Thing]:
    return SnapshotFolder(folder, Thing, most_files=most_files, most_bytes=most_bytes)


def only_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_what_is_kept_is_found_with_its_date(tmp_path: Path) -> None:
    store = SnapshotFolder(tmp_path, Thing, most_files=2, most_bytes=9999, clock=lambda: 123.5)
    assert store.find("a") is None
    assert store.keep("a", Thing("one")) == 123.5
    kept = things(tmp_path).find("a")
    assert kept is not None
    assert (kept.value, kept.saved) == (Thing("one"), 123.5)
    store.keep("a", Thing("two"))
    assert len(list(tmp_path.iterdir())) == 1
    store.forget("a")
    store.forget("a")
    assert store.find("a") is None


def test_everything_kept_is_found_and_what_is_damaged_passed_over(tmp_path: Path) -> None:
    assert list(things(tmp_path / "nothing").every()) == []
    store = things(tmp_path)
    for name in "abc":
        store.keep(name, Thing(name))
        if name == "a":
            only_file(tmp_path).write_bytes(b"damaged")
    assert {kept.value for kept in store.every()} == {Thing("b"), Thing("c")}
    assert len(list(tmp_path.iterdir())) == 3


def test_the_key_is_no_path(tmp_path: Path) -> None:
    store = things(tmp_path / "kept")
    store.keep("../../x\0/é", Thing("a"))
    assert [file.parent for file in tmp_path.rglob("*") if file.is_file()] == [tmp_path / "kept"]


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    things(tmp_path / "kept").keep("a", Thing("a"))
    if os.name != "nt":
        assert (only_file(tmp_path / "kept").stat().st_mode & 0o077) == 0


@pytest.mark.parametrize("place", ["beginning", "middle", "end", "cut", "empty", "longer"])
def test_damage_is_forgotten_with_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    store = things(tmp_path)
    store.keep("a", Thing("a"))
    file = only_file(tmp_path)
    content = file.read_bytes()
    at = {"beginning": 0, "middle": len(content) // 2, "end": len(content) - 1}.get(place, 0)
    flipped = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    damaged = {"cut": content[:-5], "empty": b"", "longer": content + b"x"}.get(place, flipped)
    file.write_bytes(damaged)
    with caplog.at_level(logging.WARNING):
        assert store.find("a") is None
    assert "is damaged and forgotten" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_what_another_version_kept_is_forgotten(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class OldThing(Struct):
        name: int

    SnapshotFolder(tmp_path, OldThing, most_files=9, most_bytes=9999).keep("a", OldThing(1))
    with caplog.at_level(logging.WARNING):
        assert things(tmp_path).find("a") is None
    assert "is damaged and forgotten" in caplog.text


def test_a_file_under_another_key_is_not_believed(tmp_path: Path) -> None:
    store = things(tmp_path)
    store.keep("a", Thing("a"))
    first = only_file(tmp_path)
    store.keep("b", Thing("b"))
    (second,) = set(tmp_path.iterdir()) - {first}
    first.replace(second)
    assert store.find("b") is None


def test_the_number_of_files_is_bounded_and_the_least_used_goes(tmp_path: Path) -> None:
    store = things(tmp_path, most_files=3)
    for moment, key in enumerate("abc"):
        store.keep(key, Thing(key))
        for file in tmp_path.iterdir():
            if file.stat().st_mtime > 1_000_000_000:
                os.utime(file, (moment, moment))
    assert store.find("a") is not None
    store.keep("d", Thing("d"))
    assert [key for key in "abcd" if store.find(key) is not None] == ["a", "c", "d"]


def test_the_bytes_are_bounded(tmp_path: Path) -> None:
    store = things(tmp_path, most_files=99, most_bytes=3_000)
    for number in range(9):
        store.keep(str(number), Thing("x" * 900))
    kept = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert 1_000 < kept <= 3_000
    assert store.find("8") is not None


def test_what_is_too_large_alone_is_not_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = things(tmp_path, most_bytes=3_000)
    store.keep("a", Thing("a"))
    with caplog.at_level(logging.WARNING):
        store.keep("b", Thing("x" * 5_000))
    assert "not kept" in caplog.text
    assert store.find("a") is not None
    assert store.find("b") is None


def test_a_disk_that_refuses_costs_nothing_but_the_snapshot(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = things(tmp_path / "file" / "below")
    with caplog.at_level(logging.WARNING):
        store.keep("a", Thing("a"))
        assert store.find("a") is None
    assert "cannot be kept" in caplog.text
