"""An old database becomes a new one, with a copy of the old beside it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlcipher3 import dbapi2

from slmdesk.messages import UserError
from slmdesk.storage import SCHEMA_VERSION, Database, find_and_repair_damage, migrations, row_digest
from slmdesk.storage.salvaged_rows import CONVERSATION_COLUMNS, MESSAGE_COLUMNS
from tests.storage.old_database import ROWS, make_old_database
from tests.storage.stored_chats import PAGE, overwrite


@pytest.fixture
def old(tmp_path: Path) -> Path:
    file = tmp_path / "data" / "slmdesk.db"
    make_old_database(file)
    return file


def test_every_message_of_version_1_is_kept_with_its_parent(old: Path) -> None:
    database = Database(old)
    rows = database.read("SELECT id, conversation_id, role, text, superseded FROM message ORDER BY id")
    assert rows == ROWS
    parents: dict[int, int | None] = dict(database.read("SELECT id, parent_id FROM message"))
    # Both answers belong to the question; what was taken back is no one's parent.
    assert parents == {1: None, 2: 1, 3: None, 4: 1, 5: 4, 6: 4, 7: 6, 8: 7}
    for row in database.read(
        "SELECT id, conversation_id, parent_id, role, text, reasoning, created_at, digest FROM message"
    ):
        assert row_digest(*row[:7]) == row[7]
    assert database.read(
        "SELECT id, title, system_prompt, pinned, model, options, named FROM conversation"
    ) == [
        (1, "one", "be brief", 0, "", "{}", 0),
        (2, "two", "be brief", 0, "", "{}", 0),
        (3, "3", "be brief", 0, "", "{}", 0),
    ]
    assert find_and_repair_damage(database, database.backups) is None
    with database.transaction() as cursor:
        cursor.execute("DELETE FROM conversation WHERE id = 1")
    assert database.read("SELECT id FROM message") == [(3,)]
    database.close()


def test_a_migration_is_preceded_by_a_private_copy(old: Path) -> None:
    database = Database(old)
    database.read("SELECT 1")
    database.close()
    copy = old.parent / "backups" / "slmdesk.before-version-2.db"
    assert copy.stat().st_mode & 0o077 == 0
    with closing(dbapi2.connect(str(copy))) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        rows = "SELECT id, conversation_id, role, text, superseded FROM message ORDER BY id"
        assert connection.execute(rows).fetchall() == ROWS


def test_another_file_of_that_name_does_not_stand_in_for_the_copy(old: Path) -> None:
    backups = old.parent / "backups"
    backups.mkdir()
    stale = backups / "slmdesk.before-version-2.db"
    stale.write_bytes(b"stale")
    as_it_was = old.read_bytes()
    for _ in range(2):
        # The second time as after a kill: the copy is there already.
        database = Database(old)
        database.read("SELECT 1")
        database.close()
        old.write_bytes(as_it_was)
        old.with_suffix(".ledger").unlink()
    copy = backups / "slmdesk.before-version-2-2.db"
    assert sorted(backups.iterdir()) == [copy, stale]
    with closing(dbapi2.connect(str(copy))) as connection:
        assert connection.execute("SELECT count(*) FROM message").fetchone() == (len(ROWS),)


def fail(connection: Any) -> None:
    connection.execute("ALTER TABLE conversation ADD COLUMN colour TEXT")
    connection.execute("SELECT * FROM missing")


def no_space(connection: Any) -> None:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    connection.execute("CREATE TABLE large (text TEXT)")
    connection.execute("INSERT INTO large VALUES (zeroblob(100000))")


@pytest.mark.parametrize("step", [fail, no_space])
def test_a_migration_that_fails_leaves_the_old_version(
    old: Path, monkeypatch: pytest.MonkeyPatch, step: Callable[[Any], None]
) -> None:
    before = Database(old)
    before.read("SELECT 1")
    before.close()
    with monkeypatch.context() as later:
        later.setitem(migrations.MIGRATIONS, SCHEMA_VERSION + 1, step)
        later.setattr(migrations, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
        with pytest.raises(UserError) as caught:
            before.read("SELECT 1")
        assert caught.value.key == "database-cannot-be-opened"
    database = Database(old)
    assert len(database.read("SELECT id FROM message")) == len(ROWS)
    assert "colour" not in {row[1] for row in database.read("PRAGMA table_info(conversation)")}
    database.close()


def test_a_damaged_database_of_version_1_is_repaired_too(old: Path) -> None:
    overwrite(old, 1, bytes(PAGE))
    database = Database(old)
    with pytest.raises(UserError) as caught:
        database.read("SELECT 1")
    assert caught.value.key == "database-damaged"
    report = find_and_repair_damage(database, database.backups)
    assert report is not None
    assert (report.intact, report.lost) == (len(ROWS), ())
    assert (
        database.read("SELECT id, conversation_id, role, text, superseded FROM message ORDER BY id") == ROWS
    )
    parents: dict[int, int | None] = dict(database.read("SELECT id, parent_id FROM message"))
    assert parents == {1: None, 2: 1, 3: None, 4: 1, 5: 4, 6: 4, 7: 6, 8: 7}
    assert database.read("SELECT id, title FROM conversation") == [(1, "one"), (2, "two"), (3, "3")]
    database.close()


def test_the_copy_from_before_the_migration_restores_messages(old: Path) -> None:
    database = Database(old)
    database.read("SELECT 1")
    database.close()
    overwrite(old, 1, bytes(old.stat().st_size))
    report = find_and_repair_damage(database, database.backups)
    assert report is not None
    assert (report.intact, report.restored, report.lost) == (0, len(ROWS), ())
    assert report.backup_used == old.parent / "backups" / "slmdesk.before-version-2.db"
    parents: dict[int, int | None] = dict(database.read("SELECT id, parent_id FROM message"))
    assert parents == {1: None, 2: 1, 3: None, 4: 1, 5: 4, 6: 4, 7: 6, 8: 7}
    database.close()


def test_what_salvage_looks_for_is_what_the_tables_have(tmp_path: Path) -> None:
    """A migration that adds a column has to tell salvage how its rows look."""
    database = Database(tmp_path / "slmdesk.db")
    for table, columns in (("message", MESSAGE_COLUMNS), ("conversation", CONVERSATION_COLUMNS)):
        assert tuple(row[1] for row in database.read(f"PRAGMA table_info({table})")) == columns
    database.close()
