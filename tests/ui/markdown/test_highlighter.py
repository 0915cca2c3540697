"""Colours of code that grows."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest
from pygments.lexer import RegexLexer
from pygments.lexers import get_lexer_by_name

from slmdesk.ui.transcript.markdown import Highlighter, Run
from slmdesk.ui.transcript.markdown.highlighter import LONGEST_LINE, _Token, _tokens
from slmdesk.ui.transcript.markdown.lexers import lexer_when_ready, load_lexer

WaitUntil = Callable[[Callable[[], object], str], None]

CODE = {
    "python": (
        'from x import y\n\n\ndef f(a: int) -> str:\n    """Two\n    lines."""\n'
        '    return f"{a}.jpg"  # done\n'
    ),
    "javascript": (
        "/* two\n lines */\nconst a = `t ${b + 1} u`; // c\n"
        "function f(x) {\n  return /re/.test(x) ? 'y' : 1e3\n}\n"
    ),
    "json": '{\n  "a": [1, 2.5, true, null],\n  "b": "x\\"y"\n}\n',
    "yaml": "a:\n  - b: |\n      text\n      more\n  - c: 'x'  # y\nd: 12\n",
    "cpp": "#include <x>\n/* two\n lines */\nint main() { return std::max(1, 2u); }\n",
    "html": '<a href="x">t</a>\n<!-- c -->\n<p class=b>x</p>\n',
    "bash": 'for i in $(ls); do\n  echo "$i" # c\ndone\ncat <<E\nx\nE\n',
    "sql": "SELECT a, count(*)\nFROM t\nWHERE b = 'c' -- x\n;\n",
    "ruby": 'def f(x)\n  puts "#{x}" # c\nend\n',
    "css": "a:hover { color: #fff; }\n",
    "rust": 'fn main() {\n    let x = 5u32; // c\n    println!("{}", x);\n}\n',
    "diff": "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n",
}


def whole(language: str, code: str) -> list[Run]:
    return [run for part in Highlighter(language).slices(code) for run in part]


def caught_up(highlighter: Highlighter, code: str) -> list[Run]:
    return caught_up_from(highlighter, code)[0]


def caught_up_from(highlighter: Highlighter, code: str) -> tuple[list[Run], int]:
    """The runs, and from where on they are others than before: it may take several calls to find them."""
    runs, changed_at = highlighter.runs(code), highlighter.changed_at
    while highlighter.is_behind:
        runs = highlighter.runs(code)
        changed_at = min(changed_at, highlighter.changed_at)
    return list(runs), changed_at


def colours(runs: list[Run]) -> dict[int, str]:
    return {place: role for start, end, role in runs for place in range(start, end)}


@pytest.mark.parametrize("language", CODE)
def test_code_that_grew_is_coloured_like_the_whole(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it keeps up: on a busy machine calls are cut short, and some lexers forget a little then."""
    monkeypatch.setattr(f"{Highlighter.__module__}.BUDGET", 60)
    load_lexer(language)
    code = CODE[language] * 15
    lengths = random.Random(3)
    highlighter = Highlighter(language)
    position = 0
    before: list[Run] = []
    while position < len(code):
        position += lengths.randint(1, 9)
        after, at = caught_up_from(highlighter, code[:position])
        assert [run for run in before if run[1] <= at] == [run for run in after if run[1] <= at]
        before = after
    assert colours(before) == colours(whole(language, code))


@pytest.mark.parametrize("language", CODE)
def test_runs_are_in_order_and_within_the_code(language: str) -> None:
    load_lexer(language)
    code = CODE[language]
    end = 0
    for start, run_end, _ in whole(language, code):
        assert end <= start < run_end <= len(code)
        end = run_end
    assert end


@pytest.mark.parametrize(
    "language", ["python", "javascript", "rust", "bash", "css", "sql", "html", "kotlin", "go"]
)
def test_tokens_are_those_of_the_lexer(language: str) -> None:
    lexer = get_lexer_by_name(language)
    assert isinstance(lexer, RegexLexer)
    code = (CODE.get(language) or CODE["cpp"]) + "\n\u00e9 \x07 ?? unclosed ' \"\n"
    expected = [(start, kind) for start, kind, value in lexer.get_tokens_unprocessed(code) if value]
    found = [
        (token.start, token.kind) for token in _tokens(lexer, code, 0, ("root",)) if isinstance(token, _Token)
    ]
    assert [token for token in found if token in expected] == expected


def test_roles() -> None:
    load_lexer("python")
    code = CODE["python"]
    words = {code[start:end]: role for start, end, role in whole("python", code)}
    assert words["from"] == words["def"] == words["return"] == "keyword"
    assert words["f"] == "function"
    assert words['"""Two\n    lines."""'] == "string"
    assert words["# done"] == "comment"
    call = "print(sorted(x), 12)\n"
    assert [(call[start:end], role) for start, end, role in whole("python", call)] == [
        ("print", "function"),
        ("sorted", "function"),
        ("12", "number"),
    ]


def test_an_unknown_language_has_no_colours() -> None:
    for language in ("", "nosuch", "text", "../x", "a" * 10_000):
        assert load_lexer(language) is None or language == "text"
        highlighter = Highlighter(language)
        assert highlighter.runs("def f(): pass") == []
        assert not highlighter.is_behind
        assert whole(language, "def f(): pass") == []


def test_a_language_is_known_by_any_of_its_names() -> None:
    for name in ("python", "Python", "py", "{.python}", "py3", "c++", "js", "c#", "sh", "yml", "dockerfile"):
        assert load_lexer(name) is not None, name


def test_the_lexer_is_made_beside_and_colours_come_when_it_is_ready(wait_until: WaitUntil) -> None:
    language = "scala"
    highlighter = Highlighter(language)
    if highlighter.runs("val x = 1") == []:
        assert highlighter.is_behind
    wait_until(lambda: lexer_when_ready(language)[0], "the lexer is ready")
    assert highlighter.runs("val x = 1") == [(0, 3, "keyword"), (8, 9, "number")]
    wait_until(
        lambda: not [t for t in threading.enumerate() if t.name.startswith("lexer")], "the thread has ended"
    )


def test_other_code_begins_anew() -> None:
    load_lexer("python")
    highlighter = Highlighter("python")
    caught_up(highlighter, "x = 'a'\n" * 10)
    assert caught_up(highlighter, "import y\n") == [(0, 6, "keyword")]
    assert highlighter.changed_at == 0


def test_a_line_too_long_has_no_colours_and_what_stands_before_has() -> None:
    load_lexer("python")
    code = "import x\n" + "import y; " * LONGEST_LINE
    assert caught_up(Highlighter("python"), code) == [(0, 6, "keyword")]
    assert whole("python", code) == [(0, 6, "keyword")]


@pytest.mark.parametrize(
    "language", ["yaml", "json", "python", "html", "markdown", "perl", "ruby", "console", "make"]
)
def test_hostile_code_comes_to_an_end(language: str) -> None:
    load_lexer(language)
    for code in (
        "{[(" * 3_000,
        "- " * 5_000,
        '"' * 9_999,
        "/*" * 5_000,
        "a:\n" * 3_000,
        "<<E\n" * 2_000,
        "`${" * 3_000,
    ):
        text = "\n".join(code[start : start + 900] for start in range(0, len(code), 900))
        highlighter = Highlighter(language)
        calls = 0
        while not calls or (highlighter.is_behind and calls < 3_000):
            highlighter.runs(text)
            calls += 1
        assert calls < 3_000
        for _ in Highlighter(language).slices(text):
            pass
