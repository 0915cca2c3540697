"""Copies of the database: one a day, three kept, sound ones only, and nothing in them that was deleted."""

from __future__ import annotations

import datetime
import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from slmdesk.messages import UserError
from slmdesk.storage import Database, back_up, find_and_repair_damage, forget_in_backups
from slmdesk.storage.use_lock import use_lock
from tests.storage.old_database import make_old_database
from tests.storage.stored_chats import PAGE, StoredChats, overwrite

DAY = datetime.date(2026, 3, 1)


@pytest.fixture
def chats(tmp_path: Path) -> StoredChats:
    return StoredChats(tmp_path / "data")


def names(chats: StoredChats) -> list[str]:
    folder = chats.database.backups
    return sorted(one.name for one in folder.iterdir()) if folder.exists() else []


def ids_in(copy: Path) -> set[int]:
    with closing(dbapi2.connect(str(copy))) as connection:
        return {row[0] for row in connection.execute("SELECT id FROM conversation")}


def test_one_a_day_is_made_and_three_are_kept(chats: StoredChats) -> None:
    first = chats.add_conversation()
    copy = back_up(chats.database, chats.database.backups, today=DAY)
    assert copy is not None
    assert copy.stat().st_mode & 0o077 == 0
    second = chats.add_conversation()
    assert back_up(chats.database, chats.database.backups, today=DAY) is None
    assert ids_in(copy) == {first}
    for days in (1, 2, 3):
        newest = back_up(chats.database, chats.database.backups, today=DAY + datetime.timedelta(days))
        assert newest is not None
        assert ids_in(newest) == {first, second}
    assert names(chats) == ["slmdesk.2026-03-02.db", "slmdesk.2026-03-03.db", "slmdesk.2026-03-04.db"]
    chats.database.close()


def test_an_empty_database_does_not_push_out_what_was_in_it(chats: StoredChats) -> None:
    chats.database.read("SELECT 1")
    assert back_up(chats.database, chats.database.backups) is None
    assert names(chats) == []
    chats.database.close()


def test_a_database_that_is_not_there_is_not_made(chats: StoredChats) -> None:
    assert back_up(chats.database, chats.database.backups) is None
    assert not chats.database.file.exists()


def test_a_damaged_database_is_not_copied(chats: StoredChats) -> None:
    chats.add_conversations(3)
    chats.database.close()
    data = chats.database.file.read_bytes()
    # One letter of one message, which SQLite does not notice.
    place = data.rindex("gęślą".encode())
    chats.database.file.write_bytes(data[:place] + b"G" + data[place + 1 :])
    assert back_up(chats.database, chats.database.backups) is None
    overwrite(chats.database.file, 2, b"\xff" * PAGE)
    with pytest.raises(UserError) as caught:
        back_up(chats.database, chats.database.backups)
    assert caught.value.key == "database-damaged"
    assert names(chats) == []


def test_a_backup_is_made_while_the_database_is_in_use(chats: StoredChats) -> None:
    chats.add_conversations(2)
    with chats.database.transaction() as cursor:
        cursor.execute("UPDATE conversation SET title = 'not yet'")
        copy = back_up(chats.database, chats.database.backups)
    assert copy is not None
    with closing(dbapi2.connect(str(copy))) as connection:
        assert connection.execute("SELECT count(*) FROM conversation WHERE title = 'not yet'").fetchone() == (
            0,
        )
    chats.database.close()


def test_what_is_forgotten_is_in_no_copy(chats: StoredChats) -> None:
    kept, gone = chats.add_conversations(2)
    words = next(one.text for one in chats.said.values() if one.conversation_id == gone).encode()
    for days in (0, 1):
        assert back_up(chats.database, chats.database.backups, today=DAY + datetime.timedelta(days))
    copies = list(chats.database.backups.iterdir())
    assert all(words in one.read_bytes() for one in copies)
    forget_in_backups(chats.database, [gone])
    assert sorted(chats.database.backups.iterdir()) == sorted(copies)
    for copy in copies:
        assert words not in copy.read_bytes()
        assert ids_in(copy) == {kept}
        assert copy.stat().st_mode & 0o077 == 0
    chats.database.close()


def test_copies_of_an_old_version_forget_too(chats: StoredChats) -> None:
    make_old_database(chats.database.file)
    chats.database.read("SELECT 1")
    (copy,) = chats.database.backups.iterdir()
    assert b"be brief" in copy.read_bytes()
    forget_in_backups(chats.database, [1, 2])
    assert ids_in(copy) == {3}
    assert b"a question" not in copy.read_bytes()
    chats.database.close()


