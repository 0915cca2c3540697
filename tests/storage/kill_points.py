"""Does something to a copy of a folder again and again, each time in a process that kills itself elsewhere.

    python -m tests.storage.kill_points ACTION FOLDER SCRATCH

ACTION names a function below. After each kill the action is done again, this time to its end, and the state
of the database is printed: every line should be the same. POSIX only.
"""

from __future__ import annotations

import functools
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from slmdesk.storage import Database, back_up, find_and_repair_damage

_MOST_POINTS = 40
_INSTRUCTIONS = 20_000


def repair(folder: Path) -> None:
    database = Database(folder / "slmdesk.db")
    find_and_repair_damage(database, database.backups)


def migrate(folder: Path) -> None:
    database = Database(folder / "slmdesk.db")
    database.read("SELECT 1")
    database.close()


def make_backup(folder: Path) -> None:
    database = Database(folder / "slmdesk.db")
    back_up(database, database.backups)


def state_of(folder: Path) -> str:
    database = Database(folder / "slmdesk.db")
    sound = find_and_repair_damage(database, database.backups) is None
    rows = database.read(
        "SELECT count(*), sum(id * length(text)), sum(state = 'lost'), count(DISTINCT conversation_id)"
        " FROM message"
    )
    database.close()
    kept = sum(1 for one in folder.iterdir() if ".damaged" in one.name and not one.name.endswith("-wal"))
    strays = [one.name for one in folder.iterdir() if one.name.endswith(("-swap", "-repaired"))]
    return f"sound={sound} rows={rows[0]} kept={kept} strays={strays}"


def main(action: Callable[[Path], None], folder: Path, scratch: Path) -> None:
    # Once for nothing: what is imported on first use is not to be counted.
    _run(action, folder, scratch, kill_at=0)
    total = _run(action, folder, scratch, kill_at=0)
    points = range(1, total + 1, max(1, total // _MOST_POINTS))
    for point in points:
        _run(action, folder, scratch, kill_at=point)
        action(scratch)
        sys.stdout.write(state_of(scratch) + "\n")


def _run(action: Callable[[Path], None], folder: Path, scratch: Path, *, kill_at: int) -> int:
    """Do it in a process of its own; return how many points there are where it could have been killed."""
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(folder, scratch)
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        _count_points(kill_at, writer)
        action(scratch)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        count = len(stream.read())
    _, status = os.waitpid(pid, 0)
    expected = signal.SIGKILL if kill_at else 0
    assert (os.WTERMSIG(status) if os.WIFSIGNALED(status) else status) == expected, status
    return count


def _count_points(kill_at: int, writer: int) -> None:
    """A point is before each operation on files, and after so many steps inside SQLite."""
    passed = 0

    def pass_point(*_: object) -> int:
        nonlocal passed
        passed += 1
        if passed == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        os.write(writer, b".")
        return 0

    def hook(event: str, _: Any) -> None:
        if event in ("open", "os.rename", "os.remove", "os.mkdir"):
            pass_point()

    connect = dbapi2.connect

    @functools.wraps(connect)
    def connect_counting(*args: Any, **options: Any) -> Any:
        connection = connect(*args, **options)
        connection.set_progress_handler(pass_point, _INSTRUCTIONS)
        return connection

    dbapi2.connect = connect_counting
    sys.addaudithook(hook)


if __name__ == "__main__":
    main(
        {"repair": repair, "migrate": migrate, "make_backup": make_backup}[sys.argv[1]],
        *map(Path, sys.argv[2:]),
    )
