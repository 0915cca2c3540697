"""A real database of the test's own.

database  the database of the test's home
store     conversations in it, with a clock that is a second later each time it is asked
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from slmdesk.chat import ConversationStore
from slmdesk.storage import Database, Paths


@pytest.fixture
def database(paths: Paths) -> Iterator[Database]:
    database = Database(paths.database_file)
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> ConversationStore:
    clock = iter(range(1_000, 100_000))
    return ConversationStore(database, now=lambda: float(next(clock)))
