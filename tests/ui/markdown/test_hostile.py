"""Texts that are made to break a reader: read whole, nothing lost, no work that grows faster than they do.

No time is measured here; what would take longer than the length allows runs into the limit of every test.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

import slmdesk.ui.transcript.markdown as package
from slmdesk.ui.transcript.markdown import Block, Markdown
from tests.ui.markdown.growth import check_changed

MANY = 20_000

TEXTS = {
    "brackets": "[" * MANY,
    "images": "![" * MANY,
    "open links": "[a](" * MANY,
    "nested links": "[a" * 2_000 + "](http://x)" * 2_000,
    "nested images": "![a" * 2_000 + "](http://x)" * 2_000,
    "stars": "*" * MANY,
    "openers": "*a **b " * MANY,
    "underscores": "_a " * MANY,
    "ticks": "".join("`" * (length % 300 + 1) + "a" for length in range(600)),
    "quotes": ">" * MANY,
    "spaced quotes": "> " * MANY + "x",
    "items": "- " * MANY + "x",
    "stairs": "\n".join("  " * depth + "- a" for depth in range(200)),
    "quotes up and down": "\n".join(">" * (depth % 50) + " a" for depth in range(1_000)),
    "angles": "<" * MANY,
    "half addresses": "<http://a" * MANY,
    "schemes": "http://" * MANY,
    "closing brackets": "http://a" + ")" * MANY,
    "entities": "&#x41;" * MANY,
    "definitions": "".join(f"[a{n}]: http://x/{n}\n" for n in range(2_000)) + "[a1] " * 2_000,
    "open label": "[a\n" * MANY,
    "notes": "".join(f"[^{n}]: x [^{n + 1}]\n" for n in range(1_000)),
    "fences": "```\n" * MANY,
    "columns": "|" + "a|" * 2_000 + "\n|" + "-|" * 2_000 + "\n" + "|a\n" * 200,
    "long row": "|a|\n|-|\n|" + "a" * 500_000,
    "long line": "x" * 1_000_000,
    "long line of words": "word " * 200_000,
    "spaces": " " * 500_000,
    "line ends": "\n" * MANY,
    "tabs": "\t" * MANY + "x",
    "rules": "---\n" * MANY,
    "lazy lines": "> a\n" + "b\n" * MANY,
    "data": f"![x](data:image/png;base64,{'A' * 500_000})",
    "surrogates": "[a](http://x/\ud800) http://\udfff.x \ud800",
    "zeros": "\0" * 1_000,
    "controls": "".join(map(chr, range(32))) * 100,
    "wrong hosts": "http://[::1 http://[x]:99999999/ [a](http://%%%) [b](https://x:y@:z) http://xn--/ http://é"
    + "é" * 500,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_it_is_read_whole_and_in_pieces(text: str) -> None:
    blocks = Markdown.parse(text)
    markdown = Markdown()
    for start in range(0, min(len(text), 20_000), 400):
        before = list(markdown.blocks)
        changed = markdown.feed(text[start : start + 400])
        check_changed(before, markdown.blocks, changed)
    markdown.feed(text[20_000:])
    markdown.finish()
    assert list(markdown.blocks) == blocks


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_what_is_nested_too_deep_is_text(text: str) -> None:
    assert max((len(block.containers) for block in Markdown.parse(text)), default=0) <= 21


def test_no_word_is_lost_in_the_depth() -> None:
    for mark in ("> ", "- ", "1. ", ">", "> - "):
        text = "".join(block.text() for block in Markdown.parse(mark * 60 + "here"))
        assert text.endswith("here"), mark


def test_no_link_leads_elsewhere() -> None:
    for text in TEXTS.values():
        for href in hrefs(Markdown.parse(text[:50_000])):
            assert href.startswith(("http://", "https://", "mailto:", "#fn-", "#fnref-")), href
            assert not any(letter <= " " for letter in href), href


def hrefs(blocks: Iterable[Block]) -> Iterable[str]:
    for block in blocks:
        yield from (span.href for span in block.spans if span.href)
        for row in (block.header, *block.rows):
            yield from (span.href for cell in row for span in cell.spans if span.href)


def test_qt_is_not_imported() -> None:
    for file in Path(package.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith(("PySide6", "qasync", "shiboken6")), f"{file.name} imports {name}"
                inside = name.startswith("slmdesk.ui.transcript.markdown")
                assert inside or not name.startswith("slmdesk"), f"{file.name} imports {name}"


def test_the_parser_is_imported_when_it_is_first_needed() -> None:
    code = (
        "import sys; import slmdesk.ui.transcript.markdown;"
        "print([name for name in ('markdown_it', 'pygments.lexer') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]", result.stderr
