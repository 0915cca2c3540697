"""The database keeps whole transactions, and says what it cannot do."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from slmdesk.messages import UserError
from slmdesk.storage import SCHEMA_VERSION, Database


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


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_that_is_no_database_is_told_and_stays(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        Database(file).read("SELECT 1")
    assert caught.value.key == "database-damaged"
    assert file.read_bytes() == content


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


def test_what_is_deleted_is_nowhere_on_the_disk(file: Path) -> None:
    db = Database(file)
    insert(db, "a secret title")
    with db.transaction() as cursor:
        cursor.execute(
            "INSERT INTO message (conversation_id, role, text, state, model_title, created_at)"
            " VALUES (1, 'user', 'a secret message', 'complete', '', 1)"
        )
    insert(db, "kept")

    def files_with(words: bytes) -> list[str]:
        return [one.name for one in file.parent.iterdir() if one.is_file() and words in one.read_bytes()]

    assert files_with(b"a secret title")
    assert files_with(b"a secret message")
    with db.transaction() as cursor:
        cursor.execute("DELETE FROM conversation WHERE id = 1")
    assert files_with(b"a secret") == []
    assert titles(db) == ["kept"]
    db.close()


def test_the_draft_of_a_deleted_conversation_goes_with_it(file: Path) -> None:
    db = Database(file)
    insert(db, "one")
    with db.transaction() as cursor:
        cursor.executemany("INSERT INTO draft VALUES (?, 'unsent', 1)", [(0,), (1,)])
        cursor.execute("DELETE FROM conversation")
    assert db.read("SELECT conversation_id FROM draft") == [(0,)]
    db.close()


def test_ids_are_never_given_again(file: Path) -> None:
    db = Database(file)
    insert(db, "one")
    with db.transaction() as cursor:
        cursor.execute("DELETE FROM conversation")
    insert(db, "two")
    assert db.read("SELECT id FROM conversation") == [(2,)]
    db.close()


def test_an_empty_file_is_not_taken_for_a_new_database(file: Path) -> None:
    """SQLite would begin a new one in it, and new messages would get the ids of the old."""
    db = Database(file)
    insert(db, "one")
    with db.transaction() as cursor:
        cursor.execute(
            "INSERT INTO message (conversation_id, role, text, state, model_title, created_at)"
            " VALUES (1, 'user', 'x', 'complete', '', 1)"
        )
    db.close()
    file.write_bytes(b"")
    with pytest.raises(UserError) as caught:
        db.read("SELECT 1")
    assert caught.value.key == "database-damaged"
    assert file.read_bytes() == b""


def test_a_folder_that_is_in_the_way_is_told(tmp_path: Path) -> None:
    file = tmp_path / "slmdesk.db"
    file.mkdir()
    with pytest.raises(UserError) as caught:
        Database(file).read("SELECT 1")
    assert caught.value.key == "database-cannot-be-opened"


@pytest.mark.skipif(sys.platform == "win32", reason="there a read-only folder can be written to")
@pytest.mark.parametrize("has_file", [True, False])
def test_a_folder_that_cannot_be_written_is_told(has_file: bool) -> None:
    """As another person where the test is run by root, to whom nothing is read-only."""
    script = (
        "import os, sys; from pathlib import Path\n"
        "from slmdesk.messages import UserError\n"
        "from slmdesk.storage import Database, find_and_repair_damage\n"
        "from sqlcipher3 import dbapi2\n"
        "os.geteuid() or os.setuid(65534)\n"
        "database = Database(Path(sys.argv[1]))\n"
        "check = lambda: find_and_repair_damage(database, database.backups)\n"
        "for do in (lambda: database.read('SELECT 1'), check):\n"
        "    try: do()\n"
        "    except UserError as error: print(error.key, error.facts['reason'])\n"
    )
    with tempfile.TemporaryDirectory() as name:
        # pytest's own folders are closed to other people.
        folder = Path(name)
        file = folder / "slmdesk.db"
        if has_file:
            db = Database(file)
            insert(db, "one")
            db.close()
        folder.chmod(0o555)
        run = subprocess.run(
            [sys.executable, "-c", script, file], capture_output=True, text=True, check=False, timeout=60
        )
        folder.chmod(0o755)
    assert run.stdout == "database-cannot-be-opened Permission denied\n" * 2, run.stderr
