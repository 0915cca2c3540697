"""Conversations of any length, made at once, for tests and benchmarks that need big ones."""

from __future__ import annotations

import random

from slmdesk.chat import ChatMessageRecord, Conversation, message_rows
from slmdesk.chat.conversation_rows import insert as insert_conversation
from slmdesk.engines import Stats
from slmdesk.storage import Database

_WORDS = "river stone market evening window bread history paper garden winter island kitchen żółw gęś łódź"
_CODE = (
    '```python\ndef total(items: list[int]) -> int:\n    """Add them up."""\n    return sum(items)\n\n\n'
    "print(total([1, 2, 3]))\n```"
)
_TABLE = "| Name | Size | Note |\n|---|---:|---|\n| one | 12 | **new** |\n| two | 1,024 | `old` |"
_LIST = "- first, with *weight*\n- second\n  - and one inside\n- [ ] to be done\n- [x] done"
_QUOTE = "> Somebody said this.\n>\n> And then [that](https://example.org/page)."
_FIRST_MOMENT = 1_750_000_000.0
_YEAR_S = 365 * 86_400


def make_messages(count: int, *, seed: int = 1) -> list[ChatMessageRecord]:
    """`count` messages in turns, the answers in Markdown of all kinds, some of them with reasoning."""
    draw = random.Random(seed)
    messages = []
    for number in range(count):
        created_at = _FIRST_MOMENT + 60 * number
        if number % 2 == 0:
            question = f"{_sentences(draw, 2)} ({number})"
            messages.append(ChatMessageRecord(0, "user", question, "complete", "", created_at))
            continue
        thinks = number % 10 == 1
        messages.append(
            ChatMessageRecord(
                0,
                "assistant",
                _answer(draw, number),
                "complete",
                "SmolLM2 135M",
                created_at,
                "stop",
                _stats(number),
                _sentences(draw, 6) if thinks else "",
                4.5 if thinks else 0,
            )
        )
    return messages


def store_long_conversation(
    database: Database, count: int, *, title: str = "A long conversation", seed: int = 1
) -> int:
    """Store a conversation of `count` messages in one transaction, and return its id."""
    conversation = Conversation(title=title, system_prompt="You are a helpful assistant.", named=True)
    messages = make_messages(count, seed=seed)
    with database.transaction() as cursor:
        number = insert_conversation(cursor, conversation, _FIRST_MOMENT + 60 * count)
        parent = None
        for message in messages:
            parent = message_rows.insert(cursor, number, parent, message).id
    return number


def store_many_conversations(database: Database, count: int, *, messages: int = 2, seed: int = 1) -> None:
    """Store `count` conversations of a few messages each, over a year."""
    draw = random.Random(seed)
    with database.transaction() as cursor:
        for number in range(count):
            conversation = Conversation(title=f"{_sentences(draw, 1)} {number}")
            moment = _FIRST_MOMENT + _YEAR_S * number / count
            conversation_id = insert_conversation(cursor, conversation, moment)
            parent = None
            for message in make_messages(messages, seed=number):
                parent = message_rows.insert(cursor, conversation_id, parent, message).id


def _sentences(draw: random.Random, count: int) -> str:
    return " ".join(
        " ".join(draw.choices(_WORDS.split(), k=draw.randint(5, 14))).capitalize() + "." for _ in range(count)
    )


def _answer(draw: random.Random, number: int) -> str:
    parts = [_sentences(draw, draw.randint(1, 5))]
    if number % 3 == 0:
        parts.append(f"## Part {number}")
    parts.append(draw.choice((_CODE, _TABLE, _LIST, _QUOTE, _sentences(draw, 4))))
    parts.append(_sentences(draw, draw.randint(1, 3)))
    return "\n\n".join(parts)


def _stats(number: int) -> Stats:
    return Stats(
        prompt_tokens=100 + number,
        reused_tokens=90 + number,
        prompt_tokens_per_second=410.5,
        time_to_first_token_s=0.25,
        generated_tokens=120,
        tokens_per_second=42.25,
        seed=number,
        context_tokens=220 + number,
    )
