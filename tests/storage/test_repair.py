"""Damage to the database: each message is intact, restored, or named as lost."""

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
from slmdesk.storage import SCHEMA_VERSION, Database, find_and_repair_damage
from slmdesk.storage.ledger import record_of_database
from slmdesk.storage.ledger_keeper import ledger_of
from slmdesk.storage.pages import PageImage
from tests.storage.stored_chats import (
    PAGE,
    Said,
    StoredChats,
    check_nothing_is_silently_gone,
    overwrite,
    overwrite_random_pages,
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[int, Said]]:
    """Two states of the same conversations: with the log of a killed program, and closed in peace."""
    root = tmp_path_factory.mktemp("stored")
    chats = StoredChats(root / "live")
    chats.add_conversations(5)
    chats.back_up()
    chats.database.close()
    chats.add_conversations(3)
    killed = chats.snapshot(root / "killed")
    chats.database.close()
    return killed.parent, chats.database.file.parent, chats.said


@pytest.fixture
def killed(stored: tuple[Path, Path, dict[int, Said]], tmp_path: Path) -> Path:
    shutil.copytree(stored[0], tmp_path / "killed")
    return tmp_path / "killed" / "slmdesk.db"


@pytest.fixture
def closed(stored: tuple[Path, Path, dict[int, Said]], tmp_path: Path) -> Path:
    shutil.copytree(stored[1], tmp_path / "data")
    return tmp_path / "data" / "slmdesk.db"


@pytest.fixture
def said(stored: tuple[Path, Path, dict[int, Said]]) -> dict[int, Said]:
    return stored[2]


def pages_of(file: Path, table: str) -> list[int]:
    """Leaf pages of a table or an index, by looking at who shares its tree."""
    kinds = {"message": 0x0D, "message_of_conversation": 0x0A}
    with closing(dbapi2.connect(str(file))) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    with PageImage(file) as image:
        first = image.page(root)
        if first[0] == kinds[table]:
            return [root]
        count = int.from_bytes(first[3:5], "big")
        cells = [int.from_bytes(first[12 + 2 * n : 14 + 2 * n], "big") for n in range(count)]
        return [int.from_bytes(first[at : at + 4], "big") for at in cells] + [
            int.from_bytes(first[8:12], "big")
        ]


def root_of(file: Path, table: str) -> int:
    with closing(dbapi2.connect(str(file))) as connection:
        return int(
            connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
        )


def repaired(file: Path, said: dict[int, Said]) -> tuple[int, int, int]:
    """Repair, and return how many messages are intact, restored and lost."""
    database = Database(file)
    report = find_and_repair_damage(database, database.backups)
    assert report is not None
    check_nothing_is_silently_gone(said, database, report)
    assert report.damaged_file.exists()
    assert find_and_repair_damage(database, database.backups) is None
    database.close()
    return report.intact, report.restored, len(report.lost)


def test_random_pages_overwritten_100_times(
    stored: tuple[Path, Path, dict[int, Said]], tmp_path: Path
) -> None:
    killed, closed, said = stored
    sums = [0, 0, 0]
    for trial in range(100):
        chance = random.Random(trial)
        folder = tmp_path / str(trial)
        shutil.copytree(chance.choice((killed, closed)), folder)
        file, log = folder / "slmdesk.db", folder / "slmdesk.db-wal"
        parts = [file, log] if log.exists() else [file]
        for part in chance.sample(parts, chance.randint(1, len(parts))):
            overwrite_random_pages(part, chance, chance.randint(1, 5))
        database = Database(file)
        report = find_and_repair_damage(database, database.backups)
        check_nothing_is_silently_gone(said, database, report)
        database.close()
        if report:
            for index, count in enumerate((report.intact, report.restored, len(report.lost))):
                sums[index] += count
        shutil.rmtree(folder)
    # Without all three kinds, the trials would prove little.
    assert all(sums)
    assert sums[0] > sums[1] > sums[2]


def test_a_sound_database_is_left_alone(closed: Path) -> None:
    before = closed.read_bytes()
    database = Database(closed)
    assert find_and_repair_damage(database, database.backups) is None
    assert closed.read_bytes() == before


