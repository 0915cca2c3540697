"""A program that answers a stored conversation, to be killed while it does.

    python -m tests.chat.answer_until_killed DATABASE CONVERSATION QUESTION MODEL LOGS REPORT

The model is a script for `ThinkingEngine`. REPORT gets a line for each piece: the moment at which it came
(seconds, `time.monotonic`), whether it is `text` or `reasoning`, and the piece.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import time
from pathlib import Path

from slmdesk.chat import ChatEvent, ChatService, ConversationStore
from slmdesk.engines import EnginePool, EngineProcess, Reasoning, Text
from slmdesk.storage import Database
from tests.chat.scripted_pool import MODEL
from tests.chat.thinking_engine import thinking_entry


def main() -> None:
    """Answer, and report every piece at once."""
    database_file, number, question, model_file, logs, report_file = sys.argv[1:]
    store = ConversationStore(Database(Path(database_file)))
    conversation = store.load(int(number))
    assert conversation is not None
    pool = EnginePool(Path(logs), start=functools.partial(EngineProcess, entry=thinking_entry))
    with Path(report_file).open("w", encoding="utf-8") as report:

        def write(event: ChatEvent) -> None:
            if isinstance(event, Text | Reasoning):
                kind = "text" if isinstance(event, Text) else "reasoning"
                report.write(f"{time.monotonic()} {kind} {event.text}\n")
                report.flush()

        model = dataclasses.replace(MODEL, path=Path(model_file))
        ChatService(pool, store).answer(conversation, question, model=model, on_event=write)


if __name__ == "__main__":
    main()
