"""A database that has lost its messages is never taken for a new one, whatever has become of it."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from slmdesk.messages import UserError
from slmdesk.storage import SCHEMA_VERSION, Database, RepairReport, find_and_repair_damage
from slmdesk.storage.ledger_keeper import ledger_of
from tests.storage.old_database import make_old_database
from tests.storage.stored_chats import PAGE, StoredChats, check_nothing_is_silently_gone, overwrite
from tests.storage.test_repair import pages_of


@pytest.fixture
def chats(tmp_path: Path) -> StoredChats:
    chats = StoredChats(tmp_path / "data")
    chats.add_conversations(4)
    chats.back_up()
    chats.database.close()
    return chats


def repaired(chats: StoredChats) -> RepairReport:
    report = find_and_repair_damage(chats.database, chats.database.backups)
    assert report is not None
    check_nothing_is_silently_gone(chats.said, chats.database, report)
    chats.database.close()
    assert find_and_repair_damage(chats.database, chats.database.backups) is None
    return report


def refuses(database: Database) -> bool:
    """Whether it is not opened, so that nothing is written over what is left."""
    names = ("*.db", "*.db-wal", "*.ledger")
    before = {one: one.read_bytes() for name in names for one in database.file.parent.glob(name)}
    with pytest.raises(UserError) as caught:
        database.read("SELECT 1")
    assert {one: one.read_bytes() for name in names for one in database.file.parent.glob(name)} == before
    return caught.value.key == "database-damaged"


def make_new(file: Path) -> None:
    file.unlink()
    elsewhere = Database(file.with_name("elsewhere") / "new.db")
    elsewhere.read("SELECT 1")
    elsewhere.close()
    shutil.copy(elsewhere.file, file)


def make_blank(file: Path) -> None:
    file.unlink()
    with closing(dbapi2.connect(str(file))) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


def make_old(file: Path) -> None:
    file.unlink()
    make_old_database(file)


def change(place: int, content: bytes) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        data = bytearray(file.read_bytes())
        data[place : place + len(content)] = content
        file.write_bytes(data)

    return write


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(Path.unlink, id="gone"),
        pytest.param(lambda file: file.write_bytes(b""), id="empty"),
        pytest.param(make_blank, id="blank"),
        pytest.param(make_new, id="new"),
        pytest.param(change(60, bytes(4)), id="version"),
        pytest.param(change(68, bytes(4)), id="identity"),
        pytest.param(change(68, b"\x11\x22\x33\x44"), id="another identity"),
    ],
)
def test_what_the_ledger_knows_is_restored(chats: StoredChats, damage: Callable[[Path], None]) -> None:
    damage(chats.database.file)
    assert refuses(chats.database)
    report = repaired(chats)
    assert (report.lost, report.maybe_more) == ((), False)


@pytest.mark.parametrize("file", ["gone", "empty", "blank"])
@pytest.mark.parametrize("ledger", ["gone", "empty"])
def test_what_only_backups_know_is_restored(chats: StoredChats, file: str, ledger: str) -> None:
    database = chats.database.file
    {"gone": Path.unlink, "empty": lambda one: one.write_bytes(b""), "blank": make_blank}[file](database)
    known = ledger_of(database).file
    known.unlink()
    if ledger == "empty":
        known.touch()
    assert refuses(chats.database)
    report = repaired(chats)
    assert (report.restored, report.maybe_more) == (len(chats.said), True)


def test_a_database_of_the_first_version_in_its_place_hides_nothing(chats: StoredChats) -> None:
    """As a person who puts an old copy back does."""
    make_old(chats.database.file)
    assert refuses(chats.database)
    report = find_and_repair_damage(chats.database, chats.database.backups)
    assert report is not None
    ids = {row[0] for row in chats.database.read("SELECT id FROM message")}
    assert ids >= chats.said.keys()
    chats.database.close()


@pytest.mark.parametrize("how", ["gone", "empty"])
def test_the_log_of_the_first_session_is_gone(tmp_path: Path, how: str) -> None:
    chats = StoredChats(tmp_path / "live")
    chats.add_conversations(2)
    file = chats.snapshot(tmp_path / "data")
    chats.database.close()
    log = file.with_name("slmdesk.db-wal")
    log.unlink()
    if how == "empty":
        log.touch()
    database = Database(file)
    assert refuses(database)
    report = find_and_repair_damage(database, database.backups)
    assert report is not None
    assert {one.id for one in report.lost} == chats.said.keys()
    database.close()


def test_a_damaged_log_is_not_thrown_away_by_opening(tmp_path: Path) -> None:
    chats = StoredChats(tmp_path / "live")
    chats.add_conversations(2)
    file = chats.snapshot(tmp_path / "data")
    chats.database.close()
    change(17, b"\xff")(file.with_name("slmdesk.db-wal"))
    chats.database = Database(file)
    assert refuses(chats.database)
    assert repaired(chats).intact == len(chats.said)


def test_a_fresh_start_where_nothing_was_is_no_damage(tmp_path: Path) -> None:
    database = Database(tmp_path / "slmdesk.db")
    assert find_and_repair_damage(database, database.backups) is None
    database.read("SELECT 1")
    database.close()
    database.file.unlink()
    assert find_and_repair_damage(database, database.backups) is None
    database.file.touch()
    make_blank(database.file)
    assert find_and_repair_damage(database, database.backups) is None
    assert database.read("PRAGMA user_version") == [(SCHEMA_VERSION,)]
    database.close()


def test_a_ledger_of_other_messages_is_kept_aside(tmp_path: Path) -> None:
    here, there = StoredChats(tmp_path / "here"), StoredChats(tmp_path / "there", seed=2)
    for chats in (here, there):
        chats.add_conversations(2)
        chats.database.close()
    known = ledger_of(here.database.file).file
    before = known.read_bytes()
    shutil.copy(there.database.file, here.database.file)
    assert refuses(here.database)
    assert find_and_repair_damage(here.database, here.database.backups) is None
    assert known.with_name("slmdesk.replaced.ledger").read_bytes() == before
    check_nothing_is_silently_gone(there.said, here.database, None)
    here.database.close()


def test_a_version_lower_than_that_of_the_tables_is_repaired(chats: StoredChats) -> None:
    """The migration could never succeed: the tables are there already."""
    change(60, (1).to_bytes(4, "big"))(chats.database.file)
    assert refuses(chats.database)
    assert repaired(chats).intact == len(chats.said)


@pytest.mark.parametrize(
    ("good", "bad"),
    [(b"DELETE FROM draft WHERE", b"DELETE FROM dragt WHERE"), (b"(parent_id)", b"(superseded")],
)
def test_tables_and_triggers_have_to_be_those_of_the_version(
    chats: StoredChats, good: bytes, bad: bytes
) -> None:
    data = chats.database.file.read_bytes()
    assert data.count(good) == 1
    chats.database.file.write_bytes(data.replace(good, bad))
    assert repaired(chats).intact == len(chats.said)


def test_messages_at_the_end_are_named_without_ledger_and_index(chats: StoredChats) -> None:
    """The greatest number ever given says that they existed."""
    file = chats.database.file
    ledger_of(file).file.unlink()
    shutil.rmtree(chats.database.backups)
    pages = [*pages_of(file, "message_of_conversation"), pages_of(file, "message")[-1]]
    for page in pages:
        overwrite(file, page, bytes(PAGE))
    report = repaired(chats)
    assert max(chats.said) in {one.id for one in report.lost}
    assert report.maybe_more


def test_what_an_earlier_repair_lost_is_not_called_intact(chats: StoredChats) -> None:
    file = chats.database.file
    shutil.rmtree(chats.database.backups)
    overwrite(file, pages_of(file, "message")[0], random.Random(1).randbytes(PAGE))
    first = repaired(chats)
    assert first.lost
    change(60, bytes(4))(file)
    second = find_and_repair_damage(chats.database, chats.database.backups)
    assert second is not None
    assert second.intact == len(chats.said) - len(first.lost)
    chats.database.close()


def test_a_file_that_was_cut_off_in_the_middle_of_a_text_is_repaired(tmp_path: Path) -> None:
    """SQLite calls that an error of the disk, as it does with those that pass."""
    chats = StoredChats(tmp_path / "data")
    number = chats.add_conversation()
    chats.add_message(number, max(chats.said), "user", "a long text " * 3000)
    chats.database.close()
    os.truncate(chats.database.file, chats.database.file.stat().st_size - 1000)
    assert repaired(chats).lost