def test_what_a_killed_program_leaves_is_sound(killed: Path, said: dict[int, Said]) -> None:
    database = Database(killed)
    assert find_and_repair_damage(database, database.backups) is None
    check_nothing_is_silently_gone(said, database, None)
    database.close()


def zero(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2 + 100)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda file: overwrite(file, 1, random.Random(1).randbytes(PAGE)), id="first page"),
        pytest.param(lambda file: overwrite(file, 1, bytes(100)), id="header"),
        pytest.param(lambda file: overwrite(file, 1, file.read_bytes()[:PAGE][::-1]), id="schema"),
        pytest.param(lambda file: overwrite(file, root_of(file, "message"), bytes(PAGE)), id="inner page"),
        pytest.param(
            lambda file: overwrite(file, pages_of(file, "message_of_conversation")[0], bytes(PAGE)),
            id="index page",
        ),
    ],
)
def test_no_message_is_lost_to_a_page_without_messages(
    closed: Path, said: dict[int, Said], damage: Callable[[Path], None]
) -> None:
    damage(closed)
    assert repaired(closed, said) == (len(said), 0, 0)


def test_messages_of_a_destroyed_page_come_from_the_backup_or_are_named(
    closed: Path, said: dict[int, Said]
) -> None:
    for page in pages_of(closed, "message"):
        overwrite(closed, page, bytes(PAGE))
    intact, restored, lost = repaired(closed, said)
    assert intact == 0
    assert restored
    assert lost


@pytest.mark.parametrize(
    "damage",
    [
        zero,
        cut,
        lambda file: file.write_bytes(b""),
        lambda file: file.unlink(),
        lambda file: file.write_bytes(b"a letter to my aunt\n" * 900),
    ],
    ids=["zeroed", "cut off", "empty", "gone", "not a database"],
)
@pytest.mark.parametrize("has_backup", [True, False])
def test_a_destroyed_file_is_restored_or_its_messages_are_named(
    closed: Path, said: dict[int, Said], damage: Callable[[Path], None], has_backup: bool
) -> None:
    damage(closed)
    if not has_backup:
        shutil.rmtree(closed.parent / "backups")
    database = Database(closed)
    report = find_and_repair_damage(database, database.backups)
    assert report is not None
    check_nothing_is_silently_gone(said, database, report)
    assert (report.backup_used is not None) is has_backup
    assert report.lost
    database.close()


