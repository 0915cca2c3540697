"""Drafts on their way to the disk: in which order whatever fails, nothing is lost and nothing comes twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from slmdesk.chat import ConversationStore
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Database, Paths
from slmdesk.ui.chat.draft_shelf import DraftShelf
from tests.ui.scripted import keep, make_conversation


@pytest.fixture
def database(paths: Paths) -> Iterator[Database]:
    database = Database(paths.database_file)
    for title in ("One", "Two"):
        keep(database, make_conversation(title))
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> ConversationStore:
    return ConversationStore(database)


def store_on_a_full_disk(shelf: DraftShelf, store: ConversationStore, database: Database) -> None:
    database.read("PRAGMA query_only = 1")
    with pytest.raises(UserError):
        shelf.store(store)
    database.read("PRAGMA query_only = 0")


def test_what_is_put_is_stored_once(store: ConversationStore) -> None:
    shelf = DraftShelf()
    shelf.put(1, "first", whole=True)
    shelf.put(1, "second", whole=True)
    shelf.put(2, "another", whole=False)
    assert (shelf.draft(store, 1), store.draft(1)) == ("second", "")
    shelf.store(store)
    shelf.store(store)
    assert not shelf
    assert (store.draft(1), store.draft(2)) == ("second", "another")


def test_what_comes_behind_a_draft_comes_behind_it_once(store: ConversationStore, database: Database) -> None:
    shelf = DraftShelf()
    store.save_draft(1, "stored")
    shelf.put(1, "added", whole=False)
    store_on_a_full_disk(shelf, store, database)
    assert shelf.draft(store, 1) == "stored\n\nadded"
    shelf.put(1, "and more", whole=False)
    store_on_a_full_disk(shelf, store, database)
    shelf.store(store)
    assert store.draft(1) == shelf.draft(store, 1) == "stored\n\nadded\n\nand more"


def test_what_was_written_since_takes_the_place_of_what_failed(
    store: ConversationStore, database: Database
) -> None:
    shelf = DraftShelf()
    shelf.put(1, "a draft", whole=True)
    shelf.put(2, "another", whole=True)
    store_on_a_full_disk(shelf, store, database)
    shelf.put(1, "", whole=True)
    assert (shelf.draft(store, 1), shelf.draft(store, 2)) == ("", "another")
    shelf.store(store)
    assert (store.draft(1), store.draft(2)) == ("", "another")


def test_what_is_put_while_another_is_stored_is_not_lost_where_that_fails(
    store: ConversationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = DraftShelf()
    really_save = store.save_draft

    def fail(number: int, text: str) -> None:
        shelf.put(number, "written meanwhile", whole=False)
        raise UserError("database-cannot-be-written", ErrorKind.STORAGE)

    shelf.put(1, "a draft", whole=True)
    monkeypatch.setattr(store, "save_draft", fail)
    with pytest.raises(UserError):
        shelf.store(store)
    monkeypatch.setattr(store, "save_draft", really_save)
    shelf.store(store)
    assert store.draft(1) == "a draft\n\nwritten meanwhile"
