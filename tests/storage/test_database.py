"""The database migrates with a backup, refuses a newer one untouched, and keeps whole transactions."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from slmdesk.messages import UserError
from slmdesk.storage import SCHEMA_VERSION, Database, database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "slmdesk.db"


def insert(db: Database, title: str) -> None:
    with db.transaction() as cursor:
        cursor.execute(
            "INSERT INTO conversation (title, system_prompt, created_at, updated_at) VALUES (?, '', 0, 0)",
            (title,),
        )


def titles(db: Database) -> list[str]:
    return [row[0] for row in db.read("SELECT title FROM conversation ORDER BY id")]


def test_a_new_file_has_the_newest_schema_and_is_private(file: Path) -> None:
    db = Database(file)
    insert(db, "one")
    assert db.read("PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert db.read("PRAGMA journal_mode") == [("wal",)]
    assert db.read("PRAGMA synchronous") == [(2,)]
    assert file.stat().st_mode & 0o077 == 0
    db.close()
    assert titles(Database(file)) == ["one"]


def test_an_exception_keeps_nothing_of_the_transaction(file: Path) -> None:
    db = Database(file)

    def fail_half_way() -> None:
        with db.transaction() as cursor:
            cursor.execute(
                "INSERT INTO conversation (title, system_prompt, created_at, updated_at) VALUES ('x','',0,0)"
            )
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way()
    assert titles(db) == []
    insert(db, "after")
    assert titles(db) == ["after"]
    db.close()


def test_a_newer_database_is_refused_untouched(file: Path) -> None:
    db = Database(file)
    insert(db, "one")
    db.close()
    connection = dbapi2.connect(str(file))
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(UserError) as caught:
        Database(file).read("SELECT 1")
    assert caught.value.key == "database-is-newer"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_that_is_no_database_is_told_and_stays(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        Database(file).read("SELECT 1")
    assert caught.value.key == "database-cannot-be-opened"
    assert file.read_bytes() == content


def test_a_migration_is_preceded_by_a_backup(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = Database(file)
    insert(db, "kept")
    db.close()
    later = SCHEMA_VERSION + 1
    monkeypatch.setitem(database.MIGRATIONS, later, "ALTER TABLE conversation ADD COLUMN colour TEXT;")
    monkeypatch.setattr(database, "SCHEMA_VERSION", later)
    assert titles(Database(file)) == ["kept"]
    backup = file.with_name(f"slmdesk.before-version-{later}.db")
    monkeypatch.undo()
    assert titles(Database(backup)) == ["kept"]


def test_a_migration_that_fails_leaves_the_old_version(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = Database(file)
    insert(db, "kept")
    db.close()
    later = SCHEMA_VERSION + 1
    monkeypatch.setitem(
        database.MIGRATIONS, later, "ALTER TABLE conversation ADD COLUMN colour TEXT; SELECT * FROM missing;"
    )
    monkeypatch.setattr(database, "SCHEMA_VERSION", later)
    with pytest.raises(UserError):
        Database(file).read("SELECT 1")
    monkeypatch.undo()
    db = Database(file)
    assert titles(db) == ["kept"]
    assert "colour" not in {row[1] for row in db.read("PRAGMA table_info(conversation)")}
    db.close()


def test_two_processes_may_write_side_by_side(file: Path) -> None:
    """The window and the command line share one database."""
    one, two = Database(file), Database(file)
    insert(one, "window")

    def insert_many(db: Database, name: str) -> None:
        for number in range(20):
            insert(db, f"{name}{number}")

    threads = [threading.Thread(target=insert_many, args=pair) for pair in ((one, "a"), (two, "b"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(titles(one)) == 41
    one.close()
    two.close()


def test_a_full_disk_is_told_and_the_next_transaction_works(file: Path) -> None:
    db = Database(file)
    insert(db, "before")
    pages = db.read("PRAGMA page_count")[0][0]
    db.read(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(UserError) as caught:
        insert(db, "x" * 100_000)
    assert caught.value.key == "database-cannot-be-written"
    assert "full" in str(caught.value.facts["reason"])
    db.read("PRAGMA max_page_count = 100000")
    insert(db, "after")
    assert titles(db) == ["before", "after"]
    db.close()