@pytest.mark.parametrize(
    "damage",
    [
        zero,
        cut,
        lambda log: log.unlink(),
        lambda log: overwrite(log, 1, bytes(PAGE)),
        lambda log: overwrite(log, log.stat().st_size // PAGE // 2, bytes(PAGE)),
    ],
    ids=["zeroed", "cut off", "gone", "beginning", "middle"],
)
def test_damage_to_the_log_is_noticed(
    killed: Path, said: dict[int, Said], damage: Callable[[Path], None]
) -> None:
    """SQLite sees a shorter log, and a sound database without the newest messages."""
    damage(killed.with_name("slmdesk.db-wal"))
    repaired(killed, said)


def test_a_log_whose_beginning_is_destroyed_costs_no_message(killed: Path, said: dict[int, Said]) -> None:
    """SQLite would ignore all of the log then."""
    overwrite(killed.with_name("slmdesk.db-wal"), 1, bytes(32))
    assert repaired(killed, said)[2] == 0


def test_a_message_without_ledger_is_named_by_the_index_and_by_its_answer(
    closed: Path, said: dict[int, Said]
) -> None:
    (closed.parent / "slmdesk.ledger").unlink()
    shutil.rmtree(closed.parent / "backups")
    for page in pages_of(closed, "message")[:2]:
        overwrite(closed, page, random.Random(7).randbytes(PAGE))
    database = Database(closed)
    report = find_and_repair_damage(database, database.backups)
    assert report is not None
    assert report.lost
    rows = {row[0] for row in database.read("SELECT id FROM message")}
    assert rows == said.keys()
    database.close()


def test_damage_to_the_ledger_alone_is_mended_in_silence(closed: Path, said: dict[int, Said]) -> None:
    ledger = closed.parent / "slmdesk.ledger"
    sound = ledger.read_bytes()
    ledger.write_bytes(random.Random(3).randbytes(len(sound) // 2) + sound[len(sound) // 2 :])
    database = Database(closed)
    assert find_and_repair_damage(database, database.backups) is None
    check_nothing_is_silently_gone(said, database, None)
    database.close()
    shutil.rmtree(closed.parent / "backups")
    zero(closed)
    assert repaired(closed, said)[2] == len(said)


def test_an_answer_of_which_only_the_beginning_is_left_is_named(tmp_path: Path) -> None:
    chats = StoredChats(tmp_path / "live")
    number = chats.add_conversation(turns=1)
    answer = chats.add_message(number, max(chats.said), "assistant", "Once upon", "writing")
    chats.database.close()
    chats.grow(answer, "Once upon a time", "complete")
    file = chats.snapshot(tmp_path / "data")
    chats.database.close()
    (file.parent / "slmdesk.db-wal").unlink()
    database = Database(file)
    report = find_and_repair_damage(database, database.backups)
    assert report is not None
    assert [(one.id, one.earlier_text) for one in report.lost] == [(answer, True)]
    check_nothing_is_silently_gone(chats.said, database, report)
    assert find_and_repair_damage(database, database.backups) is None
    database.close()


def test_deleted_conversations_do_not_come_back(tmp_path: Path) -> None:
    chats = StoredChats(tmp_path / "data")
    numbers = chats.add_conversations(4)
    chats.back_up()
    chats.delete(numbers[1])
    file = chats.database.file
    chats.database.close()
    # The backup still has it here: whoever deletes has it forgotten there too, but that may fail.
    zero(file)
    assert repaired(file, chats.said) == (0, len(chats.said), 0)


def test_ids_are_not_given_again_after_a_repair(tmp_path: Path) -> None:
    chats = StoredChats(tmp_path / "data")
    first, last = chats.add_conversations(2)
    greatest = max(chats.said)
    chats.delete(last)
    chats.database.close()
    zero(chats.database.file)
    database = Database(chats.database.file)
    assert find_and_repair_damage(database, database.backups) is not None
    database.close()
    assert chats.add_message(first, None, "user", "new") > greatest
    chats.database.close()


def test_a_shown_version_stays_the_only_one_shown(tmp_path: Path) -> None:
    """The backup has the old answer as the chosen one, the database the new."""
    chats = StoredChats(tmp_path / "data")
    conversation = chats.add_conversation(turns=1)
    question, old = sorted(chats.said)
    chats.back_up()
    # Far from the first answer, so that they are on different pages.
    for _ in range(12):
        chats.add_message(conversation, old, "user", "filler " * 300)
    with chats.database.transaction() as cursor:
        cursor.execute("UPDATE message SET superseded = 1 WHERE id = ?", (old,))
    new = chats.add_message(conversation, question, "assistant", "another answer")
    file = chats.database.file
    chats.database.close()
    overwrite(file, pages_of(file, "message")[0], bytes(PAGE))
    database = Database(file)
    report = find_and_repair_damage(database, database.backups)
    assert report is not None
    assert report.restored
    check_nothing_is_silently_gone(chats.said, database, report)
    shown = database.read("SELECT id FROM message WHERE parent_id = ? AND NOT superseded", (question,))
    assert shown == [(new,)]
    database.close()


def test_a_newer_database_is_refused_untouched(killed: Path) -> None:
    """Not even its log is written back."""
    with closing(dbapi2.connect(str(killed))) as connection:
        connection.execute("ALTER TABLE conversation ADD COLUMN colour TEXT")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        connection.commit()
        known = ledger_of(killed)
        identity = known.identity()
        assert identity
        known.append([record_of_database(identity, SCHEMA_VERSION + 1)], at_once=True)
        shutil.copytree(killed.parent, killed.parent.with_name("newer"))
    folder = killed.parent.with_name("newer")
    before = {one.name: one.read_bytes() for one in folder.glob("slmdesk.*")}
    assert "slmdesk.db-wal" in before
    database = Database(folder / "slmdesk.db")
    for use in (
        lambda: database.read("SELECT 1"),
        lambda: find_and_repair_damage(database, database.backups),
    ):
        with pytest.raises(UserError) as caught:
            use()
        assert caught.value.key == "database-is-newer"
    for name, content in before.items():
        assert (folder / name).read_bytes() == content, name


@pytest.mark.parametrize("version", [0, SCHEMA_VERSION + 5, 2_000_000_000, -3])
def test_a_version_that_was_never_written_is_damage(
    closed: Path, said: dict[int, Said], version: int
) -> None:
    data = bytearray(closed.read_bytes())
    data[60:64] = version.to_bytes(4, "big", signed=True)
    closed.write_bytes(data)
    assert repaired(closed, said) == (len(said), 0, 0)


def test_titles_prompts_options_and_drafts_survive(tmp_path: Path) -> None:
    chats = StoredChats(tmp_path / "data")
    number = chats.add_conversation()
    with chats.database.transaction() as cursor:
        cursor.execute(
            "UPDATE conversation SET title = 'Ala', system_prompt = 'Be brief', pinned = 1, named = 1,"
            " model = 'starter', options = '{\"max_tokens\":5}', deleted_at = 7.5"
        )
        cursor.executemany("INSERT INTO draft VALUES (?, ?, 3.0)", [(0, "for later"), (number, "unsent")])
    everything = [
        chats.database.read(f"SELECT * FROM {table}") for table in ("conversation", "draft", "message")
    ]
    chats.database.close()
    overwrite(chats.database.file, 1, bytes(PAGE))
    database = Database(chats.database.file)
    assert find_and_repair_damage(database, database.backups) is not None
    for table, rows in zip(("conversation", "draft", "message"), everything, strict=True):
        assert database.read(f"SELECT * FROM {table}") == rows
    database.close()


def test_a_title_that_was_changed_by_damage_comes_from_the_backup(tmp_path: Path) -> None:
    chats = StoredChats(tmp_path / "data")
    number = chats.add_conversation()
    with chats.database.transaction() as cursor:
        cursor.execute("UPDATE conversation SET title = 'Holidays in Gdańsk'")
    chats.back_up()
    chats.database.close()
    file = chats.database.file
    data = file.read_bytes()
    assert data.count(b"Holidays") == 1
    file.write_bytes(data.replace(b"Holidays", b"Holydays"))
    database = Database(file)
    assert find_and_repair_damage(database, database.backups) is not None
    assert database.read("SELECT id, title FROM conversation") == [(number, "Holidays in Gdańsk")]
    database.close()


def test_damage_met_while_open_leads_to_the_same_repair(closed: Path, said: dict[int, Said]) -> None:
    database = Database(closed)
    database.read("SELECT 1")
    for page in pages_of(closed, "message"):
        overwrite(closed, page, b"\xff" * PAGE)
    with pytest.raises(UserError) as caught:
        database.read("SELECT sum(length(text)) FROM message")
    assert caught.value.key == "database-damaged"
    report = find_and_repair_damage(database, database.backups)
    check_nothing_is_silently_gone(said, database, report)
    database.close()


def test_damaged_files_of_two_repairs_are_both_kept(closed: Path) -> None:
    database = Database(closed)
    kept = []
    for _ in range(2):
        zero(closed)
        report = find_and_repair_damage(database, database.backups)
        assert report is not None
        kept.append(report.damaged_file)
    assert [one.name for one in kept] == ["slmdesk.damaged.db", "slmdesk.damaged-2.db"]
    assert all(one.exists() for one in kept)


def test_a_new_title_in_a_damaged_log_is_kept(tmp_path: Path) -> None:
    """The ledger knows nothing of titles: that the log is damaged has to be seen from the log itself."""
    chats = StoredChats(tmp_path / "live")
    number = chats.add_conversation()
    chats.database.close()
    with chats.database.transaction() as cursor:
        cursor.execute("UPDATE conversation SET title = 'Holidays in Gdańsk'")
    file = chats.snapshot(tmp_path / "data")
    chats.database.close()
    overwrite(file.with_name("slmdesk.db-wal"), 1, bytes(32))
    database = Database(file)
    report = find_and_repair_damage(database, database.backups)
    check_nothing_is_silently_gone(chats.said, database, report)
    assert database.read("SELECT id, title FROM conversation") == [(number, "Holidays in Gdańsk")]
    database.close()
