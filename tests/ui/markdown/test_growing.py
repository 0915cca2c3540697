"""A text that grows is read as the whole text is, wherever it is cut."""

from __future__ import annotations

import itertools
import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slmdesk.ui.transcript.markdown import Markdown, plain_text
from slmdesk.ui.transcript.markdown.cuts import is_self_contained
from slmdesk.ui.transcript.markdown.spans import SpanReader, joined
from tests.ui.markdown.growth import at_once, check_changed, check_growth, in_pieces

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.md"))

MARKS = [
    *["", "", "", "- ", "* ", "1. ", "2. ", "10) ", "> ", ">", "  ", "    ", "   ", "\t", "      "],
    *["- - ", "> - ", "1.  ", "+ [ ] ", "- [x] "],
]
CONTENT = [
    *["", "foo", "foo bar", "**bold** x", "# head", "## h *e*", "---", "===", "***", "* * *", "- ", "**"],
    *[
        "```",
        "```py",
        "~~~",
        "| a | b |",
        "|---|---|",
        "| 1 | 2 |",
        "| 1",
        "[a]: http://x/y",
        "[a]",
        "[t][a]",
    ],
    *[
        "[^1]",
        "[^1]: note",
        "[^n]: z",
        "'title'",
        '"open',
        "x \\",
        "end.  ",
        "*open",
        "`code",
        "1) x",
        "[x] y",
    ],
    *["https://a.b/c.", "![i](http://x/i.png)", "[l](javascript:x)", "<b>", "a_b_c", "~~s~~", "One. Two."],
    *["x<br>y", "x <br />", "<br>"],
]
LINES = st.builds(
    lambda marks, content: "".join(marks) + content,
    st.lists(st.sampled_from(MARKS), min_size=1, max_size=3),
    st.sampled_from(CONTENT),
)
TEXTS = st.lists(LINES, min_size=1, max_size=14).map("\n".join)


def corpus_names() -> list[str]:
    return [file.stem for file in CORPUS]


