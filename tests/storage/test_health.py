"""What cannot be stored is found out before it matters."""

from __future__ import annotations

from slmdesk.storage import Paths, storage_problems


def test_a_healthy_home_has_no_problem(paths: Paths) -> None:
    assert storage_problems(paths) == []
    assert [file for file in paths.data.rglob("*") if file.is_file()] == []


def test_each_thing_that_is_wrong_is_named(paths: Paths) -> None:
    paths.config.parent.mkdir(parents=True)
    paths.config.write_text("a file where a folder should be")
    paths.data.mkdir()
    paths.database_file.write_bytes(b"not a database" * 100)
    assert [problem.key for problem in storage_problems(paths)] == [
        "folder-cannot-be-made",
        "database-damaged",
    ]