def test_a_copy_that_holds_nothing_of_it_is_left_alone(chats: StoredChats) -> None:
    chats.add_conversation()
    chats.back_up()
    (copy,) = chats.database.backups.iterdir()
    before = copy.stat()
    forget_in_backups(chats.database, [12345])
    assert (copy.stat().st_ino, copy.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    chats.database.close()


def test_a_copy_too_damaged_to_tell_is_removed(chats: StoredChats) -> None:
    number = chats.add_conversation()
    chats.back_up()
    (copy,) = chats.database.backups.iterdir()
    copy.write_bytes(random.Random(1).randbytes(3 * PAGE))
    forget_in_backups(chats.database, [number])
    assert names(chats) == []
    chats.database.close()


def start(chats: StoredChats) -> None:
    chats.database.close()
    assert find_and_repair_damage(chats.database, chats.database.backups) is None


@pytest.mark.parametrize(
    "do",
    [start, lambda chats: forget_in_backups(chats.database, [12345]), StoredChats.back_up],
    ids=["start", "forget", "back up"],
)
def test_what_a_killed_program_left_of_a_copy_is_removed(
    chats: StoredChats, do: Callable[[StoredChats], object]
) -> None:
    chats.add_conversation()
    chats.database.backups.mkdir()
    strays = [chats.database.backups / f".slmdesk.2026-01-01.db.abc.part{end}" for end in ("", "-journal")]
    for stray in strays:
        stray.write_bytes(b"words")
    do(chats)
    assert not any(stray.exists() for stray in strays)
    chats.database.close()


def test_a_copy_that_another_program_is_making_is_left_alone(chats: StoredChats) -> None:
    chats.add_conversation()
    chats.database.backups.mkdir()
    at_work = chats.database.backups / ".slmdesk.2026-01-01.db.abc.part"
    at_work.write_bytes(b"words")
    file = chats.database.file
    with use_lock(file.with_name(f"{file.name}-backups")).alone(0) as is_alone:
        assert is_alone
        assert back_up(chats.database, chats.database.backups) is None
        start(chats)
    assert names(chats) == [at_work.name]
    chats.database.close()


def test_drafts_are_in_no_copy(chats: StoredChats) -> None:
    number = chats.add_conversation()
    with chats.database.transaction() as cursor:
        cursor.executemany("INSERT INTO draft VALUES (?, 'not decided', 1)", [(0,), (number,)])
    chats.back_up()
    (copy,) = chats.database.backups.iterdir()
    assert b"not decided" not in copy.read_bytes()
    assert ids_in(copy) == {number}
    assert len(chats.database.read("SELECT text FROM draft")) == 2
    chats.database.close()


@pytest.mark.skipif(sys.platform == "win32", reason="the size of files cannot be limited there")
@pytest.mark.parametrize(
    ("do", "key"),
    [
        ("back_up(database, database.backups)", "backup-cannot-be-made"),
        ("forget_in_backups(database, [1])", "backup-cannot-be-changed"),
        ("find_and_repair_damage(damaged, damaged.backups)", "database-cannot-be-repaired"),
    ],
)
def test_a_full_disk_is_told_and_changes_nothing(tmp_path: Path, do: str, key: str) -> None:
    for name in ("sound", "damaged"):
        chats = StoredChats(tmp_path / name)
        chats.add_conversations(8)
        assert back_up(chats.database, chats.database.backups, today=DAY)
        chats.database.close()
    overwrite(tmp_path / "damaged" / "slmdesk.db", 1, bytes(PAGE))
    before = {one: one.read_bytes() for one in tmp_path.rglob("slmdesk*.db")}
    script = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from slmdesk.messages import UserError\n"
        "from slmdesk.storage import Database, back_up, find_and_repair_damage, forget_in_backups\n"
        "database, damaged = (Database(Path(one)) for one in sys.argv[1:])\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        f"try: {do}\n"
        "except UserError as error: print(error.key)\n"
    )
    files = [tmp_path / name / "slmdesk.db" for name in ("sound", "damaged")]
    run = subprocess.run(
        [sys.executable, "-c", script, *files], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.stdout.split() == [key], run.stderr
    assert {one: one.read_bytes() for one in tmp_path.rglob("slmdesk*.db")} == before
    assert [one for one in tmp_path.rglob("*") if one.name.endswith((".part", "-repaired"))] == []


def test_the_folder_of_backups_is_beside_the_database(tmp_path: Path) -> None:
    assert Database(tmp_path / "slmdesk.db").backups == tmp_path / "backups"
