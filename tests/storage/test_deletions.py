"""Only what a person deleted is deleted, and digests are the same wherever they are made."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from slmdesk.chat import ConversationStore
from slmdesk.storage import Database, find_and_repair_damage, row_digest
from slmdesk.storage.digests import conversation_digest
from slmdesk.storage.ledger_keeper import ledger_of
from tests.storage.stored_chats import PAGE, StoredChats, overwrite


@pytest.fixture
def chats(tmp_path: Path) -> StoredChats:
    chats = StoredChats(tmp_path / "data")
    chats.add_conversations(3)
    return chats


def in_the_file(file: Path, do: Callable[[dbapi2.Connection], object]) -> None:
    """Change the file as damage does: without our triggers."""
    with closing(dbapi2.connect(str(file))) as connection:
        do(connection)
        connection.commit()


def deleted(database: Database) -> list[int]:
    return [row[0] for row in database.read("SELECT id FROM conversation WHERE deleted_at IS NOT NULL")]


def test_damage_that_says_deleted_is_found_and_mended(chats: StoredChats) -> None:
    chats.database.close()
    in_the_file(
        chats.database.file,
        lambda file: file.execute("UPDATE conversation SET deleted_at = 5 WHERE id = 2"),
    )
    report = find_and_repair_damage(chats.database, chats.database.backups)
    assert report is not None
    assert report.intact == len(chats.said)
    assert deleted(chats.database) == []
    chats.database.close()


@pytest.mark.parametrize("is_in_ledger", [False, True])
def test_only_certain_deletions_are_for_good(chats: StoredChats, is_in_ledger: bool) -> None:
    """A deletion that was taken back may be there again: the end of the log may be lost."""
    store = ConversationStore(chats.database)
    store.delete([2])
    if not is_in_ledger:
        number, title, prompt, created_at, when = chats.database.read(
            "SELECT id, title, system_prompt, created_at, deleted_at FROM conversation WHERE id = 2"
        )[0]
        digest = conversation_digest(number, title, prompt, created_at, when)
        store.restore([2])
        chats.database.close()
        in_the_file(
            chats.database.file,
            lambda file: file.execute(
                "UPDATE conversation SET deleted_at = ?, digest = ? WHERE id = 2", (when, digest)
            ),
        )
        assert find_and_repair_damage(chats.database, chats.database.backups) is None
    assert deleted(chats.database) == [2]
    assert [one.id for one in store.deleted()] == ([2] if is_in_ledger else [])
    store.purge_deleted()
    left = {one.id for one in store.summaries()}
    assert left == ({1, 3} if is_in_ledger else {1, 2, 3})
    chats.database.close()


def test_certain_deletions_survive_checks_and_repairs(chats: StoredChats) -> None:
    ConversationStore(chats.database).delete([2])
    chats.delete(1)
    chats.database.close()
    # The ledger is written anew, because messages are gone.
    assert find_and_repair_damage(chats.database, chats.database.backups) is None
    assert chats.database.surely_deleted() == {2}
    chats.database.close()
    overwrite(chats.database.file, 1, bytes(PAGE))
    assert find_and_repair_damage(chats.database, chats.database.backups) is not None
    assert chats.database.surely_deleted() == {2}
    chats.database.close()


def test_nothing_is_certain_without_a_sound_ledger(chats: StoredChats) -> None:
    ConversationStore(chats.database).delete([2])
    chats.database.close()
    ledger = ledger_of(chats.database.file).file
    overwrite(ledger, 1, b"noise")
    assert chats.database.surely_deleted() == set()
    chats.database.close()
    overwrite(chats.database.file, 1, bytes(PAGE))
    assert find_and_repair_damage(chats.database, chats.database.backups) is not None
    assert deleted(chats.database) == []
    chats.database.close()


def test_a_nul_in_a_title_is_no_damage(chats: StoredChats) -> None:
    store = ConversationStore(chats.database)
    store.rename(1, "ti\0tle")
    chats.database.close()
    assert find_and_repair_damage(chats.database, chats.database.backups) is None
    # As an earlier version wrote it, which lost what came behind.
    row = chats.database.read("SELECT created_at FROM conversation WHERE id = 1")[0]
    chats.database.close()
    in_the_file(
        chats.database.file,
        lambda file: file.execute(
            "UPDATE conversation SET digest = ? WHERE id = 1", (row_digest(1, "ti", "", *row),)
        ),
    )
    assert find_and_repair_damage(chats.database, chats.database.backups) is None
    store.rename(1, "t\0")
    chats.database.close()
    assert find_and_repair_damage(chats.database, chats.database.backups) is None
    assert chats.database.read("SELECT title FROM conversation WHERE id = 1") == [("t\0",)]
    chats.database.close()


def test_writing_does_not_hide_that_a_prompt_was_damaged(chats: StoredChats) -> None:
    chats.database.close()
    in_the_file(
        chats.database.file,
        lambda file: file.execute("UPDATE conversation SET system_prompt = 'x' WHERE id = 1"),
    )
    with chats.database.transaction() as cursor:
        cursor.execute("UPDATE conversation SET title = title, updated_at = 9 WHERE id = 1")
    chats.database.close()
    assert find_and_repair_damage(chats.database, chats.database.backups) is not None
    chats.database.close()
