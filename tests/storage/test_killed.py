"""A program that is killed in the middle of a repair, a migration or a backup; several at the same moment."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from slmdesk.messages import UserError
from slmdesk.storage import SCHEMA_VERSION, Database, find_and_repair_damage, repair
from tests.storage.old_database import ROWS, make_old_database
from tests.storage.stored_chats import PAGE, StoredChats, check_nothing_is_silently_gone, overwrite

REPOSITORY = Path(__file__).parents[2]

posix = pytest.mark.skipif(sys.platform == "win32", reason="a process forks and kills itself")


def states_after_kills(action: str, folder: Path, scratch: Path) -> list[str]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.storage.kill_points", action, folder, scratch],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


@posix
def test_a_killed_repair_is_done_by_the_next_start(tmp_path: Path) -> None:
    chats = StoredChats(tmp_path / "data")
    chats.add_conversations(3)
    chats.back_up()
    chats.database.close()
    overwrite(chats.database.file, 1, bytes(2 * PAGE))
    states = states_after_kills("repair", tmp_path / "data", tmp_path / "scratch")
    assert len(states) > 20
    sum_of = sum(number * len(one.text) for number, one in chats.said.items())
    assert set(states) == {f"sound=True rows=({len(chats.said)}, {sum_of}, 0, 3) kept=1 strays=[]"}


@posix
def test_a_killed_migration_is_done_by_the_next_start(tmp_path: Path) -> None:
    make_old_database(tmp_path / "data" / "slmdesk.db", more=200)
    states = states_after_kills("migrate", tmp_path / "data", tmp_path / "scratch")
    assert len(states) > 15
    assert len(set(states)) == 1
    assert states[0].startswith(f"sound=True rows=({len(ROWS) + 200}, ")
    assert states[0].endswith(", 0, 3) kept=0 strays=[]")


@posix
def test_a_killed_backup_leaves_the_database_and_no_half_copy(tmp_path: Path) -> None:
    chats = StoredChats(tmp_path / "data")
    chats.add_conversations(3)
    chats.database.close()
    states = states_after_kills("make_backup", tmp_path / "data", tmp_path / "scratch")
    assert len(states) > 5
    assert len(set(states)) == 1
    copies = list((tmp_path / "scratch" / "backups").glob("slmdesk.*.db"))
    assert len(copies) == 1
    check_nothing_is_silently_gone(chats.said, Database(copies[0]), None)


@contextmanager
def other_process(file: Path, do: str) -> Iterator[subprocess.Popen[str]]:
    """A program that says "ready", waits for a line, does `do` with `database`, and waits again."""
    script = (
        "import sys; from pathlib import Path; from slmdesk.storage import Database, find_and_repair_damage\n"
        "database = Database(Path(sys.argv[1]))\n"
        f"print('ready', flush=True); input(); {do}; print('done', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def hear_done(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "done\n"


INSERT = (
    "cursor = database.transaction(); execute = cursor.__enter__().execute;"
    " execute('INSERT INTO conversation (title, system_prompt, created_at, updated_at) VALUES (1, 1, 1, 1)');"
    " cursor.__exit__(None, None, None)"
)


@pytest.mark.parametrize("is_old", [True, False], ids=["old version", "new file"])
def test_several_processes_may_open_at_the_same_moment(tmp_path: Path, is_old: bool) -> None:
    file = tmp_path / "data" / "slmdesk.db"
    if is_old:
        make_old_database(file, more=500)
    with (
        other_process(file, INSERT) as one,
        other_process(file, INSERT) as two,
        other_process(file, INSERT) as three,
    ):
        for process in (one, two, three):
            tell(process)
        for process in (one, two, three):
            hear_done(process)
    database = Database(file)
    assert find_and_repair_damage(database, database.backups) is None
    assert database.read("PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert database.read("SELECT count(*) FROM conversation") == [((3 if is_old else 0) + 3,)]
    assert database.read("SELECT count(*) FROM message") == [((len(ROWS) + 500) if is_old else 0,)]
    database.close()


def test_a_database_that_another_process_has_open_is_not_swapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chats = StoredChats(tmp_path / "data")
    chats.add_conversations(2)
    chats.back_up()
    chats.database.close()
    monkeypatch.setattr(repair, "_WAIT_TO_REPAIR_S", 0.2)
    file = chats.database.file
    with other_process(file, "database.read('SELECT 1')") as other:
        tell(other)
        hear_done(other)
        overwrite(file, 2, b"\xff" * PAGE)
        overwrite(file, 4, b"\xff" * PAGE)
        before = file.read_bytes()
        with pytest.raises(UserError) as caught:
            find_and_repair_damage(chats.database, chats.database.backups)
        assert caught.value.key == "database-in-use"
        assert file.read_bytes() == before
    report = find_and_repair_damage(chats.database, chats.database.backups)
    check_nothing_is_silently_gone(chats.said, chats.database, report)
    chats.database.close()


def test_whoever_waited_for_a_repair_gets_the_repaired_database(tmp_path: Path) -> None:
    chats = StoredChats(tmp_path / "data")
    chats.add_conversations(3)
    chats.back_up()
    chats.database.close()
    overwrite(chats.database.file, 1, bytes(PAGE))
    do = "find_and_repair_damage(database, database.backups)"
    with other_process(chats.database.file, do) as one, other_process(chats.database.file, do) as two:
        tell(one)
        tell(two)
        hear_done(one)
        hear_done(two)
        check_nothing_is_silently_gone(chats.said, chats.database, None)
    assert len(list((tmp_path / "data").glob("slmdesk.damaged*"))) == 1
    chats.database.close()
