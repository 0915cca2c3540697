"""What a text is read as."""

from __future__ import annotations

import pytest

from slmdesk.ui.transcript.markdown import Block, Markdown, Span, find_anchor, plain_text


def one(text: str) -> Block:
    (block,) = Markdown.parse(text)
    return block


def spans(text: str) -> list[Span]:
    return list(one(text).spans)


def kinds(text: str) -> list[str]:
    return [block.kind for block in Markdown.parse(text)]


def test_headings_have_their_level() -> None:
    blocks = Markdown.parse("# One\n\n### Three\n\nTwo\n---\n")
    assert [(block.kind, block.level, block.text()) for block in blocks] == [
        ("heading", 1, "One"),
        ("heading", 3, "Three"),
        ("heading", 2, "Two"),
    ]
    assert blocks[1].source == "### Three"


def test_styles_nest() -> None:
    assert spans("a **b *c*** `d` ~~e~~") == [
        Span("a "),
        Span("b ", bold=True),
        Span("c", bold=True, italic=True),
        Span(" "),
        Span("d", code=True),
        Span(" "),
        Span("e", strike=True),
    ]


def test_lines_of_a_paragraph_stay_lines() -> None:
    assert spans("one\ntwo  \nthree\\\nfour") == [Span("one\ntwo\nthree\nfour")]


@pytest.mark.parametrize("mark", ["<br>", "<br/>", "<br />", "<BR>", " <br> ", "<br>\n", "  <br />  \n "])
def test_a_break_that_is_written_as_html_is_one(mark: str) -> None:
    assert spans(f"one{mark}two") == [Span("one\ntwo")]
    assert spans(f"**one{mark}two**") == [Span("one\ntwo", bold=True)]


def test_breaks_at_the_end_make_no_empty_lines_and_two_in_a_row_make_one() -> None:
    assert one("one<br>").text() == one("one<br><br />").text() == "one"
    assert one("one<br><br>two").text() == "one\n\ntwo"
    assert one("# one<br>two").text() == "one\ntwo"


@pytest.mark.parametrize("text", ["<b>", "<hr>", "< br>", "<br", "<brx>", "</br>", '<br class="a">'])
def test_other_html_is_text_as_it_was_written(text: str) -> None:
    assert one(f"one {text} two").text() == f"one {text} two"


def test_a_break_in_code_or_behind_a_backslash_is_text() -> None:
    assert one("`a<br>b` and \\<br>").text() == "a<br>b and <br>"
    assert one("    a<br>b").code == "a<br>b"


def test_a_cell_may_have_more_than_one_line_and_is_copied_as_one() -> None:
    block = one("| a<br>b | c |\n|---|---|\n| d <br /> e<br> | f |\n")
    assert [plain_text(cell.spans) for cell in (*block.header, *block.rows[0])] == ["a\nb", "c", "d\ne", "f"]
    assert block.text() == "a b\tc\nd e\tf"


def test_entities_and_escapes_are_what_they_mean() -> None:
    assert one("&amp; &copy; &nosuch; \\*not\\*").text() == "& © &nosuch; *not*"


def test_a_list_in_a_list_carries_both_containers() -> None:
    blocks = Markdown.parse("9. nine\n10. ten\n    - sub\n\n      more\n")
    assert [plain_text(block.spans) for block in blocks] == ["nine", "ten", "sub", "more"]
    outer, inner = blocks[2].containers
    assert (blocks[0].containers[0].marker, blocks[1].containers[0].marker) == ("9.", "10.")
    assert (outer.marker, outer.opens, outer.marker_width) == ("", False, 3)
    assert (inner.marker, inner.opens, inner.loose) == ("•", True, True)
    assert (blocks[3].containers[1].marker, blocks[3].containers[1].opens) == ("", False)


def test_numbers_go_on_from_the_first_whatever_is_written() -> None:
    blocks = Markdown.parse("3) a\n1) b\n1) c\n")
    assert [block.containers[0].marker for block in blocks] == ["3)", "4)", "5)"]


def test_an_empty_item_is_there() -> None:
    blocks = Markdown.parse("- a\n-\n- c\n")
    assert [(block.text(), block.containers[0].marker) for block in blocks] == [
        ("a", "•"),
        ("", "•"),
        ("c", "•"),
    ]


def test_tasks_lose_their_box_and_keep_their_state() -> None:
    blocks = Markdown.parse("- [ ] open\n- [x] done\n\n  more\n- [y] none\n- [ ]\n")
    states = [(block.text(), block.containers[0].checked) for block in blocks]
    assert states == [("open", False), ("done", True), ("more", None), ("[y] none", None), ("[ ]", None)]


def test_one_quote_is_told_from_two() -> None:
    blocks = Markdown.parse("> a\n>\n> b\n\n> c\n")
    assert [block.containers[0].opens for block in blocks] == [True, False, True]


def test_code_has_its_language_and_none_of_its_indentation() -> None:
    block = one(
        "1. run\n\n   ```Bash title=x\n   ls\n\n     -la\n   ```\n".removeprefix("1. run\n\n").replace(
            "   ", ""
        )
    )
    assert (block.language, block.code, block.closed) == ("bash", "ls\n\n-la".replace("-la", "  -la"), True)


def test_code_in_an_item_stands_in_it() -> None:
    _, block = Markdown.parse("1. run\n\n    ```bash\n    ls\n\n      -la\n    ```\n")
    assert (block.code, block.containers[0].marker) == ("ls\n\n  -la", "")
    assert block.source == "```bash\nls\n\n  -la\n```"


def test_indented_code_has_no_language() -> None:
    block = one("    a\n      b\n")
    assert (block.kind, block.language, block.code) == ("code", "", "a\n  b")


