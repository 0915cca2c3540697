"""Bytes of tokens into text: characters that span tokens, and stop strings that do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slmdesk.engines.answer_text import AnswerText


def run(pieces: list[bytes], stop: tuple[str, ...] = ()) -> tuple[list[str], str, bool]:
    answer = AnswerText(stop)
    texts = []
    for piece in pieces:
        texts += [event.text for event in answer.feed(piece)]
        if answer.stopped:
            break
    return texts, "".join(event.text for event in answer.finish()), answer.stopped


@pytest.mark.parametrize("text", ["zażółć", "😀👨‍👩‍👧", "שלום", "مرحبا", "日本"])
def test_characters_come_whole_however_the_bytes_are_cut(text: str) -> None:
    texts, rest, _ = run([bytes([byte]) for byte in text.encode()])
    assert "".join(texts) == text
    assert rest == ""
    assert all("�" not in piece for piece in texts)


def test_bytes_that_are_no_text_become_a_replacement_and_half_a_character_is_left_out() -> None:
    assert run([b"a\xff", b"b"])[0] == ["a�", "b"]
    assert run([b"a\xf0\x9f"]) == (["a"], "", False)


def test_a_stop_string_across_tokens() -> None:
    texts, rest, stopped = run([b"one <", b"|en", b"d|> two"], ("<|end|>",))
    assert ("".join(texts), rest, stopped) == ("one ", "", True)


def test_what_only_looked_like_a_stop_string_is_given_back() -> None:
    texts, rest, stopped = run([b"a <", b"|e", b"x <|en"], ("<|end|>",))
    assert ("".join(texts), rest, stopped) == ("a <|ex ", "<|en", False)


def test_the_first_of_several_stop_strings_counts() -> None:
    texts, _, stopped = run([b"abcdef"], ("ef", "cd"))
    assert ("".join(texts), stopped) == ("ab", True)


def test_overlapping_beginnings() -> None:
    texts, _, stopped = run([b"aa", b"ab"], ("aab",))
    assert ("".join(texts), stopped) == ("a", True)


def test_a_stop_string_of_half_characters_apart() -> None:
    emoji = "😀".encode()
    texts, _, stopped = run([b"x" + emoji[:2], emoji[2:], b"y"], ("😀y",))
    assert ("".join(texts), stopped) == ("x", True)


@given(
    st.text(alphabet="ab<|é😀", max_size=30),
    st.lists(st.integers(1, 4), min_size=1),
    st.text("ab<|é", max_size=4),
)
def test_any_cut_gives_the_same_text(text: str, cuts: list[int], stop: str) -> None:
    data = text.encode()
    pieces, at, index = [], 0, 0
    while at < len(data):
        step = cuts[index % len(cuts)]
        pieces.append(data[at : at + step])
        at, index = at + step, index + 1
    stops = (stop,) if stop else ()
    texts, rest, stopped = run(pieces, stops)
    found = text.find(stop) if stop else -1
    assert stopped == (found >= 0)
    assert "".join(texts) + rest == (text[:found] if found >= 0 else text)
