"""Model cards as text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slmdesk.catalogue.card import plain_card


def test_front_matter_is_cut_off() -> None:
    card = "---\nlicense: mit\ntags:\n- a\n---\n# Title\n\n---\n\nText\n"
    assert plain_card(card) == "# Title\n\n---\n\nText\n"


def test_front_matter_without_end_is_text() -> None:
    assert plain_card("---\nlicense: mit\n") == "---\nlicense: mit\n"


def test_comments_go() -> None:
    assert plain_card("a <!-- hidden\n```\nlines --> b") == "a  b\n"


def test_a_comment_without_end_hides_nothing() -> None:
    assert "still here" in plain_card("a <!-- b\n\nstill here")


def test_scripts_go_with_their_content() -> None:
    assert plain_card("a<script src='x'>alert(1)</SCRIPT >b<style>c { }</style>d") == "abd\n"


def test_elements_go_and_their_text_stays() -> None:
    card = '<div align="center">\n    <img src="x.png">\n    <h2>\n      Hi\n    </h2>\n</div>\n\nText'
    assert plain_card(card) == "## Hi\n\nText\n"


def test_what_html_indents_does_not_become_code() -> None:
    assert plain_card("<p>\n        <b>bold</b> text</p>") == "bold text\n"


def test_line_breaks_stay() -> None:
    assert plain_card("a<br/>b") == "a<br>b\n"


def test_a_row_of_a_table_stays_one_line() -> None:
    assert plain_card("| a | b |\n|---|---|\n| <p>x</p> | <ul><li>y</li></ul> |\n").count("\n") == 3


def test_code_stays_as_it_is() -> None:
    code = "```html\n<b>kept</b> <!-- kept -->\n\n\n<script>x</script>\n```\n\nand `<b>` too\n"
    assert plain_card(code) == code


def test_a_fence_ends_with_a_mark_as_long() -> None:
    assert plain_card("````\n```\n<b>x</b>\n````\n<b>y</b>") == "````\n```\n<b>x</b>\n````\ny\n"


def test_unknown_elements_are_text() -> None:
    assert plain_card("It thinks in <think> ... </think>.") == "It thinks in \\<think> ... \\</think>.\n"


def test_removing_makes_no_new_element() -> None:
    assert plain_card("<<b>script>alert(1)<</b>/script>") == "\\<script>alert(1)\\</script>\n"


def test_addresses_stay() -> None:
    assert plain_card("see <https://a.example/b?c=1>") == "see <https://a.example/b?c=1>\n"


def test_what_is_not_seen_goes() -> None:
    assert plain_card("a\u202eb\x1b[31mc\u200bd\r\ne") == "ab[31mcd\ne\n"


def test_a_long_card_is_cut_at_a_line() -> None:
    shown = plain_card("a line of text\n" * 100_000)
    assert 100_000 < len(shown) < 200_000
    assert shown.endswith("a line of text\n")


def test_nothing_stays_nothing() -> None:
    assert plain_card("---\na: b\n---\n<!-- x -->\n") == ""


@pytest.mark.parametrize(
    "piece",
    ["<", "<!--", "`", "<script>", "<div>", " <b>", "```\n", "> ", "\\", "<a ", "`` ` ", "   <b>\n", "<h1>`"],
)
def test_hostile_cards_cost_time_in_proportion(piece: str) -> None:
    """Ten times the text takes about ten times as long, where a squared cost would take a hundred times."""

    def cost(length: int) -> float:
        text = (piece * length)[:length]
        times = []
        for _ in range(2):
            begin = time.thread_time()
            plain_card(text)
            times.append(time.thread_time() - begin)
        return min(times)

    assert cost(20_000) < 40 * max(cost(2_000), 0.0005)


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="<>/!-`~\\ \n|#abpscript=\"'&;:[]()\u202e", max_size=200))
def test_any_text_becomes_one_without_known_elements_outside_code(text: str) -> None:
    shown = plain_card(text)
    if "`" not in text and "~" not in text:
        for element in ("<b>", "<p>", "<a>", "<script>", "<!--"):
            for place in range(len(shown)):
                if shown.startswith(element, place):
                    # Only with a backslash before it, which is not itself behind one.
                    before = len(shown[:place]) - len(shown[:place].rstrip("\\"))
                    assert before % 2 == 1, (text, shown)