def test_a_table_has_as_many_cells_in_each_row() -> None:
    block = one("| a | b |\n|:-:|--:|\n| 1 \\| 2 | **x** | too much |\n| 3 |\n")
    assert block.aligns == ("center", "right")
    assert block.text() == "a\tb\n1 | 2\tx\n3\t"
    assert block.source == "| a | b |\n| :-: | --: |\n| 1 \\| 2 | **x** |\n| 3 |  |"


def test_html_is_text() -> None:
    text = '<div onclick="no()">\n<b>x</b> <img src="http://x/y.png"> <!-- z -->\n</div>'
    assert one(text).text() == text
    assert [span.href for span in spans('<img src="http://x/y.png">')] == ["", "http://x/y.png", ""]


def test_an_image_is_a_link_to_its_address() -> None:
    assert spans("![A boat](http://x.y/boat.png)") == [Span("A boat", href="http://x.y/boat.png")]
    assert spans("![](http://x.y/boat.png)") == [Span("http://x.y/boat.png", href="http://x.y/boat.png")]
    assert spans("[![A boat](http://x.y/boat.png)](http://x.y/)") == [Span("A boat", href="http://x.y/")]


def test_bare_addresses_are_links_without_what_follows_them() -> None:
    found = [
        span.href
        for span in spans("(See https://x.y/a_(b)), **http://z.w/c_d_e**. Not www.x.y.")
        if span.href
    ]
    assert found == ["https://x.y/a_(b)", "http://z.w/c_d_e"]


@pytest.mark.parametrize(
    "link",
    [
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "[a](&#106;avascript:alert(1))",
        "[a]( javascript:alert(1))",
        "[a](<java\tscript:alert(1)>)",
        "[a](data:text/html,x)",
        "![a](data:image/png;base64,AAAA)",
        "[a](file:///etc/passwd)",
        "[a](//example.com/x)",
        "[a](vbscript:x)",
        "[a](relative.md)",
        "[a](#fn-1)",
        "[a](http:x)",
        "[a](https:///x)",
        "[a](mailto:)",
        "[a][ref]\n\n[ref]: javascript:alert(1)",
    ],
)
def test_other_links_are_their_text(link: str) -> None:
    assert all(not span.href for block in Markdown.parse(link) for span in block.spans)
    assert Markdown.parse(link)[0].text() == "a"


def test_what_only_looks_like_a_link_keeps_its_brackets() -> None:
    assert (
        one("a std::vector<std::string> and <javascript:x>").text()
        == "a std::vector<std::string> and <javascript:x>"
    )


def test_a_host_is_shown_in_ascii() -> None:
    # The first letter is Cyrillic.
    assert spans("[bank](https://\u0430pple.com/\u00e9)")[0].href == "https://xn--pple-43d.com/%C3%A9"


def test_a_link_without_text_shows_its_address() -> None:
    assert spans("[](http://x.y/z)") == [Span("http://x.y/z", href="http://x.y/z")]


def test_footnotes_stand_at_the_end_in_the_order_of_their_use() -> None:
    blocks = Markdown.parse(
        "[^b]: Second.\n\nOne[^a] two[^b] again[^a].\n\n[^a]: First.\n\n    More.\n\n[^c]: Never used.\n"
    )
    assert [block.kind for block in blocks] == ["paragraph", "rule", *["paragraph"] * 4]
    body, _, first, more, second, unused = blocks
    assert [span.text for span in body.spans if span.superscript] == ["1", "2", "1"]
    assert [span.href for span in body.spans if span.superscript] == ["#fn-a", "#fn-b", "#fn-a"]
    assert [block.containers[0].marker for block in (first, more, second, unused)] == ["1.", "", "2.", "3."]
    assert (first.anchor, more.anchor, second.anchor) == ("fn-a", "", "fn-b")
    assert more.spans[-1].href == "#fnref-a"
    assert not any(span.href for span in unused.spans)


def test_footnotes_lead_there_and_back() -> None:
    blocks = Markdown.parse(
        "One[^a] two[^b].\n\n| x |\n|---|\n| y[^c] |\n\n[^a]: A.\n[^b]: B, see[^d].\n[^c]: C.\n[^d]: D.\n"
    )
    for name, place, use in [("a", 3, 0), ("b", 4, 0), ("c", 5, 1), ("d", 6, 4)]:
        assert find_anchor(blocks, f"#fn-{name}") == place
        assert find_anchor(blocks, f"#fnref-{name}") == use
    assert find_anchor(blocks, "#fn-nosuch") is None
    assert find_anchor(blocks, "#fnref-nosuch") is None


def test_a_number_without_a_note_is_text() -> None:
    assert one("The pattern [^0-9] and [^1].").text() == "The pattern [^0-9] and [^1]."


def test_a_long_paragraph_is_given_in_parts_that_belong_together() -> None:
    text = " ".join(f"Sentence number {number} is here." for number in range(200))
    blocks = Markdown.parse(text)
    assert len(blocks) == 3
    assert [block.follows for block in blocks] == ["apart", "text", "text"]
    assert "".join(block.text() for block in blocks) == text
    lines = "\n".join(f"Line number {number} is here" for number in range(200))
    blocks = Markdown.parse(f"- {lines}")
    assert {block.follows for block in blocks[1:]} == {"line"}
    assert [block.containers[0].opens for block in blocks] == [True, *[False] * (len(blocks) - 1)]
    assert "\n".join(block.text() for block in blocks) == lines


def test_nothing_is_read_as_nothing() -> None:
    assert Markdown.parse("") == Markdown.parse(" \n\n\t\n") == []


def test_kinds() -> None:
    assert kinds("a\n\n***\n\n```\n```\n\n|a|\n|-|\n") == ["paragraph", "rule", "code", "table"]
