"""Reasoning and answer told apart as they stream, however the marks are cut into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slmdesk.engines.answer_text import AnswerText
from slmdesk.engines.protocol import Reasoning, Text
from slmdesk.engines.reasoning import Begins, Piece, ReasoningForm, ReasoningSplitter, resume

TAGS = ReasoningForm("<think>", "</think>", lead="<think>\n", between="\n</think>\n\n")
HEADERS = ReasoningForm(
    "<|channel|>analysis<|message|>",
    "<|end|>",
    "<|message|>",
    lead="<|channel|>analysis<|message|>",
    between="<|end|><|start|>assistant<|channel|>final<|message|>",
    answer_lead="<|channel|>final<|message|>",
)
CONTROL = ReasoningForm("[THINK]", "[/THINK]")


# A machine under load is slow, and that is not what is tested here.
patient = settings(deadline=None)


def joined(pieces: list[Piece]) -> tuple[str, str]:
    return tuple("".join(text for thinks, text in pieces if thinks is wanted) for wanted in (True, False))  # type: ignore[return-value]


def split(form: ReasoningForm, text: str, begins: Begins = "open", step: int = 1) -> tuple[str, str]:
    splitter = ReasoningSplitter(form, begins)
    pieces: list[Piece] = []
    for at in range(0, len(text), step):
        pieces += splitter.feed(text[at : at + step])
    pieces += splitter.finish()
    assert all(piece for _, piece in pieces)
    return joined(pieces)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("form", "begins", "text", "expected"),
    [
        (TAGS, "open", "<think>\nHm, so.\n</think>\n\nYes.", ("Hm, so.", "Yes.")),
        (TAGS, "open", "\n\n<think>Hm.</think>Yes. ", ("Hm.", "Yes. ")),
        # A person who switched it off, or a model that does not always think.
        (TAGS, "open", "Yes, <think> is a mark.", ("", "Yes, <think> is a mark.")),
        (TAGS, "open", "  Yes.", ("", "  Yes.")),
        (TAGS, "open", "<thing>", ("", "<thing>")),
        # The prompt has opened it; some models repeat the mark.
        (TAGS, "reasoning", "\nHm.\n</think>\n\nYes.", ("Hm.", "Yes.")),
        (TAGS, "reasoning", "<think>\nHm.</think>Yes.", ("Hm.", "Yes.")),
        # Never closed, closed at once, or cut off within a mark.
        (TAGS, "reasoning", "Hm. And </thin then.\n\n", ("Hm. And </thin then.", "")),
        (TAGS, "open", "<think>\n\n</think>\n\nYes.", ("", "Yes.")),
        (TAGS, "open", "<think>Hm</thi", ("Hm", "")),
        (TAGS, "open", "<thi", ("", "<thi")),
        (TAGS, "open", "", ("", "")),
        (TAGS, "more reasoning", " and so on.\n</think>Yes.", (" and so on.", "Yes.")),
        # White space inside stays as it is.
        (TAGS, "open", "<think>a\n\n b</think>\n\n- c\n\n  d\n", ("a\n\n b", "- c\n\n  d\n")),
        # Marks in the answer are what the answer is about.
        (TAGS, "open", "<think>a</think>Write <think>b</think>.", ("a", "Write <think>b</think>.")),
        (TAGS, "answer", " <think>b</think>", ("", " <think>b</think>")),
        (HEADERS, "open", HEADERS.lead + "Hm." + HEADERS.between + "Yes.", ("Hm.", "Yes.")),
        (HEADERS, "open", HEADERS.answer_lead + "Yes.", ("", "Yes.")),
        (HEADERS, "open", "Yes, without a header.", ("", "Yes, without a header.")),
        (HEADERS, "open", HEADERS.answer_lead + "a <|e", ("", "a <|e")),
        (HEADERS, "answer", " and so on.", ("", " and so on.")),
        (
            HEADERS,
            "open",
            f"{HEADERS.lead}a<|end|><|start|>assistant{HEADERS.lead}b<|end|>"
            "<|start|>assistant<|channel|>commentary<|message|>c<|end|><|start|>assistant"
            "<|channel|>final<|message|>d",
            ("a\n\nb", "c\n\nd"),
        ),
        (HEADERS, "open", "<|channel|>" + "x" * 300, ("", "<|channel|>" + "x" * 300)),
    ],
)
def test_what_is_reasoning(
    form: ReasoningForm, begins: Begins, text: str, expected: tuple[str, str], step: int
) -> None:
    assert split(form, text, begins, step) == expected


def test_nothing_waits_longer_than_it_must() -> None:
    splitter = ReasoningSplitter(TAGS, "open")
    assert splitter.feed("<think>So") == [(True, "So")]
    assert splitter.feed(" it <") == [(True, " it")]
    assert splitter.feed("b> is") == [(True, " <b> is")]
    assert splitter.feed("</think>") == []
    assert splitter.feed("\n\nYes") == [(False, "Yes")]
    assert splitter.feed(" <") == [(False, " <")]


def test_control_tokens_in_the_middle_of_an_answer() -> None:
    splitter = ReasoningSplitter(CONTROL, "open")
    pieces = splitter.feed("[THINK]", mark=True) + splitter.feed("a") + splitter.feed("[/THINK]", mark=True)
    pieces += splitter.feed("b [THINK] ") + splitter.feed("[/THINK]", mark=True)
    pieces += splitter.feed("[THINK]", mark=True) + splitter.feed("c") + splitter.feed("[THINK]", mark=True)
    pieces += splitter.feed("[/THINK]", mark=True) + splitter.feed("d") + splitter.finish()
    assert joined(pieces) == ("a\n\nc", "b [THINK] \n\nd")


def test_a_control_token_that_leads_nowhere_is_no_text() -> None:
    form = ReasoningForm("<|channel>thought", "<channel|>")
    splitter = ReasoningSplitter(form, "answer")
    pieces = splitter.feed("a ") + splitter.feed("<|channel>", mark=True) + splitter.feed("other")
    pieces += splitter.feed("<|channel>", mark=True) + splitter.finish()
    assert joined(pieces) == ("", "a other")


def test_a_header_that_was_not_announced() -> None:
    splitter = ReasoningSplitter(HEADERS, "open")
    pieces = splitter.feed(HEADERS.lead + "a") + splitter.feed("<|channel|>", mark=True)
    pieces += splitter.feed("final<|message|>b") + splitter.finish()
    assert joined(pieces) == ("a", "b")


ALPHABET = st.sampled_from(["<think>", "</think>", "<", "th", "/", ">", "\n", " ", "a", "é"])


@patient
@given(
    st.lists(ALPHABET, max_size=12).map("".join), st.integers(1, 5), st.sampled_from(["open", "reasoning"])
)
def test_any_cut_gives_the_same_parts(text: str, step: int, begins: Begins) -> None:
    assert split(TAGS, text, begins, step) == split(TAGS, text, begins, 10_000)


HEADER_ALPHABET = st.sampled_from(
    ["<|channel|>", "analysis", "final", "<|message|>", "<|end|>", "<|start|>", "assistant", "<|", " ", "a"]
)


@patient
@given(st.lists(HEADER_ALPHABET, max_size=15).map("".join), st.integers(1, 9))
def test_any_cut_of_headers_gives_the_same_parts(text: str, step: int) -> None:
    assert split(HEADERS, text, "open", step) == split(HEADERS, text, "open", 10_000)


def test_stop_strings_do_not_count_in_reasoning() -> None:
    answer = AnswerText(("END",), ReasoningSplitter(TAGS, "open"))
    events = [*answer.feed(b"<think>not the EN"), *answer.feed(b"D</think>the EN"), *answer.feed(b"D of it")]
    assert events == [Reasoning("not the EN"), Reasoning("D"), Text("the ")]
    assert answer.stopped
    assert answer.finish() == []


def test_what_was_held_back_comes_at_the_end() -> None:
    answer = AnswerText(("END",), ReasoningSplitter(TAGS, "open"))
    assert [*answer.feed("<think>ż".encode()[:-1]), *answer.feed("ż".encode()[-1:])] == [Reasoning("ż")]
    assert answer.feed(b"</think>x EN") == [Text("x ")]
    assert answer.finish() == [Text("EN")]


@pytest.mark.parametrize(
    ("form", "opened", "reasoning", "answer", "expected", "begins"),
    [
        (None, False, "", "Yes", "Yes", "answer"),
        (None, False, "", "", "", "answer"),
        (TAGS, False, "", "", "", "open"),
        (TAGS, True, "", "", "", "reasoning"),
        (TAGS, False, "Hm", "", "<think>\nHm", "more reasoning"),
        (TAGS, True, "Hm", "", "Hm", "more reasoning"),
        (TAGS, False, "Hm", "Yes", "<think>\nHm\n</think>\n\nYes", "answer"),
        (TAGS, True, "Hm", "Yes", "Hm\n</think>\n\nYes", "answer"),
        (TAGS, True, "", "Yes", "\n</think>\n\nYes", "answer"),
        (TAGS, False, "", "Yes", "Yes", "answer"),
        (HEADERS, False, "", "Yes", "<|channel|>final<|message|>Yes", "answer"),
    ],
)
def test_an_answer_that_was_cut_off_goes_on(
    form: ReasoningForm | None, opened: bool, reasoning: str, answer: str, expected: str, begins: Begins
) -> None:
    pieces, found = resume(form, opened=opened, reasoning=reasoning, answer=answer)
    assert ("".join(text for _, text in pieces), found) == (expected, begins)
    assert "".join(text for is_words, text in pieces if is_words) == (
        answer if form is None else reasoning + answer
    )


def written(form: ReasoningForm, text: str) -> str:
    splitter = ReasoningSplitter(form, "open")
    splitter.feed(text)
    splitter.finish()
    return splitter.written("(before)")


@pytest.mark.parametrize(
    ("form", "text", "kept"),
    [
        (TAGS, "<think>\n\n Hm", "<think>\n\n Hm"),
        (TAGS, "<think>Hm \n", "<think>Hm"),
        (TAGS, "<think>Hm </thi", "<think>Hm"),
        (TAGS, "<think>Hm </think>\n", "<think>Hm"),
        (TAGS, "<think>Hm </think>\n\n\nYes \n", "<think>Hm </think>\n\n\nYes \n"),
        (TAGS, " Yes </thi", " Yes </thi"),
        (HEADERS, f"{HEADERS.lead}a{HEADERS.between}b <|e", f"{HEADERS.lead}a{HEADERS.between}b <|e"),
        (HEADERS, f"{HEADERS.lead}a<|end|><|start|>assi", f"{HEADERS.lead}a"),
        (
            HEADERS,
            f"{HEADERS.lead}a{HEADERS.between}b<|end|><|start|>a",
            f"{HEADERS.lead}a{HEADERS.between}b",
        ),
    ],
)
def test_what_can_be_gone_on_from(form: ReasoningForm, text: str, kept: str) -> None:
    assert written(form, text) == "(before)" + kept


@pytest.mark.parametrize(
    ("begins", "before"), [("answer", "<think>Hm</think>Yes "), ("more reasoning", "<think>Hm")]
)
def test_a_continued_answer_that_was_stopped_at_once_keeps_its_beginning(begins: Begins, before: str) -> None:
    splitter = ReasoningSplitter(TAGS, begins)
    assert splitter.finish() == []
    assert splitter.written(before) == before
