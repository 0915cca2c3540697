"""Reading a database file without SQLite finds what SQLite finds, and never fails on noise."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlcipher3 import dbapi2

from slmdesk.storage.pages import PageImage, log_of
from slmdesk.storage.records import index_rows, table_rows
from tests.storage.stored_chats import PAGE

VALUES = [
    None, 0, 1, -1, 127, -128, 255, 40_000, -9_000_000, 2**40, -(2**47), 2**62, -(2**63), 0.5, -1e300, "",
    "a", "zażółć 🙂", "x" * 3000, "y" * 4061, "z" * 4062, "ą" * 50_000, b"", b"\x00\xff" * 700,
]  # fmt: skip


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, dict[int, tuple[Any, ...]]]:
    """Rows of every shape, changed over several transactions; the log is left as a kill leaves it."""
    live = tmp_path / "live" / "x.db"
    live.parent.mkdir()
    chance = random.Random(5)
    with closing(dbapi2.connect(str(live), isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, c)")
        connection.execute("CREATE INDEX by_a ON t (a, id)")
        for number in range(1, 400):
            row = [chance.choice(VALUES) for _ in range(3)]
            connection.execute("INSERT INTO t VALUES (?, ?, ?, ?)", (number * 1000, *row))
            if number == 200:
                connection.execute("PRAGMA wal_checkpoint(RESTART)")
            if number % 5 == 0:
                connection.execute(
                    "UPDATE t SET b = ? WHERE id = ?", (number, chance.randint(1, number) * 1000)
                )
            if number % 7 == 0:
                connection.execute("DELETE FROM t WHERE id = ?", (chance.randint(1, number) * 1000,))
        rows = {row[0]: row[1:] for row in connection.execute("SELECT id, a, b, c FROM t")}
        shutil.copytree(live.parent, tmp_path / "killed")
    return tmp_path / "killed" / "x.db", rows


def rows_in(file: Path) -> dict[int, tuple[Any, ...]]:
    found: dict[int, tuple[Any, ...]] = {}
    with PageImage(file) as image:
        for number in image.numbers():
            for row, values in table_rows(image, image.page(number)):
                if len(values) == 4:
                    assert row not in found
                    found[row] = values[1:]
    return found


def test_every_row_is_found_as_it_is_now(written: tuple[Path, dict[int, tuple[Any, ...]]]) -> None:
    file, rows = written
    assert log_of(file).stat().st_size > 100 * PAGE
    assert rows_in(file) == rows
    with PageImage(file) as image:
        assert image.has_header
        assert not image.is_log_damaged
        entries = {
            values[1]
            for number in image.numbers()
            for values in index_rows(image.page(number))
            if len(values) == 3 and values[1] == values[2]
        }
    # Long values take their entries beyond one page.
    assert {number for number, row in rows.items() if not isinstance(row[0], str | bytes)} <= entries
    assert entries <= rows.keys()


def sqlite_rows(file: Path) -> dict[int, tuple[Any, ...]]:
    with closing(dbapi2.connect(str(file))) as connection:
        return {row[0]: row[1:] for row in connection.execute("SELECT id, a, b, c FROM t")}


def test_a_log_that_was_cut_off_ends_where_sqlite_ends_it(
    written: tuple[Path, dict[int, tuple[Any, ...]]], tmp_path: Path
) -> None:
    file, _ = written
    whole = log_of(file).read_bytes()
    chance = random.Random(2)
    for trial in range(12):
        copy = tmp_path / f"cut{trial}" / "x.db"
        copy.parent.mkdir()
        shutil.copy(file, copy)
        log_of(copy).write_bytes(whole[: chance.randrange(len(whole))])
        with PageImage(copy) as image:
            assert not image.is_log_damaged
        ours = rows_in(copy)
        assert ours == sqlite_rows(copy)


def test_a_torn_last_transaction_is_no_damage_and_a_torn_earlier_one_is(
    written: tuple[Path, dict[int, tuple[Any, ...]]],
) -> None:
    file, _ = written
    log = log_of(file)
    whole = log.read_bytes()
    with PageImage(file) as image:
        current = [frame for frame in image.frames if not frame.is_older]
    for frame, is_damage in ((current[-1], False), (current[len(current) // 2], True)):
        data = bytearray(whole)
        data[frame.offset + 50] ^= 1
        log.write_bytes(data)
        with PageImage(file) as image:
            assert image.is_log_damaged is is_damage


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data, chance: chance.randbytes(len(data)),
        lambda data, chance: bytes(b if chance.random() > 0.01 else chance.randrange(256) for b in data),
        lambda data, chance: data[: chance.randrange(len(data))],
        lambda data, chance: data[:1] * len(data),
    ],
    ids=["noise", "some bytes", "cut off", "one byte"],
)
def test_noise_is_read_without_an_error(
    written: tuple[Path, dict[int, tuple[Any, ...]]], spoil: Callable[[bytes, random.Random], bytes]
) -> None:
    file, _ = written
    parts = [(part, part.read_bytes()[: 60 * PAGE]) for part in (file, log_of(file))]
    for seed in range(6):
        chance = random.Random(seed)
        for part, data in parts:
            part.write_bytes(spoil(data, chance))
        rows_in_versions = 0
        with PageImage(file) as image:
            for number in image.numbers():
                rows_in_versions += len(list(table_rows(image, image.page(number))))
                list(index_rows(image.page(number)))
            for page, as_of in image.versions_before():
                rows_in_versions += len(list(table_rows(image, page, as_of)))
        assert rows_in_versions >= 0
