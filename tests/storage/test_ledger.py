"""The ledger knows which messages there are, whatever happens to the database or to a part of itself."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from slmdesk.messages import UserError
from slmdesk.storage import Database, find_and_repair_damage
from slmdesk.storage.ledger import Ledger, LedgerContent, record_of, record_of_deletion
from slmdesk.storage.ledger_keeper import ledger_of
from tests.storage.stored_chats import StoredChats

RECORD = 64


@pytest.fixture
def chats(tmp_path: Path) -> StoredChats:
    return StoredChats(tmp_path / "data")


def known_by(database: Database) -> LedgerContent:
    content = ledger_of(database.file).read()
    assert content is not None
    return content


def agrees(database: Database) -> bool:
    known = known_by(database)
    rows = database.read(
        "SELECT id, conversation_id, parent_id, role, superseded, created_at, digest FROM message"
    )
    assert not known.is_damaged
    entries = {row[0]: known.entry(row[0]) for row in rows}
    for row in rows:
        entry = entries[row[0]]
        assert entry is not None
        assert (entry.id, entry.conversation_id, entry.parent_id, entry.role) == row[:4]
        assert (int(entry.superseded), entry.created_at, entry.digest) == row[4:]
    return entries.keys() == known.latest.keys()


def test_it_follows_what_is_stored_and_deleted(chats: StoredChats) -> None:
    numbers = chats.add_conversations(3)
    assert agrees(chats.database)
    with chats.database.transaction() as cursor:
        cursor.execute("UPDATE message SET superseded = 1 WHERE id = 2")
    assert agrees(chats.database)
    chats.delete(numbers[0])
    assert agrees(chats.database)
    assert known_by(chats.database).gone
    chats.database.close()


def test_it_holds_no_word(chats: StoredChats) -> None:
    chats.add_conversation()
    data = ledger_of(chats.database.file).file.read_bytes()
    for one in chats.said.values():
        assert not any(len(word) > 3 and word.encode() in data for word in one.text.split())
    assert ledger_of(chats.database.file).file.stat().st_mode & 0o077 == 0
    chats.database.close()


def test_what_is_rolled_back_was_never_there(chats: StoredChats) -> None:
    number = chats.add_conversation()

    def change_and_fail(sql: str) -> None:
        with chats.database.transaction() as cursor:
            cursor.execute(sql)
            raise RuntimeError("half way")

    for sql in (
        "INSERT INTO message (conversation_id, role, text, state, model_title, created_at)"
        f" VALUES ({number}, 'user', 'x', 'complete', '', 1)",
        f"DELETE FROM conversation WHERE id = {number}",
        "UPDATE message SET digest = zeroblob(16)",
    ):
        with pytest.raises(RuntimeError):
            change_and_fail(sql)
        assert agrees(chats.database)
    chats.database.close()


def test_a_deletion_that_could_not_be_committed_is_taken_back(chats: StoredChats) -> None:
    """It was written down before; the messages are there still."""
    chats.add_conversation()

    def delete_and_break_a_rule() -> None:
        with chats.database.transaction() as cursor:
            # The rule is looked at when the transaction is committed.
            cursor.execute("PRAGMA defer_foreign_keys = ON")
            cursor.execute("DELETE FROM message WHERE id = 1")
            cursor.execute(
                "INSERT INTO message (conversation_id, role, text, state, model_title, created_at)"
                " VALUES (999, 'user', 'x', 'complete', '', 1)"
            )

    with pytest.raises(UserError):
        delete_and_break_a_rule()
    assert agrees(chats.database)
    chats.database.close()


def test_a_ledger_that_cannot_be_written_costs_no_message(chats: StoredChats) -> None:
    chats.add_conversation()
    ledger = ledger_of(chats.database.file).file
    sound = ledger.read_bytes()
    ledger.unlink()
    ledger.mkdir()
    chats.add_conversation()
    ledger.rmdir()
    ledger.write_bytes(sound)
    chats.add_conversation()
    # Written down with the next transaction.
    assert agrees(chats.database)
    chats.database.close()


def test_a_ledger_that_is_behind_is_brought_up_to_date(chats: StoredChats) -> None:
    """As after a kill between storing a message and writing it down."""
    chats.add_conversation()
    chats.database.close()
    ledger = ledger_of(chats.database.file).file
    data = ledger.read_bytes()
    chats.add_conversation()
    chats.database.close()
    ledger.write_bytes(data)
    assert find_and_repair_damage(chats.database, chats.database.backups) is None
    assert agrees(chats.database)
    chats.database.close()


def test_the_ledger_of_another_database_says_nothing_about_this_one(tmp_path: Path) -> None:
    """Somebody copies a database from another computer over the one here."""
    here, there = StoredChats(tmp_path / "here"), StoredChats(tmp_path / "there", seed=2)
    here.add_conversations(5)
    there.add_conversations(1)
    for chats in (here, there):
        chats.database.close()
    here.database.file.write_bytes(there.database.file.read_bytes())
    assert find_and_repair_damage(here.database, here.database.backups) is None
    assert len(here.database.read("SELECT id FROM message")) == len(there.said)
    assert agrees(here.database)
    here.database.close()


def test_damage_costs_only_the_records_it_hits(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    records = [
        record_of(number, 1, number - 1, "user", 0, 1.5, bytes([number % 255 + 1] * 16))
        for number in range(1, 201)
    ]
    ledger.rewrite(7, 2, records)
    sound = ledger.file.read_bytes()
    chance = random.Random(1)
    for _ in range(50):
        data = bytearray(sound)
        start, size = chance.randrange(len(data) - 300), chance.choice((1, 64, 200))
        noise = chance.randbytes(size)
        # One of the ways shifts all that follows, as a write that was cut off does.
        shift = chance.choice((0, 1, 17))
        data[start : start + size] = noise[: size - shift] if size > shift else noise
        ledger.file.write_bytes(data)
        content = ledger.read()
        assert content is not None
        hit = range(start // RECORD, (start + size) // RECORD + 1)
        assert content.is_damaged or data == sound
        assert content.latest.keys() >= {n for n in range(1, 201) if n not in hit}


def test_records_that_were_written_over_by_others_are_missed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.rewrite(7, 2, [record_of(number, 1, None, "user", 0, 1.5, None) for number in range(1, 201)])
    data = bytearray(ledger.file.read_bytes())
    data[20 * RECORD : 40 * RECORD] = data[60 * RECORD : 80 * RECORD]
    ledger.file.write_bytes(data)
    content = ledger.read()
    assert content is not None
    assert content.is_damaged


def test_what_a_message_was_before_is_known(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.append([record_of(5, 1, None, "assistant", 1, 1.5, b"a" * 16)], at_once=True)
    ledger.append([record_of(5, 1, None, "assistant", 0, 1.5, b"b" * 16)], at_once=False)
    ledger.append([record_of(6, 1, 5, "user", 0, 2.5, None), record_of_deletion(6)], at_once=False)
    content = ledger.read()
    assert content is not None
    assert content.digest(5) == b"b" * 16
    assert content.earlier == {5: {b"a" * 16}}
    assert content.gone == {6}
    assert content.entry(6) is None
    assert content.greatest_id == 6
