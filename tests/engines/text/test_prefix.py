"""Which tokens of a prompt are kept, with a tokenizer small enough to see through."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slmdesk.engines.prefix import PrefixRecord


def tokenize(text: bytes) -> list[int]:
    """Pairs of letters where possible, then single ones: a model may well write "a", "b" for "ab"."""
    tokens, at = [], 0
    while at < len(text):
        size = 2 if text[at : at + 2].isalpha() and len(text) - at > 1 else 1
        tokens.append(int.from_bytes(text[at : at + size], "big"))
        at += size
    return tokens


def written(token: int) -> bytes:
    return token.to_bytes(max(1, -(-token.bit_length() // 8)), "big")


def answered(record: PrefixRecord, prompt: bytes, answer: bytes, *, single: bool = False) -> None:
    """The prompt was processed and answered; `single`: with a token a letter, as nobody would tokenize."""
    plan = record.plan(prompt, tokenize(prompt), tokenize)
    record.cut(plan.reused)
    record.extend(plan.tokens[plan.reused :])
    record.end_prompt(prompt)
    for piece in (
        [bytes([b]) for b in answer] if single else [answer[i : i + 2] for i in range(0, len(answer), 2)]
    ):
        record.extend_answer(int.from_bytes(piece, "big"), piece)


def planned(record: PrefixRecord, prompt: bytes) -> tuple[int, int]:
    plan = record.plan(prompt, tokenize(prompt), tokenize)
    return plan.reused, len(plan.tokens)


def test_nothing_is_there_at_first() -> None:
    assert planned(PrefixRecord(), b"U: hi\nA: ") == (0, 8)


def test_the_next_turn_reuses_prompt_and_answer() -> None:
    record = PrefixRecord()
    answered(record, b"U: hi\nA: ", b"hello")
    assert planned(record, b"U: hi\nA: hello\nU: you\nA: ") == (len(record), len(record) + 10)


def test_an_answer_in_other_tokens_is_reused_all_the_same() -> None:
    record = PrefixRecord()
    answered(record, b"U: hi\nA: ", b"hello", single=True)
    assert len(record) == 8 + 5
    reused, total = planned(record, b"U: hi\nA: hello\nU: you\nA: ")
    assert (reused, total - reused) == (13, 10)


def test_without_joining_only_equal_tokens_are_reused() -> None:
    record = PrefixRecord()
    answered(record, b"U: hi\nA: ", b"hello", single=True)
    prompt = b"U: hi\nA: hello\n"
    plan = record.plan(prompt, tokenize(prompt), None)
    assert plan.reused == 8
    assert plan.tokens == tokenize(prompt)


def test_regenerating_evaluates_one_token() -> None:
    record = PrefixRecord()
    answered(record, b"U: hi\nA: ", b"hello")
    reused, total = planned(record, b"U: hi\nA: ")
    assert total - reused == 1


def test_an_edited_message_keeps_what_is_before_it() -> None:
    record = PrefixRecord()
    answered(record, b"S: x\nU: hi\nA: ", b"hello")
    answered(record, b"S: x\nU: hi\nA: hello\nU: you\nA: ", b"me")
    reused, _ = planned(record, b"S: x\nU: ho\nA: ")
    assert reused == len(tokenize(b"S: x\nU: "))
    reused, _ = planned(record, b"S: x\nU: hi\nA: hello\nU: him\nA: ")
    assert reused == len(tokenize(b"S: x\nU: hi\nA: hello\nU: "))


def test_an_answer_cut_short_by_trimming_is_reused_up_to_there() -> None:
    record = PrefixRecord()
    answered(record, b"A: ", b"ab  ", single=True)
    # The template strips the blanks that the model wrote.
    reused, total = planned(record, b"A: ab\nU: ")
    assert (reused, total - reused) == (len(tokenize(b"A: ")) + 2, 4)


def test_after_a_control_token_the_text_proves_nothing() -> None:
    record = PrefixRecord()
    answered(record, b"A: ", b"ab", single=True)
    record.extend_answer(999, None)
    record.extend_answer(ord("c"), b"c")
    reused, _ = planned(record, b"A: abc\n")
    assert reused == len(tokenize(b"A: ")) + 2


def test_a_token_that_writes_with_the_next_one_is_no_place_to_join_but_ends_nothing() -> None:
    """As engines have it whose tokens are given as text: the first half of a character writes nothing yet."""
    record = PrefixRecord()
    answered(record, b"A: ", b"")
    before = len(tokenize(b"A: "))
    record.extend_answer(1, b"")
    assert planned(record, "A: 😀\n".encode())[0] == before
    record.extend_answer(2, "😀".encode())
    record.extend_answer(3, b"a")
    assert planned(record, "A: 😀a\n".encode())[0] == before + 3
    # Cut between the two halves, the text behind is gone as well.
    record.cut(before + 1)
    assert planned(record, "A: 😀a\n".encode())[0] == before


def test_a_token_that_ends_inside_a_character_is_no_place_to_join() -> None:
    record = PrefixRecord()
    emoji = "😀".encode()
    answered(record, b"A: ", b"")
    record.extend_answer(1, emoji[:2])
    assert planned(record, b"A: " + emoji + b"\n")[0] == len(tokenize(b"A: "))
    record.extend_answer(2, emoji[2:])
    assert planned(record, b"A: " + emoji + b"\n")[0] == len(tokenize(b"A: ")) + 2


def test_a_cancelled_prompt_leaves_what_was_finished() -> None:
    record = PrefixRecord()
    prompt = b"U: abcdefgh\nA: "
    tokens = tokenize(prompt)
    record.extend(tokens[:5])
    assert planned(record, prompt) == (5, len(tokens))
    answered(record, prompt, b"hi")
    assert planned(record, prompt + b"hi\n")[0] == len(tokens) + 1


def test_cutting_forgets_the_text_behind() -> None:
    record = PrefixRecord()
    answered(record, b"A: ", b"abcd", single=True)
    record.cut(len(tokenize(b"A: ")) + 2)
    assert planned(record, b"A: abcd\n")[0] == len(tokenize(b"A: ")) + 2
    record.clear()
    assert planned(record, b"A: abcd\n")[0] == 0
    assert len(record) == 0


def test_twenty_turns_evaluate_only_what_is_new() -> None:
    record = PrefixRecord()
    prompt = b""
    for turn in range(20):
        prompt += b"U: question\nA: "
        plan = record.plan(prompt, tokenize(prompt), tokenize)
        if turn:
            new = len(tokenize(b"\nU: question\nA: "))
            assert len(plan.tokens) - plan.reused == new
        answered(record, prompt, b"an answer", single=True)
        prompt += b"an answer\n"


letters = st.text(alphabet="ab é", max_size=8).map(str.encode)


@given(st.lists(st.tuples(letters, letters, st.booleans(), st.integers(0, 40)), max_size=6), letters)
def test_whatever_happened_before_the_tokens_say_what_the_prompt_says(
    turns: list[tuple[bytes, bytes, bool, int]], last: bytes
) -> None:
    record = PrefixRecord()
    prompt = b""
    for question, answer, single, kept in turns:
        prompt += b"U" + question + b"A"
        answered(record, prompt, answer, single=single)
        prompt = prompt[:kept] + answer
    prompt += b"U" + last
    plan = record.plan(prompt, tokenize(prompt), tokenize)
    assert 0 <= plan.reused < len(plan.tokens)
    assert plan.tokens[: plan.reused] == list(record.tokens[: plan.reused])
    assert b"".join(written(token) for token in plan.tokens) == prompt
