"""Finding conversations by what was said in them.

The scan is done by the database itself, which lets other threads run meanwhile: with GLOB, whose sets of
characters make it ignore the case of every letter, where LIKE and lower() know only A to Z.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache

from slmdesk.storage import Database

# Nobody types more; a pasted page is found by its beginning.
_MOST_CHARACTERS = 200
# About this many messages are looked through at a time, so that an answer being stored need not wait long.
_MESSAGES_AT_A_TIME = 2_000
# No alphabet with capital letters lies above.
_LETTERS_WITH_CASE_END = 0x20000

_CONVERSATIONS = """
    SELECT id, (SELECT count(*) FROM message WHERE conversation_id = conversation.id)
    FROM conversation WHERE deleted_at IS NULL ORDER BY updated_at DESC, id DESC
"""


def search(database: Database, text: str, still_wanted: Callable[[], bool]) -> list[int]:
    """See `ConversationStore.search`."""
    pattern = _pattern(text.strip()[:_MOST_CHARACTERS])
    if not pattern:
        return []
    found: list[int] = []
    for ids in _slices(database):
        if not still_wanted():
            return []
        marks = ", ".join("?" * len(ids))
        rows = database.read(
            f"SELECT id FROM conversation WHERE id IN ({marks}) AND (title GLOB ? OR EXISTS"
            " (SELECT 1 FROM message WHERE conversation_id = conversation.id AND text GLOB ?))",
            (*ids, pattern, pattern),
        )
        hits = {row[0] for row in rows}
        found += [number for number in ids if number in hits]
    return found


def _slices(database: Database) -> Iterator[list[int]]:
    ids: list[int] = []
    messages = 0
    for number, count in database.read(_CONVERSATIONS):
        ids.append(number)
        messages += count + 1
        if messages >= _MESSAGES_AT_A_TIME:
            yield ids
            ids, messages = [], 0
    if ids:
        yield ids


def _pattern(text: str) -> str:
    """GLOB's pattern for `text` anywhere and in any case; empty where there is nothing to look for."""
    # SQLite's own comparison ends at a NUL.
    text, _, _ = text.partition("\0")
    return f"*{''.join(map(_any_case, text))}*" if text else ""


def _any_case(character: str) -> str:
    variants = _case_variants().get(character.casefold(), "")
    if len(variants) > 1:
        # No letter means anything to GLOB.
        return f"[{variants}]"
    return f"[{character}]" if character in "*?[" else character


@cache
def _case_variants() -> dict[str, str]:
    """Every character that is the same letter as another one, by its folded form."""
    variants: defaultdict[str, str] = defaultdict(str)
    for code in range(_LETTERS_WITH_CASE_END):
        character = chr(code)
        folded = character.casefold()
        if folded != character:
            variants[folded] = (variants[folded] or (folded if len(folded) == 1 else "")) + character
    return dict(variants)
