"""Keys and facts become sentences at one door."""

from __future__ import annotations

import string
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from slmdesk.messages import (
    ErrorKind,
    Message,
    UserError,
    choose_language,
    error_sentences,
    format_bytes,
    format_integer,
    format_moment,
    format_number,
    format_seconds,
    one_line,
    say,
)
from slmdesk.messages.sentences import ERRORS, SENTENCES, ErrorText, Plural
from slmdesk.storage import resources_folder

LOCALE = resources_folder() / "locale"


@pytest.fixture(params=["en", "pl"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    choose_language(request.param, LOCALE)
    yield request.param
    choose_language("en", LOCALE)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def forms(text: str | Plural) -> list[str]:
    return [text.one, text.many] if isinstance(text, Plural) else [text]


def facts_for(*texts: str | Plural) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for text in texts:
        for form in forms(text):
            facts.update(dict.fromkeys(fields(form), 7))
        if isinstance(text, Plural):
            facts[text.count] = 7
    return facts


@pytest.mark.parametrize("key", sorted(ERRORS))
def test_every_error_can_be_put_into_words(key: str, language: str) -> None:
    text = ERRORS[key]
    error = UserError(key, ErrorKind.MODEL, **facts_for(text.what, text.why, text.do))
    sentences = error_sentences(error)
    assert sentences.what.endswith(".")
    assert sentences.do, "an error says what to do next"
    assert "{" not in one_line(error)
    assert "\n" not in one_line(error)


@pytest.mark.parametrize("key", sorted(SENTENCES))
def test_every_message_can_be_put_into_words(key: str, language: str) -> None:
    text = SENTENCES[key]
    assert say(Message(key, facts_for(text)))


@pytest.mark.parametrize("key", sorted(ERRORS))
def test_doctor_sends_nobody_to_itself(key: str, language: str) -> None:
    text = ERRORS[key]
    error = UserError(key, ErrorKind.MODEL, **facts_for(text.what, text.why, text.do, text.do_in_doctor))
    do = error_sentences(error, in_doctor=True).do
    assert do
    assert "slmdesk doctor" not in do
    if "slmdesk doctor" not in error_sentences(error).do:
        assert not text.do_in_doctor, "said nowhere"


@pytest.mark.parametrize("key", sorted(ERRORS))
def test_clauses_are_written_as_clauses(key: str) -> None:
    """So that "what: why." reads as one sentence: no full stop, no capital after the colon."""
    text = ERRORS[key]
    for part in (text.what, text.why, text.do, text.do_in_doctor):
        for form in forms(part):
            assert not form.endswith("."), form
    for form in forms(text.why):
        assert not form or not form[0].isupper() or form.split()[0].isupper(), form


def test_an_error_is_one_sentence_in_a_terminal_and_three_in_the_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(
        ERRORS, "sample", ErrorText("“{name}” cannot be loaded", "it is empty", "Choose another")
    )
    error = UserError("sample", ErrorKind.MODEL, name="a.gguf")
    assert one_line(error) == "“a.gguf” cannot be loaded: it is empty."
    sentences = error_sentences(error)
    assert (sentences.what, sentences.why, sentences.do) == (
        "“a.gguf” cannot be loaded.",
        "It is empty.",
        "Choose another.",
    )


def test_a_hostile_name_reaches_neither_the_terminal_nor_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ERRORS, "sample", ErrorText("{name} cannot be loaded", "", "Go"))
    name = "\x1b]0;owned\x07{name.__class__}" + "x" * 5000
    line = one_line(UserError("sample", ErrorKind.MODEL, name=name))
    assert "\x1b" not in line
    assert "\x07" not in line
    assert "{name.__class__}" in line
    assert len(line) < 400


@pytest.mark.parametrize(
    ("count", "english", "polish"),
    [
        (1, "1 byte", "1 bajt"),
        (3, "3 bytes", "3 bajty"),
        (999, "999 bytes", "999 bajtów"),
        (1_785_664, "1.8 MB", "1,8 MB"),
        (98_362_432, "98.4 MB", "98,4 MB"),
        (123_400_000_000, "123 GB", "123 GB"),
        (10**18, "1,000,000 TB", "1 000 000 TB"),
    ],
)
def test_sizes(count: int, english: str, polish: str) -> None:
    choose_language("en", LOCALE)
    assert format_bytes(count).replace("\xa0", " ") == english
    choose_language("pl", LOCALE)
    assert format_bytes(count).replace("\xa0", " ") == polish
    choose_language("en", LOCALE)


def test_memory_is_told_in_powers_of_1024() -> None:
    assert format_bytes(3 * 2**30, binary=True) == "3\xa0GiB"
    assert format_bytes(1536 * 2**10, binary=True) == "1.5\xa0MiB"


def test_numbers_and_durations() -> None:
    assert format_integer(4096) == "4,096"
    assert format_number(23.44) == "23.4"
    assert format_seconds(0.52) == "0.5 s"
    assert format_seconds(125) == "2 min 5 s"


def test_a_moment_has_24_hours_in_every_language(language: str) -> None:
    evening = datetime(2026, 11, 27, 21, 10, 36).timestamp()
    assert format_moment(evening) == {"en": "Nov 27, 2026, 21:10", "pl": "27 lis 2026, 21:10"}[language]


def test_a_file_that_lacks_one_byte_does_not_have_what_it_should() -> None:
    error = UserError("model-cut-off", ErrorKind.MODEL, file="a.gguf", have_bytes=517_119, need_bytes=517_120)
    assert "it has 517,119 bytes and should have at least 517,120 bytes" in one_line(error)
    error = UserError("model-cut-off", ErrorKind.MODEL, file="a.gguf", have_bytes=1, need_bytes=517_120)
    assert "it has 1 byte and should have at least 517 kB" in one_line(error)