@pytest.mark.parametrize("file", CORPUS, ids=corpus_names())
def test_letter_by_letter(file: Path) -> None:
    # The long one goes on with the same.
    text = file.read_text(encoding="utf-8")[:6_000]
    check_growth(text, text, every=max(1, len(text) // 150))


@pytest.mark.parametrize("file", CORPUS, ids=corpus_names())
@pytest.mark.parametrize("longest", [6, 40, 700])
def test_in_pieces_of_any_length(file: Path, longest: int) -> None:
    text = file.read_text(encoding="utf-8")
    lengths = random.Random(longest)
    pieces = in_pieces(text, (lengths.randint(1, longest) for _ in itertools.count()))
    check_growth(text, pieces, every=max(1, len(text) // longest // 50))


@pytest.mark.parametrize("file", CORPUS, ids=corpus_names())
def test_line_by_line(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    check_growth(text, text.splitlines(keepends=True))


@pytest.mark.parametrize("file", CORPUS, ids=corpus_names())
def test_windows_line_ends_cut_in_two_are_the_same_text(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    markdown = Markdown()
    for piece in re.split("(?<=\r)", text.replace("\n", "\r\n")):
        markdown.feed(piece)
    markdown.finish()
    assert list(markdown.blocks) == Markdown.parse(text)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, st.randoms(use_true_random=False))
def test_any_lines_in_any_pieces(text: str, lengths: random.Random) -> None:
    check_growth(text, in_pieces(text, (lengths.choice((1, 1, 2, 5, 20)) for _ in itertools.count())))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab *_~`[]()!<>\\.\n-#|1:^&;", max_size=60))
def test_any_marks_letter_by_letter(text: str) -> None:
    check_growth(text, text)


MARKED = [
    *[
        "**",
        "*",
        "_",
        "~~",
        "`",
        "``",
        "[",
        "]",
        "](http://x)",
        "![",
        "a",
        "b c",
        " ",
        "\n",
        ".",
        '"',
        "(",
        ")",
    ],
    *["\\", "<http://x>", "<", "<br>", "<br />", "é", "—", "_b", "a_"],
]
AFTER = ["*", "**", "_x_", "`", "](http://y)", "]", "a", " ", "~~", ")", "_"]


@pytest.mark.parametrize("before", ["_b![a_. ", "**b [a**. ", "_b`a_. ", "a] *b] c*. "])
def test_what_is_open_inside_of_bold_words_is_open(before: str) -> None:
    assert not is_self_contained(before)
    assert is_self_contained(before.replace("[", "").replace("]", "").replace("`", ""))


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sampled_from(MARKED), max_size=14).map("".join),
    st.lists(st.sampled_from(AFTER), max_size=6).map("".join),
)
def test_where_a_paragraph_is_cut_nothing_reaches_across(before: str, after: str) -> None:
    before = before.strip() + ". "
    if not is_self_contained(before) or not after.strip(" "):
        return
    reader = SpanReader()
    after = after.lstrip(" ")
    whole = reader.read(before + after, {})
    assert list(whole) == joined([*reader.read(before, {}), *reader.read(after, {})])


def test_marks_that_may_become_something_else_wait() -> None:
    steps = {
        "Text\n-": "Text",
        "Text\n- ": "Text",
        "Text\n1": "Text",
        "Text\n1.": "Text",
        "Text\n#": "Text",
        "Text\n``": "Text",
        "Text\n```pyth": "Text",
        "Text\n\n| a | b |": "Text",
        "Text\n\n| a | b |\n|--": "Text",
        "Text\n\n[^1]:": "Text",
    }
    for text, shown in steps.items():
        assert [block.text() for block in at_once(text)] == [shown], text
        assert at_once(text)[0].kind == "paragraph", text


def test_a_break_is_not_shown_as_letters_while_it_comes() -> None:
    for text in ("One<", "One<b", "One<br", "One<br ", "One<br /", "One<br>", "One <BR/>\n"):
        assert [block.text() for block in at_once(text)] == ["One"], text
    assert [block.text() for block in at_once("One<br>T")] == ["One\nT"]
    assert [block.text() for block in at_once("One<bo")] == ["One<bo"]
    assert at_once("| a |\n|---|\n| One<br")[0].text() == "a\nOne"


def test_what_is_open_is_shown_closed() -> None:
    def shown(text: str) -> list[tuple[str, bool, bool, bool]]:
        return [(span.text, span.bold, span.italic, span.code) for span in at_once(text)[0].spans]

    assert shown("It is **bo") == [("It is ", False, False, False), ("bo", True, False, False)]
    assert shown("It is **bold*") == [("It is ", False, False, False), ("bold", True, False, False)]
    assert shown("It is `co") == [("It is ", False, False, False), ("co", False, False, True)]
    assert shown("*a **b") == [("a ", False, True, False), ("b", True, True, False)]
    assert shown("See [the page](https://exa") == [("See the page", False, False, False)]
    assert shown("2 * 3 * 4 is snake_case_") == [("2 * 3 * 4 is snake_case", False, False, False)]


def test_the_source_of_what_is_open_is_what_was_written() -> None:
    assert at_once("It is **bo")[0].source == "It is **bo"


def test_what_waited_is_shown_at_the_end() -> None:
    markdown = Markdown()
    markdown.feed("Text\n\n| a | b |")
    changed = markdown.finish()
    assert [block.text() for block in markdown.blocks] == ["Text", "| a | b |"]
    assert changed == 1


def test_a_late_definition_is_found_at_the_end_and_changes_only_what_uses_it() -> None:
    markdown = Markdown()
    markdown.feed("First.\n\nSee [the page].\n\nThird.\n\n")
    assert plain_text(markdown.blocks[1].spans) == "See [the page]."
    markdown.feed("[the page]: https://example.com\n")
    before = list(markdown.blocks)
    changed = markdown.finish()
    check_changed(before, markdown.blocks, changed)
    assert changed == 1
    assert [span.href for span in markdown.blocks[1].spans] == ["", "https://example.com", ""]
    assert markdown.blocks[2] is before[2]


@pytest.mark.parametrize(
    ("use", "definition"),
    [
        ("[page]", "[page]: /x"),
        ("[Page][]", "[page]: /x"),
        ("[words *with* marks][the  Page]", "[the page]: /x"),
        ("[two\nlines]", "[two lines]: /x"),
        ("![picture][page]", "[page]: https://example.org/x"),
        (r"[a\]b]", r"[a\]b]: /x"),
        ("[[in] brackets][page]", "[page]: /x"),
        ("a note[^n]", "[^n]: Its text."),
    ],
)
def test_every_way_to_use_a_late_definition_is_found(use: str, definition: str) -> None:
    text = f"Before {use} and after.\n\nMore [of] it.\n\n{definition}\n"
    check_growth(text, in_pieces(text, itertools.repeat(3)))


def test_a_definition_that_nobody_uses_makes_nothing_new() -> None:
    markdown = Markdown()
    markdown.feed("List `a[0]` and [b].\n\n| a | b |\n|---|---|\n| x[1] | y |\n\nEnd.\n\n[page]: /x\n")
    before = list(markdown.blocks)
    assert markdown.finish() == len(before)
    assert all(old is new for old, new in zip(before, markdown.blocks, strict=True))


@pytest.mark.parametrize("text", ["One *two* three.\n\n- a\n- b\n", "```py\na = 1\nb = 2\n```\n\nEnd"])
@pytest.mark.parametrize("skip", ["", "show", "settle"])
def test_in_steps_it_is_read_as_at_once(text: str, skip: str) -> None:
    markdown = Markdown()
    for number, piece in enumerate(in_pieces(text, itertools.repeat(4))):
        markdown.take(piece)
        before = list(markdown.blocks)
        if skip != "show" or number % 2:
            changed = markdown.show()
            check_changed(before, markdown.blocks, changed)
        if skip != "settle" or number % 2:
            markdown.settle()
    markdown.show()
    assert list(markdown.blocks) == at_once(text)
    markdown.take("")
    markdown.finish()
    assert list(markdown.blocks) == Markdown.parse(text)


def test_a_number_is_taken_for_a_note_that_comes_later() -> None:
    markdown = Markdown()
    markdown.feed("Old.[^1] Not [^0-9].\n\nMore.\n\n")
    spans = markdown.blocks[0].spans
    assert [(span.text, span.superscript) for span in spans] == [
        ("Old.", False),
        ("1", True),
        (" Not [^0-9].", False),
    ]
    markdown.finish()
    assert [span.text for span in markdown.blocks[0].spans] == ["Old.[^1] Not [^0-9]."]


def test_a_block_of_code_is_open_until_its_fence_comes_or_the_text_ends() -> None:
    markdown = Markdown()
    markdown.feed("```py\na = 1\n")
    assert (markdown.blocks[0].closed, markdown.blocks[0].code) == (False, "a = 1")
    markdown.feed("b = 2")
    assert (markdown.blocks[0].closed, markdown.blocks[0].code) == (False, "a = 1\nb = 2")
    assert markdown.feed("\n```\n") == 0
    assert (markdown.blocks[0].closed, markdown.blocks[0].code) == (True, "a = 1\nb = 2")
    assert Markdown.parse("```\na")[0].closed


def test_a_list_that_becomes_loose_or_wider_is_changed_from_its_first_item_on() -> None:
    markdown = Markdown()
    markdown.feed("Text.\n\n" + "".join(f"{number}. item\n" for number in range(1, 10)))
    assert markdown.blocks[1].containers[0].marker_width == 2
    assert markdown.feed("10. item\n11. item\n") == 1
    assert {block.containers[0].marker_width for block in markdown.blocks[1:]} == {3}
    assert markdown.feed("\n12. item\n13. item\n") == 1
    assert {block.containers[0].loose for block in markdown.blocks[1:]} == {True}


def test_finished_blocks_stay_the_same_objects() -> None:
    markdown = Markdown()
    markdown.feed("One.\n\nTwo.\n\n```\ncode\n```\n\n- a\n- b\n- c\n")
    before = list(markdown.blocks)[:4]
    markdown.feed("- d\n\nMore text, and more.\n")
    markdown.finish()
    assert all(old is new for old, new in zip(before, markdown.blocks, strict=False))


def test_a_finished_text_does_not_go_on() -> None:
    markdown = Markdown()
    markdown.feed("a")
    markdown.finish()
    assert markdown.finish() == 1
    with pytest.raises(ValueError, match="finished"):
        markdown.feed("b")


def test_of_a_long_text_only_the_end_is_kept_to_be_read_again() -> None:
    sentence = "A sentence with **bold** words and `code` in it, as there are many. "
    kinds = {
        "paragraphs": f"{sentence}{sentence}\n\n" * 100,
        "one paragraph": sentence * 200,
        "lines": f"{sentence}\n" * 200,
        "code": "```py\n" + f"x = '{sentence}'\n" * 200,
        "code in an item": "1. do\n\n    ```py\n" + f"    x = '{sentence}'\n" * 200,
        "list": "".join(f"{number}. {sentence}\n" for number in range(200)),
        "nested list": "- top\n" + f"    - {sentence}\n" * 200,
        "quote": f"> {sentence}\n>\n" * 200,
        "table": "| a | b |\n|---|---|\n" + f"| {sentence} | x |\n" * 200,
        "notes": "".join(f"[^{number}]: {sentence}\n" for number in range(200)),
    }
    for kind, text in kinds.items():
        markdown = Markdown()
        for piece in in_pieces(text, itertools.repeat(50)):
            markdown.feed(piece)
        assert len(markdown._rest) < 5_000, kind
