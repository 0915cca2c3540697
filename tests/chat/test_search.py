"""Finding conversations by what was said in them."""

from __future__ import annotations

import pytest

from slmdesk.chat import ChatMessageRecord, Conversation, ConversationStore, search
from slmdesk.storage import Database
from tests.long_conversations import store_many_conversations


def said(store: ConversationStore, text: str, *, title: str = "") -> int:
    conversation = Conversation(title=title, named=bool(title))
    store.add_message(conversation, ChatMessageRecord(0, "user", text, "complete", "", 5.0))
    return conversation.id


@pytest.mark.parametrize(
    ("text", "looked_for"),
    [
        ("Rivers flow", "river"),
        ("rivers FLOW", "S flow"),
        ("Zażółć gęślą JAŹŃ", "zażółć GĘŚLĄ jaźń"),
        ("zażółć", "ZAŻÓŁĆ"),
        ("Οδυσσεύς", "ΟΔΥΣΣΕΎΣ"),
        ("ПРИВЕТ, мир", "привет, Мир"),
        ("straße", "STRAßE"),
        ("你好,世界", "世界"),
        ("a smile 😀 here", "😀"),
        ("what? [really] a*b", "? [REALLY] A*"),
        ("100% of it_all", "% of it_"),
        ("a ] b ^ c - d", "] b ^ c -"),
        ("blanks around", "  around "),
        ("first line\nsecond line", "line\nsecond"),
    ],
)
def test_text_is_found_in_any_case(store: ConversationStore, text: str, looked_for: str) -> None:
    number = said(store, text, title="-")
    said(store, "something else", title="-")
    assert store.search(looked_for) == [number]


def test_nothing_means_anything_but_itself(store: ConversationStore) -> None:
    said(store, "plain")
    for text in ("p*n", "pl?in", "[p]lain", "p%n", "pl_in", "plai[a-z]"):
        assert store.search(text) == []


@pytest.mark.parametrize("text", ["", "  \n", "\0"])
def test_without_a_text_nothing_is_found(store: ConversationStore, text: str) -> None:
    said(store, "plain")
    assert store.search(text) == []


def test_titles_count_and_the_newest_comes_first(store: ConversationStore) -> None:
    old = said(store, "something", title="About rivers")
    new = said(store, "A river")
    assert store.search("river") == [new, old]


def test_other_versions_of_a_message_are_found_too(store: ConversationStore) -> None:
    conversation = Conversation()
    for text in ("Rivers", "Stones"):
        message = ChatMessageRecord(0, "user", text, "complete", "", 5.0)
        store.add_message(conversation, message, at=0)
        conversation.messages[:] = [message]
    assert store.search("rivers") == [conversation.id]


def test_a_pasted_page_is_found_by_its_beginning(store: ConversationStore) -> None:
    page = "żółw and more. " * 5_000
    number = said(store, page)
    assert store.search(page) == [number]


def test_a_search_ends_when_it_is_not_wanted_any_more(
    database: Database, store: ConversationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_MESSAGES_AT_A_TIME", 30)
    store_many_conversations(database, 100)
    answers = iter([True, True, False])
    assert store.search("e", still_wanted=lambda: next(answers)) == []
    assert len(store.search("e")) == 100
