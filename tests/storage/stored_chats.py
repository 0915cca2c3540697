"""A real database with conversations in it, and ways to damage it."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from slmdesk.storage import Database, LostMessage, RepairReport, back_up, row_digest

PAGE = 4096
_WORDS = ("zażółć", "gęślą", "jaźń", "the", "quick", "brown", "fox", "🙂", "lorem", "ipsum", "dolor")


@dataclass(frozen=True)
class Said:
    """What a person would look for after a repair."""

    conversation_id: int
    role: str
    text: str


class StoredChats:
    """Writes conversations as the chat room does, and remembers what it was told is stored."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self.database = Database(folder / "slmdesk.db")
        self.said: dict[int, Said] = {}
        self._random = random.Random(seed)

    def add_conversations(self, count: int, *, turns: int = 4) -> list[int]:
        """Add conversations whose answers grow; some are long enough to need pages of their own."""
        return [self.add_conversation(turns=turns) for _ in range(count)]

    def add_conversation(self, *, turns: int = 4) -> int:
        with self.database.transaction() as cursor:
            cursor.execute(
                "INSERT INTO conversation (title, system_prompt, created_at, updated_at)"
                " VALUES (?, '', 5, 6)",
                (self._words(4),),
            )
            number = int(cursor.lastrowid)
        last: int | None = None
        for _ in range(self._random.randint(1, turns)):
            last = self.add_message(number, last, "user", self._words(self._random.randint(1, 90)))
            text = self._words(5)
            answer = self.add_message(number, last, "assistant", text, "writing")
            for _ in range(self._random.randint(0, 3)):
                text += self._words(self._random.choice((5, 50, 400)))
                self.grow(answer, text, "writing")
            self.grow(answer, text, "complete")
            last = answer
        return number

    def add_message(
        self, conversation_id: int, parent: int | None, role: str, text: str, state: str = "complete"
    ) -> int:
        with self.database.transaction() as cursor:
            cursor.execute(
                "INSERT INTO message (conversation_id, parent_id, role, text, state, model_title, created_at)"
                " VALUES (?, ?, ?, ?, ?, 'a model', ?)",
                (conversation_id, parent, role, text, state, self._random.random() * 1e9),
            )
            number = int(cursor.lastrowid)
            self._sign(cursor, number)
        self.said[number] = Said(conversation_id, role, text)
        return number

    def grow(self, number: int, text: str, state: str) -> None:
        with self.database.transaction() as cursor:
            cursor.execute("UPDATE message SET text = ?, state = ? WHERE id = ?", (text, state, number))
            self._sign(cursor, number)
        before = self.said[number]
        self.said[number] = Said(before.conversation_id, before.role, text)

    def delete(self, conversation_id: int) -> None:
        with self.database.transaction() as cursor:
            cursor.execute("DELETE FROM conversation WHERE id = ?", (conversation_id,))
        self.said = {n: one for n, one in self.said.items() if one.conversation_id != conversation_id}

    def back_up(self) -> None:
        assert back_up(self.database, self.database.backups) is not None

    def snapshot(self, folder: Path) -> Path:
        """The files as a kill would leave them now."""
        shutil.copytree(self.database.file.parent, folder)
        return folder / "slmdesk.db"

    def _sign(self, cursor: object, number: int) -> None:
        execute = cursor.execute  # type: ignore[attr-defined]
        row = execute(
            "SELECT id, conversation_id, parent_id, role, text, reasoning, created_at FROM message"
            " WHERE id = ?",
            (number,),
        ).fetchone()
        execute("UPDATE message SET digest = ? WHERE id = ?", (row_digest(*row), number))

    def _words(self, count: int) -> str:
        return " ".join(self._random.choices(_WORDS, k=count))


def check_nothing_is_silently_gone(
    said: dict[int, Said], database: Database, report: RepairReport | None
) -> None:
    """Each message is as it was said, or named as lost; the report counts each of them once."""
    rows = {
        row[0]: row[1:] for row in database.read("SELECT id, conversation_id, role, text, state FROM message")
    }
    lost: dict[int, LostMessage] = {one.id: one for one in report.lost} if report else {}
    for number, one in said.items():
        assert number in rows, f"message {number} is gone without a word"
        conversation_id, role, text, state = rows[number]
        assert (conversation_id, role) == (one.conversation_id, one.role)
        if number not in lost:
            assert text == one.text, f"message {number} has changed without a word"
        elif lost[number].earlier_text:
            assert one.text.startswith(text)
            assert (state, len(text) < len(one.text)) == ("stopped", True)
        else:
            assert (text, state) == ("", "lost")
    assert rows.keys() == said.keys()
    if report:
        assert report.intact + report.restored + len(report.lost) == len(said)
    assert database.read("PRAGMA integrity_check") == [("ok",)]


def overwrite(file: Path, page: int, content: bytes) -> None:
    """Write `content` over page `page` (from 1)."""
    with file.open("rb+") as stream:
        stream.seek((page - 1) * PAGE)
        stream.write(content)


def overwrite_random_pages(file: Path, chance: random.Random, count: int) -> None:
    """What a failing disk or a stray program does: noise, zeros, a few bytes, or another page's content."""
    data = bytearray(file.read_bytes())
    for _ in range(count):
        place = chance.randrange(-(-len(data) // PAGE)) * PAGE
        size = min(PAGE, len(data) - place)
        kind = chance.choice(("noise", "noise", "zeros", "bytes", "page"))
        if kind == "noise":
            data[place : place + size] = chance.randbytes(size)
        elif kind == "zeros":
            data[place : place + size] = bytes(size)
        elif kind == "bytes":
            place += chance.randrange(size)
            size = min(64, len(data) - place)
            data[place : place + size] = chance.randbytes(size)
        else:
            other = chance.randrange(len(data) // PAGE) * PAGE
            data[place : place + size] = data[other : other + size]
    file.write_bytes(data)
